"""What plots over the working set share: measured points, and published sizes of caches."""

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.judging.verdict import Row
from bench.plot.axes import short
from bench.plot.points import MeasuredPoint
from bench.plot.roofline import believed
from bench.records.model import Record
from bench.report.record.curve import caches
from bench.units import binary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.plot.theme import Theme

LEAST_POINTS = 3
"""Curves with fewer points are not drawn."""
NEAR_FACTOR = 16.0
"""The names of two published sizes within this factor of each other are staggered in height."""

Sizes = tuple[tuple[str, float], ...]
"""Name and size (B) of each cache on the sheet."""


def measured_sets(judged: Sequence[Row], kernel: str) -> tuple[MeasuredPoint, ...]:
    """Returns what a kernel measured, in base units, over the working set (B), by size."""
    found = (
        MeasuredPoint(row.measurement.work.footprint_bytes, row.measured, believed(row))
        for row in judged
        if row.measurement.kernel == kernel
        and not row.apart
        and row.measured is not None
        and row.measurement.work is not None
        and row.measurement.work.footprint_bytes > 0
    )
    return tuple(sorted(found, key=itemgetter(0)))


def published_sizes(record: Record, catalogue: Catalogue) -> Sizes:
    """Returns the caches whose size the sheet of a record's chip has, the smallest first."""
    found = caches(record, catalogue)
    return tuple((one.name, one.published_bytes) for one in found if one.published_bytes)


def draw_sizes(axes: "Axes", sizes: Sizes, theme: "Theme") -> None:
    """Draws published sizes as vertical lines, named above the axes."""
    before = 0.0
    for number, (name, size) in enumerate(sizes):
        high = 14 if size < NEAR_FACTOR * before else 2
        before = size
        axes.axvline(size, color=theme.ink, ls="--", lw=1.2,
                     label="published size" if not number else None)  # fmt: skip
        axes.annotate(
            short(f"{name} {binary(size)}", 30), (size, 1.0), (0, high),
            ha="center", va="bottom", xycoords=axes.get_xaxis_transform(), size=9,
            textcoords="offset points", color=theme.ink,
        )  # fmt: skip
