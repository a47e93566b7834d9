"""Measures several devices of one machine concurrently, or one by the same rules.

Each device has its own session, so that a failing device loses only its own measurements. All
start each item together and stay under load for all of its time, however precise one is before:
otherwise the first to finish would leave shared power, links and cooling to the others.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier
from time import monotonic
from typing import Literal, TypeVar

from bench.chips.load import Catalogue
from bench.devices.base import DeviceError
from bench.measure.alike import alike
from bench.measure.item import Item
from bench.measure.loop import SAMPLE_S, Plan
from bench.measure.recordfile import RecordFile, unwritable
from bench.measure.runner import UNWRITTEN, Order, Watcher, lost, record_path, start
from bench.measure.session import Place, Session, WorkerDiedError
from bench.records.model import Measurement, Record
from bench.records.store import remove_drafts_of_runs

State = Literal["complete", "interrupted"]
Given = TypeVar("Given")

SAMPLES = 1000
"""The most samples of one load, fewer than a record may hold."""


@dataclass
class Member:
    """One device of a phase, its session and its record.

    Attributes:
        word: the device, such as ``cuda:1``.
        known: its record of an earlier phase, whose configurations are measured again.
        trouble: why there is no complete record.
        shaken: whether its last measurement failed, so that its worker may have to be restarted.
    """

    word: str
    session: Session
    known: Record | None = None
    record: Record | None = None
    file: RecordFile | None = None
    trouble: str = ""
    shaken: bool = False


Tell = Callable[[Member], Watcher]
"""Returns a member's callbacks, as of a single run."""


def measured_together(
    members: Sequence[Member], order: Order, catalogue: Catalogue, tell: Tell
) -> bool:
    """Measures every item on all members concurrently, into their records.

    Returns:
        False if interrupted by Ctrl-C.

    Raises:
        UsageError: ``chip=`` names no sheet, or records cannot be written to the folder.
    """
    try:
        _at_once(members, _describe)
        present = [one for one in members if not one.trouble]
        remove_drafts_of_runs(order.folder)
        for one in present:
            _begin(one, order, catalogue)
            tell(one).started(_record(one), _file(one).path)
        for number in range(len(order.items)):
            _item(present, order, number, tell)
    except KeyboardInterrupt:
        for one in members:
            one.session.close()
        _end(members, "interrupted", tell)
        return False
    _end(members, "complete", tell)
    return True


def _describe(member: Member) -> Place | None:
    """Opens a device; if that fails, stores the reason in ``trouble``."""
    try:
        return member.session.describe()
    except DeviceError as error:
        member.trouble = str(error)
    return None


def _begin(member: Member, order: Order, catalogue: Catalogue) -> None:
    """Creates and locks the record before the first measurement."""
    place = member.session.describe()
    member.record = start(place, order, catalogue)
    while (path := record_path(member.record, order.folder)).exists():
        member.record = start(place, order, catalogue)
    member.file = RecordFile(path)
    if trouble := member.file.save(member.record):
        raise unwritable(order.folder, trouble)
    member.file.take()


def _item(members: Sequence[Member], order: Order, number: int, tell: Tell) -> None:
    """Measures one item on all members, which start it together."""
    _at_once([one for one in members if one.shaken], _again)
    seconds = order.seconds_of_items()[number]
    sample_s = max(SAMPLE_S, seconds / SAMPLES)
    plan = Plan(seconds, order.precision, least_s=seconds, sample_s=sample_s)
    items = {one.word: _settled(order.items[number].item, one, number) for one in members}
    barrier = Barrier(max(1, len(members)))

    def measure(one: Member) -> Measurement:
        barrier.wait()
        item, watcher = items[one.word], tell(one)
        return _measurement(one, item, plan, lambda done: watcher.item(item, number, done))

    for one, done in zip(members, _at_once(members, measure, barrier.abort), strict=True):
        _keep(one, done, tell(one))


def _keep(member: Member, done: Measurement, watcher: Watcher) -> None:
    """Adds a measurement to the member's record and saves it."""
    member.shaken = done.status == "failed" or (done.status == "ok" and bool(done.reason))
    record = _record(member)
    member.record = record.with_measurement(done, record.took_s + done.took_s)
    if trouble := _file(member).save(member.record, new=1):
        watcher.unsaved(UNWRITTEN + trouble)
    watcher.measured(member.record, done)


def _again(member: Member) -> None:
    """Restarts a member's worker if it was lost, so that the next item starts together on all.

    An error here is ignored: the measurement will hit and report it.
    """
    try:
        member.session.describe()
    except DeviceError:
        return


def _settled(item: Item, member: Member, number: int) -> Item:
    """Returns an item with the fastest configuration found for this device in an earlier phase."""
    known = member.known.measurements if member.known else ()
    earlier = known[number] if number < len(known) else None
    if earlier is None or earlier.search is None or earlier.status != "ok":
        return alike(item, _record(member))
    return replace(item, fixed={**earlier.parameters, **item.fixed}, proven=True)


def _measurement(
    member: Member, item: Item, plan: Plan, progress: Callable[[float], None]
) -> Measurement:
    began_s = monotonic()
    try:
        return member.session.measure(item, plan, progress)
    except WorkerDiedError as error:
        return lost(item, str(error), monotonic() - began_s)


def _end(members: Sequence[Member], state: State, tell: Tell) -> None:
    """Saves every record with its final state and unlocks it."""
    for one in members:
        if one.record is None or one.file is None:
            continue
        one.record = one.record.model_copy(update={"state": state})
        if trouble := one.file.save(one.record):
            tell(one).unsaved(UNWRITTEN + trouble)
            whole = one.file.elsewhere(one.record)
            remedy = f": the whole record is in {whole}" if whole else ""
            one.trouble = f"{one.file.path}: {UNWRITTEN}{trouble}{remedy}"
        one.file.release()


def _record(member: Member) -> Record:
    assert member.record is not None  # noqa: S101 -- begun before anything is measured
    return member.record


def _file(member: Member) -> RecordFile:
    assert member.file is not None  # noqa: S101 -- as above
    return member.file


def _at_once(
    members: Sequence[Member],
    do: Callable[[Member], Given],
    give_up: Callable[[], None] = lambda: None,
) -> list[Given]:
    """Calls ``do`` for each member in a thread; for a single one, in this thread.

    Ctrl-C closes the sessions, so that their threads end, too.

    Args:
        members: the devices.
        do: what is done for each.
        give_up: called on any error, also while threads are started, so that none of them waits
            for one that never comes.
    """
    if len(members) < 2:
        return [do(one) for one in members]
    with ThreadPoolExecutor(len(members)) as pool:
        try:
            waiting: list[Future[Given]] = [pool.submit(do, one) for one in members]
            return [one.result() for one in waiting]
        except BaseException as error:
            give_up()
            if isinstance(error, KeyboardInterrupt):
                for member in members:
                    member.session.close()
            raise
