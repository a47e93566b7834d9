"""How far one case on one chip lies from the same case on another, chips' departures taken out.

What an engine, a model or a batch adds on every chip cancels there; what is left is what a case
does on one chip alone, and it is what a ratio of two chips is off by.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench.predict.learning.groups import Floats, quantiles

EXPLAINED = 1e-9
"""Variance of a distance, of that of a single value, below which it is nought but for rounding."""


Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Apart:
    """The scatter of one case on one chip beside the same case on others, in log.

    Attributes:
        scale: standard deviation.
        spare: how many distances tell it, chips and cases taken out. Where nothing was run on two
            chips all is of other evidence; nought where there is none, and any two cases tell it.
        tails: quantiles of the distance of two chips on one case, by level; None where too few lie
            beyond it to tell it.
    """

    scale: float
    spare: float
    tails: tuple[float | None, ...]


def apart(
    chips: Sequence[Hashable],
    logs: Sequence[float],
    same: Sequence[Hashable],
    levels: Sequence[float],
) -> Apart | None:
    """Returns how far cases on two chips lie apart; None where none was run on two.

    A case that was run on a chip more than once has its median there.

    Args:
        chips: of each case.
        logs: n values.
        same: what was run; equal for one case on several chips.
        levels: of the quantiles.
    """
    values = _shared(chips, logs, same)
    if not values:
        return None
    ran = _numbered([case for _, case in values])
    found, taken = _beside(np.array(list(values.values())), ran), _taken(list(values), ran)
    spare = len(found) - (ran.max() + 1) - taken.shape[1]
    if spare < 1:
        return None
    left = found - taken @ (taken.T @ found)
    scale = float(np.sqrt(np.sum(left**2) / spare))
    away = _distances([chip for chip, _ in values], ran, left, taken)
    return Apart(scale, float(spare), quantiles(away, levels, spare))


Key = tuple[Hashable, Hashable]


def _shared(
    chips: Sequence[Hashable], logs: Sequence[float], same: Sequence[Hashable]
) -> dict[Key, float]:
    """Returns the value of each chip and case, of cases that were run on two chips or more."""
    runs: dict[Key, list[float]] = {}
    for chip, log, case in zip(chips, logs, same, strict=True):
        runs.setdefault((chip, case), []).append(log)
    ran: dict[Hashable, int] = {}
    for _, case in runs:
        ran[case] = ran.get(case, 0) + 1
    return {key: median(own) for key, own in runs.items() if ran[key[1]] > 1}


def _numbered(names: Sequence[Hashable]) -> Numbers:
    """Returns the number of each name, from nought, in the order that they first appear in."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])


def _beside(values: Floats, ran: Numbers) -> Floats:
    """Returns values (n or n x k) beside the mean of their case."""
    sums = np.zeros((ran.max() + 1, *values.shape[1:]))
    np.add.at(sums, ran, values)
    counts = np.bincount(ran).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values - (sums / counts)[ran])


def _taken(keys: Sequence[Key], ran: Numbers) -> Floats:
    """Returns an orthonormal basis of what chips explain beside cases (n x rank)."""
    from scipy.linalg import orth

    chips = _numbered([chip for chip, _ in keys])
    return np.asarray(orth(_beside(np.eye(chips.max() + 1)[chips], ran)))


def _distances(
    chips: Sequence[Hashable], ran: Numbers, left: Floats, taken: Floats
) -> list[Floats]:
    """Returns how far two chips lie apart on their cases, each pair of chips by itself.

    Each distance is scaled to that of two values of which nothing is taken out: without its case's
    effect, which both have, it has lost little but its chips'. One that those explain wholly is
    left out.
    """
    one, other = np.array(_within(ran)).T
    kept = 2 - np.sum((taken[one] - taken[other]) ** 2, axis=1)
    told = kept > EXPLAINED
    one, other = one[told], other[told]
    far = np.abs(left[one] - left[other]) * np.sqrt(2 / kept[told])
    pairs: dict[frozenset[Hashable], list[float]] = {}
    for first, second, away in zip(one.tolist(), other.tolist(), far.tolist(), strict=True):
        pairs.setdefault(frozenset((chips[first], chips[second])), []).append(away)
    return [np.array(own) for own in pairs.values()]


def _within(ran: Numbers) -> list[tuple[int, int]]:
    """Returns the places of any two values of one case."""
    cases: dict[int, list[int]] = {}
    for place, case in enumerate(ran.tolist()):
        cases.setdefault(case, []).append(place)
    return [pair for own in cases.values() for pair in combinations(own, 2)]
