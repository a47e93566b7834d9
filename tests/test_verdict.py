"""What a measurement says of a published figure, and what a reader is told beside it."""

from dataclasses import astuple
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.paper import Absent, Paper
from bench.rates import rates
from bench.records.model import (
    Check,
    Conditions,
    DeviceInfo,
    Identity,
    Measurement,
    Record,
    Search,
    Stats,
    Stopped,
    Timing,
    Trial,
    Work,
)
from bench.report.summary import summary
from bench.report.table import build
from bench.standing import standing
from bench.titles import shape, show_bytes
from bench.units import Dimension
from bench.verdict import Row, Verdict, judge, rows, weigh

H20 = "nvidia-h20-sxm-96gb"
CUDA = DeviceInfo(backend="cuda", name="NVIDIA H20")
BEST_S = 1e-3
SEARCHED = Search(
    space=100, trials=(Trial(parameters={"m": 1}, median_s=1.0, calls=3),), left_out=0, took_s=1.0,
    gain_estimate=0.0, chance_next_beats_at_most=0.1,
)  # fmt: skip


def _timing(median_s: float, half: float, **changes: Any) -> Timing:
    stats = Stats(
        median_s=median_s,
        low_s=median_s * (1 - half),
        high_s=median_s * (1 + half),
        level=0.95,
        burst_s=median_s * 0.99,
        burst_window_s=0.01,
        samples=4,
        effective_samples=4,
    )
    plain = Timing(
        batch_calls=1,
        samples_s=(median_s,) * 4,
        at_s=(0.0, 1.0, 2.0, 3.0),
        warmup_s=0.1,
        wall_ratio=0.99,
        stats=stats,
        stopped=Stopped(reason="converged", precision=half, wanted=0.01),
    )
    return plain.model_copy(update=changes)


def _gemm(
    tflops: float, half: float = 0.001, timing: dict[str, Any] | None = None, **changes: Any
) -> Measurement:
    """A bf16 product at ``tflops``, its interval ``half`` wide to each side."""
    plain = Measurement(
        kernel="gemm",
        dtype="bf16",
        data="normal",
        figures=("matrix_bf16", "vector_bf16"),
        status="ok",
        parameters={"m": 4096, "n": 4096, "k": 8192, "layout": "nt"},
        work=Work(flop=tflops * 1e12 * BEST_S, bytes=1e9, footprint_bytes=1e9, formula="2 m n k"),
        timing=_timing(BEST_S, half, **(timing or {})),
    )
    return plain.model_copy(update=changes)


def _copy(gbps: float, stream: str = "copy", **changes: Any) -> Measurement:
    """A memory stream at ``gbps``."""
    moved = gbps * 1e9 * BEST_S
    return _gemm(
        1.0,
        kernel="memory",
        dtype="fp32",
        figures=("memory_bandwidth",),
        parameters={"stream": stream, "elements": 10, "way": "copy_"},
        work=Work(flop=0, bytes=moved, footprint_bytes=2**31, formula="2 n"),
        **changes,
    )


def _judge(
    measurement: Measurement, sheets: Catalogue, chip: str | None = H20, margin: float = 0.10
) -> Row:
    sheet = sheets.chips[chip] if chip else None
    return judge(measurement, CUDA, sheet, sheets, margin=margin)


def _record(record: Record, *measurements: Measurement, chip: str | None = H20) -> Record:
    return record.model_copy(
        update={
            "measurements": measurements,
            "device": CUDA,
            "identity": Identity(state="matched" if chip else "unknown", chip=chip),
        }
    )


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
    row = _judge(_gemm(tflops, half), sheets)
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
    row = _judge(_gemm(0.85 * 148), sheets, margin=margin)
    assert (row.verdict, row.reason) == (verdict, reason)


def test_a_row_holds_the_whole_comparison(sheets: Catalogue) -> None:
    row = _judge(_gemm(142.0, 0.01), sheets)
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
    timed = _gemm(140, status=status, reason=reason, work=None)
    row = _judge(timed.model_copy(update={"timing": None}), sheets)
    assert (row.verdict, row.reason) == (verdict, told or reason)
    assert (row.measured, row.burst, row.fraction, row.rivals) == (None, None, None, ())


