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


class Result(NamedTuple):
    """The result of one measurement in one record.

    Attributes:
        value: measured value, in base units.
        error: its relative standard error.
        clock_hz: median clock under the load; None if unknown.
        temperature_c: highest temperature; None if unknown.
        throttle: throttle reasons, between commas.
    """

    value: float
    error: float
    clock_hz: float | None
    temperature_c: float | None
    throttle: str


class Device(NamedTuple):
    """One device.

    Attributes:
        key: identifier of the device.
        display_name: its name in reports.
        node: its machine.
        records: ids of its records.
        failed: number of its measurements that failed.
    """

    key: str
    display_name: str
    node: str
    records: tuple[str, ...]
    failed: int

    @property
    def is_nameless(self) -> bool:
        """Tells whether its record has neither serial nor node: other records may be of it too."""
        return self.key in self.records


@dataclass
class Group:
    """Comparable devices: of one chip, driver, software, suite and method.

    Attributes:
        head: summary of one of its records, for the facts that all share.
        devices: the devices, by key.
        results: results of each measurement, by device key.
        disturbed: number of disturbed measurements, which are left out.
    """

    head: Head
    devices: dict[str, Device] = field(default_factory=dict)
    results: dict[What, dict[str, list[Result]]] = field(default_factory=dict)
    disturbed: int = 0

    def add(self, head: Head, lines: Iterable[Line]) -> None:
        """Adds one record."""
        key, all_lines = head.device_key, list(lines)
        failed = sum(line.status == "failed" for line in all_lines)
        self.disturbed += sum(bool(line.disturbed) for line in all_lines)
        for what, best in _best(head, all_lines):
            error = relative_error(best.low, best.high)
            result = Result(best.value or 0, error, best.clock_hz, best.temperature_c,
                        best.throttle)  # fmt: skip
            self.results.setdefault(what, {}).setdefault(key, []).append(result)
        device = self.devices.get(key) or Device(key, head.display_name, head.node, (), 0)
        self.devices[key] = device._replace(
            records=(*device.records, head.id), failed=device.failed + failed
        )

    @property
    def records(self) -> int:
        """Returns the number of its records."""
        return sum(len(device.records) for device in self.devices.values())


def _best(head: Head, lines: Iterable[Line]) -> Iterator[tuple[What, Line]]:
    """Yields the best line of each measurement over all its shapes.

    If one of the shapes failed or was disturbed, the measurement is left out: the best of the
    remaining shapes is not comparable with other records.
    """
    lines_by_measurement: dict[What, list[Line]] = {}
    for line in lines:
        if not line.what.group and line.what.data == head.data:
            lines_by_measurement.setdefault(line.what, []).append(line)
    for what, candidates in lines_by_measurement.items():
        if all(line.value and not line.disturbed for line in candidates):
            choose = min if what.unit == Dimension.TIME else max
            yield what, choose(candidates, key=lambda line: line.value or 0.0)


def grouped(records: Iterable[tuple[Head, Iterable[Line]]], chip: str | None) -> list[Group]:
    """Returns the groups of records, the one with the most devices first.

    Args:
        records: heads with their lines.
        chip: other chips are left out; None is any.
    """
    groups: dict[tuple[str, ...], Group] = {}
    seen: set[tuple[str, ...]] = set()
    for head, lines in records:
        identity = (head.id, head.device_key, head.started_utc)
        if chip in (None, head.chip) and identity not in seen:
            seen.add(identity)  # a copy of a record is no second run
            kind = head.kind
            if kind not in groups:
                groups[kind] = Group(head)
            groups[kind].add(head, lines)
    return sorted(groups.values(), key=lambda group: -len(group.devices))


@dataclass(frozen=True)
class Level:
    """The result of one device on one measurement, over its records; None is unknown.

    Attributes:
        value: median value, in base units.
        error: relative standard error of ``value``.
        clock_hz: median clock under the load.
        temperature_c: median temperature.
        throttled: share of records with each throttle reason.
        spread: median relative deviation from ``value`` between records.
        records: number of records.
    """

    value: float
    error: float
    clock_hz: float | None
    temperature_c: float | None
    throttled: Mapping[str, float]
    spread: float
    records: int


def level_of(results: Sequence[Result]) -> Level:
    """Returns the result of a device over all its records."""
    values = [result.value for result in results]
    middle = median(values)
    reasons = [reason for result in results for reason in result.throttle.split(", ") if reason]
    return Level(
        value=middle,
        error=math.sqrt(sum(result.error**2 for result in results)) / len(results),
        clock_hz=_median(result.clock_hz for result in results),
        temperature_c=_median(result.temperature_c for result in results),
        throttled={
            reason: reasons.count(reason) / len(results) for reason in dict.fromkeys(reasons)
        },
        spread=median(abs(value / middle - 1) for value in values) if len(values) > 1 else 0.0,
        records=len(values),
    )


def relative_error(low: float | None, high: float | None) -> float:
    """Returns the relative standard error of a value, from its 95% interval; 0 without one."""
    if not low or not high:
        return 0.0
    return math.log(high / low) / (2 * QUANTILE)


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def is_link(what: What) -> bool:
    """Tells whether a measurement is of a link."""
    return what.key.startswith(LINKS)


def is_memory(what: What) -> bool:
    """Tells whether a measurement is of memory."""
    return what.key.startswith("memory_")
