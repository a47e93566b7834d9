"""How far the same case on two chips lies apart once the chips' departures are removed.

What an engine, a model or a batch adds on every chip cancels between two chips. What is left is the
interaction of one case with one chip, and that is the error of a ratio of two chips. Chips of one
family run the same kernels, so it is smaller between two of them than between families.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.predict.learning.groups import quantiles
from bench.predict.model.operators import Array

ROUNDING = 1e-9
"""Relative variance below which a distance is zero but for rounding: its variance after effects are
removed, over that of a single value."""
LEAST_PAIRS = 2
"""Pairs of chips it takes to know how far those of one family, or of two, lie apart."""
Numbers = NDArray[np.intp]
Tails = tuple[float | None, ...]
"""Quantiles of the distance of two chips on one case, by level; None if too few distances lie
beyond it."""
Key = tuple[Hashable, Hashable]
"""A chip and a case."""
Distances = dict[frozenset[Hashable], Array]
"""Distances of two chips on the cases that both ran."""
Family = Callable[[Any], Hashable]
"""Returns the family of a chip."""


@dataclass(frozen=True)
class PairScatter:
    """Scatter (log) of the same case between chips.

    Attributes:
        scale: standard deviation of one value around its chip and case effects.
        spare: degrees of freedom behind it, after chip and case effects; those of other evidence if
            no case was run on two chips, and 0 if there is none: the scale is then that of any two
            cases.
        tails: for any two chips.
        related: for two chips of one family; empty with fewer than ``LEAST_PAIRS`` of them.
        unrelated: for chips of two families, likewise.
    """

    scale: float
    spare: float
    tails: Tails
    related: Tails = ()
    unrelated: Tails = ()

    def between(self, *, one_family: bool) -> Tails:
        """Returns the quantiles for two chips, by whether they are of one family."""
        own = (self.related if one_family else self.unrelated) or self.tails
        pairs = zip(own, self.tails, strict=True)
        return tuple(any_two if tail is None else tail for tail, any_two in pairs)


def pair_scatter(
    chips: Sequence[Hashable],
    logs: Sequence[float],
    same: Sequence[Hashable],
    levels: Sequence[float],
    family: Family | None = None,
) -> PairScatter | None:
    """Returns how far cases on two chips lie apart; None if no case was run on two.

    A case that was run several times on one chip counts once, by its median.

    Args:
        chips: chip of each case.
        logs: n values.
        same: what was run; equal for the same case on several chips.
        levels: levels of the quantiles.
        family: returns the family of a chip; without it, every two chips are alike.
    """
    values = _shared(chips, logs, same)
    if not values:
        return None
    cases = _numbered([case for _, case in values])
    centred = _centred(np.array(list(values.values())), cases)
    basis = _chip_basis(list(values), cases)
    spare = len(centred) - (cases.max() + 1) - basis.shape[1]
    if spare < 1:
        return None
    residuals = centred - basis @ (basis.T @ centred)
    scale = float(np.sqrt(np.sum(residuals**2) / spare))
    distances = _distances([chip for chip, _ in values], cases, residuals, basis)
    whole = list(distances.values())
    split = _by_family(distances, family) if family else ([], [])
    halves = (_own_tails(one, whole, levels, spare) for one in split)
    return PairScatter(scale, float(spare), quantiles(whole, levels, spare), *halves)


def _by_family(distances: Distances, family: Family) -> tuple[list[Array], list[Array]]:
    """Returns the distances of pairs of chips of one family, and those of the other pairs."""
    split: tuple[list[Array], list[Array]] = [], []
    for pair, own in distances.items():
        split[len({family(chip) for chip in pair}) > 1].append(own)
    return split


def _own_tails(
    own: Sequence[Array], whole: Sequence[Array], levels: Sequence[float], spare: float
) -> Tails:
    """Returns the quantiles of some pairs of chips, given all; empty for too few of them."""
    if len(own) < LEAST_PAIRS:
        return ()
    return quantiles(own, levels, spare * sum(map(len, own)) / sum(map(len, whole)))


def _shared(
    chips: Sequence[Hashable], logs: Sequence[float], same: Sequence[Hashable]
) -> dict[Key, float]:
    """Returns the value of each chip and case, for cases that were run on two chips or more."""
    runs: dict[Key, list[float]] = {}
    for chip, log, case in zip(chips, logs, same, strict=True):
        runs.setdefault((chip, case), []).append(log)
    chips_of: dict[Hashable, int] = {}
    for _, case in runs:
        chips_of[case] = chips_of.get(case, 0) + 1
    return {key: median(values) for key, values in runs.items() if chips_of[key[1]] > 1}


def _numbered(names: Sequence[Hashable]) -> Numbers:
    """Returns the number of each name, from 0, in order of first appearance."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])


def _centred(values: Array, cases: Numbers) -> Array:
    """Returns values (n,) or (n, k) less the mean of their case."""
    sums = np.zeros((cases.max() + 1, *values.shape[1:]))
    np.add.at(sums, cases, values)
    counts = np.bincount(cases).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values - (sums / counts)[cases])


def _chip_basis(keys: Sequence[Key], cases: Numbers) -> Array:
    """Returns an orthonormal basis of the chip effects after case effects (n, rank)."""
    from scipy.linalg import orth

    chips = _numbered([chip for chip, _ in keys])
    return np.asarray(orth(_centred(np.eye(chips.max() + 1)[chips], cases)))


def _distances(
    chips: Sequence[Hashable], cases: Numbers, residuals: Array, basis: Array
) -> Distances:
    """Returns the distances of two chips on their common cases.

    Removing chip effects shrinks a distance; each is scaled back up to that of two independent
    values. (Both values have the same case effect, so removing that costs nothing.) Distances that
    the chip effects explain completely are left out.
    """
    one, other = np.array(_same_case(cases)).T
    remaining = 2 - np.sum((basis[one] - basis[other]) ** 2, axis=1)
    usable = remaining > ROUNDING
    one, other = one[usable], other[usable]
    scaled = np.abs(residuals[one] - residuals[other]) * np.sqrt(2 / remaining[usable])
    pairs: dict[frozenset[Hashable], list[float]] = {}
    for first, second, distance in zip(one.tolist(), other.tolist(), scaled.tolist(), strict=True):
        pairs.setdefault(frozenset((chips[first], chips[second])), []).append(distance)
    return {pair: np.array(distances) for pair, distances in pairs.items()}


def _same_case(cases: Numbers) -> list[tuple[int, int]]:
    """Returns the positions of every two values of one case."""
    places: dict[int, list[int]] = {}
    for place, case in enumerate(cases.tolist()):
        places.setdefault(case, []).append(place)
    return [pair for ours in places.values() for pair in combinations(ours, 2)]
