"""Orders and sessions for tests of a run."""

from dataclasses import replace
from pathlib import Path

from bench.devices.fake import FakeDevice, FakeSpec
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.runner import Order, Weighted
from bench.measure.session import LocalSession, Progress
from bench.records.model import Measurement

COPY = Item("memory", "fp32", variant="copy")
PRODUCT = Item("gemm", "bf16")


def order(folder: Path, *chosen: Item, seconds: float = 2.0) -> Order:
    """An order of items of equal weight."""
    weighted = tuple(Weighted(item, 1.0) for item in chosen or (COPY, PRODUCT))
    return Order("test", seconds, weighted, 0.01, None, folder, {"margin": 0.1})


def fake(**changes: object) -> LocalSession:
    """A session on a fake device."""
    return LocalSession(FakeDevice(replace(FakeSpec(), **changes)))  # type: ignore[arg-type]


class Failing(LocalSession):
    """A session whose n-th measurement raises."""

    def __init__(self, error: BaseException, number: int) -> None:
        super().__init__(FakeDevice())
        self.error, self.left = error, number

    def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return super().measure(item, plan, progress)
