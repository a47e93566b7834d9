"""Under which conditions it was measured: limits, clocks, power, temperature, load, inputs."""

from collections.abc import Iterator, Sequence
from statistics import fmean, median

from bench import energy
from bench.plausible import disturbances
from bench.records.model import Measurement
from bench.report.digits import NONE
from bench.report.groups import without_empty
from bench.report.scalar import Scalar
from bench.throttle import CALM
from bench.titles import inputs
from bench.units import Dimension, show
from bench.verdict import Row
from bench.verification.case import Case
from bench.verification.document import Block, Facts, Paragraph, Table

COLUMNS = (
    "measurement", "inputs", "clock, median (range)", "power, mean (highest)", "temperature",
    "throttle reasons", "1 min load", "CPU time stolen", "share of its cores' time",
)  # fmt: skip


def condition_blocks(case: Case) -> list[Block]:
    """Returns what held all through the run, and a line for each measurement of a figure."""
    record = case.record
    device, machine = record.device, record.machine
    cap = show(device.power_limit_w, Dimension.POWER) if device.power_limit_w else "not reported"
    facts = [
        ("power cap", cap),
        ("limits of the device", ", ".join(device.limits) or "none reported"),
        ("driver", device.driver or "not reported"),
        ("virtual machine", {True: "yes", False: "no", None: "not known"}[machine.virtual]),
        *_span("clock", record.measurements, "clock_hz", Dimension.FREQUENCY),
        *_span("power", record.measurements, "power_w", Dimension.POWER),
        *_span("temperature", record.measurements, "temperature_c", None),
        ("throttle reasons seen", ", ".join(_reasons(record.measurements)) or "none reported"),
    ]
    shown = [row for row in case.judged if row.measurement.timing and not row.measurement.group]
    columns, cells = without_empty(COLUMNS, tuple(_cells(row) for row in shown))
    flat = tuple(_flat(row) for row in shown)
    told = Table("Conditions of each measurement", columns, cells, flat, "conditions")
    return [
        Facts(tuple(facts)),
        *([told] if cells else []),
        Paragraph(
            "Readings were taken during sampling. What the device or system does not report "
            "is a dash, or has no column. These throttle reasons describe a chip at work: "
            f"{', '.join(sorted(CALM))}; any other is a disturbance. Power is only valid where it "
            "was read often enough."
        ),
    ]


def _reasons(found: Sequence[Measurement]) -> list[str]:
    return sorted({word for one in found for word in one.conditions.throttle or ()})


def _span(
    name: str, found: Sequence[Measurement], series: str, dimension: Dimension | None
) -> Iterator[tuple[str, str]]:
    values = [value for one in found for value in energy.readings(one, series)]
    if values:
        low, high = (
            show(one, dimension) if dimension else f"{one:.0f} °C"
            for one in (min(values), max(values))
        )
        yield f"{name}, all measurements", f"{low} to {high}"


def _cells(row: Row) -> tuple[str, ...]:
    one = row.measurement
    seen = one.conditions
    degrees = energy.readings(one, "temperature_c")
    return (
        name_of(row),
        inputs(one.data),
        _clock(one),
        _power(one),
        f"{min(degrees):.0f}–{max(degrees):.0f} °C" if degrees else NONE,
        ", ".join(seen.throttle or ()) or NONE,
        f"{seen.load_1min:.2f}" if seen.load_1min is not None else NONE,
        f"{seen.steal_fraction:.1%}" if seen.steal_fraction is not None else NONE,
        f"{seen.cpu_share:.0%}" if seen.cpu_share is not None else NONE,
    )


def name_of(row: Row) -> str:
    """Returns what a row measures, with its format where the title does not tell."""
    dtype = row.measurement.dtype
    return row.title if dtype in row.title else f"{row.title}, {dtype}"


def _clock(one: Measurement) -> str:
    seen = energy.readings(one, "clock_hz")
    if not seen:
        return NONE
    middle, low, high = (
        show(value, Dimension.FREQUENCY) for value in (median(seen), min(seen), max(seen))
    )
    return f"{middle} ({low}–{high})"


def _power(one: Measurement) -> str:
    seen = energy.readings(one, "power_w")
    if not seen:
        return NONE
    told = f"{show(fmean(seen), Dimension.POWER)} ({show(max(seen), Dimension.POWER)})"
    return told if energy.power(one).mean_w is not None else f"{told}, too few readings"


def _flat(row: Row) -> dict[str, Scalar]:
    one = row.measurement
    clock, power = energy.readings(one, "clock_hz"), energy.readings(one, "power_w")
    degrees = energy.readings(one, "temperature_c")
    return {
        "measurement": name_of(row),
        "data": one.data,
        "clock_hz": median(clock) if clock else None,
        "power_w": fmean(power) if power else None,
        "power_valid": energy.power(one).mean_w is not None if power else None,
        "temperature_c_most": max(degrees) if degrees else None,
        "throttle": ", ".join(one.conditions.throttle or ()),
        "load_1min": one.conditions.load_1min,
        "steal_fraction": one.conditions.steal_fraction,
        "cpu_share": one.conditions.cpu_share,
        "disturbed": ", ".join(disturbances(one)),
    }
