"""The rules themselves: their dates, how they stand on a day, and one of them whole."""

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
REPORTED = (
    "licence_practice", "announcement", "guidance", "regulator_summons", "window_guidance",
    "purchase_ban", "customs_enforcement", "import_block", "import_approval",
)  # fmt: skip
"""Kinds known only from reports: whether they are enforced is unknown."""
NEVER_IN_FORCE = {"bill": "a bill", "draft_rule": "a draft"}


def rule_list(rules: Iterable[Rule], on: str, book: Rulebook, catalogue: Catalogue) -> Report:
    """Returns the rules with their dates and how they stand on a day; of one alone, all of it."""
    notes, found, read_to = Notes(), list(rules), book.places.checked_to
    cells = tuple(_cells(one, on, read_to, catalogue, notes) for one in found)
    many = f"{len(found)} rules and measures, and their state on {on}"
    title = f"{found[0].id}, and its state on {on}" if len(found) == 1 else many
    heading = (AID, f"Rules were collected up to {read_to}.")
    table = Table(title, heading, COLUMNS, cells, (), notes.lines())
    more = _whole(found[0]) if len(found) == 1 else ()
    return Report(table, [_flat(one, on, read_to) for one in found], more)


def _cells(one: Rule, on: str, read_to: str, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    return (
        f"{one.id} {cited(one, catalogue, notes)}",
        KIND_WORDS.get(one.kind, one.kind.replace("_", " ")),
        one.effective or "–",
        one.end or ("" if one.effective else "–"),
        standing(one, on, read_to),
        one.title,
        ", ".join(one.named) or "–",
        CONFIDENCE[one.confidence],
    )


def _whole(one: Rule) -> tuple[Section, ...]:
    """Returns the outcomes, conditions and remarks of a rule."""
    outcomes = [(each.id, _brings(each), each.note or "")
                for each in one.outcomes]  # fmt: skip
    remarks = [(key.replace("_", " "), text) for key, text in one.conditions.items()]
    remarks += [("note", text) for text in one.notes]
    sections = (
        _section("Outcomes, in order", ("outcome", "brings", "note"), outcomes),
        _section("Conditions and notes", ("about", "text"), remarks),
    )
    return tuple(one for one in sections if one.cells)


def _brings(one: Outcome) -> str:
    words = (one.eccn, one.policy and in_words(one.policy), one.effect and in_words(one.effect))
    return ", ".join(word for word in words if word) or "–"


def _section(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Section:
    flat: list[dict[str, Scalar]] = [dict(zip(columns, row, strict=True)) for row in rows]
    return Section(title, columns, tuple(rows), flat)


def standing(rule: Rule, on: str, read_to: str) -> str:
    """Returns how a rule stands on a day: in the text apart from enforced, told apart from both.

    ``read_to`` is the last day of which rules were looked for.
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
    """Returns how a rule stands that is not in the text, or that is only announced."""
    if rule.end and on > rule.end:
        return "no longer"
    announced = rule.effective is None and on >= (rule.published or "9999")
    return "announced" if announced else "not yet"


def _flat(one: Rule, on: str, read_to: str) -> dict[str, Scalar]:
    return {
        "rule": one.id,
        "title": one.title,
        "jurisdiction": one.jurisdiction,
        "kind": one.kind,
        "citation": one.citation,
        "published": one.published,
        "effective": one.effective,
        "end": one.end,
        "standing": standing(one, on, read_to),
        "confidence": one.confidence,
        "uncertain": one.uncertain,
        "named": ", ".join(one.named),
        "sources": " ".join(one.sources),
    }
