"""One figure measured on several devices, alone and all at once, and its spread over them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from statistics import median

from bench.chips.load import Catalogue
from bench.judging.rates import Interval
from bench.judging.verdict import Row, row_of
from bench.records.model import Record
from bench.units import Dimension

Records = Mapping[str, Record]
"""Records by the names of their devices."""

Figure = Sequence["Pair"]
"""One figure of several devices."""


@dataclass(frozen=True)
class Pair:
    """One figure of one device, measured alone and at once with the others."""

    device: str
    alone: Row | None
    together: Row | None

    @property
    def first(self) -> Row:
        """Returns the row alone if there is one, else the row at once."""
        row = self.alone or self.together
        assert row is not None  # noqa: S101 -- a pair is made of at least one
        return row

    @property
    def ratio(self) -> Interval | None:
        """Returns the rate at once over the rate alone; for times, the inverse; None if one lacks.

        The relative half-widths of both intervals are added in quadrature.
        """
        alone, together = (row.measured if row else None for row in (self.alone, self.together))
        if alone is None or together is None:
            return None
        upper, lower = (alone, together) if _is_time(self.first) else (together, alone)
        value = upper.value / lower.value
        half = value * hypot(_relative_half_width(upper), _relative_half_width(lower))
        return Interval(value, value - half, value + half)


def figures(alone: Records, together: Records, catalogue: Catalogue) -> Iterator[tuple[Pair, ...]]:
    """Yields the pairs of each item; all records of a group have the same items in one order."""
    names = list({**alone, **together})
    records = (*alone.values(), *together.values())
    for number in range(max(len(one.measurements) for one in records)):
        pairs = [
            Pair(
                name,
                _row(alone.get(name), number, catalogue),
                _row(together.get(name), number, catalogue),
            )
            for name in names
        ]
        measured = tuple(pair for pair in pairs if pair.alone or pair.together)
        if measured:
            yield measured


def _row(record: Record | None, number: int, catalogue: Catalogue) -> Row | None:
    if record is None or number >= len(record.measurements):
        return None
    return row_of(record, record.measurements[number], catalogue)


def reading(row: Row | None, name: str) -> float | None:
    """Returns the median of a series of readings, such as ``clock_hz``; None if it is empty."""
    series: tuple[float, ...] = getattr(row.measurement.conditions, name) if row else ()
    return median(series) if series else None


@dataclass(frozen=True)
class Spread:
    """The spread of a figure over devices, alone or at once.

    Attributes:
        range: the largest value over the smallest.
        middle: the median, in base units.
        mad: median absolute deviation, relative to the median.
        slowest: name of the slowest device.
    """

    range: float
    middle: float
    mad: float
    slowest: str


def spread(values: Mapping[str, float], *, is_time: bool) -> Spread | None:
    """Returns the spread of values by device, None if there are fewer than two.

    Args:
        values: the values, by the device's name.
        is_time: whether they are times, so that the largest is the slowest.
    """
    if len(values) < 2:
        return None
    middle = median(values.values())
    slowest = (max if is_time else min)(values, key=lambda name: values[name])
    return Spread(
        range=max(values.values()) / min(values.values()),
        middle=middle,
        mad=median(abs(value - middle) for value in values.values()) / middle,
        slowest=slowest,
    )


def spreads(figure: Figure) -> tuple[Spread | None, Spread | None]:
    """Returns the spread of a figure alone, and at once."""
    is_time = _is_time(figure[0].first)
    alone = {
        one.device: one.alone.measured.value for one in figure if one.alone and one.alone.measured
    }
    together = {
        one.device: one.together.measured.value
        for one in figure
        if one.together and one.together.measured
    }
    return spread(alone, is_time=is_time), spread(together, is_time=is_time)


def noise(figure: Figure, when: str) -> float:
    """Returns the widest relative half-width of a figure's intervals, ``alone`` or at once."""
    rows = (pair.alone if when == "alone" else pair.together for pair in figure)
    return max(
        (_relative_half_width(row.measured) for row in rows if row and row.measured), default=0.0
    )


def overlap(figure: Figure) -> float | None:
    """Returns the shortest over the longest measurement at once; they began together."""
    rows = [pair.together for pair in figure if pair.together]
    took = [row.measurement.took_s for row in rows if row.measurement.status == "ok"]
    return min(took) / max(took) if len(took) > 1 and max(took) else None


def _relative_half_width(interval: Interval) -> float:
    return (interval.high - interval.low) / 2 / interval.value if interval.value else 0.0


def _is_time(row: Row) -> bool:
    return row.dimension is Dimension.TIME
