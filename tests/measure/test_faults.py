"""Faults through the real command line: each costs one measurement, and the rest is on disk."""

from pathlib import Path

import pytest

from tests.measure.faulty import Faulty


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
    assert err.splitlines()[-1] == f"onpaper: exit code 1: memory fp32: {reason}"
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
    assert "1 measurement in up to 1 s" in err
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