def test_a_failed_measurement_is_failed_even_where_it_was_timed(sheets: Catalogue) -> None:
    row = _judge(_gemm(140, status="failed", reason="the result is wrong"), sheets)
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
    row = _judge(_gemm(140, figures=figures), sheets, chip)
    assert (row.verdict, row.reason, row.published) == (Verdict.UNRATED, reason, Absent(reason))
    assert row.measured is not None
    assert row.fraction is None


@pytest.mark.parametrize(
    ("measurement", "words"),
    [
        pytest.param(_gemm(148.2), "100.1% of the published peak", id="above-the-peak"),
        pytest.param(
            _gemm(140, spot_check=Check(passed=False, error=1.0, tolerance=0.1, shape="-")),
            "it was optimised away or left out",
            id="eliminated",
        ),
        pytest.param(_gemm(140, timing={"wall_ratio": 0.02}), "not timed", id="wrong-stream"),
        pytest.param(_gemm(9999), "it is above every peak of the sheet", id="above-all"),
    ],
)
def test_a_doubtful_rate_is_implausible_and_judges_no_figure_and_no_rival(
    measurement: Measurement, words: str, sheets: Catalogue
) -> None:
    row = _judge(measurement, sheets)
    assert row.verdict is Verdict.IMPLAUSIBLE
    assert words in row.reason
    assert row.rivals == ()


def test_a_doubtful_rate_is_implausible_though_nothing_is_published(sheets: Catalogue) -> None:
    row = _judge(_gemm(140, timing={"wall_ratio": 0.02}), sheets, None)
    assert row.verdict is Verdict.IMPLAUSIBLE


def test_all_doubts_are_told(sheets: Catalogue) -> None:
    spot = Check(passed=False, error=1.0, tolerance=0.1, shape="-")
    row = _judge(_gemm(9999, timing={"wall_ratio": 0.02}, spot_check=spot), sheets)
    assert [part.split(" ")[0] for part in row.reason.split("; ")] == ["the", "the", "6756.1%"]


def test_the_highest_clock_seen_explains_a_rate_above_its_peak(sheets: Catalogue) -> None:
    conditions = Conditions(at_s=(0.0, 1.0), clock_hz=(1.5e9, 1.98e9))
    row = _judge(_gemm(1040, conditions=conditions), sheets, "nvidia-h100-sxm-80gb")
    assert row.verdict is Verdict.IMPLAUSIBLE
    assert "the clock reaches 1.98 GHz" in row.reason


@pytest.mark.parametrize(
    ("changes", "timing", "remark"),
    [
        pytest.param(
            {"data": "zeros"}, {}, "zeros inputs flatter a power-limited chip", id="zeros"
        ),
        pytest.param(
            {"data": "constant"}, {}, "constant inputs flatter a power-limited chip", id="constant"
        ),
        pytest.param({"data": "normal"}, {}, None, id="normal"),
        pytest.param(
            {},
            {"stopped": Stopped(reason="noisy", precision=0.03, wanted=0.01)},
            "noisy",
            id="noisy",
        ),
        pytest.param(
            {},
            {"stopped": Stopped(reason="budget", precision=0.03, wanted=0.01)},
            None,
            id="out-of-time",
        ),
        pytest.param({}, {"disturbed": (0, 1, 2)}, "most samples disturbed", id="disturbed"),
        pytest.param({}, {"disturbed": (0, 1)}, None, id="half-disturbed"),
        pytest.param(
            {"conditions": Conditions(throttle=("hardware slowdown", "software power cap"))},
            {},
            "throttled: hardware slowdown",
            id="throttled",
        ),
        pytest.param(
            {"conditions": Conditions(throttle=("idle", "software power cap"))},
            {},
            None,
            id="power-cap-is-the-part-at-work",
        ),
        pytest.param(
            {"conditions": Conditions(steal_fraction=0.12)},
            {},
            "12% of CPU time stolen",
            id="steal",
        ),
        pytest.param({"conditions": Conditions(steal_fraction=0.02)}, {}, None, id="little-steal"),
    ],
)
def test_a_verdict_says_what_a_reader_must_weigh(
    changes: dict[str, Any], timing: dict[str, Any], remark: str | None, sheets: Catalogue
) -> None:
    row = weigh(_gemm(142, timing=timing, **changes), CUDA, sheets.chips[H20], sheets)
    assert row.verdict is Verdict.REACHED
    assert row.reason == ("at or above 90%" if remark is None else f"at or above 90%; {remark}")


