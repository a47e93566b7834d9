"""How far one case on one chip lies from the same case on another, chips' departures taken out.

What an engine, a model or a batch adds on every chip cancels there; what is left is what a case
does on one chip alone, and it is what a ratio of two chips is off by.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.predict.hands import Floats, quantiles

EXPLAINED = 1e-9
"""Variance of a distance, of that of a single value, below which it is nought but for rounding."""


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
    found, taken = np.array(list(values.values())), _taken(list(values))
    spare = len(found) - taken.shape[1]
    if spare < 1:
        return None
    left = found - taken @ (taken.T @ found)
    scale = float(np.sqrt(np.sum(left**2) / spare))
    away = _distances(list(values), left, taken)
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
    return {key: float(np.median(own)) for key, own in runs.items() if ran[key[1]] > 1}


def _taken(keys: Sequence[Key]) -> Floats:
    """Returns an orthonormal basis of what chips and cases explain of n values (n x rank)."""
    from scipy.linalg import orth

    design = []
    for place in (0, 1):
        names = {name: column for column, name in enumerate(dict.fromkeys(k[place] for k in keys))}
        design.append(np.eye(len(names))[[names[key[place]] for key in keys]])
    return np.asarray(orth(np.hstack(design)))


def _distances(keys: Sequence[Key], left: Floats, taken: Floats) -> list[Floats]:
    """Returns how far two chips lie apart on their cases, each pair of chips by itself.

    Each distance is scaled to that of two values of which nothing is taken out: without its case's
    effect, which both have, it has lost little but its chips'. One that those explain wholly is
    left out.
    """
    cases: dict[Hashable, list[int]] = {}
    for place, (_, case) in enumerate(keys):
        cases.setdefault(case, []).append(place)
    pairs: dict[frozenset[Hashable], list[float]] = {}
    for one, other in (pair for own in cases.values() for pair in combinations(own, 2)):
        kept = 2 - float(np.sum((taken[one] - taken[other]) ** 2))
        if kept > EXPLAINED:
            far = abs(float(left[one] - left[other])) * math.sqrt(2 / kept)
            pairs.setdefault(frozenset((keys[one][0], keys[other][0])), []).append(far)
    return [np.array(one) for one in pairs.values()]
