"""Judges one chip against another on one axis, on paper and in measurement."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.judge import (
    Bounds,
    Stands,
    Word,
    at_limit,
    bounds,
    devices_needed,
    holds,
    one_sided,
    stands,
    stands_on_paper,
    word,
)
from bench.claims.model import Axis, Relation, Scope
from bench.claims.paper import PaperRatio, bounding, ids, paper_ratio, twin
from bench.evidence.estimate import Estimate
from bench.evidence.observe import Observation
from bench.evidence.pool import BITS, Evidence, Test
from bench.theory.entry import KEYS

NOTABLE = 1.05
"""Least widening of an interval, by groups that disagree, that a verdict mentions."""


@dataclass(frozen=True)
class Question:
    """A comparison: whether subject over object, on one axis, is in a relation to a factor.

    Attributes:
        unlike: why the two cannot be compared at all; empty if they can.
        scope: ``paper`` if published figures alone decide, ``both`` if measurement does.
    """

    first: Chip
    second: Chip
    axis: Axis
    relation: Relation = "matches"
    factor: float = 1.0
    margin: float = 0.10
    unlike: str = ""
    scope: Scope = "both"


@dataclass(frozen=True)
class Finding:
    """The answer of paper and measurement to a question.

    Attributes:
        paper: the ratio of the figure, or of the figure that bounds the work.
        on_paper: whether the relation holds there, by each sheet's first figure; None if nothing
            is published.
        measured: the measured ratio; None if there is none.
        word: the verdict of measurement; of published figures, if the question is about them.
        holds: whether the relation holds in measurement; None while that is open.
        reasons: why the verdict is what it is, the deciding reason first.
        needed: devices of each chip, measured side by side, that would settle it; None if it is
            settled, or if nothing was measured yet.
        figures: the figures whose values it rests on.
    """

    question: Question
    paper: PaperRatio | None
    on_paper: bool | None
    measured: Estimate | None
    word: Word
    holds: bool | None
    reasons: tuple[str, ...]
    needed: int | None
    figures: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Returns the reasons as one line."""
        return "; ".join(self.reasons)

    @property
    def decided(self) -> bool | None:
        """Returns whether the relation holds by what the question is about; None while open.

        That is measurement, or every published figure if the question is about paper.
        """
        if self.question.scope == "both":
            return self.holds
        if self.paper is None or self.question.unlike:
            return None
        found = _published(self.question, self.paper)
        return holds(self.question.relation, found, self.question.margin)

    @property
    def at_limit(self) -> bool:
        """Returns whether the answer on paper hangs on a ratio that equals a limit."""
        question = self.question
        if self.paper is None or question.unlike:
            return False
        ratio = self.paper.value / question.factor
        return at_limit(question.relation, ratio, question.margin)

    @property
    def paper_word(self) -> Word | None:
        """Returns the verdict of each sheet's first figure; None if paper says nothing."""
        if self.paper is None or self.question.unlike:
            return None
        ratio = self.paper.value / self.question.factor
        return word(Bounds(ratio, ratio), self.question.margin)

    @property
    def stands(self) -> Stands:
        """Returns where the relation holds."""
        if self.question.scope == "paper":
            return stands_on_paper(holds=self.decided)
        return stands(on_paper=self.on_paper, measured=self.holds)


def title(axis: Axis) -> str:
    """Returns an axis in words."""
    if axis.figure:
        return KEYS[axis.figure].heading
    details = ", ".join(filter(None, (axis.dtype, *axis.where.values())))
    return f"{axis.work} ({details})" if details else f"{axis.work}"


def finding(question: Question, evidence: Evidence, catalogue: Catalogue) -> Finding:
    """Returns the answer of paper and measurement to a question."""
    axis = question.axis
    if axis.figure:
        paper, absent, unlike = paper_ratio(axis.figure, question.first, question.second, catalogue)
    else:
        paper = bounding(axis.work or "", axis.dtype, question.first, question.second, catalogue)
        absent, unlike = "", False
    figures = _figures(question, catalogue)
    measured = None if question.unlike or unlike else _measured(question, evidence, figures)
    why_unlike = question.unlike or (absent if unlike else "")
    if question.scope == "paper":
        verdict, reasons = _paper_verdict(question, paper, why_unlike)
    else:
        missing = "" if measured else _missing(question, evidence, figures)
        verdict, reasons = _verdict(question, measured, why_unlike, missing)
    return Finding(
        question=question,
        paper=paper,
        on_paper=None if question.unlike else _on_paper(question, paper),
        measured=measured,
        word=verdict,
        holds=_holds(question, measured) if measured else None,
        reasons=tuple(filter(None, (*reasons, absent if not unlike else ""))),
        needed=_needed(question, measured),
        figures=figures,
    )


def behind(found: Finding, evidence: Evidence) -> tuple[Observation, ...]:
    """Returns every known value of either side, admitted or not."""
    question, axis = found.question, found.question.axis
    both, test, work = ids(question.first) | ids(question.second), fits(axis), axis.work
    halves = ("link_bandwidth_oneway",) if "link_bandwidth" in found.figures else ()
    return tuple(
        one
        for one in evidence.every
        if one.chip in both
        and (one.figure in (*found.figures, *halves) or (one.quantity.family == work and test(one)))
    )


