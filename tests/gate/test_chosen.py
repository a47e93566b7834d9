"""``figures=`` against earlier runs: these figures alone are compared."""

import json
from pathlib import Path

import pytest

from bench.records.store import write
from tests.gate.cases import changed, gate, laid_out, record

FIGURES = "figures=[matrix_bf16]"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a record before and one whose memory alone is slower."""
    monkeypatch.chdir(tmp_path)
    laid_out(tmp_path)
    slow = {one.label: one for one in record(2, 0.03).measurements if one.kernel == "memory"}
    noisy = changed(record(2), lambda one: slow.get(one.label, one))
    write(noisy, tmp_path / "noisy.json")
    return tmp_path


@pytest.mark.usefixtures("here")
def test_what_is_not_asked_for_does_not_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert gate("record=noisy.json", "against=before.json") == 1
    capsys.readouterr()
    assert gate("record=noisy.json", "against=before.json", FIGURES, "report=json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["figure"], row["verdict"]) == ("matrix_bf16", "same")
    assert gate("record=slow.json", "against=before.json", FIGURES) == 1


def test_what_is_asked_for_and_was_not_measured_is_missing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(record(2, items=(0, 1)), here / "less.json")
    both = "figures=[memory_bandwidth,matrix_bf16]"
    assert gate("record=less.json", "against=before.json", both, "report=json") == 3
    document = json.loads(capsys.readouterr().out)
    told = {row["figure"]: row["verdict"] for row in document["rows"]}
    assert told == {"memory_bandwidth": "same", "matrix_bf16": "missing"}
    assert document["title"] == "gate: not settled (1 missing, 2 same)"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("against", ["before.json", "h20"])
def test_what_no_run_measured_is_missing_against_runs_as_against_a_sheet(
    against: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["record=same.json", f"against={against}", "figures=[matrix_fp8]"]
    assert gate(*words, "report=json") == 3
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["figure"], row["verdict"]) == ("matrix_fp8", "missing")


@pytest.mark.usefixtures("here")
def test_what_no_run_measured_is_missing_beside_what_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    both = "figures=[matrix_fp8,matrix_bf16]"
    assert gate("record=same.json", "against=before.json", both, "report=json") == 3
    told = [(row["figure"], row["verdict"]) for row in json.loads(capsys.readouterr().out)["rows"]]
    assert sorted(told) == [("matrix_bf16", "same"), ("matrix_fp8", "missing")]


@pytest.mark.usefixtures("here")
def test_an_unknown_word_is_refused_with_the_nearest_figure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert gate("record=same.json", "against=before.json", "figures=[matrix_bf17]") == 2
    assert "matrix_bf17 is no figure; did you mean 'matrix_bf16'?" in capsys.readouterr().err
