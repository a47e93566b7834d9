"""The table of a chip's export rules: each condition with the chip's value and margin."""

from collections.abc import Iterable, Iterator, Sequence

from bench.chips.load import Catalogue
from bench.report.rules.citation import cited
from bench.report.rules.policies import (
    differences,
    effects,
    exemptions,
    in_words,
    paragraph,
    policy_of,
)
from bench.report.rules.provisos import from_abroad
from bench.report.rules.rulings import AID, destination_words, in_dispute
from bench.report.table import Notes, Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.rules.attributes import KINDS
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.model import Outcome
from bench.rules.reason import leaves, reason
from bench.rules.ruling import CONTROL, EMBARGO, LETTER, Ruling
from bench.rules.trace import Trace
from bench.rules.truth import Truth

EXPLAINED = ("rule", "outcome", "condition", "value", "margin", "met")
MARKS = {Truth.YES: "yes", Truth.NO: "no", Truth.UNKNOWN: "unknown"}


def explanation(
    judged: Judged,
    rulings: Sequence[Ruling],
    book: Rulebook,
    catalogue: Catalogue,
    *,
    cite: bool = True,
) -> Report:
    """Returns each condition of the rules, with the chip's value and its margin.

    Without ``cite`` footnotes have no sources.
    """
    notes, status = Notes(brief=not cite), judged.status
    cells = tuple(row for ruling in rulings for row in _cells(ruling, catalogue, notes))
    question = status.question
    name = judged.chip.name if judged.chip else status.name
    title = f"The rules on {name}, {question.on}, {destination_words(question, book)}"
    disputed = tuple(in_dispute(judged, catalogue, notes))
    flat = [row for ruling in rulings for row in _ruling_flat(status.name, ruling)]
    table = Table(title, _heading(judged, rulings), EXPLAINED, cells, disputed, notes.lines())
    return Report(table, flat)


def _heading(judged: Judged, rulings: Sequence[Ruling]) -> tuple[str, ...]:
    """Returns the result, what decided it, and the definitions of the attributes."""
    status = judged.status
    deciding = [ruling for ruling in rulings if ruling.rule.kind in (EMBARGO, CONTROL, LETTER)]
    decided = "; ".join(f"{one.rule.id}: {reason(one) or effects(one)}" for one in deciding)
    return (
        f"Paragraph {paragraph(status)}; US policy {policy_of(judged)}.",
        *([f"Decided by: {decided}."] if decided else []),
        *exemptions([status]),
        *differences([status]),
        *from_abroad(status.question),
        *(f"{KINDS[key].title}: {KINDS[key].definition}." for key in _keys(rulings)),
        AID,
    )


def _keys(rulings: Iterable[Ruling]) -> list[str]:
    """Returns the keys of the attributes that the conditions test, in the order of ``KINDS``."""
    tested = {part.title for one in rulings for _, trace in one.traces for part in _nodes(trace)}
    tested |= {part.title for one in rulings for _, part in _unneeded(one)}
    return [key for key, kind in KINDS.items() if any(kind.title in title for title in tested)]


def _cells(ruling: Ruling, catalogue: Catalogue, notes: Notes) -> Iterator[tuple[str, ...]]:
    """Yields a row per condition; only the first row of a rule names it."""
    label = f"{ruling.rule.id} {cited(ruling.rule, catalogue, notes)}{_standing(ruling)}"
    for outcome, trace in ruling.traces:
        for depth, part in _indented(trace):
            name = _outcome(outcome) if depth == 0 else ""
            condition = "· " * depth + part.words
            yield label, name, condition, part.found, part.margin_words, MARKS[part.truth]
            label = ""
    for outcome, part in _unneeded(ruling):
        why = _why_unneeded(ruling)
        yield "", _outcome(outcome), part.words, part.found, part.margin_words, why


def _unneeded(ruling: Ruling) -> Iterator[tuple[Outcome, Trace]]:
    """Yields the conditions of a control that were not evaluated, each attribute once.

    Outcomes after the first one met are skipped, but a reader looks for the density of a part that
    its TPP alone puts in a paragraph.
    """
    seen = {part.title for _, trace in ruling.traces for part in _nodes(trace)}
    for outcome, trace in ruling.untested if ruling.rule.kind == CONTROL else ():
        for part in leaves(trace):
            if part.title not in seen:
                seen.add(part.title)
                yield outcome, part


def _why_unneeded(ruling: Ruling) -> str:
    return f"not needed: {ruling.traces[-1][0].id} already met"


def _standing(ruling: Ruling) -> str:
    """Returns a remark on a rule that is not, or perhaps not, enforced."""
    if not ruling.in_text:
        return " (not in the text that day)"
    if ruling.enforced is Truth.NO:
        return " (in the text, not enforced)"
    return " (perhaps not enforced)" if ruling.enforced is Truth.UNKNOWN else ""


def _outcome(outcome: Outcome) -> str:
    effect = outcome.eccn or in_words(outcome.effect or outcome.policy or "")
    return f"{outcome.id}: {effect}" if effect and effect != outcome.id else outcome.id


def _indented(trace: Trace, depth: int = 0) -> Iterator[tuple[int, Trace]]:
    """Yields a condition and all conditions within it, each with its depth."""
    yield depth, trace
    for part in trace.parts:
        yield from _indented(part, depth + 1)


def _nodes(trace: Trace) -> Iterator[Trace]:
    yield from (part for _, part in _indented(trace))


def _ruling_flat(chip: str, ruling: Ruling) -> list[dict[str, Scalar]]:
    """Returns a row per condition for programs."""
    conditions = [
        (outcome, depth, part, part.truth.value)
        for outcome, trace in ruling.traces
        for depth, part in _indented(trace)
    ]
    conditions += [(outcome, 0, part, _why_unneeded(ruling)) for outcome, part in _unneeded(ruling)]
    return [
        {
            "chip": chip,
            "rule": ruling.rule.id,
            "in_text": ruling.in_text,
            "enforced": ruling.enforced.value,
            "outcome": outcome.id,
            "depth": depth,
            "condition": part.words,
            "value": part.found,
            "margin": part.margin,
            "margin_words": part.margin_words,
            "met": met,
        }
        for outcome, depth, part, met in conditions
    ]
