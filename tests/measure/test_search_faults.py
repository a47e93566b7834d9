"""A search among configurations that fail when they are tried again, or in the midst of a trial."""

from collections import Counter
from dataclasses import replace

import pytest

from bench.devices.base import Elapsed, Prepared
from bench.devices.fake import FakeDevice, FakePrepared, FakeSpec
from bench.kernels.common.base import Kernel, Point
from bench.kernels.registry import kernel
from bench.measure.search import search

GEMM = kernel("gemm")
PILOT = GEMM.pilot("bf16", "normal")
SIZES = (1024, 2048, 4096, 8192)
SPACE = [
    replace(PILOT, parameters={**PILOT.parameters, "m": size, "n": size, "k": size})
    for size in SIZES
]
BEST = 8192


class Failing(FakeDevice):
    """A device on which the fastest configuration runs but once, or fails within its trial."""

    def __init__(self, fails: str) -> None:
        super().__init__(FakeSpec(noise="none"))
        self.fails, self.tried, self.calls = fails, Counter[int](), 0
        self.now_m = 0

    def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
        self.now_m, self.calls = int(point.size("m")), 0
        self.tried[self.now_m] += 1
        if self.fails == "again" and self.now_m == BEST and self.tried[BEST] > 1:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return super().prepare(kernel, point)

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        self.calls += 1
        if self.fails == "within" and self.now_m == BEST and self.calls > 1:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return super().time(prepared, calls)


@pytest.mark.parametrize("fails", ["again", "within"])
def test_a_leader_that_fails_leads_no_more(fails: str) -> None:
    device = Failing(fails)
    point, found = search(device, GEMM, SPACE, 1.0)
    assert point.size("m") == 4096
    assert device.tried[BEST] <= 2
    assert BEST not in {trial.parameters["m"] for trial in found.trials}
    assert found.left_out == 1


def test_without_a_failure_the_best_of_the_same_space_wins() -> None:
    point, found = search(Failing("never"), GEMM, SPACE, 1.0)
    assert (point.size("m"), found.left_out) == (BEST, 0)
