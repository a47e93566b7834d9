"""The dimension of a measurement, and its rate with the 95% interval from its call times."""

import math
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.judging.throttle import HELD_BACK, SWING, SWING_S, Throttle
from bench.records.model import Measurement
from bench.units import Dimension

QUANTITIES: dict[str, Dimension] = {
    "byte_rate": Dimension.BYTE_RATE,
    "item_rate": Dimension.TOKEN_RATE,
    "item_seconds": Dimension.TIME,
    "footprint": Dimension.BYTES,
}
"""The dimension of each measured quantity; ``flop_rate`` is missing, as integers make it OP/s."""


@dataclass(frozen=True)
class Interval:
    """A value with the bounds of its 95% interval."""

    value: float
    low: float
    high: float

    def over(self, divisor: float) -> "Interval":
        """Returns the interval divided by a number."""
        return Interval(self.value / divisor, self.low / divisor, self.high / divisor)


def dimension_of(measurement: Measurement, key: str) -> Dimension:
    """Returns the dimension of a measurement: of its quantity, else of its figure, else FLOP/s."""
    if measurement.quantity == "flop_rate" or not (measurement.quantity or key in FIGURES):
        return Dimension.OP_RATE if measurement.dtype.startswith("int") else Dimension.FLOP_RATE
    return QUANTITIES.get(measurement.quantity) or FIGURES[key].dimension


def held_back_s(measurement: Measurement) -> float | None:
    """Returns for how long, in s, a load at a power cap ran, if for less than two swings of it.

    None for any other load. The median of so short a time depends on the part of a swing it meets.
    """
    timing, reasons = measurement.timing, measurement.conditions.throttle or ()
    if timing is None or Throttle.POWER_CAP not in reasons:
        return None
    loaded_s = timing.warmup_s + math.fsum(timing.samples_s) * timing.batch_calls
    slower = timing.stats.median_s > (1 + HELD_BACK) * min((*timing.rested_s, *timing.samples_s))
    return loaded_s if slower and loaded_s < 2 * SWING_S else None


def call_times(measurement: Measurement) -> Interval | None:
    """Returns the median time of a call in s, with its interval; None if it was not timed.

    The interval reaches at least ``SWING`` both ways where the load is that of ``held_back_s``.
    """
    if measurement.timing is None:
        return None
    stats = measurement.timing.stats
    swing = SWING * stats.median_s if held_back_s(measurement) is not None else 0.0
    low_s, high_s = stats.median_s - swing, stats.median_s + swing
    return Interval(stats.median_s, min(stats.low_s, low_s), max(stats.high_s, high_s))


def rates(measurement: Measurement, dimension: Dimension) -> tuple[Interval | None, float | None]:
    """Returns the sustained value with its interval, and that of the best short window.

    Both are in base units. For ``Dimension.TIME`` the value is seconds per item, of which less is
    better. Bytes held have no interval. A call whose work was not counted has no rate.
    """
    timing, work, call = measurement.timing, measurement.work, call_times(measurement)
    if timing is None or call is None or work is None or measurement.status != "ok":
        return None, None
    burst_s = timing.stats.burst_s
    if dimension is Dimension.TIME:
        return call.over(work.items), burst_s / work.items
    if dimension is Dimension.BYTES:
        held = work.footprint_bytes
        return (Interval(held, held, held), held) if held else (None, None)
    amounts = {Dimension.BYTE_RATE: work.bytes, Dimension.TOKEN_RATE: work.items}
    amount = amounts.get(dimension, work.flop)
    if not amount:
        return None, None
    return Interval(amount / call.value, amount / call.high, amount / call.low), amount / burst_s
