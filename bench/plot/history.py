"""Plot of a figure over many records: values with intervals, levels, and changes of level."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from bench.history.series import LevelChange, Point, Series
from bench.plot.axes import linear_axis, quantity, short, slug
from bench.plot.picture import Picture
from bench.report.text.scalar import Scalar
from bench.units import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

MOST_BARS = 400
"""With more points, intervals are not drawn: they would hide one another."""
MOST_LABELLED = 4
"""Number of latest changes that get a label; all changes are marked."""
LEAST_DAYS = 10 / 86_400
"""The shortest time that the axis spans, in days: whole seconds are its finest labels."""
TIMES = ["%Y", "%b", "%d", "%H:%M", "%H:%M", "%H:%M:%S"]
FIRST_TIMES = ["", "%Y", "%b", "%b-%d", "%H:%M", "%H:%M:%S"]
"""Labels of ticks by the unit in which they differ, and of a tick that begins the larger unit."""


def pictures(series: Sequence[Series]) -> Iterator[Picture]:
    """Yields ``history-FIGURE`` for the longest series and those with half as many points."""
    names: dict[str, int] = {}
    for figure in series:
        if len(figure.points) < max(2, len(series[0].points) // 2):
            continue
        what = figure.what
        name = slug(f"history {what.key or what.kernel} {what.label} {what.sizes}")
        names[name] = names.get(name, 0) + 1
        yield Picture(
            name=name if names[name] == 1 else f"{name}-{names[name]}",
            title=_title(figure),
            alt=_alt(figure),
            note=_note(figure),
            rows=list(_rows(figure)),
            paint=partial(_paint, figure),
        )


def _title(series: Series) -> str:
    subject = f"{series.what.title} on {short(series.points[0].head.device, 32)}"
    if not series.level_changes:
        return f"{subject}: {_unchanged(series)}"
    return f"{subject} {_change(series.level_changes[-1])}"


def _unchanged(series: Series) -> str:
    """Returns text that says that a series has no change, or too few points to find one."""
    if not series.is_searched:
        return f"{len(series.points)} runs, too few to find a change"
    return f"no change of level shown in {len(series.points):,} runs"


def _change(found: LevelChange) -> str:
    ratio = found.change.ratio
    word = "fell" if ratio < 1 else "rose"
    day = found.after.head.started_utc[:10]
    cause = f" with {short(found.other_changes, 60)}" if found.other_changes else ""
    return f"{word} by {abs(ratio - 1):.1%} from {day} on{cause}"


def _alt(series: Series) -> str:
    values = [point.value for point in series.points]
    low, high = (show(value, series.dimension) for value in (min(values), max(values)))
    changes = "; ".join(_change(found) for found in series.level_changes) or _unchanged(series)
    return f"{len(values):,} values from {low} to {high}: {changes}."


def _note(series: Series) -> str:
    head, last = series.points[0].head, series.points[-1].head
    fake = "; FAKE devices, simulated" if head.backend == "fake" else ""
    return (
        f"{len(series.points):,} records of {series.devices:,} devices, {head.started_utc[:10]} to "
        f"{last.started_utc[:10]}, suite {short(head.suite, 24)}{fake}. Chance of a "
        f"false change {series.level:g}."
    )


def _rows(series: Series) -> Iterator[dict[str, Scalar]]:
    changes = {found.change.place for found in series.level_changes}
    for index, point in enumerate(series.points):
        head = point.head
        yield {
            "started_utc": head.started_utc, "record": head.id, "figure": series.what.key,
            "label": series.what.label, "sizes": series.what.sizes,
            "unit": series.what.unit, "measured": point.value,
            "measured_low": point.low, "measured_high": point.high,
            "driver": head.driver, "torch": head.torch, "onpaper": head.onpaper,
            "changed": index in changes,
        }  # fmt: skip


def _time_of(point: Point) -> datetime:
    return datetime.fromisoformat(point.head.started_utc).replace(tzinfo=None)


def _paint(series: Series, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    _draw_values(axes, series, theme)
    _draw_levels(axes, series, theme)
    axes.margins(x=0.02, y=0.12)
    linear_axis(axes.yaxis, partial(quantity, dimension=series.dimension))
    axes.set_ylabel(series.what.title)
    _date_axis(axes)


def _draw_values(axes: "Axes", series: Series, theme: "Theme") -> None:
    at, values = [*map(_time_of, series.points)], [point.value for point in series.points]
    colour = theme.series[0]
    if len(values) <= MOST_BARS:
        lows = [point.value - point.low for point in series.points]
        highs = [point.high - point.value for point in series.points]
        axes.errorbar(at, values, [lows, highs], fmt="o", ms=3.5, lw=1, color=colour)  # type: ignore[arg-type]  # matplotlib takes days
    else:
        axes.plot(at, values, "o", ms=2, mew=0, alpha=0.5, color=colour)  # type: ignore[arg-type]  # matplotlib takes days


def _draw_levels(axes: "Axes", series: Series, theme: "Theme") -> None:
    """Draws levels as horizontal lines and changes as vertical lines, and labels the latest."""
    bounds = [0, *(found.change.place for found in series.level_changes), len(series.points)]
    for start, end in pairwise(bounds):
        part = series.points[start:end]
        level = median(point.value for point in part)
        ends = [_time_of(part[0]), _time_of(part[-1])]
        axes.plot(ends, [level, level], color=theme.ink, lw=1.6)  # type: ignore[arg-type]  # matplotlib takes days
    for number, found in enumerate(reversed(series.level_changes)):
        axes.axvline(_time_of(found.after), color=theme.series[1], ls="--", lw=1)  # type: ignore[arg-type]  # matplotlib takes days
        if number < MOST_LABELLED:
            _label_change(axes, series, found, theme)


def _label_change(axes: "Axes", series: Series, found: LevelChange, theme: "Theme") -> None:
    """Writes the size of a change beside its line, on the side with more room."""
    early = found.change.place < len(series.points) / 2
    lines = [
        f"{found.change.ratio - 1:+.1%}",
        *(short(word, 36) for word in found.software),
    ]
    axes.annotate(
        "\n".join(lines), (_time_of(found.after), 1), (5 if early else -5, -3),
        xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="left" if early else "right", va="top", size=9, color=theme.ink,
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _date_axis(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    low, high = axes.get_xlim()
    if (lacking := LEAST_DAYS - (high - low)) > 0:
        axes.set_xlim(low - lacking / 2, high + lacking / 2)
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]  # matplotlib's
    axes.xaxis.set_major_locator(locator)
    words = ConciseDateFormatter(locator, formats=TIMES, zero_formats=FIRST_TIMES)  # type: ignore[no-untyped-call]  # matplotlib's
    axes.xaxis.set_major_formatter(words)
    axes.set_xlabel("start of the run, UTC")
