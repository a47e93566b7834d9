"""Runs a suite item by item, saving the record after each."""

import datetime as dt
import hashlib
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import __version__, paths
from bench.chips.load import Catalogue
from bench.chips.match import choose, identify
from bench.errors import OnpaperError, UsageError
from bench.kernels.registry import kernel
from bench.measure.alike import alike
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.recordfile import RecordFile, unwritable
from bench.measure.session import Place, Session, WorkerDiedError
from bench.records.model import Measurement, Program, Record
from bench.records.store import remove_drafts_of_runs

LEAST_S = 0.3

UNWRITTEN = "the record could not be written: "

LOST = "worker lost: "
"""Prefix of the reason of a measurement that cost its worker; resuming measures it again."""

SOURCES = ("bench", "configs", "specs")
"""The folders of a clone that affect measurements."""


@dataclass(frozen=True)
class Weighted:
    """An item and its weight in sharing the suite's time, or its own additional seconds."""

    item: Item
    weight: float
    seconds: float | None = None


@dataclass(frozen=True)
class Order:
    """What to run.

    Attributes:
        suite: its name.
        seconds: time for all items together, without set-up.
        items: in order of execution.
        precision: target half-width of the median's 95% interval, relative.
        chip: the sheet to use, None to match the device.
        folder: where records are written.
        settings: the run's settings, for the record.
        node: a name for this machine given by the user or the launcher, None for none.
    """

    suite: str
    seconds: float
    items: tuple[Weighted, ...]
    precision: float
    chip: str | None
    folder: Path
    settings: dict[str, str | int | float | bool | None]
    node: str | None = None

    def seconds_of_items(self) -> tuple[float, ...]:
        """Returns each item's time: its own seconds, or its share of the suite's."""
        shared = sum(one.weight for one in self.items if one.seconds is None)
        return tuple(
            self.seconds * one.weight / shared if one.seconds is None else one.seconds
            for one in self.items
        )

    @property
    def whole_s(self) -> float:
        """Returns the time of all items, including those with their own seconds."""
        return sum(self.seconds_of_items())


@dataclass(frozen=True)
class Watcher:
    """Callbacks of a run: when it starts, during and after an item, on a failed save."""

    started: Callable[[Record, Path], None] = lambda _record, _path: None
    item: Callable[[Item, int, float], None] = lambda _item, _number, _share: None
    measured: Callable[[Record, Measurement], None] = lambda _record, _measurement: None
    unsaved: Callable[[str], None] = lambda _reason: None


@dataclass(frozen=True)
class Begun:
    """A record in progress.

    Attributes:
        record: its current state.
        path: its file.
        places: index of each item's measurement in the record; empty to append them.
    """

    record: Record
    path: Path
    places: tuple[int, ...] = ()


class UnsavedError(OnpaperError):
    """The final save of the record failed; its file lacks the last measurements."""

    def __init__(self, record: Record, file: RecordFile, reason: str) -> None:
        self.record = record
        some = {0: "nothing but its end", 1: "the last measurement"}
        lacks = some.get(file.lacking, f"the last {file.lacking} measurements")
        remedy = f"once it can, run 'python -m bench run resume={file.path}'"
        if "ranks" in record.settings:
            remedy = "measure again"
        if whole := file.elsewhere(record):
            remedy = f"the whole record is in {whole}: move it there once it can"
        super().__init__(f"{UNWRITTEN}{reason}; {file.path} lacks {lacks}: {remedy}")


def run(session: Session, order: Order, catalogue: Catalogue, watcher: Watcher) -> Record:
    """Measures every item and returns the record; after Ctrl-C, with what was measured so far.

    Raises:
        DeviceError: there is no such device.
        UsageError: ``chip=`` names no sheet, or records cannot be written to the folder.
        UnsavedError: the record could not be written at the end.
    """
    record = start(session.describe(), order, catalogue)
    path = record_path(record, order.folder)
    if trouble := RecordFile(path).save(record):
        raise unwritable(order.folder, trouble)
    return measure_all(session, order, Begun(record, path), watcher)


def measure_all(session: Session, order: Order, begun: Begun, watcher: Watcher) -> Record:
    """Measures every item of the order into a record that exists on disk.

    Raises:
        UsageError: another run is measuring this record.
        UnsavedError: the record could not be written at the end.
    """
    file = RecordFile(begun.path)
    if not file.take():
        raise UsageError(held(begun.record))
    remove_drafts_of_runs(order.folder)
    try:
        record = _measured(session, order, begun, watcher, file)
        if trouble := file.save(record):
            raise UnsavedError(record, file, trouble)
    finally:
        file.release()
    return record


