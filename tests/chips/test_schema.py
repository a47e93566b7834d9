"""Editors check the YAML by the schemas; the generated pages are those committed."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from jsonschema import Draft7Validator

from bench import paths
from bench.chips.conflicts import conflicts
from bench.chips.figures import FACTS, FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import (
    Architecture,
    Basis,
    Chip,
    CpuId,
    Fact,
    Figure,
    Gap,
    Identity,
    Member,
    Published,
    Source,
)
from bench.chips.vendors import Vendor
from bench.files.strict import Strict
from bench.reference.documents import MODELS, documents, write_docs
from bench.reference.meanings import MEANINGS
from bench.reference.schema import FILE_PATTERNS, schemas
from bench.reference.words import WORDS
from bench.rules.model import (
    Confidence,
    Destination,
    Kind,
    Outcome,
    Policy,
    PolicyRow,
    Rule,
    Suspension,
)
from bench.rules.places import Country, Group, Places

ROOT = paths.data_dir("specs").parent
SHIPPED = [
    (name, path) for name, where in FILE_PATTERNS.items() for path in sorted(ROOT.glob(where))
]
CHECKED = {name: Draft7Validator(schema) for name, schema in schemas().items()}
H20 = ROOT / "specs" / "chips" / "nvidia-h20-sxm-96gb.yaml"


def as_text(path: Path) -> Any:
    """A file as the program reads it: every scalar is text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 -- makes text alone


def faults(name: str, data: object) -> list[str]:
    """Where a schema finds fault, each place once."""
    found = (".".join(map(str, one.absolute_path)) for one in CHECKED[name].iter_errors(data))
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("name", FILE_PATTERNS)
def test_every_schema_is_one_and_has_files(name: str) -> None:
    Draft7Validator.check_schema(schemas()[name])
    assert name in {of for of, _ in SHIPPED}


@pytest.mark.parametrize("name", FILE_PATTERNS)
def test_every_shipped_file_is_as_its_schema_says(name: str) -> None:
    found = {str(path): faults(name, as_text(path)) for of, path in SHIPPED if of == name}
    assert {path: places for path, places in found.items() if places} == {}


@pytest.mark.parametrize(
    ("field", "value", "places"),
    [
        ("name", None, [""]),
        ("colour", "green", [""]),
        ("kind", "toaster", ["kind"]),
        ("tier", "eu", ["tier"]),
        ("figures", {"matrix_bf17": {"value": "1 TFLOP/s", "source": "a"}}, ["figures"]),
        ("figures", {"tdp": {"value": "400 watts", "source": "a"}}, ["figures.tdp.value"]),
        ("figures", {"tdp": {"value": "400 GB", "source": "a"}}, ["figures.tdp.value"]),
        ("figures", {"tdp": {"value": "400 W"}}, ["figures.tdp"]),
        (
            "figures",
            {"tdp": {"value": "4 W", "source": "a", "basis": "sure"}},
            ["figures.tdp.basis"],
        ),
        (
            "figures",
            {"tdp": {"value": "4 W", "source": "a", "rivals": [{"value": "5 W", "source": "b"}]}},
            ["figures.tdp"],
        ),
        (
            "figures",
            {
                "tdp": {
                    "value": "4 W",
                    "source": "a",
                    "why": "b",
                    "rivals": [{"value": "5 B", "source": "b"}],
                }
            },
            ["figures.tdp.rivals.0.value"],
        ),
        ("facts", {"datacenter": {"value": "maybe", "source": "a"}}, ["facts.datacenter.value"]),
        ("facts", {"colour": {"value": "green", "source": "a"}}, ["facts"]),
        ("identity", {"pci": ["10DE:2329"]}, ["identity.pci.0"]),
        ("members", [{"chip": "nvidia-h20", "count": "two"}], ["members.0.count"]),
        ("explained", {"matrix_bf17": "x"}, ["explained"]),
    ],
)
def test_a_broken_sheet_is_marked_where_it_is_broken(
    field: str, value: object, places: list[str]
) -> None:
    data = {**as_text(H20), field: value}
    if value is None:
        del data[field]
    assert faults("chip", data) == places


