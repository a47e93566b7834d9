"""A rule as a value: citation, dates, where it reaches, outcomes and policies."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from bench.files.strict import Day, DayOrNever, Strict
from bench.rules.predicate import Predicate, predicate

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Code = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
ECCN = r"^[0-9][A-E][0-9]{3}(\.[a-z](\.[0-9]+)?)?$"
Eccn = Annotated[str, Field(pattern=ECCN)]
Asked = Annotated[
    Predicate,
    PlainValidator(predicate),
    WithJsonSchema({"type": "object", "minProperties": 1, "maxProperties": 1}),
]


class Policy(StrEnum):
    """How the licensing office treats an export, from free to refused."""

    NONE = "none"
    NAC_NOTIFICATION = "nac_notification"
    PRESUMPTION_OF_APPROVAL = "presumption_of_approval"
    CASE_BY_CASE = "case_by_case"
    LICENCE_REQUIRED = "licence_required"
    PRESUMPTION_OF_DENIAL = "presumption_of_denial"

    @property
    def strictness(self) -> int:
        """Returns its rank; the strictest policy ranks highest."""
        return STRICTNESS[self]


STRICTNESS = {policy: place for place, policy in enumerate(Policy)}


Kind = Literal[
    "eccn_control",
    "licence_policy",
    "embargo",
    "is_informed_letter",
    "licence_practice",
    "announcement",
    "scope_change",
    "correction",
    "end_user_control",
    "entity_listing",
    "eccn_scope_and_quota",
    "presumption",
    "enforcement_statement",
    "guidance",
    "tariff",
    "bill",
    "draft_rule",
    "licence_exception",
    "export_control",
    "regulator_summons",
    "window_guidance",
    "purchase_ban",
    "customs_enforcement",
    "import_block",
    "import_approval",
    "subsidy",
]


Confidence = Literal[
    "official_text",
    "official_quoted",
    "official_head",
    "filing",
    "bill_text",
    "analysis",
    "press",
]


class Destination(Strict):
    """The destinations that a rule covers.

    Attributes:
        groups: Country Groups such as ``D:5``; countries: ISO codes beside them.
        excluded: countries that are exempt again.
        since: first day for a country named later than the rule; until then its groups decide.
        worldwide: ``yes`` for every destination.
        headquarters: ``yes`` if it also follows parties headquartered in D:5 or Macau anywhere.
        from_us_only: ``yes`` if it covers exports from the United States alone.
    """

    groups: tuple[str, ...] = ()
    countries: tuple[Code, ...] = ()
    excluded: tuple[Code, ...] = ()
    since: dict[Code, Day] = Field(default_factory=dict)
    worldwide: Literal["yes", "no"] = "no"
    headquarters: Literal["yes", "no"] = "no"
    from_us_only: Literal["yes", "no"] = "no"


class Outcome(Strict):
    """The outcome for a part that meets ``when``; without ``when``, for all remaining parts.

    Attributes:
        eccn: the paragraph of the control list that the part falls under.
        policy: the licence review policy, if this outcome states one.
        effect: its effect if that is no licence policy, such as a tariff or another measure.
        uncertain_when: if this is met, the outcome itself is doubtful.
        since, until: first and last day of this outcome, if they differ from the rule's.
    """

    id: str
    eccn: Eccn | None = None
    when: Asked | None = None
    uncertain_when: Asked | None = None
    policy: Policy | None = None
    effect: str | None = None
    since: Day | None = None
    until: Day | None = None
    note: str | None = None


class PolicyRow(Strict):
    """A line of a rule's policy table; the first that fits counts.

    Attributes:
        eccns: prefixes of paragraphs.
        headquarters: whether the party is headquartered in D:5 or Macau, if that matters.
        since, until: first and last day of this line, if they differ from the rule's.
        unless: recipients that are exempt from the licence, in words.
        rivals: policies that other sources read in the same text; ``why`` says who reads what.
    """

    eccns: Annotated[tuple[Eccn, ...], Field(min_length=1)]
    when: Asked | None = None
    destination: Destination
    headquarters: Literal["yes", "no"] | None = None
    policy: Policy
    since: Day | None = None
    until: Day | None = None
    unless: str | None = None
    rivals: tuple[Policy, ...] = ()
    why: str | None = None
    source: Key | None = None

    def applies_on(self, on: str) -> bool:
        """Returns whether the line is in the table on a day."""
        return (self.since or "") <= on <= (self.until or "9999")


class Suspension(Strict):
    """A period in which a rule was suspended.

    Attributes:
        afterwards: what follows: enforced again; ``by_its_text`` if only the text says so and no
            source confirms it; or unknown.
    """

    since: Day
    until: Day
    afterwards: Literal["enforced", "by_its_text", "unknown"] = "enforced"

    def resumed_by_text(self, on: str) -> bool:
        """Returns whether the suspension has ended on a day by the text alone, unconfirmed."""
        return on > self.until and self.afterwards == "by_its_text"


class Rule(Strict):
    """One instrument: a regulation, letter, practice, bill, or another country's measure.

    Attributes:
        effective: first day in force by its text; absent if it never took effect.
        end: last day in force by its text; absent while it is in force.
        enforced_since: first day of compliance, if later than ``effective``.
        enforced_until: last day it was enforced, if it stayed in the text after that; ``never``
            if it was withdrawn before its first day of compliance.
        replaces: policies that the outcomes of a licence policy replace.
        modifies: rules that this one changes or applies.
        named: products it names, in words.
        confidence: the kind of document its text was read in.
        sources: keys of specs/sources.yaml.
    """

    id: str
    title: str
    jurisdiction: Literal["US", "CN", "MY"]
    kind: Kind
    authority: str | None = None
    citation: str
    published: Day | None = None
    effective: Day | None = None
    enforced_since: Day | None = None
    end: Day | None = None
    enforced_until: DayOrNever | None = None
    suspended: Suspension | None = None
    destination: Destination = Destination()
    outcomes: tuple[Outcome, ...] = ()
    policies: tuple[PolicyRow, ...] = ()
    replaces: tuple[Policy, ...] = ()
    modifies: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    status: str | None = None
    conditions: dict[str, str] = Field(default_factory=dict)
    confidence: Confidence
    uncertain: str | None = None
    notes: tuple[str, ...] = ()
    sources: Annotated[tuple[Key, ...], Field(min_length=1)]
