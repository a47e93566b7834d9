"""How far a chip may go before it needs a licence, as a table."""

import math
from collections.abc import Mapping, Sequence

from bench.chips.load import Catalogue
from bench.report.markup import Report
from bench.report.policies import paragraph, policies, policy
from bench.report.rulings import AID, cited, destination_words, in_dispute
from bench.report.scalar import Scalar
from bench.report.table import Notes, Table
from bench.rules.attributes import KINDS
from bench.rules.judge import Status
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.trace import amount
from bench.rules.truth import Truth
from bench.rules.whatif import LEVERS, Room

COLUMNS = ("attribute", "value", "needs no licence", "beyond it", "by")


def room_report(
    judged: Judged, plain: Status, rooms: Sequence[Room], book: Rulebook, catalogue: Catalogue
) -> Report:
    """Returns how far each attribute alone may go, and what the suppositions change."""
    notes, status = Notes(), judged.status
    cells = tuple(_cells(one, catalogue, notes) for one in rooms)
    disputed = list(in_dispute(judged, catalogue, notes))
    question, name = status.question, judged.chip.name if judged.chip else "an assumed part"
    table = Table(
        f"Headroom of {name} under the rules of {question.on}, {destination_words(question, book)}",
        ("Each attribute is varied alone; density follows TPP.", AID),
        COLUMNS,
        cells,
        (*_told(judged, plain, rooms), *disputed),
        notes.lines(),
    )
    return Report(table, [_flat(status.name, one) for one in rooms])


def _told(judged: Judged, plain: Status, rooms: Sequence[Room]) -> list[str]:
    """Returns what the sheet gives, what is supposed, and what that changes."""
    status, lines = judged.status, []
    if judged.chip:
        lines = [f"As the sheet has it: paragraph {paragraph(plain)}, US policy {policy(plain)}."]
    if judged.supposed:
        told = f"paragraph {paragraph(status)}, US policy {policy(status)}"
        lines.append(f"Assumed {supposed_words(judged.supposed)}: {told}.")
    asked = {one.key for one in rooms}
    used = asked | ({"interconnect"} if "io" in asked else set())
    idle = set(judged.supposed) & set(LEVERS) - used
    lines += [f"No rule of that day depends on the {KINDS[key].title}." for key in sorted(idle)]
    return lines


def supposed_words(changes: Mapping[str, float | bool]) -> str:
    """Returns suppositions in words: ``TPP 2,400, datacentre part: yes``."""
    return ", ".join(
        f"{KINDS[key].title}: {'yes' if value else 'no'}"
        if KINDS[key].flag
        else f"{KINDS[key].title} {amount(float(value), KINDS[key].dimension)}"
        for key, value in changes.items()
    )


def _cells(one: Room, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    kind = KINDS[one.key]
    now = " or ".join(amount(value, kind.dimension) for value in one.now) or "unknown"
    if one.limit is None:
        alone = "at any value" if one.needs is Truth.NO else "none of its values alone is enough"
        return kind.title, now, alone, "–", "–"
    line = amount(one.limit, kind.dimension)
    words = f"up to {line}" if one.included else f"below {line}"
    by = "; ".join(f"{rule.id} {cited(rule, catalogue, notes)}" for rule in one.rules)
    return kind.title, now, words, policies(one.beyond), by


def _flat(chip: str, one: Room) -> dict[str, Scalar]:
    return {
        "chip": chip,
        "attribute": one.key,
        "value": one.now[0] if len(one.now) == 1 and math.isfinite(one.now[0]) else None,
        "readings": " or ".join(f"{value:g}" for value in one.now),
        "needs_licence": one.needs.value,
        "limit": one.limit,
        "limit_included": one.included if one.limit is not None else None,
        "policies_beyond": " or ".join(found.value for found in one.beyond),
        "rules": " ".join(rule.id for rule in one.rules),
    }
