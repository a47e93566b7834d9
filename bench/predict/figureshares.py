"""What a careful test of a chip's printed figures is predicted to reach."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.chips.model import Chip
from bench.chips.paper import Paper, of_sheet
from bench.errors import UsageError
from bench.evidence.observe import most_published
from bench.evidence.pool import Evidence
from bench.predict.learning.figures import (
    FAMILIES,
    Fractions,
    GroupValue,
    Share,
    fractions,
    group_values,
)
from bench.predict.model.facts import Facts
from bench.predict.tiers import known_of


@dataclass(frozen=True)
class FigureShare:
    """What a chip is predicted to reach of one printed figure.

    Attributes:
        figure: key of the figure.
        measured: the kind of test, such as streams that read and write at once.
        published: the printed figure, in base units.
        prediction: the predicted share of it, with intervals.
        tier: the basis of the prediction.
        achieved: the largest share that a group measured on the chip itself, in such a test or in
            one that reaches less; None if nobody did.
    """

    chip: Facts
    figure: str
    measured: str
    published: float
    prediction: Share
    tier: str
    achieved: float | None = None

    @property
    def share(self) -> float:
        """Returns the predicted share."""
        return self.prediction.value

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Returns the lowest and the highest share, one pair per level."""
        return self.prediction.bounds


MATRIX = {"best product": False}
"""Kinds of test of a matrix rate; see ``FIGURE_TESTS``."""
MEMORY = {"read or write": False, "copy or triad": True}
"""Kinds of test of a memory bandwidth; see ``FIGURE_TESTS``."""
FIGURE_TESTS: Mapping[str, Mapping[str, bool]] = {
    "matrix_bf16": MATRIX, "matrix_fp16": MATRIX, "matrix_fp8": MATRIX, "memory_bandwidth": MEMORY,
}  # fmt: skip
"""Figures to predict; for each, the kinds of test, and whether that kind reaches less of it."""


def figure_shares(
    chips: Sequence[Chip], evidence: Evidence, known: Mapping[str, Facts]
) -> list[FigureShare]:
    """Returns each figure of some chips with the share that a careful test is predicted to reach.

    Args:
        chips: the chips to predict.
        evidence: all measurements.
        known: the facts of every accelerator, by id.

    Raises:
        UsageError: none of the chips is an accelerator with such a figure.
    """
    values = {one: group_values(evidence, known, one) for one in FAMILIES}
    fits = {one: (fractions(values[one], one), values[one]) for one in FAMILIES}
    found = [
        _figure_share(known[chip.id], paper, kind, *fits[figure.partition("_")[0]])
        for chip in chips
        if chip.id in known
        for figure, kinds in FIGURE_TESTS.items()
        if (paper := of_sheet(chip, (figure,)))
        for kind in kinds
    ]
    if not found:
        raise UsageError("none of these chips is an accelerator with a figure to predict")
    return found


def _figure_share(
    chip: Facts, paper: Paper, kind: str, fit: Fractions, values: Sequence[GroupValue]
) -> FigureShare:
    most, limited = most_published(paper) / paper.value, FIGURE_TESTS[paper.key][kind]
    share = fit.share(chip, paper.key, most, limited=limited)
    tier = str(known_of(chip, fit.departures, powered=fit.family == "matrix"))
    own = (one for one in values if (one.chip.chip, one.figure) == (chip.chip, paper.key))
    logs = (one.log for one in own if one.limited or not limited)
    achieved = max(map(math.exp, logs), default=None)
    return FigureShare(chip, paper.key, kind, paper.value, share, tier, achieved)
