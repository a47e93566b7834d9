"""Chips on the plane of TPP and performance density, with the lines that rules draw there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.plot.axes import Label, called, legend_below, listed, log_axis, place, short
from bench.plot.lines import Line, lines
from bench.plot.picture import Picture
from bench.plot.thresholds import SIZE_PT, along, is_seen, tell
from bench.report.scalar import Scalar
from bench.rules.judge import status
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.ruling import LETTER
from bench.rules.subject import subject
from bench.rules.truth import Truth
from bench.theory.tpp import density, tpp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

FillStyle = Literal["full", "left", "none"]
APART = ("cpu", "system")
TIERS: Mapping[str, tuple[int, FillStyle]] = {
    "export": (1, "full"),
    "domestic": (0, "left"),
    "global": (2, "none"),
}
"""Colour, by its place among the series, and how much of a marker is filled."""
SHAPES = {Truth.YES: ("s", "licence or notice needed"), Truth.NO: ("o", "none needed"),
          Truth.UNKNOWN: ("^", "unknown")}  # fmt: skip
STYLES = ("-", "--", "-.", ":")
BESIDES = 5
"""So many chips of each other tier are named, those of the highest TPP."""
TOGETHER = 3
"""Names that one label holds."""


@dataclass(frozen=True)
class Spot:
    """A chip on the plane, and whether an export of it needs a licence or a notice.

    ``by_letter`` tells that it needs one by a letter to its maker and by nothing else.
    """

    chip: Chip
    tpp: float
    pd: float
    needs: Truth
    policies: tuple[str, ...]
    by_letter: bool


def picture(
    question: Question, chips: Sequence[Chip] | None, book: Rulebook, catalogue: Catalogue
) -> Picture:
    """Returns ``rules-DAY``: chips beside the lines that are in force on a day.

    Args:
        question: the day and where a chip goes.
        chips: None for all of which TPP and density are known, processors and systems apart.
        book: the rules.
        catalogue: the sheets.

    Raises:
        UsageError: no chip has a known TPP and density.
    """
    every = chips if chips is not None else list(catalogue.chips.values())
    asked = [one for one in every if chips is not None or one.kind not in APART]
    books = book, _without_letters(book)
    found = [spot for one in asked if (spot := _spot(one, question, books, catalogue))]
    if not found:
        raise UsageError("no chip here has a known TPP and performance density")
    drawn = lines(question, book)
    there = book.places.countries[question.destination].name
    return Picture(
        name=f"rules-{question.on}",
        title=_title(found, question.on, there),
        alt=_alt(found, drawn),
        note=(
            "TPP: dense TOPS x bits, the highest format; density: TPP over mm² of logic dies. "
            f"{_lacking(asked, found)}{_letters(found)}A research aid, not legal advice."
        ),
        rows=[*map(_row, found), *(row for one in drawn for row in _line_rows(one))],
        paint=partial(_paint, found, drawn),
        height=6.4,
    )


def _without_letters(book: Rulebook) -> Rulebook:
    return replace(book, rules={key: one for key, one in book.rules.items() if one.kind != LETTER})


def _letters(found: Sequence[Spot]) -> str:
    """Returns which chips need a licence by a letter alone, which no line shows."""
    names = listed(one.chip for one in found if one.by_letter)
    return f"By a letter alone, which no line shows: {names}. " if names else ""


def _lacking(asked: Sequence[Chip], found: Sequence[Spot]) -> str:
    """Returns of which chips there is no point, by name where they are few."""
    there = {one.chip.id for one in found}
    names = listed(one for one in asked if one.id not in there)
    return f"One of them is not known of {names}. " if names else ""


def _spot(
    chip: Chip, question: Question, books: tuple[Rulebook, Rulebook], catalogue: Catalogue
) -> Spot | None:
    """Returns a chip on the plane by a book of rules, and that book without letters."""
    total, dense = tpp(chip, catalogue).value, density(chip, catalogue).value
    if not total or not dense:
        return None
    found, other = (status(subject(chip, catalogue), question, book) for book in books)
    policies = tuple(one.value for one in found.policies)
    needs = found.needs_licence
    by_letter = needs is Truth.YES and other.needs_licence is not Truth.YES
    return Spot(chip, total, dense, needs, policies, by_letter)


def _title(found: Sequence[Spot], on: str, there: str) -> str:
    needs, unknown = (
        sum(one.needs is each for one in found) for each in (Truth.YES, Truth.UNKNOWN)
    )
    letters = sum(one.by_letter for one in found)
    told = f"{needs} of {len(found)} chips need a licence or a notice for {there} on {on}"
    if letters:
        told += f", {letters} of them by a letter to the maker, not by TPP or density"
    return f"{told}; for {unknown} it is unknown" if unknown else told


def _alt(found: Sequence[Spot], drawn: Sequence[Line]) -> str:
    told = ", ".join(f"{one.name} since {one.since}" for one in drawn) or "none"
    low, high = min(one.tpp for one in found), max(one.tpp for one in found)
    return (
        f"{len(found)} chips by total processing performance, {low:,.0f} to {high:,.0f}, and "
        f"performance density, with the lines of the rules in force: {told}."
    )


def _row(one: Spot) -> dict[str, Scalar]:
    return {
        "what": "chip",
        "name": one.chip.id,
        "tier": one.chip.tier,
        "tpp": one.tpp,
        "performance_density_per_mm2": one.pd,
        "needs_licence": one.needs.value,
        "policies": ", ".join(one.policies),
        "by_letter_alone": one.by_letter,
    }


def _line_rows(line: Line) -> list[dict[str, Scalar]]:
    return [
        {
            "what": "line",
            "name": f"{line.rule}: {line.name}",
            "since": line.since,
            "asks_more": line.also,
            "tpp": one.start[0],
            "performance_density_per_mm2": one.start[1],
            "to_tpp": _finite(one.end[0]),
            "to_performance_density_per_mm2": _finite(one.end[1]),
        }
        for one in line.segments
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _paint(found: Sequence[Spot], drawn: Sequence[Line], figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    for one in sorted(found, key=lambda one: one.chip.tier == "export"):
        number, filled = TIERS[one.chip.tier]
        axes.plot(
            [one.tpp], [one.pd], SHAPES[one.needs][0], ms=6, color=theme.series[number],
            fillstyle=filled, markerfacecoloralt="none", zorder=3,
        )  # fmt: skip
    every = [one.tpp for one in found], [one.pd for one in found]
    axes.set_xlim(min(every[0]) / 1.4, max(every[0]) * 1.4)
    axes.set_ylim(min(every[1]) / 1.4, max(every[1]) * 1.4)
    for line, style in zip(drawn, STYLES * len(drawn), strict=False):
        _line(axes, line, style, theme)
    tell(axes, [one for line in drawn for one in line.segments], theme)
    log_axis(axes.xaxis, _number)
    log_axis(axes.yaxis, _number)
    taken = [(one.tpp, one.pd) for one in found]
    taken += [spot for line in drawn for one in line.segments for spot in along(axes, one)]
    place(axes, _labels(found), taken, theme, SIZE_PT)
    axes.set_xlabel("total processing performance (TPP), TOPS x bit")
    axes.set_ylabel("performance density, TPP per mm²")
    axes.grid(visible=False)
    _explain(axes, theme)


def _number(value: float) -> str:
    return f"{value:,g}"


def _line(axes: "Axes", line: Line, style: str, theme: "Theme") -> None:
    """Draws a line within the view; the edge of it that lies there is named in the legend."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    label: str | None = f"{short(line.name, 56)}, since {line.since}"
    colour = theme.muted if line.also else theme.ink
    for one in line.segments:
        xs = [min(max(value, left), right) for value in (one.start[0], one.end[0])]
        ys = [min(max(value, low), high) for value in (one.start[1], one.end[1])]
        if is_seen(axes, one):
            axes.plot(xs, ys, style, color=colour, lw=1.3, label=label)
            label = None


