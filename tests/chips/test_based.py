"""A hypothetical chip: an own sheet that is based on another, as specs/README.md shows it."""

import re
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from bench import paths
from bench.__main__ import main
from bench.chips.based import changed
from bench.chips.load import Catalogue, examine
from bench.commands import check
from bench.files import yamlfile
from bench.reference.schema import schemas
from tests.commands.cases import Cli

SPECS = paths.data_dir("specs")
TEXT = (SPECS / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```yaml\n# my-specs/(\S+)\n(.*?)```", TEXT, re.DOTALL))
BASE, ID = "nvidia-h20-sxm-96gb", "nvidia-h20-half"
FILE = f"chips/{ID}.yaml"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The example's blocks in a folder of one's own."""
    for name, text in BLOCKS.items():
        path = tmp_path / "my-specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "my-specs"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def loaded(own: Path) -> Catalogue:
    with paths.using_own_specs(own):
        found, faults = examine(SPECS)
    assert faults == []
    return found


def faults_of(own: Path, text: str) -> list[str]:
    (own / FILE).write_text(text, encoding="utf-8")
    with paths.using_own_specs(own):
        return [f"{one.field}: {one.problem}; {one.fix}" for one in examine(SPECS)[1]]


def test_all_that_it_does_not_change_is_the_base_s_except_its_names(own: Path) -> None:
    chips = loaded(own).chips
    mine, base = chips[ID], chips[BASE]
    assert (mine.number("memory_bandwidth"), base.number("memory_bandwidth")) == (2e12, 4e12)
    assert mine.figures["memory_bandwidth"].rivals == ()
    assert {**mine.figures, "memory_bandwidth": None} == {**base.figures, "memory_bandwidth": None}
    assert (mine.facts, mine.notes, mine.tier, mine.family) == (
        base.facts, base.notes, base.tier, base.family,
    )  # fmt: skip
    assert (mine.name, mine.aliases, mine.local_name, mine.identity.names) == (ID, (), None, ())
    assert (mine.status, base.status) == ("hypothetical", "sold")
    assert mine.explained["memory_bandwidth"] == "assumed; NVIDIA H20 SXM 96GB has 4000 GB/s"
    assert mine.explained["matrix_bf16"] == base.explained["matrix_bf16"]
    assert changed(mine, base) == ["memory bandwidth"]


def test_the_schema_lets_it_leave_out_what_other_sheets_need() -> None:
    schema = Draft7Validator(schemas()["chip"])
    node = yamlfile.parse(BLOCKS[FILE])
    assert isinstance(node, dict)
    assert schema.is_valid(node)
    assert not schema.is_valid({"figures": node["figures"]})


def test_its_hash_follows_its_base(own: Path) -> None:
    before = loaded(own).chips[ID].sheet_sha256
    text = (SPECS / "chips" / f"{BASE}.yaml").read_text(encoding="utf-8")
    (own / "chips" / f"{BASE}.yaml").write_text(f"{text}\n# changed\n", encoding="utf-8")
    assert loaded(own).chips[ID].sheet_sha256 != before


def test_facts_names_and_a_rate_may_be_changed_too(own: Path) -> None:
    more = (
        "  matrix_bf16: {value: 74 TFLOP/s, source: own-assumption, basis: dense}\n"
        "name: Half an H20\naliases: [mine]\n"
        "facts: {memory_type: {value: GDDR7, source: own-assumption}}\n"
        "explained: {matrix_bf16: half of it}\n"
    )
    (own / FILE).write_text(BLOCKS[FILE] + more, encoding="utf-8")
    catalogue = loaded(own)
    mine = catalogue.find("mine")
    assert (mine.name, mine.explained["matrix_bf16"]) == ("Half an H20", "half of it")
    differs = changed(mine, catalogue.chips[BASE])
    assert differs == ["bf16 matrix", "memory bandwidth", "memory type"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("based_on: h20", "'h20' is no chip's id; did you mean 'nvidia-h20-sxm-141gb' or"),
        ("based_on: nvidia-h20-sxm-96", f"is no chip's id; did you mean '{BASE}'"),
        (f"based_on: {ID}", f"based_on: '{ID}' is this sheet itself; give the file another name"),
        ("based_on: nvidia-other", f"'nvidia-other' is based on '{BASE}' itself; write {BASE}"),
        ("based_on: [a]", "based_on: ['a'] is no chip's id; choose from: "),
        (f"based_on: {BASE}\nfigures: 3", "figures: is not a mapping"),
        (f"based_on: {BASE}\nfigures: {{tdp: 3}}", "figures.tdp: is not a mapping"),
        (f"based_on: {BASE}\nfigures: {{tpd: {{value: 3 W}}}}", "figures.tpd.source: is missing"),
        (f"based_on: {BASE}\nexplained: no", "explained: is not a mapping"),
        (f"based_on: {BASE}\nid: mine", "id: is given by the file name; remove it"),
    ],
)  # fmt: skip
def test_a_wrong_base_is_told_in_one_line(text: str, told: str, own: Path) -> None:
    (own / "chips" / "nvidia-other.yaml").write_text(f"based_on: {BASE}\n", encoding="utf-8")
    assert [told in one for one in faults_of(own, text)] == [True]


def test_a_shipped_sheet_may_not_have_a_base(
    tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "specs"
    shutil.copytree(SPECS, folder)
    shutil.copy(own / FILE, folder / FILE)
    assert check.main([f"specs={folder}"]) == 1
    told = f"specs/{FILE}: based_on: is not for the sheets of a whole folder; write "
    assert told in capsys.readouterr().out


def test_check_finds_no_fault_in_it(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([f"specs={own}"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["show", "chip=h20-half"],
            "hypothetical: based on nvidia-h20-sxm-96gb, changed: memory bandwidth",
        ),
        (["compare", "chips=[h20,h20-half]", "baseline=h20"], "2000 GB/s (×0.500)"),
        (["chips", "find=h20-half"], ID),
        (["rules", "chip=h20-half", "on=2025-08-15"], "DRAM bandwidth 2,000 GB/s"),
        (["rules", "explain", "chip=h20-half", "on=2025-08-15"], "600 GB/s above 1,400"),
        (["rules", "whatif", "chip=h20-half", "on=2024-06-01"], "Headroom of nvidia-h20-half"),
        (["predict", "chips=h20-half", "workload=llama-3.1-8b"], "from its family"),
        (["evidence", "chip=h20-half"], "0 measured values by 0 groups"),
    ],
)
def test_every_command_takes_it(
    words: list[str], told: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([*words, f"specs={own}", "report=github"])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert told in said.out


def test_a_prediction_does_not_claim_the_base_s_measurements(own: Path, cli: Cli) -> None:
    text = BLOCKS[FILE].replace(BASE, "nvidia-h100-sxm-80gb")
    (own / "chips" / "nvidia-h100-half.yaml").write_text(text, encoding="utf-8")
    words = ("workload=llama-3.1-8b", f"specs={own}", "report=github")
    done = cli("predict", "chips=[h100,h100-half]", *words)
    rows = {row.split()[1]: row for row in done.stdout.splitlines() if row.startswith("| nvidia")}
    assert "fitted on this chip" in rows["nvidia-h100-sxm-80gb"]
    assert "from the same silicon" in rows["nvidia-h100-half"]
