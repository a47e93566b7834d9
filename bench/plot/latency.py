"""Plot of the latency of dependent loads over working set, with published sizes of caches."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.judging.verdict import Row
from bench.plot.axes import (
    binary_axis,
    legend_below,
    log_axis,
    name_of,
    quantity,
    record_note,
)
from bench.plot.picture import Picture
from bench.plot.points import MeasuredPoint, draw_measured
from bench.plot.sizes import LEAST_POINTS, Sizes, draw_sizes, measured_sets, published_sizes
from bench.records.model import Record
from bench.report.text.scalar import Scalar, bounds
from bench.units import Dimension, binary, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

KERNEL = "latency"
LABELS = ("one load (95%)", "disturbed")
"""Names in the legend, of believed points and of the others."""
BY_ONE = (
    "One core, or one program of an accelerator, follows the chain, so a first-level cache is that "
    "of one unit; address translation is included."
)


def pictures(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Iterator[Picture]:
    """Yields the picture ``latency``, if enough working sets were measured."""
    points, sizes = measured_sets(judged, KERNEL), published_sizes(record, catalogue)
    if len(points) < LEAST_POINTS:
        return
    first, last = points[0], points[-1]
    told = f"{_time(first)} in {binary(first.x)}, {_time(last)} in {binary(last.x)}"
    doubt = "" if first.is_believed and last.is_believed else "; disturbed"
    yield Picture(
        name=KERNEL,
        title=f"{name_of(record, catalogue)}: a dependent load takes {told}{doubt}",
        alt=_alt(points, sizes),
        note=f"{record_note(record)} {BY_ONE}",
        rows=list(_rows(record, points, sizes)),
        paint=partial(_paint, points, sizes),
        height=3.6,
    )


def _time(point: MeasuredPoint) -> str:
    return show(point.value.value, Dimension.TIME)


def _alt(points: Sequence[MeasuredPoint], sizes: Sizes) -> str:
    parts = [f"{binary(one.x)} {_time(one)}" for one in points]
    published = [f"published {name} {binary(size)}" for name, size in sizes]
    return f"Latency of a dependent load by working set: {'; '.join([*parts, *published])}."


def _rows(
    record: Record, points: Sequence[MeasuredPoint], sizes: Sizes
) -> Iterator[dict[str, Scalar]]:
    for size, time, is_believed in points:
        yield {
            "record": record.id, "what": "measured", "name": "", "working_set_bytes": size,
            **bounds("load_s", time), "believed": is_believed,
        }  # fmt: skip
    for name, size in sizes:
        yield {
            "record": record.id, "what": "published size", "name": name, "working_set_bytes": size,
        }  # fmt: skip


def _paint(points: Sequence[MeasuredPoint], sizes: Sizes, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    draw_measured(axes, points, LABELS, 5, theme)
    for one in points:
        _name(axes, one, theme)
    draw_sizes(axes, sizes, theme)
    axes.set_ylim(
        min(one.value.low for one in points) / 1.6, max(one.value.high for one in points) * 1.9
    )
    binary_axis(axes.xaxis)
    log_axis(axes.yaxis, partial(quantity, dimension=Dimension.TIME))
    axes.set_xlabel("working set, bytes")
    axes.set_ylabel("latency, s")
    legend_below(axes, 3)


def _name(axes: "Axes", point: MeasuredPoint, theme: "Theme") -> None:
    """Writes the latency above its point, over any line that passes there."""
    axes.annotate(
        _time(point), (point.x, point.value.high), (0, 9), textcoords="offset points", ha="center",
        size=9, color=theme.ink, zorder=4,
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1},
    )  # fmt: skip