@pytest.mark.parametrize(
    "value",
    ["unknown", "unsupported", "78", 78, "1.5e3 GFLOP/s", "148TFLOP/s", "148 TFLOP/s"],
    ids=repr,
)
def test_a_quantity_may_be_written_as_the_program_reads_it(value: object) -> None:
    whole = {"matrix_bf16": {"value": value, "source": "a", "basis": "dense"}}
    counted = {"units": {"value": value, "source": "a"}}
    figures = counted if str(value) == "78" else whole
    assert faults("chip", {**as_text(H20), "figures": figures}) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"tpp": "4800"},
        {"tpp": ">= 4800 GB/s"},
        {"speed": ">= 4800"},
        {"datacenter": "perhaps"},
        {"tpp": ">= 4800", "pd": ">= 1"},
        {"all": [{"tpp": "4800"}]},
        {"any": []},
        {"chip": "nvidia-h20"},
    ],
    ids=str,
)
def test_a_broken_condition_is_marked(condition: object) -> None:
    path = next(path for name, path in SHIPPED if name == "rule")
    data = {**as_text(path), "outcomes": [{"id": "a", "when": condition}]}
    assert faults("rule", data)[0].startswith("outcomes.0.when")


@pytest.mark.parametrize(
    "condition",
    [
        {"tpp": ">= 4800"},
        {"memory_bandwidth + interconnect": ">= 1700 GB/s"},
        {"memory_bandwidth": "> unknown"},
        {"not": {"datacenter": "yes"}},
        {"any": [{"chip": ["nvidia-a100-*"]}, {"all": [{"eccn": ["3A090.a"]}]}]},
    ],
    ids=str,
)
def test_a_condition_may_be_a_tree(condition: object) -> None:
    path = next(path for name, path in SHIPPED if name == "rule")
    data = {**as_text(path), "outcomes": [{"id": "a", "when": condition}]}
    assert faults("rule", data) == []


@pytest.mark.parametrize(
    ("name", "data", "places"),
    [
        (
            "sources",
            {"a": {"url": "https://a.test", "kind": "blog", "accessed": "2026-01-02"}},
            ["a.kind"],
        ),
        (
            "sources",
            {"a": {"url": "https://a.test", "kind": "press", "accessed": "soon"}},
            ["a.accessed"],
        ),
        (
            "architectures",
            {
                "a": {
                    "name": "A",
                    "unit": "SM",
                    "cycle": {"matrix_bf16": {"value": "2 OP/cycle", "source": "b"}},
                }
            },
            ["a.cycle.matrix_bf16.value"],
        ),
        ("destinations", {"groups": {}, "countries": {"US": {}}}, ["countries.US"]),
        ("vendors", {"a": {"name": "A", "source": "b"}}, ["a"]),
    ],
)
def test_another_broken_file_is_marked(name: str, data: object, places: list[str]) -> None:
    assert faults(name, data) == places


@pytest.mark.parametrize(
    ("field", "value", "places"),
    [
        ("layers", "0", ["layers"]),
        ("tied_embeddings", "perhaps", ["tied_embeddings"]),
        ("tied_embeddings", False, []),
        ("activation", "gelu", []),
        ("activation", "tanh", ["activation"]),
        ("published", "int4", ["published"]),
        ("experts", {"routed": "8"}, ["experts"]),
        ("width", "8", [""]),
    ],
)
def test_a_broken_workload_is_marked(field: str, value: object, places: list[str]) -> None:
    data = as_text(next(path for name, path in SHIPPED if name == "workload"))
    assert faults("workload", {**data, field: value}) == places