def fits(axis: Axis) -> Test:
    """Returns a test for values that belong to an axis of work: same format width and details."""

    def test(one: Observation) -> bool:
        work = dict(one.work)
        width = BITS.get(axis.dtype or "")
        same = all(work.get(key) == value for key, value in axis.where.items())
        return same and (width is None or BITS.get(one.dtype or "") == width)

    return test


def _figures(question: Question, catalogue: Catalogue) -> tuple[str, ...]:
    """Returns the figure of the question, and the one whose measurement may substitute for it."""
    figure = question.axis.figure
    other = twin(figure, question.first, question.second, catalogue) if figure else None
    return tuple(one for one in (figure, other) if one)


def _measured(question: Question, evidence: Evidence, figures: tuple[str, ...]) -> Estimate | None:
    axis, first, second = question.axis, ids(question.first), ids(question.second)
    if figures:
        found = (evidence.of_figure(one, first, second) for one in figures)
        return next((one for one in found if one), None)
    return evidence.of_work(first, second, axis.work or "", fits(axis))


def _holds(question: Question, measured: Estimate) -> bool | None:
    """Returns whether the relation holds in measurement; None while that is open."""
    return holds(question.relation, bounds(measured, question.factor), question.margin)


def _on_paper(question: Question, paper: PaperRatio | None) -> bool | None:
    """Returns whether the relation holds on paper, by each sheet's first figure."""
    if paper is None:
        return None
    ratio = paper.value / question.factor
    if at_limit(question.relation, ratio, question.margin):  # whatever its last bit
        return question.relation != "exceeds"
    return holds(question.relation, Bounds(ratio, ratio), question.margin)


def _published(question: Question, paper: PaperRatio) -> Bounds:
    """Returns the bounds of the published ratios over the factor."""
    return Bounds(paper.low / question.factor, paper.high / question.factor)


def _paper_verdict(
    question: Question, paper: PaperRatio | None, unlike: str
) -> tuple[Word, list[str]]:
    """Returns the verdict of published figures and its reason."""
    if unlike:
        return Word.UNLIKE, [unlike]
    if paper is None:
        return Word.UNTESTABLE, []
    which = "the range of published ratios" if paper.is_disputed else "the published ratio"
    verdict, reason = _word_and_reason(question, _published(question, paper), which)
    return verdict, [reason]


def _verdict(
    question: Question, measured: Estimate | None, unlike: str, missing: str
) -> tuple[Word, list[str]]:
    if unlike:
        return Word.UNLIKE, [unlike]
    if measured is None:
        return Word.UNTESTABLE, [missing]
    verdict, reason = _word_and_reason(
        question, bounds(measured, question.factor), "the 90% interval"
    )
    return verdict, [reason, *_remarks(question, measured)]


def _word_and_reason(question: Question, found: Bounds, which: str) -> tuple[Word, str]:
    """Returns the verdict of bounds and its reason; ``which`` names the bounds."""
    verdict = word(found, question.margin)
    settled = holds(question.relation, found, question.margin)
    reasons = {
        Word.MATCH: f"{which} lies within {question.margin:.0%}",
        Word.EXCEEDS: f"{which} lies above {1 + question.margin:.2f}",
        Word.SHORT: f"{which} lies below {1 / (1 + question.margin):.2f}",
        Word.INCONCLUSIVE: f"{which} crosses a limit of the margin",
    }
    if verdict is Word.INCONCLUSIVE and settled is not None:
        verdict = one_sided(question.relation, holds=settled)
        reasons[verdict] = f"{which} settles '{question.relation}', though not by how much"
    factor = f" of {question.factor:g}" if question.factor != 1 else ""
    return verdict, reasons[verdict] + factor


def _remarks(question: Question, measured: Estimate) -> Iterator[str]:
    """Yields what qualifies a measured ratio."""
    by = {one.figure for one in measured.first} - {question.axis.figure, None}
    yield from (
        f"measured as {FIGURES[one].title}" for one in sorted(filter(None, by)) if one in FIGURES
    )
    if measured.is_single:
        yield "one card against one card: an anecdote"
    if measured.contrast.widened >= NOTABLE:
        wider = f"{measured.contrast.widened:.2g} times as wide for it"
        yield f"groups that measured one chip disagree, and the interval is {wider}"
    if measured.borrowed:
        yield "the scatter between groups is learnt from other quantities, too"


def _missing(question: Question, evidence: Evidence, figures: tuple[str, ...]) -> str:
    """Returns why there is no measured ratio."""
    sides = (ids(question.first), ids(question.second))
    if any(all(evidence.votes(one, side) for side in sides) for one in figures):
        return "too few values of its kind to learn the scatter between groups"
    if figures:
        return "no admissible measurement of one side or both"
    return "nobody measured the same work on both"


def _needed(question: Question, measured: Estimate | None) -> int | None:
    """Returns how many devices would settle a ratio that was measured but is still open."""
    if measured is None or question.scope == "paper":
        return None
    if _holds(question, measured) is not None:
        return None
    return devices_needed(measured, question.factor, question.margin, question.relation)
