"""Combines all rules into a chip's status on a day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from bench.rules.load import Rulebook
from bench.rules.model import Policy, Rule
from bench.rules.places import Places, Question, reaches
from bench.rules.predicate import Subject
from bench.rules.ruling import (
    CONTROL,
    ELSEWHERE,
    EMBARGO,
    LETTER,
    OVERLAY,
    Ruling,
    Terms,
    is_in_text,
    rule_on,
    terms_of,
)
from bench.rules.truth import Truth, agreed, truth


@dataclass(frozen=True)
class Status:
    """The status of a chip under all rules on a day, for a destination.

    Attributes:
        chip: the chip whose figures decide; for a system, the chip that it is built of.
        eccns: the possible paragraphs of the control list; ``(None,)`` for none.
        policies: the possible licence policies; in each case the strictest rule counts.
        us: rulings of US rules that reach the destination and are in the text that day.
        local: measures of the destination itself in force that day.
    """

    chip: str
    question: Question
    eccns: tuple[str | None, ...]
    policies: tuple[Policy, ...]
    us: tuple[Ruling, ...]
    local: tuple[Ruling, ...]
    system: str | None = None

    @property
    def name(self) -> str:
        """Returns the id of the subject of the question: the system, or the chip."""
        return self.system or self.chip

    @property
    def chinese(self) -> tuple[Ruling, ...]:
        """Returns the Chinese measures among them."""
        return tuple(one for one in self.local if one.rule.jurisdiction == "CN")

    @property
    def needs_licence(self) -> Truth:
        """Returns whether an export needs a licence or a notice."""
        return agreed(truth(one is not Policy.NONE) for one in self.policies)

    @property
    def need(self) -> str:
        """Returns what an export needs: yes (a licence), notice, either of them, no or unknown."""
        if self.needs_licence is not Truth.YES:
            return self.needs_licence.value
        if Policy.NAC_NOTIFICATION not in self.policies:
            return "yes"
        return "notice" if len(self.policies) == 1 else "licence or notice"

    def applies(self, ruling: Ruling) -> bool:
        """Returns whether a ruling changes anything; a licence policy needs a policy to replace."""
        if ruling.rule.kind != OVERLAY:
            return ruling.caught is not Truth.NO
        before = {one.policy for control in self.of_kind(CONTROL) for one in control.findings}
        return ruling.caught is not Truth.NO and not before.isdisjoint(ruling.rule.replaces)

    def bringing(self) -> list[Ruling]:
        """Returns the rulings that catch the chip, those of the US first."""
        return [
            one
            for one in (*self.us, *self.local)
            if self.applies(one) and one.rule.kind not in ELSEWHERE
        ]

    def of_kind(self, *kinds: str) -> tuple[Ruling, ...]:
        """Returns the US rulings of the given kinds."""
        return tuple(one for one in self.us if one.rule.kind in kinds)


Rulings = dict[tuple[str, Terms, tuple[str | None, ...]], Ruling]
"""Rulings on one chip by rule, its terms, and the possible paragraphs of the chip."""


def status(
    subject: Subject, question: Question, book: Rulebook, known: Rulings | None = None
) -> Status:
    """Returns the status of a chip under all rules of the book on a day.

    Args:
        subject: the chip.
        question: the day and the places.
        book: all rules.
        known: rulings on the chip on other days, to use again where a rule's terms are the same
            (such a ruling keeps its day); new ones are added. It saves most of a timeline's time.
    """
    places, relevant = book.places, _relevant_rules(question, book)
    known = {} if known is None else known

    def ruled(part: Subject, *, control: bool) -> Iterator[Ruling]:
        for rule, terms in relevant:
            if (rule.kind == CONTROL) == control:
                key = rule.id, terms, part.eccns
                if key not in known:
                    known[key] = rule_on(rule, part, question, places)
                yield known[key]

    controls = tuple(ruled(subject, control=True))
    eccns = _eccns(controls)
    part = replace(subject, eccns=eccns)
    others = tuple(ruled(part, control=False))
    us = (*controls, *(one for one in others if one.rule.jurisdiction == "US"))
    local = tuple(one for one in others if one.rule.jurisdiction != "US")
    policies = _together(us, part, question, places)
    return Status(subject.chip, question, eccns, policies, us, local, subject.system)


@lru_cache(maxsize=512)
def _relevant_rules(question: Question, book: Rulebook) -> tuple[tuple[Rule, Terms], ...]:
    """Returns the rules in the text that day which reach the destination, and the control lists."""
    in_text = (rule for rule in book.rules.values() if is_in_text(rule, question.on))
    relevant = (rule for rule in in_text if _concerns(rule, question, book.places))
    return tuple((rule, terms_of(rule, question, book.places)) for rule in relevant)


def _concerns(rule: Rule, question: Question, places: Places) -> bool:
    """Returns whether a rule applies; a foreign rule applies only to its own country.

    Chinese measures apply to the customs territory of the mainland.
    """
    if rule.jurisdiction != "US":
        return question.destination == rule.jurisdiction
    return rule.kind == CONTROL or reaches(rule.destination, question, places)


def _eccns(control: Iterable[Ruling]) -> tuple[str | None, ...]:
    """Returns the possible paragraphs; None is one unless a rule is certain of some paragraph."""
    enforced_now = [one for one in control if one.enforced is not Truth.NO]
    sure = [one for one in enforced_now if all(finding.eccn for finding in one.findings)]
    found = dict.fromkeys(finding.eccn for one in sure or enforced_now for finding in one.findings)
    return tuple(found) or (None,)


def _together(
    us: Iterable[Ruling], part: Subject, question: Question, places: Places
) -> tuple[Policy, ...]:
    """Returns every possible policy: in each case the strictest rule counts."""
    us = [one for one in us if one.enforced is not Truth.NO]
    totals = {Policy.NONE}
    for one in us:
        if one.rule.kind == CONTROL:
            found = _overlaid(one, us, part, question, places)
        elif one.rule.kind in (LETTER, EMBARGO):
            found = {finding.policy or Policy.NONE for finding in one.findings}
        else:
            continue
        if one.enforced is Truth.UNKNOWN:
            found.add(Policy.NONE)
        totals = {_stricter(before, now) for before in totals for now in found}
    return tuple(sorted(totals, key=lambda policy: -policy.strictness))


def _overlaid(
    control: Ruling, us: Iterable[Ruling], part: Subject, question: Question, places: Places
) -> set[Policy]:
    """Returns the policies of a control, replaced where a licence policy says so."""
    overlays = [one.rule for one in us if one.rule.kind == OVERLAY]
    found: set[Policy] = set()
    for finding in control.findings:
        policy = finding.policy or Policy.NONE
        over = next((rule for rule in overlays if policy in rule.replaces), None)
        if over is None:
            found.add(policy)
            continue
        seen = rule_on(over, replace(part, eccns=(finding.eccn,)), question, places)
        found |= {one.policy or policy for one in seen.findings}
    return found


def _stricter(one: Policy, other: Policy) -> Policy:
    """Returns the stricter of two policies.

    A letter that requires a licence without stating a review policy leaves the policy that a
    control states for the same part; it is stricter only than no licence at all.
    """
    if Policy.LICENCE_REQUIRED in (one, other):
        stated = other if one is Policy.LICENCE_REQUIRED else one
        reviewed = stated not in (Policy.NONE, Policy.NAC_NOTIFICATION)
        return stated if reviewed else Policy.LICENCE_REQUIRED
    return max(one, other, key=lambda policy: policy.strictness)
