"""Operating conditions of devices before and after a change of level, from their records."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Protocol

from bench.units import Dimension, show

MIN_CLOCK_CHANGE = 0.01
"""Smaller relative changes of the clock are not reported."""
EXCESS_SHARE = 0.5
"""A throttle reason is reported if its shares of records on both sides differ by this."""


class RunConditions(Protocol):
    """Operating conditions of a device in one record."""

    @property
    def clock_hz(self) -> float | None:
        """Returns the median clock under the load, Hz; None if unknown."""

    @property
    def throttle(self) -> str:
        """Returns the throttle reasons, between commas."""


def differences(old: Sequence[RunConditions], new: Sequence[RunConditions]) -> Iterator[str]:
    """Yields differences, such as ``clock 1.8 GHz -> 1.69 GHz (-6.0%)`` or ``throttled: ...``."""
    before, after = _clock(old), _clock(new)
    if before and after and abs(after / before - 1) >= MIN_CLOCK_CHANGE:
        clocks = " -> ".join(show(clock, Dimension.FREQUENCY, 3) for clock in (before, after))
        yield f"clock {clocks} ({after / before - 1:+.1%})"
    was, now = _reason_shares(old), _reason_shares(new)
    for reason in sorted(was.keys() | now.keys()):
        excess = now.get(reason, 0.0) - was.get(reason, 0.0)
        if abs(excess) >= EXCESS_SHARE:
            yield f"{'throttled' if excess > 0 else 'no longer throttled'}: {reason}"


def _clock(side: Sequence[RunConditions]) -> float | None:
    known = [one.clock_hz for one in side if one.clock_hz]
    return median(known) if known else None


def _reason_shares(side: Sequence[RunConditions]) -> dict[str, float]:
    """Returns the share of records with each throttle reason."""
    reasons = [reason for one in side for reason in one.throttle.split(", ") if reason]
    return {reason: reasons.count(reason) / len(side) for reason in dict.fromkeys(reasons)}
