"""Rows about rules: the instruments, and what they say of chips on a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.rules.judge import Status
from bench.rules.model import Rule
from bench.tables.model import Data, joined


@dataclass(frozen=True)
class RuleRow:
    """One instrument: a regulation, a letter, a practice, a bill, a measure elsewhere."""

    rule: Annotated[str, "key of the rule"]
    title: Annotated[str, "title"]
    jurisdiction: Annotated[str, "country whose rule it is: US, CN or MY"]
    kind: Annotated[str, "what sort of instrument it is"]
    authority: Annotated[str | None, "who made it, under what"]
    citation: Annotated[str, "where its text stands"]
    published: Annotated[str | None, "day it was published"]
    effective: Annotated[str | None, "first day in the text; empty if it never took force"]
    end: Annotated[str | None, "last day in the text; empty while it stands"]
    enforced_since: Annotated[str | None, "first day it must be followed, where later"]
    enforced_until: Annotated[str | None, "last day it was enforced, where it stayed in the text"]
    suspended_since: Annotated[str | None, "first day it stood still"]
    suspended_until: Annotated[str | None, "last day it stood still"]
    modifies: Annotated[str | None, "keys of the rules that it changes or applies"]
    outcomes: Annotated[int, "outcomes that it tells apart", "1"]
    status: Annotated[str | None, "how it stands, in words"]
    confidence: Annotated[str, "what its text was read in"]
    uncertain: Annotated[str | None, "what of it is doubtful"]
    notes: Annotated[str | None, "our remarks"]
    sources: Annotated[str, "keys of its sources"]


def rule_rows(data: Data) -> Iterator[RuleRow]:
    """Returns one row a rule, in order of their days."""
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
class StatusRow:
    """What all rules together say of one chip on one day."""

    chip: Annotated[str, "key of the chip"]
    on: Annotated[str, "the day"]
    destination: Annotated[str, "code of the country it goes to"]
    headquarters: Annotated[str, "code of the country of the buyer's ultimate parent"]
    eccns: Annotated[str, "paragraphs that are possible; none for no paragraph"]
    policies: Annotated[str, "licence policies that are possible, the strictest first"]
    needs_licence: Annotated[str, "whether a licence or notice is needed: yes, no or unknown"]
    us_rules: Annotated[str | None, "keys of the US rules that catch it, or may"]
    chinese_rules: Annotated[str | None, "keys of the Chinese measures that catch it, or may"]
    local_rules: Annotated[str | None, "keys of all measures of the destination itself, likewise"]


def status_row(found: Status) -> StatusRow:
    """Returns a classification as a row."""
    return StatusRow(
        chip=found.name,
        on=found.question.on,
        destination=found.question.destination,
        headquarters=found.question.headquarters,
        eccns="; ".join(one or "none" for one in found.eccns),
        policies="; ".join(one.value for one in found.policies),
        needs_licence=found.needs_licence.value,
        us_rules=joined(one.rule.id for one in found.us if one.caught.value != "no"),
        chinese_rules=joined(one.rule.id for one in found.chinese if one.caught.value != "no"),
        local_rules=joined(one.rule.id for one in found.local if one.caught.value != "no"),
    )
