"""Plot of bandwidth over working set: cache levels found, published sizes and bandwidth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bench.chips.load import Catalogue
from bench.chips.paper import Paper, paper
from bench.judging.levels import Level, Step
from bench.judging.verdict import Row
from bench.plot.axes import (
    binary_axis,
    legend_below,
    log_axis,
    name_of,
    quantity,
    record_note,
    short,
)
from bench.plot.picture import Picture
from bench.plot.points import MeasuredPoint, draw_measured
from bench.plot.sizes import LEAST_POINTS, Sizes, draw_sizes, measured_sets, published_sizes
from bench.records.model import Record
from bench.report.record.curve import (
    KERNEL,
    Cache,
    beyond,
    rate_words,
    shown_levels,
)
from bench.report.record.layers import BANDWIDTH
from bench.report.text.scalar import Scalar, bounds
from bench.units import Dimension, binary, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

LABELS = ("measured (95%)", "disturbed")
"""Names in the legend, of believed points and of the others."""


class Plateau(NamedTuple):
    """A level found.

    Attributes:
        name: such as ``L2 cache``.
        first, last: first and last working set, B.
        rate: bandwidth, B/s.
        words: the bandwidth in words, as the table has it.
        remark: why it may hold more than its cache; empty if it does not.
        steps: its parts, where it has several, else itself.
    """

    name: str
    first: float
    last: float
    rate: float
    words: str
    remark: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Curve:
    """The data of one plot.

    Attributes:
        points: bandwidth (B/s) over working set (B).
        plateaus: levels of the memory hierarchy found in the curve.
        published: the caches on the sheet.
        bandwidth: published memory bandwidth; None if the sheet has none.
    """

    points: tuple[MeasuredPoint, ...]
    plateaus: tuple[Plateau, ...]
    published: Sizes
    bandwidth: Paper | None


def pictures(record: Record, rows: Sequence[Row], catalogue: Catalogue) -> Iterator[Picture]:
    """Yields the picture ``cache``, if a curve was measured."""
    data = curve(record, rows, catalogue)
    if len(data.points) >= LEAST_POINTS:
        yield Picture(
            name="cache",
            title=_title(name_of(record, catalogue), data),
            alt=_alt(data),
            note=" ".join([record_note(record), *_remarks(data)]),
            rows=list(_rows(record, data)),
            paint=partial(_paint, data),
            height=4.7,
        )


def curve(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Curve:
    """Returns a record's bandwidth curve with the levels found and the published figures."""
    points = measured_sets(judged, KERNEL)
    chip = catalogue.sheet_of(record)
    memory = paper(record.device, chip, BANDWIDTH, catalogue)
    levels = shown_levels(record, judged, catalogue)
    return Curve(
        points=points,
        plateaus=tuple(_plateaus(points[0].x, levels)) if points else (),
        published=published_sizes(record, catalogue),
        bandwidth=memory if isinstance(memory, Paper) else None,
    )


def _plateaus(start: float, levels: Sequence[tuple[str, Level, Cache | None]]) -> Iterator[Plateau]:
    """Yields each level as a plateau that starts where the previous level ends."""
    for name, level, shown in levels:
        last, told = level.holds_bytes or level.largest_bytes, rate_words(level)
        rate = level.bytes_per_s
        *before, end = level.steps or (Step(start, last, rate),)
        steps = (*before, end._replace(last_bytes=last))
        yield Plateau(name, start, last, rate, told, beyond(level, shown), steps)
        start = level.gone_bytes or start


def _remarks(data: Curve) -> Iterator[str]:
    yield from (f"{one.name}: {one.remark}." for one in data.plateaus if one.remark)


def _title(chip: str, data: Curve) -> str:
    parts = [f"{one.name} at {one.words}" for one in data.plateaus]
    if not parts:
        return f"{chip}: no level of memory stands out of {len(data.points)} working sets"
    last = data.plateaus[-1]
    if data.bandwidth and last.name == "memory":
        kind = "derived" if data.bandwidth.formula else "published"
        parts[-1] += f" ({last.rate / data.bandwidth.value:.0%} of the {kind})"
    return f"{chip}: {', '.join(parts)}"


def _alt(data: Curve) -> str:
    sizes, rates = [size for size, *_ in data.points], [rate.value for _, rate, _ in data.points]
    extent = (
        f"Bandwidth of {len(sizes)} sizes from {binary(sizes[0])} to "
        f"{binary(sizes[-1])}, {show(min(rates), Dimension.BYTE_RATE)} to "
        f"{show(max(rates), Dimension.BYTE_RATE)}"
    )
    parts = [
        extent,
        *(f"{one.name} up to {binary(one.last)} at {one.words}" for one in data.plateaus),
        *(f"published {name} {binary(size)}" for name, size in data.published),
    ]
    return f"{'; '.join(parts)}."


def _rows(record: Record, data: Curve) -> Iterator[dict[str, Scalar]]:
    for size, rate, is_believed in data.points:
        yield {
            "record": record.id,
            "what": "measured",
            "name": "",
            "working_set_bytes": size,
            "to_bytes": None,
            **bounds("bytes_per_s", rate),
            "believed": is_believed,
        }
    for one in data.plateaus:
        yield {
            "record": record.id, "what": "level", "name": one.name, "working_set_bytes": one.first,
            "to_bytes": one.last, "bytes_per_s": one.rate,
        }  # fmt: skip
        for step in one.steps if one.steps[1:] else ():
            yield {
                "record": record.id, "what": "step", "name": one.name,
                "working_set_bytes": step.first_bytes, "to_bytes": step.last_bytes,
                "bytes_per_s": step.bytes_per_s,
            }  # fmt: skip
    for name, size in data.published:
        yield {
            "record": record.id, "what": "published size", "name": name, "working_set_bytes": size,
        }  # fmt: skip
    if data.bandwidth:
        yield {
            "record": record.id, "what": "published bandwidth", "name": "memory",
            "bytes_per_s": data.bandwidth.value,
        }  # fmt: skip


def _paint(data: Curve, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    draw_measured(axes, data.points, LABELS, 5, theme)
    for number, level in enumerate(data.plateaus):
        _draw_plateau(axes, level, data, theme, named=not number)
    draw_sizes(axes, data.published, theme)
    if data.bandwidth:
        label = f"{'derived' if data.bandwidth.formula else 'published'}: {data.bandwidth.text}"
        axes.axhline(data.bandwidth.value, color=theme.ink, ls=":", lw=1.6, label=short(label, 40))
    rates = [rate.value for _, rate, _ in data.points]
    axes.set_ylim(min(rates) / 1.6, max(rates) * 1.6)
    binary_axis(axes.xaxis)
    log_axis(axes.yaxis, lambda value: quantity(value, Dimension.BYTE_RATE))
    axes.set_xlabel("working set, bytes")
    axes.set_ylabel("bandwidth, B/s")
    legend_below(axes, 4)


def _draw_plateau(
    axes: "Axes", level: Plateau, data: Curve, theme: "Theme", *, named: bool
) -> None:
    """Draws each step of a level as a line, and the level's name above its highest point."""
    label = "levels found" if named else None
    for first, last, rate in level.steps:
        axes.plot([first, last], [rate, rate], color=theme.series[1], lw=3, alpha=0.8, label=label)
        label = None
    held = (one for one in data.points if level.first <= one.x <= level.last)
    high = max(level.rate, *(one.value.value for one in held))
    axes.annotate(
        f"{level.name}, {level.words}", (level.first, high), (0, 9), textcoords="offset points",
        size=9, color=theme.ink, bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1},
    )  # fmt: skip
