"""Completes a record: by its own settings, on the same device, and only what is missing in it."""

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench import paths
from bench.config import choices, compose
from bench.errors import UsageError
from bench.kernels.registry import kernel
from bench.measure.item import Item
from bench.measure.recordfile import is_held
from bench.measure.runner import Begun, Order, held, is_lost, program
from bench.measure.session import Place
from bench.records import store
from bench.records.model import (
    IMPORTED_BY,
    METHOD,
    DeviceInfo,
    Measurement,
    Program,
    Record,
)
from bench.shapes import RunConfig

ALONGSIDE = ("resume", "report", "reports", "out", "quiet")
"""The keys that may stand beside ``resume=``; all else is the record's."""

SPELLED = {"sustained_seconds": "sustained.seconds"}
"""Settings whose key is spelled otherwise."""

RESUMED = "resumed_utc"
"""The setting that says when a record was last gone on with."""

SERIES, RUN, RUNS = "series", "run", "runs"
"""The settings of one record of several runs: whose it is, its number, and how many there are."""

REPORTED = (
    "backend", "name", "cpu_vendor", "cpu_family", "cpu_model", "isa", "units", "l2_bytes",
    "llc_bytes", "clock_max_hz", "memory_bus_bit", "capability", "pci", "driver", "power_limit_w",
    "limits",
)  # fmt: skip
"""What a device reports alike each time; free memory and clocks of the moment are not."""

MEMORY_NEAR = 0.01
"""Drivers and containers keep back a little more or less each time."""


def unfinished(word: str, folder: Path) -> Begun:
    """Returns the record that ``word`` names, if it can be completed.

    ``latest`` is the newest one, whether it has ended or not.

    Raises:
        UsageError: there is none, it has all its measurements, is committed, under way, or was
            measured by another onpaper.
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
    """Returns where the record lies that ``resume=`` names; ``latest`` may have ended or not.

    Raises:
        UsageError: there is none, or more than one.
    """
    return _latest(folder) if word == "latest" else store.find(word, [folder, _committed()])


def _committed() -> Path:
    return paths.PACKAGE.parent / "results" / "records"


def is_finished(record: Record) -> bool:
    """Tells whether nothing is missing in a record that resuming could bring."""
    return record.state == "complete" and not any(map(is_lost, record.measurements))


def refuse_foreign(record: Record, path: Path) -> None:
    """Refuses to go on with a record that is nobody's to edit here.

    Raises:
        UsageError: it is committed, or was imported.
    """
    if path.resolve().is_relative_to(_committed().resolve()):
        raise UsageError(f"record {record.id} is committed, and never edited: measure again")
    if IMPORTED_BY in record.settings:
        raise UsageError(f"record {record.id} was imported: measure here instead")


def refuse_other(record: Record) -> None:
    """Refuses to go on with what another onpaper measured.

    Raises:
        UsageError: it names the other.
    """
    if other := _other_program(record):
        raise UsageError(f"record {record.id} was measured by {other}: {_remedy(record)}")


def _latest(folder: Path) -> Path:
    known = {path.stem: path for path in folder.rglob("*.json")}
    if not known:
        raise UsageError(f"no record in {folder} to resume")
    return known[max(known)]


def _other_program(record: Record) -> str:
    """Returns which other onpaper measured a record, empty if it is this one."""
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


def config_of(record: Record, told: RunConfig) -> RunConfig:
    """Returns the config that a record was measured by, with the report that is wanted now.

    Raises:
        UsageError: its suite or a setting is not known any more.
    """
    backend = record.device.backend
    known = backend in choices("device")  # a plug-in's own type has no word of its own
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
    return replace(made, **{key: getattr(told, key) for key in ALONGSIDE})


def rest(begun: Begun, order: Order) -> tuple[Order, Begun]:
    """Returns the order for what is missing, each with the time it had, and where it belongs.

    Raises:
        UsageError: what was measured is not what the order says: the suite has changed since.
    """
    record = begun.record
    done, known = record.measurements, order.items
    pairs = zip(done, known, strict=False)
    if len(done) > len(known) or not all(_is_of(one, other.item) for one, other in pairs):
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
    """Returns the weights of the items that share the suite's time."""
    return sum(one.weight for one in order.items if one.seconds is None)


def _is_of(one: Measurement, item: Item) -> bool:
    """Tells whether a measurement is of an item; a label may tell more than the form."""
    found = kernel(item.kernel)

    def label(variant: str) -> str:
        return found.label(found.pilot(item.dtype, item.data, variant))

    others = {label(other) for other in found.variants(item.dtype)} - {label(item.variant)}
    wanted = (item.kernel, item.dtype, item.data)
    return (one.kernel, one.dtype, one.data) == wanted and one.label not in others


def check_place(record: Record, place: Place) -> None:
    """Refuses to go on on another device or machine than the record says.

    Raises:
        UsageError: it names the first thing that differs.
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
