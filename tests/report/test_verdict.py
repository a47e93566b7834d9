"""What a measurement says of a published figure: reached, short, undecided, or not judged."""

from dataclasses import astuple, replace
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.paper import Absent, Paper
from bench.judging.standing import standing
from bench.judging.verdict import Verdict, rows, weigh
from bench.records.model import Check, Conditions, Measurement, Search, Trial
from bench.records.store import read
from bench.units import Dimension
from tests.predict.test_calibrate_command import kept
from tests.report.verdict_cases import CUDA, H20, product_at, row_of, stream_at

SEARCHED = Search(
    space=100, trials=(Trial(parameters={"m": 1}, median_s=1.0, calls=3),) * 24, left_out=0,
    took_s=1.0, gain_estimate=0.0, chance_next_beats_at_most=0.1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("tflops", "half", "verdict", "reason"),
    [
        pytest.param(142.3, 0.001, Verdict.REACHED, "at or above 90%", id="reached"),
        pytest.param(
            148.0,
            0.001,
            Verdict.REACHED,
            "at or above 90%; its best window is at 101.0% of paper",
            id="exactly-the-peak",
        ),
        pytest.param(120.0, 0.001, Verdict.SHORT, "below 90%", id="short"),
        pytest.param(
            133.2, 0.01, Verdict.UNDECIDED, "the interval lies across 90%", id="on-the-line"
        ),
        pytest.param(
            140.0, 0.20, Verdict.UNDECIDED, "the interval lies across 90%", id="too-wide-to-tell"
        ),
    ],
)
def test_the_interval_decides_between_reached_short_and_undecided(
    tflops: float, half: float, verdict: Verdict, reason: str, sheets: Catalogue
) -> None:
    row = row_of(product_at(tflops, half), sheets)
    assert (row.verdict, row.reason) == (verdict, reason)
    assert row.fraction is not None
    assert row.fraction.value == pytest.approx(tflops / 148)


@pytest.mark.parametrize(
    ("margin", "verdict", "reason"),
    [
        (0.10, Verdict.SHORT, "below 90%"),
        (0.20, Verdict.REACHED, "at or above 80%"),
        (0.00, Verdict.SHORT, "below 100%"),
    ],
)
def test_the_margin_moves_the_line(
    margin: float, verdict: Verdict, reason: str, sheets: Catalogue
) -> None:
    row = row_of(product_at(0.85 * 148), sheets, margin=margin)
    assert (row.verdict, row.reason) == (verdict, reason)


@pytest.mark.parametrize("dtype", ["int8", "int4"])
def test_a_rate_of_integers_without_a_figure_is_of_operations(
    dtype: str, sheets: Catalogue
) -> None:
    assert row_of(product_at(1, dtype=dtype, figures=()), sheets).dimension is Dimension.OP_RATE


def test_a_row_holds_the_whole_comparison(sheets: Catalogue) -> None:
    row = row_of(product_at(142.0, 0.01), sheets)
    assert isinstance(row.published, Paper)
    assert (row.title, row.key, row.dimension) == (
        "bf16 matrix",
        "matrix_bf16",
        Dimension.FLOP_RATE,
    )
    assert row.measured is not None
    assert astuple(row.measured) == pytest.approx((142e12, 142e12 / 1.01, 142e12 / 0.99))
    assert row.burst == pytest.approx(142e12 / 0.99)
    assert row.fraction == row.measured.over(148e12)
    assert [rival.text for rival, _ in row.rivals] == ["147 TFLOP/s", "74 TFLOP/s"]
    assert [share.value for _, share in row.rivals] == pytest.approx([142 / 147, 142 / 74])
    assert row.shape == "4096 x 4096 x 8192 nt"


@pytest.mark.parametrize(
    ("status", "reason", "verdict", "told"),
    [
        ("skipped", "no fp8 at compute capability 8.0", Verdict.SKIPPED, None),
        ("failed", "the result is wrong", Verdict.FAILED, None),
        ("failed", None, Verdict.FAILED, "no reason given"),
    ],
)
def test_what_was_not_measured_says_why_and_has_no_ratio(
    status: str, reason: str | None, verdict: Verdict, told: str | None, sheets: Catalogue
) -> None:
    timed = product_at(140, status=status, reason=reason, work=None)
    row = row_of(timed.model_copy(update={"timing": None}), sheets)
    assert (row.verdict, row.reason) == (verdict, told or reason)
    assert (row.measured, row.burst, row.fraction, row.rivals) == (None, None, None, ())


