"""A measured ratio of two chips with its intervals, and what a chip reaches of a figure."""

import math
from dataclasses import dataclass

from bench.evidence.mixed import Contrast, Scatter
from bench.evidence.observe import Observation

LEVEL, EQUIVALENCE = 0.95, 0.90
"""Level of the interval that is printed, and of the one equivalent to two one-sided tests at 5%."""


@dataclass(frozen=True)
class Estimate:
    """A measured ratio of two chips.

    Attributes:
        contrast: the difference of logarithms.
        first, second: the values of the two chips.
        groups_both: number of groups that measured both chips.
        scatter: variances of values of the family.
        borrowed: whether the scatter was estimated from other families, too, as this one has too
            few values.
    """

    contrast: Contrast
    first: tuple[Observation, ...]
    second: tuple[Observation, ...]
    groups_both: int
    scatter: Scatter
    borrowed: bool = False

    @property
    def ratio(self) -> float:
        """Returns the ratio of the first chip to the second."""
        return math.exp(self.contrast.value)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Returns the bounds of the ratio."""
        low, high = self.contrast.interval(level)
        return math.exp(low), math.exp(high)

    @property
    def is_single(self) -> bool:
        """Returns whether each side has the value of one group only: one card against one card."""
        return len({one.by for one in self.first}) == len({one.by for one in self.second}) == 1

    @property
    def noise(self) -> float:
        """Returns the variance per side of one more pair of devices that a group measures.

        A group's own level cancels in its comparison of two chips; for work, its effect on a chip
        does not.
        """
        is_work = bool(self.first) and self.first[0].figure is None
        return self.scatter.residual + (self.scatter.group if is_work else 0.0)


@dataclass(frozen=True)
class Achieved:
    """The pooled measured rate of a chip for a figure.

    Attributes:
        rate: the weighted mean of the votes' logarithms, as a rate in base units.
        low, high: bounds of its 95% interval.
        votes: the values behind it, one per group.
        widened: factor, at least 1, by which votes that disagree widened the interval.
    """

    rate: float
    low: float
    high: float
    votes: tuple[Observation, ...]
    widened: float = 1.0

    @property
    def least(self) -> float:
        """Returns the lowest rate of a group."""
        return min(one.rate for one in self.votes)

    @property
    def most(self) -> float:
        """Returns the highest rate of a group."""
        return max(one.rate for one in self.votes)
