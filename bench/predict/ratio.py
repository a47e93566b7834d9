"""The rate of one chip over that of another in the same scenario; shared errors cancel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.predict.forecast import Prediction, part_of
from bench.predict.learning.departure import difference
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt
from bench.predict.learning.othergroups import OtherGroups
from bench.predict.learning.pooling import COVERAGES
from bench.predict.model.disaggregated import WIDER
from bench.predict.model.operators import Array

WAYS = {DENSE: (0.15, 0.36), EXPERTS: (0.26, 0.45)}
"""Half-widths in log, one per level, of the ratio of two ways to serve a model on one chip: shares
of the measured ratios as large as the levels are within them of the predicted ones. The ratios are
those of every two runs of one work in two ways in ``results/tables``, with one vote per work: 6,800
on 3 chips, and 5,547 on 5 for models with experts."""
STEEPEST = 10.0
"""Largest factor by which a rate within latency limits may change more, in log, than times do."""
Stretch = tuple[float, float]
"""Factors on the log half-widths below and above the middle."""


@dataclass(frozen=True)
class Ratio:
    """The rate of one chip over that of another in the same scenario.

    Attributes:
        middle: central value, one per point.
        model_halves: the model's part of the interval: half-widths in log ratio, one per level;
            each is an array with one per point where these differ.
        sheet_half: the sheets' part: half-width in log ratio, one value per point.
        stretches: within latency limits rates change more than times do: the factors, one pair per
            level; empty for 1.
    """

    middle: Array
    model_halves: tuple[float | Array, ...]
    sheet_half: Array
    stretches: tuple[Stretch, ...] = ()

    def bounds(self, level: float) -> tuple[Array, Array]:
        """Returns the interval at one of ``COVERAGES``."""
        place = COVERAGES.index(level)
        half = self.model_halves[place] + self.sheet_half
        below, above = self.stretches[place] if self.stretches else (1.0, 1.0)
        return self.middle * np.exp(-half * below), self.middle * np.exp(half * above)


def ratio(first: Prediction, second: Prediction, known: Learnt) -> Ratio:
    """Returns tokens/s per chip of the first over those of the second.

    One chip has no interval to itself in the same way with as many requests.
    """
    middle = first.per_chip() / second.per_chip()
    if _chips(first) == _chips(second) and _way(first) == _way(second):
        return Ratio(middle, (0.0,) * len(COVERAGES), np.zeros_like(middle))
    points = range(len(middle)) if first.prefill or second.prefill else range(1)
    halves = np.transpose([_model_halves(first, second, point, known) for point in points])
    model = tuple(float(one[0]) if np.ptp(one) == 0 else one for one in halves)
    stretches = _stretches(_steepness(first), _steepness(second))
    return Ratio(middle, model, _sheet_half(first, second), stretches)


def _chips(one: Prediction) -> tuple[str, str]:
    """Returns the chip that decodes, and that for prefill if it is not the same."""
    return one.chip.chip, one.prefill.chip.chip if one.prefill else ""


def _way(one: Prediction) -> tuple[object, ...]:
    """Returns a key that is equal for the same way with the same numbers of requests."""
    asked = one.scenario
    return asked.split, asked.prefill and asked.prefill.split, tuple(asked.batch)


def _model_halves(
    first: Prediction, second: Prediction, point: int, known: Learnt
) -> tuple[float, ...]:
    """Returns the model's half-widths in log ratio at one point, one per level.

    Each rate has the error of the chips that limit it; that of a chip that limits both cancels.
    Other ways, and ``WIDER`` for each rate of disaggregated serving, add scatter of their own; the
    chips that hardly limit a rate add what its interval has for them.
    """
    name = part_of(first.scenario)
    limits = _limiting(first, point), _limiting(second, point)
    ways = (0.0,) * len(COVERAGES) if _way(first) == _way(second) else WAYS[name]
    apart = [WIDER for one in (first, second) if one.prefill]
    chips = _difference(*limits, known)
    others = (_others(*each, point) for each in zip((first, second), limits, strict=True))
    return tuple(
        math.hypot(chip, way, *apart) + sum(more)
        for chip, way, *more in zip(chips, ways, *others, strict=True)
    )


def _limiting(one: Prediction, point: int) -> Prediction | None:
    """Returns the prediction of the chips that limit a rate at one point; None: their network."""
    if one.prefill is None:
        return one
    sides = {"decode": one, "prefill": one.prefill.single, "transfer": None}
    return sides[one.prefill.limiting(point)]


def _difference(
    first: Prediction | None, second: Prediction | None, known: Learnt
) -> tuple[float, ...]:
    """Returns the half-widths in log ratio of the chips that limit two rates, one per level."""
    if first is None or second is None:
        return _own_halves(first or second)
    if first.chip.chip == second.chip.chip:
        return (0.0,) * len(COVERAGES)
    part = known.parts[part_of(first.scenario)]
    groups = _included(first), _included(second)
    return difference((first.chip, second.chip), part, known.stack, groups)[1]


def _own_halves(one: Prediction | None) -> tuple[float, ...]:
    """Returns the half-widths in log of one side's chips, one per level; 0 for a network."""
    if one is None:
        return (0.0,) * len(COVERAGES)
    return tuple(half - (WIDER if one.prefill else 0.0) for half in one.model_halves)


def _others(one: Prediction, limiting: Prediction | None, point: int) -> tuple[float, ...]:
    """Returns what the chips that do not limit a rate add to its half-widths, one per level."""
    if one.prefill is None:
        return (0.0,) * len(COVERAGES)
    rates = (np.atleast_1d(half) for half in one.rate_interval.model_halves)
    pairs = zip(rates, _own_halves(limiting), strict=True)
    return tuple(max(float(rate[point % len(rate)]) - WIDER - own, 0.0) for rate, own in pairs)


def _sheet_half(first: Prediction, second: Prediction) -> Array:
    """Returns the sheets' half-width in log ratio per point; that of one chip cancels."""
    one, other = first.rate_interval.sheet_half, second.rate_interval.sheet_half
    return np.abs(one - other) if _chips(first) == _chips(second) else one + other


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
        return [(1.0, 1.0)] * len(COVERAGES)
    middle, found = float(one.per_chip()[0]), []
    for level, (low, high) in zip(COVERAGES, one.rate_bounds, strict=True):
        half = max(float(one.rate_interval.half(level)[0]), 1e-9)
        down = math.log(middle / low) / half if low > 0 else STEEPEST
        up = math.log(max(high, middle) / middle) / half
        found.append((min(max(down, 1.0), STEEPEST), min(max(up, 1.0), STEEPEST)))
    return found
