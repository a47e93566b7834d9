"""Numbers as text, with as many digits as their interval justifies."""

import math

from bench.judging.rates import Interval
from bench.units import UNITS, Dimension, scale

NONE = "–"
"""Cell without a number."""
LEAST = 0.01
"""A value below this fraction of the published text's unit is shown in the unit that suits it."""


def with_interval(interval: Interval | None, dimension: Dimension, published: str = "") -> str:
    """Formats ``3.578 TB/s (3.570–3.587)``, or ``–``; the interval justifies the decimals.

    Args:
        interval: value with its interval, in the base unit; None if there is none.
        dimension: dimension of the values.
        published: text of the published figure beside it, whose unit is used if it has one;
            sizes of memory are in GiB, as a sheet's GB are read.
    """
    if interval is None:
        return NONE
    factor, unit, decimals = _setting(interval, dimension, published)
    value, low, high = (
        f"{one / factor:,.{decimals}f}" for one in (interval.value, interval.low, interval.high)
    )
    return f"{value} {unit} ({low}–{high})"


def beside(value: float, interval: Interval, dimension: Dimension, published: str = "") -> str:
    """Formats ``3.624 TB/s`` in the unit and with the decimals that ``with_interval`` uses."""
    factor, unit, decimals = _setting(interval, dimension, published)
    return f"{value / factor:,.{decimals}f} {unit}"


def percent(interval: Interval | None) -> str:
    """Formats ``81.2% (80.4–82.1)``, or ``–``; below 1% one digit more, ``0.31% (0.30–0.32)``."""
    if interval is None:
        return NONE
    decimals = 0 if (interval.high - interval.low) > 0.04 else 2 if interval.value < 0.01 else 1
    value, low, high = (
        f"{100 * one:.{decimals}f}" for one in (interval.value, interval.low, interval.high)
    )
    return f"{value}% ({low}–{high})"


def _setting(interval: Interval, dimension: Dimension, published: str) -> tuple[float, str, int]:
    """Returns the factor of the unit, its name, and the decimals that the interval justifies."""
    shown, unit = scale(interval.value, dimension)
    wanted = "GiB" if dimension is Dimension.BYTES else published.rpartition(" ")[2]
    kind, factor = UNITS.get(wanted, (None, 1.0))
    if kind is dimension and interval.value / factor >= LEAST:
        shown, unit = interval.value / factor, wanted
    leading = math.floor(math.log10(shown))
    return interval.value / shown, unit, max(0, _digits(interval) - 1 - leading)


def _digits(interval: Interval) -> int:
    """Returns significant digits, 3 or 4: the last one is about a tenth of the half-width."""
    half = (interval.high - interval.low) / 2
    if half <= 0:
        return 4
    return min(4, max(3, math.ceil(math.log10(interval.value / half)) + 1))
