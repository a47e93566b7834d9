"""What a reader is told beside a verdict: reservations, derived peaks, shapes and rates."""

from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.judging.rates import rates
from bench.judging.throttle import Throttle
from bench.judging.titles import shape, show_bytes
from bench.judging.verdict import Row, Verdict, weigh
from bench.records.model import Conditions, DeviceInfo, Measurement, Search, Stopped, Trial, Work
from bench.units import Dimension
from tests.report.verdict_cases import CUDA, H20, product_at, row_of, stream_at


@pytest.mark.parametrize(
    ("changes", "timing", "remark"),
    [
        pytest.param({"data": "zeros"}, {}, "zero inputs flatter a power-limited chip", id="zeros"),
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
    row = weigh(product_at(142, timing=timing, **changes), CUDA, sheets.chips[H20], sheets)
    assert row.verdict is Verdict.REACHED
    assert row.reason == ("at or above 90%" if remark is None else f"at or above 90%; {remark}")


@pytest.mark.parametrize(
    ("dtype", "way", "least"),
    [("bf16", "triton", True), ("fp16", "triton", True), ("fp32", "triton", False),
     ("bf16", "avx512", False)],
)  # fmt: skip
def test_a_vector_rate_of_two_bytes_on_a_gpu_is_a_lower_bound(
    dtype: str, way: str, least: bool, sheets: Catalogue
) -> None:
    vector = product_at(66, kernel="vector", dtype=dtype, parameters={"way": way})
    row = weigh(vector, CUDA, sheets.chips[H20], sheets)
    assert ("a lower bound" in row.reason) is least


@pytest.mark.parametrize(("rate", "verdict"), [(66, "undecided"), (125, "reached")])
def test_a_lower_bound_is_never_short(rate: float, verdict: str, sheets: Catalogue) -> None:
    """The loop gives 66 of the 133.8 TFLOP/s that NVIDIA's paper on the H100 has."""
    figures = ("vector_fp16",)
    way = {"way": "triton"}
    loop = product_at(rate, kernel="vector", dtype="fp16", figures=figures, parameters=way)
    row = weigh(loop, CUDA, sheets.chips["nvidia-h100-sxm-80gb"], sheets)
    assert (row.verdict, row.reason.count("a lower bound")) == (verdict, 1)


def test_a_derived_peak_is_named_with_its_formula(sheets: Catalogue) -> None:
    row = row_of(product_at(330), sheets, "huawei-ascend-910c")
    assert row.reason == "at or above 90%; derived: 707.8 TFLOP/s / 2 dies"


def test_rates_need_work_and_time_and_take_bytes_for_bandwidth() -> None:
    sustained, burst = rates(stream_at(3700), Dimension.BYTE_RATE)
    assert sustained is not None
    assert sustained.value == pytest.approx(3.7e12)
    assert burst == pytest.approx(3.7e12 / 0.99)
    assert sustained.low < sustained.value < sustained.high
    assert rates(stream_at(3700).model_copy(update={"timing": None}), Dimension.BYTE_RATE) == (
        None,
        None,
    )
    assert rates(stream_at(3700).model_copy(update={"work": None}), Dimension.BYTE_RATE) == (
        None,
        None,
    )


@pytest.mark.parametrize(
    ("measurement", "words"),
    [
        (product_at(1), "4096 x 4096 x 8192 nt"),
        (product_at(1, data="zeros"), "4096 x 4096 x 8192 nt, zeros"),
        (stream_at(1), "2.0 GiB copy_"),
        (product_at(1, parameters={}), ""),
    ],
)
def test_a_shape_is_told_in_short(measurement: Measurement, words: str) -> None:
    assert shape(measurement) == words


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (0.0, ""), (0.004, ", best of 1 tried (more of these shapes may gain 0.4%)"),
        (None, ", best of 1 tried (more of these shapes may gain an unknown share)"),
    ],
)  # fmt: skip
def test_a_shape_that_was_found_says_what_more_searching_may_gain(
    gain: float | None, words: str
) -> None:
    tried = (Trial(parameters={}, median_s=1.0, calls=3),)
    found = Search(space=9, trials=tried, left_out=0, took_s=1.0, gain_estimate=gain,
                   chance_next_beats_at_most=0.5)  # fmt: skip
    done = product_at(1).model_copy(update={"search": found})
    assert shape(done) == f"4096 x 4096 x 8192 nt{words}"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (2**30, "1.0 GiB"),
        (1.5 * 2**30, "1.5 GiB"),
        (2**30 - 1, "1024 MiB"),
        (2**20, "1 MiB"),
        (12_000, "12 KiB"),
        (1000, "1000 B"),
        (0, "0 B"),
    ],
)
def test_buffers_are_told_in_binary_units(value: float, words: str) -> None:
    assert show_bytes(value) == words