def test_an_editor_completes_every_key_with_its_title() -> None:
    fields = schemas()["chip"]["properties"]
    assert list(fields["figures"]["properties"]) == list(FIGURES)
    assert list(fields["facts"]["properties"]) == list(FACTS)
    assert fields["figures"]["properties"]["tdp"]["description"] == "board power (W)"
    assert fields["facts"]["properties"]["datacenter"]["description"] == FACTS["datacenter"].title
    assert {"id", "sheet_sha256"}.isdisjoint(fields)


@pytest.mark.parametrize(
    "model",
    [
        Chip, Published, Figure, Fact, Identity, CpuId, Member, Architecture, Source, Rule,
        Destination, Outcome, PolicyRow, Suspension, Places, Group, Country, Vendor,
    ],
    ids=lambda model: model.__name__,
)  # fmt: skip
def test_every_field_has_a_meaning(model: type[Strict]) -> None:
    fields = {one.alias or name for name, one in model.model_fields.items()}
    assert set(MEANINGS[model.__name__]) == fields
    assert model.__name__ in {name for names in MODELS.values() for name in names}


def choice(model: type[Strict], field: str) -> tuple[str, ...]:
    """The words that a field may be."""
    kind = model.model_fields[field].annotation
    words = [word for one in (kind, *get_args(kind)) for word in get_args(one) or (one,)]
    return tuple(word for word in words if isinstance(word, str))


def members(words: type[StrEnum]) -> tuple[str, ...]:
    """The words of an enumeration."""
    return tuple(str(one) for one in words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("value", members(Gap)),
        ("basis", members(Basis)),
        ("counts", choice(Published, "counts")),
        ("origin", choice(Published, "origin")),
        ("kind", choice(Chip, "kind")),
        ("status", choice(Chip, "status")),
        ("tier", choice(Chip, "tier")),
        ("reports", choice(Identity, "reports")),
        ("source kind", choice(Source, "kind")),
        ("rule kind", get_args(Kind)),
        ("policy", members(Policy)),
        ("confidence", get_args(Confidence)),
        ("afterwards", choice(Suspension, "afterwards")),
    ],
)
def test_every_word_of_a_choice_is_explained(name: str, words: tuple[str, ...]) -> None:
    assert tuple(WORDS[name]) == tuple(dict.fromkeys(words))


def test_every_choice_that_is_explained_is_tested() -> None:
    mark = test_every_word_of_a_choice_is_explained.pytestmark[0]  # type: ignore[attr-defined] # set by pytest
    assert set(WORDS) == {name for name, _ in mark.args[1]}


def test_the_editor_is_told_which_schema_is_of_which_files() -> None:
    settings = json.loads((ROOT / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    assert settings["yaml.schemas"] == {
        f"./specs/schema/{name}.json": where for name, where in FILE_PATTERNS.items()
    }


def test_the_generated_pages_are_those_committed(sheets: Catalogue) -> None:
    """Otherwise: make docs."""
    made = documents(sheets)
    stale = [
        name
        for name, text in made.items()
        if not (ROOT / "specs" / name).is_file()
        or (ROOT / "specs" / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run 'make docs' and commit what it writes"
    kept = {
        path.relative_to(ROOT / "specs").as_posix() for path in (ROOT / "specs/schema").iterdir()
    }
    assert kept == {name for name in made if name.startswith("schema/")}


def test_the_pages_are_written_below_a_folder(tmp_path: Path, sheets: Catalogue) -> None:
    written = write_docs(tmp_path, sheets)
    assert written == [tmp_path / name for name in documents(sheets)]
    assert all(path.is_file() for path in written)


def test_the_list_of_conflicts_has_every_one_of_them(sheets: Catalogue) -> None:
    found = conflicts(sheets.chips.values())
    page = documents(sheets)["CONFLICTS.md"]
    assert page.startswith(
        "# Open conflicts\n\nGenerated by `make docs`; edits are lost.\n\n"
        f"For {len(found)} figures of {len({one.chip for one in found})} chips, sources that count"
    )
    tables = page.split("\n## ")[1:]
    assert sum(table.count("\n| ") - 2 for table in tables) == len(found)
