"""Runs a suite: one item after the other, the record on disk after each."""

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
from bench.errors import UsageError
from bench.kernels.registry import kernel
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.session import Place, Session, WorkerDiedError
from bench.records.model import Measurement, Program, Record
from bench.records.store import write

LEAST_S = 0.3


@dataclass(frozen=True)
class Weighted:
    """An item and its share of the suite's time."""

    item: Item
    weight: float


@dataclass(frozen=True)
class Order:
    """What is to be run.

    Attributes:
        suite: its name.
        seconds: time for all items together, set-up excluded.
        items: in the order in which they are run.
        precision: wanted half-width of the median's 95% interval, relative.
        chip: the sheet to use, None to go by what the device reports.
        folder: where records go.
        settings: what is written into the record of how it was run.
    """

    suite: str
    seconds: float
    items: tuple[Weighted, ...]
    precision: float
    chip: str | None
    folder: Path
    settings: dict[str, str | int | float | bool | None]


@dataclass(frozen=True)
class Watcher:
    """Who is told how the run goes: at its start, within and after an item, on trouble."""

    started: Callable[[Record, Path], None] = lambda _record, _path: None
    item: Callable[[Item, int, float], None] = lambda _item, _number, _share: None
    measured: Callable[[Record, Measurement], None] = lambda _record, _measurement: None
    unsaved: Callable[[str], None] = lambda _reason: None


def run(session: Session, order: Order, catalogue: Catalogue, watcher: Watcher) -> Record:
    """Measures every item and returns the record; Ctrl-C ends it with what was measured.

    Raises:
        DeviceError: the device is not here.
        UsageError: ``chip=`` names no sheet, or records cannot be written to the folder.
    """
    record = start(session.describe(), order, catalogue)
    path = record_path(record, order.folder)
    try:
        write(record, path)
    except OSError as error:
        raise UsageError(f"no record can be written to {order.folder}: {error.strerror}") from None
    watcher.started(record, path)
    try:
        for number, weighted in enumerate(order.items):
            plan = Plan(budget_s(order, number, measuring_s(record)), order.precision)
            done = _one(session, weighted.item, plan, number, watcher)
            record = record.with_measurement(done, record.took_s + done.took_s)
            _save(record, path, watcher)
            watcher.measured(record, done)
        record = record.model_copy(update={"state": "complete"})
    except KeyboardInterrupt:
        record = record.model_copy(update={"state": "interrupted"})
    _save(record, path, watcher)
    return record


def _save(record: Record, path: Path, watcher: Watcher) -> None:
    """Writes the record; a full disk costs the file, not the run: the next write may succeed."""
    try:
        write(record, path)
    except OSError as error:
        watcher.unsaved(f"the record could not be written: {error.strerror}")


def start(place: Place, order: Order, catalogue: Catalogue) -> Record:
    """Returns the record of a run that has measured nothing yet."""
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
        machine=place.machine,
        device=device,
        identity=identity,
    )


def record_path(record: Record, folder: Path) -> Path:
    """Returns where a record is written: a folder a day, a file a run."""
    return folder / record.started_utc[:10] / f"{record.id}.json"


def measuring_s(record: Record) -> float:
    """Returns the time spent so far without setting up, which no budget is charged for."""
    return sum(one.took_s - one.setup_s for one in record.measurements)


def budget_s(order: Order, number: int, spent_s: float) -> float:
    """Returns an item's share of the time still left, so that savings are handed on."""
    weights = [weighted.weight for weighted in order.items[number:]]
    return max(LEAST_S, (order.seconds - spent_s) * weights[0] / sum(weights))


def _one(session: Session, item: Item, plan: Plan, number: int, watcher: Watcher) -> Measurement:
    watcher.item(item, number, 0.0)
    began_s = time.monotonic()
    try:
        return session.measure(item, plan, lambda share: watcher.item(item, number, share))
    except WorkerDiedError as error:
        return lost(item, str(error), time.monotonic() - began_s)


def lost(item: Item, reason: str, took_s: float) -> Measurement:
    """Returns the measurement that cost a worker its life."""
    found = kernel(item.kernel)
    pilot = found.pilot(item.dtype, item.data, item.variant)
    return Measurement(
        kernel=item.kernel,
        dtype=item.dtype,
        data=item.data,
        figures=found.figures(pilot),
        status="failed",
        reason=reason,
        parameters={**pilot.parameters, **item.fixed},
        took_s=took_s,
        label=found.label(pilot),
        group=found.group,
        quantity=found.quantity(pilot),
        decides=found.decides,
    )


def program() -> Program:
    """Returns the version of this program, with the commit where it runs from a clone."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain") if commit else None
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
