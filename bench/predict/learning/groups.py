"""How far values of one chip scatter: within one group, and from one group to the next.

A group is a person's software, tuning and card. Ten values by one group tell little more of a chip
than one does, and what another group will find is predicted by how groups differ.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Chip = TypeVar("Chip", bound=Hashable)
UNKNOWN = 0.1
"""Spread of one chip's values where no chip has two, log."""
ALIKE = 1e-12
"""Variance of groups that agree wholly."""
BEYOND = 3
"""Values beyond a quantile without which it is not told by them: 15 of 80%, 60 of 95%."""
FEW = 30
"""Groups up to which leaving one of them out moves the middle of a chip."""


@dataclass(frozen=True)
class Groups:
    """Variances of single values of one chip, by what causes them.

    Attributes:
        own: within one group.
        between: from group to group.
    """

    own: float
    between: float

    @property
    def both(self) -> float:
        """Returns the variance of a single value of a group not heard yet."""
        return self.own + self.between

    def count(self, groups: Sequence[Floats]) -> float:
        """Returns how many values by as many groups a chip's own are worth."""
        worth = sum(1 / (self.between + self.own / len(one)) for one in groups)
        return float(self.both * worth)


def grouped(
    chips: Sequence[Chip], logs: Sequence[float], groups: Sequence[Hashable] = ()
) -> dict[Chip, list[Floats]]:
    """Returns the values of each chip, those of each group together.

    Args:
        chips: of each value.
        logs: n values.
        groups: who measured each; without it each is a group of its own.
    """
    found: dict[Chip, dict[Hashable, list[float]]] = {}
    for chip, log, group in zip(chips, logs, groups or range(len(logs)), strict=True):
        found.setdefault(chip, {}).setdefault(group, []).append(log)
    return {chip: [np.array(one) for one in held.values()] for chip, held in found.items()}


def scatter(chips: Mapping[Chip, Sequence[Floats]]) -> Groups:
    """Returns both variances by the method of moments (one-way analysis of variance)."""
    every = [one for held in chips.values() for one in held]
    spare = sum(len(one) - 1 for one in every)
    told = (one for one in every if len(one) > 1)
    own = sum(float(np.sum((one - one.mean()) ** 2)) for one in told) / max(spare, 1)
    several = [held for held in chips.values() if len(held) > 1]
    apart = sum(len(held) - 1 for held in several)
    if not apart:
        return Groups(own, max(own, ALIKE) if spare else UNKNOWN**2)
    squares = sum(_squares(held, own) for held in several)
    return Groups(own, max(squares / apart, ALIKE))


def _squares(held: Sequence[Floats], own: float) -> float:
    """Returns what hands' means scatter beyond what their values do, squared."""
    means = np.array([one.mean() for one in held])
    noise = own * sum(1 / len(one) for one in held) * (len(held) - 1) / len(held)
    return float(np.sum((means - means.mean()) ** 2)) - noise


def middle(groups: Sequence[Floats]) -> float:
    """Returns the median over groups of each group's median."""
    return _median([_median(one) for one in groups])


def _median(values: Sequence[float] | Floats) -> float:
    """Returns the median; of few values numpy takes longer to begin than to find it."""
    return float(np.median(values) if len(values) > FEW else median(values))


def tails(
    chips: Mapping[Chip, Sequence[Floats]], levels: Sequence[float]
) -> tuple[float | None, ...]:
    """Returns the quantiles of a value's distance from its chip's middle; a chip has one vote.

    The middle is that of the chip's other groups, which is itself off: the distance is scaled down
    to that from one that is known. A chip with one group tells nothing; where all are such, there
    is no quantile.
    """
    away = [_away(held) for held in chips.values() if len(held) > 1]
    return quantiles(away, levels, sum(len(one) - 1 for one in away))


def quantiles(
    groups: Sequence[Floats], levels: Sequence[float], spare: float
) -> tuple[float | None, ...]:
    """Returns the quantiles of values, each group with one vote.

    Args:
        groups: of values.
        levels: of the quantiles.
        spare: how many values that makes; a level is None unless ``BEYOND`` of them lie beyond it.
    """
    if not groups:
        return (None,) * len(levels)
    grid = np.linspace(0, 1, 200)
    every = np.concatenate([np.quantile(one, grid) for one in groups])
    return tuple(
        float(np.quantile(every, level)) if spare * (1 - level) > BEYOND - ALIKE else None
        for level in levels
    )


def _away(held: Sequence[Floats]) -> Floats:
    if len(held) > FEW:
        return np.asarray(np.abs(np.concatenate(held) - middle(held)))
    others = len(held) - 1
    scale = (others / (others + 1)) ** 0.5
    own = [_median(one) for one in held]
    left = [
        np.abs(one - _median([*own[:place], *own[place + 1 :]])) for place, one in enumerate(held)
    ]
    return np.asarray(scale * np.concatenate(left))
