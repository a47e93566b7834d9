"""A status in words: paragraph, licence policy, who is exempt, where sources differ."""

from collections.abc import Iterable, Iterator, Sequence

from bench.rules.judge import Status
from bench.rules.judged import Judged
from bench.rules.model import Policy, PolicyRow
from bench.rules.ruling import CONTROL, Ruling
from bench.rules.truth import Truth

EFFECTS = {
    "licence_granted_to_a_named_firm": "licence granted to a named firm",
    "purchases_under_review": "the purchases that large firms plan are under review",
    "licence_granted_with_15pct_of_china_revenue": "licences granted for 15% of the China revenue",
    "licence_if_for_military_or_weapons_ai": "licence if known to train military or weapons AI",
    "licence_to_anywhere": "licence to any country",
    "tariff_25pct": "25% tariff on the way through the US",
    "licence_exception_hbm_possible": "licence exception for HBM possible",
    "to_be_allowed_with_25pct_to_the_us": "to be allowed in return for 25% to the US",
    "licence_free_for_named_recipients_in_the_uae": "licence-free for named recipients alone",
    "maker_on_entity_list": "its maker is on the Entity List: licence to send the maker anything, "
    "not to buy its chips",
    "notice_30_days_before_it_leaves_malaysia": "30 days' notice before it leaves Malaysia again, "
    "where misuse is known or suspected",
    "listed": "named by guidance on Chinese chips",
}
"""Effects in words, where the key is not a readable phrase."""
POLICIES = {
    Policy.NONE: "none",
    Policy.NAC_NOTIFICATION: "NAC notification",
    Policy.PRESUMPTION_OF_APPROVAL: "licence (presumption of approval)",
    Policy.CASE_BY_CASE: "licence (case by case)",
    Policy.LICENCE_REQUIRED: "licence (policy not stated)",
    Policy.PRESUMPTION_OF_DENIAL: "licence (presumption of denial)",
}


def effects(ruling: Ruling) -> str:
    """Returns the effects or possible effects of a rule in words, with the firms that it names."""
    words = " or ".join(dict.fromkeys(in_words(word) for word in ruling.words))
    firms = ruling.rule.conditions.get("firms")
    words += f": {firms}" if firms else ""
    listed = ruling.rule.kind == "entity_listing"
    return f"since {ruling.rule.effective} {words}" if listed else words


def has_effect(ruling: Ruling) -> bool:
    """Tells whether a rule may bring anything."""
    return any(word not in ("none", "not_applicable") for word in ruling.words)


def in_words(word: str) -> str:
    """Returns an effect or a policy in words."""
    if word in tuple(Policy):
        return POLICIES[Policy(word)]
    return EFFECTS.get(word, word.replace("_", " "))


def paragraph(status: Status) -> str:
    """Returns the paragraph of the control list, or the possible paragraphs.

    A system falls under 4A090 because of the paragraph of its chips.
    """
    if len(status.eccns) == 1:
        eccn = status.eccns[0] or "none"
        return f"4A090 by {eccn}" if status.system and status.eccns[0] else eccn
    sections = (".".join(eccn.split(".")[:2]) if eccn else "none" for eccn in status.eccns)
    words = list(dict.fromkeys(sections))
    return f"{'unknown: ' if len(words) > 1 else ''}{' or '.join(words)}"


def policy_of(judged: Judged) -> str:
    """Returns the licence policy, and whether it is disputed or an export under US rules supposed.

    The figures of other sources count if the policy differs by them.
    """
    words, rivals = policy(judged.status), _by_rivals(judged)
    hypothetical = judged.designed_in_china and judged.status.needs_licence is not Truth.NO
    words += ", if exported under US rules" if hypothetical else ""
    return f"{words}; in dispute: {rivals}" if rivals else words


def _by_rivals(judged: Judged) -> str:
    """Returns the policies by figures of other sources, if they differ; else an empty text."""
    here = policies(judged.status.policies)
    found = dict.fromkeys(policies(one.status.policies) for one in judged.disputed)
    return " or ".join(one for one in found if one != here)


