"""The worked example of specs/README.md, followed word by word."""

import os
import re
import shutil
from pathlib import Path

import pytest

from bench import paths
from bench.__main__ import main
from bench.chips.load import Catalogue, examine
from bench.chips.model import Gap
from bench.commands import check
from bench.errors import UsageError
from bench.paths import OWN
from bench.rules.subject import subject
from bench.theory.derived import derived
from tests.commands.cases import Cli

SPECS = paths.data_dir("specs")
TEXT = (SPECS / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```yaml\n# specs/(\S+)\n(.*?)```", TEXT, re.DOTALL))
ID = "acme-one-pcie-48gb"
RULE = "rules/2026-12-01-us-letter-acme.yaml"
CLAIM = "claims/2026-11-25-chipnews-acme-one-beats-h20.yaml"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of the data with the example's blocks put where it says."""
    folder = tmp_path / "specs"
    shutil.copytree(SPECS, folder)
    with (folder / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write(BLOCKS["sources.yaml"])
    for name in (f"chips/{ID}.yaml", RULE, CLAIM):
        (folder / name).write_text(BLOCKS[name], encoding="utf-8")
    return folder


@pytest.fixture
def catalogue(specs: Path) -> Catalogue:
    loaded, faults = examine(specs)
    assert faults == []
    return loaded


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The example's blocks alone, in a folder of one's own."""
    for name, text in BLOCKS.items():
        path = tmp_path / "my-specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "my-specs"


def test_the_examples_are_sources_a_sheet_a_rule_and_a_claim() -> None:
    assert set(BLOCKS) == {"sources.yaml", f"chips/{ID}.yaml", RULE, CLAIM}


def test_check_finds_no_fault_in_it(specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([f"specs={specs}"]) == 0
    assert capsys.readouterr().out.endswith(": no faults\n")


def test_check_finds_no_fault_in_it_beside_the_shipped_data(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheets = len(list((SPECS / "chips").glob("*.yaml")))
    assert check.main([f"specs={own}"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{sheets + 1} sheets, ")
    assert told.endswith(": no faults\n")
    assert OWN not in os.environ


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["compare", "chips=[acme-one,h20]"], f"| {ID}"),
        (["show", "chip=acme-one"], "2.667"),
        (["rules", "chip=acme-one", "on=2026-12-01"], "US-2026-LETTER-ACME"),
        (["claims", "chip=acme-one"], "2026-11-25-chipnews-acme-one-beats-h20"),
        (["predict", "chips=acme-one", "workload=llama-3.1-8b"], "| acme-one"),
    ],
)
def test_commands_read_own_files_beside_the_shipped_ones(
    words: list[str], told: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an installed package no other command than check could be given an own sheet."""
    code = main([*words, f"specs={own}", "report=github"])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert told in said.out
    assert said.err == f"onpaper: 3 files of {own} beside the shipped data\n"


def test_without_its_folder_an_own_chip_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "chip=acme-one"]) == 2
    assert "acme-one" in capsys.readouterr().err


def test_own_data_may_be_named_by_the_environment_and_replace_a_sheet(own: Path, cli: Cli) -> None:
    shipped = (SPECS / "chips" / "nvidia-h20-sxm-96gb.yaml").read_text(encoding="utf-8")
    mine = shipped.replace("name: NVIDIA H20", "name: My H20", 1)
    assert mine != shipped
    (own / "chips" / "nvidia-h20-sxm-96gb.yaml").write_text(mine, encoding="utf-8")
    done = cli("show", "chip=h20", environment={OWN: str(own)})
    assert done.stdout.startswith("**My H20")
    assert done.stderr.endswith(
        " beside the shipped data, in the place of nvidia-h20-sxm-96gb.yaml\n"
    )


@pytest.mark.parametrize("word", ["quiet=true", "quiet=True", "quiet=yes"])
def test_a_run_that_is_quiet_does_not_tell_of_own_files(word: str, own: Path, cli: Cli) -> None:
    done = cli(
        "suite=smoke", "device=fake", "chip=acme-one", word, f"specs={own}", f"out={cli.out}"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ID in done.stdout


def test_check_refuses_a_folder_of_the_environment_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OWN, str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="there is no chips/ folder in it, nor any of "):
        check.main([])


def test_a_fault_of_an_own_file_is_named(own: Path, cli: Cli) -> None:
    text = BLOCKS[CLAIM].replace("nvidia-h20-sxm-96gb", "h20")
    (own / CLAIM).write_text(text, encoding="utf-8")
    done = cli("claims", f"specs={own}")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"onpaper: {own / CLAIM}: objects: there is no sheet 'h20'" in done.stderr


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (f"chips/{ID}.yaml", "a: [", ": "),
        ("chips/acme-two.yaml", "name: [\n", ": "),
        ("sources.yaml", "mine: {kind: press}\n", ": mine"),
        ("notes.txt", "mine", ": is read by nothing"),
    ],
)
def test_check_names_an_own_file_by_where_it_lies_and_nothing_else(
    name: str, text: str, told: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One's own slip was one line among dozens about the shipped records."""
    (own / name).write_text(text, encoding="utf-8")
    assert check.main([f"specs={own}"]) == 1
    *faults, _ = capsys.readouterr().out.splitlines()
    assert any(fault.startswith(f"{own / name}{told}") for fault in faults)
    assert not any(fault.startswith("results/") for fault in faults)


def test_check_names_an_own_sheet_wherever_its_fault_was_found(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = own / "chips" / f"{ID}.yaml"
    sheet.write_text(f"{BLOCKS[f'chips/{ID}.yaml']}\nfamily: nowhere\n", encoding="utf-8")
    assert check.main([f"specs={own}"]) == 1
    assert f"{sheet}: family: no design 'nowhere'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["specs=nowhere"], "onpaper: specs=nowhere: there is no chips/ folder in it, nor any of "),
        (["specs=a", "specs=b"], "onpaper: specs= is given twice: which one?"),
    ],
)
def test_a_folder_of_own_data_is_looked_at_before_anything_is_read(
    words: list[str], told: str, cli: Cli
) -> None:
    done = cli("chips", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)


def test_it_says_what_the_page_says(catalogue: Catalogue) -> None:
    chip = catalogue.find("Acme-One")
    assert (chip.id, chip.number("matrix_fp8"), chip.number("sparse_fp8")) == (ID, 2e14, 4e14)
    assert chip.figures["vector_fp32"].value is Gap.UNKNOWN
    found = {one.key: one.text for one in derived(chip, catalogue)}
    assert found["tpp"] == "1,600 TOPS x bit"
    assert found["performance_density"] == "2.667 TPP/mm²"
    assert "TPP 1,600 and performance density 2.667" in TEXT
    assert subject(chip, catalogue).attributes["io"].readings[0].value == 128e9


def test_the_mistake_it_shows_is_told_as_it_says(
    specs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = specs / "chips" / f"{ID}.yaml"
    wrong = path.read_text(encoding="utf-8").replace("100 TFLOP/s", "100 TFLOPS")
    path.write_text(wrong, encoding="utf-8")
    assert check.main([f"specs={specs}"]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first in TEXT
