"""Limits of one's own for figures of a sheet, and which figures are asked for."""

from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.errors import DataError
from bench.gate.limits import as_yaml, limits_in
from bench.gate.model import Verdict
from bench.gate.report import report
from bench.gate.sheet import Requirements, against_sheet
from bench.records.store import write
from tests.gate.cases import gate, of, record


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a record of a device that reaches about 70% of paper."""
    monkeypatch.chdir(tmp_path)
    write(record(1, 0.25), tmp_path / "now.json")
    return tmp_path


def test_each_figure_has_a_limit_of_its_own(sheets: Catalogue) -> None:
    chip, slow = sheets.find("h20"), record(1, 0.25)
    limits = {"matrix_bf16": 0.5, "memory_bandwidth": 0.9}
    found = against_sheet(slow, chip, sheets, Requirements(limits=limits))
    assert of(found, "bf16").words.startswith("reached: at or above 50%")
    assert of(found, "memory").words.startswith("short: below 90%")
    assert (of(found, "bf16").limit, of(found, "memory").limit) == (0.5, 0.9)
    assert "its own limit, or else 90%, of paper" in found.notes[0]
    margins = {str(row["figure"]): row["margin"] for row in report(found).flat}
    assert margins == {"matrix_bf16": None, "memory_bandwidth": None}
    one = against_sheet(slow, chip, sheets, Requirements(limits={"matrix_bf16": 0.9}))
    margins = {str(row["figure"]): row["margin"] for row in report(one).flat}
    assert margins == {"matrix_bf16": None, "memory_bandwidth": 0.1}


def test_a_figure_that_has_a_limit_and_was_not_measured_is_missing(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    for asked in (
        Requirements(0.5, limits={"matrix_fp8": 0.5}),
        Requirements(0.5, figures=("matrix_fp8",)),
    ):
        found = against_sheet(record(1), chip, sheets, asked)
        row = of(found, "fp8")
        assert (row.verdict, row.counts, found.code) == (Verdict.MISSING, True, 3)
    assert [row.taken.title for row in found.rows] == ["fp8 matrix"]


def test_what_a_record_reached_makes_limits_that_it_passes(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate("record=now.json", "against=h20") == 1
    capsys.readouterr()
    assert gate("record=now.json", "against=h20", "out=limits/h20.yaml", "junit=gate.xml") == 0
    out = capsys.readouterr().out
    assert "\nExit code 0: limits of 2 figures are written to limits/h20.yaml.  \n" in out
    assert "short: below 90%" in out
    assert 'failures="0"' in (here / "gate.xml").read_text(encoding="utf-8")
    text = (here / "limits" / "h20.yaml").read_text(encoding="utf-8")
    assert "matrix_bf16: 0." in text
    assert gate("record=now.json", "against=h20", "limits=limits/h20.yaml") == 0
    write(record(2, 0.35), here / "slower.json")
    assert gate("record=slower.json", "against=h20", "limits=limits/h20.yaml") == 1
    capsys.readouterr()
    assert gate("record=now.json", "against=h20", "out=limits/h20.yaml") == 2
    assert "nothing is overwritten" in capsys.readouterr().err


def test_what_has_no_limit_or_misses_one_still_decides_the_exit_code(here: Path) -> None:
    write(record(1, broken=("bf16",)), here / "broken.json")
    assert gate("record=broken.json", "against=h20", "out=broken.yaml") == 1
    write(record(1, 0.25).model_copy(update={"state": "interrupted"}), here / "part.json")
    assert gate("record=part.json", "against=h20", "out=part.yaml") == 3
    (here / "strict.yaml").write_text("matrix_bf16: 0.9", encoding="utf-8")
    assert gate("record=now.json", "against=h20", "limits=strict.yaml", "out=new.yaml") == 1
    assert {path.stem for path in here.glob("*.yaml")} == {"broken", "part", "strict", "new"}


def test_a_limit_is_below_what_was_reached_and_above_nothing(sheets: Catalogue) -> None:
    found = against_sheet(record(1), sheets.find("h20"), sheets, Requirements(0.1))
    told = dict(line.split(": ") for line in as_yaml(found).splitlines() if line[0] != "#")
    row = of(found, "bf16")
    assert row.ratio
    assert row.ratio.low - 0.05 < float(told["matrix_bf16"]) < row.ratio.low - 0.02


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("matrix_bf17: 0.5", "h20.yaml: matrix_bf17: is no figure; did you mean 'matrix_bf16'"),
        ("matrix_bf16: 1.5", "h20.yaml: matrix_bf16: '1.5' is no limit; write a share"),
        ("matrix_bf16: 68%", "h20.yaml: matrix_bf16: '68%' is no limit; write a share"),
        ("matrix_bf16: nan", "h20.yaml: matrix_bf16: 'nan' is no limit; write a share"),
        ("matrix_bf16: [0.5]", "h20.yaml: matrix_bf16: a list or a mapping is no limit; write"),
        (
            "matrix_fp4: 0.5",
            "matrix_fp4: is not printed on the sheet of nvidia-h20-sxm-96gb",
        ),
        ("- a", "h20.yaml: is not a mapping of limits; write a line such as matrix_bf16: 0.68"),
        ("a: 1\na: 2", "limits=h20.yaml: line 2: "),
    ],
)
def test_a_wrong_limit_says_what_where_and_what_to_do(
    text: str, told: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "h20.yaml").write_text(text, encoding="utf-8")
    assert gate("record=now.json", "against=h20", "limits=h20.yaml") == 2
    assert told in capsys.readouterr().err


def test_every_wrong_limit_is_named(tmp_path: Path, sheets: Catalogue) -> None:
    path = tmp_path / "h20.yaml"
    path.write_text("matrix_bf16: 0\nmatrix_fp8: x\nmatrix_fp16: 0.5", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        limits_in(str(path), sheets.find("h20"))
    assert [fault.field for fault in caught.value.faults] == ["matrix_bf16", "matrix_fp8"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("against=h20 limits=gone.yaml", "there is no such file; out=gone.yaml makes one"),
        ("against=h20 figures=[matrix_bf17]", "figures=: matrix_bf17 is no figure; did you mean"),
        ("against=h20 figures=[matrix_fp4]", "is not printed on the sheet of nvidia-h20-sxm-96gb"),
        ("against=now.json limits=a.yaml", "limits= only applies against a chip's sheet"),
        ("against=now.json out=a.yaml", "out= only applies against a chip's sheet"),
    ],
)
def test_wrong_use_of_limits_is_told(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate("record=now.json", *words.split()) == 2
    assert told in capsys.readouterr().err
