"""The dimension of a measurement, and its rate with the 95% interval from its call times."""

from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.records.model import Measurement
from bench.units import Dimension

QUANTITIES: dict[str, Dimension] = {
    "byte_rate": Dimension.BYTE_RATE,
    "item_rate": Dimension.TOKEN_RATE,
    "item_seconds": Dimension.TIME,
    "footprint": Dimension.BYTES,
}
"""The dimension of each measured quantity; ``flop_rate`` is missing, as int8 makes it OP/s."""


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
        return Dimension.OP_RATE if measurement.dtype == "int8" else Dimension.FLOP_RATE
    return QUANTITIES.get(measurement.quantity) or FIGURES[key].dimension


def rates(measurement: Measurement, dimension: Dimension) -> tuple[Interval | None, float | None]:
    """Returns the sustained value with its interval, and that of the best short window.

    Both are in base units. For ``Dimension.TIME`` the value is seconds per item, of which less is
    better. Bytes held have no interval. A call whose work was not counted has no rate.
    """
    timing, work = measurement.timing, measurement.work
    if timing is None or work is None or measurement.status != "ok":
        return None, None
    stats = timing.stats
    if dimension is Dimension.TIME:
        each = Interval(stats.median_s, stats.low_s, stats.high_s).over(work.items)
        return each, stats.burst_s / work.items
    if dimension is Dimension.BYTES:
        held = work.footprint_bytes
        return (Interval(held, held, held), held) if held else (None, None)
    amounts = {Dimension.BYTE_RATE: work.bytes, Dimension.TOKEN_RATE: work.items}
    amount = amounts.get(dimension, work.flop)
    if not amount:
        return None, None
    sustained = Interval(amount / stats.median_s, amount / stats.high_s, amount / stats.low_s)
    return sustained, amount / stats.burst_s
