"""Measured serving beside its prediction, one line per measurement."""

import math
from collections.abc import Iterable, Iterator

from bench.predict.beside import RATE, Beside
from bench.predict.learning.pooled import LEVELS
from bench.units import significant
from bench.words import duration

NAMES = {RATE: "tokens/s", "tpot": "TPOT", "ttft": "TTFT", "decode": "decode step"}
"""Names of the quantities."""


def beside_lines(found: Iterable[Beside]) -> Iterator[str]:
    """Yields a line per measurement: measured, predicted with its 80% interval, and where it is."""
    for one in found:
        said = one.why and f"not predicted: {one.why}"
        yield f"{one.row}: {NAMES[one.quantity]} {_value(one, one.measured)}, {said or _said(one)}"


def _said(one: Beside) -> str:
    """Formats ``predicted 31 (24–41), 80%: within``."""
    low, high = (one.predicted * math.exp(sign * one.halves[0]) for sign in (-1, 1))
    interval = f"{_value(one, low)} to {_value(one, high)}"
    return f"predicted {_value(one, one.predicted)} ({interval}): {_place(one)}"


def _place(one: Beside) -> str:
    """Returns which interval holds the measured value."""
    away = abs(math.log(one.measured / one.predicted))
    held = [level for level, half in zip(LEVELS, one.halves, strict=True) if away <= half]
    return f"within the {held[0]:.0%} interval" if held else f"outside of the {LEVELS[-1]:.0%} one"


def _value(one: Beside, value: float) -> str:
    return significant(value, 3) if one.quantity == RATE else duration(value, 3)