def _measured(
    session: Session, order: Order, begun: Begun, watcher: Watcher, file: RecordFile
) -> Record:
    """Measures all items and returns the record, complete or interrupted."""
    record, spent_s = begun.record, 0.0
    try:
        watcher.started(record, begun.path)
        for number, weighted in enumerate(order.items):
            plan = Plan(budget_s(order, number, spent_s), order.precision)
            done = _one(session, alike(weighted.item, record), plan, number, watcher)
            spent_s += _cost_s(done, plan)
            record = _joined(record, done, begun.places[number : number + 1])
            if trouble := file.save(record, new=1):
                watcher.unsaved(UNWRITTEN + trouble)
            watcher.measured(record, done)
    except KeyboardInterrupt:
        return record.model_copy(update={"state": "interrupted"})
    return record.model_copy(update={"state": "complete"})


def held(record: Record) -> str:
    """Returns the message that a record is being measured by another run."""
    return f"record {record.id} is being measured by another run: wait for it, or end it"


def is_lost(one: Measurement) -> bool:
    """Returns whether a measurement is missing because its worker died."""
    return one.status == "failed" and (one.reason or "").startswith(LOST)


def _cost_s(done: Measurement, plan: Plan) -> float:
    """Returns how much of the suite's time a measurement used; a hang at most its budget."""
    took_s = done.took_s - done.setup_s
    return min(took_s, plan.budget_s) if is_lost(done) else took_s


def _joined(record: Record, done: Measurement, place: tuple[int, ...]) -> Record:
    """Returns the record with one more measurement, appended or replacing the one at ``place``."""
    kept = record.measurements
    (at,) = place or (len(kept),)
    took_s = record.took_s - sum(one.took_s for one in kept[at : at + 1]) + done.took_s
    longer = record.model_copy(update={"measurements": kept[:at]}).with_measurement(done, took_s)
    return longer.model_copy(update={"measurements": (*longer.measurements, *kept[at + 1 :])})


def start(place: Place, order: Order, catalogue: Catalogue) -> Record:
    """Returns the record of a run before its first measurement."""
    device = place.device
    identity = choose(order.chip, device, catalogue) if order.chip else identify(device, catalogue)
    now = dt.datetime.now(dt.UTC)
    token = hashlib.sha256(f"{now.isoformat()} {device.name}".encode()).hexdigest()[:6]
    return Record(
        id=f"{now:%Y%m%d-%H%M%S}-{device.backend}-{token}",
        started_utc=now.isoformat(timespec="seconds"),
        program=program(),
        suite=order.suite,
        settings=order.settings,
        machine=place.machine.model_copy(update={"node": order.node}),
        device=device,
        identity=identity,
    )


def record_path(record: Record, folder: Path) -> Path:
    """Returns a record's path: one folder per day, one file per run."""
    return folder / record.started_utc[:10] / f"{record.id}.json"


def budget_s(order: Order, number: int, spent_s: float) -> float:
    """Returns an item's share of the time left, so that unused time goes to later items.

    Items with their own seconds get exactly those, in addition to the suite's time.
    """
    own_s = order.items[number].seconds
    if own_s is not None:
        return own_s
    extra_s = sum(weighted.seconds or 0.0 for weighted in order.items[:number])
    weights = [weighted.weight for weighted in order.items[number:] if weighted.seconds is None]
    return max(LEAST_S, (order.seconds + extra_s - spent_s) * weights[0] / sum(weights))


def _one(session: Session, item: Item, plan: Plan, number: int, watcher: Watcher) -> Measurement:
    watcher.item(item, number, 0.0)
    began_s = time.monotonic()
    try:
        return session.measure(item, plan, lambda share: watcher.item(item, number, share))
    except WorkerDiedError as error:
        return lost(item, str(error), time.monotonic() - began_s)


def lost(item: Item, reason: str, took_s: float) -> Measurement:
    """Returns the failed measurement of an item whose worker died."""
    lost_kernel = kernel(item.kernel)
    pilot = lost_kernel.pilot(item.dtype, item.data, item.variant)
    return Measurement(
        kernel=item.kernel,
        dtype=item.dtype,
        data=item.data,
        figures=lost_kernel.figures(pilot),
        status="failed",
        reason=LOST + reason,
        parameters={**pilot.parameters, **item.fixed},
        took_s=took_s,
        label=lost_kernel.label(pilot),
        group=lost_kernel.group,
        quantity=lost_kernel.quantity(pilot),
        decides=lost_kernel.decides,
    )


def program() -> Program:
    """Returns the version of this program, with the git commit if it runs from a clone.

    ``dirty`` considers ``SOURCES`` only: new records or bundles in the clone do not count.
    """
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", *SOURCES) if commit else None
    return Program(
        version=__version__, commit=commit, dirty=None if changed is None else bool(changed)
    )


def _git(*words: str) -> str | None:
    root = paths.PACKAGE.parent
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(  # noqa: S603 -- fixed words
            ["git", "-C", str(root), *words],  # noqa: S607 -- whichever git is on the path
            capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
