"""The list of export rules: their dates, their state on a day, and all of a single rule."""

from collections.abc import Iterable, Sequence

from bench.chips.load import Catalogue
from bench.report.rules.citation import CONFIDENCE, cited
from bench.report.rules.policies import in_words
from bench.report.rules.rulings import AID
from bench.report.table import Notes, Section, Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.rules.load import Rulebook
from bench.rules.model import Destination, Outcome, PolicyRow, Rule
from bench.rules.ruling import enforced, is_in_text
from bench.rules.trace import in_line
from bench.rules.truth import Truth

COLUMNS = ("rule", "kind", "from", "to", "on the day", "title", "named", "read in")
KIND_WORDS = {
    "eccn_control": "control list",
    "is_informed_letter": "letter",
    "licence_practice": "practice",
}
"""Kinds of rule in words, where the key is not a readable phrase."""
REPORTED = (
    "licence_practice", "announcement", "guidance", "regulator_summons", "window_guidance",
    "purchase_ban", "customs_enforcement", "import_block", "import_approval",
    "subsidy",
)  # fmt: skip
"""Kinds that are known from reports only, so that their enforcement is unknown."""
POLICY_COLUMNS = (
    "paragraph", "destination", "buyer's parent", "condition", "policy", "from", "to", "remark",
)  # fmt: skip
NEVER_IN_FORCE = {"bill": "a bill", "draft_rule": "a draft"}
"""Kinds that are never in force, in words."""


def rule_list(  # noqa: PLR0913 -- rules, data and two options
    rules: Iterable[Rule],
    on: str,
    book: Rulebook,
    catalogue: Catalogue,
    *,
    full: bool = False,
    cite: bool = True,
) -> Report:
    """Returns the rules with their dates and their state on a day.

    Args:
        rules: the rules.
        on: the day, ISO 8601.
        book: all rules.
        catalogue: chips and sources.
        full: whether each rule is shown with its conditions; a single one always is.
        cite: whether footnotes have sources.
    """
    notes, listed, read_to = Notes(brief=not cite), list(rules), book.places.checked_to
    cells = tuple(_cells(rule, on, read_to, catalogue, notes) for rule in listed)
    several = f"{len(listed)} rules and measures, and their state on {on}"
    title = f"{listed[0].id}, and its state on {on}" if len(listed) == 1 else several
    heading = (AID, f"Rules were collected up to {read_to}.")
    table = Table(title, heading, COLUMNS, cells, (), notes.lines())
    shown = listed if full or len(listed) == 1 else []
    more = tuple(one for rule in shown for one in _details(rule, book, named=len(shown) > 1))
    return Report(table, [_flat(rule, on, read_to) for rule in listed], more)


def _cells(
    rule: Rule, on: str, read_to: str, catalogue: Catalogue, notes: Notes
) -> tuple[str, ...]:
    return (
        f"{rule.id} {cited(rule, catalogue, notes)}",
        KIND_WORDS.get(rule.kind, rule.kind.replace("_", " ")),
        rule.effective or "–",
        rule.end or ("" if rule.effective else "–"),
        standing(rule, on, read_to),
        rule.title,
        ", ".join(rule.named) or "–",
        CONFIDENCE[rule.confidence],
    )


def _details(rule: Rule, book: Rulebook, *, named: bool) -> tuple[Section, ...]:
    """Returns tables of a rule's outcomes, its licence policies, and its conditions and notes."""
    outcomes = [(one.id, _where(one), _effects(one), one.note or "") for one in rule.outcomes]
    policies = [_policy(row, book) for row in rule.policies]
    place = _destinations(rule.destination, book)
    remarks = [("legal basis", rule.authority)] if rule.authority else []
    remarks += [("destinations", place)] if place else []
    remarks += [(key.replace("_", " "), text) for key, text in rule.conditions.items()]
    remarks += [("note", text) for text in rule.notes]
    name = f"{rule.id}: " if named else ""
    sections = (
        _section(f"{name}Outcomes, in order", ("outcome", "condition", "brings", "note"), outcomes),
        _section(f"{name}Licence policies: the first line that fits", POLICY_COLUMNS, policies),
        _section(f"{name}Conditions and notes", ("about", "text"), remarks),
    )
    return tuple(section for section in sections if section.cells)