def _labels(found: Sequence[Spot]) -> list[Label]:
    """Returns the names of points: those of the export tier, of others those of the highest TPP.

    Chips of the same figures share a point, and have one label.
    """
    by_size = sorted(found, key=lambda one: -one.tpp)
    named = [one for one in by_size if one.chip.tier == "export"]
    for tier in ("domestic", "global"):
        named += [one for one in by_size if one.chip.tier == tier][:BESIDES]
    points = dict.fromkeys((one.tpp, one.pd) for one in named)
    return [
        Label(*point, _joined([one for one in found if (one.tpp, one.pd) == point]))
        for point in points
    ]


def _joined(there: Sequence[Spot]) -> str:
    """Returns the names of chips at one point, ``h20`` for ``h20`` and ``h20-3e``."""
    names: list[str] = []
    for one in sorted(there, key=lambda one: (one.chip.tier != "export", len(called(one.chip)))):
        if not any(called(one.chip).startswith(f"{name}-") for name in names):
            names.append(called(one.chip))
    more = len(names) - TOGETHER
    return ", ".join(names[:TOGETHER]) + (f" +{more}" if more > 0 else "")


def _explain(axes: "Axes", theme: "Theme") -> None:
    """Writes the legend: lines in one column, tiers and shapes in the other."""
    from matplotlib.lines import Line2D

    told, _ = axes.get_legend_handles_labels()
    looks = [
        Line2D([], [], marker="o", ms=6, ls="none", color=theme.series[number], fillstyle=filled,
               markerfacecoloralt="none", label=f"{tier} tier")
        for tier, (number, filled) in TIERS.items()
    ]  # fmt: skip
    looks += [
        Line2D([], [], marker=marker, ms=6, ls="none", color=theme.ink, fillstyle="none", label=one)
        for marker, one in SHAPES.values()
    ]
    blank = [Line2D([], [], ls="none", label=" ")] * abs(len(told) - len(looks))
    columns = [*told, *blank, *looks] if len(told) < len(looks) else [*told, *looks, *blank]
    legend_below(axes, 2, columns)
