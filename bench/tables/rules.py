"""Rows of the table of rules, and of the status of chips under them on a given day."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.rules.judge import Status
from bench.rules.model import Destination, Outcome, PolicyRow, Rule
from bench.rules.trace import in_line
from bench.tables.model import Data, joined


@dataclass(frozen=True)
class RuleRow:
    """One rule: a regulation, letter, practice or bill, or a measure of another country."""

    rule: Annotated[str, "key of the rule"]
    title: Annotated[str, "title"]
    jurisdiction: Annotated[str, "country whose rule it is: US, CN or MY"]
    kind: Annotated[str, "what sort of instrument it is"]
    authority: Annotated[str | None, "issuing authority, and the law that it acts under"]
    citation: Annotated[str, "where its text is published"]
    published: Annotated[str | None, "day it was published"]
    effective: Annotated[str | None, "first day in the text; empty if it never took force"]
    end: Annotated[str | None, "last day in the text; empty while it stands"]
    enforced_since: Annotated[str | None, "first day on which it must be followed, if later"]
    enforced_until: Annotated[str | None, "last day of enforcement, if its text stayed longer"]
    suspended_since: Annotated[str | None, "first day of its suspension"]
    suspended_until: Annotated[str | None, "last day of its suspension"]
    modifies: Annotated[str | None, "keys of the rules that it changes or applies"]
    outcomes: Annotated[int, "number of different outcomes", "1"]
    status: Annotated[str | None, "its status, in words"]
    confidence: Annotated[str, "kind of document in which its text was read"]
    uncertain: Annotated[str | None, "what is doubtful about it"]
    notes: Annotated[str | None, "our remarks"]
    sources: Annotated[str, "keys of its sources"]


def rule_rows(data: Data) -> Iterator[RuleRow]:
    """Yields one row per rule, in order of their days."""
    yield from (_rule_row(rule) for rule in data.book.rules.values())


def _rule_row(rule: Rule) -> RuleRow:
    return RuleRow(
        rule=rule.id,
        title=rule.title,
        jurisdiction=rule.jurisdiction,
        kind=rule.kind,
        authority=rule.authority,
        citation=rule.citation,
        published=rule.published,
        effective=rule.effective,
        end=rule.end,
        enforced_since=rule.enforced_since,
        enforced_until=rule.enforced_until,
        suspended_since=rule.suspended.since if rule.suspended else None,
        suspended_until=rule.suspended.until if rule.suspended else None,
        modifies=joined(rule.modifies),
        outcomes=len(rule.outcomes),
        status=rule.status,
        confidence=rule.confidence,
        uncertain=rule.uncertain,
        notes=joined(rule.notes),
        sources="; ".join(rule.sources),
    )


@dataclass(frozen=True)
class OutcomeRow:
    """One outcome of a rule, or one line of its policy table."""

    rule: Annotated[str, "key of the rule"]
    part: Annotated[str, "outcome, or policy for a line of the rule's policy table"]
    order: Annotated[
        int, "place among the rule's parts of this kind; the first that fits counts", "1"
    ]
    outcome: Annotated[str | None, "key of the outcome; empty for a line of the policy table"]
    condition: Annotated[str | None, "what a part must meet; empty if it is all that is left"]
    paragraph: Annotated[str | None, "paragraph of the control list: that follows, or asked for"]
    policy: Annotated[str | None, "licence policy"]
    effect: Annotated[str | None, "its effect if that is no licence policy"]
    destination: Annotated[str | None, "groups and countries that it reaches"]
    headquarters: Annotated[str | None, "whether it follows parties of D:5 or Macau anywhere"]
    since: Annotated[str | None, "first day in the text, of the outcome or the rule"]
    until: Annotated[str | None, "last day in the text; empty while it stands"]
    named: Annotated[str | None, "products that the rule names, in words"]
    note: Annotated[str | None, "our remark"]


def outcome_rows(data: Data) -> Iterator[OutcomeRow]:
    """Yields the outcomes of every rule in order, then the lines of its policy table."""
    for rule in data.book.rules.values():
        yield from (_outcome_row(rule, *one) for one in enumerate(rule.outcomes, 1))
        yield from (_policy_row(rule, *one) for one in enumerate(rule.policies, 1))


def _outcome_row(rule: Rule, order: int, one: Outcome) -> OutcomeRow:
    return OutcomeRow(
        rule=rule.id,
        part="outcome",
        order=order,
        outcome=one.id,
        condition=in_line(one.when) if one.when else None,
        paragraph=one.eccn,
        policy=one.policy.value if one.policy else None,
        effect=one.effect,
        destination=_reach(rule.destination),
        headquarters=rule.destination.headquarters,
        since=one.since or rule.effective,
        until=one.until or rule.end,
        named=joined(rule.named),
        note=one.note,
    )


def _policy_row(rule: Rule, order: int, one: PolicyRow) -> OutcomeRow:
    return OutcomeRow(
        rule=rule.id,
        part="policy",
        order=order,
        outcome=None,
        condition=in_line(one.when) if one.when else None,
        paragraph=joined(one.eccns),
        policy="; ".join(policy.value for policy in (one.policy, *one.rivals)),
        effect=None,
        destination=_reach(one.destination),
        headquarters=one.headquarters,
        since=one.since or rule.effective,
        until=one.until or rule.end,
        named=None,
        note="; ".join(filter(None, (one.unless and f"unless {one.unless}", one.why))) or None,
    )


def _reach(place: Destination) -> str | None:
    """Returns where a rule reaches, in codes: ``D:5; MO; AE from 2026-07-10; without IL``."""
    dated = {code: f"{code} from {day}" for code, day in place.since.items()}
    codes = dict.fromkeys((*place.countries, *place.since))
    words = ["worldwide"] if place.worldwide == "yes" else []
    words += [*place.groups, *(dated.get(code, code) for code in codes)]
    words += [f"without {code}" for code in place.excluded]
    return joined([*words, *(["from the US alone"] if place.from_us_only == "yes" else [])])


@dataclass(frozen=True)
class StatusRow:
    """The status of one chip on one day under all rules together."""

    chip: Annotated[str, "key of the chip"]
    on: Annotated[str, "the day"]
    destination: Annotated[str, "code of the country it goes to"]
    headquarters: Annotated[str, "code of the country of the buyer's ultimate parent"]
    eccns: Annotated[str, "paragraphs that are possible; none for no paragraph"]
    policies: Annotated[str, "licence policies that are possible, the strictest first"]
    needs_licence: Annotated[
        str, "whether a licence is needed: yes, notice, licence or notice, no, unknown"
    ]
    us_rules: Annotated[str | None, "keys of the US rules that catch it, or may"]
    chinese_rules: Annotated[str | None, "keys of the Chinese measures that catch it, or may"]
    local_rules: Annotated[
        str | None, "keys of the destination's own measures that catch it, or may"
    ]


def status_row(status: Status) -> StatusRow:
    """Returns the status of a chip as a row."""
    return StatusRow(
        chip=status.name,
        on=status.question.on,
        destination=status.question.destination,
        headquarters=status.question.headquarters,
        eccns="; ".join(one or "none" for one in status.eccns),
        policies="; ".join(one.value for one in status.policies),
        needs_licence=status.need,
        us_rules=joined(one.rule.id for one in status.us if one.caught.value != "no"),
        chinese_rules=joined(one.rule.id for one in status.chinese if one.caught.value != "no"),
        local_rules=joined(one.rule.id for one in status.local if one.caught.value != "no"),
    )
