"""The measured roofline of a dtype beside the published roof, with both ridge points."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.plot.axes import legend_below, log_axis, name_of, quantity, short, slug, whence
from bench.plot.picture import Picture
from bench.records.model import Record
from bench.report.curve import undisturbed
from bench.report.roofline import Point, Roof, flat, measured_ridge, points
from bench.units import Dimension, show, significant
from bench.verdict import Row, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

WIDER = 1.5
"""How far the axes go beyond the points on either side, as a factor."""


def pictures(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Iterator[Picture]:
    """Yields ``roofline-DTYPE`` for each dtype of which a rate was measured."""
    for dtype, every in points(record, judged, catalogue).items():
        found = [one for one in every if one.row.measured and one.roof.intensity]
        if not found:
            continue
        yield Picture(
            name=f"roofline-{slug(dtype)}",
            title=_title(short(dtype, 12), name_of(record, catalogue), found),
            alt=_alt(short(dtype, 12), found),
            note=whence(record),
            rows=[{**flat(record, one, found), "believed": believed(one.row)} for one in found],
            paint=partial(_paint, found),
            height=4.6,
        )


def believed(row: Row) -> bool:
    """Tells whether a rate is the device's: neither implausible nor disturbed."""
    return row.verdict is not Verdict.IMPLAUSIBLE and undisturbed(row.measurement)


def _title(dtype: str, chip: str, found: Sequence[Point]) -> str:
    rates = [
        (one.row.measured.value, one.roof)
        for one in found
        if one.row.measured and believed(one.row)
    ]
    words = f"{dtype} on the {chip}: "
    if not rates:
        return f"{words}no rate was measured undisturbed"
    peak, roof = max(rates, key=lambda one: one[0])
    words += (
        f"the curve reaches {peak / roof.peak.value:.0%} of the {_kind(roof.peak)} peak"
        if roof.peak
        else f"up to {show(peak, Dimension.FLOP_RATE)}, with no peak published"
    )
    return f"{words}, {_ridges(measured_ridge(found), found[-1].roof)}"


def _kind(found: Paper) -> str:
    return "derived" if found.formula else "published"


def _ridges(here: tuple[float, float] | None, roof: Roof) -> str:
    paper = significant(roof.ridge, 3) if roof.ridge else ""
    if here:
        instead = f" instead of {paper}" if paper else ""
        return f"ridge at {significant(here[0] / here[1], 3)}{instead} FLOP/B"
    return "no ridge within what was measured" + (f", on paper at {paper} FLOP/B" if paper else "")


def _alt(dtype: str, found: Sequence[Point]) -> str:
    low, high = found[0].roof.intensity, found[-1].roof.intensity
    rates = [one.row.measured.value for one in found if one.row.measured]
    told = (
        f"{len(found)} measured rates of {dtype} from {show(min(rates), Dimension.FLOP_RATE)} to "
        f"{show(max(rates), Dimension.FLOP_RATE)} over arithmetic intensities from "
        f"{significant(low, 3)} to {significant(high, 3)} FLOP/B"
    )
    return f"{told}, beside the roof on paper." if _roofs(found) else told


def _roofs(found: Sequence[Point]) -> list[Roof]:
    """Returns each roof on paper once: streams and products may have two."""
    return list({one.roof.peak.key: one.roof for one in found if one.roof.peak}.values())


def _paint(found: Sequence[Point], figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    span = [one.roof.intensity for one in found]
    low, high = min(span) / WIDER, max(span) * WIDER
    for roof, style in zip(_roofs(found), ("-", "--", ":"), strict=False):
        _roof(axes, roof, (low, high), (theme.ink, style))
    _measured(axes, found, theme)
    _ridge(axes, found, theme)
    axes.set_xlim(low, high)
    log_axis(axes.xaxis, lambda value: f"{value:g}")
    log_axis(axes.yaxis, lambda value: quantity(value, Dimension.FLOP_RATE))
    axes.set_xlabel("arithmetic intensity, FLOP/B")
    axes.set_ylabel("rate, FLOP/s")
    legend_below(axes, 2)


def _roof(axes: "Axes", roof: Roof, span: tuple[float, float], look: tuple[str, str]) -> None:
    """Draws the lesser of bandwidth and peak, or the peak alone where no bandwidth is known."""
    if roof.peak is None:
        return
    rate = roof.bandwidth.value if roof.bandwidth else None
    inside = [one for one in (span[0], roof.ridge or span[0], span[1]) if span[0] <= one <= span[1]]
    heights = [min(roof.peak.value, rate * one) if rate else roof.peak.value for one in inside]
    slope = f", {roof.bandwidth.text}" if roof.bandwidth else ""
    told = f"{_kind(roof.peak)}: {FIGURES[roof.peak.key].title} {roof.peak.text}{slope}"
    axes.plot(inside, heights, look[1], color=look[0], label=short(told, 64))


def _measured(axes: "Axes", found: Sequence[Point], theme: "Theme") -> None:
    for kept, face, told in (
        (True, theme.series[0], "measured, with 95% interval"),
        (False, theme.paper, "measured, disturbed or implausible"),
    ):
        some = [one for one in found if believed(one.row) is kept]
        rates = [(one.roof.intensity, one.row.measured) for one in some if one.row.measured]
        if not rates:
            continue
        errors = [
            [rate.value - rate.low for _, rate in rates],
            [rate.high - rate.value for _, rate in rates],
        ]
        axes.errorbar(
            [place for place, _ in rates], [rate.value for _, rate in rates], errors, fmt="o",
            ms=6, capsize=3, color=theme.series[0], mfc=face, label=told, zorder=3,
        )  # fmt: skip


def _ridge(axes: "Axes", found: Sequence[Point], theme: "Theme") -> None:
    """Marks where the roof bends on paper and where it was measured to."""
    roof, here = found[-1].roof, measured_ridge(found)
    told = []
    if roof.ridge and roof.peak:
        told.append((roof.ridge, roof.peak.value, ("on paper", theme.ink, "--", "s")))
    if here:
        told.append((here[0] / here[1], here[0], ("measured", theme.series[1], "-.", "D")))
    for place, height, (words, colour, style, marker) in told:
        axes.axvline(place, color=colour, ls=style, lw=1)
        label = f"ridge {words}: {significant(place, 3)} FLOP/B"
        axes.plot(
            [place], [height], marker, ms=9, color=colour, mfc="none", ls=style, lw=1, label=label
        )
