"""Plot of a sustained load over time: rate, clock, power, temperature, and the sheet's values."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, zip_longest
from statistics import median
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.chips.paper import Paper, paper
from bench.judging import energy
from bench.judging.verdict import Row
from bench.plot.axes import linear_axis, name_of, quantity, record_note, short, slug
from bench.plot.picture import Picture
from bench.records.model import Measurement, Record
from bench.report.text.scalar import Scalar
from bench.units import Dimension, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

WINDOWS = 300
"""A longer series is drawn as median and extremes of this many parts; the rows have all values."""
PANEL_IN, FRAME_IN = 1.15, 0.9
"""Height of one panel, and of everything else in the plot, inches."""
NOTED_GAP_S = 0.1
"""The note mentions a gap before the first sample of the rate from this length on."""
CLOCK_KEYS = ("clock_matrix", "clock_boost", "clock_base")
"""Published clocks to compare the measured clock with: the first that the sheet has is used."""


@dataclass(frozen=True)
class Panel:
    """One series over time.

    Attributes:
        title: name of the quantity.
        text: function that formats a value with its unit.
        at_s: times since the load began, s.
        values: the quantity at those times, in base units.
        published: the sheet's value, as text and in base units; None if the sheet has none.
        sampled: the values read while the rate was sampled, which the record's tables summarise.
    """

    title: str
    text: Callable[[float], str]
    at_s: tuple[float, ...]
    values: tuple[float, ...]
    published: tuple[str, float] | None = None
    sampled: tuple[float, ...] = ()


@dataclass(frozen=True)
class Load:
    """One sustained load.

    Attributes:
        panels: the series to draw, the rate first.
        dimension: physical dimension of the rates.
        burst: rate of the best short window, in base units.
        settled: rate after the load settled, in base units.
        after_s: time after which the rate had settled, s; None if it did not settle.
        words: the same in words.
    """

    panels: tuple[Panel, ...]
    dimension: Dimension
    burst: float
    settled: float
    after_s: float | None
    words: str


def pictures(record: Record, rows: Sequence[Row], catalogue: Catalogue) -> Iterator[Picture]:
    """Yields ``sustained-DTYPE-LOAD`` for each sustained load."""
    names: dict[str, int] = {}
    for row in rows:
        found = load(record, row, catalogue) if energy.keeps_up(row.measurement) else None
        if found is None:
            continue
        name = slug(f"sustained {row.measurement.dtype} {_kind(row)}")
        names[name] = names.get(name, 0) + 1
        yield Picture(
            name=name if names[name] == 1 else f"{name}-{names[name]}",
            title=_title(record, name_of(record, catalogue), row, found),
            alt=_alt(row, found),
            note=_note(record, found),
            rows=list(_rows(record, row)),
            paint=partial(_paint, found),
            height=FRAME_IN + PANEL_IN * len(found.panels),
        )


def load(record: Record, row: Row, catalogue: Catalogue) -> Load | None:
    """Returns a load's series and rates; None if no rate was measured."""
    timing = row.measurement.timing
    if timing is None or row.measured is None or row.burst is None:
        return None
    settled = energy.settled(timing)
    work = row.measured.value * timing.stats.median_s
    rates = tuple(work / one for one in timing.samples_s)
    published = row.published
    peak = (published.text, published.value) if isinstance(published, Paper) else None
    text = partial(quantity, dimension=row.dimension)
    rate = Panel("rate", text, timing.at_s, rates, peak, rates)
    panels = (rate, *_readings(record, row.measurement, catalogue))
    return Load(
        panels, row.dimension, row.burst, work / settled.median_s, settled.after_s, settled.words
    )


def _readings(record: Record, measurement: Measurement, catalogue: Catalogue) -> Iterator[Panel]:
    """Yields the panels of clock, power and temperature, as far as they were read."""
    conditions, chip = measurement.conditions, catalogue.sheet_of(record)
    for title, series, keys, dimension in (
        ("clock", "clock_hz", CLOCK_KEYS, Dimension.FREQUENCY),
        ("power", "power_w", ("tdp",), Dimension.POWER),
        ("temperature", "temperature_c", (), None),
    ):
        values: tuple[float, ...] = getattr(conditions, series)
        if not values or len(values) != len(conditions.at_s):
            continue
        found = paper(record.device, chip, keys, catalogue) if keys else None
        published = (found.text, found.value) if isinstance(found, Paper) else None
        text = partial(quantity, dimension=dimension) if dimension else _celsius
        yield Panel(
            title, text, conditions.at_s, values, published, energy.readings(measurement, series)
        )


def _celsius(value: float) -> str:
    return f"{value:.4g} °C"


def _kind(row: Row) -> str:
    return short(str(row.measurement.parameters.get("load", "load")), 16)


def _title(record: Record, chip: str, row: Row, found: Load) -> str:
    does = "settles at" if found.after_s is not None else "does not settle: its last half is at"
    text = (
        f"{short(row.measurement.dtype, 12)} {_kind(row)} load on the {chip} "
        f"{does} {show(found.settled, row.dimension)}"
    )
    peak, others = row.published, energy.of_others(record.device)
    mean_w = energy.power(row.measurement, others).mean_w
    if isinstance(peak, Paper):
        kind = "derived" if peak.formula else "published"
        text += f", {found.settled / peak.value:.0%} of the {kind} peak"
    text += f", with {show(mean_w, Dimension.POWER)} on average" if mean_w else ""
    return f"{text}; its burst is {max(0.0, found.burst / found.settled - 1):.0%} faster"


