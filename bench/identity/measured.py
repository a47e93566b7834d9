"""Measured rates compared with a sheet: above the peak is impossible, a low rate proves little."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper
from bench.identity.evidence import Agreement, Evidence
from bench.identity.reported import is_partition, weigh_memory
from bench.judging.plausible import timing_doubts
from bench.judging.rates import Interval
from bench.judging.standing import standing
from bench.judging.titles import own_inputs
from bench.judging.verdict import Row, weigh
from bench.records.model import DeviceInfo, Measurement, Record
from bench.units import Dimension, show

ABOVE = 1.01
"""Fraction of the peak above which a rate is impossible: sheets round to three digits."""
CONCLUSIVE = 0.5
"""Below this fraction of the peak, software and shapes explain a rate as well as another chip."""

RATES = (Dimension.FLOP_RATE, Dimension.OP_RATE, Dimension.BYTE_RATE)


def usable(record: Record) -> tuple[Measurement, ...]:
    """Returns the measurements that say something about the chip.

    Left out are points of a curve, work that no figure promises, calls with doubtful timing, and
    measurements with other input data than that of the run.
    """
    run_data = own_inputs(record)
    return tuple(
        measurement
        for measurement in record.measurements
        if measurement.status == "ok"
        and measurement.data == run_data
        and measurement.decides
        and not measurement.group
        and measurement.figures
        and not any(timing_doubts(measurement, record.device))
    )


def measured(
    device: DeviceInfo, measurements: Sequence[Measurement], chip: Chip, catalogue: Catalogue
) -> Iterator[Evidence]:
    """Yields a piece of evidence for each figure that was tested, and for other forms of its work.

    The deciding measurement of a figure comes first; other forms count only if impossible.
    """
    for first, *other_forms in standing(
        weigh(measurement, device, chip, catalogue) for measurement in measurements
    ):
        if first.key == "memory_capacity" and first.measured:
            yield _capacity(first.measured.value, device, chip)
        elif first.dimension in RATES:
            yield _rate(first, device, chip)
            pieces = (replace(_rate(form, device, chip), what=form.title) for form in other_forms)
            yield from (replace(piece, is_other_form=True) for piece in pieces)


def _capacity(held_bytes: float, device: DeviceInfo, chip: Chip) -> Evidence:
    """Returns the evidence of the memory that could be allocated; less than all proves nothing."""
    finding, why, expected = weigh_memory(held_bytes, chip)
    is_less = device.memory_bytes is None or held_bytes <= device.memory_bytes
    if finding is Agreement.DIFFERS and is_less:
        finding, why = Agreement.UNKNOWN, "others may hold a part of the memory"
    seen = f"{held_bytes / 2**30:.1f} GiB"
    what = "memory that could be held"
    return Evidence(what, seen, expected, finding, why, "memory_capacity", measured=True)


def _rate(row: Row, device: DeviceInfo, chip: Chip) -> Evidence:
    what = FIGURES[row.key].title
    if row.paper is None or row.fraction is None or row.measured is None:
        seen, why = _with_interval(row.measured, row.dimension), "the sheet has no such figure"
        return Evidence(what, seen, "", Agreement.UNKNOWN, why, row.key, measured=True)
    finding, why = _weigh_rate(row.fraction, row.paper, _allowed_fraction(row, device, chip))
    seen = _with_interval(row.measured, row.dimension)
    if finding is Agreement.UNKNOWN and is_partition(device):
        why = "a partition has a part of it"
    return Evidence(what, seen, row.paper.text, finding, why, row.key, measured=True)


def _weigh_rate(fraction: Interval, published: Paper, allowed: float) -> tuple[Agreement, str]:
    share = f"{fraction.value:.1%} of the peak"
    if fraction.low > ABOVE * allowed:
        if published.from_clock:
            return Agreement.UNKNOWN, f"{share}, which was worked out of a clock that varies"
        return Agreement.IMPOSSIBLE, f"{share}: no chip of the sheet goes above it"
    if fraction.value > 1.0:
        return Agreement.UNKNOWN, f"{share}: within rounding, a rival figure or the clock seen"
    if fraction.value >= CONCLUSIVE:
        return Agreement.FITS, share
    return Agreement.UNKNOWN, f"{share}: a low rate proves little"


def _allowed_fraction(row: Row, device: DeviceInfo, chip: Chip) -> float:
    """Returns the largest possible fraction of the preferred figure.

    It is above 1 if a rival figure is higher, or if the device can run at a higher clock.
    """
    figure = chip.figures.get(row.key)
    if figure is None or figure.number is None:
        return 1.0
    rivals = [
        rival.number / figure.number
        for rival in figure.rivals
        if rival.number is not None and rival.refuted is None and rival.counts is None
    ]
    clock = chip.number("clock_matrix") or chip.number("clock_boost")
    seen = max((*row.measurement.conditions.clock_hz, device.clock_max_hz or 0.0))
    is_rate = FIGURES[row.key].is_rate
    return max(1.0, *rivals, seen / clock if clock and is_rate else 1.0)


def _with_interval(value: Interval | None, dimension: Dimension) -> str:
    if value is None:
        return ""
    low, high = show(value.low, dimension, 4), show(value.high, dimension, 4)
    return f"{show(value.value, dimension, 4)} ({low} to {high})"
