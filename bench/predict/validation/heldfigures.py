"""Measured figures of sheets, predicted without the chip, the group or the vendor they are of."""

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

import numpy as np

from bench.evidence.pool import Evidence
from bench.predict.learning.figures import Voice, fractions, voices
from bench.predict.model.facts import Facts
from bench.predict.validation.errors import Outcome

Held = Callable[[Voice], Hashable]


def figures_left_out(
    evidence: Evidence,
    chips: Mapping[str, Facts],
    family: str,
    held: Held,
    only: Collection[str] | None = None,
) -> list[Outcome]:
    """Returns every voice on a family of figures, predicted by the others.

    Args:
        evidence: all that was measured.
        chips: every accelerator.
        family: ``matrix`` or ``memory``.
        held: what is left out with a voice: its chip, its group, its vendor.
        only: ids of chips that are asked for; default all.
    """
    every = voices(evidence, chips, family)
    found: list[Outcome] = []
    for group in dict.fromkeys(held(one) for one in every):
        asked = [one for one in every if held(one) == group]
        asked = [one for one in asked if only is None or one.chip.chip in only]
        known = [one for one in every if held(one) != group]
        found += _told(asked, known, family) if asked else []
    return found


def _told(asked: Sequence[Voice], known: Sequence[Voice], family: str) -> list[Outcome]:
    learnt = fractions(known, family)
    share = float(np.median([one.log for one in known]))
    told = [learnt.share(one.chip, one.figure, one.most, less=one.less) for one in asked]
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
        for one, found in zip(asked, told, strict=True)
    ]  # fmt: skip
