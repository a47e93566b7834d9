"""Groups records by device: the result of each device on each measurement, over its records."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from bench.archive.entry import Head, Line, What
from bench.units import Dimension

QUANTILE = 1.96
"""Half-width of a 95% interval in standard errors."""

LINKS = ("pcie_", "link_", "die_link_")
"""Prefixes of the keys of link figures."""


class Seen(NamedTuple):
    """The result of one measurement in one record."""

    value: float
    error: float
    clock_hz: float | None
    temperature_c: float | None
    throttle: str


class Unit(NamedTuple):
    """One device.

    Attributes:
        key: identifies it; ``called``: its name in reports; ``node``: its machine.
        records: the ids of its records.
        failed: how many of its measurements failed.
    """

    key: str
    called: str
    node: str
    records: tuple[str, ...]
    failed: int

    @property
    def nameless(self) -> bool:
        """Tells whether its record has neither serial nor node, so that others may be of it too."""
        return self.key in self.records


@dataclass
class Group:
    """Comparable devices: of one chip, driver, software, suite and method.

    Attributes:
        head: the summary of one of its records, for what all share.
        units: the devices by their keys.
        seen: the results of each measurement, by device.
        disturbed: the number of disturbed measurements, which are left out.
    """

    head: Head
    units: dict[str, Unit] = field(default_factory=dict)
    seen: dict[What, dict[str, list[Seen]]] = field(default_factory=dict)
    disturbed: int = 0

    def add(self, head: Head, lines: Iterable[Line]) -> None:
        """Adds one record."""
        key, every = head.unit, list(lines)
        failed = sum(line.status == "failed" for line in every)
        self.disturbed += sum(bool(line.disturbed) for line in every)
        for what, best in _best(head, every):
            told = Seen(best.value or 0, _error(best), best.clock_hz, best.temperature_c,
                        best.throttle)  # fmt: skip
            self.seen.setdefault(what, {}).setdefault(key, []).append(told)
        held = self.units.get(key) or Unit(key, head.called, head.node, (), 0)
        self.units[key] = held._replace(
            records=(*held.records, head.id), failed=held.failed + failed
        )

    @property
    def records(self) -> int:
        """Returns the number of its records."""
        return sum(len(one.records) for one in self.units.values())


def _best(head: Head, lines: Iterable[Line]) -> Iterator[tuple[What, Line]]:
    """Yields the best line of each measurement, of which one may have many shapes.

    If one of the shapes failed or was disturbed, the best of the rest is not comparable.
    """
    found: dict[What, list[Line]] = {}
    for line in lines:
        if not line.what.group and line.what.data == head.data:
            found.setdefault(line.what, []).append(line)
    for what, each in found.items():
        if all(one.value and not one.disturbed for one in each):
            choose = min if what.unit == Dimension.TIME else max
            yield what, choose(each, key=lambda one: one.value or 0.0)


def gathered(records: Iterable[tuple[Head, Iterable[Line]]], chip: str | None) -> list[Group]:
    """Returns the groups of records, the one with the most devices first.

    Args:
        records: heads with their lines.
        chip: other chips are left out; None is any.
    """
    groups: dict[tuple[str, ...], Group] = {}
    taken: set[tuple[str, ...]] = set()
    for head, lines in records:
        own = (head.id, head.unit, head.started_utc)
        if chip in (None, head.chip) and own not in taken:
            taken.add(own)  # a copy of a record is no second run
            kind = head.kind
            if kind not in groups:
                groups[kind] = Group(head)
            groups[kind].add(head, lines)
    return sorted(groups.values(), key=lambda one: -len(one.units))


@dataclass(frozen=True)
class Level:
    """The result of one device on one measurement: medians over its records; None is unknown.

    ``error`` is the standard error of ``value``, relative; ``throttled`` is the share of its
    records that name each reason.
    """

    value: float
    error: float
    clock_hz: float | None
    temperature_c: float | None
    throttled: Mapping[str, float]
    spread: float
    records: int


def level_of(told: Sequence[Seen]) -> Level:
    """Returns the result of a device over all its records."""
    values = [one.value for one in told]
    middle = median(values)
    reasons = [word for one in told for word in one.throttle.split(", ") if word]
    return Level(
        value=middle,
        error=math.sqrt(sum(one.error**2 for one in told)) / len(told),
        clock_hz=_median(one.clock_hz for one in told),
        temperature_c=_median(one.temperature_c for one in told),
        throttled={word: reasons.count(word) / len(told) for word in dict.fromkeys(reasons)},
        spread=median(abs(one / middle - 1) for one in values) if len(values) > 1 else 0.0,
        records=len(values),
    )


def _error(line: Line) -> float:
    """Returns the relative standard error from a record's own interval."""
    if not line.low or not line.high:
        return 0.0
    return math.log(line.high / line.low) / (2 * QUANTILE)


def _median(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return median(known) if known else None


def is_link(what: What) -> bool:
    """Tells whether a measurement is of a link."""
    return what.key.startswith(LINKS)


def is_memory(what: What) -> bool:
    """Tells whether a measurement is of memory."""
    return what.key.startswith("memory_")
