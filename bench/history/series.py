"""One measurement over many records, in the order of time, with the changes around it."""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.archive.entry import Head, Line, What
from bench.archive.index import Index
from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.errors import UsageError, did_you_mean
from bench.history.changes import Change, changes, fewest
from bench.history.conditions import differences
from bench.history.naming import named_by_figure
from bench.units import Dimension

SOFTWARE = ("driver", "torch", "runtime", "onpaper")
"""Facts that may change within a series and are then shown; all other facts split the series."""
SeriesKey = tuple[What, str, *tuple[object, ...]]
"""Key of a series: measurement, chip, and all other facts that must agree."""


@dataclass(frozen=True)
class Point:
    """One record's value.

    Attributes:
        head: summary of the record.
        value: measured value, in base units.
        low: lower end of its 95% interval.
        high: upper end of that interval.
        clock_hz: median clock under the load; None if unknown.
        throttle: throttle reasons, between commas; empty if there are none or they are unknown.
    """

    head: Head
    value: float
    low: float
    high: float
    clock_hz: float | None = None
    throttle: str = ""


@dataclass(frozen=True)
class LevelChange:
    """A change of level, with what else changed at that point.

    Attributes:
        change: its place, size and p-value.
        before: the last point before it.
        after: the first point after it.
        software: differences such as ``driver 570.1 -> 580.2``, where all points of each side
            agree; and the devices, if no device is on both sides.
        conditions: differences in median clock and in throttle reasons.
    """

    change: Change
    before: Point
    after: Point
    software: tuple[str, ...]
    conditions: tuple[str, ...] = ()

    @property
    def other_changes(self) -> str:
        """Returns everything else that changed, as text; empty if the records show nothing."""
        return "; ".join((*self.software, *self.conditions))


@dataclass(frozen=True)
class Series:
    """One measurement of one kind of device.

    Attributes:
        what: the measurement.
        points: values in the order in which their runs started.
        level: false-alarm rate: chance that a change is found in a series without one.
    """

    what: What
    points: tuple[Point, ...]
    level: float

    @property
    def dimension(self) -> Dimension:
        """Returns the dimension of the values."""
        return Dimension(self.what.unit)

    @property
    def devices(self) -> int:
        """Returns the number of devices behind the points, as far as records identify them."""
        return len({point.head.device_key for point in self.points})

    @property
    def is_searched(self) -> bool:
        """Returns whether there are enough points for a change of level to be shown."""
        return len(self.points) >= fewest(self.level)

    @cached_property
    def level_changes(self) -> tuple[LevelChange, ...]:
        """Returns the changes of level, in order."""
        found = changes([point.value for point in self.points], self.level)
        bounds = [0, *(change.place for change in found), len(self.points)]
        return tuple(
            self._level_change(
                change, self.points[start : change.place], self.points[change.place : end]
            )
            for change, start, end in zip(found, bounds[:-2], bounds[2:], strict=True)
        )

    def _level_change(
        self, change: Change, old: Sequence[Point], new: Sequence[Point]
    ) -> LevelChange:
        software = []
        for name in SOFTWARE:
            before, after = (
                {str(getattr(point.head, name)) for point in side} for side in (old, new)
            )
            if len(before) == len(after) == 1 and before != after:
                software.append(f"{name} {before.pop() or 'unknown'} -> {after.pop() or 'unknown'}")
        software += _devices(old, new)
        return LevelChange(change, old[-1], new[0], tuple(software), tuple(differences(old, new)))


def _devices(old: Sequence[Point], new: Sequence[Point]) -> Iterator[str]:
    """Yields a text on changed devices, if records identify them and none is on both sides."""
    before, after = ({head.head.device_key: head.head for head in side} for side in (old, new))
    heads = (*before.values(), *after.values())
    if before.keys() & after.keys() or any(head.device_key == head.id for head in heads):
        return
    names = (
        next(iter(side.values())).display_name if len(side) == 1 else f"{len(side)} others"
        for side in (before, after)
    )
    yield f"device {' -> '.join(names)}"


