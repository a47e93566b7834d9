"""Operating conditions of devices before and after a change of level, from their records."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Protocol

from bench.units import Dimension, show

LEAST = 0.01
"""Smaller relative changes of the clock are not reported."""
MORE_OFTEN = 0.5
"""How much larger a reason's share of records must be on one side to be attributed to it."""


class Ran(Protocol):
    """Operating conditions of a device in one record."""

    @property
    def clock_hz(self) -> float | None:
        """Returns the median clock under the load."""

    @property
    def throttle(self) -> str:
        """Returns what held the clock down, between commas."""


def differences(old: Sequence[Ran], new: Sequence[Ran]) -> Iterator[str]:
    """Yields ``clock 1.8 GHz -> 1.69 GHz (-6.0%)`` and ``throttled now by ...``."""
    before, after = _clock(old), _clock(new)
    if before and after and abs(after / before - 1) >= LEAST:
        told = " -> ".join(show(one, Dimension.FREQUENCY, 3) for one in (before, after))
        yield f"clock {told} ({after / before - 1:+.1%})"
    was, now = _shares(old), _shares(new)
    for word in sorted(was.keys() | now.keys()):
        more = now.get(word, 0.0) - was.get(word, 0.0)
        if abs(more) >= MORE_OFTEN:
            yield f"{'throttled' if more > 0 else 'no longer throttled'}: {word}"


def _clock(side: Sequence[Ran]) -> float | None:
    known = [one.clock_hz for one in side if one.clock_hz]
    return median(known) if known else None


def _shares(side: Sequence[Ran]) -> dict[str, float]:
    """Returns in what share of records each reason is named."""
    words = [word for one in side for word in one.throttle.split(", ") if word]
    return {word: words.count(word) / len(side) for word in dict.fromkeys(words)}
