"""Numbers for people: digits follow the interval."""

import math

from bench.units import Dimension, scale, significant
from bench.verdict import Interval


def with_interval(interval: Interval, dimension: Dimension) -> str:
    """Formats ``332 TFLOP/s (329-335)`` with the digits that the interval bears out."""
    unit = scale(interval.value, dimension)[1]
    factor = interval.value / scale(interval.value, dimension)[0]
    digits = _digits(interval)
    value, low, high = (
        significant(one / factor, digits) for one in (interval.value, interval.low, interval.high)
    )
    return f"{value} {unit} ({low}–{high})"


def percent(interval: Interval) -> str:
    """Formats ``81.2% (80.4–82.1)``."""
    decimals = 0 if (interval.high - interval.low) > 0.04 else 1
    value, low, high = (
        f"{100 * one:.{decimals}f}" for one in (interval.value, interval.low, interval.high)
    )
    return f"{value}% ({low}–{high})"


def _digits(interval: Interval) -> int:
    half = (interval.high - interval.low) / 2
    if half <= 0:
        return 4
    return min(4, max(3, math.ceil(math.log10(interval.value / half)) + 1))
