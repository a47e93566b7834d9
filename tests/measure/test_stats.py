"""The statistics: intervals of the median, autocorrelation, the burst window."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from bench.measure.stats import (
    BURST_WINDOW_S,
    LEVEL,
    autocorrelation_time,
    best_window,
    burst,
    describe,
    half_width,
    median_interval,
    student_quantile,
)
from bench.records.model import Stats

SERIES = st.lists(st.floats(1e-6, 10.0), min_size=1, max_size=60)


def white(count: int, seed: int = 1) -> list[float]:
    """Independent samples about 1."""
    return [float(one) for one in 1 + 0.01 * np.random.default_rng(seed).standard_normal(count)]


def autoregressive(count: int, coefficient: float, seed: int = 1) -> list[float]:
    """First-order autoregression of unit size about 10."""
    steps = np.random.default_rng(seed).standard_normal(count) * math.sqrt(1 - coefficient**2)
    state, series = 0.0, []
    for step in steps:
        state = coefficient * state + float(step)
        series.append(10 + state)
    return series


@pytest.mark.parametrize("freedom", [2, 3, 4, 5, 8, 12, 20, 50, 200, 5000])
@pytest.mark.parametrize("probability", [0.9, 0.95, 0.975])
def test_the_students_quantile_is_good_to_one_percent(freedom: int, probability: float) -> None:
    exact = float(oracle.t.ppf(probability, freedom))
    assert student_quantile(probability, freedom) == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_with_few_samples_the_bounds_are_the_extremes(count: int) -> None:
    values = [float(one) for one in range(count)]
    assert median_interval(values) == ((count - 1) / 2, 0.0, count - 1.0, float(count))


@pytest.mark.parametrize("count", [10, 13, 25, 60, 101, 400])
def test_without_caution_the_ranks_are_those_of_the_binomial(count: int) -> None:
    values = [float(one) for one in np.random.default_rng(count).permutation(count)]
    tau = autocorrelation_time(values)
    _, low, high, effective = median_interval(values, caution=1.0)
    ranks = oracle.binom.ppf([0.025, 0.975], count, 0.5)
    assert effective == pytest.approx(count / tau)
    assert low <= ranks[0]
    assert high >= ranks[1] - 1
    slack = 2 + (math.sqrt(tau) * 1.2 - 1) * (ranks[1] - ranks[0])
    assert high - low <= ranks[1] - ranks[0] + slack


@pytest.mark.parametrize("count", [12, 40, 150])
def test_the_interval_holds_the_median_of_independent_samples_as_often_as_it_says(
    count: int,
) -> None:
    hits = 0
    for seed in range(400):
        _, low, high, _ = median_interval(white(count, seed))
        hits += low <= 1.0 <= high
    assert hits / 400 >= LEVEL


@pytest.mark.parametrize("count", [100, 400, 1500])
def test_white_noise_has_an_autocorrelation_time_of_one(count: int) -> None:
    times = [autocorrelation_time(white(count, seed)) for seed in range(20)]
    assert np.median(times) == pytest.approx(1.0, abs=0.35)


@pytest.mark.parametrize("coefficient", [0.5, 0.7, 0.9])
def test_an_autoregression_has_the_autocorrelation_time_of_its_signs(coefficient: float) -> None:
    """The signs of a Gaussian series correlate as 2/pi arcsin of its own correlation."""
    lags = np.arange(1, 400)
    theory = 1 + 2 * float((2 / math.pi * np.arcsin(coefficient**lags)).sum())
    times = [autocorrelation_time(autoregressive(4000, coefficient, seed)) for seed in range(10)]
    assert np.median(times) == pytest.approx(theory, rel=0.15)


@pytest.mark.parametrize(
    "values",
    [[1.0] * 50, [1.0, 2.0] * 30, [1.0] * 8 + [2.0], [1.0, 2.0, 3.0]],
    ids=["constant", "alternating", "one off", "few"],
)
def test_what_does_not_drift_has_an_autocorrelation_time_of_one(values: list[float]) -> None:
    assert autocorrelation_time(values) == 1.0


def test_a_step_leaves_few_effective_samples() -> None:
    assert median_interval([1.0] * 100 + [2.0] * 100)[3] < 5


@pytest.mark.parametrize(
    ("samples_s", "batch", "window_s", "expected"),
    [
        ([0.04, 0.02, 0.03], 1, 0.02, 0.02),  # a sample fills the window
        ([0.01, 0.02, 0.01, 0.01, 0.03, 0.01, 0.01, 0.01], 1, 0.02, 0.01),  # two samples do
        ([0.01, 0.02, 0.01, 0.02, 0.03, 0.02, 0.03, 0.03], 1, 0.04, 0.04 / 3),  # three do
        ([0.001, 0.003, 0.002], 10, 0.02, 0.002),  # in batches of ten, two samples at the least
        ([0.006, 0.005, 0.004, 0.006, 0.005], 1, 0.02, 0.005),  # four of five samples do
        ([0.5], 1, 0.02, 0.5),
        ([1e30, 1e30], 1, 0.02, 1e30),
    ],
)
def test_the_burst_is_the_mean_of_the_fastest_window(
    samples_s: list[float], batch: int, window_s: float, expected: float
) -> None:
    found = burst(samples_s, batch, window_s)
    assert found is not None
    assert found[0] == pytest.approx(expected, rel=1e-12)
    assert found[1] >= window_s * (1 - 1e-9)


def test_a_series_shorter_than_a_window_has_no_burst() -> None:
    assert burst([0.004, 0.003, 0.004, 0.004], 1) is None
    assert burst([0.005] * 4, 1) == pytest.approx((0.005, 0.02))


@pytest.mark.parametrize(
    ("samples_s", "rested_s", "expected"),
    [
        ([0.005] * 6, [0.004] * 5, (0.004, 0.02)),
        ([0.005] * 6, [0.003] * 6, (0.005, 0.02)),  # 18 ms after the rest: too short for a burst
        ([0.005] * 6, [0.006] * 6, (0.005, 0.02)),
        ([0.002] * 6, [0.001] * 6, (0.002, 0.012)),  # neither is long enough: all samples
        ([0.002] * 6, [0.004] * 6, (0.002, 0.02)),
    ],
)
def test_the_best_window_is_never_a_part_of_one(
    samples_s: list[float], rested_s: list[float], expected: tuple[float, float]
) -> None:
    assert best_window(samples_s, 1, rested_s) == pytest.approx(expected)


def test_a_series_is_described_whole() -> None:
    assert describe([0.004, 0.002, 0.003], 10) == Stats(
        median_s=0.003, low_s=0.002, high_s=0.004, level=LEVEL, burst_s=0.002,
        burst_window_s=0.02, samples=3, effective_samples=3.0,
    )  # fmt: skip


def test_the_window_recorded_is_the_one_that_was_found() -> None:
    assert describe([1e-6] * 20, 10).burst_window_s == pytest.approx(2e-4)
    assert describe([0.005] * 20, 1).burst_window_s == pytest.approx(BURST_WINDOW_S)
    assert describe([0.5] * 20, 1).burst_window_s == pytest.approx(0.5)


def test_the_half_width_is_relative_to_the_median() -> None:
    assert half_width([3.0, 1.0, 2.0]) == 0.5


def test_a_median_of_zero_has_no_relative_half_width() -> None:
    assert half_width([0.0, 0.0, 0.0]) == math.inf


@given(SERIES)
def test_low_median_and_high_are_in_order_and_within_the_samples(values: list[float]) -> None:
    median, low, high, effective = median_interval(values)
    assert min(values) <= low <= median <= high <= max(values)
    assert 1.0 <= effective <= len(values)


@given(SERIES, st.integers(-20, 20))
def test_a_change_of_unit_changes_nothing_else(values: list[float], power: int) -> None:
    factor = 2.0**power  # exact in floating point
    median, low, high, effective = median_interval(values)
    scaled = median_interval([factor * value for value in values])
    assert scaled == (factor * median, factor * low, factor * high, effective)


@given(SERIES)
def test_more_caution_never_narrows_the_interval(values: list[float]) -> None:
    _, low, high, _ = median_interval(values, caution=1.0)
    _, wider_low, wider_high, _ = median_interval(values, caution=2.0)
    assert wider_low <= low <= high <= wider_high


@given(SERIES, st.integers(1, 1000))
def test_the_burst_lies_between_the_fastest_sample_and_the_median(
    values: list[float], batch: int
) -> None:
    fastest, window_s = best_window(values, batch)
    assert min(values) * (1 - 1e-6) <= fastest <= float(np.median(values))
    assert 0 < window_s <= math.fsum(values) * batch * (1 + 1e-6)
