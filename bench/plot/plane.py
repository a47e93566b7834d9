"""Draws the plane of TPP and performance density: chips, lines of export rules, and a legend."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bench.chips.model import Chip
from bench.plot.axes import Label, legend_below, log_axis, place_labels, short, short_name
from bench.plot.lines import Line
from bench.plot.thresholds import SIZE_PT, is_visible, label_thresholds, points_along
from bench.rules.truth import Truth

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

FillStyle = Literal["full", "left", "none"]
TIERS: Mapping[str, tuple[int, FillStyle]] = {
    "export": (1, "full"),
    "domestic": (0, "left"),
    "global": (2, "none"),
}
"""Look of a chip's marker by tier: index into the theme's series colours, and fill style."""
SHAPES = {
    "yes": ("s", "licence needed"),
    "notice": ("D", "notice needed, no licence"),
    "licence or notice": ("p", "licence or notice needed"),
    "no": ("o", "neither needed"),
    "unknown": ("^", "unknown"),
}
"""Marker by what an export needs, and its text in the legend."""
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
        need: which of the two, or no, or unknown.
        policies: licence policies that apply.
        by_letter: whether it is needed only because of a letter to the maker.
        by_rivals: what is needed by figures of other sources, if that differs; else empty.
        spared: whether more would be needed if it were designed or marketed for datacentres.
    """

    chip: Chip
    tpp: float
    pd: float
    needs: Truth
    need: str
    policies: tuple[str, ...]
    by_letter: bool
    by_rivals: str
    spared: bool


def paint(
    spots: Sequence[Spot], rule_lines: Sequence[Line], figure: "Figure", theme: "Theme"
) -> None:
    """Draws chips and lines of rules into an empty figure."""
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
    _draw_legend(axes, {spot.need for spot in spots}, theme)


def _draw_chips(axes: "Axes", spots: Sequence[Spot], theme: "Theme") -> None:
    """Draws the chips, those of the export tier on top, and sets the limits of the axes."""
    for spot in sorted(spots, key=lambda spot: spot.chip.tier == "export"):
        number, filled = TIERS[spot.chip.tier]
        axes.plot(
            [spot.tpp], [spot.pd], SHAPES[spot.need][0], ms=6, color=theme.series[number],
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


def _draw_legend(axes: "Axes", needs: Container[str], theme: "Theme") -> None:
    """Draws the legend: lines in one column, tiers and the markers of ``needs`` in the other."""
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
        for need, (marker, meaning) in SHAPES.items()
        if need in needs
    ]
    missing = len(looks) - len(drawn)
    blank = [Line2D([], [], ls="none", label=" ")] * abs(missing)
    columns = [*drawn, *blank, *looks] if missing > 0 else [*drawn, *looks, *blank]
    legend_below(axes, 2, columns)