def test_a_time_without_counted_work_is_unrated(sheets: Catalogue) -> None:
    row = _judge(_gemm(142).model_copy(update={"work": None}), sheets)
    assert (row.verdict, row.reason, row.fraction) == (
        Verdict.UNRATED,
        "the work of a call was not counted",
        None,
    )


def test_a_derived_peak_is_named_with_its_formula(sheets: Catalogue) -> None:
    row = _judge(_gemm(330), sheets, "huawei-ascend-910c")
    assert row.reason == "at or above 90%; derived: 707.8 TFLOP/s / 2 dies"


def test_every_measurement_of_a_record_has_its_row_in_order(
    record: Record, sheets: Catalogue
) -> None:
    made = _record(record, _copy(3700), _gemm(142), _gemm(50, figures=("matrix_fp8",)))
    assert [(row.key, row.verdict) for row in rows(made, sheets)] == [
        ("memory_bandwidth", Verdict.REACHED),
        ("matrix_bf16", Verdict.REACHED),
        ("matrix_fp8", Verdict.SHORT),
    ]
    unknown = _record(record, _copy(3700), chip=None)
    assert [row.verdict for row in rows(unknown, sheets)] == [Verdict.UNRATED]


def test_of_each_figure_the_plain_form_stands_first_then_the_fastest(sheets: Catalogue) -> None:
    made = (
        _gemm(141, label="mx"), _gemm(120), _gemm(125), _gemm(146, label="fast"),
        _gemm(147, decides=False), _gemm(147, group="curve"), _gemm(147, data="zeros"),
        _copy(3600, label="copy"), _copy(3700, "add", label="add"),
        _gemm(200, figures=("matrix_fp8",), label="mxfp8"),
    )  # fmt: skip
    found = list(standing(_judge(one, sheets) for one in made))
    told = [
        [(row.title, round(row.measured.value / 1e12, 1)) for row in one if row.measured]
        for one in found
    ]
    assert told == [
        [("bf16 matrix", 125.0), ("bf16 matrix, fast", 146.0), ("bf16 matrix, mx", 141.0)],
        [("memory bandwidth, add", 3.7)],
        [("fp8 matrix, mxfp8", 200.0)],
    ]


def test_the_summary_speaks_of_the_best_stream_and_counts_nothing_implausible(
    record: Record, sheets: Catalogue
) -> None:
    made = _record(
        record,
        _copy(3700, "copy"),
        _copy(3900, "read"),
        _copy(9999, "triad"),
        _gemm(100),
        _gemm(2000, figures=("matrix_fp8",), dtype="fp8"),
        _gemm(1, figures=("matrix_fp4",)),
    )
    assert summary(rows(made, sheets)) == [
        "Reached: memory bandwidth, read reaches 98% of paper.",
        "Short: bf16 matrix reaches 68% of paper.",
        "Implausible and not counted: memory bandwidth, triad, fp8 matrix.",
    ]


def test_a_summary_lists_several_figures_of_one_verdict(record: Record, sheets: Catalogue) -> None:
    made = _record(record, _copy(3900), _gemm(142), _gemm(290, figures=("matrix_fp8",)))
    assert summary(rows(made, sheets)) == [
        "Reached: memory bandwidth, copy reaches 98% of paper, bf16 matrix 96%, fp8 matrix 98%."
    ]


def test_nothing_measured_has_no_summary() -> None:
    assert summary([]) == []


def test_the_report_says_which_rival_a_rate_rules_out(record: Record, sheets: Catalogue) -> None:
    made = _record(record, _gemm(142.3))
    (cells,) = build(made, rows(made, sheets), sheets)[0].cells
    achieved = cells[4]
    assert "of rival 74 TFLOP/s, which it rules out" in achieved
    assert "of rival 147 TFLOP/s [" in achieved


def test_the_report_lets_an_implausible_rate_rule_nothing_out(
    record: Record, sheets: Catalogue
) -> None:
    made = _record(record, _gemm(500))
    (cells,) = build(made, rows(made, sheets), sheets)[0].cells
    assert "rival" not in cells[4]
    assert cells[5].startswith("implausible: 337.8% of the published peak")


def test_rates_need_work_and_time_and_take_bytes_for_bandwidth() -> None:
    sustained, burst = rates(_copy(3700), Dimension.BYTE_RATE)
    assert sustained is not None
    assert sustained.value == pytest.approx(3.7e12)
    assert burst == pytest.approx(3.7e12 / 0.99)
    assert sustained.low < sustained.value < sustained.high
    assert rates(_copy(3700).model_copy(update={"timing": None}), Dimension.BYTE_RATE) == (
        None,
        None,
    )
    assert rates(_copy(3700).model_copy(update={"work": None}), Dimension.BYTE_RATE) == (None, None)


