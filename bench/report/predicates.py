"""The rules themselves as tables: their predicates with a chip's values, room to move, the list."""

from collections.abc import Iterable, Iterator, Sequence

from bench.chips.load import Catalogue
from bench.report.markup import Report
from bench.report.rulings import AID, POLICIES, paragraph, policies, policy
from bench.report.scalar import Scalar
from bench.report.table import Notes, Table, source_line
from bench.rules.attributes import KINDS
from bench.rules.judge import CONTROL, LETTER, Ruling, Status, enforced, is_in_text
from bench.rules.load import Rulebook
from bench.rules.model import Outcome, Rule
from bench.rules.reason import reason
from bench.rules.trace import Trace, amount
from bench.rules.truth import Truth
from bench.rules.whatif import Room

EXPLAINED = ("rule", "outcome", "condition", "value", "margin", "met")
MARKS = {Truth.YES: "yes", Truth.NO: "no", Truth.UNKNOWN: "unknown"}


def explanation(
    name: str, status: Status, rulings: Sequence[Ruling], catalogue: Catalogue
) -> Report:
    """Returns every condition of the rules given with the values of a chip."""
    notes = Notes()
    lines = [line for one in rulings for line in _ruling_lines(one, catalogue, notes)]
    deciding = [one for one in rulings if one.rule.kind in (CONTROL, LETTER)]
    decided = "; ".join(f"{one.rule.id}: {reason(one)}" for one in deciding)
    heading = (
        f"Paragraph {paragraph(status)}; US policy {policy(status)}.",
        *([f"What decides: {decided}."] if decided else []),
        *(f"{KINDS[key].title}: {KINDS[key].definition}." for key in _keys(rulings)),
        AID,
    )
    question = status.question
    title = f"The rules on {name}, {question.on}, destination {question.destination}"
    cells = tuple(line[:-1] for line in lines)
    flat = [row for one in rulings for row in _ruling_flat(status.name, one)]
    table = Table(title, heading, EXPLAINED, tuple(map(tuple, cells)), (), notes.lines())
    return Report(table, flat)


def _keys(rulings: Iterable[Ruling]) -> list[str]:
    """Returns the attributes that the conditions ask of, in the order of their table."""
    asked = {part.title for one in rulings for _, trace in one.traces for part in _flattened(trace)}
    return [key for key, kind in KINDS.items() if any(kind.title in title for title in asked)]


def _ruling_lines(one: Ruling, catalogue: Catalogue, notes: Notes) -> Iterator[tuple[str, ...]]:
    words = f"{one.rule.title}. {one.rule.citation}. {source_line(one.rule.sources[0], catalogue)}"
    label = f"{one.rule.id} {notes.mark(words)}{_standing(one)}"
    for outcome, trace in one.traces:
        for depth, part in _indented(trace):
            told = _outcome(outcome) if depth == 0 else ""
            yield (
                label, told, "· " * depth + part.words, part.found, part.told,
                MARKS[part.truth], "",
            )  # fmt: skip
            label = ""


def _standing(one: Ruling) -> str:
    if not one.in_text:
        return " (not in the text that day)"
    if one.enforced is Truth.NO:
        return " (in the text, not enforced)"
    return " (perhaps not enforced)" if one.enforced is Truth.UNKNOWN else ""


def _outcome(outcome: Outcome) -> str:
    brings = outcome.eccn or outcome.effect or (POLICIES[outcome.policy] if outcome.policy else "")
    words = brings.replace("_", " ")
    return f"{outcome.id}: {words}" if brings and brings != outcome.id else outcome.id


def _indented(trace: Trace, depth: int = 0) -> Iterator[tuple[int, Trace]]:
    yield depth, trace
    for part in trace.parts:
        yield from _indented(part, depth + 1)


def _flattened(trace: Trace) -> Iterator[Trace]:
    yield from (part for _, part in _indented(trace))


def _ruling_flat(chip: str, one: Ruling) -> list[dict[str, Scalar]]:
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
            "margin_words": part.told,
            "met": part.truth.value,
        }
        for outcome, trace in one.traces
        for depth, part in _indented(trace)
    ]


