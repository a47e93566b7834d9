"""Finds changes of level in a series without assuming a distribution.

A series is split where the mean ranks on both sides differ most, measured in their standard
deviations: the two-sample statistic of Wilcoxon, maximised over all splits. A short series is split
by its values instead, as too many of its orders split by ranks as clearly as a clear step. Whether
chance alone explains that is tested by other orders of the points, since without a change every
order is equally likely (a permutation test: all orders of the shortest series, shuffled ones of
others). Each part is then split again (binary segmentation; Scott & Knott 1974, Biometrics 30:507).
A series that never changes has any change marked in at most ``level`` of cases. Points are taken to
be independent: a slow drift shows as several changes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, count, pairwise, permutations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHUFFLES = 1999
"""Number of shuffles in a permutation test."""
LEAST_LEVEL = 1 / (SHUFFLES + 1)
"""The least p-value that shuffles can show."""
BATCH = 200
"""Number of shuffles computed at once."""
MAX_ALL_ORDERS = 10
"""Of series up to this length, all orders are tried, of longer ones ``SHUFFLES``."""
RANKED = 32
"""From this length on, a series is split by ranks."""
MAX_POINTS = 1024
"""A longer series is tested as the medians of this many stretches."""
MIN_SIDE = 4
"""The fewest points on either side of a change."""
MAX_LOG_RATIO = 709.0
"""Ratios with a larger logarithm overflow."""
MAX_PAIRED = 400
"""This many values of a side, evenly spaced, suffice to estimate the size of a change."""


@dataclass(frozen=True)
class Change:
    """A change of level.

    Attributes:
        place: index of the first point of the new level.
        ratio: ratio of the new level to the old one.
        low: lower end of the ratio's 95% interval.
        high: upper end of that interval.
        chance: p-value: share of shuffled series that split at least as clearly, 0 to 1.
    """

    place: int
    ratio: float
    low: float
    high: float
    chance: float


def changes(values: Sequence[float], level: float) -> list[Change]:
    """Returns the changes of level in a series, in order.

    Args:
        values: values above 0, in the order of time.
        level: false-alarm rate: chance that a change is found in a series without one.
    """
    logs = np.log(np.asarray(values, dtype=np.float64))
    places = _split(logs, 0, level)
    bounds = [0, *(place for place, _ in places), len(logs)]
    return [
        Change(place, *_ratio(logs[before:place], logs[place:after]), chance)
        for (place, chance), before, after in zip(places, bounds[:-2], bounds[2:], strict=True)
    ]


@cache
def fewest(level: float) -> int:
    """Returns how many points a series needs for the clearest step to be marked at ``level``."""
    return next(length for length in count(2 * MIN_SIDE) if _least_chance(length) <= level)


def _least_chance(length: int) -> float:
    """Returns the p-value of a step in the middle, which only its two halves show as clearly."""
    if length >= RANKED:
        return 0.0
    shuffled = 0.0 if length <= MAX_ALL_ORDERS else LEAST_LEVEL
    return 2 / math.comb(length, length // 2) + shuffled


def _split(logs: Floats, offset: int, level: float) -> list[tuple[int, float]]:
    """Returns index and p-value of each change within a part that starts at ``offset``."""
    if len(logs) < fewest(level):
        return []
    bounds = np.linspace(0, len(logs), min(len(logs), MAX_POINTS) + 1).astype(int)
    stretches = _stretch_medians(logs, bounds)
    scores = _ranks(stretches) if len(logs) >= RANKED else logs - logs[0]
    place, statistic = _best_split(scores[np.newaxis, :])
    chance = _chance(scores, float(statistic[0]))
    if chance > level:
        return []
    split = _refine_split(logs, int(bounds[place[0]]), 2 * math.ceil(len(logs) / len(stretches)))
    left, right = _split(logs[:split], offset, level), _split(logs[split:], offset + split, level)
    return [*left, (offset + split, chance), *right]


def _stretch_medians(logs: Floats, bounds: NDArray[np.int_]) -> Floats:
    """Returns the medians of a series' stretches; a short series as it is."""
    if len(logs) < len(bounds):
        return logs
    return np.array([np.median(logs[a:b]) for a, b in pairwise(bounds)])


