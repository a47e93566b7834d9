"""Whether a figure that another source gives would change what the rules say."""

from dataclasses import dataclass

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Figure, Published
from bench.rules.judge import Status, status
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.subject import subject

ASKED = (
    "memory_bandwidth", "link_bandwidth", "link_bandwidth_oneway", "pcie_bandwidth", "die_area",
    "logic_area", "transistors",
)  # fmt: skip
"""The figures besides the rates that the rules look at."""


@dataclass(frozen=True)
class Overturned:
    """A rival figure under which the status would be another.

    Attributes:
        figure: its key.
        rival: the value as another source has it.
        status: what the rules would say.
    """

    figure: str
    rival: Published
    status: Status


def overturned(
    chip: Chip, here: Status, catalogue: Catalogue, question: Question, book: Rulebook
) -> list[Overturned]:
    """Returns every rival figure that alone would change paragraph or policy."""
    found = []
    for key, figure in chip.figures.items():
        asked = key in ASKED or key.startswith(("matrix_", "vector_"))
        for rival in figure.rivals if asked else ():
            if rival.number is None or rival.counts in ("die", "one direction", "sparse"):
                continue
            there = status(subject(_with(chip, key, rival), catalogue), question, book)
            if (there.eccns, there.policies) != (here.eccns, here.policies):
                found.append(Overturned(key, rival, there))
    return found


def _with(chip: Chip, key: str, rival: Published) -> Chip:
    figure = Figure.model_construct(**dict(rival))
    return chip.model_copy(update={"figures": {**chip.figures, key: figure}})
