"""Rates go with a clock or not, and figures of a sheet are reached or not."""

import pytest

from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.gate.model import Verdict
from bench.gate.recorded import goes_with_clock
from bench.gate.report import code_line
from bench.gate.sheet import against_sheet
from tests.gate.cases import of, of_eight, record


@pytest.mark.parametrize(
    ("told", "goes"),
    [
        ({"figures": ("matrix_bf16",)}, True),
        ({"figures": ("memory_bandwidth",)}, False),
        ({"figures": (), "kernel": "cache", "quantity": "byte_rate"}, True),
        ({"figures": (), "kernel": "launch", "quantity": "item_seconds"}, False),
        ({"figures": ("memory_capacity",), "quantity": "footprint", "decides": False}, False),
        ({"figures": (), "work": None}, True),
        ({"figures": ("memory_bandwidth",), "decides": False, "work": None}, False),
    ],
)
def test_operations_and_caches_go_with_the_clock_and_memory_does_not(
    told: dict[str, object], *, goes: bool, sheets: Catalogue
) -> None:
    one = record(1).measurements[2].model_copy(update=told)
    assert goes_with_clock(one, sheets.find("h20")) is goes


@pytest.mark.parametrize(("intensity", "goes"), [(0.1, False), (0.5, False), (64.0, True)])
def test_without_a_figure_the_ridge_of_the_sheet_tells(
    intensity: float, *, goes: bool, sheets: Catalogue
) -> None:
    plain = record(1).measurements[2]
    assert plain.work is not None
    work = plain.work.model_copy(update={"flop": intensity * plain.work.bytes})
    told = {"dtype": "fp32", "work": work, "decides": False}
    for figures in ((), ("memory_bandwidth",)):
        one = plain.model_copy(update={**told, "figures": figures})
        assert goes_with_clock(one, sheets.find("h20")) is goes


def test_each_figure_of_a_sheet_is_reached_or_not(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    found = against_sheet(record(1), chip, sheets, 0.10)
    ordinary = {row.taken.title: (row.verdict.value, row.counts) for row in found.rows}
    assert ordinary["memory bandwidth, triad"] == ("same", False)
    assert len(found.rows) == 2  # the streams are one figure
    slow = against_sheet(record(2, 0.2), chip, sheets, 0.10)
    assert (slow.code, {row.verdict.value for row in slow.rows}) == (1, {"slower"})
    assert against_sheet(record(2, 0.2), chip, sheets, 0.5).code == 0
    assert len(found.sources) == 1
    assert found.title == "gate: 1 figure short of the sheet (1 short, 1 reached)"
    loose = against_sheet(record(1), chip, sheets, 0.5)
    assert loose.title == "gate: every figure is reached (2 reached)"
    assert slow.title == "gate: 2 figures short of the sheet (2 short)"
    assert all(row.words.startswith("short: below 90%") for row in slow.rows)
    assert code_line(slow) == "Exit code 1: a figure is short of the sheet, or failed."
    assert all(row.before[0].shown.endswith(" [1]") for row in found.rows)


def test_a_figure_is_called_as_the_sheet_calls_it(sheets: Catalogue) -> None:
    run = record(1)
    told = {"dtype": "fp32", "figures": ("matrix_fp32", "vector_fp32")}
    products = [one.model_copy(update=told) for one in run.measurements if one.dtype == "bf16"]
    asked = run.model_copy(update={"measurements": tuple(products)})
    found = against_sheet(asked, sheets.find("h20"), sheets, 0.10)
    assert {row.taken.title for row in found.rows} == {"fp32 vector, 4096 x 4096 x 4096"}


def test_another_chip_is_refused_unless_it_is_wanted(sheets: Catalogue) -> None:
    with pytest.raises(UsageError, match="is of nvidia-h20-sxm-96gb, not of nvidia-h100"):
        against_sheet(record(1), sheets.find("h100"), sheets, 0.1)
    assert against_sheet(record(1), sheets.find("h100"), sheets, 0.1, ("chip",)).code == 1


def test_a_failure_and_an_implausible_figure_count_against_a_sheet(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    failed = against_sheet(record(2, broken=("bf16",)), chip, sheets, 0.1)
    assert failed.rows[0].verdict is Verdict.FAILED
    assert failed.title == "gate: failed (1 failed, 1 reached)"
    gone = against_sheet(record(3, eliminated=("bf16",)), chip, sheets, 0.1)
    assert of(gone, "bf16").verdict is Verdict.AMBIGUOUS
    assert gone.code == 3


def test_a_sheet_is_told_that_a_device_was_not_alone(sheets: Catalogue) -> None:
    found = against_sheet(of_eight(record(1)), sheets.find("h20"), sheets, 0.1)
    assert "8 devices at once: one alone may reach more" in found.heading[1]
