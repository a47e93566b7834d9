"""Tables of a group: what says nothing in one is left out, what must be known stays."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging.verdict import Verdict, rows
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import Record, Stopped
from bench.report.record.figures import COLUMNS, build
from bench.report.registry import render
from bench.report.table import Section
from bench.report.text.groups import remark, trimmed, without_empty
from tests.conftest import order


@pytest.fixture
def grouped(tmp_path: Path, sheets: Catalogue) -> Record:
    """Rows of two groups: none of the first has a figure, the second's have."""
    items = (
        Item("cache", "fp32", variant="1MiB"), Item("cache", "fp32", variant="2MiB"),
        Item("gather", "fp32", variant="256B"), Item("memory", "fp32", variant="copy"),
    )  # fmt: skip
    device = LocalSession(FakeDevice(FakeSpec(noise="none")))
    return run(device, order(tmp_path, *items), sheets, Watcher())


def tables(record: Record, sheets: Catalogue) -> dict[str, Section]:
    """The tables of a record's groups, by title."""
    return {one.title.lower(): one for one in build(record, rows(record, sheets), sheets)[1]}


def noisy(record: Record, place: int) -> Record:
    """The record with one measurement that stopped for its noise."""
    found = list(record.measurements)
    timing = found[place].timing
    assert timing is not None
    stopped = Stopped(reason="noisy", precision=0.2, wanted=0.01)
    found[place] = found[place].model_copy(
        update={"timing": timing.model_copy(update={"stopped": stopped})}
    )
    return record.model_copy(update={"measurements": tuple(found)})


def test_columns_that_say_nothing_in_a_group_are_left_out(
    grouped: Record, sheets: Catalogue
) -> None:
    curve = tables(grouped, sheets)["bandwidth over working set"]
    assert curve.columns == ("figure", "measured, sustained (95%)", "burst")
    assert [len(row) for row in curve.cells] == [3, 3]


def test_a_remark_of_one_row_gives_all_a_column(grouped: Record, sheets: Catalogue) -> None:
    curve = tables(noisy(grouped, 1), sheets)["bandwidth over working set"]
    assert curve.columns[-1] == "remark"
    assert [row[-1] for row in curve.cells] == ["", "noisy"]


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_what_was_not_measured_says_why(status: str, grouped: Record, sheets: Catalogue) -> None:
    gone = {"status": status, "reason": "out of memory", "timing": None}
    found = [one.model_copy(update=gone) for one in grouped.measurements[:2]]
    here = grouped.model_copy(update={"measurements": (*found, *grouped.measurements[2:])})
    curve = tables(here, sheets)["bandwidth over working set"]
    assert curve.columns == ("figure", "remark")
    assert {row[-1] for row in curve.cells} == {f"{status}: out of memory"}
    marked = f"! {status}: out" if status == "failed" else f">{status}: out"
    assert marked in render(here, sheets, "html")


def test_a_group_whose_rows_have_a_figure_keeps_what_is_published(
    grouped: Record, sheets: Catalogue
) -> None:
    gather = tables(grouped, sheets)["random gather"]
    assert gather.columns[:2] == ("figure", "published (dense)")
    assert "verdict and reason" in gather.columns


def test_the_first_table_keeps_its_columns(grouped: Record, sheets: Catalogue) -> None:
    assert build(grouped, rows(grouped, sheets), sheets)[0].columns == COLUMNS


def test_programs_are_told_everything(grouped: Record, sheets: Catalogue) -> None:
    document = json.loads(render(grouped, sheets, "json"))
    read = list(csv.DictReader(io.StringIO(render(grouped, sheets, "csv"), newline="")))
    told = [row for row in read if row["group"] == "bandwidth over working set"]
    assert [row["reason"] for row in told] == ["no sheet prints such a figure"] * 2
    assert len(document["rows"]) == 4


def test_a_kernel_that_has_a_table_of_its_own_is_in_no_group(
    grouped: Record, sheets: Catalogue
) -> None:
    table, more = build(grouped, rows(grouped, sheets), sheets, ("cache", "memory"))
    assert [one.title for one in more] == ["Random gather"]
    assert table.cells == ()


def test_a_remark_is_what_no_figure_explains(grouped: Record, sheets: Catalogue) -> None:
    row = rows(grouped, sheets)[3]
    judged = replace(row, verdict=Verdict.SHORT, reasons=("below 90%", "noisy", "throttled: hot"))
    assert remark(judged) == "noisy; throttled: hot"
    assert remark(replace(row, verdict=Verdict.SHORT, reasons=("below 90%",))) == ""
    assert remark(replace(row, verdict=Verdict.FAILED, reasons=("a; b",))) == "failed: a; b"


def test_the_first_column_stays_though_it_is_empty() -> None:
    assert without_empty(("a", "b", "c"), (("", "–", "1"), ("", "", "–"))) == (
        ("a", "c"), (("", "1"), ("", "–")),
    )  # fmt: skip
    assert trimmed(COLUMNS, (), []) == (("figure",), ())
