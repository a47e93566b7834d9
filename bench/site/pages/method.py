"""How figures come about and what they cannot say; the sources; the front page."""

from collections import Counter
from collections.abc import Iterator

from markupsafe import Markup

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.evaluate import Judgement
from bench.claims.judge import Stands, Word
from bench.site.blocks import held, neutral
from bench.site.page import Page
from bench.site.pages.evidence import counted
from bench.site.pictures import of_ratios
from bench.site.words import Words
from bench.site.world import World
from bench.units import UNITS
from bench.verdict import MARGIN

ASKED = "2025-09-17-cac-domestic-comparable"
"""The claim that this program was begun for."""


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the front page, the method and the sources."""
    yield _front(world, Words(names, "", "index.html"))
    yield Page(
        path="method.html",
        title="Method and limits",
        description="How published, measured and reported figures are compared.",
        template="method.html",
        part="method.html",
        data={"margin": MARGIN, "figures": _figures()},
    )
    yield _sources(world, Words(names, "", "sources.html"))


def _figures() -> list[tuple[str, str, str]]:
    """Returns key, title and base unit of every figure of a sheet."""
    units = {
        dimension: unit for unit, (dimension, factor) in reversed(UNITS.items()) if factor == 1
    }
    return [(key, one.title, units.get(one.dimension, "1")) for key, one in FIGURES.items()]


def _front(world: World, words: Words) -> Page:
    chips = [one for one in world.chips if not one.variants]
    told = Counter(one.word for one in world.claims)
    asked = next((one for one in world.claims if one.claim.id == ASKED), None)
    return Page(
        path="index.html",
        title="Does the chip match its spec sheet, and does chip A match chip B?",
        description="AI chips on paper and in measurement: sheets, export rules, claims, verdicts.",
        template="index.html",
        data={
            "chips": len(chips),
            "figures": sum(len(one.figures) for one in chips),
            "sources": len(world.catalogue.sources),
            "evidence": counted(world),
            "records": len(world.own),
            "rules": len(world.book.rules),
            "claims": len(world.claims),
            "verdicts": [(neutral(one.value), one.value, told[one]) for one in Word if told[one]],
            "paper_only": sum(
                one.stands is Stands.OPEN and one.on_paper is True for one in world.claims
            ),
            "asked": _asked(asked, words) if asked else None,
            "pictures": of_ratios(world),
        },
    )


def _asked(found: Judgement, words: Words) -> dict[str, Markup]:
    return {
        "badge": held(found.word.value, found.stands),
        "link": words.link(found.claim.id, found.claim.statement),
        "who": words.text(f"{found.claim.speaker}, {found.claim.date}"),
    }


def _sources(world: World, words: Words) -> Page:
    cited = Counter(key for chip in world.catalogue.chips.values() for key in _cited(chip))
    return Page(
        path="sources.html",
        title=f"{len(world.catalogue.sources)} sources",
        description="Where every published figure, rule and claim comes from.",
        template="sources.html",
        part="sources.html",
        script=True,
        data={
            "rows": [
                {
                    "key": key,
                    "link": words.outside(one.url, one.title or key),
                    "kind": one.kind,
                    "read": one.accessed,
                    "via": one.read_via or "",
                    "weak": one.weak or "",
                    "cited": cited[key],
                }
                for key, one in world.catalogue.sources.items()
            ],
            "kinds": sorted({one.kind for one in world.catalogue.sources.values()}),
        },
    )


def _cited(chip: Chip) -> Iterator[str]:
    """Yields the source of each figure, each rival and each fact."""
    for figure in chip.figures.values():
        yield from (one.source for one in (figure, *figure.rivals))
    yield from (one.source for one in chip.facts.values())
