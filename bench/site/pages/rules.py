"""Page of export rules and of other countries' measures, with dates, conditions and sources."""

from collections.abc import Iterator
from typing import Any

from bench.report.rules.citation import CONFIDENCE
from bench.report.rules.rulelist import KIND_WORDS, rule_list, standing
from bench.report.text.markup import cleaned
from bench.rules.model import Rule
from bench.site.blocks import blocks
from bench.site.page import Page
from bench.site.pictures import of_rules
from bench.site.words import Linker
from bench.site.world import World


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields the page of all rules."""
    linker = Linker(addresses, "", "rules.html")
    rules = list(world.book.rules.values())
    yield Page(
        path="rules.html",
        title=f"{len(rules)} export rules and measures",
        description="US export rules on AI chips, measures of other countries, dates and sources.",
        template="rules.html",
        part="rules.html",
        script=True,
        data={
            "rules": [_rule(rule, world, linker) for rule in reversed(rules)],
            "pictures": of_rules(world),
            "checked": world.book.places.checked_to,
            "countries": sorted({rule.jurisdiction for rule in rules}, reverse=True),
            "kinds": sorted({_kind(rule) for rule in rules}),
        },
    )


def _kind(rule: Rule) -> str:
    return KIND_WORDS.get(rule.kind, rule.kind.replace("_", " "))


def _rule(rule: Rule, world: World, linker: Linker) -> dict[str, Any]:
    report = cleaned(rule_list([rule], world.day, world.book, world.catalogue))
    tables = list(blocks(report, linker, rule.id))
    return {
        "id": rule.id,
        "title": rule.title,
        "kind": _kind(rule),
        "country": rule.jurisdiction,
        "dates": " to ".join(
            filter(None, (rule.effective or rule.published or "", rule.end or ""))
        ),
        "standing": standing(rule, world.day, world.book.places.checked_to),
        "citation": rule.citation,
        "named": ", ".join(rule.named),
        "uncertain": rule.uncertain,
        "confidence": CONFIDENCE[rule.confidence],
        "blocks": tables[1:] if len(tables) > 1 else [],
        "sources": [_source(key, world, linker) for key in rule.sources],
    }


def _source(key: str, world: World, linker: Linker) -> object:
    source = world.catalogue.sources[key]
    return linker.outside(source.url, source.title or key)
