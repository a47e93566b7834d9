"""The speed of a measurement, with a standard error derived from its interval.

A record's interval of the median allows for autocorrelation (``bench.measure.stats``). It is based
on ranks, which end at the extremes. For the small error levels that many comparisons need,
Student's quantile is used instead, with one degree of freedom less than effective samples.
"""

import math
from itertools import pairwise

from scipy.special import stdtrit

from bench.gate.model import Clock, Speed
from bench.judging import energy
from bench.judging.rates import held_back_s, rates
from bench.judging.throttle import SWING
from bench.measure.stats import CAUTION, median_interval
from bench.records.model import Measurement
from bench.units import Dimension

LEVEL = 0.95
ENDLESS = 1e6
"""Degrees of freedom of a value without error."""


def student(freedom: float, probability: float) -> float:
    """Returns Student's quantile."""
    return float(stdtrit(min(freedom, ENDLESS), probability))


def speed_of(measurement: Measurement, dimension: Dimension) -> Speed | None:
    """Returns the work per second of the median call; of a sustained load, of its settled half."""
    found, _ = rates(measurement, dimension)
    timing = measurement.timing
    if found is None or timing is None:
        return None
    if dimension is Dimension.BYTES:
        return Speed(found.value, 0.0, 0.0, ENDLESS)
    value = 1 / found.value if dimension is Dimension.TIME else found.value
    if energy.keeps_up(measurement):
        last = energy.settled(timing)
        times = (last.median_s, last.low_s, last.high_s)
        return _speed(value * timing.stats.median_s / last.median_s, times, energy.PARTS)
    stats, swing = timing.stats, SWING if held_back_s(measurement) is not None else 0.0
    times = (stats.median_s, stats.low_s, stats.high_s)
    return _speed(value, times, stats.effective_samples, swing)


def _speed(
    value: float, times_s: tuple[float, float, float], effective: float, swing: float = 0.0
) -> Speed:
    """Returns a speed, from the median time and the bounds of its interval.

    The bounds lie ``CAUTION`` times Student's quantile apart in ranks, unless they are the
    extremes. ``swing`` is how far the bounds lie from the median at least, relative to it.
    """
    middle, low, high = times_s
    freedom = max(1.0, effective - 1)
    reach = min(student(freedom, 0.5 + LEVEL / 2), math.sqrt(effective) / CAUTION)
    down, up = math.log(high / middle) / reach, math.log(middle / low) / reach
    return Speed(value, down, up, freedom, math.log1p(swing) / reach)


def speed_of_series(seconds: tuple[float, ...]) -> Speed:
    """Returns the speed in calls/s, from a series of call times in s."""
    middle, low, high, effective = median_interval(seconds)
    return _speed(1 / middle, (middle, low, high), effective)


def clock_of(measurement: Measurement) -> Clock | None:
    """Returns the clock under load; its error is at least that of the clock's steps."""
    seen = energy.readings(measurement, "clock_hz")
    if energy.keeps_up(measurement):
        seen = seen[len(seen) // 2 :]
    if not seen or min(seen) <= 0:
        return None
    middle, low, high, _ = median_interval(seen)
    levels = sorted(set(seen))
    steps = [later - earlier for earlier, later in pairwise(levels)]
    step = min(steps, default=0.0) / math.sqrt(12)
    half = (high - low) / 2 / student(max(1, len(seen) - 1), 0.5 + LEVEL / 2)
    return Clock(middle, max(half, step) / middle)
