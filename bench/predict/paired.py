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


@dataclass(frozen=True)
class Apart:
    """The scatter of one case on one chip beside the same case on others, in log.

    Attributes:
        scale: standard deviation.
        spare: how many distances tell it, chips and cases taken out; nought: nothing was run on two
            chips, and the scale is that of other evidence.
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
    left, spare = _left(values)
    if spare < 1:
        return None
    scale = float(np.sqrt(np.sum(left**2) / spare))
    away = _distances(values, left * math.sqrt(len(left) / spare))
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


def _left(values: dict[Key, float]) -> tuple[Floats, int]:
    """Returns what is left of values without chips and cases, and its degrees of freedom."""
    places = [
        np.unique([hash(key[place]) for key in values], return_inverse=True)[1] for place in (0, 1)
    ]
    design = np.hstack([np.eye(int(one.max()) + 1)[one] for one in places])
    found = np.array(list(values.values()))
    best, _, rank, _ = np.linalg.lstsq(design, found)
    return found - design @ best, len(found) - int(rank)


def _distances(values: dict[Key, float], left: Floats) -> list[Floats]:
    """Returns how far two chips lie apart on their cases, each pair of chips by itself."""
    cases: dict[Hashable, list[tuple[Hashable, float]]] = {}
    for (chip, case), one in zip(values, left, strict=True):
        cases.setdefault(case, []).append((chip, float(one)))
    pairs: dict[frozenset[Hashable], list[float]] = {}
    for own in cases.values():
        for (chip, first), (other, then) in combinations(own, 2):
            pairs.setdefault(frozenset((chip, other)), []).append(abs(first - then))
    return [np.array(one) for one in pairs.values()]
