"""A figure over many records: each value with its interval, each level, each change of level."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from bench.history.series import FEW, Found, Point, Series
from bench.plot.axes import linear_axis, quantity, short, slug
from bench.plot.picture import Picture
from bench.report.scalar import Scalar
from bench.units import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

MOST_BARS = 400
"""More points than these are drawn without their intervals, which would hide one another."""
MOST_TOLD = 4
"""So many changes are told in words, the latest; all are marked."""


def pictures(found: Sequence[Series]) -> Iterator[Picture]:
    """Yields ``history-FIGURE`` of the longest series, and of others of as many points."""
    names: dict[str, int] = {}
    for one in found:
        if len(one.points) < max(2, len(found[0].points) // 2):
            continue
        name = slug(f"history {one.what.key or one.what.kernel} {one.what.label} {one.what.sizes}")
        names[name] = names.get(name, 0) + 1
        yield Picture(
            name=name if names[name] == 1 else f"{name}-{names[name]}",
            title=_title(one),
            alt=_alt(one),
            note=_note(one),
            rows=list(_rows(one)),
            paint=partial(_paint, one),
        )


def _title(one: Series) -> str:
    named = f"{one.what.title} on {short(one.points[0].head.device, 32)}"
    if not one.found:
        return f"{named}: {_unchanged(one)}"
    return f"{named} {_change(one.found[-1])}"


def _unchanged(one: Series) -> str:
    """Returns that a series has no change, or that it has too few points to find one."""
    if len(one.points) < FEW:
        return f"{len(one.points)} runs, too few to find a change"
    return f"no change of level in {len(one.points):,} runs"


def _change(found: Found) -> str:
    ratio = found.change.ratio
    word = "fell" if ratio < 1 else "rose"
    day = found.after.head.started_utc[:10]
    told = f" with {short(found.beside, 60)}" if found.beside else ""
    return f"{word} by {abs(ratio - 1):.1%} from {day} on{told}"


def _alt(one: Series) -> str:
    values = [point.value for point in one.points]
    low, high = (show(value, one.dimension) for value in (min(values), max(values)))
    told = "; ".join(_change(found) for found in one.found) or _unchanged(one)
    return f"{len(values):,} values from {low} to {high}: {told}."


def _note(one: Series) -> str:
    head, last = one.points[0].head, one.points[-1].head
    fake = "; FAKE devices, simulated" if head.backend == "fake" else ""
    return (
        f"{len(one.points):,} records of {one.devices:,} devices, {head.started_utc[:10]} to "
        f"{last.started_utc[:10]}, suite {short(head.suite, 24)}{fake}. Changes by ranks, "
        f"chance of a false one {one.level:g}."
    )


def _rows(one: Series) -> Iterator[dict[str, Scalar]]:
    changed = {found.change.place for found in one.found}
    for place, point in enumerate(one.points):
        head = point.head
        yield {
            "started_utc": head.started_utc, "record": head.id, "figure": one.what.key,
            "label": one.what.label, "sizes": one.what.sizes,
            "unit": one.what.unit, "measured": point.value,
            "measured_low": point.low, "measured_high": point.high,
            "driver": head.driver, "torch": head.torch, "onpaper": head.onpaper,
            "changed": place in changed,
        }  # fmt: skip


def _at(point: Point) -> datetime:
    return datetime.fromisoformat(point.head.started_utc).replace(tzinfo=None)


def _paint(one: Series, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    _values(axes, one, theme)
    _levels(axes, one, theme)
    axes.margins(x=0.02, y=0.12)
    linear_axis(axes.yaxis, partial(quantity, dimension=one.dimension))
    axes.set_ylabel(one.what.title)
    _days(axes)


def _values(axes: "Axes", one: Series, theme: "Theme") -> None:
    at, values = [*map(_at, one.points)], [point.value for point in one.points]
    colour = theme.series[0]
    if len(values) <= MOST_BARS:
        lows = [point.value - point.low for point in one.points]
        highs = [point.high - point.value for point in one.points]
        axes.errorbar(at, values, [lows, highs], fmt="o", ms=3.5, lw=1, color=colour)  # type: ignore[arg-type]  # matplotlib takes days
    else:
        axes.plot(at, values, "o", ms=2, mew=0, alpha=0.5, color=colour)  # type: ignore[arg-type]  # matplotlib takes days


def _levels(axes: "Axes", one: Series, theme: "Theme") -> None:
    """Draws each level as a line, each change as a line across, and tells the latest changes."""
    bounds = [0, *(found.change.place for found in one.found), len(one.points)]
    for start, end in pairwise(bounds):
        part = one.points[start:end]
        level = median(point.value for point in part)
        ends = [_at(part[0]), _at(part[-1])]
        axes.plot(ends, [level, level], color=theme.ink, lw=1.6)  # type: ignore[arg-type]  # matplotlib takes days
    for number, found in enumerate(reversed(one.found)):
        axes.axvline(_at(found.after), color=theme.series[1], ls="--", lw=1)  # type: ignore[arg-type]  # matplotlib takes days
        if number < MOST_TOLD:
            _tell(axes, one, found, theme)


def _tell(axes: "Axes", one: Series, found: Found, theme: "Theme") -> None:
    """Writes beside a change how large it is, on the side where there is more room."""
    early = found.change.place < len(one.points) / 2
    told = [f"{found.change.ratio - 1:+.1%}", *(short(word, 36) for word in found.software)]
    axes.annotate(
        "\n".join(told), (_at(found.after), 1), (5 if early else -5, -3),
        xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="left" if early else "right", va="top", size=9, color=theme.ink,
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _days(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]  # matplotlib's
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # matplotlib's