def _where(outcome: Outcome) -> str:
    """Returns the condition of an outcome with its thresholds, its days, and where it is unsure."""
    words = [in_line(outcome.when) if outcome.when else "otherwise"]
    words += [f"from {outcome.since}"] if outcome.since else []
    words += [f"to {outcome.until}"] if outcome.until else []
    words += [f"uncertain if {in_line(one)}"] if (one := outcome.uncertain_when) else []
    return "; ".join(words)


def _policy(row: PolicyRow, book: Rulebook) -> tuple[str, ...]:
    """Returns the cells of a line of a policy table."""
    parties = {"yes": "in D:5 or Macau", "no": "elsewhere", None: "anywhere"}
    readings = " or ".join(in_words(one) for one in (row.policy, *row.rivals))
    remarks = (
        f"sources differ: {row.why}" if row.why else "",
        f"unless the recipient is {row.unless}" if row.unless else "",
    )
    return (
        " or ".join(row.eccns),
        _destinations(row.destination, book),
        parties[row.headquarters],
        in_line(row.when) if row.when else "",
        readings,
        row.since or "",
        row.until or "",
        "; ".join(filter(None, remarks)),
    )


def _destinations(place: Destination, book: Rulebook) -> str:
    """Returns the destinations that a rule or a line covers, in words; empty if none is named."""
    if place.worldwide == "yes":
        return "every destination"
    names = book.places.countries
    words = [*place.groups, *(names[one].name for one in place.countries if one not in place.since)]
    words += [f"{names[one].name} since {on}" for one, on in place.since.items()]
    text = ", ".join(words)
    if place.excluded:
        text += f" except {', '.join(names[one].name for one in place.excluded)}"
    text += "; parties headquartered in D:5 or Macau anywhere" * (place.headquarters == "yes")
    return text + "; exports from the US only" * (place.from_us_only == "yes")


def _effects(outcome: Outcome) -> str:
    """Returns the paragraph, the policy and the effect of an outcome, as far as it has them."""
    words = (outcome.policy, outcome.effect)
    effects = (outcome.eccn, *(in_words(word) for word in words if word))
    return ", ".join(effect for effect in effects if effect) or "–"


def _section(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Section:
    flat: list[dict[str, Scalar]] = [dict(zip(columns, row, strict=True)) for row in rows]
    return Section(title, columns, tuple(rows), flat)


def standing(rule: Rule, on: str, read_to: str) -> str:
    """Returns a rule's state on a day, such as in force, or in the text but not enforced.

    Args:
        rule: the rule.
        on: the day, ISO 8601.
        read_to: the last day up to which rules were collected.
    """
    if rule.kind in NEVER_IN_FORCE:
        return f"{NEVER_IN_FORCE[rule.kind]}: {rule.status}"
    if not is_in_text(rule, on) or rule.effective is None:
        return _out_of_text(rule, on)
    if rule.kind in REPORTED:
        return "reported"
    if rule.suspended and rule.suspended.resumed_by_text(on):
        return f"in force again by its own text; no extension found, rules read to {read_to}"
    return {
        Truth.YES: "in force",
        Truth.NO: "in the text, not enforced",
        Truth.UNKNOWN: "in the text, enforcement unknown",
    }[enforced(rule, on)]


def _out_of_text(rule: Rule, on: str) -> str:
    """Returns the state of a rule that is not, no longer or not yet in the text."""
    if rule.end and on > rule.end:
        return "no longer"
    announced = rule.effective is None and on >= (rule.published or "9999")
    return "announced" if announced else "not yet"


def _flat(rule: Rule, on: str, read_to: str) -> dict[str, Scalar]:
    return {
        "rule": rule.id,
        "title": rule.title,
        "jurisdiction": rule.jurisdiction,
        "kind": rule.kind,
        "citation": rule.citation,
        "published": rule.published,
        "effective": rule.effective,
        "end": rule.end,
        "standing": standing(rule, on, read_to),
        "confidence": rule.confidence,
        "uncertain": rule.uncertain,
        "named": ", ".join(rule.named),
        "sources": " ".join(rule.sources),
    }