def test_a_failed_measurement_is_failed_even_where_it_was_timed(sheets: Catalogue) -> None:
    row = row_of(product_at(140, status="failed", reason="the result is wrong"), sheets)
    assert (row.verdict, row.reason, row.measured, row.fraction) == (
        Verdict.FAILED,
        "the result is wrong",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("chip", "figures", "reason"),
    [
        (None, ("matrix_bf16",), "the chip is not known"),
        (H20, ("matrix_fp4",), "the chip has no such unit for fp4 matrix"),
        (H20, ("vector_bf16",), "no sourced figure for bf16 vector"),
    ],
)
def test_a_rate_with_nothing_published_beside_it_is_unrated(
    chip: str | None, figures: tuple[str, ...], reason: str, sheets: Catalogue
) -> None:
    row = row_of(product_at(140, figures=figures), sheets, chip)
    assert (row.verdict, row.reason, row.published) == (Verdict.UNRATED, reason, Absent(reason))
    assert row.measured is not None
    assert row.fraction is None


@pytest.mark.parametrize(
    ("measurement", "words"),
    [
        pytest.param(product_at(148.2), "100.1% of the published peak", id="above-the-peak"),
        pytest.param(
            product_at(140, spot_check=Check(passed=False, error=1.0, tolerance=0.1, shape="-")),
            "it was optimised away or left out",
            id="eliminated",
        ),
        pytest.param(product_at(140, timing={"wall_ratio": 0.02}), "not timed", id="wrong-stream"),
        pytest.param(product_at(9999), "it is above every peak of the sheet", id="above-all"),
    ],
)
def test_a_doubtful_rate_is_implausible_and_judges_no_figure_and_no_rival(
    measurement: Measurement, words: str, sheets: Catalogue
) -> None:
    row = row_of(measurement, sheets)
    assert row.verdict is Verdict.IMPLAUSIBLE
    assert words in row.reason
    assert row.rivals == ()


def test_a_doubtful_rate_is_implausible_though_nothing_is_published(sheets: Catalogue) -> None:
    row = row_of(product_at(140, timing={"wall_ratio": 0.02}), sheets, None)
    assert row.verdict is Verdict.IMPLAUSIBLE


def test_all_doubts_are_told(sheets: Catalogue) -> None:
    spot = Check(passed=False, error=1.0, tolerance=0.1, shape="-")
    row = row_of(product_at(9999, timing={"wall_ratio": 0.02}, spot_check=spot), sheets)
    assert [part.split(" ")[0] for part in row.reason.split("; ")] == ["the", "the", "6756.1%"]


def test_the_highest_clock_seen_explains_a_rate_above_its_peak(sheets: Catalogue) -> None:
    conditions = Conditions(at_s=(0.0, 1.0), clock_hz=(1.5e9, 1.98e9))
    row = row_of(product_at(1040, conditions=conditions), sheets, "nvidia-h100-sxm-80gb")
    assert row.verdict is Verdict.IMPLAUSIBLE
    assert "the clock reaches 1.98 GHz" in row.reason


def test_a_time_without_counted_work_is_unrated(sheets: Catalogue) -> None:
    row = row_of(product_at(142).model_copy(update={"work": None}), sheets)
    assert (row.verdict, row.reason, row.fraction) == (
        Verdict.UNRATED,
        "the work of a call was not counted",
        None,
    )


@pytest.mark.parametrize(
    ("changes", "excuse"),
    [
        ({"conditions": Conditions(steal_fraction=0.05)}, "5% of CPU time stolen"),
        ({"conditions": Conditions(cpu_share=0.5)}, "the process got 50% of its cores' time"),
        ({"search": SEARCHED.model_copy(update={"gain_estimate": 0.1})},
         "a longer search may reach it"),
        ({"search": SEARCHED.model_copy(update={"gain_estimate": None})},
         "only 24 of 100 shapes were tried"),
        ({"search": SEARCHED.model_copy(update={"trials": SEARCHED.trials[:23]})},
         "only 23 of 100 shapes were tried"),
    ],
    ids=["stolen", "sharing", "gain", "no-estimate", "few"],
)  # fmt: skip
def test_a_low_rate_that_something_excuses_proves_nothing(
    changes: dict[str, Any], excuse: str, sheets: Catalogue
) -> None:
    low = product_at(125.0, 0.001)
    assert row_of(low, sheets).verdict is Verdict.SHORT
    row = row_of(low.model_copy(update=changes), sheets)
    assert (row.verdict, row.reason) == (Verdict.UNDECIDED, f"below 90%, but {excuse}")