ROOM_COLUMNS = ("attribute", "now", "needs no licence", "beyond it")


def room_report(name: str, status: Status, plain: Status, rooms: Sequence[Room]) -> Report:
    """Returns how far each attribute alone may go, and what the suppositions change."""
    cells = tuple(_room_cells(one) for one in rooms)
    lines = []
    if status.chip:
        lines = [f"As the sheet has it: paragraph {paragraph(plain)}, US policy {policy(plain)}."]
    if status != plain:
        lines.append(f"As supposed: paragraph {paragraph(status)}, US policy {policy(status)}.")
    question = status.question
    title = f"Room of {name} under the rules of {question.on}, destination {question.destination}"
    heading = ("Each attribute alone is moved, the others stay; density follows TPP.", AID)
    table = Table(title, heading, ROOM_COLUMNS, cells, tuple(lines), ())
    return Report(table, [_room_flat(status.name, one) for one in rooms])


def _room_cells(one: Room) -> tuple[str, ...]:
    kind = KINDS[one.key]
    now = " or ".join(amount(value, kind.dimension) for value in one.now) or "unknown"
    if one.limit is None:
        alone = "at any value" if one.needs is Truth.NO else "no value of it alone is enough"
        return kind.title, now, alone, "–"
    line = amount(one.limit, kind.dimension)
    words = f"up to {line}" if one.included else f"below {line}"
    return kind.title, now, words, policies(one.beyond)


def _room_flat(chip: str, one: Room) -> dict[str, Scalar]:
    return {
        "chip": chip,
        "attribute": one.key,
        "now": one.now[0] if len(one.now) == 1 else None,
        "now_readings": " or ".join(f"{value:g}" for value in one.now),
        "needs_licence": one.needs.value,
        "limit": one.limit,
        "limit_included": one.included if one.limit is not None else None,
        "policies_beyond": " or ".join(found.value for found in one.beyond),
    }


LIST_COLUMNS = ("rule", "kind", "from", "to", "on the day", "title", "named", "read in")


def rule_list(rules: Iterable[Rule], on: str, book: Rulebook, catalogue: Catalogue) -> Report:
    """Returns the rules with their dates and how they stand on a day."""
    notes, found = Notes(), list(rules)
    cells = tuple(
        (
            f"{one.id} {notes.mark(f'{one.citation}. {source_line(one.sources[0], catalogue)}')}",
            one.kind.replace("_", " "),
            one.effective or "–",
            one.end or ("" if one.effective else "–"),
            standing(one, on),
            one.title,
            ", ".join(one.named) or "–",
            one.confidence.replace("_", " "),
        )
        for one in found
    )
    many = f"{len(found)} rules and measures, and how they stand"
    title = f"{many if len(found) != 1 else f'{found[0].id}, and how it stands'} on {on}"
    heading = (AID, f"Looked for up to {book.places.checked_to}.")
    return Report(Table(title, heading, LIST_COLUMNS, cells, (), notes.lines()), [
        _rule_flat(one, on) for one in found
    ])  # fmt: skip


def standing(rule: Rule, on: str) -> str:
    """Returns how a rule stands on a day: in the text apart from enforced."""
    if rule.kind == "bill":
        return f"a bill: {rule.status}"
    if rule.end and on > rule.end:
        return "no longer"
    if rule.effective is None:
        return "announced" if on >= (rule.published or "9999") else "not yet"
    if not is_in_text(rule, on):
        return "not yet"
    return {
        Truth.YES: "enforced",
        Truth.NO: "in the text, not enforced",
        Truth.UNKNOWN: "in the text, enforcement unknown",
    }[enforced(rule, on)]


def _rule_flat(one: Rule, on: str) -> dict[str, Scalar]:
    return {
        "rule": one.id,
        "title": one.title,
        "jurisdiction": one.jurisdiction,
        "kind": one.kind,
        "citation": one.citation,
        "published": one.published,
        "effective": one.effective,
        "end": one.end,
        "standing": standing(one, on),
        "confidence": one.confidence,
        "uncertain": one.uncertain,
        "named": ", ".join(one.named),
        "sources": " ".join(one.sources),
    }
