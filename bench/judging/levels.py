"""Levels of the memory hierarchy, found in a curve of bandwidth over working set.

A level is a run of sizes read at one rate. It holds the largest working set that is still read at
that rate; beyond, the rate slopes down to that of the next level: the cache ends in between.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple

STEP_COST = 0.02
"""Least reduction of the sum of squared log rates that a further run must bring.

Noise of 3% never brings that much.
"""

LEAST_FALL = 1.12
"""Runs whose rates differ by a smaller factor are one level."""

LEAST_POINTS = 3
"""A run of fewer sizes is no level, but a slope between two."""

FIRST_POINTS = 2
"""The same for the first run: no slope leads to it, and small caches of few cores keep it short."""

KNEE = 0.05
"""A rate this fraction below its level's belongs to the slope; more if the level scatters."""

SIGMAS = 3.0
"""Scatter of a level, in standard deviations, that does not count as a slope."""
MAD_TO_SIGMA = 1.4826
"""Standard deviation over median absolute deviation, for normal noise."""

Points = Sequence[tuple[float, float]]
"""Working set in B and rate in B/s, in order of size."""


class Step(NamedTuple):
    """A part of a level: the sizes that it is seen at, in B, and its rate."""

    first_bytes: float
    last_bytes: float
    bytes_per_s: float


@dataclass(frozen=True)
class Level:
    """A plateau of the curve.

    Attributes:
        bytes_per_s: median rate.
        holds_bytes: the largest size still read at this rate; None for the last level.
        largest_bytes: the largest size of the plateau itself.
        gone_bytes: the smallest size read at the next level's rate; None for the last level.
        steps: the parts, the fastest first, of a cache that has several; else empty.
    """

    bytes_per_s: float
    holds_bytes: float | None
    largest_bytes: float
    gone_bytes: float | None = None
    steps: tuple[Step, ...] = ()


def levels(points: Points, most: int | None = None) -> list[Level]:
    """Returns the plateaus of a curve, the fastest first.

    Args:
        points: the curve.
        most: the most levels that there can be; those with the closest rates are joined.
    """
    found = _joined([[run] for run in _merged(_plateaus(points))], most)
    after: list[list[Points] | None] = [*found, None]
    return [_level(points, *pair) for pair in zip(found, after[1:], strict=True)]


def _plateaus(points: Points) -> list[Points]:
    """Returns the runs that are too long to be slopes."""
    first, *others = _runs(points) or [[]]
    kept = [run for run in others if len(run) >= LEAST_POINTS]
    return [first, *kept] if len(first) >= (FIRST_POINTS if kept else LEAST_POINTS) else kept


def _joined(found: list[list[Points]], most: int | None) -> list[list[Points]]:
    """Joins neighbouring levels with the smallest fall in rate, until at most ``most`` are left.

    One cache may have parts of different rates, such as two halves at different distances.

    Args:
        found: levels, each a list of its runs.
        most: the most levels; None for no limit.
    """
    while most and len(found) > most:
        falls = [_rate(one[-1]) / _rate(other[0]) for one, other in pairwise(found)]
        index = falls.index(min(falls))
        found = [*found[:index], [*found[index], *found[index + 1]], *found[index + 2 :]]
    return found


def _level(points: Points, parts: list[Points], after: list[Points] | None) -> Level:
    """Returns one level.

    Args:
        points: the whole curve.
        parts: runs of the level.
        after: runs of the next level; None for the last.
    """
    whole = [point for run in parts for point in run]
    each = tuple(Step(run[0][0], run[-1][0], _rate(run)) for run in parts)
    steps = each if len(parts) > 1 else ()
    last = parts[-1]
    if after is None:
        return Level(_rate(whole), None, last[-1][0], None, steps)
    start, gone, end_rate = last[0][0], after[0][0][0], _end_rate(last, _rate(after[0]))
    holds = max(size for size, rate in points if start <= size < gone and rate >= end_rate)
    return Level(_rate(whole), holds, last[-1][0], gone, steps)


def _end_rate(run: Points, after: float) -> float:
    """Returns the rate below which a run has ended: beyond its noise, or nearer to the next rate.

    Args:
        run: the run.
        after: rate of the next level, B/s.
    """
    rate = _rate(run)
    scatter = MAD_TO_SIGMA * median(abs(one / rate - 1) for _, one in run)
    return max(rate * (1 - max(KNEE, SIGMAS * scatter)), math.sqrt(rate * after))


def _runs(points: Points) -> list[Points]:
    """Cuts a curve into runs of one rate: least squares of log rates, plus ``STEP_COST`` per run.

    The optimum is found by dynamic programming over the end of the last run.
    """
    logs = [math.log(rate) for _, rate in points]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(logs) + 1):
        costs = [
            (best[start][0] + _squares(logs[start:end]) + STEP_COST, start) for start in range(end)
        ]
        best.append(min(costs))
    runs, end = [], len(logs)
    while end:
        start = best[end][1]
        runs.append(points[start:end])
        end = start
    return runs[::-1]


def _squares(values: Sequence[float]) -> float:
    """Returns the sum of squared deviations from the mean."""
    mean = fmean(values)
    return sum((value - mean) ** 2 for value in values)


def _merged(runs: list[Points]) -> list[Points]:
    """Joins runs whose rates are too close to be levels, and drops runs slower than a later one.

    No memory reads a larger working set faster: the earlier run was slowed down by something else.
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
    """Returns the median rate of a run, B/s."""
    return median(rate for _, rate in run)
