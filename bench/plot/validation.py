"""Plot of predictions against measurements; each model was fitted without the predicted chip."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.plot.axes import MARKERS, log_axis, quantity, short
from bench.plot.picture import Picture
from bench.predict.validation.points import Point
from bench.report.text.scalar import Scalar
from bench.units import Dimension

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

BAND = 0.20
"""Relative half-width of the band drawn around equality."""
TICKS = 4
WITH_BARS = 60
"""In a part with more points, intervals are not drawn: they would hide the points."""
PANELS = (
    ("steps", ("prefill", "decode"), Dimension.TIME),
    ("serving, time per token", ("serving, dense", "serving, experts"), Dimension.TIME),
    ("figures, share reached", ("matrix figures", "memory figures"), Dimension.SHARE),
)
"""Title of each panel, the parts of the validation that it shows, and their dimension."""


def picture(points: Sequence[Point]) -> Picture:
    """Returns the picture ``validation``: predicted against measured, one panel per kind of work.

    Raises:
        UsageError: there are no points.
    """
    if not points:
        raise UsageError("no prediction was tested")
    parts = list(_parts(points))
    return Picture(
        name="validation",
        title=_title(parts),
        alt=_alt(parts),
        note=(
            "Each value is predicted by a model fitted without its chip. Line: predicted = "
            f"measured; band: ±{BAND:.0%}; bars: 95% interval, where points are few. "
            f"{_sampled(parts)}"
        ),
        rows=[_row(point) for point in points],
        paint=partial(_paint, points),
        height=3.9,
    )


def _row(point: Point) -> dict[str, Scalar]:
    return {field.name: getattr(point, field.name) for field in fields(point)}


def _parts(points: Sequence[Point]) -> Iterator[tuple[str, list[Point]]]:
    drawn = [part for _, parts, _ in PANELS for part in parts]
    present = {point.part for point in points}
    for part in (one for one in drawn if one in present):
        yield part, [point for point in points if point.part == part]


def _title(parts: Sequence[tuple[str, list[Point]]]) -> str:
    medians = (f"{short(part)} {of_part[0].median_error:.1%}" for part, of_part in parts)
    return f"Median error on chips left out: {'; '.join(medians)}"


def _sampled(parts: Sequence[tuple[str, list[Point]]]) -> str:
    samples = [
        f"{len(of_part)} of {of_part[0].cases} of {part}"
        for part, of_part in parts
        if of_part[0].cases > len(of_part)
    ]
    return f"Evenly sampled: {'; '.join(samples)}." if samples else ""


def _alt(parts: Sequence[tuple[str, list[Point]]]) -> str:
    counts = []
    for part, of_part in parts:
        near = sum(abs(point.predicted / point.measured - 1) <= BAND for point in of_part)
        counts.append(f"{short(part)}: {near} of {len(of_part)} within {BAND:.0%}")
    return f"Predicted against measured, near a line of equality. {'; '.join(counts)}."


def _paint(points: Sequence[Point], figure: "Figure", theme: "Theme") -> None:
    shown = [one for one in PANELS if any(point.part in one[1] for point in points)]
    all_axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (title, parts, dimension) in zip(all_axes, shown, strict=True):
        _panel(axes, [one for one in points if one.part in parts], parts, theme)
        axes.set_title(title)
        for axis, most in ((axes.xaxis, TICKS), (axes.yaxis, 2 * TICKS)):
            log_axis(axis, partial(quantity, dimension=dimension), most)
        axes.set_xlabel(f"measured, {dimension.value}")
    all_axes[0].set_ylabel("predicted")


def _bars(points: Sequence[Point]) -> list[list[float]] | None:
    if len(points) > WITH_BARS:
        return None
    return [
        [point.predicted - (point.low or point.predicted) for point in points],
        [(point.high or point.predicted) - point.predicted for point in points],
    ]


def _panel(axes: "Axes", points: Sequence[Point], parts: Sequence[str], theme: "Theme") -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for number, part in enumerate(parts):
        of_part = [one for one in points if one.part == part]
        axes.errorbar(
            [one.measured for one in of_part], [one.predicted for one in of_part], _bars(of_part),
            fmt=MARKERS[number], ms=3, lw=0.5, alpha=0.5, color=theme.series[number],
            label=short(part, 24),
        )  # fmt: skip
    values = [value for one in points for value in (one.measured, one.predicted)]
    ends = [min(values) / 1.3, max(values) * 1.3]
    axes.plot(ends, ends, color=theme.ink, lw=1.2)
    axes.fill_between(
        ends, [one * (1 - BAND) for one in ends], [one * (1 + BAND) for one in ends],
        color=theme.ink, alpha=0.12, lw=0,
    )  # fmt: skip
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.legend(loc="upper left", handletextpad=0.3, borderaxespad=0.2)
