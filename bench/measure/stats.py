"""The median with an interval that accounts for autocorrelation, and the best short window.

The interval is the distribution-free one from order statistics (David & Nagaraja, Order Statistics,
7.1): ranks n/2 ± z sqrt(n tau)/2. Samples of a busy machine are not independent, so n is divided by
the autocorrelation time tau of the signs about the median: 1 + 2 x the sum of their correlations,
by pairs of lags from lag 1 on, as long as the pair sums are positive, made non-increasing. That is
Geyer's initial monotone sequence (Geyer 1992, Statistical Science 7:473), whose own pairs begin
with lag 0. Stopping once the interval is narrow biases it to be too narrow; ``CAUTION``
compensates for that, and Student's quantile for estimating tau from few independent samples. A
test checks the coverage.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bench.records.model import ROUNDING, Stats

LEVEL = 0.95
CAUTION = 1.3
"""Factor on the interval's half-width in ranks."""
BURST_WINDOW_S = 0.02
"""Least duration of the best short window, in s."""

Floats = NDArray[np.float64]


def autocorrelation_time(values: Sequence[float] | Floats) -> float:
    """Returns how many samples are worth one independent sample, at least 1.

    Computed on the signs about the median, since the median's error depends on those alone.
    """
    series = np.asarray(values, dtype=np.float64)
    signs = np.sign(series - np.median(series))
    spread = float(signs @ signs)
    if len(signs) < 8 or spread == 0.0:
        return 1.0
    signs = signs - signs.mean()
    rho = np.array([float(signs[lag:] @ signs[: len(signs) - lag]) for lag in range(_lags(series))])
    rho = rho / max(rho[0], 1e-300)
    pairs = rho[1:-1:2] + rho[2::2]
    stop = int(np.argmax(pairs <= 0)) if (pairs <= 0).any() else len(pairs)
    tau = 1.0 + 2.0 * float(np.minimum.accumulate(pairs[:stop]).sum()) if stop else 1.0
    return min(max(1.0, tau), len(series) / 2)


def _lags(series: Floats) -> int:
    """Returns an odd number of lags, a third of the series and 200 at the most."""
    lags = min(len(series) // 3, 200)
    return lags - 1 + lags % 2


def median_interval(
    values: Sequence[float] | Floats, caution: float = CAUTION
) -> tuple[float, float, float, float]:
    """Returns median, low and high bound, and the effective number of samples.

    With fewer effective samples than ``LEVEL`` needs, the bounds are the extremes.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    count = len(ordered)
    tau = autocorrelation_time(values)
    quantile = student_quantile(0.5 + LEVEL / 2, max(1.0, count / tau - 1)) * caution
    half = quantile * math.sqrt(count * tau) / 2
    low = max(0, math.floor((count - 1) / 2 - half))
    high = min(count - 1, math.ceil((count - 1) / 2 + half))
    return float(np.median(ordered)), float(ordered[low]), float(ordered[high]), count / tau


def student_quantile(probability: float, freedom: float) -> float:
    """Returns Student's quantile by the Cornish-Fisher series (Abramowitz & Stegun 26.7.5).

    Good to 1% from two degrees of freedom on. A tenth too small at one, where the bounds of
    ``median_interval`` are the extremes anyway.
    """
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))


def burst(
    samples_s: Sequence[float], batch: int, window_s: float = BURST_WINDOW_S
) -> tuple[float, float] | None:
    """Returns call time and duration, in s, of the fastest window of consecutive samples.

    Args:
        samples_s: seconds per call, one value per sample.
        batch: calls in a sample.
        window_s: least duration of a window, in s; a window has the fewest samples that last it.

    Returns:
        None if the whole series is shorter than that.
    """
    series = np.asarray(samples_s, dtype=np.float64)
    sums = np.cumsum(np.concatenate(([0.0], series)))
    ends = np.searchsorted(sums, sums + window_s / batch * (1 - ROUNDING))
    ends = np.maximum(ends, np.arange(1, len(sums) + 1))  # beside 1e30 s a window is nothing
    starts = np.flatnonzero(ends < len(sums))
    if not len(starts):
        return None
    ends = ends[starts]
    spans = sums[ends] - sums[starts]
    means = spans / (ends - starts)
    best = int(means.argmin())
    return min(float(np.median(series)), float(means[best])), float(spans[best]) * batch


def best_window(
    samples_s: Sequence[float], batch: int, rested_s: Sequence[float] = ()
) -> tuple[float, float]:
    """Returns call time and duration, in s, of the best window of two series.

    Where neither is as long as a window, it is the whole of ``samples_s``, with its median.
    """
    middle = float(np.median(np.asarray(samples_s, dtype=np.float64)))
    windows = [burst(series, batch) for series in (samples_s, rested_s) if series]
    found = [one for one in windows if one is not None]
    call_s, window_s = min(found, default=(middle, math.fsum(samples_s) * batch))
    return min(middle, call_s), window_s


def describe(samples_s: Sequence[float], batch: int, rested_s: Sequence[float] = ()) -> Stats:
    """Returns the statistics of a series of call times.

    Args:
        samples_s: seconds per call, one value per sample.
        batch: calls in a sample.
        rested_s: the same for samples right after a rest, among which the best window may be.
    """
    median, low, high, effective = median_interval(samples_s)
    burst_s, window_s = best_window(samples_s, batch, rested_s)
    return Stats(
        median_s=median,
        low_s=low,
        high_s=high,
        level=LEVEL,
        burst_s=burst_s,
        burst_window_s=window_s,
        samples=len(samples_s),
        effective_samples=effective,
    )


def half_width(values: Sequence[float] | Floats) -> float:
    """Returns the half-width of the median's interval, relative to the median."""
    median, low, high, _ = median_interval(values)
    return (high - low) / 2 / median if median > 0 else math.inf
