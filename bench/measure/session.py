"""Measuring sessions: in a worker process, or in this process for the simulated device.

The parent never imports torch. If a worker crashes, is killed or hangs, the measurement in
progress is lost; the next one gets a new worker.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from bench.devices.base import Device, DeviceError, DeviceLostError
from bench.devices.fake import FakeDevice, FakeSpec
from bench.devices.registry import open_device
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.measure.pipe import GoneError, heard, signal_name, talking
from bench.records.machine import Machine
from bench.records.model import DeviceInfo, Measurement

Progress = Callable[[float], None]
START_S = 180.0
GRACE_FACTOR = 3.0
GRACE_S = 60.0
KILL_WAIT_S = 5.0
REPORT_S = 0.5

CLOSED = "the session was closed"

MOST_SILENT = 3
"""After this many workers in a row that never reported that they opened the device, no more are
started: each costs more than a minute, and a hanging driver would cost that for every item."""


class WorkerDiedError(Exception):
    """The worker ended without an answer; the message says how."""


@dataclass(frozen=True)
class Place:
    """The machine and the device to measure on."""

    machine: Machine
    device: DeviceInfo


class Session(Protocol):
    """Something that describes a device and measures items on it."""

    def describe(self) -> Place:
        """Returns machine and device."""
        ...

    def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
        """Measures one item; raises ``WorkerDiedError`` if that cost the worker."""
        ...

    def close(self) -> None:
        """Ends the session."""
        ...


class LocalSession:
    """Measures in this process."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def describe(self) -> Place:
        """Returns machine and device."""
        from bench.devices.machine import machine

        return Place(machine(self._device.info().backend), self._device.info())

    def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
        """Measures one item."""
        return measure_item(self._device, item, plan, progress)

    def close(self) -> None:
        """Frees the buffers."""
        self._device.release()


class WorkerSession:
    """Measures in a separate process, started on demand and restarted after it died."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._process: Any = None
        self._pipe: Connection | None = None
        self._silent = 0
        self._closed, self._starting = False, threading.Lock()

    @property
    def pid(self) -> int | None:
        """Returns the worker's process id, None if none is running."""
        return self._process.pid if self._process else None

    def describe(self) -> Place:
        """Returns machine and device.

        Raises:
            DeviceError: the device cannot be opened.
        """
        try:
            answer = self._ask(("describe",), START_S, lambda _: None)
        except WorkerDiedError as error:
            raise DeviceError(f"device {self._word!r} cannot be opened: {error}") from error
        if isinstance(answer, DeviceError):
            raise answer
        assert isinstance(answer, Place)  # noqa: S101 -- what the worker sends
        return answer

    def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
        """Measures one item; a worker that does not answer in time is ended.

        An error, also one after the timing, may have left the device or its memory in a bad state,
        so the next item gets a new worker; after a merely wrong result the worker is kept.
        """
        patience = GRACE_FACTOR * plan.budget_s + GRACE_S
        answer = self._ask(("measure", item, plan), patience, progress)
        if isinstance(answer, DeviceError):
            self._end()
            raise WorkerDiedError(str(answer))
        assert isinstance(answer, Measurement)  # noqa: S101 -- what the worker sends
        failed = answer.status == "failed" and answer.check is None
        if failed or (answer.status == "ok" and answer.reason):
            self._end()
        return answer

    def close(self) -> None:
        """Ends the worker and prevents a new one; a waiting call raises ``WorkerDiedError``."""
        with self._starting:
            self._closed = True
        self._end()

    def _end(self) -> None:
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        try:
            if process:
                process.terminate()
                process.join(KILL_WAIT_S)
        finally:  # even a second Ctrl-C leaves no worker behind
            if process:
                _kill(process)
        if pipe:
            pipe.close()

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, self._word), name="onpaper-worker", daemon=True
        )
        self._process.start()
        theirs.close()
        return self._pipe

    def _ask(self, message: tuple[Any, ...], patience_s: float, progress: Progress) -> object:
        if self._silent >= MOST_SILENT:
            raise WorkerDiedError(f"not tried: the device could not be opened {self._silent} times")
        pipe, process = self._open()
        try:
            with talking():
                pipe.send(message)
            return self._answer(pipe, patience_s, progress)
        except GoneError as error:
            raise WorkerDiedError(self._how_it_died(process)) from error

    def _open(self) -> tuple[Connection, Any]:
        """Returns the pipe to the worker and its process, started if there is none."""
        with self._starting:
            if self._closed:
                raise WorkerDiedError(CLOSED)
            try:
                pipe = self._pipe or self._start()
            except OSError as error:
                self._process = self._pipe = None
                raise WorkerDiedError(f"no worker could be started: {error.strerror}") from error
            return pipe, self._process

    def _answer(self, pipe: Connection, patience_s: float, progress: Progress) -> object:
        deadline = time.monotonic() + patience_s
        while message := heard(pipe, deadline):
            kind, content = message
            self._silent = 0
            if kind == "answer":
                return content
            if kind == "died":
                self._end()
                raise WorkerDiedError(content)
            progress(content)
        self._silent += 1
        self._end()
        raise WorkerDiedError(f"no answer within {patience_s:.0f} s: the worker was ended")

    def _how_it_died(self, process: Any) -> str:  # noqa: ANN401 -- of the spawn context
        if self._closed:
            return CLOSED
        process.join(KILL_WAIT_S)
        code = process.exitcode
        self._end()
        if code is not None and code < 0:
            return f"the worker was ended by {signal_name(-code)}"
        return f"the worker ended with exit code {code}"


