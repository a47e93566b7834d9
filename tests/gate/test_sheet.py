"""Rates go with a clock or not, and figures of a sheet are reached or not."""

import pytest

from bench.chips.load import Catalogue
from bench.chips.paper import Absent
from bench.errors import UsageError
from bench.gate.model import Verdict
from bench.gate.recorded import goes_with_clock
from bench.gate.report import code_line
from bench.gate.sheet import Requirements, against_sheet
from bench.judging.verdict import Verdict as Said
from bench.judging.verdict import rows
from bench.records.model import Measurement
from tests.gate.cases import changed, of, of_eight, record


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


@pytest.mark.parametrize(
    ("dtype", "intensity", "goes"),
    [
        ("fp32", 0.1, False), ("fp32", 0.5, False), ("fp32", 64.0, True),
        ("bf16", 16.0, False), ("bf16", 64.0, True),
    ],
)  # fmt: skip
def test_without_a_figure_the_ridge_of_the_sheet_tells(
    dtype: str, intensity: float, *, goes: bool, sheets: Catalogue
) -> None:
    """The H20's ridge in bf16 is that of its matrix rate, 37 FLOP/B, not of its vector rate."""
    plain = record(1).measurements[2]
    assert plain.work is not None
    work = plain.work.model_copy(update={"flop": intensity * plain.work.bytes})
    told = {"dtype": dtype, "work": work, "decides": False}
    for figures in ((), ("memory_bandwidth",)):
        one = plain.model_copy(update={**told, "figures": figures})
        assert goes_with_clock(one, sheets.find("h20")) is goes


def test_each_figure_of_a_sheet_is_reached_or_not(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    found = against_sheet(record(1), chip, sheets, Requirements(0.10))
    ordinary = {row.taken.title: (row.verdict.value, row.counts) for row in found.rows}
    assert ordinary["memory bandwidth, triad"] == ("same", False)
    assert len(found.rows) == 2  # the streams are one figure
    slow = against_sheet(record(2, 0.2), chip, sheets, Requirements(0.10))
    assert (slow.code, {row.verdict.value for row in slow.rows}) == (1, {"slower"})
    assert against_sheet(record(2, 0.2), chip, sheets, Requirements(0.5)).code == 0
    assert len(found.sources) == 1
    assert found.title == "gate: 1 figure short of the sheet (1 short, 1 reached)"
    loose = against_sheet(record(1), chip, sheets, Requirements(0.5))
    assert loose.title == "gate: every figure is reached (2 reached)"
    assert slow.title == "gate: 2 figures short of the sheet (2 short)"
    assert all(row.words.startswith("short: below 90%") for row in slow.rows)
    assert code_line(slow) == "Exit code 1: a figure is short of the sheet, or failed."
    assert all(row.before[0].shown.endswith(" [1]") for row in found.rows)


def test_of_several_streams_the_lowest_is_named(sheets: Catalogue) -> None:
    found = against_sheet(record(1), sheets.find("h20"), sheets, Requirements(0.10))
    assert "; lowest stream: copy 9" in of(found, "memory").words
    assert "stream" not in of(found, "bf16").words


def test_a_figure_is_called_as_the_sheet_calls_it(sheets: Catalogue) -> None:
    run = record(1)
    told = {"dtype": "fp32", "figures": ("matrix_fp32", "vector_fp32")}
    products = [one.model_copy(update=told) for one in run.measurements if one.dtype == "bf16"]
    asked = run.model_copy(update={"measurements": tuple(products)})
    found = against_sheet(asked, sheets.find("h20"), sheets, Requirements(0.10))
    assert {row.taken.title for row in found.rows} == {"fp32 vector, 4096 x 4096 x 4096"}


def test_another_chip_is_refused_unless_it_is_wanted(sheets: Catalogue) -> None:
    with pytest.raises(UsageError, match="is of nvidia-h20-sxm-96gb, not of nvidia-h100"):
        against_sheet(record(1), sheets.find("h100"), sheets, Requirements(0.1))
    assert (
        against_sheet(
            record(1), sheets.find("h100"), sheets, Requirements(0.1, allow=("chip",))
        ).code
        == 1
    )


def test_a_failure_and_an_implausible_figure_count_against_a_sheet(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    failed = against_sheet(record(2, broken=("bf16",)), chip, sheets, Requirements(0.1))
    assert failed.rows[0].verdict is Verdict.FAILED
    assert failed.title == "gate: failed (1 failed, 1 reached)"
    gone = against_sheet(record(3, eliminated=("bf16",)), chip, sheets, Requirements(0.1))
    assert of(gone, "bf16").verdict is Verdict.AMBIGUOUS
    assert gone.code == 3


def test_a_sheet_is_told_that_a_device_was_not_alone(sheets: Catalogue) -> None:
    found = against_sheet(of_eight(record(1)), sheets.find("h20"), sheets, Requirements(0.1))
    assert "8 devices at once: one alone may reach more" in found.heading[2]


def test_a_small_product_of_a_fixed_shape_judges_no_figure(sheets: Catalogue) -> None:
    def small(old: Measurement) -> Measurement:
        told = {**old.parameters, "m": 16}
        return old.model_copy(update={"parameters": told}) if old.kernel == "gemm" else old

    run = changed(record(2, 0.4), small)
    beside = against_sheet(run, sheets.find("h20"), sheets, Requirements(0.5))
    assert (beside.code, [row.taken.title for row in beside.rows]) == (
        0, ["memory bandwidth, triad"],
    )  # fmt: skip
    alone = run.model_copy(update={"measurements": run.measurements[2:]})
    found = against_sheet(alone, sheets.find("h20"), sheets, Requirements(0.1))
    (row,) = found.rows
    assert row.words == "unrated: so small a product leaves a chip idle"
    assert (row.counts, found.code, found.judges) == (False, 3, False)
    assert found.title == "gate: no figure is judged (1 unrated)"
    assert code_line(found) == "Exit code 3: no figure of the sheet is judged."


def test_what_has_nothing_published_beside_it_is_not_implausible_here(sheets: Catalogue) -> None:
    def of_pytest(old: Measurement) -> Measurement:
        assert old.timing
        doubtful = old.timing.model_copy(update={"wall_ratio": 0.1})
        told = {"kernel": "pytest", "decides": False}
        figures = {} if old.kernel == "gemm" else {"figures": (), "timing": doubtful}
        return old.model_copy(update={**told, **figures})

    run = changed(record(1), of_pytest)
    chip = sheets.find("h20")
    judged = rows(run, sheets)
    assert any(
        one.verdict is Said.IMPLAUSIBLE and isinstance(one.published, Absent) for one in judged
    )
    (row,) = against_sheet(run, chip, sheets, Requirements(0.1)).rows
    assert row.taken.title.startswith("bf16 matrix")
    assert row.words.startswith("unrated: no sheet promises")
    assert row.ratio


def test_what_the_sheet_prints_and_the_run_skipped_is_told(sheets: Catalogue) -> None:
    def skipped(old: Measurement) -> Measurement:
        told = {"status": "skipped", "reason": "why", "timing": None}
        return old.model_copy(update=told) if old.kernel == "gemm" else old

    found = against_sheet(
        changed(record(1), skipped), sheets.find("h20"), sheets, Requirements(0.1)
    )
    assert "On the sheet, and skipped: bf16 matrix (why)." in found.heading
