"""A rule as a footnote, which the views of rules share."""

from bench.chips.load import Catalogue
from bench.report.table import Notes, source_line
from bench.rules.model import Rule

CONFIDENCE = {
    "official_text": "official text, read in a copy",
    "official_quoted": "official text, as others quote it",
    "official_head": "official page, of which only the heading was read",
    "filing": "company filing",
    "bill_text": "text of a bill",
    "analysis": "account of a law firm or institute",
    "press": "press",
}
"""Where the text of a rule was read, in words."""


def cited(rule: Rule, catalogue: Catalogue, notes: Notes) -> str:
    """Returns the mark of a footnote with a rule's title, citation, conditions and sources.

    Sources are left out of brief footnotes.
    """

    def text() -> str:
        return " ".join([*_citation(rule), *([] if notes.brief else _sources(rule, catalogue))])

    return notes.once(rule.id, text)


def _citation(rule: Rule) -> list[str]:
    sentences = [f"{rule.id}: {rule.title}. {rule.citation} ({CONFIDENCE[rule.confidence]})."]
    if rule.uncertain:
        sentences.append(f"Uncertain: {rule.uncertain}.")
    if rule.conditions:
        topics = ", ".join(key.replace("_", " ") for key in rule.conditions)
        sentences.append(f"Conditions ({topics}): rules list rule={rule.id}.")
    return sentences


def _sources(rule: Rule, catalogue: Catalogue) -> list[str]:
    return [f"Sources: {'; '.join(source_line(key, catalogue) for key in rule.sources)}"]
