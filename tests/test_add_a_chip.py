"""The worked example of specs/README.md, followed word by word."""

import re
import shutil
from pathlib import Path

import pytest

from bench import paths
from bench.chips.load import Catalogue, examine
from bench.chips.model import Gap
from bench.commands import check
from bench.rules.subject import subject
from bench.theory.derived import derived

SPECS = paths.data_dir("specs")
TEXT = (SPECS / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```yaml\n# specs/(\S+)\n(.*?)```", TEXT, re.DOTALL))
ID = "acme-one-pcie-48gb"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of the data with the example's blocks put where it says."""
    folder = tmp_path / "specs"
    shutil.copytree(SPECS, folder)
    with (folder / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write(BLOCKS["sources.yaml"])
    (folder / "chips" / f"{ID}.yaml").write_text(BLOCKS[f"chips/{ID}.yaml"], encoding="utf-8")
    return folder


@pytest.fixture
def catalogue(specs: Path) -> Catalogue:
    loaded, faults = examine(specs)
    assert faults == []
    return loaded


def test_the_example_is_a_source_file_and_a_sheet() -> None:
    assert set(BLOCKS) == {"sources.yaml", f"chips/{ID}.yaml"}


def test_check_finds_no_fault_in_it(specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([f"specs={specs}"]) == 0
    assert capsys.readouterr().out.endswith(": no faults\n")


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
