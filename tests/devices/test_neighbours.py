"""Processes of others on a device: told where they are seen, silent where numbers cannot be."""

import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from bench.devices.amd import Amd
from bench.devices.neighbours import sharing
from bench.devices.nvml import Nvml

GONE = 2**22 + 1
"""A number above the most that Linux gives a process."""


@pytest.fixture(scope="module")
def stranger() -> Iterator[int]:
    """A living process of another group."""
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, start_new_session=True) as one:
        yield one.pid
        one.kill()


def test_anothers_process_is_told_with_what_it_holds(stranger: int) -> None:
    told = sharing([(os.getpid(), 1e9), (stranger, 12.5 * 2**30)])
    assert told == "shared with another process that held 12.5 GiB"
    assert sharing([(os.getpid(), None), (stranger, None)]) == "shared with another process"
    both = [(os.getpid(), None), (stranger, 2**30), (GONE, 2**30)]
    assert sharing(both) == "shared with 2 other processes that held 2.0 GiB"


def test_our_own_workers_are_not_others() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as worker:
        assert sharing([(os.getpid(), 1e9), (worker.pid, 1e9)]) == ""
        worker.kill()


def test_numbers_of_another_name_space_tell_nothing(stranger: int) -> None:
    """In a container the host's numbers may name anybody: ours is not among them."""
    assert sharing([(stranger, 1e9), (GONE, 1e9)]) == ""
    assert sharing([]) == ""


def test_nvidias_library_tells_of_others(stranger: int, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [
        SimpleNamespace(pid=os.getpid(), usedGpuMemory=None),
        SimpleNamespace(pid=stranger, usedGpuMemory=2**31),
    ]
    driver = SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda _: "h",
        nvmlDeviceGetComputeRunningProcesses=lambda _: listed,
    )
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    monkeypatch.setattr("bench.devices.nvml.mps", lambda: ())
    told = ("shared with another process that held 2.0 GiB",)
    assert Nvml(None, None, 0).limits() == told


@pytest.mark.parametrize("form", ["rows", "handles"])
def test_amds_library_tells_of_others(
    form: str, stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before release 6 it listed handles, of which nothing is known."""
    rows = [{"pid": os.getpid(), "mem": 0}, {"pid": stranger, "mem": 2**30, "name": "N/A"}]
    listed = rows if form == "rows" else [1, 2]
    library = SimpleNamespace(
        amdsmi_init=lambda: None,
        amdsmi_get_processor_handles=lambda: ["h"],
        amdsmi_get_gpu_process_list=lambda _: listed,
    )
    monkeypatch.setitem(sys.modules, "amdsmi", library)
    told = ("shared with another process that held 1.0 GiB",)
    assert Amd(None, 0).limits() == (told if form == "rows" else ())
