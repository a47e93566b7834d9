"""The table of chips' status under the export rules on a day, and texts that other views share."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.report.rules.citation import cited
from bench.report.rules.policies import (
    counted_needs,
    differences,
    effects,
    exemptions,
    has_effect,
    needed,
    paragraph,
    policy_of,
)
from bench.report.rules.provisos import (
    collected_to,
    from_abroad,
    hinging,
    is_before_launch,
    too_early,
)
from bench.report.table import Notes, Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Rows, Scalar
from bench.rules.attributes import KINDS
from bench.rules.judge import Status
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.predicate import Subject
from bench.rules.reason import asks_chips, missed_by_numbers, near_lines, reason
from bench.rules.ruling import CONTROL, EMBARGO, LETTER, OVERLAY, TAKING_PART, Ruling
from bench.rules.trace import amount
from bench.rules.truth import Truth
from bench.words import listed

AID = "A research aid, not legal advice; the texts decide."
LEGEND = (
    "TPP: dense TOPS x bits, the highest format; density: TPP per mm² of logic dies; NAC: a notice "
    "25 days before the export."
)
STATUS_COLUMNS = (
    "chip", "TPP", "density", "paragraph", "US policy", "why", "practice and other US rules",
)  # fmt: skip
BESIDE = (
    "licence_practice", "announcement", "guidance", "tariff", "eccn_scope_and_quota",
    "scope_change", "entity_listing",
)  # fmt: skip
"""Kinds of US rules in the column beside the licence policy."""


def statuses(
    judged: Sequence[Judged],
    question: Question,
    book: Rulebook,
    catalogue: Catalogue,
    *,
    cite: bool = True,
) -> Report:
    """Returns the status of chips on one day, one row per chip; ``cite`` gives sources in full."""
    notes = Notes(brief=not cite)
    cells = tuple(_status_cells(one, catalogue, notes) for one in judged)
    disputed = [line for one in judged for line in in_dispute(one, catalogue, notes)]
    of_chips = [one.status for one in judged]
    table = Table(
        title=f"Export status on {question.on}, {destination_words(question, book)}",
        heading=(
            *_answer(judged),
            *too_early(judged, book.places.checked_to),
            *hinging(judged, question, book),
            *from_abroad(question),
            AID,
            collected_to(question, book),
            LEGEND,
        ),
        columns=(*STATUS_COLUMNS, _local_column(of_chips)),
        cells=cells,
        summary=tuple(disputed),
        notes=notes.lines(),
    )
    return Report(table, Rows(lambda: map(_status_flat, judged)))


def _local_column(of_chips: Sequence[Status]) -> str:
    """Returns the title of the last column: the measures of other countries than the US."""
    elsewhere = any(len(one.local) > len(one.chinese) for one in of_chips)
    return "measures there" if elsewhere else "Chinese measures"


def in_dispute(judged: Judged, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    """Yields which status would follow from each rival figure that changes it."""
    for dispute in judged.disputed:
        mark = notes.source(dispute.rival.source, catalogue)
        rival = f"{FIGURES[dispute.figure].title} {dispute.rival.value} {mark}"
        there = replace(judged, status=dispute.status, disputed=())
        outcome = f"paragraph {paragraph(dispute.status)}, {policy_of(there)}"
        yield f"In dispute: with {rival} {judged.status.name} is {outcome}."


def destination_words(question: Question, book: Rulebook) -> str:
    """Returns the destination in words, and whatever differs from the default question."""
    countries = book.places.countries
    text = f"destination {countries[question.destination].name}"
    if question.headquarters != question.destination:
        text += f", buyer's parent in {countries[question.headquarters].name}"
    return text if question.from_us else f"{text}, not exported from the US"


def _status_cells(judged: Judged, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    subject, status = judged.facts, judged.status
    return (
        status.name,
        _value(subject, "tpp"),
        _value(subject, "pd"),
        paragraph(status),
        policy_of(judged),
        _why(judged, catalogue, notes),
        "; ".join(_beside(status, catalogue, notes)) or "–",
        "; ".join(_measures(status, catalogue, notes)) or "–",
    )


def _value(subject: Subject, key: str) -> str:
    readings = subject.attributes[key].readings
    return (
        " or ".join(amount(float(one.value), KINDS[key].dimension) for one in readings) or "unknown"
    )


def _letter(ruling: Ruling) -> str:
    """Returns what a letter says about a chip; nothing if it neither applies nor nearly applies."""
    if ruling.caught is Truth.NO:
        lines = near_lines(ruling) if missed_by_numbers(ruling) else []
        near = [line for line in lines if " below " in line]
        return f"just outside a letter: {'; '.join(near)}" if near else ""
    doubt = "perhaps " if ruling.caught is Truth.UNKNOWN else ""
    return f"{doubt}letter: {reason(ruling)}"


def _why(judged: Judged, catalogue: Catalogue, notes: Notes) -> str:
    reasons = [*_reasons(judged.status, catalogue, notes)]
    reasons = reasons or [*_outside(judged.status, catalogue, notes)] or ["no rule was in force"]
    return "; ".join([*_premises(judged), *reasons])


def _premises(judged: Judged) -> Iterable[str]:
    """Yields what a reader must know before the reasons: the part judged, and if it was on sale."""
    chip, status = judged.chip, judged.status
    if chip is None:
        return
    if status.system:
        yield f"each {status.chip}"
    if is_before_launch(chip, status):
        yield f"before its launch ({chip.launched})"
    if chip.status in ("announced", "reported", "hypothetical"):
        yield f"only {chip.status}"
    if chip.tier == "domestic":
        yield "designed in China: what the control list would say of it"


def _reasons(status: Status, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    """Yields the reasons for a status: embargo, control list, licence policy and letters."""
    for ruling in status.of_kind(EMBARGO):
        yield f"embargo: {effects(ruling)} {cited(ruling.rule, catalogue, notes)}"
    for ruling in status.of_kind(CONTROL):
        if ruling.enforced is not Truth.NO and asks_chips(ruling):
            yield f"{reason(ruling)} {cited(ruling.rule, catalogue, notes)}"
    for ruling in status.of_kind(OVERLAY):
        if status.applies(ruling):
            yield f"{effects(ruling)}: {reason(ruling)} {cited(ruling.rule, catalogue, notes)}"
    for ruling in status.of_kind(LETTER):
        if letter := _letter(ruling):
            yield f"{letter} {cited(ruling.rule, catalogue, notes)}"


def _outside(status: Status, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    """Yields the rules in force that do not reach the chip, such as a letter to another maker."""
    for ruling in status.of_kind(*TAKING_PART):
        if ruling.enforced is not Truth.NO:
            rule = ruling.rule
            yield f"outside {rule.id}: {reason(ruling)} {cited(rule, catalogue, notes)}"


def _beside(status: Status, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    """Yields the other US rules that apply, such as practice and tariffs."""
    for ruling in status.of_kind(*BESIDE):
        if has_effect(ruling):
            standing = "" if ruling.enforced is Truth.YES else " (in the text, not enforced)"
            yield f"{effects(ruling)}{standing} {cited(ruling.rule, catalogue, notes)}"


def _measures(status: Status, catalogue: Catalogue, notes: Notes) -> Iterable[str]:
    """Yields the measures of other countries that apply."""
    for ruling in status.local:
        if has_effect(ruling):
            yield f"{effects(ruling)} {cited(ruling.rule, catalogue, notes)}"


def _answer(judged: Sequence[Judged]) -> Iterable[str]:
    """Yields the answer: for one chip whether it needs a licence and why, for many how many do."""
    of_chips = [one.status for one in judged]
    if len(judged) < 2:
        yield _needed(judged[0]) if judged else "No chip was chosen."
        yield from differences(of_chips)
        return
    yield from (*counted_needs(judged), *exemptions(of_chips), *differences(of_chips))


def _needed(judged: Judged) -> str:
    status = judged.status
    rules = (ruling for ruling in status.of_kind(*TAKING_PART) if ruling.enforced is not Truth.NO)
    return needed(judged, listed(ruling.rule.id for ruling in rules if status.applies(ruling)))


def _status_flat(judged: Judged) -> dict[str, Scalar]:
    subject, status = judged.facts, judged.status

    def number(key: str) -> Scalar:
        readings = subject.attributes[key].readings
        return float(readings[0].value) if len(readings) == 1 else None

    def ids(rulings: Iterable[Ruling]) -> str:
        return " ".join(ruling.rule.id for ruling in rulings)

    deciding = list(status.of_kind(EMBARGO))
    deciding += [ruling for ruling in status.of_kind(CONTROL) if asks_chips(ruling)]
    deciding += [ruling for ruling in status.of_kind(OVERLAY, LETTER) if status.applies(ruling)]
    near = (line for ruling in status.of_kind(*TAKING_PART) for line in near_lines(ruling))
    return {
        "chip": status.name,
        "on": status.question.on,
        "launched": judged.chip.launched if judged.chip else None,
        "destination": status.question.destination,
        "tpp": number("tpp"),
        "performance_density": number("pd"),
        "memory_bandwidth_B_per_s": number("memory_bandwidth"),
        "paragraph": " or ".join(eccn or "none" for eccn in status.eccns),
        "policy": " or ".join(one.value for one in status.policies),
        "needs_licence": status.need,
        "why": "; ".join(f"{one.rule.id}: {reason(one) or effects(one)}" for one in deciding),
        "citations": "; ".join(ruling.rule.citation for ruling in deciding),
        "near": "; ".join(dict.fromkeys(near)),
        "rules": ids(one for one in status.bringing() if one.rule.jurisdiction == "US"),
        "in_text_only": ids(filter(_only_in_text, status.us)),
        "chinese": ids(filter(has_effect, status.chinese)),
        "local": ids(filter(has_effect, status.local)),
        "needs_licence_by_rivals": judged.need_by_rivals or None,
        "disputed": "; ".join(f"{one.figure} {one.rival.value}" for one in judged.disputed),
    }


def _only_in_text(ruling: Ruling) -> bool:
    return ruling.enforced is Truth.NO and has_effect(ruling)
