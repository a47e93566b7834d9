"""Plot of measured over published figures: one bar per figure of the sheet that was tested."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.judging.rates import Interval
from bench.judging.standing import nearest, stream_words
from bench.judging.verdict import MARGIN, Row, Verdict
from bench.plot.axes import legend_below, name_of, record_note, short
from bench.plot.picture import Picture
from bench.records.model import Record
from bench.report.text.digits import beside
from bench.report.text.scalar import Scalar, bounds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

LOOKS = {
    Verdict.REACHED: (2, ""), Verdict.UNDECIDED: (4, ".."), Verdict.SHORT: (1, "//"),
    Verdict.IMPLAUSIBLE: (3, "xx"),
}  # fmt: skip
"""Look of a bar by its verdict: index into the theme's series colours, and hatch."""
BAR_IN, FRAME_IN = 0.36, 1.3
"""Height of one bar, and of everything else in the plot, inches."""


@dataclass(frozen=True)
class Bar:
    """One figure: its judged row, published and measured value, and measured over published.

    ``streams`` names the lowest stream, where several test the figure.
    """

    row: Row
    published: Paper
    measured: Interval
    fraction: Interval
    streams: str = ""

    @property
    def burst(self) -> float | None:
        """Returns the rate of the best short window over the published value."""
        return self.row.burst / self.published.value if self.row.burst else None


def pictures(
    record: Record, rows: Sequence[Row], catalogue: Catalogue, margin: float = MARGIN
) -> Iterator[Picture]:
    """Yields the picture ``figures``, if any published figure was tested."""
    tested = list(bars(rows))
    if tested:
        yield Picture(
            name="figures",
            title=_title(name_of(record, catalogue), tested, margin),
            alt=_alt(tested),
            note=record_note(record),
            rows=[_row_of(record, bar) for bar in tested],
            paint=partial(_paint, tested, margin),
            height=FRAME_IN + BAR_IN * len(tested),
        )


def bars(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yields a bar for each published figure: the plausible measurement nearest to it.

    An implausible one is used if there is no other.
    """
    implausible = {row.key: row for row in rows if _is_implausible(row)}
    for row in (implausible | nearest(rows)).values():
        if row.measured and row.fraction and row.paper:
            streams = stream_words(row.key, rows)
            yield Bar(row, row.paper, row.measured, row.fraction, streams)


def _is_implausible(row: Row) -> bool:
    measurement = row.measurement
    return (
        row.verdict is Verdict.IMPLAUSIBLE
        and measurement.decides
        and not (measurement.group or row.apart)
    )


def _title(chip: str, tested: Sequence[Bar], margin: float) -> str:
    reached = sum(bar.row.verdict is Verdict.REACHED for bar in tested)
    believed = [bar for bar in tested if bar.row.verdict is not Verdict.IMPLAUSIBLE]
    kind = "figures" if any(bar.published.formula for bar in tested) else "published figures"
    text = f"{chip}: {reached} of {len(tested)} {kind} reached within {100 * margin:.4g}%"
    if not believed:
        return text
    lowest = min(believed, key=lambda bar: bar.fraction.value)
    return f"{text}; the least is {_name(lowest)} at {lowest.fraction.value:.0%}"


def _alt(tested: Sequence[Bar]) -> str:
    parts = (f"{_name(bar)} {_outcome(bar)}" for bar in tested)
    return f"Bars of measured over published: {'; '.join(parts)}."


def _name(bar: Bar) -> str:
    return short(bar.row.title, 44)


def _label(bar: Bar) -> str:
    return f"{_name(bar)}\n{bar.streams}" if bar.streams else _name(bar)


def _outcome(bar: Bar) -> str:
    """Returns ``97.6%, reached, lowest stream: copy 89.4%``."""
    parts = (f"{bar.fraction.value:.1%}", bar.row.verdict.value, bar.streams)
    return ", ".join(part for part in parts if part)


def _row_of(record: Record, bar: Bar) -> dict[str, Scalar]:
    row = bar.row
    return {
        "record": record.id,
        "figure": bar.published.key,
        "title": row.title,
        "unit": row.dimension.value,
        "published": bar.published.value,
        "formula": bar.published.formula,
        **bounds("measured", bar.measured),
        "burst": row.burst,
        **bounds("achieved", bar.fraction),
        "verdict": row.verdict.value,
        "reason": row.reason,
        "shape": row.shape,
    }


def _paint(tested: Sequence[Bar], margin: float, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    places = list(range(len(tested)))
    for place, bar in zip(places, tested, strict=True):
        _bar(axes, place, bar, theme)
    axes.axvline(1.0, color=theme.ink, lw=1.4, label="published (100%)")
    axes.axvline(
        1 - margin, color=theme.ink, lw=1.2, ls="--", label=f"margin ({100 * (1 - margin):.4g}%)"
    )
    axes.plot([], [], "|", color=theme.ink, ms=12, mew=2, label="burst")
    axes.errorbar([], [], xerr=[], fmt="none", color=theme.ink, capsize=3, label="95% interval")
    axes.set_yticks(places, labels=[_label(bar) for bar in tested])
    axes.set_ylim(len(tested) - 0.4, -0.6)
    axes.set_xlim(0, 1.05 * max(1.0, *(max(bar.fraction.high, bar.burst or 0) for bar in tested)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("achieved fraction: measured over published, %")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    legend_below(axes, 4)


def _bar(axes: "Axes", place: int, bar: Bar, theme: "Theme") -> None:
    colour_index, hatch = LOOKS.get(bar.row.verdict, (0, ""))
    colour, share = theme.series[colour_index], bar.fraction
    axes.barh(
        place, share.value, 0.62, facecolor=colour if not hatch else "none", edgecolor=colour,
        hatch=hatch or None, lw=1.2,
    )  # fmt: skip
    error = [[share.value - share.low], [share.high - share.value]]
    axes.errorbar(share.value, place, xerr=error, fmt="none", color=theme.ink, capsize=3, lw=1.4)
    if bar.burst:
        axes.plot([bar.burst], [place], "|", color=theme.ink, ms=12, mew=2)
    measured = beside(bar.measured.value, bar.measured, bar.row.dimension, bar.published.text)
    derived = " (derived)" if bar.published.formula else ""
    text = (
        f"{short(bar.published.text, 18)}{derived} → {measured}\n"
        f"{share.value:.1%}, {bar.row.verdict.value}"
    )
    axes.text(
        1.01, place, text, transform=axes.get_yaxis_transform(), va="center", size=9,
        color=theme.ink, linespacing=1.05,
    )  # fmt: skip
