"""The conditions of the measurements: limits, clocks, power, temperature, load, inputs."""

from collections.abc import Iterator, Sequence
from statistics import fmean, median

from bench.judging import energy
from bench.judging.plausible import disturbances
from bench.judging.throttle import CALM
from bench.judging.titles import inputs
from bench.judging.verdict import Row
from bench.records.model import Measurement
from bench.report.text.digits import NONE
from bench.report.text.groups import without_empty
from bench.report.text.scalar import Scalar
from bench.units import Dimension, show
from bench.verification.case import Case
from bench.verification.document import Block, Facts, Paragraph, Table

COLUMNS = (
    "measurement", "inputs", "clock, median (range)", "power, mean (highest)", "temperature",
    "throttle reasons", "1 min load", "CPU time stolen", "share of its cores' time",
)  # fmt: skip


def condition_blocks(case: Case) -> list[Block]:
    """Returns the run's conditions and a table with those of each measurement."""
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
    others = energy.of_others(device)
    shown = [row for row in case.judged if row.measurement.timing and not row.measurement.group]
    columns, cells = without_empty(COLUMNS, tuple(_cells(row, others) for row in shown))
    flat = tuple(_flat(row, others) for row in shown)
    table = Table("Conditions of each measurement", columns, cells, flat, "conditions")
    return [
        Facts(tuple(facts)),
        *([table] if cells else []),
        Paragraph(
            "Readings were taken during sampling. What the device or system does not report "
            "is a dash, or has no column. These throttle reasons describe a chip at work: "
            f"{', '.join(sorted(CALM))}; any other is a disturbance. Power is only valid where it "
            "was read often enough."
        ),
    ]


def _reasons(measurements: Sequence[Measurement]) -> list[str]:
    """Returns the throttle reasons that any measurement saw, sorted."""
    return sorted({reason for one in measurements for reason in one.conditions.throttle or ()})


def _span(
    name: str, measurements: Sequence[Measurement], series: str, dimension: Dimension | None
) -> Iterator[tuple[str, str]]:
    """Yields the range of a series of readings over all measurements, if it was read."""
    values = [value for one in measurements for value in energy.readings(one, series)]
    if values:
        low, high = (
            show(one, dimension) if dimension else f"{one:.0f} °C"
            for one in (min(values), max(values))
        )
        yield f"{name}, all measurements", f"{low} to {high}"


def _cells(row: Row, others: str) -> tuple[str, ...]:
    measurement = row.measurement
    conditions = measurement.conditions
    degrees = energy.readings(measurement, "temperature_c")
    return (
        name_of(row),
        inputs(measurement.data),
        _clock(measurement),
        _power(measurement, others),
        f"{min(degrees):.0f}–{max(degrees):.0f} °C" if degrees else NONE,
        ", ".join(conditions.throttle or ()) or NONE,
        f"{conditions.load_1min:.2f}" if conditions.load_1min is not None else NONE,
        f"{conditions.steal_fraction:.1%}" if conditions.steal_fraction is not None else NONE,
        f"{conditions.cpu_share:.0%}" if conditions.cpu_share is not None else NONE,
    )


def name_of(row: Row) -> str:
    """Returns a row's title, followed by its number format where the title lacks it."""
    dtype = row.measurement.dtype
    return row.title if dtype in row.title else f"{row.title}, {dtype}"


def _clock(measurement: Measurement) -> str:
    clocks_hz = energy.readings(measurement, "clock_hz")
    if not clocks_hz:
        return NONE
    middle, low, high = (
        show(value, Dimension.FREQUENCY)
        for value in (median(clocks_hz), min(clocks_hz), max(clocks_hz))
    )
    return f"{middle} ({low}–{high})"


def _power(measurement: Measurement, others: str) -> str:
    powers_w = energy.readings(measurement, "power_w")
    if not powers_w:
        return NONE
    text = f"{show(fmean(powers_w), Dimension.POWER)} ({show(max(powers_w), Dimension.POWER)})"
    if others:
        return f"{text}, {others}"
    return text if energy.power(measurement).mean_w is not None else f"{text}, too few readings"


def _flat(row: Row, others: str) -> dict[str, Scalar]:
    measurement = row.measurement
    clock, power = energy.readings(measurement, "clock_hz"), energy.readings(measurement, "power_w")
    degrees = energy.readings(measurement, "temperature_c")
    return {
        "measurement": name_of(row),
        "data": measurement.data,
        "clock_hz": median(clock) if clock else None,
        "power_w": fmean(power) if power else None,
        "power_valid": energy.power(measurement, others).mean_w is not None if power else None,
        "temperature_c_most": max(degrees) if degrees else None,
        "throttle": ", ".join(measurement.conditions.throttle or ()),
        "load_1min": measurement.conditions.load_1min,
        "steal_fraction": measurement.conditions.steal_fraction,
        "cpu_share": measurement.conditions.cpu_share,
        "disturbed": ", ".join(disturbances(measurement)),
    }
