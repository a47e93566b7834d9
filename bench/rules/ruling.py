"""Applies one rule to a chip on a day: whether it is in force, its outcomes and policies."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from bench.rules.model import Outcome, Policy, PolicyRow, Rule
from bench.rules.places import Places, Question, is_d5_or_macau, reaches
from bench.rules.predicate import Subject, holds, within
from bench.rules.trace import Trace, grounds, traced
from bench.rules.truth import Truth, agreed, all_of, truth

CONTROL, OVERLAY, LETTER = "eccn_control", "licence_policy", "is_informed_letter"
EMBARGO = "embargo"
TAKING_PART = (CONTROL, OVERLAY, LETTER, EMBARGO)
"""The kinds of rules whose outcomes make up the licence policy; others are shown beside it."""

ELSEWHERE = ("presumption", "end_user_control")
"""Kinds that bind only foundries, or repeat what the control says of a buyer's parent."""


@dataclass(frozen=True)
class OutcomeAndPolicy:
    """One possible outcome, with its paragraph and policy.

    Attributes:
        outcome: None if the rule's list ends without one.
        policy: None if the outcome has no licence policy.
        row: the line of the policy table that gave the policy, if one did.
    """

    outcome: Outcome | None
    policy: Policy | None
    row: PolicyRow | None = field(default=None, hash=False)  # it holds dictionaries

    @property
    def eccn(self) -> str | None:
        """Returns the paragraph, None for none."""
        return self.outcome.eccn if self.outcome else None

    @property
    def word(self) -> str:
        """Returns the key of the effect or policy."""
        if self.outcome and self.outcome.effect:
            return self.outcome.effect
        return self.policy.value if self.policy else Policy.NONE.value


@dataclass(frozen=True)
class Ruling:
    """One rule applied to one chip.

    Attributes:
        in_text: whether the rule is in force by its text on that day.
        enforced: whether it is enforced then; unknown if no source says so.
        findings: the possible outcomes; a single one is certain.
        subject: the facts that the rule was applied to.
        on: the day of the question.
    """

    rule: Rule
    in_text: bool
    enforced: Truth
    findings: tuple[OutcomeAndPolicy, ...]
    subject: Subject
    on: str

    @cached_property
    def traces(self) -> list[tuple[Outcome, Trace]]:
        """Returns every outcome that was tested, in order, with the trace of its predicate."""
        seen: list[tuple[Outcome, Trace]] = []
        for outcome in _active(self.rule, self.on):
            trace = _traced(outcome, self.subject, otherwise=bool(seen))
            if outcome.when is None and any(one.truth is Truth.UNKNOWN for _, one in seen):
                trace = replace(trace, truth=Truth.UNKNOWN)  # as it is met if none before it is
            seen.append((outcome, trace))
            if trace.truth is Truth.YES:
                break
        return seen

    @cached_property
    def untested(self) -> list[tuple[Outcome, Trace]]:
        """Returns the outcomes after the one that is met, which were not tested."""
        rest = _active(self.rule, self.on)[len(self.traces) :]
        return [(outcome, _traced(outcome, self.subject)) for outcome in rest if outcome.when]

    @cached_property
    def caught(self) -> Truth:
        """Returns whether the rule has any effect on the chip."""
        effects = (truth(_has_effect(one)) for one in self.findings)
        return all_of((agreed(effects), self.enforced)) if self.findings else Truth.NO

    @property
    def rows(self) -> tuple[PolicyRow, ...]:
        """Returns the lines of the policy table behind the findings, each once."""
        found = [one.row for one in self.findings if one.row]
        return tuple(row for place, row in enumerate(found) if row not in found[:place])

    @property
    def words(self) -> tuple[str, ...]:
        """Returns the possible effects and policies, each once."""
        return tuple(dict.fromkeys(one.word for one in self.findings))


def _has_effect(one: OutcomeAndPolicy) -> bool:
    return one.word not in (Policy.NONE.value, "not_applicable", "none")


def is_in_text(rule: Rule, on: str) -> bool:
    """Returns whether a rule's text is in force on a day; an announcement's is once published."""
    since = rule.published if rule.kind == "announcement" else rule.effective
    return since is not None and since <= on <= (rule.end or "9999")


def enforced(rule: Rule, on: str) -> Truth:
    """Returns whether a rule is enforced on a day, whatever its text says."""
    if not is_in_text(rule, on) or rule.enforced_until == "never":
        return Truth.NO
    since = rule.enforced_since or rule.effective or ""
    if on < since or on > (rule.enforced_until or "9999"):
        return Truth.NO
    pause = rule.suspended
    if pause and pause.since <= on <= pause.until:
        return Truth.NO
    if pause and on > pause.until and pause.afterwards != "enforced":
        return Truth.UNKNOWN
    return Truth.YES


