"""The kinds of plots, and all plots of one record."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bench.chips.load import Catalogue
from bench.plot import cache, figures, roofline, sustained
from bench.plot.picture import Picture
from bench.records.model import Record
from bench.verdict import MARGIN, Row, rows


@dataclass(frozen=True)
class Kind:
    """A kind of plot.

    Attributes:
        shows: description of what it shows.
        name: name of its pictures; parts that vary are in capitals.
        module: name of the module under ``bench.plot`` that draws it.
        keys: keys of the command ``plot`` that apply to it, besides those of all kinds.
    """

    shows: str
    name: str
    module: str
    keys: tuple[str, ...]


KINDS: Mapping[str, Kind] = MappingProxyType({
    "figures": Kind(
        "published against measured, a bar a figure", "figures", "figures", ("record", "margin")
    ),
    "roofline": Kind(
        "the measured roofline under the published one, a plot a dtype", "roofline-DTYPE",
        "roofline", ("record",),
    ),
    "cache": Kind(
        "bandwidth over working set, with the caches found", "cache", "cache", ("record",)
    ),
    "sustained": Kind(
        "rate, clock, power and temperature of a load kept up", "sustained-DTYPE-LOAD",
        "sustained", ("record",),
    ),
    "ratios": Kind(
        "ratios to a chip, on paper against in measurement", "ratios-BASELINE", "ratios",
        ("baseline", "chips", "margin"),
    ),
    "rules": Kind(
        "chips on the plane of TPP and density, with the lines of export rules", "rules-DAY",
        "rules", ("on", "chips"),
    ),
    "history": Kind(
        "a figure over many records, with its changes of level", "history-FIGURE", "history",
        ("figure", "chip", "find", "records"),
    ),
    "validation": Kind(
        "what was predicted against what was measured", "validation", "validation", ()
    ),
})  # fmt: skip
"""All kinds, by name: those of one record first, in the order in which they are drawn.

A new kind is a module in this folder and an entry here."""

Maker = Callable[[Record, Sequence[Row], Catalogue], Iterator[Picture]]
RECORD_KINDS: Mapping[str, Maker] = MappingProxyType({
    "figures": figures.pictures, "roofline": roofline.pictures, "cache": cache.pictures,
    "sustained": sustained.pictures,
})  # fmt: skip
"""The kinds that are drawn from one record, each with the function that makes its pictures."""


def record_pictures(
    record: Record, catalogue: Catalogue, margin: float = MARGIN, kind: str | None = None
) -> Iterator[Picture]:
    """Yields every plot that a record has the data for.

    Args:
        record: the run.
        catalogue: the sheets, for the record's chip.
        margin: relative shortfall below the published figure that still counts as reached.
        kind: one of ``RECORD_KINDS``; None for all.
    """
    judged = rows(record, catalogue, margin)
    for name, make in RECORD_KINDS.items():
        if kind not in (None, name):
            continue
        if name == "figures":
            yield from figures.pictures(record, judged, catalogue, margin)
        else:
            yield from make(record, judged, catalogue)
