"""Decides whether the clock, or a disturbance, explains a change of speed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.gate.model import Taken, Verdict
from bench.gate.weigh import Part, quantile_error
from bench.judging.rates import Interval
from bench.judging.throttle import Throttle
from bench.records.model import SIZES

FEW = 20.0
"""Degrees of freedom of a clock's error: dozens of readings, but not independent ones."""
LEAST_CHANGE = 0.003
"""Smaller relative changes of the clock are not reported: they are one step at most."""


@dataclass(frozen=True)
class Sides:
    """A measurement now, and the earlier ones that it is compared with."""

    now: Taken
    before: Sequence[Taken]

    @property
    def is_capped(self) -> bool:
        """Returns whether a power cap set the clock of any of them."""
        return any(Throttle.POWER_CAP in one.throttle for one in (self.now, *self.before))

    @property
    def differ(self) -> bool:
        """Returns whether another way of computing was measured, not only another shape."""
        ways = [
            {(key, value) for key, value in one.parameters.items() if key not in SIZES}
            for one in (self.now, *self.before)
        ]
        return any(one != ways[0] for one in ways)


def clock_ratio(now: Taken, before: Sequence[Taken], level: float) -> Interval | None:
    """Returns the clock now over before, with its interval; None if it was not recorded."""
    clocks = [one.clock for one in before if one.clock]
    if now.clock is None or not clocks:
        return None
    middle = math.log(now.clock.hz) - fmean(math.log(one.hz) for one in clocks)
    parts = [Part(one.error**2 / len(clocks) ** 2, FEW) for one in clocks]
    reach = quantile_error([Part(now.clock.error**2, FEW), *parts], level)
    return Interval(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach))


def explained(
    verdict: Verdict, found: Interval, clock: Interval | None, sides: Sides, least: float
) -> str | None:
    """Returns why a change is not due to code; None if the clock alone does not account for it.

    It does if the clock changed in the same direction as the rate, the rate per clock cycle changed
    by less than ``least`` either way, within both errors, no power cap set the clock, and both
    sides ran the same code.
    """
    if clock is None or not _went_along(verdict, found, clock, sides, least):
        return None
    low, high = _per_cycle(found, clock)
    if not low <= 1 + least or not high >= 1 - least or sides.is_capped or sides.differ:
        return None
    return f"{_moved(clock, sides.now)}: no change of code"


def maybe(
    verdict: Verdict, found: Interval, clock: Interval | None, sides: Sides, least: float
) -> str | None:
    """Returns why the clock may account for a change, or the code may; None if the code does.

    At a power cap the clock depends on the code: what draws more power runs at a lower clock.
    """
    if clock is None or not _went_along(verdict, found, clock, sides, least):
        return None
    each = found.value / clock.value - 1
    words = [_moved(clock, sides.now)]
    words += [_each_cycle(each)] if abs(each) > least else []
    words += ["at a power cap it depends on the code"] if sides.is_capped else []
    return ": ".join((words[0], ", ".join(words[1:]))) if words[1:] else words[0]


def hidden(found: Interval, clock: Interval | None, sides: Sides, least: float) -> str | None:
    """Returns that a higher clock may hide slower code; None if the rate rose with the clock.

    It does if the rate per clock cycle is slower by more than ``least``, within both errors. At a
    power cap, the clock of an undisturbed run depends on the code, and tells nothing against it.
    """
    if clock is None or not sides.now.clocked or clock.value < 1 + LEAST_CHANGE or sides.differ:
        return None
    _, high = _per_cycle(found, clock)
    if high >= 1 - least or (sides.is_capped and not _troubles(sides.before)):
        return None
    words = f"{_moved(clock, sides.now)}, on which this rate depends"
    return f"{words}: {_each_cycle(found.value / clock.value - 1)}"


def _went_along(
    verdict: Verdict, found: Interval, clock: Interval, sides: Sides, least: float
) -> bool:
    """Returns whether the clock changed like the rate, and at least as much, within both errors."""
    if not sides.now.clocked or abs(clock.value - 1) < LEAST_CHANGE:
        return False
    low, high = _per_cycle(found, clock)
    fell = clock.value < 1 and verdict is Verdict.SLOWER and high >= 1 - least
    return fell or (clock.value > 1 and verdict is Verdict.FASTER and low <= 1 + least)


def _per_cycle(found: Interval, clock: Interval) -> tuple[float, float]:
    """Returns the bounds of the ratio of rates per clock cycle, within both errors."""
    error = max(clock.high / clock.value, clock.value / clock.low)
    return found.low / clock.value / error, found.high / clock.value * error


def _moved(clock: Interval, now: Taken) -> str:
    fell = clock.value < 1
    reasons = f" ({', '.join(now.throttle)})" if now.throttle and fell else ""
    return f"the clock {'fell' if fell else 'rose'} by {abs(clock.value - 1):.1%}{reasons}"


def _each_cycle(change: float) -> str:
    return f"{abs(change):.1%} {'slower' if change < 0 else 'faster'} per clock cycle"


def remark(found: Interval, clock: Interval | None, now: Taken) -> str:
    """Returns how the clock changed, for a change that it does not explain; empty if it did not."""
    if clock is None or abs(clock.value - 1) < LEAST_CHANGE:
        return ""
    word = "fell" if clock.value < 1 else "rose"
    moved = f"the clock {word} by {abs(clock.value - 1):.1%}"
    if not now.clocked:
        return f"{moved}, on which this rate depends little, if at all"
    return f"{moved}: {_each_cycle(found.value / clock.value - 1)}"


def disturbed(verdict: Verdict, now: Taken, before: Sequence[Taken]) -> str | None:
    """Returns what disturbed the slower side, so that its slowness proves nothing."""
    if verdict is Verdict.SLOWER and now.troubles:
        return f"this run was disturbed: {'; '.join(now.troubles)}"
    if verdict is Verdict.FASTER and (troubles := _troubles(before)):
        return f"the earlier run was disturbed: {'; '.join(troubles)}"
    return None


def _troubles(before: Sequence[Taken]) -> list[str]:
    return list(dict.fromkeys(word for one in before for word in one.troubles))
