"""Claims with their verdicts: all of them, unfolding to every row behind; and a page for each."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from bench.claims.evaluate import Judgement
from bench.claims.judge import Word
from bench.claims.weigh import Finding, behind, title
from bench.evidence.load import reports
from bench.evidence.observe import OWN, Observation
from bench.report.claims import SIGNS, claim_report, tested_formula
from bench.report.markup import cleaned
from bench.report.ratios import devices, groups, measured, on_paper, worth
from bench.site.blocks import blocks, held, neutral
from bench.site.page import Page
from bench.site.words import Words
from bench.site.world import World

STANDS = {True: "holds", False: "does not hold", None: "open"}


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the list and a page for each claim."""
    words = Words(names, "", "claims.html")
    told = Counter(one.word for one in world.claims)
    yield Page(
        path="claims.html",
        title=f"{len(world.claims)} claims tested",
        description="Statements that compare AI chips, with verdicts and evidence.",
        template="claims.html",
        part="claims.html",
        script=True,
        data={
            "claims": [_claim(one, world, words) for one in world.claims],
            "counts": [(neutral(one.value), one.value, told[one]) for one in Word if told[one]],
            "sides": sorted({one.claim.side for one in world.claims}),
            "verdicts": [one.value for one in Word if told[one]],
        },
    )
    yield from (_page(one, world, names) for one in world.claims)


def _claim(one: Judgement, world: World, words: Words) -> dict[str, Any]:
    claim = one.claim
    source = world.catalogue.sources[claim.source]
    return {
        "id": claim.id,
        "statement": claim.statement,
        "badge": held(one.word.value, one.stands),
        "word": one.word.value,
        "side": claim.side,
        "who": f"{claim.speaker} ({claim.side}), {claim.date}",
        "source": words.outside(source.url, source.title or claim.source),
        "read": words.text(tested_formula(one.deciding.deciding)),
        "page": words.link(claim.id, "Its own page, with what would change the verdict"),
        "findings": [_finding(found, words) for pair in one.pairs for found in pair.findings],
        "values": _values(one, world, words),
    }


def _finding(found: Finding, words: Words) -> list[Markup]:
    asked = found.question
    cells = (
        f"{asked.first.id} / {asked.second.id}",
        title(asked.axis),
        f"{SIGNS[asked.relation]} {asked.factor:g}",
        f"{on_paper(found.paper)}: {STANDS[found.on_paper]}",
        f"{measured(found.measured)}: {STANDS[found.holds]}" if found.measured else "–",
    )
    verdict = Markup("{}<br>{}").format(held(found.word.value, found.stands), found.reason)
    last = (groups(found.measured), devices(found.needed))
    return [*map(words.text, cells), verdict, *map(words.text, last)]


def _values(one: Judgement, world: World, words: Words) -> list[Markup]:
    """Returns every value behind a claim, a line each, that leads to its source or record."""
    findings = (found for pair in one.pairs for found in pair.findings)
    every = {each.ref: each for found in findings for each in behind(found, world.bench.whole)}
    ordered = sorted(every.values(), key=lambda each: (each.chip, -each.weight, each.ref))
    return [_value(each, world, words) for each in ordered]


def _value(one: Observation, world: World, words: Words) -> Markup:
    share = f" = {one.fraction:.1%} of paper" if one.fraction is not None else ""
    why = f" ({', '.join(one.why)})" if one.why else ""
    value = f"{worth(one)}{share}, {one.quantity.title}"
    chip = words.link(one.chip, world.catalogue.chips[one.chip].name)
    weight = f"weight {one.weight:g}{why}"
    return Markup("{}: {}, {}, {}").format(chip, value, weight, origin(one, words))


def origin(one: Observation, words: Words) -> Markup:
    """Returns whose value it is, leading to the source or to the record."""
    name = one.ref.partition(":")[0]
    if one.by == OWN:
        return words.link(name, "our record")
    return words.outside(reports()[name].source.url, f"{one.by}, {one.date}")


def _page(one: Judgement, world: World, names: dict[str, str]) -> Page:
    path = f"claims/{one.claim.id}.html"
    words = Words(names, "../", path)
    report = cleaned(claim_report(one, world.bench))
    return Page(
        path=path,
        title=one.claim.statement,
        description=f"Said by {one.claim.speaker}, {one.claim.date}: {one.word.value}.",
        template="claim.html",
        part="claims.html",
        data={
            "badge": held(one.word.value, one.stands),
            "blocks": list(blocks(report, words, "claim")),
        },
    )
