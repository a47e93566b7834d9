"""The front page, the page on method and limits, and the list of sources."""

from collections import Counter
from collections.abc import Iterator

from markupsafe import Markup

from bench.chips.figures import FIGURES
from bench.claims.evaluate import Judgement
from bench.judging.verdict import MARGIN
from bench.report.chips.claimlist import waits_for_measurement
from bench.site.blocks import claim_badge
from bench.site.page import Page
from bench.site.pages.claims import answer_counts, verdict_counts
from bench.site.pages.evidence import evidence_counts
from bench.site.pictures import of_ratios
from bench.site.words import Linker
from bench.site.world import World
from bench.units import UNITS

FOUNDING_CLAIM = "2025-09-17-cac-domestic-comparable"
"""The claim for which this program was started."""


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields the front page, the method and the sources."""
    yield _front(world, Linker(addresses, "", "index.html"))
    yield Page(
        path="method.html",
        title="Method and limits",
        description="How published, measured and reported figures are compared.",
        template="method.html",
        part="method.html",
        data={"margin": MARGIN, "figures": _figures()},
    )
    yield _sources(world, Linker(addresses, "", "sources.html"))


def _figures() -> list[tuple[str, str, str]]:
    """Returns key, title and base unit of every figure of a sheet."""
    units = {
        dimension: unit for unit, (dimension, factor) in reversed(UNITS.items()) if factor == 1
    }
    return [
        (key, figure.title, units.get(figure.dimension, "1")) for key, figure in FIGURES.items()
    ]


def _front(world: World, linker: Linker) -> Page:
    chips = [one for one in world.chips if not one.variants]
    founding = next((one for one in world.claims if one.claim.id == FOUNDING_CLAIM), None)
    return Page(
        path="index.html",
        title="Does the chip match its spec sheet, and does chip A match chip B?",
        description="AI chips on paper and in measurement: sheets, export rules, claims, verdicts.",
        template="index.html",
        data={
            "chips": len(chips),
            "figures": sum(len(one.figures) for one in chips),
            "sources": len(world.catalogue.sources),
            "evidence": evidence_counts(world),
            "records": len(world.our_records),
            "rules": len(world.book.rules),
            "claims": len(world.claims),
            "answers": answer_counts(world.claims),
            "verdicts": verdict_counts(world.claims),
            "paper_only": sum(waits_for_measurement(one) for one in world.claims),
            "asked": _founding_claim(founding, linker) if founding else None,
            "pictures": of_ratios(world),
        },
    )


def _founding_claim(judged: Judgement, linker: Linker) -> dict[str, Markup]:
    return {
        "badge": claim_badge(judged.word.value, judged.stands),
        "link": linker.link(judged.claim.id, judged.claim.statement),
        "who": linker.text(f"{judged.claim.speaker}, {judged.claim.date}"),
    }


def _sources(world: World, linker: Linker) -> Page:
    cited = Counter(key for chip in world.catalogue.chips.values() for key in chip.cited())
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
                    "link": linker.outside(source.url, source.title or key),
                    "kind": source.kind,
                    "read": source.accessed,
                    "via": source.read_via or "",
                    "weak": source.weak or "",
                    "cited": cited[key],
                }
                for key, source in world.catalogue.sources.items()
            ],
            "kinds": sorted({source.kind for source in world.catalogue.sources.values()}),
        },
    )
