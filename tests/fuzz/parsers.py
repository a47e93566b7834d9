"""The parsers of data files: sheets, rules, claims, workloads, evidence, records, tables, units."""

import json
import re
from collections.abc import Iterator
from inspect import unwrap
from pathlib import Path

from bench import paths
from bench.chips import load as chips
from bench.chips.faults import chip_faults, family_faults, member_faults, set_faults
from bench.chips.model import Chip
from bench.chips.vendors import vendors
from bench.claims import load as claims
from bench.errors import Fault
from bench.evidence import load as evidence
from bench.files import yamlfile
from bench.files.datafile import as_mapping, validated
from bench.predict.learning import tables
from bench.report.chips.dossier import dossier
from bench.report.registry import render_report
from bench.rules import load as rules
from bench.rules.judge import status
from bench.rules.places import Question
from bench.rules.predicate import predicate
from bench.rules.subject import subject
from bench.theory.crosscheck import crosscheck_faults
from bench.theory.filters import condition
from bench.units import parse, show
from bench.workloads import load as workloads
from bench.workloads.configured import configured
from bench.workloads.counts import parameters
from tests.fuzz.contract import Target
from tests.fuzz.places import DATA, folder, put

SPECS, RESULTS = paths.data_dir("specs"), paths.data_dir("results")
DAY = re.compile(rb"effective\"?: *\"?([0-9]{4}-[0-9]{2}-[0-9]{2})")
CHINA = Question("2026-01-20", "CN", "CN")
SHEETS = (
    "nvidia-h20-sxm-96gb", "nvidia-hgx-h20-8", "huawei-ascend-910b2", "amd-epyc-9655", "sunrise-s2",
)  # fmt: skip


def files(kind: str, *names: str) -> list[bytes]:
    """Returns shipped data files."""
    return [(SPECS / kind / f"{name}.yaml").read_bytes() for name in names]


def documents(path: Path, count: int) -> list[bytes]:
    """Returns a mapping's first entries, each as a document of its own and all as one."""
    data = yamlfile.read(path)
    assert isinstance(data, dict)
    first = dict(list(data.items())[:count])
    return [json.dumps(first, ensure_ascii=False).encode()]


def _yaml(data: bytes) -> None:
    yamlfile.read(put(folder("yaml") / "any.yaml", data))


# sheets


def _sheet_seeds() -> list[bytes]:
    return [_as_nvidia(one) for one in files("chips", *SHEETS)]


def _as_nvidia(sheet: bytes) -> bytes:
    """Returns a sheet of the vendor that the file is named after."""
    lines = sheet.split(b"\n")
    return b"\n".join(b"vendor: nvidia" if one.startswith(b"vendor:") else one for one in lines)


def _sheet(data: bytes) -> list[Fault]:
    name, known = "specs/chips/nvidia-any.yaml", chips.catalogue()
    path = put(folder("specs") / "chips" / "nvidia-any.yaml", data)
    read, faults = as_mapping(lambda: yamlfile.read(path), name)
    one = None
    if not faults:
        told = {**read, "id": path.stem, "sheet_sha256": "0" * 64}
        one, faults = validated(Chip, told, name)
    if one is None:
        return faults
    every = {**known.chips, one.id: one}
    faults = [
        *chip_faults(one, known.sources, name),
        *family_faults(one, known.architectures),
        *set_faults([one]),
        *member_faults(every),
    ]
    if not faults:
        found = chips.Catalogue(every, known.sources, known.architectures)
        crosscheck_faults(found)
        render_report("github", dossier(one, found, rules.rulebook(), ()))
    return faults


def _sources(data: bytes) -> list[Fault]:
    put(folder("sources") / "sources.yaml", data)
    return chips.examine(folder("sources"), fresh=True)[1]


def _designs(data: bytes) -> list[Fault]:
    home = folder("designs")
    put(home / "architectures.yaml", data)
    if not (home / "sources.yaml").exists():
        put(home / "sources.yaml", _cited(_design_seeds()[0]))
    return chips.examine(home, fresh=True)[1]


def _design_seeds() -> list[bytes]:
    return documents(SPECS / "architectures.yaml", 3)


def _cited(data: bytes) -> bytes:
    """Returns the sources that an input names, and no more, as they are read each time."""
    sources = yamlfile.read(SPECS / "sources.yaml")
    assert isinstance(sources, dict)
    named = {key: one for key, one in sources.items() if key.encode() in data}
    return json.dumps(named, ensure_ascii=False).encode()


def _vendors(data: bytes) -> None:
    put(folder("vendors") / "vendors.yaml", data)
    unwrap(vendors)(folder("vendors"))


# rules, claims, workloads


def _rule_seeds() -> list[bytes]:
    """Returns rules of one day each, the first under another name than the one it may modify."""
    read = files("rules", *RULES)
    return [read[0].replace(b"id: US-2023-3A090", b"id: US-ANY"), *read[1:]]


def _rules(data: bytes) -> Iterator[Fault]:
    home = folder("rules")
    if not home.joinpath("rules").exists():
        put(home / "destinations.yaml", (SPECS / "destinations.yaml").read_bytes())
        put(home / "rules" / f"{RULES[0]}.yaml", files("rules", RULES[0])[0])
    day = DAY.search(data)
    path = put(home / "rules" / f"{day[1].decode() if day else '2026-01-01'}-any.yaml", data)
    try:
        book, faults = rules.examine(home, chips.catalogue().sources)
    finally:
        path.unlink()
    yield from faults
    if not faults:
        sheets = chips.catalogue()
        for name in ("h20", "910b2"):
            status(subject(sheets.find(name), sheets), CHINA, book)


