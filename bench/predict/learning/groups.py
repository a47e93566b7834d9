"""How far values of one chip scatter: within one measuring group, and between groups.

A group is one person or organisation with its software, tuning and card. Ten values by one group
say little more about a chip than one value does; how far another group's result will lie follows
from the variance between groups.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np

from bench.predict.model.operators import Array

Chip = TypeVar("Chip", bound=Hashable)
DEFAULT_SPREAD = 0.1
"""Assumed standard deviation (log) of one chip's values if no chip has two."""
LEAST_VARIANCE = 1e-12
"""Variance between groups that agree exactly; also the tolerance for rounding."""
LEAST_BEYOND = 3
"""Values that must lie beyond a quantile to estimate it: it takes 15 for 80%, 60 for 95%."""
FEW = 30
"""Number of groups up to which leaving one out noticeably moves a chip's middle."""


@dataclass(frozen=True)
class GroupVariance:
    """Variances of single values of one chip, by cause.

    Attributes:
        within: variance within one group.
        between: variance from group to group.
    """

    within: float
    between: float

    @property
    def total(self) -> float:
        """Returns the variance of a single value by a group not seen yet."""
        return self.within + self.between

    def effective_count(self, groups: Sequence[Array]) -> float:
        """Returns how many single-value groups would give a chip's middle the same precision."""
        precision = sum(1 / (self.between + self.within / len(values)) for values in groups)
        return float(self.total * precision)


def grouped(
    chips: Sequence[Chip], logs: Sequence[float], groups: Sequence[Hashable] = ()
) -> dict[Chip, list[Array]]:
    """Returns the values of each chip, as one array per group.

    Args:
        chips: chip of each value.
        logs: n values.
        groups: who measured each value; without it, each value is a group of its own.
    """
    found: dict[Chip, dict[Hashable, list[float]]] = {}
    for chip, log, group in zip(chips, logs, groups or range(len(logs)), strict=True):
        found.setdefault(chip, {}).setdefault(group, []).append(log)
    return {chip: [np.array(one) for one in by_group.values()] for chip, by_group in found.items()}


def group_variance(chips: Mapping[Chip, Sequence[Array]]) -> GroupVariance:
    """Returns both variances by the method of moments (one-way analysis of variance)."""
    arrays = [values for groups in chips.values() for values in groups]
    spare = sum(len(values) - 1 for values in arrays)
    repeated = (values for values in arrays if len(values) > 1)
    squares = sum(float(np.sum((values - values.mean()) ** 2)) for values in repeated)
    within = squares / max(spare, 1)
    several = [groups for groups in chips.values() if len(groups) > 1]
    freedom = sum(len(groups) - 1 for groups in several)
    if not freedom:
        return GroupVariance(within, max(within, LEAST_VARIANCE) if spare else DEFAULT_SPREAD**2)
    excess = sum(_excess_squares(groups, within) for groups in several)
    return GroupVariance(within, max(excess / freedom, LEAST_VARIANCE))


def _excess_squares(groups: Sequence[Array], within: float) -> float:
    """Returns the sum of squares of group means beyond what scatter within groups explains."""
    means = np.array([values.mean() for values in groups])
    noise = within * sum(1 / len(values) for values in groups) * (len(groups) - 1) / len(groups)
    return float(np.sum((means - means.mean()) ** 2)) - noise


def middle(groups: Sequence[Array]) -> float:
    """Returns the median over groups of each group's median."""
    return _median([_median(values) for values in groups])


def _median(values: Sequence[float] | Array) -> float:
    """Returns the median, by the standard library for few values, as numpy's overhead is larger."""
    return float(np.median(values) if len(values) > FEW else median(values))


def tails(
    chips: Mapping[Chip, Sequence[Array]], levels: Sequence[float]
) -> tuple[float | None, ...]:
    """Returns the quantiles of a value's distance from its chip's middle, one vote per chip.

    The middle is that of the chip's other groups. It has an error of its own, so the distance is
    scaled down to what it would be from a known middle. Chips with one group are left out; if there
    are no others, all quantiles are None.
    """
    distances = [_distances(groups) for groups in chips.values() if len(groups) > 1]
    return quantiles(distances, levels, sum(len(one) - 1 for one in distances))


def quantiles(
    groups: Sequence[Array], levels: Sequence[float], spare: float
) -> tuple[float | None, ...]:
    """Returns the quantiles of values, one vote per group.

    Args:
        groups: values of each group.
        levels: levels of the quantiles.
        spare: degrees of freedom of the values; a level is None unless at least ``LEAST_BEYOND``
            of them lie beyond it.
    """
    if not groups:
        return (None,) * len(levels)
    votes = one_vote_each(groups)
    least = LEAST_BEYOND - LEAST_VARIANCE
    return tuple(
        float(np.quantile(votes, level)) if spare * (1 - level) > least else None
        for level in levels
    )


def one_vote_each(groups: Iterable[Array | Sequence[float]]) -> Array:
    """Returns equally many values for each group, spread evenly over the group's distribution."""
    grid = np.linspace(0, 1, 200)
    return np.concatenate([np.quantile(values, grid) for values in groups])


def _distances(groups: Sequence[Array]) -> Array:
    """Returns the distance of each of a chip's values from the middle of its other groups."""
    if len(groups) > FEW:
        return np.asarray(np.abs(np.concatenate(groups) - middle(groups)))
    others = len(groups) - 1
    scale = (others / (others + 1)) ** 0.5
    medians = [_median(values) for values in groups]
    distances = [
        np.abs(values - _median([*medians[:place], *medians[place + 1 :]]))
        for place, values in enumerate(groups)
    ]
    return np.asarray(scale * np.concatenate(distances))
