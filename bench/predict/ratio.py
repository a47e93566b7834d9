"""Rate of one chip over that of another on the same question; what both share cancels."""

from dataclasses import dataclass

import numpy as np

from bench.predict.forecast import Prediction, part_of
from bench.predict.learning.expected import difference
from bench.predict.learning.learn import Learnt
from bench.predict.learning.pooled import LEVELS
from bench.predict.model.operators import Array


@dataclass(frozen=True)
class Ratio:
    """Rate of one chip over that of another on the same question; shared errors cancel."""

    middle: Array
    model: tuple[float, ...]
    sheet: Array

    def bounds(self, level: float) -> tuple[Array, Array]:
        """Returns the interval."""
        half = self.model[LEVELS.index(level)] + self.sheet
        return self.middle * np.exp(-half), self.middle * np.exp(half)


def ratio(first: Prediction, second: Prediction, known: Learnt) -> Ratio:
    """Returns tokens a second and chip of the first over those of the second."""
    if first.chip.chip == second.chip.chip:
        return Ratio(np.ones_like(first.seconds), (0.0,) * len(LEVELS), np.zeros_like(first.sheet))
    name = part_of(first.asked)
    groups = tuple(one.others if one.counted else None for one in (first, second))
    pair = first.chip, second.chip
    _, model = difference(pair, known.parts[name], known.stack, (groups[0], groups[1]))
    return Ratio(first.per_chip() / second.per_chip(), model, first.sheet + second.sheet)
