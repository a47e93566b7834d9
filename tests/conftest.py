"""What several tests share: the catalogue, a fake device, a finished record."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.pop("FORCE_COLOR", None)  # a runner's own colours belong into no report of a test
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy loads; the program's own way

from bench.chips.load import Catalogue, catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.measure.item import Item
from bench.measure.runner import Order, Watcher, Weighted, run
from bench.measure.session import LocalSession
from bench.records.model import Record

settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")  # one draw for all, whatever the load: a red run can be had again
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job that a script runs with &
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what tests start inherits it


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder for what can be made again: no test, nor what it starts, touches the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def sheets() -> Catalogue:
    """The shipped catalogue."""
    return catalogue()


def order(folder: Path, *items: Item, chip: str | None = "h20", seconds: float = 5.0) -> Order:
    """An order for the items given, by default a copy and a bf16 product."""
    chosen = items or (Item("memory", "fp32", variant="copy"), Item("gemm", "bf16"))
    weighted = tuple(Weighted(item, 1.0) for item in chosen)
    return Order("test", seconds, weighted, 0.01, chip, folder, {"margin": 0.1})


@pytest.fixture
def record(tmp_path: Path, sheets: Catalogue) -> Record:
    """A complete record of the fake device set beside the H20."""
    session = LocalSession(FakeDevice(FakeSpec(noise="white", noise_level=0.005)))
    return run(session, order(tmp_path), sheets, Watcher())
