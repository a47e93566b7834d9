"""Resumes a record: with its own settings, on the same device, measuring only what is missing."""

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench import paths
from bench.config import choices, compose
from bench.errors import UsageError
from bench.measure.item import is_of
from bench.measure.recordfile import is_held
from bench.measure.runner import Begun, Order, held, is_lost, program
from bench.measure.session import Place
from bench.records import store
from bench.records.model import (
    IMPORTED_BY,
    METHOD,
    DeviceInfo,
    Program,
    Record,
)
from bench.shapes import RunConfig

ALONGSIDE = ("resume", "report", "reports", "out", "quiet")
"""The keys allowed beside ``resume=``; all others come from the record."""

SPELLED = {"sustained_seconds": "sustained.seconds"}
"""Settings whose config key is spelled differently."""

RESUMED = "resumed_utc"
"""The setting that holds when a record was last resumed."""

SERIES, RUN, RUNS = "series", "run", "runs"
"""Settings of a record that is one of several runs: the series, its number, the number of runs."""

REPORTED = (
    "backend", "name", "cpu_vendor", "cpu_family", "cpu_model", "isa", "units", "l2_bytes",
    "llc_bytes", "clock_max_hz", "memory_bus_bit", "capability", "pci", "driver", "power_limit_w",
    "limits",
)  # fmt: skip
"""The properties that a device reports unchanged each time, unlike free memory and clocks."""

MEMORY_NEAR = 0.01
"""Relative tolerance of total memory: what drivers and containers reserve varies."""


def unfinished(word: str, folder: Path) -> Begun:
    """Returns the record that ``word`` names, if it can be resumed.

    ``latest`` is the newest one, finished or not.

    Raises:
        UsageError: there is none, or it is complete, committed, in progress, or was measured by
            another version of onpaper.
    """
    path = named(word, folder)
    record = store.read(path)
    refuse_foreign(record, path)
    if is_held(path):
        raise UsageError(held(record))
    if is_finished(record):
        raise UsageError(f"record {record.id} is complete: there is nothing to resume")
    if "ranks" in record.settings:
        raise UsageError(f"record {record.id} was measured under torchrun: measure again")
    if "group" in record.settings:
        raise UsageError(f"record {record.id} was measured beside other devices': measure again")
    refuse_other(record)
    return Begun(record, path)


def named(word: str, folder: Path) -> Path:
    """Returns the path of the record that ``resume=`` names; ``latest`` may be finished or not.

    Raises:
        UsageError: there is none, or more than one.
    """
    return _latest(folder) if word == "latest" else store.find(word, [folder, _committed()])


def _committed() -> Path:
    return paths.PACKAGE.parent / "results" / "records"


def is_finished(record: Record) -> bool:
    """Returns whether a record lacks nothing that resuming could add."""
    return record.state == "complete" and not any(map(is_lost, record.measurements))


def refuse_foreign(record: Record, path: Path) -> None:
    """Refuses to resume a record that must not be edited here.

    Raises:
        UsageError: it is committed, or was imported.
    """
    if path.resolve().is_relative_to(_committed().resolve()):
        raise UsageError(f"record {record.id} is committed, and never edited: measure again")
    if IMPORTED_BY in record.settings:
        raise UsageError(f"record {record.id} was imported: measure here instead")


def refuse_other(record: Record) -> None:
    """Refuses to resume what another version of onpaper measured.

    Raises:
        UsageError: the message names both versions and what to do.
    """
    if other := _other_program(record):
        raise UsageError(f"record {record.id} was measured by {other}: {_remedy(record)}")


def _latest(folder: Path) -> Path:
    known = {path.stem: path for path in folder.rglob("*.json")}
    if not known:
        raise UsageError(f"no record in {folder} to resume: name its out=FOLDER, or resume=PATH")
    return known[max(known)]


