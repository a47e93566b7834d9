"""A chip with its status on a day, and the status that disputed figures would give it."""

from dataclasses import dataclass, field

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.rules.judge import Status, status
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.predicate import Subject
from bench.rules.rivals import Overturned, overturned
from bench.rules.subject import Changes, subject


@dataclass(frozen=True)
class Judged:
    """A chip with its status, and the disputed figures that would change it.

    Attributes:
        chip: None for a supposed part.
        facts: what the rules are applied to: the chip's attributes and paragraphs.
        supposed: attributes that were set to other values than the sheet's.
    """

    chip: Chip | None
    facts: Subject
    status: Status
    disputed: tuple[Overturned, ...] = ()
    supposed: Changes = field(default_factory=dict)

    @property
    def designed_in_china(self) -> bool:
        """Tells whether an export under US rules is hypothetical: the chip is designed in China."""
        return self.chip is not None and self.chip.tier == "domestic"

    @property
    def need_by_rivals(self) -> str:
        """Returns what an export needs by figures of other sources, if that differs; else empty."""
        needs = dict.fromkeys(one.status.need for one in self.disputed)
        return " or ".join(one for one in needs if one != self.status.need)


def judged(
    chip: Chip, question: Question, catalogue: Catalogue, book: Rulebook, *, disputes: bool = True
) -> Judged:
    """Returns a chip with its status; ``disputes`` tries every rival figure as well."""
    facts = subject(chip, catalogue)
    here = status(facts, question, book)
    found = overturned(chip, here, catalogue, question, book) if disputes else []
    return Judged(chip, facts, here, tuple(found))
