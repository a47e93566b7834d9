"""The ratio of two speeds with its interval, and the verdict on it.

Welch's test on logarithms: standard errors of both sides, each with its own degrees of freedom.
With a set of runs, the variance between runs counts, too. The intervals of all rows hold jointly
(Bonferroni), so that one false alarm among many rows is no likelier than ``level``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from bench.gate.model import Speed, Verdict
from bench.gate.speed import ENDLESS, student
from bench.gate.spread import Variance, moderated
from bench.judging.rates import Interval
from bench.judging.throttle import SWING

WIDE = 5.0
"""A ratio is called the same only if a difference of this many times ``least`` is ruled out."""

TWICE = 2.0
ENOUGH = 5
"""A set of this many runs shows its spread well enough."""
SWUNG = Variance(SWING**2 / 8, 1.0)
"""The variance of a sine whose ends lie ``SWING`` apart; it counts as one more run's would."""


@dataclass(frozen=True)
class Part:
    """A contribution to the variance of a ratio, with its degrees of freedom."""

    variance: float
    freedom: float


def ratio(now: Speed, before: Sequence[Speed], between: Variance | None, level: float) -> Interval:
    """Returns now over before, with an interval that misses the truth with probability ``level``.

    Args:
        now: speed in the run that is judged.
        before: speed in one earlier run, or in each run of a set.
        between: variance of the logarithm from run to run; None if unknown.
        level: two-sided error level.
    """
    middle = math.log(now.value) - fmean(math.log(one.value) for one in before)
    if is_widened(now, before):
        now, *before = map(_widened, (now, *before))
    elif between and any(one.swing for one in before):
        between = moderated(between, SWUNG)
    slower = [Part(now.down**2, now.freedom), *(Part(one.up**2, one.freedom) for one in before)]
    faster = [Part(now.up**2, now.freedom), *(Part(one.down**2, one.freedom) for one in before)]
    low, high = (_reach(parts, between, level) for parts in (slower, faster))
    return Interval(math.exp(middle), math.exp(middle - low), math.exp(middle + high))


def is_widened(now: Speed, before: Sequence[Speed]) -> bool:
    """Returns whether errors are at least that of a swinging clock, as too few runs show it."""
    swung = sum(one.swing > 0 for one in before)
    return swung < ENOUGH and (swung > 0 or now.swing > 0)


def _widened(speed: Speed) -> Speed:
    return replace(speed, down=max(speed.down, speed.swing), up=max(speed.up, speed.swing))


def _reach(parts: list[Part], between: Variance | None, level: float) -> float:
    """Returns the distance of a bound from the logarithm of a ratio.

    The variance between runs includes the noise within them; if this run is noisier than the
    others, the excess is added. The larger of the two errors, within and between runs, counts.
    """
    own, others = parts[0], parts[1:]
    count = len(others)
    within = [own, *(Part(one.variance / count**2, one.freedom) for one in others)]
    reach = quantile_error(within, level)
    if between is None:
        return reach
    more = max(0.0, own.variance - fmean(one.variance for one in others))
    run_to_run = Part(between.value * (1 + 1 / count), between.freedom)
    return max(reach, quantile_error([run_to_run, Part(more, own.freedom)], level))


def quantile_error(parts: Sequence[Part], level: float) -> float:
    """Returns Student's quantile times the standard error, with Welch's degrees of freedom."""
    whole = sum(one.variance for one in parts)
    if whole <= 0:
        return 0.0
    share = sum((one.variance / whole) ** 2 / one.freedom for one in parts)
    freedom = min(ENDLESS, 1 / share) if share else ENDLESS
    return student(freedom, 1 - level / 2) * math.sqrt(whole)


def verdict(found: Interval, least: float) -> tuple[Verdict, str]:
    """Returns the verdict on a ratio, and why it is ambiguous if it is.

    Slower and faster: the whole interval lies beyond ``least``. Same: it lies within, or it
    contains 1 and rules out a difference of ``WIDE`` times as much.
    """
    if found.high < 1 - least:
        return Verdict.SLOWER, ""
    if found.low > 1 + least:
        return Verdict.FASTER, ""
    if 1 - least <= found.low and found.high <= 1 + least:
        return Verdict.SAME, ""
    if not found.low <= 1 <= found.high:
        word = "slower" if found.high < 1 else "faster"
        return Verdict.AMBIGUOUS, f"{word}, but whether by {100 * least:g}% or more is unclear"
    if found.low >= 1 - WIDE * least and found.high <= 1 + WIDE * least:
        return Verdict.SAME, ""
    down = f"{1 - found.low:.1%} slower"
    up = f"{found.high - 1:.1%} faster" if found.high < TWICE else "twice as fast or more"
    return Verdict.AMBIGUOUS, f"too noisy: anything from {down} to {up} fits"


def may_be_slower(found: Interval, least: float) -> bool:
    """Returns whether an ambiguous ratio does not rule out a slowdown that matters."""
    if found.high < 1:
        return found.low < 1 - least
    return found.low < 1 - WIDE * least
