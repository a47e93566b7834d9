"""Devices and workers that fail for good: what they cost, and how the run ends all the same."""

import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import ClassVar

import pytest

from bench.devices.base import DeviceError, DeviceLostError
from bench.devices.fake import FakeDevice
from bench.measure import session as sessions
from bench.measure.pipe import signal_name
from bench.measure.session import LocalSession, WorkerDiedError, WorkerSession
from bench.records.model import Measurement
from tests.measure.session_cases import ITEM, SHORT, gone, ignore


def test_a_device_past_saving_ends_the_worker_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise DeviceLostError("the device failed: an illegal memory access")

    ours, theirs = multiprocessing.Pipe()
    monkeypatch.setattr(sessions, "open_device", lambda _: FakeDevice())
    monkeypatch.setattr(LocalSession, "measure", fail)
    monkeypatch.setattr(signal, "signal", fail_silently)
    ours.send(("measure", ITEM, SHORT))
    sessions.serve(theirs, "cuda")
    parent = WorkerSession("cuda")
    with pytest.raises(WorkerDiedError, match="the device failed: an illegal memory access"):
        parent._answer(ours, 5.0, ignore)


def fail_silently(*_: object) -> None:
    """A signal handler that is not installed: tests do not run in a process of their own."""


class Hanging(WorkerSession):
    """A session whose workers say nothing but what they are told to."""

    def __init__(self) -> None:
        super().__init__("cuda")
        self.theirs: list[Connection] = []
        self.says: list[tuple[str, object]] = []

    def _start(self) -> Connection:
        self._pipe, theirs = multiprocessing.Pipe()
        self.theirs.append(theirs)
        for one in self.says:
            theirs.send(one)
        return self._pipe

    def _end(self) -> None:
        self._pipe = None


def test_a_device_that_hangs_for_good_is_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a suite of a hundred items would wait more than a minute for each.

    One kernel that hangs in all its variants is no such device: its workers say that they are open.
    """
    monkeypatch.setattr(sessions, "GRACE_S", 0.0)
    monkeypatch.setattr(sessions, "GRACE_FACTOR", 0.0)
    session = Hanging()
    silent = sessions.MOST_SILENT
    for _ in range(silent - 1):
        with pytest.raises(WorkerDiedError, match="no answer within 0 s"):
            session.measure(ITEM, SHORT, ignore)
    session.says = [("progress", 0.0)]
    for _ in range(silent + 1):
        with pytest.raises(WorkerDiedError, match="no answer within 0 s"):
            session.measure(ITEM, SHORT, ignore)
    session.says = []
    for _ in range(silent - 1):
        with pytest.raises(WorkerDiedError, match="no answer within 0 s"):
            session.measure(ITEM, SHORT, ignore)
    started = len(session.theirs)
    with pytest.raises(WorkerDiedError, match="not tried: the device could not be opened 3 times"):
        session.measure(ITEM, SHORT, ignore)
    with pytest.raises(DeviceError, match="not tried"):
        session.describe()
    assert len(session.theirs) == started


class Answering(WorkerSession):
    """A session whose worker answers as it is told, and that counts how often it was closed."""

    def __init__(self, answer: object) -> None:
        super().__init__("cuda")
        self.answer, self.closed = answer, 0

    def _ask(self, *_: object) -> object:
        return self.answer

    def _end(self) -> None:
        self.closed += 1


OK = LocalSession(FakeDevice()).measure(ITEM, SHORT, ignore)
ERROR = OK.model_copy(update={"status": "failed", "reason": "RuntimeError", "check": None})
WRONG = OK.model_copy(update={"status": "failed", "reason": "wrong result"})


@pytest.mark.parametrize(("answer", "closed"), [(OK, 0), (WRONG, 0), (ERROR, 1)])
def test_after_an_error_the_next_measurement_gets_a_new_worker(
    answer: Measurement, closed: int
) -> None:
    session = Answering(answer)
    assert session.measure(ITEM, SHORT, ignore) == answer
    assert session.closed == closed


def test_a_device_that_is_gone_costs_one_measurement_and_its_worker() -> None:
    session = Answering(DeviceError("no device 'cuda' here"))
    with pytest.raises(WorkerDiedError, match="no device 'cuda' here"):
        session.measure(ITEM, SHORT, ignore)
    assert session.closed == 1


def test_a_worker_that_cannot_be_started_is_said_so_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    session = WorkerSession("cpu")
    context = multiprocessing.get_context("spawn")
    with monkeypatch.context() as patch:
        patch.setattr(context.Process, "start", fail)
        for _ in range(2):
            with pytest.raises(
                WorkerDiedError, match=r"started: Resource temporarily unavailable$"
            ):
                session.measure(ITEM, SHORT, ignore)
    session.close()


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (40, "signal 40")])
def test_a_signal_is_told_by_its_name_or_number(number: int, name: str) -> None:
    assert signal_name(number) == name


def test_a_worker_that_cannot_be_killed_does_not_hold_the_run() -> None:
    """A process that hangs in its driver takes no signal; the run goes on without it."""

    class Stuck:
        waits: ClassVar[list[float | None]] = []

        def terminate(self) -> None: ...
        def kill(self) -> None: ...
        def is_alive(self) -> bool:
            return True

        def join(self, timeout: float | None = None) -> None:
            self.waits.append(timeout)

    session = WorkerSession("cuda")
    session._process = Stuck()
    session.close()
    assert Stuck.waits == [sessions.KILL_WAIT_S] * 2
    assert session._process is None


@pytest.mark.slow
def test_a_worker_that_cannot_be_killed_does_not_keep_the_program_from_ending() -> None:
    """One that is stopped stands for one that hangs in its driver: signals reach it no more."""
    program = (
        "import os, signal\n"
        "from bench.measure import session as sessions\n"
        "if __name__ == '__main__':\n"
        "    sessions.KILL_WAIT_S = 0.1\n"
        "    session = sessions.WorkerSession('cpu'); session.describe()\n"
        "    process = session._process\n"
        "    os.kill(process.pid, signal.SIGSTOP)\n"
        "    process._popen._send_signal = lambda _: None\n"
        "    session.close()\n"
        "    print(process.pid, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        try:
            assert parent.wait(20) == 0
        finally:
            os.kill(worker, signal.SIGCONT)
    assert gone(worker)


def test_an_interruption_while_a_worker_is_ended_kills_it_all_the_same() -> None:
    class Stubborn:
        asked: ClassVar[list[str]] = []

        def terminate(self) -> None:
            self.asked.append("terminate")
            raise KeyboardInterrupt

        def kill(self) -> None:
            self.asked.append("kill")

        def is_alive(self) -> bool:
            return "kill" not in self.asked

        def join(self, timeout: float | None = None) -> None: ...

    session = WorkerSession("cuda")
    session._process = Stubborn()
    with pytest.raises(KeyboardInterrupt):
        session.close()
    assert Stubborn.asked == ["terminate", "kill"]
    assert session._process is None