@dataclass(frozen=True)
class Selection:
    """The measurements to follow.

    Attributes:
        figure: key of a figure, or name of a kernel.
        chip: id of the sheet; None for any.
        find: text that must occur in the device's name, uid, node or backend; None for any.
    """

    figure: str
    chip: str | None = None
    find: str | None = None

    def fits(self, head: Head) -> bool:
        """Tells whether a record is of the selected chip and device."""
        names = (head.device, head.uid, head.node, head.backend)
        return self.chip in (None, head.chip) and (
            self.find is None
            or any(self.find.casefold() in name.casefold() for name in names if name)
        )

    def may_be_of(self, what: What) -> bool:
        """Tells whether a measurement is of the figure or kernel, on some chip."""
        return self.figure in (*what.figures.split(), what.kernel)

    def is_of(self, what: What, head: Head) -> bool:
        """Tells whether a measurement tests the figure, or belongs to the kernel of that name.

        Measurements with other input data than that of their run do not test a figure.

        Args:
            what: the measurement, named by its chip's figure.
            head: summary of its record.
        """
        if self.figure in FIGURES:
            speaks = what.decides and not what.group and what.data == head.data
            return speaks and self.figure == what.key
        return self.figure == what.kernel


def series(
    index: Index, selection: Selection, level: float, chips: Mapping[str, Chip]
) -> list[Series]:
    """Returns all series of a figure or kernel, the one with the most points first.

    Args:
        index: the records.
        selection: the measurements to follow.
        level: false-alarm rate: chance that a change is found in a series without one.
        chips: sheets by id; a measurement is of the figure that its chip's sheet has.

    Raises:
        UsageError: no record has such a measurement; the message lists what there is.
    """
    points_by_series: dict[SeriesKey, dict[tuple[str, str], Point]] = {}
    for head, line in _selected_lines(index, selection, chips):
        point = Point(
            head, line.value or 0.0, line.low or 0.0, line.high or 0.0, line.clock_hz, line.throttle
        )
        points = points_by_series.setdefault((line.what, head.chip, *_fixed_facts(head)), {})
        identity = (head.id, head.device_key)  # of many that began at once, two may have one id
        if identity not in points or _is_better(line.what, point, points[identity]):
            points[identity] = point
    if not points_by_series:
        raise UsageError(_nothing_found(index, selection, chips))
    all_series = [
        Series(what, _ordered(points.values()), level)
        for (what, *_), points in points_by_series.items()
    ]
    return sorted(all_series, key=lambda a_series: (-len(a_series.points), a_series.what.title))


def _selected_lines(
    index: Index, selection: Selection, chips: Mapping[str, Chip]
) -> Iterator[tuple[Head, Line]]:
    """Yields the selected measurements, each named by its chip's figure."""
    for head, lines in index.walk():
        if selection.fits(head):
            for line in lines:
                if line.value and selection.may_be_of(line.what):
                    what = named_by_figure(line.what, chips.get(head.chip))
                    if selection.is_of(what, head):
                        yield head, line._replace(what=what)


def _fixed_facts(head: Head) -> tuple[object, ...]:
    """Returns the facts that must agree within a series, besides the chip."""
    return (
        head.device, head.backend, head.power_limit_w, head.method, head.suite,
        head.asked, head.data, head.together,
    )  # fmt: skip


def _is_better(what: What, one: Point, other: Point) -> bool:
    lower_is_better = Dimension(what.unit) is Dimension.TIME
    return one.value < other.value if lower_is_better else one.value > other.value


def _ordered(points: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(
        sorted(points, key=lambda point: (_timestamp(point.head.started_utc), point.head.id))
    )


def _timestamp(text: str) -> float:
    """Returns an ISO time as Unix time, s; without a zone it is UTC, an invalid one sorts first."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return -math.inf
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def _nothing_found(index: Index, selection: Selection, chips: Mapping[str, Chip]) -> str:
    """Returns the error message for an empty selection, which lists what there is instead."""
    if not index.records:
        return "there are no records: run 'python -m bench', or give records=FOLDER"
    selected = [(head, lines) for head, lines in index.walk() if selection.fits(head)]
    if not selected:
        heads = index.heads()
        ids = sorted({head.chip for head in heads} - {""})
        devices = sorted({head.device for head in heads})
        if selection.chip and selection.chip not in ids:
            return f"no record of chip {selection.chip!r}: {did_you_mean(selection.chip, ids)}"
        return f"no device with {selection.find!r} in its name: there are {', '.join(devices[:8])}"
    whats = {
        named_by_figure(line.what, chips.get(head.chip))
        for head, lines in selected
        for line in lines
    }
    known = sorted({word for what in whats for word in (what.key, what.kernel)} - {""})
    return f"no record tests {selection.figure!r}: {did_you_mean(selection.figure, known)}"
