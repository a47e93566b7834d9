"""Faults through the real command line: each costs one measurement, and the rest is on disk.

A plug-in on PYTHONPATH puts a fake device with a fault behind ``device=cpu``, in the worker process
only: what runs is the real parent, the real pipe and a real process that really dies.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.records.model import Record
from bench.records.store import read

ROOT = Path(__file__).resolve().parent.parent
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
        raise SystemExit("the device failed: CUDA error: an illegal memory access was encountered")
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


def workers(parent: int) -> list[int]:
    """The worker processes of a run."""
    found = psutil.Process(parent).children(recursive=True)
    return [one.pid for one in found if "--multiprocessing-fork" in one.cmdline()]


@pytest.fixture
def faulty(tmp_path: Path) -> Faulty:
    """The program with a faulty device."""
    return Faulty(tmp_path)


ILLEGAL = "CUDA error: an illegal memory access was encountered"
FAULTS = [
    ("memory", "MemoryError: out of device memory"),
    ("poison", f"worker lost: the device failed: {ILLEGAL}"),
    ("sticky", f"RuntimeError: {ILLEGAL}"),
    ("segmentation", "worker lost: the worker was ended by SIGSEGV"),
    ("kill", "worker lost: the worker was ended by SIGKILL"),
    ("abort", "worker lost: the worker was ended by SIGABRT"),
    ("exit", "worker lost: the worker ended with exit code 3"),
    pytest.param(
        "hang", "worker lost: no answer within 2 s: the worker was ended", marks=pytest.mark.slow
    ),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_a_fault_costs_one_measurement_and_says_why(
    fault: str, reason: str, faulty: Faulty
) -> None:
    code, out, err = faulty(fault=fault)
    record = faulty.record()
    assert (code, record.state) == (1, "complete")
    assert [(one.status, one.reason) for one in record.measurements] == [
        ("ok", None), ("failed", reason), ("ok", None), ("ok", None),
    ]  # fmt: skip
    assert f"failed: {reason}" in out.replace("\\", "")
    assert "Traceback" not in err


@pytest.mark.parametrize("fault", ["kill", "poison"])
def test_what_a_fault_has_cost_is_measured_again_and_nothing_else(
    fault: str, faulty: Faulty
) -> None:
    assert faulty(fault=fault)[0] == 1
    before = faulty.record()
    code, _, err = faulty("resume=latest")
    after = faulty.record()
    assert (code, after.state, after.id) == (0, "complete", before.id)
    kept = [0, 2, 3]
    assert [after.measurements[place] for place in kept] == [
        before.measurements[place] for place in kept
    ]
    assert after.measurements[1].status == "ok"
    assert "1 measurement in about 1 s" in err
    assert after.took_s == pytest.approx(sum(one.took_s for one in after.measurements))


def test_a_fault_that_stays_costs_the_same_one_again(faulty: Faulty) -> None:
    faulty(fault="kill")
    assert faulty("resume=latest", fault="kill")[0] == 1
    statuses = [one.status for one in faulty.record().measurements]
    assert statuses == ["ok", "failed", "ok", "ok"]


def test_a_worker_that_cannot_even_start_ends_the_run_before_it_begins(faulty: Faulty) -> None:
    (faulty.plugin / "sitecustomize.py").write_text(
        "import os, sys\nif '--multiprocessing-fork' in sys.orig_argv: os._exit(9)\n"
    )
    code, out, err = faulty()
    assert (code, out) == (2, "")
    assert err == "onpaper: device 'cpu' cannot be opened: the worker ended with exit code 9\n"
    assert not faulty.out.exists()


def test_a_full_disk_keeps_what_was_written_before_and_ends_with_all_that_was_measured(
    faulty: Faulty,
) -> None:
    code, out, err = faulty(FAULT_ROOM="20000")
    record = faulty.record()
    assert code == 1
    assert record.state == "running"
    assert len(record.measurements) < 4
    assert "bf16" in out
    assert "the record could not be written: File too large\n" in err
    lacking = 4 - len(record.measurements)
    last = "the last measurement" if lacking == 1 else f"the last {lacking} measurements"
    (path,) = faulty.out.rglob("*.json")
    assert err.endswith(
        f"onpaper: the record could not be written: File too large; {path} lacks {last}: "
        f"once it can, run 'python -m bench run resume={path}'\n"
    )
    assert "Traceback" not in err


def test_a_record_that_a_full_disk_cut_short_can_be_completed(faulty: Faulty) -> None:
    faulty(FAULT_ROOM="20000")
    before = faulty.record().measurements
    assert faulty("resume=latest")[0] == 0
    after = faulty.record()
    assert (after.state, len(after.measurements)) == ("complete", 4)
    assert after.measurements[: len(before)] == before


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_a_run_whose_worker_hangs(
    sign: signal.Signals, faulty: Faulty
) -> None:
    with faulty.start(*WORDS, fault="hang", FAULT_PATIENCE="300") as process:
        faulty.wait(1)
        os.killpg(process.pid, sign) if sign == signal.SIGINT else process.terminate()
        out, err = process.communicate(timeout=30)
    assert (process.returncode, faulty.record().state) == (130, "interrupted")
    assert "The run is interrupted" in out
    assert "Traceback" not in err
    assert gone(process.pid)


def test_a_second_interruption_says_where_the_record_is(faulty: Faulty) -> None:
    """It comes while the worker, which takes no signal, is being ended."""
    (faulty.plugin / "sitecustomize.py").write_text(
        PLUGIN + "    session.KILL_WAIT_S = 3.0\n"
        'if "--multiprocessing-fork" in sys.orig_argv:\n'
        "    import signal\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    with faulty.start(*WORDS, fault="hang", FAULT_PATIENCE="300") as process:
        faulty.wait(1)
        process.send_signal(signal.SIGINT)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    record = faulty.record()
    (path,) = faulty.out.rglob("*.json")
    assert (process.returncode, record.state, len(record.measurements)) == (130, "interrupted", 1)
    assert out == ""
    assert err.splitlines()[-1] == f"onpaper: interrupted: what was measured is in {path}"
    assert "Traceback" not in err
    assert gone(process.pid)


def test_a_record_under_way_is_left_to_its_run_and_free_once_that_is_dead(
    faulty: Faulty,
) -> None:
    with faulty.start(*WORDS, fault="hang", FAULT_PATIENCE="300") as process:
        before = faulty.wait(1)
        code, out, err = faulty("resume=latest")
        assert (code, out) == (2, "")
        assert err == (
            f"onpaper: record {before.id} is being measured by another run: "
            "wait for it, or end it\n"
        )
        assert faulty.record() == before
        process.kill()
        process.communicate(timeout=30)
    assert gone(process.pid)
    assert faulty("resume=latest")[0] == 0


def test_a_parent_that_is_killed_takes_a_hanging_worker_with_it_and_leaves_a_whole_record(
    faulty: Faulty,
) -> None:
    with faulty.start(*WORDS, fault="hang", FAULT_PATIENCE="300") as process:
        faulty.wait(1)
        assert len(workers(process.pid)) == 1
        process.kill()
        process.communicate(timeout=30)
    assert gone(process.pid)
    record = faulty.record()
    assert (record.state, len(record.measurements)) == ("running", 1)
    assert faulty("resume=latest")[0] == 0
    assert [one.status for one in faulty.record().measurements] == ["ok"] * 4
    assert faulty.record().measurements[:1] == record.measurements


@pytest.mark.slow
def test_a_real_kernel_that_crashes_costs_one_measurement(faulty: Faulty) -> None:
    """The CPU itself and torch, with a stream that reads from nowhere."""
    (faulty.plugin / "sitecustomize.py").write_text(
        "import sys\n"
        "if '--multiprocessing-fork' in sys.orig_argv:\n"
        "    import ctypes\n"
        "    from dataclasses import replace\n"
        "    from bench.kernels import memory\n"
        "    build = memory.Memory.build\n"
        "    def broken(self, point, *more):\n"
        "        task = build(self, point, *more)\n"
        "        bad = point.parameters['stream'] == 'triad'\n"
        "        return replace(task, calls=[lambda: ctypes.string_at(0)]) if bad else task\n"
        "    memory.Memory.build = broken\n"
    )
    code, _, err = faulty("device=cpu", "kernel=memory", "elements=1000000", "seconds=3")
    assert code == 1
    record = faulty.record()
    status = {one.parameters["stream"]: one.status for one in record.measurements}
    assert status.pop("triad") == "failed"
    assert len(status) == 5
    assert set(status.values()) == {"ok"}
    (lost,) = (one.reason for one in record.measurements if one.status == "failed")
    assert lost == "worker lost: the worker was ended by SIGSEGV"
    assert "Traceback" not in err