def _on_a_cpu(
    tflops: float, sheets: Catalogue, *beside_hz: float, cpu_share: float = 1.0,
    **told_hz: float | None,
) -> Row:  # fmt: skip
    """An fp32 product on two cores of a Xeon, of which it is known what clocks were read."""
    xeon = DeviceInfo(
        backend="cpu", name="Xeon", cpu_vendor="GenuineIntel", cpu_family=6, cpu_model=207,
        isa=("avx512f",), units=2,
    ).model_copy(update=told_hz)  # fmt: skip
    one = product_at(
        tflops, 0.01, dtype="fp32", figures=("matrix_fp32", "vector_fp32"),
        conditions=Conditions(clock_hz=beside_hz, cpu_share=cpu_share),
    )  # fmt: skip
    return weigh(one, xeon, sheets.chips["intel-emerald-rapids"], sheets)


def test_a_derived_peak_is_that_of_the_highest_clock_and_carries_the_spread(
    sheets: Catalogue,
) -> None:
    """The clock was 3.1 and 3.2 GHz beside the measurement, 3.3 when the run began."""
    row = _on_a_cpu(0.3, sheets, 3.1e9, 3.2e9, clock_measured_hz=3.3e9)
    assert isinstance(row.published, Paper)
    assert row.published.value == 2 * 3.3e9 * 64
    assert row.fraction is not None
    assert row.measured is not None
    plain = row.measured.over(row.published.value)
    assert (row.fraction.value, row.fraction.low) == (plain.value, plain.low)
    assert row.fraction.high == pytest.approx(plain.high * 3.3 / 3.1)
    assert row.verdict is Verdict.SHORT


