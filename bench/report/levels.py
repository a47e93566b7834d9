"""The levels of memory that a curve of bandwidth over working set shows.

A level is a run of sizes at one rate. What it holds is the largest set that is still read at that
rate; from there the rate slopes down to the next level's, so that the cache ends in between.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

STEP_COST = 0.02
"""What a further step must explain of the squares of log rates: 3% of noise never does."""

LEAST_FALL = 1.12
"""Levels whose rates differ by less are one."""

LEAST_POINTS = 3
"""A run of fewer sizes is a slope between levels and none itself."""

FIRST_POINTS = 2
"""Nothing slopes down to the first run, which the smallest caches of few cores keep short."""

KNEE = 0.05
"""A rate that much below its level's is on the way to the next; more where the level scatters."""

SIGMAS = 3.0
MAD_TO_SIGMA = 1.4826
"""A median absolute deviation times this is a standard deviation, if the noise is normal."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Level:
    """A plateau.

    Attributes:
        bytes_per_s: median rate.
        holds_bytes: the largest size still read at this rate, None for the last level.
        largest_bytes: the largest size measured at this rate.
        gone_bytes: the smallest size read at the next level's rate, None for the last level.
        steps: the rates of the parts that a cache of several has, the fastest first.
    """

    bytes_per_s: float
    holds_bytes: float | None
    largest_bytes: float
    gone_bytes: float | None = None
    steps: tuple[float, ...] = ()


def levels(points: Points, most: int | None = None) -> list[Level]:
    """Returns the plateaus of a curve, the fastest first.

    Args:
        points: bytes of the working set and bytes a second, in order of size.
        most: how many levels there can be; those whose rates are nearest are parts of one.
    """
    found = _joined([[run] for run in _merged(_plateaus(points))], most)
    after: list[list[Points] | None] = [*found, None]
    return [_level(points, *pair) for pair in zip(found, after[1:], strict=True)]


def _plateaus(points: Points) -> list[Points]:
    """Returns the runs that are long enough to be no slope."""
    first, *others = _runs(points) or [[]]
    kept = [run for run in others if len(run) >= LEAST_POINTS]
    return [first, *kept] if len(first) >= (FIRST_POINTS if kept else LEAST_POINTS) else kept


def _joined(found: list[list[Points]], most: int | None) -> list[list[Points]]:
    """Joins the levels between which the rate falls least, until there are no more than ``most``.

    One cache may have parts of several rates, as where it is cut in halves that are not equally
    near.
    """
    while most and len(found) > most:
        falls = [_rate(one[-1]) / _rate(other[0]) for one, other in pairwise(found)]
        place = falls.index(min(falls))
        found = [*found[:place], [*found[place], *found[place + 1]], *found[place + 2 :]]
    return found


def _level(points: Points, parts: list[Points], after: list[Points] | None) -> Level:
    whole = [point for run in parts for point in run]
    steps = tuple(map(_rate, parts)) if len(parts) > 1 else ()
    last = parts[-1]
    if after is None:
        return Level(_rate(whole), None, last[-1][0], None, steps)
    start, gone, line = last[0][0], after[0][0][0], _line(last, _rate(after[0]))
    holds = max(size for size, rate in points if start <= size < gone and rate >= line)
    return Level(_rate(whole), holds, last[-1][0], gone, steps)


def _line(run: Points, after: float) -> float:
    """Returns the rate below which a run has ended: beyond its noise, or nearer to the next's."""
    rate = _rate(run)
    scatter = MAD_TO_SIGMA * median(abs(one / rate - 1) for _, one in run)
    return max(rate * (1 - max(KNEE, SIGMAS * scatter)), math.sqrt(rate * after))


def _runs(points: Points) -> list[Points]:
    """Cuts a curve into runs of one rate: least squares of log rates, with a cost a run."""
    logs = [math.log(rate) for _, rate in points]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(logs) + 1):
        costs = [
            (best[start][0] + _scatter(logs[start:end]) + STEP_COST, start) for start in range(end)
        ]
        best.append(min(costs))
    runs, end = [], len(logs)
    while end:
        start = best[end][1]
        runs.append(points[start:end])
        end = start
    return runs[::-1]


def _scatter(values: Sequence[float]) -> float:
    middle = fmean(values)
    return sum((value - middle) ** 2 for value in values)


def _merged(runs: list[Points]) -> list[Points]:
    """Joins runs that do not fall far enough to be levels, and drops those slower than a later.

    A larger set is never faster for the memory's sake: what came before was held up.
    """
    kept: list[Points] = []
    for run in runs:
        while kept and LEAST_FALL * _rate(kept[-1]) < _rate(run):
            kept.pop()
        if kept and _rate(kept[-1]) < LEAST_FALL * _rate(run):
            kept[-1] = [*kept[-1], *run]
        else:
            kept.append(run)
    return kept


def _rate(run: Points) -> float:
    return median(rate for _, rate in run)