def policy(status: Status) -> str:
    """Returns the licence policy, or the possible policies."""
    words = _differing(status) or policies(status.policies)
    return f"{words}, unless the recipient is exempt" if exempt(status) else words


def policies(possible: Sequence[Policy]) -> str:
    """Returns the policy if there is only one, otherwise the possible policies."""
    words = [POLICIES[one] for one in possible]
    return words[0] if len(words) == 1 else f"unknown: {' or '.join(words)}"


def needed(judged: Judged, by: str) -> str:
    """Returns whether a licence is needed, its policy, by which rules, and who is exempt."""
    status, supposed = judged.status, judged.designed_in_china
    terms, verb = _differing(status) or policies(status.policies), _verb(judged)
    but = "".join(f", unless the recipient is {who}" for who in exempt(status))
    words = {
        Truth.YES: f"a licence or a notice {verb} needed: {terms}, by {by}{but}",
        Truth.NO: f"no licence and no notice {verb} needed",
        Truth.UNKNOWN: f"what is published does not decide whether a licence {verb} needed by {by}",
    }
    start = "Designed in China. If exported under US rules," if supposed else "By US rules"
    answer = words[status.needs_licence]
    if rivals := _by_rivals(judged):
        start += f" {'by' if supposed else 'and'} the first figures of its sheet,"
        return f"{start} {answer}. In dispute: by figures of other sources, {rivals}."
    return f"{start} {answer}."


def counted_needs(judged: Sequence[Judged]) -> Iterator[str]:
    """Yields how many chips need a licence; those designed in China are counted separately."""
    exported = [one for one in judged if not one.designed_in_china]
    supposed = [one for one in judged if one.designed_in_china]
    if exported:
        yield f"Of {len(exported)}, {_counts(exported)}."
    if supposed:
        more = " more" if exported else ""
        yield (
            f"Of {len(supposed)}{more}, designed in China, if exported under US rules: "
            f"{_counts(supposed)}."
        )
    disputed = [one.status.name for one in judged if one.need_by_rivals]
    if disputed:
        yield f"In dispute, as figures of other sources change the answer: {', '.join(disputed)}."


def _counts(judged: Sequence[Judged]) -> str:
    needs = [one.status.needs_licence for one in judged]
    return (
        f"a licence or a notice {_verb(judged[0])} needed for {needs.count(Truth.YES)} and none "
        f"for {needs.count(Truth.NO)}; {needs.count(Truth.UNKNOWN)} cannot be decided from what is "
        "published"
    )


def _verb(judged: Judged) -> str:
    """Returns the verb of what a chip needs, conditional for a chip designed in China."""
    return "would be" if judged.designed_in_china else "is"


def exempt(status: Status) -> list[str]:
    """Returns the kinds of recipient that need no licence, if the part may need one."""
    recipients = (row.unless for row in _rows(status) if row.unless)
    return list(dict.fromkeys(recipients)) if status.needs_licence is not Truth.NO else []


def exemptions(statuses: Iterable[Status]) -> Iterator[str]:
    """Yields a line for each kind of exempt recipient."""
    for who in dict.fromkeys(who for status in statuses for who in exempt(status)):
        yield f"Exempt: {who}."


def differences(statuses: Iterable[Status]) -> Iterator[str]:
    """Yields a line for each policy on which sources differ, with what each source says."""
    rows = (row for status in statuses if _differing(status) for row in _rows(status))
    for why in dict.fromkeys(row.why for row in rows if row.why):
        yield f"Sources differ: {why}."


def _differing(status: Status) -> str:
    """Returns the policies between which sources differ; empty if the policy is open otherwise."""
    disputed = {one for row in _rows(status) if row.rivals for one in (row.policy, *row.rivals)}
    if len(status.policies) < 2 or not disputed.issuperset(status.policies):
        return ""
    words = [POLICIES[one].removeprefix("licence (").removesuffix(")") for one in status.policies]
    return f"licence ({' or '.join(words)}: sources differ)"


def _rows(status: Status) -> Iterator[PolicyRow]:
    """Yields the rows of the policy tables that apply."""
    for ruling in status.of_kind(CONTROL):
        yield from ruling.rows if ruling.enforced is not Truth.NO else ()
