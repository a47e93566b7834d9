"""The worker process: it is described, killed, hung and replaced, and the parent goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.devices.base import DeviceError
from bench.devices.fake import FakeDevice, FakeSpec
from bench.measure import session as sessions
from bench.measure.loop import Plan
from bench.measure.session import LocalSession, Place, WorkerDiedError, WorkerSession, open_session
from tests.measure.session_cases import ITEM, SHORT, TINY, gone, ignore

LONG = Plan(30.0, 1e-9)


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerSession]:
    """One session on the CPU for the whole file: starting a worker costs a torch import."""
    session = WorkerSession("cpu")
    yield session
    session.close()


def place(session: WorkerSession) -> Place:
    """Where a session measures; starts its worker."""
    return session.describe()


def test_the_worker_describes_the_device(worker: WorkerSession) -> None:
    found = place(worker)
    assert found.device.backend == "cpu"
    assert found.machine.torch is not None
    assert found.machine.python == sys.version.split()[0]


def test_the_worker_measures_and_tells_how_far_it_is(worker: WorkerSession) -> None:
    told: list[float] = []
    done = worker.measure(ITEM, Plan(0.5, 1e-9), told.append)
    assert (done.status, done.reason) == ("ok", None)
    assert done.parameters == {**TINY, "layout": "nt"}
    assert told
    assert told == sorted(told)


def test_a_worker_that_is_killed_costs_one_measurement_and_names_the_signal(
    worker: WorkerSession,
) -> None:
    place(worker)
    first = worker._process.pid

    def kill(_: float) -> None:
        os.kill(first, signal.SIGKILL)

    with pytest.raises(WorkerDiedError, match=r"^the worker was ended by SIGKILL$"):
        worker.measure(ITEM, LONG, kill)
    assert worker.measure(ITEM, SHORT, ignore).status == "ok"
    assert worker._process.pid != first


def test_a_worker_that_hangs_is_ended_and_replaced(
    worker: WorkerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(worker)
    first = worker._process.pid
    with monkeypatch.context() as patch:
        patch.setattr(sessions, "GRACE_S", 0.3)
        patch.setattr(sessions, "GRACE_FACTOR", 0.0)
        patch.setattr(sessions, "KILL_WAIT_S", 0.1)
        os.kill(first, signal.SIGSTOP)
        with pytest.raises(WorkerDiedError, match=r"^no answer within 0 s: the worker was ended$"):
            worker.measure(ITEM, SHORT, ignore)
    assert worker.measure(ITEM, SHORT, ignore).status == "ok"
    assert gone(first)


def test_ctrl_c_reaches_the_parent_alone(worker: WorkerSession) -> None:
    place(worker)
    os.kill(worker._process.pid, signal.SIGINT)
    assert worker.measure(ITEM, SHORT, ignore).status == "ok"


def test_closing_ends_the_worker_and_may_be_done_twice() -> None:
    worker = WorkerSession("cpu")
    place(worker)
    pid = worker._process.pid
    worker.close()
    worker.close()
    assert gone(pid)


def test_a_device_that_is_not_there_is_said_so() -> None:
    session = WorkerSession("cpu:3")
    try:
        with pytest.raises(DeviceError) as caught:
            session.describe()
    finally:
        session.close()
    assert str(caught.value) == "no device 'cpu:3' here: the CPU is one device: device=cpu"


def test_a_worker_that_dies_while_it_starts_is_a_device_that_cannot_be_opened() -> None:
    session = WorkerSession("cpu")
    session._start()
    session._process.kill()
    try:
        with pytest.raises(DeviceError) as caught:
            session.describe()
    finally:
        session.close()
    assert str(caught.value) == ("device 'cpu' cannot be opened: the worker was ended by SIGKILL")


@pytest.mark.slow
def test_the_worker_goes_when_its_parent_is_killed() -> None:
    program = (
        "from bench.measure.session import WorkerSession\n"
        "import time\n"
        "if __name__ == '__main__':\n"
        "    session = WorkerSession('cpu'); session.describe()\n"
        "    print(session._process.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    assert gone(worker)


def test_the_fake_needs_no_process_of_its_own() -> None:
    session = open_session("fake", FakeSpec(name="mine"))
    assert isinstance(session, LocalSession)
    assert session.describe().device.name == "mine"
    assert session.measure(ITEM, SHORT, ignore).status == "ok"
    session.close()


@pytest.mark.parametrize("word", ["cpu", "cuda:1", "auto"])
def test_every_other_device_gets_a_worker(word: str) -> None:
    assert isinstance(open_session(word), WorkerSession)


def test_a_local_session_gives_the_buffers_back() -> None:
    class Releasing(FakeDevice):
        released = False

        def release(self) -> None:
            self.released = True

    device = Releasing()
    LocalSession(device).close()
    assert device.released


def test_the_parent_of_a_worker_does_not_import_torch() -> None:
    program = (
        "import sys\n"
        "from bench.measure.session import WorkerSession\n"
        "if __name__ == '__main__':\n"
        "    session = WorkerSession('cpu'); session.describe(); session.close()\n"
        "    print('torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
