"""Plot of chips in the plane of TPP and performance density, with the lines of export rules."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.plot.axes import (
    Label,
    legend_below,
    log_axis,
    name_list,
    place_labels,
    short,
    short_name,
)
from bench.plot.lines import Line, lines
from bench.plot.picture import Picture
from bench.plot.thresholds import SIZE_PT, is_visible, label_thresholds, points_along
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
NOT_ACCELERATORS = ("cpu", "system")
TIERS: Mapping[str, tuple[int, FillStyle]] = {
    "export": (1, "full"),
    "domestic": (0, "left"),
    "global": (2, "none"),
}
"""Look of a chip's marker by tier: index into the theme's series colours, and fill style."""
SHAPES = {Truth.YES: ("s", "licence or notice needed"), Truth.NO: ("o", "none needed"),
          Truth.UNKNOWN: ("^", "unknown")}  # fmt: skip
"""Marker by whether the chip needs a licence, and its text in the legend."""
STYLES = ("-", "--", "-.", ":")
OTHERS_NAMED = 5
"""Number of chips named per tier other than export: those with the highest TPP."""
NAMES_PER_LABEL = 3
"""Most chip names in one label."""


@dataclass(frozen=True)
class Spot:
    """A chip in the plane, and whether its export needs a licence or a notice.

    Attributes:
        chip: the sheet.
        tpp: total processing performance, TOPS x bit.
        pd: performance density, TPP per mm².
        needs: whether a licence or a notice is needed.
        policies: licence policies that apply.
        by_letter: whether it is needed only because of a letter to the maker.
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
    """Returns ``rules-DAY``: chips and the lines in force on a day.

    Args:
        question: the day and the destination of the export.
        chips: None for all chips with known TPP and density, except CPUs and systems.
        book: the rules.
        catalogue: the sheets.

    Raises:
        UsageError: no chip has a known TPP and density.
    """
    considered = chips if chips is not None else list(catalogue.chips.values())
    candidates = [
        chip for chip in considered if chips is not None or chip.kind not in NOT_ACCELERATORS
    ]
    books = book, _without_letters(book)
    spots = [spot for chip in candidates if (spot := _spot(chip, question, books, catalogue))]
    if not spots:
        raise UsageError("no chip here has a known TPP and performance density")
    rule_lines = lines(question, book)
    destination = book.places.countries[question.destination].name
    return Picture(
        name=f"rules-{question.on}",
        title=_title(spots, question.on, destination),
        alt=_alt(spots, rule_lines),
        note=(
            "TPP: dense TOPS x bits, the highest format; density: TPP over mm² of logic dies. "
            f"{_without_figures(candidates, spots)}{_letters_alone(spots)}"
            "A research aid, not legal advice."
        ),
        rows=[*map(_row, spots), *(row for line in rule_lines for row in _line_rows(line))],
        paint=partial(_paint, spots, rule_lines),
        height=6.4,
    )


def _without_letters(book: Rulebook) -> Rulebook:
    return replace(book, rules={key: one for key, one in book.rules.items() if one.kind != LETTER})


def _letters_alone(spots: Sequence[Spot]) -> str:
    """Returns a sentence that names the chips that need a licence only by a letter."""
    names = name_list(spot.chip for spot in spots if spot.by_letter)
    return f"By a letter alone, which no line shows: {names}. " if names else ""


def _without_figures(chips: Sequence[Chip], spots: Sequence[Spot]) -> str:
    """Returns a sentence that names chips with unknown TPP or density, which have no point."""
    drawn_ids = {chip.chip.id for chip in spots}
    names = name_list(chip for chip in chips if chip.id not in drawn_ids)
    return f"One of them is not known of {names}. " if names else ""


def _spot(
    chip: Chip, question: Question, books: tuple[Rulebook, Rulebook], catalogue: Catalogue
) -> Spot | None:
    """Returns a chip's place and ruling; None if TPP or density is unknown.

    ``books`` are the rules, and the same rules without letters to makers.
    """
    total, dense = tpp(chip, catalogue).value, density(chip, catalogue).value
    if not total or not dense:
        return None
    ruling, without_letters = (status(subject(chip, catalogue), question, book) for book in books)
    policies = tuple(policy.value for policy in ruling.policies)
    needs = ruling.needs_licence
    by_letter = needs is Truth.YES and without_letters.needs_licence is not Truth.YES
    return Spot(chip, total, dense, needs, policies, by_letter)


def _title(spots: Sequence[Spot], on: str, destination: str) -> str:
    needs, unknown = (
        sum(spot.needs is each for spot in spots) for each in (Truth.YES, Truth.UNKNOWN)
    )
    letters = sum(spot.by_letter for spot in spots)
    text = f"{needs} of {len(spots)} chips need a licence or a notice for {destination} on {on}"
    if letters:
        text += f", {letters} of them by a letter to the maker, not by TPP or density"
    return f"{text}; for {unknown} it is unknown" if unknown else text


def _alt(spots: Sequence[Spot], rule_lines: Sequence[Line]) -> str:
    names = ", ".join(f"{line.name} since {line.since}" for line in rule_lines) or "none"
    low, high = min(line.tpp for line in spots), max(line.tpp for line in spots)
    return (
        f"{len(spots)} chips by total processing performance, {low:,.0f} to {high:,.0f}, and "
        f"performance density, with the lines of the rules in force: {names}."
    )


