"""A measured ratio of two chips with its intervals, and what a chip reaches of a figure."""

import math
from dataclasses import dataclass

from bench.evidence.mixed import Contrast, Scatter
from bench.evidence.observe import Observation

LEVEL, EQUIVALENCE = 0.95, 0.90
"""The interval that is printed, and the one that two one-sided tests at 5% come down to."""


@dataclass(frozen=True)
class Estimate:
    """A measured ratio of two chips.

    Attributes:
        contrast: the difference of logarithms.
        first, second: the values behind either side.
        groups_both: the number of groups that measured both.
        scatter: how far values of the family scatter.
        borrowed: whether the scatter was learnt from other families as well, for want of values.
    """

    contrast: Contrast
    first: tuple[Observation, ...]
    second: tuple[Observation, ...]
    groups_both: int
    scatter: Scatter
    borrowed: bool = False

    @property
    def ratio(self) -> float:
        """Returns the first over the second."""
        return math.exp(self.contrast.value)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Returns the bounds of the ratio."""
        low, high = self.contrast.interval(level)
        return math.exp(low), math.exp(high)

    @property
    def is_single(self) -> bool:
        """Tells whether either side is the value of a single group: one card against one card."""
        return len({one.by for one in self.first}) == len({one.by for one in self.second}) == 1

    @property
    def noise(self) -> float:
        """Returns the variance that one more pair of devices, side by side, adds on either side.

        A group's own level falls out of its comparison of two chips; what it made of work on a
        chip does not.
        """
        is_work = bool(self.first) and self.first[0].figure is None
        return self.scatter.residual + (self.scatter.group if is_work else 0.0)


@dataclass(frozen=True)
class Achieved:
    """What a chip reaches of a figure: the pooled rate with its interval, and its sources."""

    rate: float
    low: float
    high: float
    voices: tuple[Observation, ...]
