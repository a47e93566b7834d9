"""Bandwidth over working set, with the levels found beside the published sizes and bandwidth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.chips.paper import Paper, paper
from bench.plot.axes import binary_axis, legend_below, log_axis, name_of, quantity, short, whence
from bench.plot.picture import Picture
from bench.plot.roofline import believed
from bench.rates import Interval
from bench.records.model import Record
from bench.report.curve import KERNEL, Cache, binary, caches, shown_levels
from bench.report.layers import BANDWIDTH
from bench.report.levels import Level
from bench.report.scalar import Scalar
from bench.units import Dimension, show
from bench.verdict import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

LEAST_POINTS = 3
NEAR = 16.0
"""Sizes that are no further apart than this factor have their names one above the other."""
Plateau = tuple[str, float, float, float]
"""Name, first and last size, and rate of a level."""


@dataclass(frozen=True)
class Curve:
    """What is drawn.

    Attributes:
        points: bytes of the working set, rate, and whether it is believed.
        plateaus: the levels found.
        published: name and bytes of each cache that the sheet has.
        bandwidth: of the memory, as published.
    """

    points: tuple[tuple[float, Interval, bool], ...]
    plateaus: tuple[Plateau, ...]
    published: tuple[tuple[str, float], ...]
    bandwidth: Paper | None


def pictures(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Iterator[Picture]:
    """Yields ``cache``, if a curve was measured."""
    found = curve(record, judged, catalogue)
    if len(found.points) >= LEAST_POINTS:
        yield Picture(
            name="cache",
            title=_title(name_of(record, catalogue), found),
            alt=_alt(found),
            note=whence(record),
            rows=list(_rows(record, found)),
            paint=partial(_paint, found),
            height=4.7,
        )


def curve(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Curve:
    """Returns the points of a record's curve with its levels and what is published of them."""
    measured = (
        (row.measurement.work.footprint_bytes, row.measured, believed(row))
        for row in judged
        if row.measurement.kernel == KERNEL
        and not row.apart
        and row.measured is not None
        and row.measurement.work is not None
        and row.measurement.work.footprint_bytes > 0
    )
    points = sorted(measured, key=itemgetter(0))
    chip = catalogue.chips.get(record.identity.chip or "")
    memory = paper(record.device, chip, BANDWIDTH, catalogue)
    known = caches(record, catalogue)
    return Curve(
        points=tuple(points),
        plateaus=tuple(_plateaus(points[0][0], shown_levels(record, judged, catalogue)))
        if points
        else (),
        published=tuple((one.name, one.published_bytes) for one in known if one.published_bytes),
        bandwidth=memory if isinstance(memory, Paper) else None,
    )


def _plateaus(start: float, found: Sequence[tuple[str, Level, Cache | None]]) -> Iterator[Plateau]:
    for name, level, _ in found:
        yield name, start, level.holds_bytes or level.largest_bytes, level.bytes_per_s
        start = level.gone_bytes or start


def _title(chip: str, found: Curve) -> str:
    told = [f"{name} at {show(rate, Dimension.BYTE_RATE)}" for name, *_, rate in found.plateaus]
    if not told:
        return f"{chip}: no level of memory stands out of {len(found.points)} working sets"
    last = found.plateaus[-1]
    if found.bandwidth and last[0] == "memory":
        kind = "derived" if found.bandwidth.formula else "published"
        told[-1] += f" ({last[3] / found.bandwidth.value:.0%} of the {kind})"
    return f"{chip}: {', '.join(told)}"


def _alt(found: Curve) -> str:
    sizes, rates = [size for size, *_ in found.points], [one.value for _, one, _ in found.points]
    extent = (
        f"Bandwidth of {len(sizes)} sizes from {binary(sizes[0])} to {binary(sizes[-1])}, "
        f"{show(min(rates), Dimension.BYTE_RATE)} to {show(max(rates), Dimension.BYTE_RATE)}"
    )
    told = [
        extent,
        *(
            f"{name} up to {binary(last)} at {show(rate, Dimension.BYTE_RATE)}"
            for name, _, last, rate in found.plateaus
        ),
        *(f"published {name} {binary(size)}" for name, size in found.published),
    ]
    return f"{'; '.join(told)}."


