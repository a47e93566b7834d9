"""Finds figures of other sources that would change a chip's status."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Figure, Published
from bench.rules.judge import Status, status
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.subject import deciding, subject
from bench.theory.readings import as_read

TESTED = (
    "memory_bandwidth", "link_bandwidth", "link_bandwidth_oneway", "pcie_bandwidth", "die_area",
    "logic_area", "transistors",
)  # fmt: skip
"""The figures, besides the rates, that the rules test."""
NOT_THE_CHIP = ("die", "one direction", "sparse", "pass mark")
"""Counts by which a rival value is a different figure altogether."""


@dataclass(frozen=True)
class Overturned:
    """A figure of another source under which the chip's status would change.

    Attributes:
        figure: the figure's key.
        rival: the other source's value.
        status: the status under that value.
    """

    figure: str
    rival: Published
    status: Status


def overturned(
    chip: Chip, here: Status, catalogue: Catalogue, question: Question, book: Rulebook
) -> list[Overturned]:
    """Returns every rival figure that alone would change the paragraph or the policy.

    A rival that only settles an unknown status on one of its possible cases does not count.
    """
    if len(here.policies) > 1 or len(here.eccns) > 1:
        return []
    part = deciding(chip, catalogue)
    found, plain = [], subject(part, catalogue)
    for key, rival in _testable(part):
        read = as_read(part, {key: Figure.model_construct(**dict(rival))})
        other = subject(read, catalogue)
        if other == plain:
            continue
        other = replace(other, system=here.system)
        there = status(other, question, book)
        if (there.eccns, there.policies) != (here.eccns, here.policies):
            found.append(Overturned(key, rival, there))
    return found


def _testable(chip: Chip) -> Iterator[tuple[str, Published]]:
    """Yields the rival figures that a rule may test.

    Rates computed here are left out. They do not enter TPP, so that putting one in the place of a
    published rate would make TPP unknown, which no source claims.
    """
    for key, figure in chip.figures.items():
        is_rate = key.startswith(("matrix_", "vector_"))
        if key in TESTED or is_rate:
            for rival in figure.rivals:
                is_computed = is_rate and rival.origin == "computed"
                excluded = rival.counts in NOT_THE_CHIP or rival.refuted or is_computed
                if rival.number is not None and not excluded:
                    yield key, rival
