"""Reads a folder of records as a fleet, and groups those that can be compared."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.archive.entry import selected_settings
from bench.chips.load import Catalogue
from bench.errors import DataError, OnpaperError, UsageError
from bench.fleet.gather import relative_error
from bench.fleet.outliers import compare_devices
from bench.identity.weigh import assess
from bench.judging.sizes import fixed_sizes
from bench.judging.standing import nearest
from bench.judging.titles import PLAIN
from bench.judging.verdict import Row, Verdict, rows
from bench.records.model import Conditions, Record, at_once
from bench.records.store import read_hashed
from bench.verification.fleet import Fleet, Group, Member, Spread, TestedFigure


def read_fleet(folder: Path, catalogue: Catalogue, margin: float) -> Fleet:
    """Reads every record of a folder and of the folders below it.

    Raises:
        UsageError: there is no such folder, or no record in it.
    """
    members: dict[str, Member] = {}
    numbers: dict[Hashable, int] = {}
    unreadable: list[tuple[str, str]] = []
    duplicates: list[tuple[str, str]] = []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            record, digest = read_hashed(path)
        except OnpaperError as error:
            unreadable.append((name, _reason(error).replace(str(path), name)))
            continue
        if record.id in members:
            first = members[record.id]
            same = "the same" if first.sha256 == digest else "OTHER CONTENTS under the same id"
            duplicates.append((name, f"{first.file}: {same}"))
        else:
            number = numbers.setdefault(device_key(record), len(numbers) + 1)
            members[record.id] = _member(number, (name, digest), record, catalogue, margin)
    if not members:
        raise UsageError(f"records={folder} holds no record: {' '.join(unreadable[0])}")
    groups, superseded = _groups(list(members.values()))
    files = tuple(unreadable), tuple(duplicates)
    return Fleet(groups, *files, catalogue, margin, tuple(superseded))


def _files(folder: Path) -> list[Path]:
    """Returns the JSON files of a folder and of the folders below it, sorted."""
    if not folder.is_dir():
        raise UsageError(f"records={folder} is not a folder: give one that holds records")
    files = sorted(path for path in folder.rglob("*.json") if path.is_file())
    if not files:
        raise UsageError(f"records={folder} holds no record: a run's out= names its folder")
    return files


def device_key(record: Record) -> Hashable:
    """Returns a key that identifies the device; the record's id if the record has no such data."""
    known = known_device(record)
    return record.id if known is None else known


def known_device(record: Record) -> Hashable | None:
    """Returns what identifies the device: a hash of its serial number, or node and index.

    A CPU's hash is one of its system, which copies of an image share: there the node's name counts.
    None if the record has neither.
    """
    device, node = record.device, record.machine.node
    if device.uid and not (device.backend == "cpu" and node):
        return device.uid
    return (node, device.backend, device.index) if node else None


def _reason(error: Exception) -> str:
    """Returns an error in one line: its first fault and how many more there are."""
    if isinstance(error, DataError):
        first, more = error.faults[0], len(error.faults) - 1
        place = f"{first.field}: " if first.field else ""
        return f"{place}{first.problem}" + (f" (and {more} more)" if more else "")
    return str(error)


def _member(
    number: int, file: tuple[str, str], record: Record, catalogue: Catalogue, margin: float
) -> Member:
    judged = rows(record, catalogue, margin)
    assessment = assess(record, catalogue)
    implausible, failed = (
        sum(row.verdict is verdict for row in judged)
        for verdict in (Verdict.IMPLAUSIBLE, Verdict.FAILED)
    )
    state = assessment.state.value if assessment else ""
    head = record.model_copy(update={"measurements": ()})  # to hold a thousand records in memory
    best = {tested: _without_samples(row) for tested, row in _best(record, judged)}
    return Member(number, *file, head, state, best, implausible, failed)


def _best(record: Record, judged: Sequence[Row]) -> Iterator[tuple[TestedFigure, Row]]:
    """Yields the row that came nearest to each figure; each set of fixed sizes counts separately.

    Args:
        record: the record of the run.
        judged: the rows of its measurements, in their order.
    """
    by_sizes: dict[str, list[Row]] = {}
    sizes_of_rows = fixed_sizes(record.measurements, record.settings)
    for sizes, row in zip(sizes_of_rows, judged, strict=True):
        by_sizes.setdefault(sizes, []).append(row)
    for sizes, same_sizes in by_sizes.items():
        for key, row in nearest(same_sizes).items():
            yield TestedFigure(key, sizes), row


def _without_samples(row: Row) -> Row:
    spare = {"timing": None, "search": None, "conditions": Conditions()}
    return replace(row, measurement=row.measurement.model_copy(update=spare))


def _kind(record: Record) -> tuple[tuple[str, str], ...]:
    """Returns names and values of all that must be the same in records that are compared."""
    device, machine = record.device, record.machine
    return (
        ("chip", record.identity.chip or "not known"),
        ("device", device.name),
        ("backend", device.backend),
        ("driver", device.driver or "not reported"),
        ("power limit, W", f"{device.power_limit_w:g}" if device.power_limit_w else "not reported"),
        ("torch", machine.torch or "not used"),
        ("runtime", machine.accelerator_runtime or "not reported"),
        ("suite", record.suite),
        ("asked for", selected_settings(record.settings) or "the whole suite"),
        ("inputs", str(record.settings.get("data") or PLAIN)),
        ("measured", "alone" if at_once(record) == 1 else f"{at_once(record)} devices at once"),
        ("method", str(record.method_version)),
        ("onpaper", record.program.version),
    )


def _groups(members: Sequence[Member]) -> tuple[tuple[Group, ...], list[tuple[str, str]]]:
    """Returns the groups with one record per device, and the files of the other records."""
    kinds: dict[tuple[tuple[str, str], ...], dict[int, list[Member]]] = {}
    for member in members:
        kinds.setdefault(_kind(member.record), {}).setdefault(member.number, []).append(member)
    groups, superseded = [], []
    for kind, devices in kinds.items():
        counted = [min(of_device, key=_favour) for of_device in devices.values()]
        groups.append(Group(kind, tuple(counted), tuple(_spreads(counted))))
        for kept, of_device in zip(counted, devices.values(), strict=True):
            place = f"{kept.name}, {kept.file}"
            superseded += [(one.file, place) for one in of_device if one is not kept]
    groups.sort(key=lambda group: (-len(group.members), group.members[0].number))
    return tuple(groups), superseded


def _favour(member: Member) -> tuple[bool, bool]:
    """Returns how favourable a record is to its device: the least favourable one counts."""
    return not member.fails, member.passes


def _spreads(members: Sequence[Member]) -> list[Spread]:
    figures = dict.fromkeys(tested for member in members for tested in member.best)
    return [_spread(tested, members) for tested in figures]


def _spread(tested: TestedFigure, members: Sequence[Member]) -> Spread:
    rows = {one.number: one.best[tested] for one in members if tested in one.best}
    intervals = {number: row.measured for number, row in rows.items() if row.measured}
    rates = {number: one.value for number, one in intervals.items()}
    errors = {number: relative_error(one.low, one.high) for number, one in intervals.items()}
    found = compare_devices(rates, errors)
    low, high = min(rates, key=lambda one: rates[one]), max(rates, key=lambda one: rates[one])
    deviation = found.deviation * found.middle
    return Spread(tested, rows, found.middle, deviation, low, high, found.outliers)
