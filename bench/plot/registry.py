"""The kinds of plots, and all plots of one record."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from bench.chips.load import Catalogue
from bench.judging.verdict import MARGIN, Row, rows
from bench.plot import cache, figures, latency, roofline, sustained
from bench.plot.picture import Picture
from bench.records.model import Record

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "figures": ("record", "margin"),
        "roofline": ("record",),
        "cache": ("record",),
        "latency": ("record",),
        "sustained": ("record",),
        "ratios": ("baseline", "chips", "margin"),
        "rules": ("on", "chips"),
        "history": ("figure", "chip", "find", "records"),
        "trend": ("figure", "chips"),
        "pareto": ("chips", "workload", "precision", "devices", "input", "output"),
        "validation": (),
    }
)
"""Kinds of plots, each a module of this folder, with their own keys of the command ``plot``.

Those of one record come first, in the order in which they are drawn."""

Maker = Callable[[Record, Sequence[Row], Catalogue], Iterator[Picture]]
RECORD_KINDS: Mapping[str, Maker] = MappingProxyType({
    "figures": figures.pictures, "roofline": roofline.pictures, "cache": cache.pictures,
    "latency": latency.pictures, "sustained": sustained.pictures,
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
