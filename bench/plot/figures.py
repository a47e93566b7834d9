"""Published beside measured: a bar for each figure of the sheet that a record tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.plot.axes import legend_below, name_of, short, whence
from bench.plot.picture import Picture
from bench.rates import Interval
from bench.records.model import Record
from bench.report.digits import beside
from bench.report.scalar import Scalar
from bench.standing import nearest
from bench.verdict import MARGIN, Row, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

LOOKS = {
    Verdict.REACHED: (2, ""), Verdict.UNDECIDED: (4, ".."), Verdict.SHORT: (1, "//"),
    Verdict.IMPLAUSIBLE: (3, "xx"),
}  # fmt: skip
"""Colour, by its place among the series, and hatch of a bar by its verdict."""
BAR_IN, FRAME_IN = 0.36, 1.3


@dataclass(frozen=True)
class Bar:
    """One figure: its row, published value and achieved fraction."""

    row: Row
    published: Paper
    measured: Interval
    fraction: Interval

    @property
    def burst(self) -> float | None:
        """Returns the best short window over the published value."""
        return self.row.burst / self.published.value if self.row.burst else None


def pictures(
    record: Record, judged: Sequence[Row], catalogue: Catalogue, margin: float = MARGIN
) -> Iterator[Picture]:
    """Yields ``figures``, if any published figure was tested."""
    found = list(bars(judged))
    if found:
        yield Picture(
            name="figures",
            title=_title(name_of(record, catalogue), found, margin),
            alt=_alt(found),
            note=whence(record),
            rows=[_flat(record, one) for one in found],
            paint=partial(_paint, found, margin),
            height=FRAME_IN + BAR_IN * len(found),
        )


def bars(judged: Sequence[Row]) -> Iterator[Bar]:
    """Yields of each published figure what came nearest to it; what is implausible, if alone."""
    odd = {row.key: row for row in judged if _is_odd(row)}
    for row in (odd | nearest(judged)).values():
        if row.measured and row.fraction and isinstance(row.published, Paper):
            yield Bar(row, row.published, row.measured, row.fraction)


def _is_odd(row: Row) -> bool:
    told = row.measurement
    return row.verdict is Verdict.IMPLAUSIBLE and told.decides and not (told.group or row.apart)


def _title(chip: str, found: Sequence[Bar], margin: float) -> str:
    reached = sum(one.row.verdict is Verdict.REACHED for one in found)
    believed = [one for one in found if one.row.verdict is not Verdict.IMPLAUSIBLE]
    kind = "figures" if any(one.published.formula for one in found) else "published figures"
    words = f"{chip}: {reached} of {len(found)} {kind} reached within {100 * margin:.4g}%"
    if not believed:
        return words
    least = min(believed, key=lambda one: one.fraction.value)
    return f"{words}; the least is {_name(least)} at {least.fraction.value:.0%}"


def _alt(found: Sequence[Bar]) -> str:
    told = (f"{_name(one)} {one.fraction.value:.1%}, {one.row.verdict.value}" for one in found)
    return f"Bars of measured over published: {'; '.join(told)}."


def _name(one: Bar) -> str:
    return short(one.row.title, 44)


def _flat(record: Record, one: Bar) -> dict[str, Scalar]:
    row = one.row
    return {
        "record": record.id,
        "figure": one.published.key,
        "title": row.title,
        "unit": row.dimension.value,
        "published": one.published.value,
        "formula": one.published.formula,
        "measured": one.measured.value,
        "measured_low": one.measured.low,
        "measured_high": one.measured.high,
        "burst": row.burst,
        "achieved": one.fraction.value,
        "achieved_low": one.fraction.low,
        "achieved_high": one.fraction.high,
        "verdict": row.verdict.value,
        "reason": row.reason,
        "shape": row.shape,
    }


def _paint(found: Sequence[Bar], margin: float, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    places = list(range(len(found)))
    for place, one in zip(places, found, strict=True):
        _bar(axes, place, one, theme)
    axes.axvline(1.0, color=theme.ink, lw=1.4, label="published (100%)")
    axes.axvline(
        1 - margin, color=theme.ink, lw=1.2, ls="--", label=f"margin ({100 * (1 - margin):.4g}%)"
    )
    axes.plot([], [], "|", color=theme.ink, ms=12, mew=2, label="burst")
    axes.errorbar([], [], xerr=[], fmt="none", color=theme.ink, capsize=3, label="95% interval")
    axes.set_yticks(places, labels=[_name(one) for one in found])
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlim(0, 1.05 * max(1.0, *(max(one.fraction.high, one.burst or 0) for one in found)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("achieved fraction: measured over published, %")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    legend_below(axes, 4)


def _bar(axes: "Axes", place: int, one: Bar, theme: "Theme") -> None:
    number, hatch = LOOKS.get(one.row.verdict, (0, ""))
    colour, share = theme.series[number], one.fraction
    axes.barh(
        place, share.value, 0.62, facecolor=colour if not hatch else "none", edgecolor=colour,
        hatch=hatch or None, lw=1.2,
    )  # fmt: skip
    error = [[share.value - share.low], [share.high - share.value]]
    axes.errorbar(share.value, place, xerr=error, fmt="none", color=theme.ink, capsize=3, lw=1.4)
    if one.burst:
        axes.plot([one.burst], [place], "|", color=theme.ink, ms=12, mew=2)
    measured = beside(one.measured.value, one.measured, one.row.dimension, one.published.text)
    derived = " (derived)" if one.published.formula else ""
    told = (
        f"{short(one.published.text, 18)}{derived} → {measured}\n"
        f"{share.value:.1%}, {one.row.verdict.value}"
    )
    axes.text(
        1.01, place, told, transform=axes.get_yaxis_transform(), va="center", size=9,
        color=theme.ink, linespacing=1.05,
    )  # fmt: skip
