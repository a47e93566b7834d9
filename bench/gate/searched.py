"""Whether a search, and not the code, made a difference: another shape won, by luck.

Two searches of one code try different configurations and end at different winners, some percent
apart. What both tried is compared shape by shape: there is no luck in that.
"""

import math
from collections.abc import Sequence

from bench.gate.model import Taken, Verdict
from bench.gate.speed import student
from bench.measure.stats import median_interval
from bench.rates import Interval

FEW = 6
"""Fewer shapes have no distribution-free 95% interval of their median."""
SET = 3
"""In so many runs the luck of their searches shows as spread between them."""


def luck(verdict: Verdict, now: Taken, before: Sequence[Taken], level: float) -> str | None:
    """Returns why a change may be the search's and not the code's; None if it is not.

    Args:
        verdict: what the winners say.
        now: of the run that is judged.
        before: of the runs before.
        level: two-sided, of the interval of what both tried.
    """
    other = before[-1]
    moved = verdict in (Verdict.SLOWER, Verdict.FASTER) and now.parameters != other.parameters
    if not moved or len(before) >= SET or not now.moves:
        return None
    if not (now.tried and other.tried):
        return "another shape won, and what else was tried is not told: it may be luck"
    both = now.tried.keys() & other.tried.keys()
    if now.tried.keys() == other.tried.keys():
        return None  # whatever there is was tried in both
    if len(both) < FEW:
        return f"another shape won, and only {len(both)} were tried in both runs: it may be luck"
    found = ratio_of_both(now, other, level)
    if (found.high < 1) if verdict is Verdict.SLOWER else (found.low > 1):
        return None
    told = f"{100 * (found.value - 1):+.1f}%"
    return f"another shape won by luck: the {len(both)} that both runs tried changed by {told}"


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
