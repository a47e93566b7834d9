"""Predictions beside what was measured, each predicted without the chip that it is of."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench import paths
from bench.errors import DataError, Fault, UsageError
from bench.plot.axes import MARKERS, log_axis, quantity, short
from bench.plot.picture import Picture
from bench.report.scalar import Scalar
from bench.units import Dimension

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

FILE = "validation.csv"
BAND = 0.20
TICKS = 4
WITH_BARS = 60
"""Of a part with more points intervals are not drawn: they would hide them."""
PANELS = (
    ("steps", ("prefill", "decode"), Dimension.TIME),
    ("serving, time per token", ("serving, dense", "serving, experts"), Dimension.TIME),
    ("figures, share reached", ("matrix figures", "memory figures"), Dimension.SHARE),
)
"""Title of each panel, the parts that it shows, and what their values are."""


@dataclass(frozen=True)
class Point:
    """One case that was held out.

    Attributes:
        part: of the validation.
        cases, median_error: of the whole part, of which the points may be a sample.
        chip: id of the sheet.
        work: what was run.
        measured, predicted: seconds, or share of a published figure.
        low, high: the 95% interval of what was predicted; None where none is told.
    """

    part: str
    cases: int
    median_error: float
    chip: str
    work: str
    measured: float
    predicted: float
    low: float | None
    high: float | None


def read(path: Path | None = None) -> list[Point]:
    """Reads the points of a validation (default: the shipped ones).

    Raises:
        UsageError: there is no such file.
        DataError: it holds no such points.
    """
    place = path or paths.data_dir("results") / FILE
    try:
        rows = list(csv.DictReader(place.read_text("utf-8").splitlines()))
        return [_point(one) for one in rows]
    except OSError:
        raise UsageError(f"no {place.name} in results/: 'make docs' writes it") from None
    except (KeyError, ValueError, TypeError) as error:
        fault = Fault(
            place.name, "", f"holds no points of a validation: {error}", "run 'make docs'"
        )
        raise DataError([fault]) from None


def _point(row: dict[str, str]) -> Point:
    numbers = [float(row[name]) for name in ("median_error", "measured", "predicted")]
    if min(numbers[1:]) <= 0:
        raise ValueError("a value is not above 0")
    low, high = (float(row[name]) if row[name] else None for name in ("low", "high"))
    return Point(row["part"], int(row["cases"]), numbers[0], row["chip"], row["work"],
                 numbers[1], numbers[2], low, high)  # fmt: skip


def picture(points: Sequence[Point]) -> Picture:
    """Returns ``validation``: what was predicted against what was measured, a panel a kind.

    Raises:
        UsageError: there is no point.
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
        rows=[_row(one) for one in points],
        paint=partial(_paint, points),
        height=3.9,
    )


def _row(point: Point) -> dict[str, Scalar]:
    return {one.name: getattr(point, one.name) for one in fields(point)}


def _parts(points: Sequence[Point]) -> Iterator[tuple[str, list[Point]]]:
    drawn = [part for _, parts, _ in PANELS for part in parts]
    there = {one.part for one in points}
    for part in (one for one in drawn if one in there):
        yield part, [one for one in points if one.part == part]


def _title(parts: Sequence[tuple[str, list[Point]]]) -> str:
    told = (f"{short(part)} {own[0].median_error:.1%}" for part, own in parts)
    return f"Median error on chips left out: {'; '.join(told)}"


def _sampled(parts: Sequence[tuple[str, list[Point]]]) -> str:
    some = [
        f"{len(own)} of {own[0].cases} of {part}" for part, own in parts if own[0].cases > len(own)
    ]
    return f"Evenly sampled: {'; '.join(some)}." if some else ""


def _alt(parts: Sequence[tuple[str, list[Point]]]) -> str:
    told = []
    for part, own in parts:
        near = sum(abs(one.predicted / one.measured - 1) <= BAND for one in own)
        told.append(f"{short(part)}: {near} of {len(own)} within {BAND:.0%}")
    return f"Predicted against measured, near a line of equality. {'; '.join(told)}."


def _paint(points: Sequence[Point], figure: "Figure", theme: "Theme") -> None:
    shown = [one for one in PANELS if any(point.part in one[1] for point in points)]
    every = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (title, parts, dimension) in zip(every, shown, strict=True):
        _panel(axes, [one for one in points if one.part in parts], parts, theme)
        axes.set_title(title)
        for axis, most in ((axes.xaxis, TICKS), (axes.yaxis, 2 * TICKS)):
            log_axis(axis, partial(quantity, dimension=dimension), most)
        axes.set_xlabel(f"measured, {dimension.value}")
    every[0].set_ylabel("predicted")


def _bars(own: Sequence[Point]) -> list[list[float]] | None:
    if len(own) > WITH_BARS:
        return None
    return [
        [one.predicted - (one.low or one.predicted) for one in own],
        [(one.high or one.predicted) - one.predicted for one in own],
    ]


def _panel(axes: "Axes", points: Sequence[Point], parts: Sequence[str], theme: "Theme") -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for number, part in enumerate(parts):
        own = [one for one in points if one.part == part]
        axes.errorbar(
            [one.measured for one in own], [one.predicted for one in own], _bars(own),
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