def _kill(process: Any) -> None:  # noqa: ANN401 -- of the spawn context
    """Kills a worker that is still alive; one that hangs in its driver cannot be killed at all.

    Python would wait for such a child at exit, so it is removed from the list of children.
    """
    if process.is_alive():
        process.kill()
        process.join(KILL_WAIT_S)
    if process.is_alive():
        multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]  # noqa: SLF001 -- there is no other way


def serve(pipe: Connection, word: str) -> None:
    """Answers the parent's requests until it goes away; runs in the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no pool outlives the worker
    threading.Thread(target=_leave_with_parent, name="parent", daemon=True).start()
    try:
        session = LocalSession(open_device(word))
        pipe.send(("progress", 0.0))  # the device is open: a later hang may be one kernel's
    except DeviceError as error:
        pipe.recv()
        pipe.send(("answer", error))
        return
    kind = "answer"
    with suppress(EOFError, OSError):  # the parent has gone
        while kind != "died":
            kind, content = _reply(session, pipe, *pipe.recv())
            pipe.send((kind, content))


def _reply(session: Session, pipe: Connection, request: str, *arguments: Any) -> tuple[str, object]:  # noqa: ANN401 -- as the parent sends them
    """Returns the answer to a request, or why the worker has to end."""
    try:
        if request == "describe":
            return "answer", session.describe()
        item, plan = arguments
        return "answer", session.measure(item, plan, _Reporter(pipe))
    except (DeviceLostError, OSError) as error:  # unrecoverable: the next item gets a new worker
        return "died", str(error)


def _leave_with_parent() -> None:
    """Ends this worker when its parent has ended, so that a hang does not hold the device.

    The thread blocks in ``join`` and does not disturb what is measured.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Reporter:
    """Sends progress to the parent, at most twice a second."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._next_s = 0.0

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now >= self._next_s:
            self._next_s = now + REPORT_S
            self._pipe.send(("progress", share))


def open_session(word: str, fake: FakeSpec | None = None) -> Session:
    """Returns the session for a device; the simulated one needs no worker process."""
    if word.partition(":")[0] == "fake":
        return LocalSession(FakeDevice(fake))
    return WorkerSession(word)
