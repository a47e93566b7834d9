"""Judges a claim: every pair of chips on every axis, combined into one verdict.

A claim on several axes holds where it holds on each of them (an intersection-union test: no
correction for their number is needed) and fails where it fails on one. A capacity alone does not
decide while a rate or a kind of work is open: capacity says nothing about speed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.judge import Answer, Stands, Word, answer, stands, stands_on_paper
from bench.claims.model import Claim
from bench.claims.weigh import Finding, Question, finding
from bench.evidence.pool import Evidence
from bench.units import Dimension

Item = TypeVar("Item")
ORDER = (Word.SHORT, Word.INCONCLUSIVE, Word.UNTESTABLE, Word.UNLIKE, Word.EXCEEDS, Word.MATCH)
"""Which of several verdicts represents all of them: the first in this order."""


@dataclass(frozen=True)
class Pair:
    """A subject compared with an object, on all axes of a claim."""

    findings: tuple[Finding, ...]

    @property
    def subject(self) -> str:
        """Returns the id of the claim's subject."""
        return self.findings[0].question.first.id

    @property
    def object(self) -> str:
        """Returns the id of the chip that the subject is compared with."""
        return self.findings[0].question.second.id

    @property
    def on_paper(self) -> bool | None:
        """Returns whether the claim holds on paper."""
        return self._combined([one.on_paper for one in self.findings])

    @property
    def holds(self) -> bool | None:
        """Returns whether the claim holds in measurement."""
        return self._combined([one.holds for one in self.findings])

    @property
    def decided(self) -> bool | None:
        """Returns whether the claim holds by what it is about: measurement, or paper alone."""
        return self._combined([one.decided for one in self.findings])

    def _combined(self, states: Sequence[bool | None]) -> bool | None:
        """Combines the axes; None while only a capacity decides."""
        pairs = zip(self.findings, states, strict=True)
        rates = [state for one, state in pairs if not is_capacity(one)]
        return None if together(rates) is None else together(states)

    @property
    def word(self) -> Word:
        """Returns the verdict."""
        return self.deciding.word

    @cached_property
    def deciding(self) -> Finding:
        """Returns the finding that decides the pair, preferably on paper as well.

        It is a capacity only if no rate and no work gives the same answer.
        """
        fitting = [one for one in self.findings if one.decided is self.decided]

        def rank(one: Finding) -> tuple[bool, int, bool]:
            return is_capacity(one), ORDER.index(one.word), one.on_paper is not self.on_paper

        return min(fitting, key=rank)


@dataclass(frozen=True)
class Judgement:
    """A judged claim.

    Attributes:
        claim: the claim.
        pairs: every subject compared with every object.
    """

    claim: Claim
    pairs: tuple[Pair, ...]

    @property
    def on_paper(self) -> bool | None:
        """Returns whether it holds on paper."""
        return self._over([pair.on_paper for pair in self.pairs])

    @property
    def holds(self) -> bool | None:
        """Returns whether it holds in measurement."""
        return self._over([pair.holds for pair in self.pairs])

    @property
    def decided(self) -> bool | None:
        """Returns whether it holds by what it is about: measurement, or paper alone."""
        return self._over([pair.decided for pair in self.pairs])

    @property
    def answer(self) -> Answer:
        """Returns whether it holds, as a word."""
        return answer(holds=self.decided)

    @property
    def stands(self) -> Stands:
        """Returns where it holds."""
        if self.claim.scope == "paper":
            return stands_on_paper(holds=self.decided)
        return stands(on_paper=self.on_paper, measured=self.holds)

    @cached_property
    def deciding(self) -> Pair:
        """Returns the pair that decides the claim, of a subject that decides it.

        Of several with the same verdict, one whose answer on paper is that of the whole claim: the
        ratio of another would contradict the stated outcome.
        """
        rows = [row for row in self._rows(self.pairs) if self._of_row(row) is self.decided]
        fitting = [pair for row in rows for pair in row if pair.decided is self.decided]
        return min(fitting, key=lambda pair: (ORDER.index(pair.word), self._contradicts(pair)))

    def _contradicts(self, pair: Pair) -> tuple[bool, bool]:
        """Returns whether the pair, and its deciding finding, differ from the claim on paper."""
        return pair.on_paper is not self.on_paper, pair.deciding.on_paper is not self.on_paper

    @property
    def word(self) -> Word:
        """Returns the verdict."""
        return self.deciding.word

    def _rows(self, found: Sequence[Item]) -> list[Sequence[Item]]:
        """Groups values that belong to pairs by subject."""
        width = len(self.claim.objects)
        return [found[place : place + width] for place in range(0, len(found), width)]

    def _of_row(self, row: Sequence[Pair]) -> bool | None:
        """Returns whether the claim holds for one subject."""
        return self._over_objects(pair.decided for pair in row)

    def _over_objects(self, found: Iterable[bool | None]) -> bool | None:
        return (together if self.claim.which_object == "each" else either)(found)

    def _over(self, found: Sequence[bool | None]) -> bool | None:
        """Combines the pairs: any or each subject, any or each object."""
        over_subjects = together if self.claim.which_subject == "each" else either
        return over_subjects(self._over_objects(row) for row in self._rows(found))


def is_capacity(one: Finding) -> bool:
    """Returns whether a finding is about memory capacity, and so not about performance."""
    figure = one.question.axis.figure
    return figure in FIGURES and FIGURES[figure].dimension is Dimension.BYTES


def together(found: Iterable[bool | None]) -> bool | None:
    """Returns True if all are True, False if one is False, else None (open)."""
    values = list(found)
    if False in values:
        return False
    return None if None in values else True


def either(found: Iterable[bool | None]) -> bool | None:
    """Returns True if one is True, False if all are False, else None (open)."""
    values = list(found)
    if True in values:
        return True
    return None if None in values else False


def judgement(
    claim: Claim, evidence: Evidence, catalogue: Catalogue, margin: float | None = None
) -> Judgement:
    """Judges a claim by its own margin, or by another."""
    pairs = tuple(
        Pair(tuple(finding(one, evidence, catalogue) for one in _questions(claim, pair, margin)))
        for pair in (
            (catalogue.chips[first], catalogue.chips[second])
            for first in claim.subjects
            for second in claim.objects
        )
    )
    return Judgement(claim, pairs)


def _questions(claim: Claim, pair: tuple[Chip, Chip], margin: float | None) -> Iterable[Question]:
    first, second = pair
    for axis in claim.axes:
        yield Question(
            first,
            second,
            axis,
            claim.relation_of(axis),
            claim.factor_of(axis),
            margin or claim.margin,
            claim.unlike or "",
            claim.scope,
        )
