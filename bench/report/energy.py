"""Loads kept up: burst against settled, power beside TDP, energy an operation and a byte."""

from collections.abc import Iterator, Sequence

from bench import energy
from bench.chips.load import Catalogue
from bench.chips.paper import Paper, paper
from bench.rates import Interval
from bench.records.model import Measurement, Record, Timing, Work
from bench.report.digits import NONE, beside, with_interval
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.units import Dimension, show
from bench.verdict import Row

TITLE = "Sustained load"
OVER_TIME = "Sustained load over time"
COLUMNS = (
    "load", "settled rate (97% interval)", "burst", "settled / burst", "settled after",
    "bytes a second", "power beside TDP", "energy", "temperature",
)  # fmt: skip
TIME_COLUMNS = ("load", "time", "rate", "clock", "power", "temperature")
PARTS = 8


def energy_sections(
    record: Record, judged: Sequence[Row], catalogue: Catalogue
) -> Iterator[Section]:
    """Yields the loads that were kept up, and how each went over time."""
    loads = [row for row in judged if energy.keeps_up(row.measurement) and row.measured]
    if not loads:
        return
    tdp = _tdp(record, catalogue)
    split = _split(loads)
    cells = tuple(cell for row in loads if (cell := _cells(row, tdp, split)))
    flat = [_flat(record, row, tdp, split) for row in loads]
    yield Section(TITLE, COLUMNS, cells, flat)
    yield Section(OVER_TIME, TIME_COLUMNS, tuple(_over_time(loads)), [])


def _tdp(record: Record, catalogue: Catalogue) -> Paper | None:
    chip = catalogue.chips.get(record.identity.chip or "")
    found = paper(record.device, chip, ("tdp",), catalogue)
    return found if isinstance(found, Paper) else None


def _split(loads: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """Returns joules an operation and a byte by dtype, where two loads of one tell them apart."""
    by_load = {
        (one.dtype, str(one.parameters.get("load"))): one
        for one in (row.measurement for row in loads)
    }
    found = {}
    for (dtype, load), mixed in by_load.items():
        matrix = by_load.get((dtype, "matrix"))
        pair = energy.per_operation_and_byte(matrix, mixed) if matrix and load == "mixed" else None
        if pair:
            found[dtype] = pair
    return found


def _parts(one: Measurement) -> tuple[Timing, Work] | None:
    return (one.timing, one.work) if one.timing and one.work else None


def _cells(
    row: Row, tdp: Paper | None, split: dict[str, tuple[float, float]]
) -> tuple[str, ...] | None:
    one = row.measurement
    parts = _parts(one)
    if parts is None:
        return None
    (timing, work), found = parts, energy.settled(parts[0])
    rate = Interval(*(work.flop / s for s in (found.median_s, found.high_s, found.low_s)))
    after = "did not settle" if found.after_s is None else f"{found.after_s:.1f} s"
    return (
        _name(one),
        with_interval(rate, row.dimension),
        beside(work.flop / timing.stats.burst_s, rate, row.dimension),
        f"{timing.stats.burst_s / found.median_s:.1%}",
        after,
        show(work.bytes / found.median_s, Dimension.BYTE_RATE),
        _power(one, tdp),
        _energy(one, split),
        _span(energy.readings(one, "temperature_c")),
    )


def _name(one: Measurement) -> str:
    load = str(one.parameters.get("load", one.kernel))
    kept = one.timing.at_s[-1] if one.timing else 0.0
    return f"{one.dtype} {load}, {kept:.0f} s"


def _power(one: Measurement, tdp: Paper | None) -> str:
    found = energy.power(one)
    if found.mean_w is None:
        return found.reason
    told = show(found.mean_w, Dimension.POWER)
    if tdp is None:
        return f"{told}, no TDP published"
    return f"{told} of {tdp.text} ({found.mean_w / tdp.value:.0%})"


def _energy(one: Measurement, split: dict[str, tuple[float, float]]) -> str:
    """Returns the whole energy of a call over its operations, and what two loads tell apart."""
    call_j = energy.energy_j(one)
    if call_j is None or one.work is None:
        return NONE
    whole = f"{1e12 * call_j / one.work.flop:.3g} pJ/FLOP"
    pair = split.get(one.dtype) if one.parameters.get("load") == "mixed" else None
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
    one = row.measurement
    apart = split.get(one.dtype)
    found = energy.settled(one.timing) if one.timing else None
    power, call_j, work = energy.power(one), energy.energy_j(one), one.work
    return {
        "record": record.id,
        "dtype": one.dtype,
        "load": str(one.parameters.get("load", "")),
        "settled_s": found.median_s if found else None,
        "settled_low_s": found.low_s if found else None,
        "settled_high_s": found.high_s if found else None,
        "settled_after_s": found.after_s if found else None,
        "burst_s": one.timing.stats.burst_s if one.timing else None,
        "power_w": power.mean_w,
        "power_samples": power.samples,
        "tdp_w": tdp.value if tdp else None,
        "joule_per_flop": call_j / work.flop if call_j and work else None,
        "joule_per_flop_apart": apart[0] if apart else None,
        "joule_per_byte_apart": apart[1] if apart else None,
    }
