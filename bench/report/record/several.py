"""The report on several devices of one machine, each alone and all at once, and their spread."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from bench.chips.load import Catalogue
from bench.judging.spread import (
    Figure,
    Pair,
    Records,
    Spread,
    figures,
    noise,
    overlap,
    reading,
    spreads,
)
from bench.judging.throttle import Throttle
from bench.judging.verdict import Row
from bench.records.model import Record
from bench.report.table import Section, Table
from bench.report.text.digits import NONE, percent, with_interval
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar, bounds
from bench.units import Dimension, show
from bench.words import listed

COLUMNS = (
    "figure", "device", "alone (95%)", "at once (95%)", "at once / alone (95%)",
    "clock, alone and at once", "power", "temperature", "remark",
)  # fmt: skip
SPREAD = (
    "figure", "alone: fastest / slowest", "median", "MAD", "slowest", "at once: fastest / slowest",
    "median", "MAD", "slowest",
)  # fmt: skip
READINGS = ("clock_hz", "power_w", "temperature_c")
MODES = ("alone", "at once")
"""The two ways in which devices are measured."""
NEAR = 0.02
"""Relative loss from measuring at once up to which it is not reported."""

OVERLAP = 0.9
"""Least share of the time that items have to overlap to count as measured at once."""


def spread_report(
    alone: Records, together: Records, troubles: Mapping[str, str], catalogue: Catalogue
) -> Report:
    """Returns the table of devices and figures, and the table of their spread.

    Args:
        alone: the record of each device measured alone, by the device's name.
        together: the records of all devices measured at once, by the device's name.
        troubles: why a device has no record, by the device's name.
        catalogue: catalogue in which the records' chips are looked up.
    """
    all_figures = list(figures(alone, together, catalogue))
    pairs = [pair for figure in all_figures for pair in figure]
    names = list({**alone, **together})
    table = Table(
        title=f"{_named(alone, together)}: {_counted(len(names), only_at_once=not alone)}",
        heading=(*_outcome(all_figures), *_heading(alone, together, troubles)),
        columns=COLUMNS,
        cells=tuple(map(_cells, pairs)),
        summary=tuple(_summary(all_figures, together)),
        notes=(),
    )
    flat = [_flat(pair, alone, together) for pair in pairs]
    spread = Section(
        "Spread over the devices",
        SPREAD,
        tuple(_spread_cells(figure) for figure in all_figures),
        [_spread_flat(figure) for figure in all_figures],
        ("MAD: median absolute deviation from the median, relative.",),
        key="spread",
    )
    return Report(table, flat, (spread,) if len(names) > 1 else ())


def _named(alone: Records, together: Records) -> str:
    names = {one.device.name for one in (*alone.values(), *together.values())}
    return listed(sorted(names))


def _counted(count: int, *, only_at_once: bool) -> str:
    if count == 1:
        return "one device, alone"
    return f"{count} devices, {'' if only_at_once else 'each alone and '}all at once"


def _first(alone: Records, together: Records) -> Record:
    return next(iter((*alone.values(), *together.values())))


def _heading(alone: Records, together: Records, troubles: Mapping[str, str]) -> Iterator[str]:
    """Yields the run, its records, devices that were not measured, and warnings."""
    first = _first(alone, together)
    group = first.settings.get("group")
    run = (
        f"{first.started_utc[:10]}, suite {first.suite}, torch {first.machine.torch or 'not used'}"
    )
    yield f"{run}, onpaper {first.program.version}, group {group}"
    yield f"Records alone: {', '.join(one.id for one in alone.values()) or 'none'}"
    yield f"Records at once: {', '.join(one.id for one in together.values()) or 'none'}"
    yield from (f"Not measured: {name}: {why}" for name, why in troubles.items())
    if first.device.is_fake:
        yield "FAKE devices: these figures are simulated and say nothing about any chip."
    if any(one.state != "complete" for one in (*alone.values(), *together.values())):
        yield "The run was interrupted: what was measured before is shown."


def _cells(pair: Pair) -> tuple[str, ...]:
    row, ratio = pair.first, pair.ratio
    return (
        row.title,
        pair.device,
        _value(pair.alone),
        _value(pair.together),
        percent(ratio),
        _both(pair, "clock_hz", Dimension.FREQUENCY),
        _both(pair, "power_w", Dimension.POWER),
        _both(pair, "temperature_c", None),
        _remark(pair),
    )


def _value(row: Row | None) -> str:
    return with_interval(row.measured, row.dimension) if row and row.measured else NONE


def _both(pair: Pair, name: str, dimension: Dimension | None) -> str:
    """Returns the median readings alone and at once, such as ``1.75 GHz, 1.62 GHz``."""
    medians = [reading(row, name) for row in (pair.alone, pair.together)]
    shown = [_shown(value, dimension) for value in medians if value is not None]
    return ", ".join(shown) if shown else NONE


def _shown(value: float, dimension: Dimension | None) -> str:
    return show(value, dimension, 3) if dimension else f"{value:.0f} °C"


def _remark(pair: Pair) -> str:
    """Returns why a figure is missing, and what throttled the device."""
    reasons = []
    for when, row in (("alone", pair.alone), ("at once", pair.together)):
        if row and row.measured is None:
            reasons.append(f"{when}: {row.measurement.status}, {row.reason}")
        throttle = [reason for reason in _reasons(row) if reason != Throttle.IDLE]
        if throttle:
            reasons.append(f"{when}: {', '.join(throttle)}")
    return "; ".join(dict.fromkeys(reasons)) or NONE


def _reasons(row: Row | None) -> tuple[str, ...]:
    return (row.measurement.conditions.throttle or ()) if row else ()


def _spread_cells(figure: Figure) -> tuple[str, ...]:
    row = figure[0].first
    cells: list[str] = []
    for one in spreads(figure):
        cells += (
            [f"{one.range:.3f}", show(one.middle, row.dimension, 4), f"{one.mad:.2%}", one.slowest]
            if one
            else [NONE] * 4
        )
    return (row.title, *cells)


def _summary(all_figures: Sequence[Figure], together: Records) -> Iterator[str]:
    """Yields the slowest devices, the loss from measuring at once, and incomplete overlap."""
    for figure in all_figures:
        yield from _slowest(figure)
    if not together:
        yield "Nothing was measured at once."
        return
    ratios = {figure[0].first.title: _ratio(figure) for figure in all_figures}
    lower = [
        f"{title} {ratio:.1%}" for title, ratio in ratios.items() if ratio and ratio < 1 - NEAR
    ]
    if lower:
        yield f"At once, as a share of alone (medians): {', '.join(lower)}."
    elif any(ratios.values()):
        yield f"At once, no figure falls by more than {NEAR:.0%} from what devices reach alone."
    shares = [share for figure in all_figures if (share := overlap(figure)) is not None]
    if shares and min(shares) < OVERLAP:
        yield f"Some items overlapped for only {min(shares):.0%} of their time."


def _outcome(all_figures: Sequence[Figure]) -> Iterator[str]:
    """Yields per phase which devices are slowest, in how many figures."""
    behind = [dict(_behind(figure)) for figure in all_figures]
    for when in MODES:
        slow = Counter(phases[when].slowest for phases in behind if when in phases)
        if slow:
            place = MODES.index(when)
            count = sum(spreads(figure)[place] is not None for figure in all_figures)
            names = ", ".join(f"{name} in {times}" for name, times in slow.most_common())
            yield f"Slowest {when}, by more than noise: {names} of {count} figures."


def _behind(figure: Figure) -> Iterator[tuple[str, Spread]]:
    """Yields the phases in which the slowest device is behind by more than noise.

    That is twice the median absolute deviation, or twice the widest relative half-width if that is
    larger.
    """
    for when, spread in zip(MODES, spreads(figure), strict=True):
        if spread and spread.range > 1 + 2 * max(spread.mad, noise(figure, when)):
            yield when, spread


def _slowest(figure: Figure) -> Iterator[str]:
    """Yields a sentence about the slowest device if it is behind."""
    phrases = [
        f"{when} {spread.slowest}, the fastest is {spread.range - 1:.1%} faster"
        for when, spread in _behind(figure)
    ]
    if phrases:
        yield f"Slowest in {figure[0].first.title}: {'; '.join(phrases)}."


def _ratio(figure: Figure) -> float | None:
    """Returns the rate at once over the rate alone, the median over devices."""
    ratios = [pair.ratio.value for pair in figure if pair.ratio]
    return median(ratios) if ratios else None


def _flat(pair: Pair, alone: Records, together: Records) -> dict[str, Scalar]:
    row, ratio = pair.first, pair.ratio
    measurement = row.measurement
    flat: dict[str, Scalar] = {
        "device": pair.device,
        "backend": _first(alone, together).device.backend,
        "figure": row.key,
        "title": row.title,
        "kernel": measurement.kernel,
        "dtype": measurement.dtype,
        "data": measurement.data,
        "unit": row.dimension.value,
        **bounds("ratio", ratio),
        "remark": _remark(pair),
    }
    for when, of_phase, records in (
        ("alone", pair.alone, alone),
        ("together", pair.together, together),
    ):
        measured = of_phase.measured if of_phase else None
        flat |= {
            f"{when}_record": records[pair.device].id if pair.device in records else None,
            **bounds(when, measured),
            **{f"{when}_{name}": reading(of_phase, name) for name in READINGS},
            f"{when}_throttle": ", ".join(_reasons(of_phase)),
        }
    return flat


def _spread_flat(figure: Figure) -> dict[str, Scalar]:
    row = figure[0].first
    flat: dict[str, Scalar] = {
        "figure": row.key, "title": row.title, "unit": row.dimension.value,
        "overlap": overlap(figure),
    }  # fmt: skip
    for when, spread in zip(("alone", "together"), spreads(figure), strict=True):
        flat |= {
            f"{when}_fastest_over_slowest": spread.range if spread else None,
            f"{when}_median": spread.middle if spread else None,
            f"{when}_mad": spread.mad if spread else None,
            f"{when}_slowest": spread.slowest if spread else None,
        }
    return flat
