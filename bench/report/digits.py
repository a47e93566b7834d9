"""Numbers for people: digits follow the interval."""

import math

from bench.rates import Interval
from bench.units import UNITS, Dimension, scale

NONE = "–"
"""Stands in a cell where there is no number to show."""
LEAST = 0.01
"""A value below this share of the published text's unit is shown in a unit of its own."""


def with_interval(interval: Interval, dimension: Dimension, published: str = "") -> str:
    """Formats ``3.578 TB/s (3.570–3.587)``, as many decimals in all three as the interval bears.

    Args:
        interval: what is shown.
        dimension: of its values.
        published: the text that it stands beside, whose unit it is given in.
    """
    factor, unit, decimals = _setting(interval, dimension, published)
    value, low, high = (
        f"{one / factor:,.{decimals}f}" for one in (interval.value, interval.low, interval.high)
    )
    return f"{value} {unit} ({low}–{high})"


def beside(value: float, interval: Interval, dimension: Dimension, published: str = "") -> str:
    """Formats ``3.624 TB/s`` in the unit and with the decimals of the interval it stands beside."""
    factor, unit, decimals = _setting(interval, dimension, published)
    return f"{value / factor:,.{decimals}f} {unit}"


def counted(count: float, noun: str) -> str:
    """Formats ``1 request`` or ``2,048 requests``."""
    return f"{count:,.0f} {noun}{'s' if count != 1 else ''}"


def percent(interval: Interval) -> str:
    """Formats ``81.2% (80.4–82.1)``."""
    decimals = 0 if (interval.high - interval.low) > 0.04 else 1
    value, low, high = (
        f"{100 * one:.{decimals}f}" for one in (interval.value, interval.low, interval.high)
    )
    return f"{value}% ({low}–{high})"


def _setting(interval: Interval, dimension: Dimension, published: str) -> tuple[float, str, int]:
    """Returns the factor of the unit, its name, and the decimals that the interval bears out."""
    shown, unit = scale(interval.value, dimension)
    wanted = published.rpartition(" ")[2]
    kind, factor = UNITS.get(wanted, (None, 1.0))
    if kind is dimension and interval.value / factor >= LEAST:
        shown, unit = interval.value / factor, wanted
    leading = math.floor(math.log10(shown))
    return interval.value / shown, unit, max(0, _digits(interval) - 1 - leading)


def _digits(interval: Interval) -> int:
    half = (interval.high - interval.low) / 2
    if half <= 0:
        return 4
    return min(4, max(3, math.ceil(math.log10(interval.value / half)) + 1))
