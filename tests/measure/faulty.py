"""The program with a fake device that has a fault.

A plug-in on PYTHONPATH puts it behind ``device=cpu``, in the worker process only: what runs is the
real parent, the real pipe and a real process that really dies.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.records.model import Record
from bench.records.store import read
from tests.folders import ROOT

PLUGIN = '''
"""Loaded by every Python that the test starts, before anything else."""
import os
import sys

FAULT, ROOM = os.environ.get("FAULT", ""), os.environ.get("FAULT_ROOM", "")


def fault():
    import ctypes, signal, time
    if FAULT == "memory":
        raise MemoryError("out of device memory")
    if FAULT == "poison":
        from bench.devices.base import DeviceLostError
        raise DeviceLostError(
            "the device failed: CUDA error: an illegal memory access was encountered"
        )
    if FAULT == "sticky":
        Faulty.poisoned = True
    if FAULT == "segmentation":
        ctypes.string_at(0)
    if FAULT == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if FAULT == "abort":
        os.abort()
    if FAULT == "exit":
        os._exit(3)
    if FAULT == "hang":
        time.sleep(1e6)


if "--multiprocessing-fork" in sys.orig_argv:
    from bench.devices import cpu, machine
    from bench.devices.fake import FakeDevice

    class Faulty(FakeDevice):
        poisoned = False

        def info(self):
            return super().info().model_copy(update={"backend": "cpu", "name": "faulty"})

        def prepare(self, kernel, point):
            if point.parameters.get("stream") == "triad":
                fault()
            if Faulty.poisoned:
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            return super().prepare(kernel, point)

    cpu.make = lambda index: Faulty()
    machine._torch = lambda backend: {}
elif ROOM:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(ROOM), int(ROOM)))
elif FAULT == "hang":
    from bench.measure import session

    session.GRACE_FACTOR, session.GRACE_S = 0.0, float(os.environ.get("FAULT_PATIENCE", "2"))
'''
WORDS = ("device=cpu", "suite=smoke")


class Faulty:
    """Runs the program with a fault in its device."""

    def __init__(self, base: Path) -> None:
        self.out, self.plugin = base / "out", base / "plugin"
        self.plugin.mkdir()
        (self.plugin / "sitecustomize.py").write_text(PLUGIN)

    def start(self, *words: str, fault: str = "", **more: str) -> subprocess.Popen[str]:
        """A run under way, in a session of its own."""
        path = f"{self.plugin}{os.pathsep}{ROOT}"
        told = {"PYTHONPATH": path, "FAULT": fault, **more}
        full = "FAULT_ROOM" in more  # a full disk has no room for what coverage writes either
        kept = {key: one for key, one in os.environ.items() if not (full and key[:3] == "COV")}
        return subprocess.Popen(
            [sys.executable, "-m", "bench", "run", f"out={self.out}", *words],
            env={**kept, **told}, text=True, encoding="utf-8", start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, *words: str, fault: str = "", **more: str) -> tuple[int, str, str]:
        """Code and output of a run that has ended, with everything it had started."""
        with self.start(*(words or WORDS), fault=fault, **more) as process:
            out, err = process.communicate(timeout=60)
        assert gone(process.pid)
        return process.returncode, out, err

    def record(self) -> Record:
        """The one record, beside which nothing else lies."""
        (path,) = (one for one in self.out.rglob("*") if one.is_file())
        return read(path)

    def wait(self, count: int) -> Record:
        """The record once it has ``count`` measurements."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for path in self.out.rglob("*.json"):
                if len((record := read(path)).measurements) >= count:
                    return record
            time.sleep(0.02)
        raise AssertionError("nothing was measured")


def gone(group: int, patience_s: float = 10.0) -> bool:
    """Whether every process of a group has ended within a while."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
