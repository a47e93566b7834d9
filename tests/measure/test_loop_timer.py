"""A device timer that stays at nought: it is found out at once, and nothing hangs."""

from dataclasses import replace

import pytest

from bench.devices.base import DeviceError, Elapsed, Prepared
from bench.devices.fake import FakeDevice, FakePrepared, FakeSpec
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import MOST_CALLS, Plan, measure
from bench.measure.search import search
from bench.records.model import Check

PASSED = Check(passed=True, error=0.0, tolerance=1.0, shape="-")


class Stopped(FakeDevice):
    """A device whose timer stands still, while the host's clock goes on as it is told."""

    def __init__(self, wall_s: float) -> None:
        super().__init__(FakeSpec(noise="none"))
        self.wall_s, self.calls = wall_s, 0

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        self.calls += calls
        if self.calls > 4 * MOST_CALLS:
            pytest.fail("it would have gone on for hours")
        elapsed = super().time(prepared, calls)
        return replace(elapsed, seconds=0.0, wall_seconds=self.wall_s * calls)


@pytest.mark.parametrize(("wall_s", "most"), [(0.0, 2 * MOST_CALLS), (1e-3, 4096)])
def test_a_timer_that_stays_at_nought_is_no_endless_batch(wall_s: float, most: int) -> None:
    device = Stopped(wall_s)
    with pytest.raises(DeviceError, match=r"^the device's timer stays at 0$"):
        measure(device, FakePrepared(1e-3, PASSED), Plan(1.0))
    assert device.calls <= most


def test_a_search_by_such_a_timer_takes_no_longer() -> None:
    device, gemm = Stopped(1e-3), kernel("gemm")
    space = gemm.space(gemm.pilot("bf16", "normal"), device.limits())[:3]
    search(device, gemm, space, 1.0)
    assert device.calls < 100_000


def test_the_measurement_fails_and_says_so() -> None:
    fixed: dict[str, int | str] = {"m": 1024, "n": 1024, "k": 1024}
    done = measure_item(Stopped(1e-3), Item("gemm", "bf16", fixed=fixed), Plan(0.5))
    assert (done.status, done.reason) == ("failed", "DeviceError: the device's timer stays at 0")