def _refine_split(logs: Floats, split: int, reach: int) -> int:
    """Returns the best split of a long series within ``reach`` points of a split."""
    if len(logs) <= MAX_POINTS:
        return split
    sums, length = np.cumsum(_ranks(logs)), len(logs)
    splits = np.arange(max(MIN_SIDE, split - reach), min(length - MIN_SIDE, split + reach) + 1)
    distances = np.abs(sums[splits - 1] - splits * (length + 1) / 2) / np.sqrt(
        splits * (length - splits)
    )
    return int(splits[np.argmax(distances)])


def _ranks(values: Floats) -> Floats:
    """Returns ranks from 1; equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], dtype=np.float64)


def _best_split(scores: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Returns, per row, the best split and the difference of its sides in standard deviations."""
    length = scores.shape[1]
    sizes = np.arange(MIN_SIDE, length - MIN_SIDE + 1)
    sums = np.cumsum(scores, axis=1)[:, sizes - 1]
    variance = np.var(scores, axis=1, keepdims=True) * length / (length - 1)
    expected = sizes * scores.mean(axis=1, keepdims=True)
    spread = np.sqrt(variance * sizes * (length - sizes) / length)
    distances = np.abs(sums - expected) / np.where(spread > 0, spread, np.inf)
    best = np.argmax(distances, axis=1)
    return sizes[best], distances[np.arange(len(distances)), best]


def _chance(scores: Floats, statistic: float) -> float:
    """Returns the p-value of a split: the share of orders that split at least as clearly.

    Of ranks without ties, the distribution depends on the length alone and is cached.
    """
    length = len(scores)
    if length <= MAX_ALL_ORDERS:
        return float(np.mean(_best_split(scores[_all_orders(length)])[1] >= statistic - 1e-9))
    statistics = (
        _shuffled_untied(length)
        if length >= RANKED and len(np.unique(scores)) == length
        else _shuffled_statistics(np.sort(scores))
    )
    at_least_as_clear = len(statistics) - int(np.searchsorted(statistics, statistic - 1e-9))
    return (1 + at_least_as_clear) / (1 + len(statistics))


@cache
def _all_orders(length: int) -> NDArray[np.int_]:
    """Returns all orders of a short series that differ in what lies on the sides of a split."""
    every = set(range(length))
    return np.array(
        [
            (*first, *then, *every.difference(first, then))
            for first in combinations(range(length), MIN_SIDE)
            for then in permutations(every.difference(first), length - 2 * MIN_SIDE)
        ]
    )


@cache
def _shuffled_untied(length: int) -> Floats:
    """Returns the sorted statistics of shuffled series of ``length`` ranks without ties."""
    return _shuffled_statistics(np.arange(1.0, length + 1.0))


def _shuffled_statistics(scores: Floats) -> Floats:
    """Returns the sorted statistics of shuffled series."""
    generator = np.random.default_rng(len(scores))
    statistics: list[Floats] = []
    for start in range(0, SHUFFLES, BATCH):
        rows = min(BATCH, SHUFFLES - start)
        statistics.append(_best_split(generator.permuted(np.tile(scores, (rows, 1)), axis=1))[1])
    return np.sort(np.concatenate(statistics))


def _ratio(old: Floats, new: Floats) -> tuple[float, float, float]:
    """Returns the ratio of two levels with its 95% interval, by the Hodges-Lehmann estimator."""
    old, new = (part[np.linspace(0, len(part) - 1, min(len(part), MAX_PAIRED)).astype(int)]
                for part in (old, new))  # fmt: skip
    shifts = np.sort((new[:, np.newaxis] - old[np.newaxis, :]).ravel())
    pairs, quantile = len(shifts), NormalDist().inv_cdf(0.975)
    half = quantile * math.sqrt(pairs * (len(old) + len(new) + 1) / 12)
    low = max(0, math.floor(pairs / 2 - half))
    high = min(pairs - 1, math.ceil(pairs / 2 + half) - 1)
    middle = float(np.median(shifts))
    return _capped_exp(middle), _capped_exp(float(shifts[low])), _capped_exp(float(shifts[high]))


def _capped_exp(log: float) -> float:
    return math.exp(min(log, MAX_LOG_RATIO))