def _rows(record: Record, found: Curve) -> Iterator[dict[str, Scalar]]:
    for size, rate, kept in found.points:
        yield {
            "record": record.id,
            "what": "measured",
            "name": "",
            "working_set_bytes": size,
            "to_bytes": None,
            "bytes_per_s": rate.value,
            "bytes_per_s_low": rate.low,
            "bytes_per_s_high": rate.high,
            "believed": kept,
        }
    for name, first, last, value in found.plateaus:
        yield {
            "record": record.id, "what": "level", "name": name, "working_set_bytes": first,
            "to_bytes": last, "bytes_per_s": value,
        }  # fmt: skip
    for name, size in found.published:
        yield {
            "record": record.id, "what": "published size", "name": name, "working_set_bytes": size,
        }  # fmt: skip
    if found.bandwidth:
        yield {
            "record": record.id, "what": "published bandwidth", "name": "memory",
            "bytes_per_s": found.bandwidth.value,
        }  # fmt: skip


def _paint(found: Curve, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    _measured(axes, found, theme)
    for number, level in enumerate(found.plateaus):
        _plateau(axes, level, found, theme, named=not number)
    _published(axes, found, theme)
    rates = [one.value for _, one, _ in found.points]
    axes.set_ylim(min(rates) / 1.6, max(rates) * 1.6)
    binary_axis(axes.xaxis)
    log_axis(axes.yaxis, lambda value: quantity(value, Dimension.BYTE_RATE))
    axes.set_xlabel("working set, bytes")
    axes.set_ylabel("bandwidth, B/s")
    legend_below(axes, 4)


def _measured(axes: "Axes", found: Curve, theme: "Theme") -> None:
    for kept, face, told in (
        (True, theme.series[0], "measured (95%)"),
        (False, theme.paper, "disturbed"),
    ):
        some = [(size, rate) for size, rate, is_believed in found.points if is_believed is kept]
        if not some:
            continue
        errors = [
            [rate.value - rate.low for _, rate in some],
            [rate.high - rate.value for _, rate in some],
        ]
        axes.errorbar(
            [size for size, _ in some], [rate.value for _, rate in some], errors, fmt="o", ms=5,
            capsize=2, color=theme.series[0], mfc=face, label=told, zorder=3,
        )  # fmt: skip


def _plateau(axes: "Axes", level: Plateau, found: Curve, theme: "Theme", *, named: bool) -> None:
    """Draws a level, its name above the highest point of it."""
    name, first, last, rate = level
    label = "levels found" if named else None
    axes.plot([first, last], [rate, rate], color=theme.series[1], lw=3, alpha=0.8, label=label)
    high = max(one.value for size, one, _ in found.points if first <= size <= last)
    axes.annotate(
        f"{name}, {show(rate, Dimension.BYTE_RATE)}", (first, max(high, rate)), (0, 9),
        textcoords="offset points", size=9, color=theme.ink,
    )  # fmt: skip


def _published(axes: "Axes", found: Curve, theme: "Theme") -> None:
    before = 0.0
    for number, (name, size) in enumerate(found.published):
        high = 14 if size < NEAR * before else 2
        before = size
        axes.axvline(size, color=theme.ink, ls="--", lw=1.2,
                     label="published size" if not number else None)  # fmt: skip
        axes.annotate(
            short(f"{name} {binary(size)}", 30), (size, 1.0), (0, high),
            ha="center", va="bottom", xycoords=axes.get_xaxis_transform(), size=9,
            textcoords="offset points", color=theme.ink,
        )  # fmt: skip
    if found.bandwidth:
        told = f"{'derived' if found.bandwidth.formula else 'published'}: {found.bandwidth.text}"
        axes.axhline(found.bandwidth.value, color=theme.ink, ls=":", lw=1.6, label=short(told, 40))