def rule_on(rule: Rule, subject: Subject, question: Question, places: Places) -> Ruling:
    """Applies a rule to a chip, whether or not the rule is in force on the day.

    A part keeps its paragraph for any destination; outside the rule's reach it needs no licence.
    """
    reached = reaches(rule.destination, question, places)
    findings = [
        finding if reached else replace(finding, policy=Policy.NONE, row=None)
        for outcome in _possible(rule, subject, question.on)
        for finding in _findings(rule, outcome, subject, question, places)
    ]
    distinct = tuple(dict.fromkeys(findings) if len(findings) > 1 else findings)
    day = question.on
    return Ruling(rule, is_in_text(rule, day), enforced(rule, day), distinct, subject, day)


class Terms(NamedTuple):
    """What a rule says on a day in answer to a question, whatever the chip.

    Attributes:
        enforced: as in ``Ruling``.
        reached: whether it covers the destination.
        outcomes, policies: indices of its outcomes and lines of the policy table that apply.
    """

    enforced: Truth
    reached: bool
    outcomes: tuple[int, ...]
    policies: tuple[int, ...]


def terms_of(rule: Rule, question: Question, places: Places) -> Terms:
    """Returns the terms of a rule that is in the text that day; equal terms give equal rulings."""
    on = question.on
    outcomes = tuple(place for place, one in enumerate(rule.outcomes) if _is_active(one, on))
    lines = tuple(
        place for place, row in enumerate(rule.policies) if _applies(row, question, places)
    )
    reached = reaches(rule.destination, question, places)
    return Terms(enforced(rule, on), reached, outcomes, lines)


def _active(rule: Rule, on: str) -> list[Outcome]:
    return [one for one in rule.outcomes if _is_active(one, on)]


def _is_active(outcome: Outcome, on: str) -> bool:
    return (outcome.since or "") <= on <= (outcome.until or "9999")


def _possible(rule: Rule, subject: Subject, on: str) -> list[Outcome | None]:
    """Returns the possible outcomes: in order, every unknown one and the first certain one."""
    possible: list[Outcome | None] = []
    for outcome in _active(rule, on):
        met = _met(outcome, subject)
        if met is not Truth.NO:
            possible.append(outcome)
        if met is Truth.YES:
            return possible
    return [*possible, None]


def _met(outcome: Outcome, subject: Subject) -> Truth:
    """Returns whether an outcome is met; unknown if the rule itself is doubtful there."""
    met = holds(outcome.when, subject) if outcome.when else Truth.YES
    if met is Truth.YES and outcome.uncertain_when:
        doubt = holds(outcome.uncertain_when, subject)
        return Truth.YES if doubt is Truth.NO else Truth.UNKNOWN
    return met


def _traced(outcome: Outcome, subject: Subject, *, otherwise: bool = True) -> Trace:
    if outcome.when is None:
        return Trace(Truth.YES, "otherwise" if otherwise else "every part")
    trace = traced(outcome.when, subject)
    if outcome.uncertain_when and _met(outcome, subject) is not trace.truth:
        doubt = traced(outcome.uncertain_when, subject)
        return replace(
            trace, truth=Truth.UNKNOWN, doubt="; ".join(grounds(doubt)), parts=(*trace.parts, doubt)
        )
    return trace


def _findings(
    rule: Rule, outcome: Outcome | None, subject: Subject, question: Question, places: Places
) -> list[OutcomeAndPolicy]:
    if outcome is None or outcome.policy is not None or not outcome.eccn or not rule.policies:
        return [OutcomeAndPolicy(outcome, outcome.policy if outcome else None)]
    part = replace(subject, eccns=(outcome.eccn,))
    rows = _fitting(rule.policies, outcome.eccn, question, places)
    return [OutcomeAndPolicy(outcome, *one) for one in _policies(rows, part)]


def _fitting(
    rows: Iterable[PolicyRow], eccn: str, question: Question, places: Places
) -> Iterator[PolicyRow]:
    """Yields the lines of a policy table for a paragraph, a day, a place and a party."""
    for row in rows:
        if within(eccn, row.eccns) and _applies(row, question, places):
            yield row


def _applies(row: PolicyRow, question: Question, places: Places) -> bool:
    """Returns whether a line of a policy table is for the day, the place and the party."""
    if not row.applies_on(question.on) or not reaches(row.destination, question, places):
        return False
    there = is_d5_or_macau(question.headquarters, question.on, places)
    return row.headquarters in (None, "yes" if there else "no")


def _policies(
    rows: Iterable[PolicyRow], part: Subject
) -> Iterator[tuple[Policy, PolicyRow | None]]:
    """Yields the policies that the lines leave possible, each with its line."""
    for row in rows:
        met = holds(row.when, part) if row.when else Truth.YES
        if met is not Truth.NO:
            yield from ((one, row) for one in (row.policy, *row.rivals))
        if met is Truth.YES:
            return
    yield Policy.NONE, None
