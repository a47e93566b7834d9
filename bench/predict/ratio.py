"""The rate of one chip over that of another in the same scenario; shared errors cancel."""

from dataclasses import dataclass

import numpy as np

from bench.predict.forecast import Prediction, part_of
from bench.predict.learning.expected import difference
from bench.predict.learning.learn import Learnt
from bench.predict.learning.others import OtherGroups
from bench.predict.learning.pooled import LEVELS
from bench.predict.model.operators import Array


@dataclass(frozen=True)
class Ratio:
    """The rate of one chip over that of another in the same scenario.

    Attributes:
        middle: central value, one per point.
        model_halves: the model's part of the interval: half-widths in log ratio, one per level.
        sheet_half: the sheets' part: half-width in log ratio, one value per point.
    """

    middle: Array
    model_halves: tuple[float, ...]
    sheet_half: Array

    def bounds(self, level: float) -> tuple[Array, Array]:
        """Returns the interval at one of ``LEVELS``."""
        half = self.model_halves[LEVELS.index(level)] + self.sheet_half
        return self.middle * np.exp(-half), self.middle * np.exp(half)


def ratio(first: Prediction, second: Prediction, known: Learnt) -> Ratio:
    """Returns tokens/s per chip of the first over those of the second."""
    if first.chip.chip == second.chip.chip:
        none = np.zeros_like(first.sheet_half)
        return Ratio(first.per_chip() / second.per_chip(), (0.0,) * len(LEVELS), none)
    name = part_of(first.scenario)
    pair = first.chip, second.chip
    groups = _included(first), _included(second)
    _, halves = difference(pair, known.parts[name], known.stack, groups)
    middle = first.per_chip() / second.per_chip()
    return Ratio(middle, halves, first.sheet_half + second.sheet_half)


def _included(one: Prediction) -> OtherGroups | None:
    return one.other_groups if one.includes_other_groups else None
