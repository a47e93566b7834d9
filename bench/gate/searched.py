"""Whether a search, and not the code, made a difference: another shape won, by luck.

Two searches of one code try different configurations and end at different winners, some percent
apart. What both tried is compared shape by shape: there is no luck in that.
"""

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from bench.gate.clocks import TOLD
from bench.gate.model import Shape, Taken, Verdict
from bench.gate.speed import student
from bench.measure.stats import median_interval
from bench.rates import Interval

FEW = 6
"""Fewer shapes have no distribution-free 95% interval of their median."""
SET = 3
"""In so many runs the usual luck of their searches shows as spread between them."""


def luck(
    verdict: Verdict,
    now: Taken,
    before: Sequence[Taken],
    level: float,
    clock: Interval | None = None,
) -> str | None:
    """Returns why a change may be the search's and not the code's; None if it is not.

    Args:
        verdict: what the winners say.
        now: of the run that is judged.
        before: of the runs before.
        level: two-sided, of the interval of what both tried.
        clock: now over before, of what goes with it; None where that is not known.
    """
    if verdict not in (Verdict.SLOWER, Verdict.FASTER) or not now.moves:
        return None
    other = _likest(now, before)
    if now.parameters == other.parameters or (now.tried and now.tried.keys() == other.tried.keys()):
        return None  # whatever there is was tried in both
    if len(before) >= SET and (not now.tried or _met(verdict, now, before)):
        return None
    if not (now.tried and other.tried):
        return "another shape won, and what else was tried is not recorded: it may be chance"
    both = _shared(now, other)
    if len(both) < FEW:
        return f"another shape won, and only {len(both)} were tried in both runs: it may be chance"
    return _by_luck(verdict, now, other, level, clock)


def _likest(now: Taken, before: Sequence[Taken]) -> Taken:
    """Returns the last run; of a set, the one whose search has most in common with this one."""
    if len(before) < SET:
        return before[-1]
    return max(before, key=lambda one: len(_shared(now, one)))


def _shared(now: Taken, before: Taken) -> AbstractSet[Shape]:
    return now.tried.keys() & before.tried.keys()


def _met(verdict: Verdict, now: Taken, before: Sequence[Taken]) -> bool:
    """Tells whether the slower side tried a shape that won on the faster: then it is no luck."""
    slow, fast = ([now], before) if verdict is Verdict.SLOWER else (before, [now])
    won = {frozenset(one.parameters.items()) for one in fast}
    return any(
        frozenset(one.parameters.items()) in won or not won.isdisjoint(one.tried) for one in slow
    )


def _by_luck(
    verdict: Verdict, now: Taken, other: Taken, level: float, clock: Interval | None
) -> str | None:
    """Returns that it was luck where what both tried has not changed with the winners."""
    found = ratio_of_both(now, other, level)
    moved = clock.value if clock and now.clocked else 1.0
    error = max(clock.high / moved, moved / clock.low) if clock and now.clocked else 1.0
    high, low = found.high * error / moved, found.low / error / moved
    if (high < 1) if verdict is Verdict.SLOWER else (low > 1):
        return None
    told = f"{100 * (found.value - 1):+.1f}%"
    beside = f", the clock by {100 * (moved - 1):+.1f}%" if abs(moved - 1) >= TOLD else ""
    count = len(_shared(now, other))
    both = f"the {count} that both runs tried changed by {told}{beside}"
    return f"another shape won by chance: {both}"


def ratio_of_both(now: Taken, before: Taken, level: float) -> Interval:
    """Returns the median ratio of rates over the shapes that both searches tried, in turn."""
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
