"""The status of chips under the export rules on a day, and the words that other views share."""

from collections.abc import Iterable, Sequence

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.report.markup import Report
from bench.report.policies import (
    differences,
    effects,
    exemptions,
    needed,
    paragraph,
    policy,
)
from bench.report.scalar import Rows, Scalar
from bench.report.table import Notes, Table, source_line
from bench.rules.attributes import KINDS
from bench.rules.judge import Status
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.model import Rule
from bench.rules.places import Question
from bench.rules.predicate import Subject
from bench.rules.reason import asks_chips, missed_by_numbers, near_lines, reason
from bench.rules.ruling import CONTROL, LETTER, OVERLAY, TAKING_PART, Ruling
from bench.rules.trace import amount
from bench.rules.truth import Truth

AID = "A research aid, not legal advice; the texts decide."
LEGEND = (
    "TPP: dense TOPS x bits, the highest format; density: TPP per mm² of logic dies; NAC: a notice "
    "25 days before the export."
)
CONFIDENCE = {
    "official_text": "official text, read in a copy",
    "official_quoted": "official text, as others quote it",
    "official_head": "official page, of which only the heading was read",
    "filing": "company filing",
    "bill_text": "text of a bill",
    "analysis": "account of a law firm or institute",
    "press": "press",
}
"""What a rule was read in."""
STATUS_COLUMNS = (
    "chip", "TPP", "density", "paragraph", "US policy", "why", "practice and other US rules",
)  # fmt: skip
BESIDE = (
    "licence_practice", "announcement", "guidance", "tariff", "eccn_scope_and_quota",
    "scope_change", "entity_listing",
)  # fmt: skip
"""Kinds of US rules that are told beside the licence policy."""


def statuses(
    found: Sequence[Judged], question: Question, book: Rulebook, catalogue: Catalogue
) -> Report:
    """Returns the status of several chips on one day, a line a chip."""
    notes = Notes()
    cells = tuple(_status_cells(one, catalogue, notes) for one in found)
    disputed = [line for one in found for line in in_dispute(one, catalogue, notes)]
    table = Table(
        title=f"Export status on {question.on}, {destination_words(question, book)}",
        heading=(*_answer([one.status for one in found]), AID, _known_to(question, book), LEGEND),
        columns=(*STATUS_COLUMNS, _local([one.status for one in found])),
        cells=cells,
        summary=tuple(disputed),
        notes=notes.lines(),
    )
    return Report(table, Rows(lambda: map(_status_flat, found)))


def _local(found: Sequence[Status]) -> str:
    """Returns the title of the last column: whose measures there are besides those of the US."""
    elsewhere = any(len(one.local) > len(one.chinese) for one in found)
    return "measures there" if elsewhere else "Chinese measures"


