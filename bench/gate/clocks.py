"""Decides whether the clock, or a disturbance, explains a change of speed."""

import math
from collections.abc import Sequence
from statistics import fmean

from bench.gate.model import Taken, Verdict
from bench.gate.weigh import Part, quantile_error
from bench.rates import Interval

FEW = 20.0
"""Degrees of freedom of a clock's error: dozens of readings, but not independent ones."""
LEAST_CHANGE = 0.003
"""Smaller relative changes of the clock are not reported: they are one step at most."""


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
    verdict: Verdict, found: Interval, clock: Interval | None, now: Taken, least: float
) -> str | None:
    """Returns why a change is not due to code; None if the clock does not account for it.

    It does if the rate per clock cycle changed by less than ``least``, within both errors, and the
    clock changed in the same direction as the rate.
    """
    if clock is None or not now.clocked or abs(clock.value - 1) < LEAST_CHANGE:
        return None
    low, high = found.low / clock.value, found.high / clock.value
    error = max(clock.high / clock.value, clock.value / clock.low)
    fell = clock.value < 1 and verdict is Verdict.SLOWER and high * error >= 1 - least
    rose = clock.value > 1 and verdict is Verdict.FASTER and low / error <= 1 + least
    if not (fell or rose):
        return None
    word = "fell" if fell else "rose"
    reasons = f" ({', '.join(now.throttle)})" if now.throttle and fell else ""
    return f"the clock {word} by {abs(clock.value - 1):.1%}{reasons}: no change of code"


def remark(found: Interval, clock: Interval | None, now: Taken) -> str:
    """Returns how the clock changed, for a change that it does not explain; empty if it did not."""
    if clock is None or abs(clock.value - 1) < LEAST_CHANGE:
        return ""
    word = "fell" if clock.value < 1 else "rose"
    moved = f"the clock {word} by {abs(clock.value - 1):.1%}"
    if not now.clocked:
        return f"{moved}, which this rate does not depend on"
    each = found.value / clock.value - 1
    return f"{moved}: {abs(each):.1%} {'slower' if each < 0 else 'faster'} per clock cycle"


def disturbed(verdict: Verdict, now: Taken, before: Sequence[Taken]) -> str | None:
    """Returns what disturbed the slower side, so that its slowness proves nothing."""
    if verdict is Verdict.SLOWER and now.troubles:
        return f"this run was disturbed: {'; '.join(now.troubles)}"
    troubles = dict.fromkeys(word for one in before for word in one.troubles)
    if verdict is Verdict.FASTER and troubles:
        return f"the earlier run was disturbed: {'; '.join(troubles)}"
    return None