@pytest.mark.parametrize(
    ("measurement", "words"),
    [
        (_gemm(1), "4096 x 4096 x 8192 nt"),
        (_gemm(1, data="zeros"), "4096 x 4096 x 8192 nt, zeros"),
        (_copy(1), "2.0 GiB copy_"),
        (_gemm(1, parameters={}), ""),
    ],
)
def test_a_shape_is_told_in_short(measurement: Measurement, words: str) -> None:
    assert shape(measurement) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(2**30, "1.0 GiB"), (1.5 * 2**30, "1.5 GiB"), (2**30 - 1, "1024 MiB"), (2**20, "1 MiB")],
)
def test_buffers_are_told_in_binary_units(value: float, words: str) -> None:
    assert show_bytes(value) == words


@pytest.mark.parametrize(
    ("changes", "excuse"),
    [
        ({"conditions": Conditions(steal_fraction=0.05)}, "5% of CPU time stolen"),
        ({"conditions": Conditions(cpu_share=0.5)}, "the process got 50% of its cores' time"),
        ({"search": SEARCHED.model_copy(update={"gain_estimate": 0.1})},
         "a longer search may reach it"),
        ({"search": SEARCHED.model_copy(update={"gain_estimate": None})},
         "only 1 shapes were tried"),
    ],
    ids=["stolen", "sharing", "gain", "few"],
)  # fmt: skip
def test_a_low_rate_that_something_excuses_proves_nothing(
    changes: dict[str, Any], excuse: str, sheets: Catalogue
) -> None:
    low = _gemm(125.0, 0.001)
    assert _judge(low, sheets).verdict is Verdict.SHORT
    row = _judge(low.model_copy(update=changes), sheets)
    assert (row.verdict, row.reason) == (Verdict.UNDECIDED, f"below 90%, but {excuse}")


def test_a_disturbance_does_not_take_back_what_was_reached(sheets: Catalogue) -> None:
    high = _gemm(142.0, 0.001, conditions=Conditions(steal_fraction=0.05))
    row = _judge(high, sheets)
    assert (row.verdict, row.reason) == (
        Verdict.REACHED, "at or above 90%; 5% of CPU time stolen",
    )  # fmt: skip


def test_a_derived_peak_follows_the_clock_and_carries_its_spread(sheets: Catalogue) -> None:
    """The clock was 2.8 and 3.2 GHz beside the measurement, 3.4 when the run began."""
    xeon = DeviceInfo(
        backend="cpu", name="Xeon", cpu_vendor="GenuineIntel", cpu_family=6, cpu_model=207,
        isa=("avx512f",), units=2, clock_measured_hz=3.4e9,
    )  # fmt: skip
    seen = _gemm(
        0.3, 0.01, dtype="fp32", figures=("matrix_fp32", "vector_fp32"),
        conditions=Conditions(clock_hz=(2.8e9, 3.2e9)),
    )  # fmt: skip
    row = judge(seen, xeon, sheets.chips["intel-emerald-rapids"], sheets)
    assert isinstance(row.published, Paper)
    assert row.published.value == 2 * 3.0e9 * 64
    assert row.fraction is not None
    assert row.measured is not None
    plain = row.measured.over(row.published.value)
    assert row.fraction.value == plain.value
    assert row.fraction.low == pytest.approx(plain.low * 3.0 / 3.2)
    assert row.fraction.high == pytest.approx(plain.high * 3.0 / 2.8)


def test_a_small_product_of_a_given_size_does_not_prove_a_chip_short(sheets: Catalogue) -> None:
    one = _gemm(20, 0.01)
    sides = {side: 16 if side == "m" else 8192 for side in ("m", "n", "k")}
    small = _judge(one.model_copy(update={"parameters": {**one.parameters, **sides}}), sheets)
    large = dict.fromkeys(("m", "n", "k"), 8192)
    big = _judge(one.model_copy(update={"parameters": {**one.parameters, **large}}), sheets)
    assert small.verdict is Verdict.UNDECIDED
    assert "so small a size leaves a chip idle" in small.reason
    assert big.verdict is Verdict.SHORT
