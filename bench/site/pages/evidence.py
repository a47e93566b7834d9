"""The table of every measured value, our own and others'."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bench.evidence.observe import OWN, Observation
from bench.report.chips.ratios import value_text
from bench.site.page import Page
from bench.site.pages.claims import origin
from bench.site.words import Linker
from bench.site.world import World

ROWS_SHOWN = 250
"""Rows shown at first; the rest on demand, and all rows without JavaScript."""


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields the page with the table."""
    linker = Linker(addresses, "", "evidence.html")
    observations = sorted(
        world.evidence.whole.every,
        key=lambda observation: (observation.by != OWN, observation.chip, observation.ref),
    )
    kinds = Counter(observation.kind.value for observation in observations)
    without_weight = sum(observation.weight == 0 for observation in observations)
    yield Page(
        path="evidence.html",
        title=f"{len(observations):,} measured values",
        description="What was measured on AI chips, by whom, and the weight of each value.",
        template="evidence.html",
        part="evidence.html",
        script=True,
        data={
            "rows": [_row(observation, world, linker) for observation in observations],
            "kinds": sorted(kinds),
            "limit": ROWS_SHOWN,
            "idle": without_weight,
            "groups": len({observation.by for observation in observations}),
        },
    )


@dataclass(frozen=True)
class Line:
    """One row of the table, ready for the template.

    ``sorts`` is the number by which ``value`` is sorted, ``share`` the fraction of the sheet.
    """

    kind: str
    chip: Markup
    quantity: str
    value: str
    sorts: str
    share: float | None
    weight: str
    date: str
    origin: Markup


def _row(observation: Observation, world: World, linker: Linker) -> Line:
    work = ", ".join(value for _, value in observation.work)
    return Line(
        kind=observation.kind.value,
        chip=linker.link(
            observation.chip, world.catalogue.chips[observation.chip].name, "#evidence"
        ),
        quantity=", ".join(filter(None, (observation.quantity.title, observation.dtype, work))),
        value=value_text(observation),
        sorts=f"{observation.value:.6g}",
        share=observation.fraction,
        weight=f"{observation.weight:g}",
        date=observation.date,
        origin=origin(observation, linker, dated=False),
    )


def evidence_counts(world: World) -> dict[str, Any]:
    """Returns the number of values, of ours, of those without weight, and of groups."""
    observations = world.evidence.whole.every
    return {
        "values": len(observations),
        "own": sum(observation.by == OWN for observation in observations),
        "idle": sum(observation.weight == 0 for observation in observations),
        "groups": len({observation.by for observation in observations}),
    }