def _row(spot: Spot) -> dict[str, Scalar]:
    return {
        "what": "chip",
        "name": spot.chip.id,
        "tier": spot.chip.tier,
        "tpp": spot.tpp,
        "performance_density_per_mm2": spot.pd,
        "needs_licence": spot.needs.value,
        "policies": ", ".join(spot.policies),
        "by_letter_alone": spot.by_letter,
    }


def _line_rows(line: Line) -> list[dict[str, Scalar]]:
    return [
        {
            "what": "line",
            "name": f"{line.rule}: {line.name}",
            "since": line.since,
            "asks_more": line.has_other_conditions,
            "tpp": segment.start[0],
            "performance_density_per_mm2": segment.start[1],
            "to_tpp": _finite(segment.end[0]),
            "to_performance_density_per_mm2": _finite(segment.end[1]),
        }
        for segment in line.segments
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _paint(
    spots: Sequence[Spot], rule_lines: Sequence[Line], figure: "Figure", theme: "Theme"
) -> None:
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    _draw_chips(axes, spots, theme)
    for line, style in zip(rule_lines, STYLES * len(rule_lines), strict=False):
        _draw_line(axes, line, style, theme)
    segments = [segment for line in rule_lines for segment in line.segments]
    label_thresholds(axes, segments, theme)
    log_axis(axes.xaxis, _tick_text)
    log_axis(axes.yaxis, _tick_text)
    taken = [(spot.tpp, spot.pd) for spot in spots]
    taken += [point for segment in segments for point in points_along(axes, segment)]
    place_labels(axes, _labels(spots), taken, theme, SIZE_PT)
    axes.set_xlabel("total processing performance (TPP), TOPS x bit")
    axes.set_ylabel("performance density, TPP per mm²")
    axes.grid(visible=False)
    _draw_legend(axes, theme)


def _draw_chips(axes: "Axes", spots: Sequence[Spot], theme: "Theme") -> None:
    """Draws the chips, those of the export tier on top, and sets the limits of the axes."""
    for spot in sorted(spots, key=lambda spot: spot.chip.tier == "export"):
        number, filled = TIERS[spot.chip.tier]
        axes.plot(
            [spot.tpp], [spot.pd], SHAPES[spot.needs][0], ms=6, color=theme.series[number],
            fillstyle=filled, markerfacecoloralt="none", zorder=3,
        )  # fmt: skip
    tpps, densities = [spot.tpp for spot in spots], [spot.pd for spot in spots]
    axes.set_xlim(min(tpps) / 1.4, max(tpps) * 1.4)
    axes.set_ylim(min(densities) / 1.4, max(densities) * 1.4)


def _tick_text(value: float) -> str:
    return f"{value:,g}"


def _draw_line(axes: "Axes", line: Line, style: str, theme: "Theme") -> None:
    """Draws the visible segments of a line; the first of them names it in the legend."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    label: str | None = f"{short(line.name, 56)}, since {line.since}"
    colour = theme.muted if line.has_other_conditions else theme.ink
    for segment in line.segments:
        xs = [min(max(value, left), right) for value in (segment.start[0], segment.end[0])]
        ys = [min(max(value, low), high) for value in (segment.start[1], segment.end[1])]
        if is_visible(axes, segment):
            axes.plot(xs, ys, style, color=colour, lw=1.3, label=label)
            label = None


def _labels(spots: Sequence[Spot]) -> list[Label]:
    """Returns labels for all chips of the export tier, and the highest TPP of the other tiers.

    Chips with equal figures share a point and a label.
    """
    by_size = sorted(spots, key=lambda spot: -spot.tpp)
    named = [spot for spot in by_size if spot.chip.tier == "export"]
    for tier in ("domestic", "global"):
        named += [spot for spot in by_size if spot.chip.tier == tier][:OTHERS_NAMED]
    points = dict.fromkeys((spot.tpp, spot.pd) for spot in named)
    return [
        Label(*point, _joined_names([spot for spot in spots if (spot.tpp, spot.pd) == point]))
        for point in points
    ]


def _joined_names(spots: Sequence[Spot]) -> str:
    """Returns the names of chips at one point; ``h20`` stands for ``h20`` and ``h20-3e``."""
    names: list[str] = []
    for spot in sorted(
        spots, key=lambda spot: (spot.chip.tier != "export", len(short_name(spot.chip)))
    ):
        if not any(short_name(spot.chip).startswith(f"{name}-") for name in names):
            names.append(short_name(spot.chip))
    more = len(names) - NAMES_PER_LABEL
    return ", ".join(names[:NAMES_PER_LABEL]) + (f" +{more}" if more > 0 else "")


def _draw_legend(axes: "Axes", theme: "Theme") -> None:
    """Draws the legend: lines in one column, tiers and marker shapes in the other."""
    from matplotlib.lines import Line2D

    drawn, _ = axes.get_legend_handles_labels()
    looks = [
        Line2D([], [], marker="o", ms=6, ls="none", color=theme.series[number], fillstyle=filled,
               markerfacecoloralt="none", label=f"{tier} tier")
        for tier, (number, filled) in TIERS.items()
    ]  # fmt: skip
    looks += [
        Line2D(
            [], [], marker=marker, ms=6, ls="none", color=theme.ink, fillstyle="none", label=meaning
        )
        for marker, meaning in SHAPES.values()
    ]
    missing = len(looks) - len(drawn)
    blank = [Line2D([], [], ls="none", label=" ")] * abs(missing)
    columns = [*drawn, *blank, *looks] if missing > 0 else [*drawn, *looks, *blank]
    legend_below(axes, 2, columns)
