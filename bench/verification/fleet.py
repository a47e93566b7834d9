"""Many records read, those alike together: spread, outliers, and which devices meet their sheet."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.archive.entry import asked_for
from bench.chips.load import Catalogue
from bench.errors import DataError, OnpaperError, UsageError
from bench.fixed import fixed_sizes
from bench.fleet.outliers import Outlier, outliers
from bench.identity.weigh import State, assess
from bench.records.model import Conditions, Record, at_once
from bench.records.store import read_hashed
from bench.standing import nearest
from bench.verdict import Row, Verdict, rows


class Tested(NamedTuple):
    """What was put to the test: a figure by its key, at the sizes that somebody fixed, if any."""

    key: str
    sizes: str = ""


@dataclass(frozen=True)
class Member:
    """One record of a fleet, which stands for its device in its kind.

    Attributes:
        number: by which the report names the device, from 1, in every kind.
        file: below the folder given.
        sha256: of the file.
        record: without its measurements.
        identity: what all evidence says of the chip; empty if the chip is not known.
        best: of each figure, and each fixed shape of it, the row that came nearest to it.
        implausible: how many measurements are not to be believed.
        failed: how many measurements failed, such as one with a wrong result.
    """

    number: int
    file: str
    sha256: str
    record: Record
    identity: str
    best: Mapping[Tested, Row]
    implausible: int
    failed: int

    @property
    def name(self) -> str:
        """Returns how the report names the device."""
        return f"#{self.number}"

    @property
    def fails(self) -> bool:
        """Whether it surely does not meet its sheet: a figure is short, or it is another chip."""
        short = any(row.verdict is Verdict.SHORT for row in self.best.values())
        return short or self.identity == State.CONTRADICTS

    @property
    def passes(self) -> bool:
        """Whether every figure tested is reached and nothing speaks against the device."""
        sound = not self.implausible and not self.failed
        whole = self.record.state == "complete" and sound and bool(self.best)
        reached = all(row.verdict is Verdict.REACHED for row in self.best.values())
        return whole and reached and self.identity == State.CONSISTENT

    def count(self, verdict: Verdict) -> int:
        """Returns how many figures have a verdict."""
        return sum(row.verdict is verdict for row in self.best.values())


@dataclass(frozen=True)
class Spread:
    """One figure over the devices of a group.

    Attributes:
        tested: the figure, at which fixed shape if at any.
        rows: by the device's number.
        middle: the median of the rates, in base units.
        deviation: the median absolute deviation x 1.4826, which is the standard deviation of
            normal data, in base units.
        low, high: numbers of the devices with the lowest and the highest rate.
        strange: the outliers.
    """

    tested: Tested
    rows: Mapping[int, Row]
    middle: float
    deviation: float
    low: int
    high: int
    strange: tuple[Outlier, ...]

    def count(self, verdict: Verdict) -> int:
        """Returns how many devices have a verdict."""
        return sum(row.verdict is verdict for row in self.rows.values())


@dataclass(frozen=True)
class Group:
    """Devices that may be set side by side: one chip, device, driver, software and method."""

    kind: tuple[tuple[str, str], ...]
    members: tuple[Member, ...]
    spreads: tuple[Spread, ...] = field(default=())

    @property
    def is_fake(self) -> bool:
        """Whether its devices were simulated."""
        return self.members[0].record.device.backend == "fake"


@dataclass(frozen=True)
class Fleet:
    """All that a folder of records holds.

    Attributes:
        groups: the largest first.
        unread: files that are no readable records, with the reason.
        twice: files that hold a record that another file holds, with that file; not counted.
        again: files of a device that another record of its kind stands for, with that file.
        margin: how far below the published figure still counts as reached, relative.
    """

    groups: tuple[Group, ...]
    unread: tuple[tuple[str, str], ...]
    twice: tuple[tuple[str, str], ...]
    catalogue: Catalogue
    margin: float
    again: tuple[tuple[str, str], ...] = ()

    @property
    def members(self) -> list[Member]:
        """Returns every record that is counted, by the number of its device."""
        found = [one for group in self.groups for one in group.members]
        return sorted(found, key=lambda one: one.number)

    @property
    def devices(self) -> list[list[Member]]:
        """Returns of each device the records that are counted, one of a kind."""
        return [list(each) for _, each in groupby(self.members, key=lambda one: one.number)]


def gathered(folder: Path, catalogue: Catalogue, margin: float) -> Fleet:
    """Reads every record of a folder and those below it.

    Raises:
        UsageError: there is no such folder, or no record in it.
    """
    if not folder.is_dir():
        raise UsageError(f"records={folder} is not a folder: give one that holds records")
    files = sorted(path for path in folder.rglob("*.json") if path.is_file())
    if not files:
        raise UsageError(f"records={folder} holds no record: a run's out= names its folder")
    members: dict[str, Member] = {}
    numbers: dict[Hashable, int] = {}
    unread: list[tuple[str, str]] = []
    twice: list[tuple[str, str]] = []
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            record, digest = read_hashed(path)
        except OnpaperError as error:
            unread.append((name, _reason(error).replace(str(path), name)))
            continue
        if record.id in members:
            first = members[record.id]
            same = "the same" if first.sha256 == digest else "OTHER CONTENTS under the same id"
            twice.append((name, f"{first.file}: {same}"))
        else:
            number = numbers.setdefault(device_key(record), len(numbers) + 1)
            members[record.id] = _member(number, (name, digest), record, catalogue, margin)
    if not members:
        raise UsageError(f"records={folder} holds no record: {' '.join(unread[0])}")
    groups, again = _groups(list(members.values()))
    return Fleet(groups, tuple(unread), tuple(twice), catalogue, margin, tuple(again))


def device_key(record: Record) -> Hashable:
    """Returns what tells a device from others: a serial's hash, or node and index; else the record.

    A CPU's hash is of its system, which copies of an image share: there the node's name counts.
    """
    known = known_device(record)
    return record.id if known is None else known


def known_device(record: Record) -> Hashable | None:
    """Returns what a record says of which device it is of, None if nothing."""
    device, node = record.device, record.machine.node
    if device.uid and not (device.backend == "cpu" and node):
        return device.uid
    return (node, device.backend, device.index) if node else None


def _reason(error: Exception) -> str:
    if isinstance(error, DataError):
        first, more = error.faults[0], len(error.faults) - 1
        place = f"{first.field}: " if first.field else ""
        return f"{place}{first.problem}" + (f" (and {more} more)" if more else "")
    return str(error)


def _member(
    number: int, file: tuple[str, str], record: Record, catalogue: Catalogue, margin: float
) -> Member:
    judged = rows(record, catalogue, margin)
    found = assess(record, catalogue)
    implausible, failed = (
        sum(row.verdict is one for row in judged) for one in (Verdict.IMPLAUSIBLE, Verdict.FAILED)
    )
    state = found.state.value if found else ""
    head = record.model_copy(update={"measurements": ()})  # a thousand records are held at once
    kept = {tested: _without_samples(row) for tested, row in _best(record, judged)}
    return Member(number, *file, head, state, kept, implausible, failed)


def _best(record: Record, judged: Sequence[Row]) -> Iterator[tuple[Tested, Row]]:
    """Yields what came nearest to each figure; what has a shape of its own stands for that alone.

    Args:
        record: the run.
        judged: the rows of its measurements, in their order.
    """
    by_sizes: dict[str, list[Row]] = {}
    told = fixed_sizes(record.measurements, record.settings)
    for sizes, row in zip(told, judged, strict=True):
        by_sizes.setdefault(sizes, []).append(row)
    for sizes, found in by_sizes.items():
        for key, row in nearest(found).items():
            yield Tested(key, sizes), row


def _without_samples(row: Row) -> Row:
    spare = {"timing": None, "search": None, "conditions": Conditions()}
    return replace(row, measurement=row.measurement.model_copy(update=spare))


def _kind(record: Record) -> tuple[tuple[str, str], ...]:
    """Returns all that must be the same for two records to be set side by side."""
    device, machine = record.device, record.machine
    return (
        ("chip", record.identity.chip or "not known"),
        ("device", device.name),
        ("backend", device.backend),
        ("driver", device.driver or "not told"),
        ("power limit, W", f"{device.power_limit_w:g}" if device.power_limit_w else "not told"),
        ("torch", machine.torch or "not used"),
        ("runtime", machine.accelerator_runtime or "not told"),
        ("suite", record.suite),
        ("asked for", asked_for(record.settings) or "the whole suite"),
        ("inputs", str(record.settings.get("data") or "normal")),
        ("measured", "alone" if at_once(record) == 1 else f"{at_once(record)} devices at once"),
        ("method", str(record.method_version)),
        ("onpaper", record.program.version),
    )


def _groups(members: Sequence[Member]) -> tuple[tuple[Group, ...], list[tuple[str, str]]]:
    """Returns the kinds, with one record a device; and files of those that another stands for."""
    kinds: dict[tuple[tuple[str, str], ...], dict[int, list[Member]]] = {}
    for one in members:
        kinds.setdefault(_kind(one.record), {}).setdefault(one.number, []).append(one)
    found, again = [], []
    for kind, devices in kinds.items():
        stands = [min(each, key=_favour) for each in devices.values()]
        found.append(Group(kind, tuple(stands), tuple(_spreads(stands))))
        for first, each in zip(stands, devices.values(), strict=True):
            again += [(one.file, f"{first.name}, {first.file}") for one in each if one is not first]
    groups = sorted(found, key=lambda one: (-len(one.members), one.members[0].number))
    return tuple(groups), again


def _favour(one: Member) -> tuple[bool, bool]:
    """Returns how favourable a record is to its device: the least stands for it."""
    return not one.fails, one.passes


def _spreads(members: Sequence[Member]) -> list[Spread]:
    every = dict.fromkeys(tested for one in members for tested in one.best)
    return [_spread(tested, members) for tested in every]


def _spread(tested: Tested, members: Sequence[Member]) -> Spread:
    found = {one.number: one.best[tested] for one in members if tested in one.best}
    rates = {number: row.measured.value for number, row in found.items() if row.measured}
    middle = median(rates.values())
    deviation = 1.4826 * median(abs(one - middle) for one in rates.values())
    low, high = min(rates, key=lambda one: rates[one]), max(rates, key=lambda one: rates[one])
    return Spread(tested, found, middle, deviation, low, high, outliers(rates))
