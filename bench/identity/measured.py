"""Measured rates against a sheet: above the peak is impossible, a low rate proves little."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper
from bench.identity.evidence import Evidence, Finding
from bench.identity.reported import partitioned, weigh_memory
from bench.plausible import timing_doubts
from bench.rates import Interval
from bench.records.model import DeviceInfo, Measurement, Record
from bench.standing import standing
from bench.titles import own_inputs
from bench.units import Dimension, show
from bench.verdict import Row, weigh

ABOVE = 1.01
"""Sheets round to three digits: 989 for 989.5."""
TELLING = 0.5
"""Below half of the peak, software and shapes explain as much as another chip would."""

RATES = (Dimension.FLOP_RATE, Dimension.OP_RATE, Dimension.BYTE_RATE)


def usable(record: Record) -> tuple[Measurement, ...]:
    """Returns the measurements that say something of the chip.

    Points of a curve, work that no figure promises, calls that were not timed right and those on
    other inputs than the run's own are none.
    """
    own = own_inputs(record)
    return tuple(
        one
        for one in record.measurements
        if one.status == "ok"
        and one.data == own
        and one.decides
        and not one.group
        and one.figures
        and not any(timing_doubts(one, record.device))
    )


def measured(
    device: DeviceInfo, found: Sequence[Measurement], chip: Chip, catalogue: Catalogue
) -> Iterator[Evidence]:
    """Yields a piece of evidence for each figure that was tested, and for other forms of its work.

    What stands for the figure comes first; the other forms only count where they are impossible.
    """
    for first, *others in standing(weigh(one, device, chip, catalogue) for one in found):
        if first.key == "memory_capacity" and first.measured:
            yield _capacity(first.measured.value, device, chip)
        elif first.dimension in RATES:
            yield _rate(first, device, chip)
            forms = (replace(_rate(row, device, chip), what=row.title) for row in others)
            yield from (replace(one, beside=True) for one in forms)


def _capacity(held_bytes: float, device: DeviceInfo, chip: Chip) -> Evidence:
    """Weighs the memory that could be held; less than all of it is there proves nothing."""
    finding, why, expected = weigh_memory(held_bytes, chip)
    less = device.memory_bytes is None or held_bytes <= device.memory_bytes
    if finding is Finding.DIFFERS and less:
        finding, why = Finding.UNKNOWN, "others may hold a part of the memory"
    seen = f"{held_bytes / 2**30:.1f} GiB"
    what = "memory that could be held"
    return Evidence(what, seen, expected, finding, why, "memory_capacity", measured=True)


def _rate(row: Row, device: DeviceInfo, chip: Chip) -> Evidence:
    what = FIGURES[row.key].title
    if not isinstance(row.published, Paper) or row.fraction is None or row.measured is None:
        seen, why = _shown(row.measured, row.dimension), "the sheet has no such figure"
        return Evidence(what, seen, "", Finding.UNKNOWN, why, row.key, measured=True)
    finding, why = _weighed(row.fraction, row.published, _allowed(row, device, chip))
    seen = _shown(row.measured, row.dimension)
    if finding is Finding.UNKNOWN and partitioned(device):
        why = "a partition has a part of it"
    return Evidence(what, seen, row.published.text, finding, why, row.key, measured=True)


def _weighed(fraction: Interval, published: Paper, allowed: float) -> tuple[Finding, str]:
    share = f"{fraction.value:.1%} of the peak"
    if fraction.low > ABOVE * allowed:
        if published.from_clock:
            return Finding.UNKNOWN, f"{share}, which was worked out of a clock that varies"
        return Finding.IMPOSSIBLE, f"{share}: no chip of the sheet goes above it"
    if fraction.value > 1.0:
        return Finding.UNKNOWN, f"{share}: within rounding, a rival figure or the clock seen"
    if fraction.value >= TELLING:
        return Finding.FITS, share
    return Finding.UNKNOWN, f"{share}: a low rate proves little"


def _allowed(row: Row, device: DeviceInfo, chip: Chip) -> float:
    """Returns how far above the preferred figure a rate may lie: a rival's, or a higher clock's."""
    figure = chip.figures.get(row.key)
    if figure is None or figure.number is None:
        return 1.0
    rivals = [
        one.number / figure.number
        for one in figure.rivals
        if one.number is not None and one.refuted is None and one.counts is None
    ]
    clock = chip.number("clock_matrix") or chip.number("clock_boost")
    seen = max((*row.measurement.conditions.clock_hz, device.clock_max_hz or 0.0))
    timed = FIGURES[row.key].is_rate
    return max(1.0, *rivals, seen / clock if clock and timed else 1.0)


def _shown(value: Interval | None, dimension: Dimension) -> str:
    if value is None:
        return ""
    low, high = show(value.low, dimension, 4), show(value.high, dimension, 4)
    return f"{show(value.value, dimension, 4)} ({low} to {high})"