def in_dispute(found: Judged, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    """Yields what a figure that another source gives would make of the status."""
    for one in found.disputed:
        told = FIGURES[one.figure].title
        mark = notes.mark(source_line(one.rival.source, catalogue))
        words = f"paragraph {paragraph(one.status)}, {policy(one.status)}"
        yield f"In dispute: with {told} {one.rival.value} {mark} {found.status.name} is {words}."


def destination_words(question: Question, book: Rulebook) -> str:
    """Returns the destination in words, and what differs from the usual question."""
    countries = book.places.countries
    words = f"destination {countries[question.destination].name}"
    if question.headquarters != question.destination:
        words += f", buyer's parent in {countries[question.headquarters].name}"
    return words if question.from_us else f"{words}, not exported from the US"


def _known_to(question: Question, book: Rulebook) -> str:
    checked = book.places.checked_to
    late = " This day is later: newer rules are not included." if question.on > checked else ""
    return f"Rules were collected up to {checked}.{late}"


def _status_cells(found: Judged, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    asked, one = found.asked, found.status
    return (
        one.name,
        _value(asked, "tpp"),
        _value(asked, "pd"),
        paragraph(one),
        policy(one),
        _why(found, catalogue, notes),
        "; ".join(_beside(one, catalogue, notes)) or "–",
        "; ".join(_measures(one, catalogue, notes)) or "–",
    )


def _value(asked: Subject, key: str) -> str:
    readings = asked.attributes[key].readings
    return (
        " or ".join(amount(float(one.value), KINDS[key].dimension) for one in readings) or "unknown"
    )


def _letter(ruling: Ruling) -> str:
    """Returns what a letter says of a chip; nothing where it neither catches it nor comes near."""
    if ruling.caught is Truth.NO:
        lines = near_lines(ruling) if missed_by_numbers(ruling) else []
        near = [line for line in lines if " below " in line]
        return f"just outside a letter: {'; '.join(near)}" if near else ""
    doubt = "perhaps " if ruling.caught is Truth.UNKNOWN else ""
    return f"{doubt}letter: {reason(ruling)}"


def _why(found: Judged, catalogue: Catalogue, notes: Notes) -> str:
    told = "; ".join(_reasons(found.status, catalogue, notes)) or "no rule was in force"
    words = [*_beforehand(found), told]
    return "; ".join(words)


def _beforehand(found: Judged) -> Iterable[str]:
    """Yields what a reader must know before the reasons: of what part, and whether it existed."""
    chip, one = found.chip, found.status
    if chip is None:
        return
    if one.system:
        yield f"each {one.chip}"
    if chip.launched and one.question.on < chip.launched:
        yield f"before its launch ({chip.launched})"
    if chip.status in ("announced", "reported"):
        yield f"only {chip.status}"
    if chip.tier == "domestic":
        yield "designed in China: what the control list would say of it"


def _reasons(one: Status, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    """Yields what decided: the control list, the licence policy in force, the letters."""
    for ruling in one.of_kind(CONTROL):
        if ruling.enforced is not Truth.NO and asks_chips(ruling):
            yield f"{reason(ruling)} {cited(ruling.rule, catalogue, notes)}"
    for ruling in one.of_kind(OVERLAY):
        if one.applies(ruling):
            yield f"{effects(ruling)}: {reason(ruling)} {cited(ruling.rule, catalogue, notes)}"
    for ruling in one.of_kind(LETTER):
        if told := _letter(ruling):
            yield f"{told} {cited(ruling.rule, catalogue, notes)}"


def cited(rule: Rule, catalogue: Catalogue, notes: Notes) -> str:
    """Returns the mark of a footnote that names a rule, its citation, conditions and sources."""
    return notes.once(rule.id, lambda: _citation(rule, catalogue))


def _citation(rule: Rule, catalogue: Catalogue) -> str:
    words = [f"{rule.id}: {rule.title}. {rule.citation} ({CONFIDENCE[rule.confidence]})."]
    if rule.uncertain:
        words.append(f"Uncertain: {rule.uncertain}.")
    if rule.conditions:
        told = ", ".join(key.replace("_", " ") for key in rule.conditions)
        words.append(f"Conditions ({told}): rules list rule={rule.id}.")
    sources = "; ".join(source_line(key, catalogue) for key in rule.sources)
    return f"{' '.join(words)} Sources: {sources}"


def _beside(one: Status, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    for ruling in one.of_kind(*BESIDE):
        if _says_something(ruling):
            standing = "" if ruling.enforced is Truth.YES else " (in the text, not enforced)"
            yield f"{effects(ruling)}{standing} {cited(ruling.rule, catalogue, notes)}"


def _says_something(ruling: Ruling) -> bool:
    return any(word not in ("none", "not_applicable") for word in ruling.words)


def _measures(one: Status, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    for ruling in one.local:
        if _says_something(ruling):
            yield f"{effects(ruling)} {cited(ruling.rule, catalogue, notes)}"


def _answer(found: Sequence[Status]) -> Iterable[str]:
    """Yields what was asked: is a licence needed, by which rules; of many chips, of how many."""
    if len(found) < 2:
        yield _needed(found[0]) if found else "No chip was chosen."
        yield from differences(found)
        return
    free = sum(one.needs_licence is Truth.NO for one in found)
    open_ones = sum(one.needs_licence is Truth.UNKNOWN for one in found)
    bound = len(found) - free - open_ones
    yield (
        f"Of {len(found)}, a licence or a notice is needed for {bound} and none for {free}; "
        f"{open_ones} cannot be decided from what is published."
    )
    yield from (*exemptions(found), *differences(found))


def _needed(one: Status) -> str:
    rules = (ruling for ruling in one.of_kind(*TAKING_PART) if ruling.enforced is not Truth.NO)
    return needed(one, " and ".join(ruling.rule.id for ruling in rules if one.applies(ruling)))


def _status_flat(found: Judged) -> dict[str, Scalar]:
    asked, one = found.asked, found.status

    def number(key: str) -> Scalar:
        readings = asked.attributes[key].readings
        return float(readings[0].value) if len(readings) == 1 else None

    deciding = [ruling for ruling in one.of_kind(CONTROL) if asks_chips(ruling)]
    deciding += [ruling for ruling in one.of_kind(OVERLAY, LETTER) if one.applies(ruling)]
    near = (line for ruling in one.of_kind(*TAKING_PART) for line in near_lines(ruling))
    return {
        "chip": one.name,
        "on": one.question.on,
        "destination": one.question.destination,
        "tpp": number("tpp"),
        "performance_density": number("pd"),
        "memory_bandwidth_B_per_s": number("memory_bandwidth"),
        "paragraph": " or ".join(eccn or "none" for eccn in one.eccns),
        "policy": " or ".join(each.value for each in one.policies),
        "needs_licence": one.needs_licence.value,
        "why": "; ".join(f"{ruling.rule.id}: {reason(ruling)}" for ruling in deciding),
        "citations": "; ".join(ruling.rule.citation for ruling in deciding),
        "near": "; ".join(dict.fromkeys(near)),
        "rules": " ".join(
            each.rule.id for each in one.bringing() if each.rule.jurisdiction == "US"
        ),
        "in_text_only": " ".join(each.rule.id for each in one.us if _only_in_text(each)),
        "chinese": " ".join(each.rule.id for each in one.chinese if _says_something(each)),
        "local": " ".join(each.rule.id for each in one.local if _says_something(each)),
        "disputed": "; ".join(f"{each.figure} {each.rival.value}" for each in found.disputed),
    }


def _only_in_text(ruling: Ruling) -> bool:
    return ruling.enforced is Truth.NO and _says_something(ruling)
