"""The rate of one chip over that of another in the same scenario; shared errors cancel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.predict.forecast import Prediction, part_of
from bench.predict.learning.expected import difference
from bench.predict.learning.learn import Learnt
from bench.predict.learning.others import OtherGroups
from bench.predict.learning.pooled import LEVELS
from bench.predict.model.operators import Array

STEEPEST = 10.0
"""Largest factor by which a rate within latency limits may change more, in log, than times do."""
Stretch = tuple[float, float]
"""Factors on the log half-widths below and above the middle."""


@dataclass(frozen=True)
class Ratio:
    """The rate of one chip over that of another in the same scenario.

    Attributes:
        middle: central value, one per point.
        model_halves: the model's part of the interval: half-widths in log ratio, one per level.
        sheet_half: the sheets' part: half-width in log ratio, one value per point.
        stretches: within latency limits rates change more than times do: the factors, one pair per
            level; empty for 1.
    """

    middle: Array
    model_halves: tuple[float, ...]
    sheet_half: Array
    stretches: tuple[Stretch, ...] = ()

    def bounds(self, level: float) -> tuple[Array, Array]:
        """Returns the interval at one of ``LEVELS``."""
        place = LEVELS.index(level)
        half = self.model_halves[place] + self.sheet_half
        below, above = self.stretches[place] if self.stretches else (1.0, 1.0)
        return self.middle * np.exp(-half * below), self.middle * np.exp(half * above)


def ratio(first: Prediction, second: Prediction, known: Learnt) -> Ratio:
    """Returns tokens/s per chip of the first over those of the second."""
    if first.chip.chip == second.chip.chip:
        none = np.zeros_like(first.tokens_per_s)
        return Ratio(first.per_chip() / second.per_chip(), (0.0,) * len(LEVELS), none)
    name = part_of(first.scenario)
    pair = first.chip, second.chip
    groups = _included(first), _included(second)
    _, halves = difference(pair, known.parts[name], known.stack, groups)
    middle = first.per_chip() / second.per_chip()
    sheets = first.rate_interval.sheet_half + second.rate_interval.sheet_half
    return Ratio(middle, halves, sheets, _stretches(_steepness(first), _steepness(second)))


def _included(one: Prediction) -> OtherGroups | None:
    return one.other_groups if one.includes_other_groups else None


def _stretches(first: Sequence[Stretch], second: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Returns the factors of a ratio: its low end is a slower first chip, or a faster second."""
    return tuple(
        (max(down, other_up), max(up, other_down))
        for (down, up), (other_down, other_up) in zip(first, second, strict=True)
    )


def _steepness(one: Prediction) -> list[Stretch]:
    """Returns how much more than its times a chip's rate falls and rises, in log, per level."""
    if not one.rate_bounds:
        return [(1.0, 1.0)] * len(LEVELS)
    middle, found = float(one.per_chip()[0]), []
    for level, (low, high) in zip(LEVELS, one.rate_bounds, strict=True):
        half = max(float(one.rate_interval.half(level)[0]), 1e-9)
        down = math.log(middle / low) / half if low > 0 else STEEPEST
        up = math.log(max(high, middle) / middle) / half
        found.append((min(max(down, 1.0), STEEPEST), min(max(up, 1.0), STEEPEST)))
    return found
