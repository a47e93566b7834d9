"""What tests of worker processes share: a tiny item, its plan, and whether a process is gone."""

import time

import psutil

from bench.measure.item import Item
from bench.measure.loop import Plan

TINY: dict[str, int | str] = {"m": 32, "n": 32, "k": 32}
ITEM = Item("gemm", "fp32", fixed=TINY, forced=True)
SHORT = Plan(0.2)


def ignore(_: float) -> None:
    """Progress that nobody reads."""


def gone(pid: int, patience_s: float = 20.0) -> bool:
    """Whether a process ends within a while; one that waits for nothing but its parent has."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
