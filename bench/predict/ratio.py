"""Rate of one chip over that of another on the same question; what both share cancels."""

from dataclasses import dataclass

import numpy as np

from bench.predict.forecast import Foretold, part_of, untold
from bench.predict.learn import Learnt
from bench.predict.operators import Array
from bench.predict.pooled import LEVELS


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


def ratio(first: Foretold, second: Foretold, known: Learnt) -> Ratio:
    """Returns tokens a second and chip of the first over those of the second."""
    part = known.parts[part_of(first.asked)]
    _, both = part.foretold([first.chip.labels, second.chip.labels])
    variance = float(both[0, 0] + both[1, 1] - 2 * both[0, 1])
    for one in (first, second):
        variance += untold(one.chip, "decode", part, known.stack)
    if first.chip.chip == second.chip.chip:
        return Ratio(np.ones_like(first.seconds), (0.0,) * len(LEVELS), np.zeros_like(first.sheet))
    model = tuple(part.half_ratio(variance, level) for level in LEVELS)
    return Ratio(first.per_chip() / second.per_chip(), model, first.sheet + second.sheet)
