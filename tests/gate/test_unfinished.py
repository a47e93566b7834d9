"""A run that lacks what it was asked for never passes: it says what is missing."""

from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.gate.model import Finding, Verdict
from bench.gate.report import code_line
from bench.gate.sheet import Requirements, against_sheet
from bench.measure.lacking import LACKS, lacking
from bench.records.model import Measurement, Record, Search
from bench.records.store import write
from tests.gate.cases import changed, gate, judged, record

HUNT = Search(
    space=1024, trials=(), left_out=0, took_s=1.0, gain_estimate=None, chance_next_beats_at_most=1.0
)
FIGURES = {"fp8", "tf32", "bf16", "fp16", "fp32", "fp64", "int8"}


def of_quick(one: Record, state: str = "interrupted") -> Record:
    """A record that says that it is of the suite ``quick``, and how it ended."""
    return one.model_copy(update={"suite": "quick", "settings": {"data": "normal"}, "state": state})


def shaped(one: Record, side: int) -> Record:
    """A record whose product was found by a search at a shape of its own."""

    def shape(old: Measurement) -> Measurement:
        told = {**old.parameters, "m": side}
        return old.model_copy(update={"parameters": told, "search": HUNT})

    return changed(one, lambda old: shape(old) if old.kernel == "gemm" else old)


def without(one: Record, kernel: str) -> Record:
    return changed(one, lambda old: None if old.kernel == kernel else old)


def test_what_a_run_did_not_get_to_is_known_by_its_own_settings() -> None:
    found = lacking(of_quick(record(1)))
    assert {one.dtype for one in found if one.kernel == "gemm"} == FIGURES - {"bf16"}
    streams = [one.parameters["stream"] for one in found if one.kernel == "memory"]
    assert streams == ["scale", "add", "read", "write"]
    assert {(one.status, one.reason) for one in found} == {("skipped", LACKS)}
    assert lacking(of_quick(record(1), "complete")) == []
    assert lacking(record(1).model_copy(update={"state": "running"})) == []  # no suite known here
    of_four = of_quick(record(1)).model_copy(
        update={"settings": {"data": "normal", "group": "a", "together": 4, "dtype": "fp8"}}
    )
    assert [one.dtype for one in lacking(of_four)] == ["fp8"]


@pytest.mark.parametrize(
    ("state", "said"), [("running", "did not finish"), ("interrupted", "was interrupted")]
)
def test_an_unfinished_run_does_not_pass_against_a_sheet(
    state: str, said: str, sheets: Catalogue
) -> None:
    run = of_quick(record(1), state)
    found = against_sheet(run, sheets.find("h20"), sheets, Requirements(0.5), lacking(run))
    missing = [row for row in found.rows if row.verdict is Verdict.MISSING]
    assert len(missing) == 10
    assert {row.words for row in missing} == {f"missing: {LACKS}"}
    assert (found.code, found.ended) == (3, said)
    assert f"The run {said}: what it lacks is missing." in found.heading
    assert found.title == "gate: not settled (10 missing, 2 reached)"
    assert said in code_line(found)


def test_an_unfinished_run_of_an_unknown_suite_does_not_pass_either(sheets: Catalogue) -> None:
    run = record(1).model_copy(update={"state": "running"})
    found = against_sheet(run, sheets.find("h20"), sheets, Requirements(0.5))
    assert found.code == 3
    assert found.title.startswith("gate: not settled")
    assert judged(run, record(2)).code == 3


def test_a_slow_unfinished_run_is_slow() -> None:
    cut = record(2, 0.05).model_copy(update={"state": "interrupted"})
    assert judged(cut, record(1)).code == 1


def five_searched(missing: str) -> Finding:
    """A run without a kernel beside five whose searches ended at five shapes."""
    before = [
        shaped(record(1), 1024 * seed).model_copy(update={"id": f"r{seed}"}) for seed in range(1, 6)
    ]
    return judged(without(record(2), missing), *before)


def test_a_searched_product_is_missing_whatever_shapes_earlier_searches_ended_at() -> None:
    found = five_searched("gemm")
    (row,) = [row for row in found.rows if row.verdict is Verdict.MISSING]
    assert row.taken.title == "bf16 matrix"
    assert len(row.before) == 5
    assert found.code == 3


def test_what_the_suite_has_no_more_is_told() -> None:
    def items(one: Record, text: str) -> Record:
        return one.model_copy(update={"settings": {"suite.items": text}})

    now = items(without(record(2), "gemm"), "[{kernel:memory}]")
    before = items(record(1), "[{kernel:memory},{kernel:gemm}]")
    line = "Asked for other items: bf16 matrix, 4096 x 4096 x 4096 is left out."
    found = judged(now, before)
    assert line in found.heading
    assert found.code == 0
    beside = items(record(3), "[{kernel:memory}]")
    assert line in judged(now, before, without(beside, "gemm")).heading
    other = record(4).model_copy(update={"suite": "another"})
    assert line not in judged(now, other, without(beside, "gemm")).heading


def test_the_command_ends_with_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(of_quick(record(1), "running"), tmp_path / "now" / "a.json")
    write(of_quick(record(3), "complete"), tmp_path / "now" / "0.json")
    assert gate("record=now/a.json", "against=h20", "margin=0.5") == 3
    assert gate("record=now/0.json", "against=h20", "margin=0.5") == 0
    assert gate("record=now/a.json", "against=now", "junit=a.xml") == 3
    assert 'name="the whole run"' in (tmp_path / "a.xml").read_text(encoding="utf-8")
