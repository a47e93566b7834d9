"""What is not a worker's end: progress that cannot be told, a session that another one closed."""

import multiprocessing
import signal
from typing import Any

import pytest

from bench.devices.fake import FakeDevice
from bench.measure import session as sessions
from bench.measure.session import LocalSession, WorkerDiedError, WorkerSession
from tests.measure.session_cases import ITEM, SHORT, ignore


class Scripted(WorkerSession):
    """A session whose worker has said what it is told, and whose end is only counted."""

    def __init__(self, *says: tuple[str, object]) -> None:
        super().__init__("cuda")
        self.says, self.started, self.ended = says, 0, 0

    def _start(self) -> Any:
        self.started += 1
        self._pipe, self.theirs = multiprocessing.Pipe()
        for one in self.says:
            self.theirs.send(one)
        return self._pipe

    def _end(self) -> None:
        self.ended += 1


def test_progress_that_cannot_be_told_is_not_the_workers_death() -> None:
    """Stderr may be closed, or a disk full: the worker goes on."""

    def fail(_: float) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    session = Scripted(("progress", 0.5))
    with pytest.raises(BrokenPipeError):
        session.measure(ITEM, SHORT, fail)
    assert session.ended == 0


def test_a_session_that_is_closed_starts_no_worker() -> None:
    session = Scripted()
    session.close()
    with pytest.raises(WorkerDiedError, match="the session was closed"):
        session.measure(ITEM, SHORT, ignore)
    assert session.started == 0


def test_a_session_closed_by_another_thread_says_so() -> None:
    """As after a Ctrl-C, which closes all sessions while their threads wait for workers."""
    session = WorkerSession("cuda")
    ours, theirs = multiprocessing.Pipe()
    session._pipe = ours

    def close(_: float) -> None:
        session.close()

    theirs.send(("progress", 0.5))
    with pytest.raises(WorkerDiedError, match="the session was closed"):
        session.measure(ITEM, SHORT, close)


def test_a_device_that_cannot_be_described_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise OSError("/proc/cpuinfo cannot be read")

    ours, theirs = multiprocessing.Pipe()
    monkeypatch.setattr(sessions, "open_device", lambda _: FakeDevice())
    monkeypatch.setattr(LocalSession, "describe", fail)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    ours.send(("describe",))
    sessions.serve(theirs, "cuda")
    assert ours.recv() == ("progress", 0.0)
    assert ours.recv() == ("died", "/proc/cpuinfo cannot be read")
