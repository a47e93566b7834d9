"""Plot of a figure of chips over the dates of their launch."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.plot.axes import Label, legend_below, log_axis, place_labels, quantity, short_name, slug
from bench.plot.picture import Picture
from bench.plot.plane import TIERS
from bench.report.text.scalar import Scalar
from bench.theory.comparison import in_words
from bench.theory.days import days
from bench.theory.entry import Entry, Key, look_up
from bench.theory.systems import complete
from bench.units import significant
from bench.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

NOT_ACCELERATORS = ("cpu", "system")
"""Kinds of sheets that are left out unless the user names them."""
SIZE_PT = (490.0, 260.0)
"""Approximate width and height of the axes, points."""
PLACES = 60
"""Number of places along the line of the highest so far that no name may cover."""


@dataclass(frozen=True)
class Spot:
    """A chip by its launch.

    Attributes:
        chip: the sheet.
        year: middle of the year, month or day of its launch, in years.
        entry: its value.
    """

    chip: Chip
    year: float
    entry: Entry

    @property
    def value(self) -> float:
        """Returns the value in the unit of the key."""
        return self.entry.value or 0.0

    @property
    def is_domestic(self) -> bool:
        """Tells whether it was designed in China."""
        return self.chip.tier == "domestic"


def picture(key: Key, chips: Sequence[Chip] | None, catalogue: Catalogue) -> Picture:
    """Returns ``trend-FIGURE``: the chips with this figure, over the dates of their launch.

    Args:
        key: the figure, a number.
        chips: None for all but CPUs and systems.
        catalogue: the sheets.

    Raises:
        UsageError: no chip has both the figure and a date of launch.
    """
    every = list(catalogue.chips.values()) if chips is None else list(chips)
    considered = every if chips else [one for one in every if one.kind not in NOT_ACCELERATORS]
    entries = [(one, look_up(complete(one, catalogue), key, catalogue)) for one in considered]
    known = [(chip, entry) for chip, entry in entries if entry.value]
    spots = [Spot(chip, at, entry) for chip, entry in known if (at := _year(chip.launched))]
    if not spots:
        raise UsageError(f"no chip here has both {in_words(key)} and a date of launch")
    spots.sort(key=lambda spot: (spot.year, -spot.value))
    title = _title(key, spots)
    undated = len(known) - len(spots)
    return Picture(
        name=slug(f"trend {key.name}"),
        title=title,
        alt=f"{counted(len(spots), 'chip')} by launch, with the highest so far as lines. {title}.",
        note=(
            "Published figures, not measured; announced chips included. Lines: the highest so "
            "far, of chips designed in China and of others. "
            f"{counted(undated, 'chip')} without a date of launch and "
            f"{len(entries) - len(known)} without the figure are left out."
        ),
        rows=list(_rows(key, spots)),
        paint=partial(_paint, key, spots),
    )


def _year(launched: str | None) -> float | None:
    """Returns the middle of a year, month or day, in years; None without one."""
    span = days(launched or "")
    if span is None:
        return None
    first, last = (_in_years(day) for day in (span.first, span.last))
    return (first + last) / 2


def _in_years(day: str) -> float:
    year, month, number = map(int, day.split("-"))
    begun = date(year, month, min(number, 28)) - date(year, 1, 1)
    return year + begun.days / 365.25


def _highest_so_far(spots: Iterable[Spot]) -> list[Spot]:
    """Returns, of spots in time, those with a higher value than all before them."""
    found: list[Spot] = []
    for spot in spots:
        if not found or spot.value > found[-1].value:
            found.append(spot)
    return found


def _groups(spots: Sequence[Spot]) -> tuple[list[Spot], list[Spot]]:
    """Returns the highest so far of chips designed in China, and of the others."""
    ours, others = ([one for one in spots if one.is_domestic is own] for own in (True, False))
    return _highest_so_far(ours), _highest_so_far(others)


def _title(key: Key, spots: Sequence[Spot]) -> str:
    """Returns since when others had what the highest chip designed in China has, if they had."""
    ours, others = _groups(spots)
    best = max(spots, key=lambda spot: spot.value)
    what = in_words(key)
    before = [spot for spot in others if ours and spot.value > ours[-1].value]
    if not before:
        return f"The highest {what} is that of {_named(best)}, {best.entry.text}"
    return (
        f"The highest {what} designed in China, of {_named(ours[-1])}, is exceeded by "
        f"{_named(before[0])} and, at most, {significant(best.value / ours[-1].value, 2)} times by "
        f"{short_name(best.chip)}"
    )


def _named(spot: Spot) -> str:
    return f"{short_name(spot.chip)} ({spot.chip.launched})"


def _rows(key: Key, spots: Sequence[Spot]) -> Iterable[dict[str, Scalar]]:
    leading = {spot.chip.id for group in _groups(spots) for spot in group}
    for spot in spots:
        yield {
            "chip": spot.chip.id, "tier": spot.chip.tier, "launch_date": spot.chip.launched,
            "figure": key.name, "unit": key.unit, "value": spot.value,
            "basis": spot.entry.basis, "highest_so_far": spot.chip.id in leading,
        }  # fmt: skip


def _paint(key: Key, spots: Sequence[Spot], figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_yscale("log")
    for tier, (number, filled) in TIERS.items():
        drawn = [spot for spot in spots if spot.chip.tier == tier]
        axes.plot(
            [spot.year for spot in drawn], [spot.value for spot in drawn], "o", ms=5,
            color=theme.series[number], fillstyle=filled, markerfacecoloralt="none",
            label=f"{tier} tier",
        )  # fmt: skip
    years = [spot.year for spot in spots]
    axes.set_xlim(min(years) - 0.5, max(years) + 0.7)
    leading = _groups(spots)
    lines = [
        point
        for group, tier in zip(leading, ("domestic", "global"), strict=True)
        for point in _draw_steps(axes, group, theme.series[TIERS[tier][0]])
    ]
    log_axis(axes.yaxis, lambda value: _tick(value, key))
    axes.set_xlabel("launch, year")
    axes.set_ylabel(key.heading)
    labels = [
        Label(spot.year, spot.value, short_name(spot.chip))
        for group in leading
        for spot in reversed(group)
    ]
    points = [*((spot.year, spot.value) for spot in spots), *lines]
    place_labels(axes, labels, points, theme, SIZE_PT)
    legend_below(axes, len(TIERS))


def _draw_steps(axes: "Axes", group: Sequence[Spot], colour: str) -> Iterator[tuple[float, float]]:
    """Draws the highest so far as steps up to the right edge, and yields places on their treads."""
    if not group:
        return
    left, right = axes.get_xlim()
    years = [*(spot.year for spot in group), right]
    values = [*(spot.value for spot in group), group[-1].value]
    axes.plot(years, values, drawstyle="steps-post", color=colour, lw=1)
    step = (right - left) / PLACES
    for spot, (begun, ended) in zip(group, pairwise(years), strict=True):
        yield from ((begun + n * step, spot.value) for n in range(int((ended - begun) / step) + 1))


def _tick(value: float, key: Key) -> str:
    return quantity(value, key.dimension) if key.dimension else f"{value:,g}"
