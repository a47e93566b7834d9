"""Predicts ratios of work from the paper ratios that bound them.

The departure from paper is learnt from every pair of chips whose work was measured side by side.
It says how far to trust a paper ratio where nobody measured; it proves nothing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.chips.load import Catalogue
from bench.claims.paper import bounding
from bench.evidence.estimate import LEVEL
from bench.evidence.pool import Evidence

LEAST = 5
"""The fewest chips on which a kind of work must have been measured for a prediction."""


@dataclass(frozen=True)
class Forecast:
    """The distribution of log(measured ratio / paper ratio) over pairs of chips.

    Attributes:
        bias: its mean, with each pair ordered by paper, the larger first.
        spread: its standard deviation.
        chips: the number of chips in the pairs.
    """

    bias: float
    spread: float
    chips: int

    def interval(self, ratio: float) -> tuple[float, float]:
        """Returns the 95% prediction interval of a measured ratio, given the paper ratio."""
        from scipy.special import stdtrit

        spread = self.spread * math.sqrt(1 + 1 / self.chips)
        half = float(stdtrit(self.chips - 1, 0.5 + LEVEL / 2)) * spread
        middle = math.log(ratio) + math.copysign(1.0, math.log(ratio)) * self.bias
        return math.exp(middle - half), math.exp(middle + half)


def forecast(work: str, evidence: Evidence, catalogue: Catalogue) -> Forecast | None:
    """Returns what paper predicts for a kind of work; None if too few chips were measured."""
    found = list(_deviations(work, evidence, catalogue))
    chips = {chip for pair, _ in found for chip in pair}
    if len(chips) < LEAST:
        return None
    deviations = np.array([one for _, one in found])
    bias = float(deviations.mean())
    return Forecast(bias, float(np.sqrt(np.mean((deviations - bias) ** 2))), len(chips))


def _deviations(
    work: str, evidence: Evidence, catalogue: Catalogue
) -> Iterator[tuple[tuple[str, str], float]]:
    chips = sorted({one.chip for one in evidence.admitted if one.quantity.family == work})
    for pair in combinations(chips, 2):
        first, second = (catalogue.chips[one] for one in pair)
        measured = evidence.of_work({first.id}, {second.id}, work)
        paper = bounding(work, None, first, second, catalogue) if measured else None
        if measured and paper:
            log = math.log(paper.value)
            away = measured.contrast.value - log
            yield pair, away if log >= 0 else -away