def _alt(row: Row, found: Load) -> str:
    parts = [
        f"{panel.title} from {panel.text(min(panel.sampled))} to {panel.text(max(panel.sampled))}"
        + (f", published {panel.published[0]}" if panel.published else "")
        for panel in found.panels
    ]
    return (
        f"{_kind(row)} load over {found.panels[0].at_s[-1]:.0f} s, {found.words}; while the "
        f"rate was sampled: {'; '.join(parts)}."
    )


def _note(record: Record, found: Load) -> str:
    first_s = found.panels[0].at_s[0]
    if first_s < NOTED_GAP_S:
        return record_note(record)
    return f"{record_note(record)} No sample of the rate was kept before {first_s:.1f} s."


def _rows(record: Record, row: Row) -> Iterator[dict[str, Scalar]]:
    """Yields a row for every sample of the rate and for every sensor reading."""
    timing, conditions = row.measurement.timing, row.measurement.conditions
    if timing is None or row.measured is None:
        return
    work = row.measured.value * timing.stats.median_s
    common: dict[str, Scalar] = {
        "record": record.id, "dtype": row.measurement.dtype, "load": _kind(row),
    }  # fmt: skip
    for at, call_s in zip(timing.at_s, timing.samples_s, strict=True):
        yield {
            **common,
            "at_s": at,
            "what": "sample",
            "call_s": call_s,
            "rate_per_s": work / call_s,
        }
    series = (conditions.clock_hz, conditions.power_w, conditions.temperature_c)
    for at, clock, power, heat in zip_longest(conditions.at_s, *series):
        yield {
            **common, "at_s": at, "what": "reading", "clock_hz": clock, "power_w": power,
            "temperature_c": heat,
        }  # fmt: skip


def _paint(found: Load, figure: "Figure", theme: "Theme") -> None:
    all_axes = figure.subplots(len(found.panels), 1, sharex=True, squeeze=False)[:, 0]
    for number, (axes, panel) in enumerate(zip(all_axes, found.panels, strict=True)):
        _draw_series(axes, panel, theme, theme.series[number])
        if number == 0:
            _mark_rates(axes, found, theme)
        _widen_limits(axes)
        if number == 0:
            _label_settling(axes, found, theme)
        linear_axis(axes.yaxis, panel.text)
        axes.set_title(_heading(panel, found if number == 0 else None), weight="normal", size=9)
        axes.tick_params(labelbottom=number == len(found.panels) - 1)
    all_axes[-1].set_xlabel("time since the load began, s")


def _heading(panel: Panel, rates: Load | None) -> str:
    parts = [f"published {short(panel.published[0], 18)} (dashed)"] if panel.published else []
    if rates:
        parts.append(f"burst {show(rates.burst, rates.dimension)} (dotted)")
        parts.append(f"settled {show(rates.settled, rates.dimension)} (dash-dot)")
    return f"{panel.title}: {', '.join(parts)}" if parts else panel.title


def _draw_series(axes: "Axes", panel: Panel, theme: "Theme", colour: str) -> None:
    at_s, middle, low, high = windowed(panel.at_s, panel.values)
    axes.fill_between(at_s, low, high, color=colour, alpha=0.25, lw=0)
    axes.plot(at_s, middle, color=colour, lw=1.4)
    if panel.published:
        axes.axhline(panel.published[1], color=theme.ink, ls="--", lw=1.2)


def _mark_rates(axes: "Axes", found: Load, theme: "Theme") -> None:
    """Marks the burst rate, the settled rate, and the time at which the rate had settled."""
    for value, style in ((found.burst, ":"), (found.settled, "-.")):
        axes.axhline(value, color=theme.series[1], ls=style, lw=1.4)
    if found.after_s is not None:
        axes.axvline(found.after_s, color=theme.series[1], ls="-.", lw=1)


def _label_settling(axes: "Axes", found: Load, theme: "Theme") -> None:
    """Labels the time of settling beside its line, in the widest gap between horizontal lines."""
    if found.after_s is None:
        return
    panel = found.panels[0]
    published = (panel.published[1],) if panel.published else ()
    seen = min(panel.values), max(panel.values)
    lines = {*axes.get_ylim(), found.burst, found.settled, *published}
    levels = sorted({*seen, *(one for one in lines if not seen[0] <= one <= seen[1])})
    gaps = [gap for gap in pairwise(levels) if gap != seen]
    low, high = max(gaps, key=lambda gap: gap[1] - gap[0])
    left, right = axes.get_xlim()
    before = found.after_s > (left + right) / 2
    axes.annotate(
        found.words, (found.after_s, (low + high) / 2), (-4 if before else 4, 0),
        textcoords="offset points", ha="right" if before else "left", va="center", size=9,
        color=theme.ink, bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _widen_limits(axes: "Axes") -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    axes.margins(x=0.01)


Windows = tuple[list[float], list[float], list[float], list[float]]
"""Times (s), medians, minima and maxima, one entry per part of a series."""


def windowed(at_s: Sequence[float], values: Sequence[float]) -> Windows:
    """Returns a series in ``WINDOWS`` parts: median time, median, minimum and maximum of each.

    A series of at most ``WINDOWS`` values is returned as it is.
    """
    if len(values) <= WINDOWS:
        return list(at_s), list(values), list(values), list(values)
    start, step = at_s[0], (at_s[-1] - at_s[0]) / WINDOWS
    cuts = [bisect_left(at_s, start + number * step) for number in range(WINDOWS)]
    parts = [slice(*pair) for pair in zip(cuts, [*cuts[1:], len(values)], strict=True)]
    kept = [(at_s[part], values[part]) for part in parts if values[part]]
    return (
        [median(times) for times, _ in kept],
        [median(part) for _, part in kept],
        [min(part) for _, part in kept],
        [max(part) for _, part in kept],
    )