def _other_program(record: Record) -> str:
    """Returns which other version measured a record, empty if it is this one."""
    now, then = program(), record.program
    if record.method_version != METHOD:
        return f"method {record.method_version}, this is method {METHOD}"
    if now.version != then.version:
        return f"onpaper {then.version}, this is {now.version}"
    if now.commit != then.commit:
        return f"{_commit(then)}, this is {_commit(now)}"
    return ""


def _remedy(record: Record) -> str:
    """Returns what to do about it: a clone can go back to the commit that began the record."""
    now, then = program(), record.program
    if record.method_version != METHOD or not (now.commit and then.commit):
        return "measure again"
    return f"'git checkout {then.commit}' and resume again, or measure again"


def _commit(source: Program) -> str:
    return f"commit {source.commit}" if source.commit else "an onpaper outside a clone"


def config_of(record: Record, given: RunConfig) -> RunConfig:
    """Returns the config that a record was measured with, with the report options of ``given``.

    Raises:
        UsageError: its suite or a setting no longer exists.
    """
    backend = record.device.backend
    known = backend in choices("device")  # a plug-in's device type may not be one of them
    own = record.suite not in choices("suite") and "suite.items" in record.settings
    suite = "suite.name" if own else "suite"
    words = [f"{suite}={record.suite}", f"device={backend if known else 'accelerator'}"]
    words += [f"device.index={record.device.index}"] if record.device.index else []
    words += [
        f"{SPELLED.get(key, key)}={value}"
        for key, value in record.settings.items()
        if value is not None and key not in (RESUMED, SERIES, RUN, RUNS)
    ]
    made = compose("run", words, RunConfig)
    return replace(made, **{key: getattr(given, key) for key in ALONGSIDE})


def rest(begun: Begun, order: Order) -> tuple[Order, Begun]:
    """Returns the order for the missing items, each with its original time, and their places.

    Raises:
        UsageError: the measurements do not match the order: the suite has changed since.
    """
    record = begun.record
    done, known = record.measurements, order.items
    pairs = zip(done, known, strict=False)
    if len(done) > len(known) or not all(is_of(one, weighted.item) for one, weighted in pairs):
        raise UsageError(
            f"record {record.id}: suite {record.suite} has changed since: measure again"
        )
    places = tuple(
        place for place in range(len(order.items)) if place >= len(done) or is_lost(done[place])
    )
    items = tuple(order.items[place] for place in places)
    settings = {**record.settings, RESUMED: dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    running = record.model_copy(update={"state": "running", "settings": settings})
    seconds = order.seconds * _shared(replace(order, items=items)) / (_shared(order) or 1.0)
    return replace(order, items=items, seconds=seconds), Begun(running, begun.path, places)


def _shared(order: Order) -> float:
    """Returns the total weight of the items that share the suite's time."""
    return sum(one.weight for one in order.items if one.seconds is None)


def check_place(record: Record, place: Place) -> None:
    """Refuses to resume on another device or machine than the record's.

    Raises:
        UsageError: the message names the first difference.
    """
    for what, then, now in _differences(record, place):
        raise UsageError(
            f"record {record.id} was measured elsewhere: {what} was {then}, here it is {now}"
        )


def _differences(record: Record, place: Place) -> Iterator[tuple[str, object, object]]:
    for name in REPORTED:
        then, now = getattr(record.device, name), getattr(place.device, name)
        if then != now:
            yield name, _words(then), _words(now)
    if not _same_memory(record.device, place.device):
        yield "memory_bytes", record.device.memory_bytes, place.device.memory_bytes
    for name, then in record.machine.model_dump(exclude={"node"}).items():
        if then != getattr(place.machine, name):
            yield name, then, getattr(place.machine, name)


def _words(value: object) -> object:
    return (", ".join(map(str, value)) or "none") if isinstance(value, tuple) else value


def _same_memory(then: DeviceInfo, now: DeviceInfo) -> bool:
    if then.memory_bytes is None or now.memory_bytes is None:
        return then.memory_bytes == now.memory_bytes
    return math.isclose(then.memory_bytes, now.memory_bytes, rel_tol=MEMORY_NEAR)