@pytest.mark.parametrize(
    ("beside_hz", "told_hz", "peak_hz", "doubt"),
    [
        pytest.param(
            (1.5e9, 1.5e9), {"clock_measured_hz": 2.8e9}, 2.8e9, "1.50 GHz to 2.80 GHz",
            id="lower-beside-the-measurement",
        ),
        pytest.param(
            (2.8e9, 2.4e9), {"clock_measured_hz": 1.5e9}, 2.8e9, "2.40 GHz to 2.80 GHz",
            id="it-moved",
        ),
        pytest.param(
            (1.4e9, 1.4e9), {"clock_measured_hz": 1.4e9, "clock_nominal_hz": 2.45e9}, 2.45e9,
            "1.40 GHz to 2.45 GHz", id="all-below-the-nominal",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("share", [0.3, 0.85, 0.95, 1.4])
def test_where_the_clock_could_not_be_told_nothing_is_decided(
    beside_hz: tuple[float, ...],
    told_hz: dict[str, float],
    peak_hz: float,
    doubt: str,
    share: float,
    sheets: Catalogue,
) -> None:
    peak = 2 * peak_hz * 64
    row = _on_a_cpu(share * peak / 1e12, sheets, *beside_hz, **told_hz)
    assert isinstance(row.published, Paper)
    assert row.published.value == peak
    assert row.verdict is Verdict.UNDECIDED
    assert row.reason.startswith(f"the clock could not be told: {doubt} (")


def test_readings_within_a_tenth_tell_the_clock(sheets: Catalogue) -> None:
    peak = 2 * 3.3e9 * 64 / 1e12
    told = {"clock_measured_hz": 3.3e9, "clock_nominal_hz": 2.3e9}
    assert _on_a_cpu(0.95 * peak, sheets, 3.0e9, 3.1e9, **told).verdict is Verdict.REACHED
    assert _on_a_cpu(0.5 * peak, sheets, 3.0e9, 3.1e9, **told).verdict is Verdict.SHORT


def test_beside_a_neighbours_thread_a_low_rate_proves_nothing(sheets: Catalogue) -> None:
    row = row_of(
        product_at(70, conditions=Conditions(throttle=(Throttle.SHARED_CORE,))),
        sheets,
        "nvidia-h20-sxm-96gb",
    )
    assert row.verdict is Verdict.UNDECIDED
    assert row.reason == "below 90%, but a neighbour's thread shared its cores"


def test_more_than_a_neighbour_can_take_is_implausible_at_any_clock(sheets: Catalogue) -> None:
    peak = 2 * 2.8e9 * 64 / 1e12
    row = _on_a_cpu(2.1 * peak, sheets, 1.5e9, 1.5e9, clock_measured_hz=2.8e9)
    assert row.verdict is Verdict.IMPLAUSIBLE


@pytest.mark.parametrize(("times", "implausible"), [(1.9, False), (2.1, True), (1e6, True)])
def test_a_disturbance_excuses_no_more_than_a_neighbour_can_take(
    times: float,
    implausible: bool,
    sheets: Catalogue,
) -> None:
    """The clock that the peak is derived from may have been read too low, but not by any factor."""
    row = _on_a_cpu(times * 2 * 2.8e9 * 64 / 1e12, sheets, 2.8e9, 2.8e9, cpu_share=0.48)
    assert (row.verdict is Verdict.IMPLAUSIBLE) is implausible


def test_a_rate_above_a_derived_peak_names_the_clock_and_the_formula(sheets: Catalogue) -> None:
    """The sheet of a model prints a boost clock; the peak was not printed for it."""
    peak = 2 * 3.0e9 * 64 / 1e12
    row = _on_a_cpu(1.4 * peak, sheets, 3.0e9, 3.0e9, clock_measured_hz=3.0e9)
    assert row.verdict is Verdict.IMPLAUSIBLE
    assert row.reason == (
        "140.0% of the derived peak: check units, dtype, shape, clock and timer; "
        "derived: 2 cores x 3.00 GHz (clock measured here) x 64 FLOP/cycle"
    )


@pytest.mark.parametrize(
    ("seconds", "rested", "throttle", "low", "remark"),
    [
        (0.6, 1.12, Throttle.POWER_CAP, 0.965, "only 0.6 s at a power cap: its swings widen the"),
        (2.5, 1.12, Throttle.POWER_CAP, 0.999, ""),
        (0.6, 1.01, Throttle.POWER_CAP, 0.999, ""),
        (0.6, 1.12, Throttle.IDLE, 0.999, ""),
    ],
    ids=["short", "two-swings", "as-fast-as-rested", "no-cap"],
)
def test_half_a_second_at_a_power_cap_has_the_interval_of_its_swings(
    seconds: float, rested: float, throttle: str, low: float, remark: str, sheets: Catalogue
) -> None:
    """Medians of half a second of an H200 at its cap were up to 3.5% apart, and called ±0.7%."""
    one = product_at(100, conditions=Conditions(throttle=(throttle,)))
    assert one.timing
    call_s = one.timing.stats.median_s
    timing = one.timing.model_copy(
        update={
            "samples_s": (call_s,) * len(one.timing.samples_s), "warmup_s": 0.0,
            "batch_calls": round(seconds / call_s / len(one.timing.samples_s)),
            "rested_s": (call_s / rested,),
        }
    )  # fmt: skip
    row = weigh(one.model_copy(update={"timing": timing}), CUDA, sheets.chips[H20], sheets)
    assert row.measured
    assert row.measured.value == pytest.approx(100e12)
    assert row.measured.low / row.measured.value == pytest.approx(low, rel=0.002)
    assert (remark in row.reason) if remark else ("power cap" not in row.reason)


@pytest.mark.parametrize(
    ("flop", "figures", "quantity", "told"),
    [
        (117e9, ("memory_bandwidth",), "byte_rate", "above the ridge of 37: 79.1% of bf16 matrix"),
        (10e9, ("memory_bandwidth",), "byte_rate", ""),
        (10e9, ("matrix_bf16",), "flop_rate", "below the ridge of 37: 25.0% of memory bandwidth"),
        (117e9, ("matrix_bf16",), "flop_rate", ""),
    ],
    ids=["mla-decode", "decode", "few-tokens", "prefill"],
)
def test_work_beyond_the_ridge_is_set_beside_the_roof_that_bounds_it(
    flop: float, figures: tuple[str, ...], quantity: str, told: str, sheets: Catalogue
) -> None:
    """MLA decode (235 FLOP/B) was shown as 20.7% of bandwidth only, 16 experts' prefill of peak."""
    work = Work(flop=flop, bytes=1e9, footprint_bytes=1e9, formula="-")
    one = product_at(
        1, work=work, figures=figures, quantity=quantity, decides=False, kernel="attention",
        parameters={},
    )  # fmt: skip
    reason = weigh(one, CUDA, sheets.chips[H20], sheets).reason
    assert (told in reason) if told else ("ridge" not in reason)


def test_a_copy_to_a_peer_says_which_device_that_is(sheets: Catalogue) -> None:
    one = stream_at(400.0, observed={"peer": 3.0})
    assert "the peer is device 3" in row_of(one, sheets).reason


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"ecc_corrected": 0.0, "ecc_uncorrected": 0.0}, []),
        ({"ecc_corrected": 3.0, "ecc_uncorrected": 0.0}, ["memory errors, corrected: 3"]),
        ({"ecc_corrected": 0.0, "ecc_uncorrected": 1.0}, ["memory errors, uncorrected: 1"]),
    ],
)
def test_memory_errors_during_a_measurement_are_told(
    seen: dict[str, float | str], told: list[str], sheets: Catalogue
) -> None:
    row = row_of(stream_at(3900.0, observed=seen), sheets)
    assert [one for one in row.reasons if "memory errors" in one] == told
