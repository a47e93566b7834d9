"""Decides whether a search, and not the code, made a difference: another shape won, by luck.

Two searches with the same code try different configurations and find different winners, some
percent apart. The shapes that both tried are compared one by one: luck plays no part in that.
"""

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from bench.gate.clocks import LEAST_CHANGE
from bench.gate.model import Shape, Taken, Verdict
from bench.gate.speed import student
from bench.judging.rates import Interval
from bench.measure.stats import median_interval

FEW = 6
"""Fewest shapes whose median has a distribution-free 95% interval."""
SET = 3
"""With at least this many runs, the luck of searches is part of the spread between them."""


def luck(
    verdict: Verdict,
    now: Taken,
    before: Sequence[Taken],
    level: float,
    clock: Interval | None = None,
) -> str | None:
    """Returns why a change may come from the search and not the code; None if it does not.

    Args:
        verdict: the verdict on the winners.
        now: the measurement of the run that is judged.
        before: the measurements of the earlier runs.
        level: two-sided error level of the interval over the shapes that both tried.
        clock: ratio of the clocks, now over before; None if unknown.
    """
    if verdict not in (Verdict.SLOWER, Verdict.FASTER) or not now.moves:
        return None
    other = _likest(now, before)
    if now.parameters == other.parameters or (now.tried and now.tried.keys() == other.tried.keys()):
        return None  # both tried the same shapes
    if len(before) >= SET and (not now.tried or _met(verdict, now, before)):
        return None
    if not (now.tried and other.tried):
        return "another shape won, and what else was tried is not recorded: it may be chance"
    both = _shared(now, other)
    if len(both) < FEW:
        return f"another shape won, and only {len(both)} were tried in both runs: it may be chance"
    return _by_luck(verdict, now, other, level, clock)


def _likest(now: Taken, before: Sequence[Taken]) -> Taken:
    """Returns the last run; of a set, the one whose search shares most shapes with this one."""
    if len(before) < SET:
        return before[-1]
    return max(before, key=lambda one: len(_shared(now, one)))


def _shared(now: Taken, before: Taken) -> AbstractSet[Shape]:
    return now.tried.keys() & before.tried.keys()


def _met(verdict: Verdict, now: Taken, before: Sequence[Taken]) -> bool:
    """Returns whether the slower side tried a shape that won on the faster, so not by luck."""
    slow, fast = ([now], before) if verdict is Verdict.SLOWER else (before, [now])
    won = {frozenset(one.parameters.items()) for one in fast}
    return any(
        frozenset(one.parameters.items()) in won or not won.isdisjoint(one.tried) for one in slow
    )


def _by_luck(
    verdict: Verdict, now: Taken, other: Taken, level: float, clock: Interval | None
) -> str | None:
    """Returns that it was luck, if the shapes that both tried did not change like the winners."""
    found = ratio_of_both(now, other, level)
    moved = clock.value if clock and now.clocked else 1.0
    error = max(clock.high / moved, moved / clock.low) if clock and now.clocked else 1.0
    high, low = found.high * error / moved, found.low / error / moved
    if (high < 1) if verdict is Verdict.SLOWER else (low > 1):
        return None
    change = f"{100 * (found.value - 1):+.1f}%"
    clocks = f", the clock by {100 * (moved - 1):+.1f}%" if abs(moved - 1) >= LEAST_CHANGE else ""
    count = len(_shared(now, other))
    both = f"the {count} that both runs tried changed by {change}{clocks}"
    return f"another shape won by chance: {both}"


def ratio_of_both(now: Taken, before: Taken, level: float) -> Interval:
    """Returns the median, over the shapes that both searches tried, of the ratio of rates."""
    logs = [
        math.log(before.tried[one] / now.tried[one]) for one in now.tried if one in before.tried
    ]
    middle, low, high, _ = median_interval(logs, caution=1.0)
    reach = student(len(logs) - 1, 1 - level / 2) / student(len(logs) - 1, 0.975)
    return Interval(
        math.exp(middle),
        math.exp(middle - reach * (middle - low)),
        math.exp(middle + reach * (high - middle)),
    )
