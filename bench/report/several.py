"""Several devices of one machine, each alone and all at once: their figures and how they spread."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from bench.chips.load import Catalogue
from bench.report.digits import NONE, percent, with_interval
from bench.report.markup import Report
from bench.report.scalar import Scalar
from bench.report.spread import (
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
from bench.report.table import Section, Table
from bench.throttle import Throttle
from bench.units import Dimension, show
from bench.verdict import Row

COLUMNS = (
    "figure", "device", "alone (95%)", "at once (95%)", "at once / alone (95%)",
    "clock, alone and at once", "power", "temperature", "remark",
)  # fmt: skip
SPREAD = (
    "figure", "alone: fastest / slowest", "median", "MAD", "slowest", "at once: fastest / slowest",
    "median", "MAD", "slowest",
)  # fmt: skip
READINGS = ("clock_hz", "power_w", "temperature_c")
PHASES = ("alone", "at once")
NEAR = 0.02
"""What is lost by being measured at once that is not told of."""

OVERLAP = 0.9
"""Items that ran beside each other for less of their time were hardly measured at once."""


def spread_report(
    alone: Records, together: Records, troubles: Mapping[str, str], catalogue: Catalogue
) -> Report:
    """Returns the table of devices and figures, and that of their spread.

    Args:
        alone: the record of each device measured alone, by how the device is called.
        together: the records of all measured at once.
        troubles: why a device has no record.
        catalogue: where the records' chips are looked up.
    """
    found = list(figures(alone, together, catalogue))
    pairs = [pair for figure in found for pair in figure]
    names = list({**alone, **together})
    table = Table(
        title=f"{_named(alone, together)}: {_counted(len(names))}",
        heading=(*_outcome(found), *_heading(alone, together, troubles)),
        columns=COLUMNS,
        cells=tuple(map(_cells, pairs)),
        summary=tuple(_summary(found, together)),
        notes=(),
    )
    flat = [_flat(pair, alone, together) for pair in pairs]
    spread = Section(
        "Spread over the devices",
        SPREAD,
        tuple(_spread_cells(figure) for figure in found),
        [_spread_flat(figure) for figure in found],
        ("MAD: median absolute deviation from the median, relative.",),
        key="spread",
    )
    return Report(table, flat, (spread,) if len(names) > 1 else ())


def _named(alone: Records, together: Records) -> str:
    names = {one.device.name for one in (*alone.values(), *together.values())}
    return " and ".join(sorted(names))


def _counted(count: int) -> str:
    return f"{count} devices, each alone and all at once" if count > 1 else "one device, alone"


def _heading(alone: Records, together: Records, troubles: Mapping[str, str]) -> Iterator[str]:
    first = next(iter((*alone.values(), *together.values())))
    group = first.settings.get("group")
    told = (
        f"{first.started_utc[:10]}, suite {first.suite}, torch {first.machine.torch or 'not used'}"
    )
    yield f"{told}, onpaper {first.program.version}, group {group}"
    yield f"Records alone: {', '.join(one.id for one in alone.values()) or 'none'}"
    yield f"Records at once: {', '.join(one.id for one in together.values()) or 'none'}"
    yield from (f"Not measured: {name}: {why}" for name, why in troubles.items())
    if first.device.backend == "fake":
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
        percent(ratio) if ratio else NONE,
        _both(pair, "clock_hz", Dimension.FREQUENCY),
        _both(pair, "power_w", Dimension.POWER),
        _both(pair, "temperature_c", None),
        _remark(pair),
    )


def _value(row: Row | None) -> str:
    return with_interval(row.measured, row.dimension) if row and row.measured else NONE


def _both(pair: Pair, name: str, dimension: Dimension | None) -> str:
    """Returns the median reading alone and at once, as ``1.75 GHz, 1.62 GHz``."""
    told = [reading(row, name) for row in (pair.alone, pair.together)]
    shown = [_shown(value, dimension) for value in told if value is not None]
    return ", ".join(shown) if shown else NONE


def _shown(value: float, dimension: Dimension | None) -> str:
    return show(value, dimension, 3) if dimension else f"{value:.0f} °C"


def _remark(pair: Pair) -> str:
    """Returns why there is no figure, and what throttled the device."""
    words = []
    for when, row in (("alone", pair.alone), ("at once", pair.together)):
        if row and row.measured is None:
            words.append(f"{when}: {row.measurement.status}, {row.reason}")
        throttle = [one for one in _reasons(row) if one != Throttle.IDLE]
        if throttle:
            words.append(f"{when}: {', '.join(throttle)}")
    return "; ".join(dict.fromkeys(words)) or NONE


def _reasons(row: Row | None) -> tuple[str, ...]:
    return (row.measurement.conditions.throttle or ()) if row else ()


def _spread_cells(figure: Figure) -> tuple[str, ...]:
    row = figure[0].first
    told: list[str] = []
    for one in spreads(figure):
        told += (
            [f"{one.range:.3f}", show(one.middle, row.dimension, 4), f"{one.mad:.2%}", one.slowest]
            if one
            else [NONE] * 4
        )
    return (row.title, *told)


def _summary(found: Sequence[Figure], together: Records) -> Iterator[str]:
    """Yields who is slowest, what it costs to be measured at once, and whether it was at once."""
    for figure in found:
        yield from _slowest(figure)
    if not together:
        yield "Nothing was measured at once."
        return
    ratios = {one[0].first.title: _ratio(one) for one in found}
    fallen = [
        f"{title} {ratio:.1%}" for title, ratio in ratios.items() if ratio and ratio < 1 - NEAR
    ]
    if fallen:
        yield f"At once, as a share of alone (medians): {', '.join(fallen)}."
    elif any(ratios.values()):
        yield f"At once, no figure falls by more than {NEAR:.0%} from what devices reach alone."
    shares = [share for figure in found if (share := overlap(figure)) is not None]
    if shares and min(shares) < OVERLAP:
        yield f"Some items overlapped for only {min(shares):.0%} of their time."


def _outcome(found: Sequence[Figure]) -> Iterator[str]:
    """Yields which device is behind in how many figures, alone or else at once."""
    behind = [dict(_behind(figure)) for figure in found]
    for when in PHASES:
        slow = Counter(one[when].slowest for one in behind if when in one)
        if slow:
            place = PHASES.index(when)
            count = sum(spreads(figure)[place] is not None for figure in found)
            told = ", ".join(f"{name} in {times}" for name, times in slow.most_common())
            yield f"Slowest {when}, by more than noise: {told} of {count} figures."


def _behind(figure: Figure) -> Iterator[tuple[str, Spread]]:
    """Yields the phases where the slowest is further behind than deviations and intervals are."""
    for when, one in zip(PHASES, spreads(figure), strict=True):
        if one and one.range > 1 + 2 * max(one.mad, noise(figure, when)):
            yield when, one


def _slowest(figure: Figure) -> Iterator[str]:
    """Yields a sentence where the slowest is behind."""
    told = [
        f"{when} {one.slowest}, the fastest is {one.range - 1:.1%} faster"
        for when, one in _behind(figure)
    ]
    if told:
        yield f"Slowest in {figure[0].first.title}: {'; '.join(told)}."


def _ratio(figure: Figure) -> float | None:
    """Returns the median over devices of what they do at once over what they do alone."""
    ratios = [pair.ratio.value for pair in figure if pair.ratio]
    return median(ratios) if ratios else None


def _flat(pair: Pair, alone: Records, together: Records) -> dict[str, Scalar]:
    row, ratio = pair.first, pair.ratio
    one = row.measurement
    told: dict[str, Scalar] = {
        "device": pair.device,
        "figure": row.key,
        "title": row.title,
        "kernel": one.kernel,
        "dtype": one.dtype,
        "data": one.data,
        "unit": row.dimension.value,
        "ratio": ratio.value if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
        "remark": _remark(pair),
    }
    for when, found, records in (
        ("alone", pair.alone, alone),
        ("together", pair.together, together),
    ):
        measured = found.measured if found else None
        told |= {
            f"{when}_record": records[pair.device].id if pair.device in records else None,
            when: measured.value if measured else None,
            f"{when}_low": measured.low if measured else None,
            f"{when}_high": measured.high if measured else None,
            **{f"{when}_{name}": reading(found, name) for name in READINGS},
            f"{when}_throttle": ", ".join(_reasons(found)),
        }
    return told


def _spread_flat(figure: Figure) -> dict[str, Scalar]:
    row = figure[0].first
    told: dict[str, Scalar] = {
        "figure": row.key, "title": row.title, "unit": row.dimension.value,
        "overlap": overlap(figure),
    }  # fmt: skip
    for when, one in zip(("alone", "together"), spreads(figure), strict=True):
        told |= {
            f"{when}_fastest_over_slowest": one.range if one else None,
            f"{when}_median": one.middle if one else None,
            f"{when}_mad": one.mad if one else None,
            f"{when}_slowest": one.slowest if one else None,
        }
    return told
