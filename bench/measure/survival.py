"""Conformance tests in worker processes, and whether a backend survives a worker's death."""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from bench.devices.base import DeviceError
from bench.devices.conformance import TrialOutcome, of_device, of_word
from bench.devices.fake import FakeDevice
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.session import WorkerDiedError, WorkerSession

NAME = "worker's death"
ITEM = Item("memory", "fp32", variant="add", fixed={"elements": 1 << 16})
LONG, SHORT = Plan(20.0, 1e-9), Plan(0.2)


def conformance(word: str) -> list[TrialOutcome]:
    """Runs all conformance trials of a device in worker processes.

    Raises:
        DeviceError: there is no such device, or a trial ended its process.
    """
    if word.partition(":")[0] == "fake":
        worker_trial = TrialOutcome(NAME, "skipped", "a simulated device needs no worker")
        return [*of_device(FakeDevice()), worker_trial]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            found = pool.submit(of_word, word).result()
        except BrokenProcessPool as error:
            raise DeviceError(f"device {word!r} ended its process while it was tried") from error
    return [*found, survives(word)]


def survives(word: str) -> TrialOutcome:
    """Kills a worker in the middle of a measurement, and measures with the next one."""
    session = WorkerSession(word)
    try:
        session.describe()
        first = session.pid
        reason = _lost(session)
        done = session.measure(ITEM, SHORT, lambda _: None)
        if session.pid == first:
            return TrialOutcome(NAME, "failed", "the worker outlived SIGKILL")
        if done.status == "ok":
            return TrialOutcome(NAME, "passed")
        return TrialOutcome(NAME, "failed", f"{reason}; the next one: {done.status}, {done.reason}")
    except WorkerDiedError as error:
        return TrialOutcome(NAME, "failed", f"the next worker died, too: {error}")
    finally:
        session.close()


def _lost(session: WorkerSession) -> str:
    """Kills the worker during a measurement; returns the error reported."""

    def kill(_: float) -> None:
        if session.pid:
            os.kill(session.pid, signal.SIGKILL)

    try:
        session.measure(ITEM, LONG, kill)
    except WorkerDiedError as error:
        return str(error)
    return "no death was noticed"
