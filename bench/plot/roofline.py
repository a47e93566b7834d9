"""Plot of a dtype's measured roofline beside the published roof, with both ridge points."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.judging.verdict import Row, Verdict
from bench.plot.axes import legend_below, log_axis, name_of, quantity, record_note, short, slug
from bench.plot.picture import Picture
from bench.plot.points import MeasuredPoint, draw_measured
from bench.records.model import Record
from bench.report.record.curve import undisturbed
from bench.report.record.roofline import Point, Roof, flat, measured_ridge, points
from bench.units import Dimension, show, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

LABELS = ("measured, with 95% interval", "measured, disturbed or implausible")
"""Names in the legend, of believed points and of the others."""
AXIS_MARGIN = 1.5
"""Factor by which the axes extend beyond the outermost points."""


def pictures(record: Record, rows: Sequence[Row], catalogue: Catalogue) -> Iterator[Picture]:
    """Yields ``roofline-DTYPE`` for each dtype with a measured rate."""
    for dtype, all_points in points(record, rows, catalogue).items():
        measured = [point for point in all_points if point.row.measured and point.roof.intensity]
        if not measured:
            continue
        yield Picture(
            name=f"roofline-{slug(dtype)}",
            title=_title(short(dtype, 12), name_of(record, catalogue), measured),
            alt=_alt(short(dtype, 12), measured),
            note=record_note(record),
            rows=[
                {**flat(record, point, measured), "believed": believed(point.row)}
                for point in measured
            ],
            paint=partial(_paint, measured),
            height=4.6,
        )


def believed(row: Row) -> bool:
    """Tells whether a measured rate is trusted: neither implausible nor disturbed."""
    return row.verdict is not Verdict.IMPLAUSIBLE and undisturbed(row.measurement)


def _title(dtype: str, chip: str, measured: Sequence[Point]) -> str:
    rates = [
        (point.row.measured.value, point.roof)
        for point in measured
        if point.row.measured and believed(point.row)
    ]
    text = f"{dtype} on the {chip}: "
    if not rates:
        return f"{text}no rate was measured undisturbed"
    peak, roof = max(rates, key=lambda point: point[0])
    text += (
        f"the curve reaches {peak / roof.peak.value:.0%} of the {_origin(roof.peak)} peak"
        if roof.peak
        else f"up to {show(peak, Dimension.FLOP_RATE)}, with no peak published"
    )
    return f"{text}, {_ridge_text(measured_ridge(measured), measured[-1].roof)}"


def _origin(published: Paper) -> str:
    return "derived" if published.formula else "published"


def _ridge_text(ridge: tuple[float, float] | None, roof: Roof) -> str:
    paper = significant(roof.ridge, 3) if roof.ridge else ""
    if ridge:
        instead = f" instead of {paper}" if paper else ""
        return f"ridge at {significant(ridge[0] / ridge[1], 3)}{instead} FLOP/B"
    return "no ridge within what was measured" + (f", on paper at {paper} FLOP/B" if paper else "")


def _alt(dtype: str, measured: Sequence[Point]) -> str:
    low, high = measured[0].roof.intensity, measured[-1].roof.intensity
    rates = [point.row.measured.value for point in measured if point.row.measured]
    text = (
        f"{len(measured)} measured rates of {dtype} from "
        f"{show(min(rates), Dimension.FLOP_RATE)} to {show(max(rates), Dimension.FLOP_RATE)} "
        f"over arithmetic intensities from {significant(low, 3)} to {significant(high, 3)} FLOP/B"
    )
    return f"{text}, beside the roof on paper." if _roofs(measured) else text


def _roofs(measured: Sequence[Point]) -> list[Roof]:
    """Returns each distinct roof on paper; streams (vector) and matrix products may differ."""
    return list({point.roof.peak.key: point.roof for point in measured if point.roof.peak}.values())


def _paint(measured: Sequence[Point], figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    span = [point.roof.intensity for point in measured]
    low, high = min(span) / AXIS_MARGIN, max(span) * AXIS_MARGIN
    for roof, style in zip(_roofs(measured), ("-", "--", ":"), strict=False):
        _draw_roof(axes, roof, (low, high), (theme.ink, style))
    shown = [
        MeasuredPoint(point.roof.intensity, point.row.measured, believed(point.row))
        for point in measured
        if point.row.measured
    ]
    draw_measured(axes, shown, LABELS, 6, theme)
    _draw_ridges(axes, measured, theme)
    axes.set_xlim(low, high)
    log_axis(axes.xaxis, lambda value: f"{value:g}")
    log_axis(axes.yaxis, lambda value: quantity(value, Dimension.FLOP_RATE))
    axes.set_xlabel("arithmetic intensity, FLOP/B")
    axes.set_ylabel("rate, FLOP/s")
    legend_below(axes, 2)


def _draw_roof(axes: "Axes", roof: Roof, span: tuple[float, float], look: tuple[str, str]) -> None:
    """Draws min(peak, bandwidth * intensity), or the peak alone if the bandwidth is unknown."""
    if roof.peak is None:
        return
    rate = roof.bandwidth.value if roof.bandwidth else None
    intensities = [
        intensity
        for intensity in (span[0], roof.ridge or span[0], span[1])
        if span[0] <= intensity <= span[1]
    ]
    heights = [
        min(roof.peak.value, rate * intensity) if rate else roof.peak.value
        for intensity in intensities
    ]
    slope = f", {roof.bandwidth.text}" if roof.bandwidth else ""
    text = f"{_origin(roof.peak)}: {FIGURES[roof.peak.key].title} {roof.peak.text}{slope}"
    axes.plot(intensities, heights, look[1], color=look[0], label=short(text, 64))


def _draw_ridges(axes: "Axes", measured: Sequence[Point], theme: "Theme") -> None:
    """Marks the ridge point on paper and the measured ridge point."""
    roof, measured_point = measured[-1].roof, measured_ridge(measured)
    ridges = []
    if roof.ridge and roof.peak:
        ridges.append((roof.ridge, roof.peak.value, ("on paper", theme.ink, "--", "s")))
    if measured_point:
        peak, bandwidth = measured_point
        ridges.append((peak / bandwidth, peak, ("measured", theme.series[1], "-.", "D")))
    for intensity, rate, (where, colour, style, marker) in ridges:
        axes.axvline(intensity, color=colour, ls=style, lw=1)
        label = f"ridge {where}: {significant(intensity, 3)} FLOP/B"
        axes.plot(
            [intensity], [rate], marker, ms=9, color=colour, mfc="none", ls=style, lw=1, label=label
        )
