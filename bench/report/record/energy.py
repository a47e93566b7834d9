"""Sustained loads: settled rate against burst, power beside TDP, energy per FLOP and per byte."""

from collections.abc import Iterator, Sequence

from bench.chips.load import Catalogue
from bench.chips.paper import Paper, paper
from bench.judging import energy
from bench.judging.rates import Interval
from bench.judging.verdict import Row
from bench.records.model import Measurement, Record
from bench.report.table import Section
from bench.report.text.digits import NONE, beside, with_interval
from bench.report.text.scalar import Scalar
from bench.units import Dimension, show

TITLE = "Sustained load"
OVER_TIME = "Sustained load over time"
COLUMNS = (
    "load", "settled rate (97% interval)", "burst", "settled / burst", "settled",
    "bytes/s", "power beside TDP", "energy", "temperature",
)  # fmt: skip
TIME_COLUMNS = ("load", "time", "rate", "clock", "power", "temperature")
PARTS = 8
"""Number of time slices in the table over time."""

SEPARATELY = (
    "Separately: two loads give two equations for two unknowns, which leaves no way to tell the "
    "error. Idle power is spread over both, so that neither is what one more operation costs."
)
"""Note on the energies per operation and per byte of two loads."""
CPU_CLOCK = "A CPU's clock is read before and after a load, not during it."


def energy_sections(
    record: Record, judged: Sequence[Row], catalogue: Catalogue
) -> Iterator[Section]:
    """Yields the table of sustained loads, and one of each load over time."""
    loads = [row for row in judged if energy.keeps_up(row.measurement) and row.measured]
    if not loads:
        return
    tdp = _tdp(record, catalogue)
    others = energy.of_others(record.device)
    split = {} if others else _split(loads)
    cells = tuple(cell for row in loads if (cell := _cells(row, tdp, split, others)))
    flat = [_flat(record, row, tdp, split) for row in loads]
    yield Section(TITLE, COLUMNS, cells, flat, (SEPARATELY,) if split else ())
    told = (CPU_CLOCK,) if record.device.backend == "cpu" else ()
    yield Section(OVER_TIME, TIME_COLUMNS, tuple(_over_time(loads)), [], told)


def _tdp(record: Record, catalogue: Catalogue) -> Paper | None:
    chip = catalogue.sheet_of(record)
    found = paper(record.device, chip, ("tdp",), catalogue)
    return found if isinstance(found, Paper) else None


def _split(loads: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """Returns J/FLOP and J/B by dtype, if its loads ``matrix`` and ``mixed`` separate the two."""
    by_load = {
        (one.dtype, str(one.parameters.get("load"))): one
        for one in (row.measurement for row in loads)
    }
    split = {}
    for (dtype, load), mixed in by_load.items():
        matrix = by_load.get((dtype, "matrix"))
        pair = energy.per_operation_and_byte(matrix, mixed) if matrix and load == "mixed" else None
        if pair:
            split[dtype] = pair
    return split


def _cells(
    row: Row, tdp: Paper | None, split: dict[str, tuple[float, float]], others: str
) -> tuple[str, ...] | None:
    """Returns the cells of one load; None without timing or work."""
    measurement = row.measurement
    timing, work = measurement.timing, measurement.work
    if timing is None or work is None:
        return None
    settled = energy.settled(timing)
    rate = Interval(*(work.flop / s for s in (settled.median_s, settled.high_s, settled.low_s)))
    return (
        _name(measurement),
        with_interval(rate, row.dimension),
        beside(work.flop / timing.stats.burst_s, rate, row.dimension),
        f"{timing.stats.burst_s / settled.median_s:.1%}",
        settled.words.removeprefix("settled "),
        show(work.bytes / settled.median_s, Dimension.BYTE_RATE),
        _power(measurement, tdp, others),
        _energy(measurement, split, others),
        _span(energy.readings(measurement, "temperature_c")),
    )


def _name(measurement: Measurement) -> str:
    """Returns format, load and duration, such as ``bf16 matrix, 300 s``."""
    load = str(measurement.parameters.get("load", measurement.kernel))
    lasted_s = measurement.timing.at_s[-1] if measurement.timing else 0.0
    return f"{measurement.dtype} {load}, {lasted_s:.0f} s"


def _power(measurement: Measurement, tdp: Paper | None, others: str) -> str:
    """Returns the mean power beside the TDP, or why it is unknown."""
    power = energy.power(measurement, others)
    if power.mean_w is None:
        return power.reason
    mean = show(power.mean_w, Dimension.POWER)
    if tdp is None:
        return f"{mean}, no TDP published"
    return f"{mean} of {tdp.text} ({power.mean_w / tdp.value:.0%})"


def _energy(measurement: Measurement, split: dict[str, tuple[float, float]], others: str) -> str:
    """Returns energy per FLOP of a call with its bytes; of a mixed load also each separately."""
    call_j = energy.energy_j(measurement, others)
    if call_j is None or measurement.work is None:
        return NONE
    whole = f"{1e12 * call_j / measurement.work.flop:.3g} pJ/FLOP"
    is_mixed = measurement.parameters.get("load") == "mixed"
    pair = split.get(measurement.dtype) if is_mixed else None
    if pair is None:
        return whole
    parts = f"{1e12 * pair[0]:.3g} pJ/FLOP, {1e12 * pair[1]:.3g} pJ/B"
    return f"{whole} with its bytes; separately {parts}"


def _span(values: tuple[float, ...]) -> str:
    return f"{min(values):.0f}–{max(values):.0f} °C" if values else NONE


def _over_time(loads: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for row in loads:
        work = row.measurement.work
        for part in energy.slices(row.measurement, PARTS):
            yield (
                _name(row.measurement),
                f"{part.start_s:.1f}–{part.end_s:.1f} s",
                show(work.flop / part.call_s, row.dimension) if work and part.call_s else NONE,
                show(part.clock_hz, Dimension.FREQUENCY) if part.clock_hz else NONE,
                show(part.power_w, Dimension.POWER) if part.power_w else NONE,
                f"{part.temperature_c:.0f} °C" if part.temperature_c else NONE,
            )


def _flat(
    record: Record, row: Row, tdp: Paper | None, split: dict[str, tuple[float, float]]
) -> dict[str, Scalar]:
    measurement, timing = row.measurement, row.measurement.timing
    pair = split.get(measurement.dtype)
    settled = energy.settled(timing) if timing else None
    work, others = measurement.work, energy.of_others(record.device)
    power, call_j = energy.power(measurement, others), energy.energy_j(measurement, others)
    return {
        "record": record.id,
        "dtype": measurement.dtype,
        "load": str(measurement.parameters.get("load", "")),
        "settled_s": settled.median_s if settled else None,
        "settled_low_s": settled.low_s if settled else None,
        "settled_high_s": settled.high_s if settled else None,
        "settled_after_s": settled.after_s if settled else None,
        "burst_s": timing.stats.burst_s if timing else None,
        "power_w": power.mean_w,
        "power_samples": power.samples,
        "tdp_w": tdp.value if tdp else None,
        "joule_per_flop": call_j / work.flop if call_j and work else None,
        "joule_per_flop_apart": pair[0] if pair else None,
        "joule_per_byte_apart": pair[1] if pair else None,
    }
