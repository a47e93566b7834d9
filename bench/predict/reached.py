"""What a careful test of a chip's printed figures is predicted to find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.chips.model import Chip
from bench.chips.paper import Paper, of_sheet
from bench.errors import UsageError
from bench.evidence.observe import most_published
from bench.evidence.pool import Evidence
from bench.predict.learning.figures import FAMILIES, Fractions, Share, fractions, voices
from bench.predict.model.facts import Facts
from bench.predict.tiers import known_of


@dataclass(frozen=True)
class Reached:
    """What a chip is predicted to reach of one figure, in base units and as a share of it.

    Attributes:
        measured: what it is reached with, such as streams that read and write at once.
    """

    chip: Facts
    figure: str
    measured: str
    published: float
    told: Share
    tier: str

    @property
    def share(self) -> float:
        """Returns the share that is predicted."""
        return self.told.value

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Returns the lowest and the highest share by level."""
        return self.told.bounds


MATRIX = {"best product": False}
MEMORY = {"read or write": False, "copy or triad": True}
REACHED: Mapping[str, Mapping[str, bool]] = {
    "matrix_bf16": MATRIX, "matrix_fp16": MATRIX, "matrix_fp8": MATRIX, "memory_bandwidth": MEMORY,
}  # fmt: skip
"""What figures are predicted, by what they are reached with: whether that has less of it."""


def reached(chips: Sequence[Chip], evidence: Evidence, known: Mapping[str, Facts]) -> list[Reached]:
    """Returns the figures of chips with the share that a careful test is predicted to find.

    Args:
        chips: whose.
        evidence: all that was measured.
        known: the facts of every accelerator, by id.

    Raises:
        UsageError: none of the chips is an accelerator with such a figure.
    """
    learnt = {one: fractions(voices(evidence, known, one), one) for one in FAMILIES}
    told = [
        _reached(known[chip.id], paper, measured, learnt[figure.partition("_")[0]])
        for chip in chips
        if chip.id in known
        for figure, ways in REACHED.items()
        if (paper := of_sheet(chip, (figure,)))
        for measured in ways
    ]
    if not told:
        raise UsageError("none of these chips is an accelerator with a figure to predict")
    return told


def _reached(chip: Facts, paper: Paper, measured: str, learnt: Fractions) -> Reached:
    most = most_published(paper) / paper.value
    told = learnt.share(chip, paper.key, most, less=REACHED[paper.key][measured])
    rests = str(known_of(chip, learnt.departures, powered=learnt.family == "matrix"))
    return Reached(chip, paper.key, measured, paper.value, told, rests)
