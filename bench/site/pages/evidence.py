"""Every measured value, ours and others', in one table."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bench.evidence.observe import OWN, Observation
from bench.report.ratios import worth
from bench.site.page import Page
from bench.site.pages.claims import origin
from bench.site.words import Words
from bench.site.world import World

LIMIT = 250
"""Rows that are laid out at once; more on demand, and all where there are no scripts."""


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the table."""
    words = Words(names, "", "evidence.html")
    every = sorted(world.bench.whole.every, key=lambda one: (one.by != OWN, one.chip, one.ref))
    kinds = Counter(one.kind.value for one in every)
    idle = sum(one.weight == 0 for one in every)
    yield Page(
        path="evidence.html",
        title=f"{len(every):,} measured values",
        description="What was measured on AI chips, by whom, and the weight of each value.",
        template="evidence.html",
        part="evidence.html",
        script=True,
        data={
            "rows": [_row(one, world, words) for one in every],
            "kinds": sorted(kinds),
            "limit": LIMIT,
            "idle": idle,
            "groups": len({one.by for one in every}),
        },
    )


@dataclass(frozen=True)
class Line:
    """One value, ready to be set."""

    kind: str
    chip: Markup
    quantity: str
    value: str
    sorts: str
    share: float | None
    weight: str
    date: str
    origin: Markup


def _row(one: Observation, world: World, words: Words) -> Line:
    work = ", ".join(value for _, value in one.work)
    return Line(
        kind=one.kind.value,
        chip=words.link(one.chip, world.catalogue.chips[one.chip].name, "#evidence"),
        quantity=", ".join(filter(None, (one.quantity.title, one.dtype, work))),
        value=worth(one),
        sorts=f"{one.value:.6g}",
        share=one.fraction,
        weight=f"{one.weight:g}",
        date=one.date,
        origin=origin(one, words),
    )


def counted(world: World) -> dict[str, Any]:
    """Returns how many values and groups there are, of which how many are ours."""
    every = world.bench.whole.every
    return {
        "values": len(every),
        "own": sum(one.by == OWN for one in every),
        "groups": len({one.by for one in every}),
    }
