"""Measured shares of sheets' figures, predicted without the chip, group or vendor in question."""

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

import numpy as np

from bench.evidence.pool import Evidence
from bench.predict.learning.figures import GroupValue, fractions, group_values
from bench.predict.model.facts import Facts
from bench.predict.validation.errors import Outcome

HoldOut = Callable[[GroupValue], Hashable]
"""Returns the group that a value is held out with."""


def figures_left_out(
    evidence: Evidence,
    chips: Mapping[str, Facts],
    family: str,
    hold_out: HoldOut,
    only: Collection[str] | None = None,
) -> list[Outcome]:
    """Returns every measured value of a family of figures, predicted from the others.

    Args:
        evidence: all measurements.
        chips: the facts of every accelerator, by id.
        family: ``matrix`` or ``memory``.
        hold_out: what a value is held out with: its chip, its group or its vendor.
        only: ids of the chips to predict; default all.
    """
    values = group_values(evidence, chips, family)
    found: list[Outcome] = []
    for group in dict.fromkeys(hold_out(one) for one in values):
        held_out = [one for one in values if hold_out(one) == group]
        held_out = [one for one in held_out if only is None or one.chip.chip in only]
        known = [one for one in values if hold_out(one) != group]
        found += _outcomes(held_out, known, family) if held_out else []
    return found


def _outcomes(
    held_out: Sequence[GroupValue], known: Sequence[GroupValue], family: str
) -> list[Outcome]:
    fit = fractions(known, family)
    share = float(np.median([one.log for one in known]))
    predicted = [fit.share(one.chip, one.figure, one.most, limited=one.limited) for one in held_out]
    return [
        Outcome(
            chip=one.chip.chip,
            work=one.figure,
            error=math.log(found.value) - one.log,
            halves=found.halves,
            rivals=(-one.log, share - one.log),
            measured=math.exp(one.log),
            ends=tuple((math.log(low) - one.log, math.log(high) - one.log)
                       for low, high in found.bounds),
        )
        for one, found in zip(held_out, predicted, strict=True)
    ]  # fmt: skip