def _places(data: bytes) -> list[Fault]:
    put(folder("places") / "destinations.yaml", data)
    return rules.examine(folder("places"))[1]


def _claims(data: bytes) -> list[Fault]:
    put(folder("claims") / "claims" / "any.yaml", data)
    known = chips.catalogue()
    return claims.examine(folder("claims"), known.chips, known.sources, fresh=True)[1]


def _workloads(data: bytes) -> list[Fault]:
    put(folder("workloads") / "workloads" / "any.yaml", data)
    found, faults = workloads.examine(folder("workloads"), chips.catalogue().sources)
    for one in found.values():
        parameters(one)
    return faults


def _configuration(data: bytes) -> None:
    found = configured(put(folder("configuration") / "mine" / "config.json", data))
    assert parameters(found).total


def _configuration_seeds() -> list[bytes]:
    published = json.loads((DATA / "configurations.json").read_bytes())
    return [json.dumps(published[name]).encode() for name in CONFIGURED]


# results


def _reported(data: bytes) -> list[Fault]:
    put(folder("results") / "reported" / "any.yaml", data)
    return evidence.examine(folder("results"), chips.catalogue().chips, fresh=True)[1]


def _table(data: bytes) -> list[Fault]:
    home = folder("tables")
    put(home / "tables" / "any.yaml", (RESULTS / "tables" / "gemm-infersim.yaml").read_bytes())
    put(home / "tables" / "any.csv", data)
    return tables.examine(home, chips.catalogue().chips, ())[1]


def _table_seeds() -> list[bytes]:
    lines = (RESULTS / "tables" / "gemm-infersim.csv").read_bytes().split(b"\n")
    return [b"\n".join(lines[:12])]


# pieces of text


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").split("\n")


def _units(data: bytes) -> None:
    for line in _lines(data):
        found = parse.__wrapped__(line)
        assert show(found.si, found.dimension)


def _conditions(data: bytes) -> None:
    sheets = chips.catalogue()
    for line in _lines(data)[:20]:
        asked = condition(line)
        for name in SHEETS:
            asked.holds(sheets.chips[name], sheets)


def _predicate(data: bytes) -> None:
    predicate(yamlfile.parse(data.decode("utf-8", "replace")))


RULES = (
    "2023-11-17-us-3a090", "2026-01-15-us-case-by-case", "2025-04-09-us-letter-bandwidth",
    "2026-01-13-cn-h200-customs",
)  # fmt: skip
CLAIMS = (
    "2025-07-moolenaar-h20-outperforms-huawei", "2025-07-15-lutnick-h20-fourth-best",
    "2023-12-06-amd-mi300x-paper",
)  # fmt: skip
WORKLOADS = ("deepseek-v3", "gpt-oss-120b", "llama-3.1-8b", "qwen3-235b-a22b")
CONFIGURED = ("deepseek-v4-flash", "glm-5.2", "gpt-oss-20b", "mpt-7b", "qwen3-30b-a3b")
REPORTED = ("aws-neuron-trn2-inference", "cuda-samples-issue-392", "deepgemm-issue-107")
PARSERS = (
    Target("yaml", "tree", lambda: files("rules", *RULES), _yaml, (yamlfile.YamlError,)),
    Target("sheet", "tree", _sheet_seeds, _sheet),
    Target("sources", "tree", lambda: documents(SPECS / "sources.yaml", 6), _sources),
    Target("designs", "tree", _design_seeds, _designs),
    Target("vendors", "tree", lambda: documents(SPECS / "vendors.yaml", 4), _vendors),
    Target("rules", "tree", _rule_seeds, _rules),
    Target("places", "tree", lambda: [(SPECS / "destinations.yaml").read_bytes()], _places),
    Target("claims", "tree", lambda: files("claims", *CLAIMS), _claims),
    Target("workloads", "tree", lambda: files("workloads", *WORKLOADS), _workloads),
    Target("configuration", "tree", _configuration_seeds, _configuration),
    Target("reported", "tree", lambda: [
        (RESULTS / "reported" / f"{name}.yaml").read_bytes() for name in REPORTED], _reported),
    Target("table", "lines", _table_seeds, _table),
    Target("units", "lines", lambda: [
        b"148 TFLOP/s", b"96 GB", b"60 MiB", b"78", b"1.5e3 GB/s", b"12 USD", b"0.5 %"],
        _units, (ValueError,)),
    Target("conditions", "lines", lambda: [
        b"memory_bandwidth>=4TB/s", b"tpp<2400", b"memory_type=HBM3*", b"launch!=2023*"],
        _conditions),
    Target("predicate", "tree", lambda: [
        b'{all: [{tpp: ">= 4800"}, {any: [{datacenter: "yes"}, {chip: [nvidia-a100-*]}]}]}',
        b'{not: {memory_bandwidth + interconnect: ">= 1700 GB/s"}}', b"{eccn: [3A090.a]}"],
        _predicate, (ValueError,)),
)  # fmt: skip
