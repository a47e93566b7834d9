"""How fast a measurement was, with the standard error that its interval bears out.

A record's interval of the median heeds autocorrelation (``bench.measure.stats``). It is of ranks,
which end at the extremes: far out, at the levels that many comparisons need, Student's quantile
takes over, with as many degrees of freedom as there were effective samples.
"""

import math
from itertools import pairwise

from scipy.special import stdtrit

from bench import energy
from bench.gate.model import Clock, Speed
from bench.measure.stats import CAUTION, median_interval
from bench.rates import rates
from bench.records.model import Measurement
from bench.units import Dimension

LEVEL = 0.95
ENDLESS = 1e6
"""Degrees of freedom of what has no error."""


def student(freedom: float, probability: float) -> float:
    """Returns Student's quantile."""
    return float(stdtrit(min(freedom, ENDLESS), probability))


def speed_of(measurement: Measurement, dimension: Dimension) -> Speed | None:
    """Returns work a second of the median call; of a load kept up, of its settled half."""
    found, _ = rates(measurement, dimension)
    timing = measurement.timing
    if found is None or timing is None:
        return None
    if dimension is Dimension.BYTES:
        return Speed(found.value, 0.0, 0.0, ENDLESS)
    stats = timing.stats
    value = 1 / found.value if dimension is Dimension.TIME else found.value
    if energy.keeps_up(measurement):
        last = energy.settled(timing)
        times = (last.median_s, last.low_s, last.high_s)
        return _speed(value * stats.median_s / last.median_s, times, energy.PARTS)
    return _speed(value, (stats.median_s, stats.low_s, stats.high_s), stats.effective_samples)


def _speed(value: float, times_s: tuple[float, float, float], effective: float) -> Speed:
    """Returns a speed by the median time with the bounds of its interval.

    Ranks reach ``CAUTION`` times Student's quantile, unless the extremes end them before.
    """
    middle, low, high = times_s
    freedom = max(1.0, effective - 1)
    reach = min(student(freedom, 0.5 + LEVEL / 2), math.sqrt(effective) / CAUTION)
    down, up = math.log(high / middle) / reach, math.log(middle / low) / reach
    return Speed(value, down, up, freedom)


def speed_of_series(seconds: tuple[float, ...]) -> Speed:
    """Returns calls a second by a series of call times."""
    middle, low, high, effective = median_interval(seconds)
    return _speed(1 / middle, (middle, low, high), effective)


def clock_of(measurement: Measurement) -> Clock | None:
    """Returns the clock under the load; its error is never below that of its own steps."""
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
