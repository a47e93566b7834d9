"""The list of export rules: their dates, their state on a day, and all of a single rule."""

from collections.abc import Iterable, Sequence

from bench.chips.load import Catalogue
from bench.report.markup import Report
from bench.report.policies import in_words
from bench.report.rulings import AID, CONFIDENCE, cited
from bench.report.scalar import Scalar
from bench.report.table import Notes, Section, Table
from bench.rules.load import Rulebook
from bench.rules.model import Outcome, Rule
from bench.rules.ruling import enforced, is_in_text
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
)  # fmt: skip
"""Kinds that are known from reports only, so that their enforcement is unknown."""
NEVER_IN_FORCE = {"bill": "a bill", "draft_rule": "a draft"}
"""Kinds that are never in force, in words."""


def rule_list(rules: Iterable[Rule], on: str, book: Rulebook, catalogue: Catalogue) -> Report:
    """Returns the rules with their dates and their state on a day; a single rule in full."""
    notes, listed, read_to = Notes(), list(rules), book.places.checked_to
    cells = tuple(_cells(rule, on, read_to, catalogue, notes) for rule in listed)
    many = f"{len(listed)} rules and measures, and their state on {on}"
    title = f"{listed[0].id}, and its state on {on}" if len(listed) == 1 else many
    heading = (AID, f"Rules were collected up to {read_to}.")
    table = Table(title, heading, COLUMNS, cells, (), notes.lines())
    more = _details(listed[0]) if len(listed) == 1 else ()
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


def _details(rule: Rule) -> tuple[Section, ...]:
    """Returns tables of the outcomes, and of the conditions and notes, of a rule."""
    outcomes = [(one.id, _effects(one), one.note or "") for one in rule.outcomes]
    remarks = [(key.replace("_", " "), text) for key, text in rule.conditions.items()]
    remarks += [("note", text) for text in rule.notes]
    sections = (
        _section("Outcomes, in order", ("outcome", "brings", "note"), outcomes),
        _section("Conditions and notes", ("about", "text"), remarks),
    )
    return tuple(section for section in sections if section.cells)


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
