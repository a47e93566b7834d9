"""One measurement over many records, in the order of time, with what changed around it."""

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
from bench.history.called import called
from bench.history.changes import Change, changes
from bench.history.conditions import differences
from bench.units import Dimension

SOFTWARE = ("driver", "torch", "runtime", "onpaper")
"""Facts that may change within a series, and are shown if they do; others split the series."""
Key = tuple[What, str, *tuple[object, ...]]
"""The key of a series: the measurement, the chip, and everything else that must agree."""
FEW = 8
"""Shorter series are listed without a search for changes."""


@dataclass(frozen=True)
class Point:
    """One record's value: in base units, with its 95% interval, and how its device ran.

    ``clock_hz`` is the median under the load, ``throttle`` what held it down; None and empty if the
    record does not say.
    """

    head: Head
    value: float
    low: float
    high: float
    clock_hz: float | None = None
    throttle: str = ""


@dataclass(frozen=True)
class Found:
    """A change of level with the last point before it and the first after it.

    Attributes:
        change: its place, size and chance.
        before, after: the points on both sides.
        software: differences such as ``driver 570.1 -> 580.2``, if all points of either side
            agree; and the devices, if none is on both sides.
        ran: differences in operation: the median clock, and what throttled only one side.
    """

    change: Change
    before: Point
    after: Point
    software: tuple[str, ...]
    ran: tuple[str, ...] = ()

    @property
    def beside(self) -> str:
        """Returns everything else that changed; empty if the records show nothing."""
        return "; ".join((*self.software, *self.ran))


@dataclass(frozen=True)
class Series:
    """One measurement of one kind of device.

    Attributes:
        what: the measurement.
        points: in the order of the start of their runs.
        level: the chance that a change is marked in a series without one.
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
        return len({one.head.unit for one in self.points})

    @cached_property
    def found(self) -> tuple[Found, ...]:
        """Returns the changes of level, in order."""
        if len(self.points) < FEW:
            return ()
        told = changes([one.value for one in self.points], self.level)
        bounds = [0, *(one.place for one in told), len(self.points)]
        return tuple(
            self._found(one, self.points[start : one.place], self.points[one.place : end])
            for one, start, end in zip(told, bounds[:-2], bounds[2:], strict=True)
        )

    def _found(self, change: Change, old: Sequence[Point], new: Sequence[Point]) -> Found:
        told = []
        for name in SOFTWARE:
            before, after = ({str(getattr(one.head, name)) for one in side} for side in (old, new))
            if len(before) == len(after) == 1 and before != after:
                told.append(f"{name} {before.pop() or 'unknown'} -> {after.pop() or 'unknown'}")
        told += _devices(old, new)
        return Found(change, old[-1], new[0], tuple(told), tuple(differences(old, new)))


def _devices(old: Sequence[Point], new: Sequence[Point]) -> Iterator[str]:
    """Yields that the devices changed, if the records identify them."""
    before, after = ({one.head.unit: one.head for one in side} for side in (old, new))
    heads = (*before.values(), *after.values())
    if before.keys() & after.keys() or any(one.unit == one.id for one in heads):
        return
    words = (
        next(iter(side.values())).called if len(side) == 1 else f"{len(side)} others"
        for side in (before, after)
    )
    yield f"device {' -> '.join(words)}"


@dataclass(frozen=True)
class Wanted:
    """The selection: a figure or a kernel; None is any chip or device.

    ``find`` is a text in a device's name, uid, node or backend.
    """

    figure: str
    chip: str | None = None
    find: str | None = None

    def fits(self, head: Head) -> bool:
        """Tells whether a record is of the chip and the device."""
        names = (head.device, head.uid, head.node, head.backend)
        return self.chip in (None, head.chip) and (
            self.find is None
            or any(self.find.casefold() in name.casefold() for name in names if name)
        )

    def is_of(self, what: What, head: Head) -> bool:
        """Tells whether a measurement tests the figure, or is of the kernel of that name.

        Measurements on other inputs than their run's own test no figure.
        """
        if self.figure in FIGURES:
            speaks = what.decides and not what.group and what.data == head.data
            return speaks and self.figure in what.figures.split()
        return self.figure == what.kernel


def series(
    index: Index, wanted: Wanted, level: float, chips: Mapping[str, Chip] | None = None
) -> list[Series]:
    """Returns each series of a figure or kernel, the one with the most points first.

    Args:
        index: the records.
        wanted: the selection.
        level: the chance that a change is marked in a series without one.
        chips: the sheets after which measurements of a kernel are named.

    Raises:
        UsageError: no record has it; the message lists what there is.
    """
    found: dict[Key, dict[tuple[str, str], Point]] = {}
    for head, line in _fitting(index, wanted):
        point = Point(
            head, line.value or 0.0, line.low or 0.0, line.high or 0.0, line.clock_hz, line.throttle
        )
        held = found.setdefault((line.what, head.chip, *_kind(head)), {})
        own = (head.id, head.unit)  # of many that began at once, two may have one id
        if own not in held or _better(line.what, point, held[own]):
            held[own] = point
    if not found:
        raise UsageError(_nothing(index, wanted))
    made = [
        Series(called(what, (chips or {}).get(chip), wanted.figure), _ordered(held.values()), level)
        for (what, chip, *_), held in found.items()
    ]
    return sorted(made, key=lambda one: (-len(one.points), one.what.title))


def _fitting(index: Index, wanted: Wanted) -> Iterator[tuple[Head, Line]]:
    for head, lines in index.walk():
        if wanted.fits(head):
            for line in lines:
                if line.value and wanted.is_of(line.what, head):
                    yield head, line


def _kind(head: Head) -> tuple[object, ...]:
    """Returns the facts that split series, besides the chip."""
    return (
        head.device, head.backend, head.power_limit_w, head.method, head.suite,
        head.asked, head.data, head.together,
    )  # fmt: skip


def _better(what: What, one: Point, other: Point) -> bool:
    shorter = Dimension(what.unit) is Dimension.TIME
    return one.value < other.value if shorter else one.value > other.value


def _ordered(points: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(sorted(points, key=lambda one: (_moment(one.head.started_utc), one.head.id)))


def _moment(word: str) -> float:
    """Returns a time in seconds; without a zone it is UTC, and an invalid one sorts first."""
    try:
        told = dt.datetime.fromisoformat(word)
    except ValueError:
        return -math.inf
    return (told if told.tzinfo else told.replace(tzinfo=dt.UTC)).timestamp()


def _nothing(index: Index, wanted: Wanted) -> str:
    """Raises the error that lists what there is instead."""
    if not index.records:
        return "there are no records: run 'python -m bench', or give records=FOLDER"
    fitting = [lines for head, lines in index.walk() if wanted.fits(head)]
    if not fitting:
        heads = index.heads()
        chips = sorted({one.chip for one in heads} - {""})
        devices = sorted({one.device for one in heads})
        if wanted.chip and wanted.chip not in chips:
            return f"no record of chip {wanted.chip!r}: {did_you_mean(wanted.chip, chips)}"
        return f"no device with {wanted.find!r} in its name: there are {', '.join(devices[:8])}"
    whats = {line.what for lines in fitting for line in lines}
    known = sorted({key for one in whats for key in (*one.figures.split(), one.kernel)})
    return f"no record tests {wanted.figure!r}: {did_you_mean(wanted.figure, known)}"
