"""Export rules and Chinese measures: dates, outcomes, conditions, sources, and the plane."""

from collections.abc import Iterator
from typing import Any

from bench.report.markup import cleaned
from bench.report.rulelist import KIND_WORDS, rule_list, standing
from bench.report.rulings import CONFIDENCE
from bench.rules.model import Rule
from bench.site.blocks import blocks
from bench.site.page import Page
from bench.site.pictures import of_rules
from bench.site.words import Words
from bench.site.world import World


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the page of all rules."""
    words = Words(names, "", "rules.html")
    rules = list(world.book.rules.values())
    yield Page(
        path="rules.html",
        title=f"{len(rules)} export rules and measures",
        description="US export rules on AI chips, measures of other countries, dates and sources.",
        template="rules.html",
        part="rules.html",
        script=True,
        data={
            "rules": [_rule(one, world, words) for one in reversed(rules)],
            "pictures": of_rules(world),
            "checked": world.book.places.checked_to,
            "countries": sorted({one.jurisdiction for one in rules}, reverse=True),
            "kinds": sorted({_kind(one) for one in rules}),
        },
    )


def _kind(one: Rule) -> str:
    return KIND_WORDS.get(one.kind, one.kind.replace("_", " "))


def _rule(one: Rule, world: World, words: Words) -> dict[str, Any]:
    report = cleaned(rule_list([one], world.day, world.book, world.catalogue))
    found = list(blocks(report, words, one.id))
    return {
        "id": one.id,
        "title": one.title,
        "kind": _kind(one),
        "country": one.jurisdiction,
        "dates": " to ".join(filter(None, (one.effective or one.published or "", one.end or ""))),
        "standing": standing(one, world.day, world.book.places.checked_to),
        "citation": one.citation,
        "named": ", ".join(one.named),
        "uncertain": one.uncertain,
        "confidence": CONFIDENCE[one.confidence],
        "blocks": found[1:] if len(found) > 1 else [],
        "sources": [_source(key, world, words) for key in one.sources],
    }


def _source(key: str, world: World, words: Words) -> object:
    source = world.catalogue.sources[key]
    return words.outside(source.url, source.title or key)
