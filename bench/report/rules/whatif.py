"""The table of a chip's headroom: how far each attribute may change before it needs a licence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.chips.load import Catalogue
from bench.report.rules.citation import cited
from bench.report.rules.policies import paragraph, policies, policy_of
from bench.report.rules.provisos import from_abroad
from bench.report.rules.rulings import AID, destination_words, in_dispute
from bench.report.table import Notes, Section, Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.rules.attributes import KINDS
from bench.rules.judge import Status
from bench.rules.judged import Judged
from bench.rules.load import Rulebook
from bench.rules.steps import Span, Step
from bench.rules.trace import amount
from bench.rules.truth import Truth
from bench.rules.whatif import LEVERS, Room
from bench.words import listed

STEP_COLUMNS = ("attribute", "change", "policy then", "by")
COLUMNS = ("attribute", "value", "needs no licence", "beyond it", "by")


def room_report(  # noqa: PLR0913 -- an answer, the data and an option
    judged: Judged,
    plain: Status,
    rooms: Sequence[Room],
    book: Rulebook,
    catalogue: Catalogue,
    *,
    cite: bool = True,
) -> Report:
    """Returns how far each attribute alone may change, and the effect of assumed values.

    Args:
        judged: the chip with the assumed values.
        plain: its status without them.
        rooms: the headroom of each attribute.
        book: the rules.
        catalogue: chips and sources.
        cite: whether footnotes have sources.
    """
    notes, status = Notes(brief=not cite), judged.status
    cells = tuple(_cells(one, catalogue, notes) for one in rooms)
    disputed = list(in_dispute(judged, catalogue, notes))
    question, name = status.question, judged.chip.name if judged.chip else "an assumed part"
    table = Table(
        f"Headroom of {name} under the rules of {question.on}, {destination_words(question, book)}",
        (_varied_alone(judged), *from_abroad(question), AID),
        COLUMNS,
        cells,
        (*_assumptions(judged, plain, rooms), *disputed),
        notes.lines(),
    )
    return Report(table, [_flat(status.name, status.need, one) for one in rooms])


def _varied_alone(judged: Judged) -> str:
    """Returns how the attributes are varied, and whether the density follows TPP."""
    density = judged.supposed.get("pd")
    if density is not None:
        held = f"; {KINDS['pd'].title} is held at {amount(float(density), None)}"
    else:
        held = "; density follows TPP" if judged.chip else ""
    return f"Each attribute is varied alone{held}."


def changes(judged: Judged, steps: Sequence[Step]) -> Section:
    """Returns the table of the changes of policy that are in reach."""
    cells = tuple((_varied(one), _change(one), policies(one.policies), _by(one)) for one in steps)
    now = policies(judged.status.policies)
    line = f"Now: {now}. A flag and an attribute together are listed where neither is enough alone."
    none = f"No attribute, flag or pair of them leads from {now} to another policy."
    flats = [_flat_step(judged.status.name, one) for one in steps]
    title = "Changes of policy in reach"
    return Section(title, STEP_COLUMNS, cells, flats, (line if steps else none,), "changes")


def _varied(step: Step) -> str:
    return listed(KINDS[key].title for key in (step.key, *step.flags) if key)


def _change(step: Step) -> str:
    """Returns the values that bring a change of policy, in words."""
    words = [_span(step.span, step.key)] if step.span else []
    return ", ".join([*words, *([supposed_words(step.flags)] if step.flags else [])])


def _span(span: Span, key: str) -> str:
    """Returns a range in words, such as ``at least 2,400 and below 4,800``."""
    unit, ends = KINDS[key].dimension, (span.low, span.high)
    low, high = ("" if one is None else amount(one, unit) for one in ends)
    if span.low is not None and span.low == span.high:
        return f"exactly {low}"
    words = [f"{'at least' if span.with_low else 'above'} {low}"] if low else []
    words += [f"{'at most' if span.with_high else 'below'} {high}"] if high else []
    return " and ".join(words)


def _by(step: Step) -> str:
    return ", ".join(rule.id for rule in step.rules) or "–"


def _flat_step(chip: str, step: Step) -> dict[str, Scalar]:
    span = step.span
    return {
        "chip": chip,
        "varied": step.key or None,
        "low": span.low if span else None,
        "low_included": span.with_low if span and span.low is not None else None,
        "high": span.high if span else None,
        "high_included": span.with_high if span and span.high is not None else None,
        "flags": " ".join(f"{key}={'yes' if on else 'no'}" for key, on in step.flags.items()),
        "policies": " or ".join(policy.value for policy in step.policies),
        "rules": " ".join(rule.id for rule in step.rules),
    }


def _assumptions(judged: Judged, plain: Status, rooms: Sequence[Room]) -> list[str]:
    """Returns the status by the sheet, the status with assumed values, and unused values."""
    status, lines = judged.status, []
    if judged.chip:
        by_sheet = policy_of(replace(judged, status=plain))
        lines = [f"As the sheet has it: paragraph {paragraph(plain)}, US policy {by_sheet}."]
    if judged.supposed:
        outcome = f"paragraph {paragraph(status)}, US policy {policy_of(judged)}"
        lines.append(f"Assumed {supposed_words(judged.supposed)}: {outcome}.")
    varied = {one.key for one in rooms}
    used = varied | ({"interconnect"} if "io" in varied else set())
    unused = set(judged.supposed) & set(LEVERS) - used
    lines += [f"No rule of that day depends on the {KINDS[key].title}." for key in sorted(unused)]
    return lines


def supposed_words(changes: Mapping[str, float | bool]) -> str:
    """Returns assumed values in words: ``TPP 2,400, datacentre part: yes``."""
    return ", ".join(
        f"{KINDS[key].title}: {'yes' if value else 'no'}"
        if KINDS[key].flag
        else f"{KINDS[key].title} {amount(float(value), KINDS[key].dimension)}"
        for key, value in changes.items()
    )


def _cells(room: Room, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    kind = KINDS[room.key]
    now = " or ".join(amount(value, kind.dimension) for value in room.now) or "unknown"
    if room.limit is None:
        alone = "at any value" if room.needs is Truth.NO else "none of its values alone is enough"
        return kind.title, now, alone, "–", "–"
    limit = amount(room.limit, kind.dimension)
    free = f"up to {limit}" if room.included else f"below {limit}"
    by = "; ".join(f"{rule.id} {cited(rule, catalogue, notes)}" for rule in room.rules)
    return kind.title, now, free, policies(room.beyond), by


def _flat(chip: str, need: str, room: Room) -> dict[str, Scalar]:
    return {
        "chip": chip,
        "attribute": room.key,
        "value": room.now[0] if len(room.now) == 1 and math.isfinite(room.now[0]) else None,
        "readings": " or ".join(f"{value:g}" for value in room.now),
        "needs_licence": need,
        "limit": room.limit,
        "limit_included": room.included if room.limit is not None else None,
        "policies_beyond": " or ".join(policy.value for policy in room.beyond),
        "rules": " ".join(rule.id for rule in room.rules),
    }