def test_a_disturbance_does_not_take_back_what_was_reached(sheets: Catalogue) -> None:
    high = product_at(142.0, 0.001, conditions=Conditions(steal_fraction=0.05))
    row = row_of(high, sheets)
    assert (row.verdict, row.reason) == (
        Verdict.REACHED, "at or above 90%; 5% of CPU time stolen",
    )  # fmt: skip


def test_a_small_product_of_a_given_size_does_not_prove_a_chip_short(sheets: Catalogue) -> None:
    one = product_at(20, 0.01)
    for search in (None, SEARCHED.model_copy(update={"space": 2})):  # its ways: graph and eager
        for m, verdict in ((16, Verdict.UNRATED), (8192, Verdict.SHORT)):
            sides = {**one.parameters, "m": m, "n": 8192, "k": 8192}
            row = row_of(one.model_copy(update={"parameters": sides, "search": search}), sheets)
            assert (row.verdict, row.tests) == (verdict, verdict is Verdict.SHORT)
            assert ("so small a product leaves a chip idle" in row.reason) is (m == 16)


@pytest.mark.parametrize("search", [None, SEARCHED], ids=["given", "searched"])
@pytest.mark.parametrize(("intensity", "verdict"), [(36, Verdict.UNRATED), (38, Verdict.SHORT)])
def test_a_product_below_the_ridge_point_is_not_short_of_the_matrix_peak(
    intensity: float, verdict: Verdict, search: Search | None, sheets: Catalogue
) -> None:
    """Of an H20 the ridge is at 148 TFLOP/s over 4 TB/s = 37 operations per byte."""
    one = product_at(100.0, search=search)
    assert one.work
    work = one.work.model_copy(update={"bytes": one.work.flop / intensity})
    row = row_of(one.model_copy(update={"work": work}), sheets)
    assert row.verdict is verdict
    told = (
        "bound by memory: 36 operations per byte, fewer than the 37 of peak over memory bandwidth; "
        "69.4% of memory bandwidth 4000 GB/s"
    )
    assert (row.reason == told) is (verdict is Verdict.UNRATED)


@pytest.mark.parametrize(
    ("gbps", "verdict", "words"),
    [
        (2.4, Verdict.UNRATED, "does not test memory: the buffers (8.00 kB) are"),
        (3900.0, Verdict.UNRATED, "does not test memory: the buffers (8.00 kB) are"),
        (4400.0, Verdict.IMPLAUSIBLE, "a cache may explain the rate; 110.0% of the published peak"),
    ],
)
def test_a_stream_in_a_cache_is_implausible_only_above_paper(
    gbps: float, verdict: Verdict, words: str, sheets: Catalogue
) -> None:
    one = stream_at(gbps)
    assert one.work
    cached = one.model_copy(update={"work": one.work.model_copy(update={"footprint_bytes": 8e3})})
    device = CUDA.model_copy(update={"llc_bytes": 50e6})
    row = weigh(cached, device, sheets.chips[H20], sheets)
    assert row.verdict is verdict
    assert words in row.reason
    unknown = weigh(cached, device, None, sheets)
    assert (unknown.verdict, unknown.tests) == (Verdict.UNRATED, False)
    assert unknown.reasons[1].startswith("does not test memory")


def test_a_stream_in_a_cache_represents_no_figure_beside_one_that_tests_it(
    sheets: Catalogue,
) -> None:
    slow, fast = row_of(stream_at(3000), sheets), row_of(stream_at(3900, "triad"), sheets)
    assert [row for (row,) in standing([slow, replace(fast, tests=False)])] == [slow]
    assert [row for (row,) in standing([slow, fast])] == [fast]


def test_one_kernel_in_several_fixed_shapes_has_a_name_for_each(sheets: Catalogue) -> None:
    record = read(kept("h200-sxm-calibrate.json"))
    products = [one for one in rows(record, sheets) if one.measurement.kernel == "gemm"]
    assert len({one.title for one in products}) == len(products) > 10
    assert "bf16 matrix, 16 x 1024 x 8192" in {one.title for one in products}
    (alone,) = rows(record.model_copy(update={"measurements": [products[0].measurement]}), sheets)
    assert alone.title == "bf16 matrix"
