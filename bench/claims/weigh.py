"""One chip over another on one axis: paper, measurement, verdict, and what would settle it."""

from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.judge import (
    Bounds,
    Stands,
    Word,
    bounds,
    devices_needed,
    holds,
    one_sided,
    stands,
    word,
)
from bench.claims.model import Axis, Relation
from bench.claims.paper import PaperRatio, bounding, ids, paper_ratio, twin
from bench.evidence.estimate import Estimate
from bench.evidence.observe import Observation
from bench.evidence.pool import BITS, Evidence, Test


@dataclass(frozen=True)
class Question:
    """What is asked of two chips: subject over object, on an axis, in a relation to a factor."""

    first: Chip
    second: Chip
    axis: Axis
    relation: Relation = "matches"
    factor: float = 1.0
    margin: float = 0.10
    unlike: str = ""


@dataclass(frozen=True)
class Finding:
    """What paper and measurement say to a question.

    Attributes:
        paper: the ratio of the figure, or of the figure that bounds the work.
        on_paper: whether the relation holds there, by the figures that stand first; None where
            nothing is published.
        measured: the measured ratio; None where there is none.
        holds: whether the relation holds in measurement; None while that is open.
        reason: why the verdict is what it is.
        needed: devices of each chip, side by side, that would settle it; None where it is
            settled, or where nothing was measured yet.
        figures: the figures whose values are behind it.
    """

    question: Question
    paper: PaperRatio | None
    on_paper: bool | None
    measured: Estimate | None
    word: Word
    holds: bool | None
    reason: str
    needed: int | None
    figures: tuple[str, ...]

    @property
    def stands(self) -> Stands:
        """Returns where the relation holds."""
        return stands(on_paper=self.on_paper, measured=self.holds)


def title(axis: Axis) -> str:
    """Returns an axis in words."""
    if axis.figure:
        return FIGURES[axis.figure].title
    words = [axis.dtype or "", *axis.where.values()]
    told = ", ".join(filter(None, words))
    return f"{axis.work} ({told})" if told else f"{axis.work}"


def finding(asked: Question, evidence: Evidence, catalogue: Catalogue) -> Finding:
    """Returns what paper and measurement say to a question."""
    axis = asked.axis
    if axis.figure:
        paper, absent, unlike = paper_ratio(axis.figure, asked.first, asked.second, catalogue)
    else:
        paper = bounding(axis.work or "", axis.dtype, asked.first, asked.second, catalogue)
        absent, unlike = "", False
    figures = _figures(asked, catalogue)
    measured = None if asked.unlike or unlike else _measured(asked, evidence, figures)
    missing = "" if measured else _missing(asked, evidence, figures)
    verdict, reason = _verdict(asked, measured, asked.unlike or (absent if unlike else ""), missing)
    decided = (
        holds(asked.relation, bounds(measured, asked.factor), asked.margin) if measured else None
    )
    return Finding(
        question=asked,
        paper=paper,
        on_paper=None if asked.unlike else _on_paper(asked, paper),
        measured=measured,
        word=verdict,
        holds=decided,
        reason="; ".join(filter(None, (reason, absent if not unlike else ""))),
        needed=_needed(asked, measured),
        figures=figures,
    )


def behind(found: Finding, evidence: Evidence) -> tuple[Observation, ...]:
    """Returns every value that is known of either side, whether it was admitted or not."""
    asked = found.question
    both, test, work = ids(asked.first) | ids(asked.second), fits(asked.axis), asked.axis.work
    halves = ("link_bandwidth_oneway",) if "link_bandwidth" in found.figures else ()
    return tuple(
        one
        for one in evidence.every
        if one.chip in both
        and (one.figure in (*found.figures, *halves) or (one.quantity.family == work and test(one)))
    )


def fits(axis: Axis) -> Test:
    """Returns the test of what belongs to an axis of work: its format's width and its details."""

    def test(one: Observation) -> bool:
        work = dict(one.work)
        width = BITS.get(axis.dtype or "")
        same = all(work.get(key) == value for key, value in axis.where.items())
        return same and (width is None or BITS.get(one.dtype or "") == width)

    return test


def _figures(asked: Question, catalogue: Catalogue) -> tuple[str, ...]:
    """Returns the figure that is asked for and the one whose measurement stands for it."""
    figure = asked.axis.figure
    other = twin(figure, asked.first, asked.second, catalogue) if figure else None
    return tuple(one for one in (figure, other) if one)


def _measured(asked: Question, evidence: Evidence, figures: tuple[str, ...]) -> Estimate | None:
    axis, first, second = asked.axis, ids(asked.first), ids(asked.second)
    if figures:
        found = (evidence.of_figure(one, first, second) for one in figures)
        return next((one for one in found if one), None)
    return evidence.of_work(first, second, axis.work or "", fits(axis))


def _on_paper(asked: Question, paper: PaperRatio | None) -> bool | None:
    """Tells whether the relation holds on paper, by the figures that stand first."""
    if paper is None:
        return None
    found = Bounds(paper.value / asked.factor, paper.value / asked.factor)
    return holds(asked.relation, found, asked.margin)


def _verdict(
    asked: Question, measured: Estimate | None, unlike: str, missing: str
) -> tuple[Word, str]:
    if unlike:
        return Word.UNLIKE, unlike
    if measured is None:
        return Word.UNTESTABLE, missing
    found = bounds(measured, asked.factor)
    told = word(found, asked.margin)
    settled = holds(asked.relation, found, asked.margin)
    reasons = {
        Word.MATCH: f"the 90% interval lies within {asked.margin:.0%}",
        Word.EXCEEDS: f"the 90% interval lies above {1 + asked.margin:.2f}",
        Word.SHORT: f"the 90% interval lies below {1 / (1 + asked.margin):.2f}",
        Word.INCONCLUSIVE: "the 90% interval crosses a limit of the margin",
    }
    if told is Word.INCONCLUSIVE and settled is not None:
        told = one_sided(asked.relation, holds=settled)
        reasons[told] = f"the 90% interval settles '{asked.relation}', though not by how much"
    of = f" of {asked.factor:g}" if asked.factor != 1 else ""
    by = {one.figure for one in measured.first} - {asked.axis.figure, None}
    other = [f"measured as {FIGURES[one].title}" for one in by if one in FIGURES]
    single = ["one card against one card: an anecdote"] if measured.is_single else []
    lent = (
        ["the scatter between groups is learnt from other quantities, too"]
        if measured.borrowed
        else []
    )
    return told, "; ".join([reasons[told] + of, *other, *single, *lent])


def _missing(asked: Question, evidence: Evidence, figures: tuple[str, ...]) -> str:
    """Returns what a ratio lacks."""
    sides = (ids(asked.first), ids(asked.second))
    if any(all(evidence.voices(one, side) for side in sides) for one in figures):
        return "too few values of its kind to learn the scatter between groups"
    if figures:
        return "no admissible measurement of one side or both"
    return "nobody measured the same work on both"


def _needed(asked: Question, measured: Estimate | None) -> int | None:
    """Returns the devices that would settle what measurement has begun to answer."""
    if measured is None:
        return None
    if holds(asked.relation, bounds(measured, asked.factor), asked.margin) is not None:
        return None
    return devices_needed(measured, asked.factor, asked.margin, asked.relation)
