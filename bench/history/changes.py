"""Finds changes of level in a series by ranks, without assuming a distribution.

A series is split where the mean ranks on both sides differ most, measured in their standard
deviations: the two-sample statistic of Wilcoxon, maximised over all splits. Whether chance alone
explains that is tested by shuffling ranks, since without a change every order is equally likely (a
permutation test; exact up to the number of shuffles). Each part is then split again (binary
segmentation; Scott & Knott 1974, Biometrics 30:507). A series that never changes has any change
marked in at most ``level`` of cases. Points are taken to be independent: a slow drift shows as
several changes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHUFFLES = 1999
BATCH = 200
MOST = 1024
"""Longer series are tested as the medians of that many stretches."""
LEAST = 4
"""The fewest points on either side of a change."""
LARGEST = 709.0
"""Ratios with a larger logarithm overflow."""
PAIRED = 400
"""This many values of a side, evenly spaced, suffice to estimate the size of a change."""


@dataclass(frozen=True)
class Change:
    """A change of level.

    Attributes:
        place: of the first point of the new level.
        ratio, low, high: of the new level to the old, with its 95% interval.
        chance: the share of shuffled series that split at least as clearly, 0 to 1.
    """

    place: int
    ratio: float
    low: float
    high: float
    chance: float


def changes(values: Sequence[float], level: float) -> list[Change]:
    """Returns where a series changed its level, in order.

    Args:
        values: above 0, in the order of time.
        level: the chance that a change is marked in a series without one.
    """
    logs = np.log(np.asarray(values, dtype=np.float64))
    places = _split(logs, 0, level)
    bounds = [0, *(place for place, _ in places), len(logs)]
    return [
        Change(place, *_ratio(logs[before:place], logs[place:after]), chance)
        for (place, chance), before, after in zip(places, bounds[:-2], bounds[2:], strict=True)
    ]


def _split(logs: Floats, offset: int, level: float) -> list[tuple[int, float]]:
    """Returns the places and chances of the changes within a part, in order."""
    if len(logs) < 2 * LEAST:
        return []
    bounds = np.linspace(0, len(logs), min(len(logs), MOST) + 1).astype(int)
    thin = _thinned(logs, bounds)
    ranks = _ranks(thin)
    place, statistic = _best(ranks[np.newaxis, :])
    chance = _chance(ranks, float(statistic[0]))
    if chance > level:
        return []
    at = _refined(logs, int(bounds[place[0]]), 2 * math.ceil(len(logs) / len(thin)))
    left, right = _split(logs[:at], offset, level), _split(logs[at:], offset + at, level)
    return [*left, (offset + at, chance), *right]


def _thinned(logs: Floats, bounds: NDArray[np.int_]) -> Floats:
    """Returns a long series as the medians of its stretches."""
    if len(logs) < len(bounds):
        return logs
    return np.array([np.median(logs[a:b]) for a, b in pairwise(bounds)])


def _refined(logs: Floats, near: int, reach: int) -> int:
    """Returns the best split of a long series within ``reach`` of a place."""
    if len(logs) <= MOST:
        return near
    sums, count = np.cumsum(_ranks(logs)), len(logs)
    tried = np.arange(max(LEAST, near - reach), min(count - LEAST, near + reach) + 1)
    away = np.abs(sums[tried - 1] - tried * (count + 1) / 2) / np.sqrt(tried * (count - tried))
    return int(tried[np.argmax(away)])


def _ranks(values: Floats) -> Floats:
    """Returns ranks from 1; equal values share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[where], dtype=np.float64)


def _best(ranks: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Returns each row's best split, and the difference of its sides in standard deviations."""
    count = ranks.shape[1]
    sizes = np.arange(LEAST, count - LEAST + 1)
    sums = np.cumsum(ranks, axis=1)[:, sizes - 1]
    variance = np.var(ranks, axis=1, keepdims=True) * count / (count - 1)
    expected = sizes * ranks.mean(axis=1, keepdims=True)
    spread = np.sqrt(variance * sizes * (count - sizes) / count)
    away = np.abs(sums - expected) / np.where(spread > 0, spread, np.inf)
    best = np.argmax(away, axis=1)
    return sizes[best], away[np.arange(len(away)), best]


def _chance(ranks: Floats, statistic: float) -> float:
    """Returns the share of shuffled series that split at least as clearly.

    Without ties, the distribution depends on the length alone and is reused.
    """
    count = len(ranks)
    limits = _shuffled(count) if len(np.unique(ranks)) == count else _limits(np.sort(ranks))
    above = len(limits) - int(np.searchsorted(limits, statistic - 1e-9))
    return (1 + above) / (1 + len(limits))


@cache
def _shuffled(count: int) -> Floats:
    """Returns the statistics of shuffled series of so many points, no two of them equal."""
    return _limits(np.arange(1.0, count + 1.0))


def _limits(ranks: Floats) -> Floats:
    """Returns, sorted, the statistics of shuffled ranks."""
    draw = np.random.default_rng(len(ranks))
    found: list[Floats] = []
    for start in range(0, SHUFFLES, BATCH):
        rows = min(BATCH, SHUFFLES - start)
        found.append(_best(draw.permuted(np.tile(ranks, (rows, 1)), axis=1))[1])
    return np.sort(np.concatenate(found))


def _ratio(old: Floats, new: Floats) -> tuple[float, float, float]:
    """Returns the ratio of two levels with its interval, by Hodges and Lehmann's shift."""
    old, new = (part[np.linspace(0, len(part) - 1, min(len(part), PAIRED)).astype(int)]
                for part in (old, new))  # fmt: skip
    shifts = np.sort((new[:, np.newaxis] - old[np.newaxis, :]).ravel())
    pairs, quantile = len(shifts), NormalDist().inv_cdf(0.975)
    half = quantile * math.sqrt(pairs * (len(old) + len(new) + 1) / 12)
    low = max(0, math.floor(pairs / 2 - half))
    high = min(pairs - 1, math.ceil(pairs / 2 + half) - 1)
    middle = float(np.median(shifts))
    return _exp(middle), _exp(float(shifts[low])), _exp(float(shifts[high]))


def _exp(log: float) -> float:
    return math.exp(min(log, LARGEST))
