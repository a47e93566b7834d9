"""Every condition of the rules with a chip's values and margins, as a table."""

from collections.abc import Iterable, Iterator, Sequence

from bench.chips.load import Catalogue
from bench.report.markup import Report
from bench.report.policies import differences, exemptions, in_words, paragraph, policy
from bench.report.rulings import AID, cited, in_dispute, where
from bench.report.scalar import Scalar
from bench.report.table import Notes, Table
from bench.rules.attributes import KINDS
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.model import Outcome
from bench.rules.reason import leaves, reason
from bench.rules.ruling import CONTROL, LETTER, Ruling
from bench.rules.trace import Trace
from bench.rules.truth import Truth

EXPLAINED = ("rule", "outcome", "condition", "value", "margin", "met")
MARKS = {Truth.YES: "yes", Truth.NO: "no", Truth.UNKNOWN: "unknown"}


def explanation(
    judged: Judged, rulings: Sequence[Ruling], book: Rulebook, catalogue: Catalogue
) -> Report:
    """Returns every condition of the rules given with the values of a chip."""
    notes, status = Notes(), judged.status
    lines = [line for one in rulings for line in _ruling_lines(one, catalogue, notes)]
    deciding = [one for one in rulings if one.rule.kind in (CONTROL, LETTER)]
    decided = "; ".join(f"{one.rule.id}: {reason(one)}" for one in deciding)
    heading = (
        f"Paragraph {paragraph(status)}; US policy {policy(status)}.",
        *([f"Decided by: {decided}."] if decided else []),
        *exemptions([status]),
        *differences([status]),
        *(f"{KINDS[key].title}: {KINDS[key].definition}." for key in _keys(rulings)),
        AID,
    )
    question = status.question
    name = judged.chip.name if judged.chip else status.name
    title = f"The rules on {name}, {question.on}, {where(question, book)}"
    disputed = tuple(in_dispute(judged, catalogue, notes))
    cells = tuple(line[:-1] for line in lines)
    flat = [row for one in rulings for row in _ruling_flat(status.name, one)]
    table = Table(title, heading, EXPLAINED, tuple(map(tuple, cells)), disputed, notes.lines())
    return Report(table, flat)


def _keys(rulings: Iterable[Ruling]) -> list[str]:
    """Returns the attributes that the conditions ask of, in the order of their table."""
    asked = {part.title for one in rulings for _, trace in one.traces for part in _flattened(trace)}
    asked |= {part.title for one in rulings for _, part in _unneeded(one)}
    return [key for key, kind in KINDS.items() if any(kind.title in title for title in asked)]


def _ruling_lines(one: Ruling, catalogue: Catalogue, notes: Notes) -> Iterator[tuple[str, ...]]:
    label = f"{one.rule.id} {cited(one.rule, catalogue, notes)}{_standing(one)}"
    for outcome, trace in one.traces:
        for depth, part in _indented(trace):
            told = _outcome(outcome) if depth == 0 else ""
            yield (
                label, told, "· " * depth + part.words, part.found, part.margin_words,
                MARKS[part.truth], "",
            )  # fmt: skip
            label = ""
    for outcome, part in _unneeded(one):
        yield "", _outcome(outcome), part.words, part.found, part.margin_words, _spared_by(one), ""


def _unneeded(one: Ruling) -> Iterator[tuple[Outcome, Trace]]:
    """Yields, once each, what a control asks of that no line above the one that is met looked at.

    A reader looks for the density of a part that its TPP alone puts in a paragraph.
    """
    seen = {part.title for _, trace in one.traces for part in _flattened(trace)}
    for outcome, trace in one.spared if one.rule.kind == CONTROL else ():
        for part in leaves(trace):
            if part.title not in seen:
                seen.add(part.title)
                yield outcome, part


def _spared_by(one: Ruling) -> str:
    return f"not needed: {one.traces[-1][0].id} already met"


def _standing(one: Ruling) -> str:
    if not one.in_text:
        return " (not in the text that day)"
    if one.enforced is Truth.NO:
        return " (in the text, not enforced)"
    return " (perhaps not enforced)" if one.enforced is Truth.UNKNOWN else ""


def _outcome(outcome: Outcome) -> str:
    brings = outcome.eccn or in_words(outcome.effect or outcome.policy or "")
    return f"{outcome.id}: {brings}" if brings and brings != outcome.id else outcome.id


def _indented(trace: Trace, depth: int = 0) -> Iterator[tuple[int, Trace]]:
    yield depth, trace
    for part in trace.parts:
        yield from _indented(part, depth + 1)


def _flattened(trace: Trace) -> Iterator[Trace]:
    yield from (part for _, part in _indented(trace))


def _ruling_flat(chip: str, one: Ruling) -> list[dict[str, Scalar]]:
    asked = [
        (outcome, depth, part, part.truth.value)
        for outcome, trace in one.traces
        for depth, part in _indented(trace)
    ]
    asked += [(outcome, 0, part, _spared_by(one)) for outcome, part in _unneeded(one)]
    return [
        {
            "chip": chip,
            "rule": one.rule.id,
            "in_text": one.in_text,
            "enforced": one.enforced.value,
            "outcome": outcome.id,
            "depth": depth,
            "condition": part.words,
            "value": part.found,
            "margin": part.margin,
            "margin_words": part.margin_words,
            "met": met,
        }
        for outcome, depth, part, met in asked
    ]
