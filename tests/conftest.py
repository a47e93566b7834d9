"""What several tests share: the catalogue, a fake device, a finished record."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

os.environ.pop("FORCE_COLOR", None)  # a runner's own colours belong into no report of a test
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy loads; the program's own way

from bench.chips.load import Catalogue, catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.measure.item import Item
from bench.measure.runner import Order, Watcher, Weighted, run
from bench.measure.session import LocalSession
from bench.paths import OWN
from bench.records.model import Record
from bench.rules.load import Rulebook, rulebook
from bench.site.page import Page
from tests.folders import TESTS

DAY = "2026-11-26"
"""On which export rules are asked for the site."""
LONGEST = (
    "predict/test_validation_parts.py", "evidence/test_coverage.py", "site/test_site.py",
    "devices/test_ranks_torchrun.py", "plot/test_draw.py", "fuzz/test_fuzz.py",
    "repository/test_docs.py", "conformance/test_conformance.py",
    "browser/test_site_in_browser.py", "verification/test_command.py", "evidence/test_command.py",
    "measure/test_faults.py", "commands/test_cli.py", "repository/test_wheel.py",
    "rules/test_timeline.py", "measure/test_loop.py", "cluster/test_slurm.py",
    "library/test_types.py", "kernels/test_layer.py", "plot/test_command.py",
)  # fmt: skip
"""Files of tests that take longest: begun first, none of them is waited for at the end."""

settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")  # one draw for all, whatever the load: a red run can be had again
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job that a script runs with &
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what tests start inherits it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Brings the files that take longest to the front, each as it is."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda one: places.get(one.path.relative_to(TESTS).as_posix(), len(places)))


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder for what can be made again: no test, nor what it starts, touches the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def own_records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder in place of the user's records: no test finds them, or adds to them."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.paths.runs_dir", lambda: folder)
        yield folder


@pytest.fixture(autouse=True)
def own_specs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the folder that another gave as ``specs=``, nor the user's."""
    monkeypatch.setenv(OWN, "")  # so that what a command sets is taken back after the test
    monkeypatch.delenv(OWN)


@pytest.fixture(scope="session")
def sheets() -> Catalogue:
    """The shipped catalogue."""
    return catalogue()


@pytest.fixture(scope="session")
def book() -> Rulebook:
    """The shipped export rules."""
    return rulebook()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of all that is shipped, to be read only: the first worker that asks builds it.

    Beside it, ``templates`` has an empty file for each template that a page was rendered with.
    """
    from bench.site.build import Renderer, write
    from bench.site.world import gather

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, used, whole = (shared / name for name in ("site", "templates", "site-is-whole"))
    html = Renderer.html

    def told(renderer: Renderer, page: Page) -> str:
        (used / page.template).touch()
        return html(renderer, page)

    with FileLock(shared / "site.lock"), pytest.MonkeyPatch.context() as patch:
        if not whole.exists():
            used.mkdir()
            patch.setattr(Renderer, "html", told)
            write(folder, gather(None, DAY))
            whole.touch()
    return folder


def order(folder: Path, *items: Item, chip: str | None = "h20", seconds: float = 5.0) -> Order:
    """An order for the items given, by default a copy and a bf16 product."""
    chosen = items or (Item("memory", "fp32", variant="copy"), Item("gemm", "bf16"))
    weighted = tuple(Weighted(item, 1.0) for item in chosen)
    return Order("test", seconds, weighted, 0.01, chip, folder, {"margin": 0.1})


@pytest.fixture(scope="session")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Path]:
    """A complete record of the fake device beside the H20, and the folder that it is written in."""
    folder = tmp_path_factory.mktemp("record")
    session = LocalSession(FakeDevice(FakeSpec(noise="white", noise_level=0.005)))
    return run(session, order(folder), catalogue(), Watcher()), folder


@pytest.fixture
def record(tmp_path: Path, run_once: tuple[Record, Path]) -> Record:
    """A complete record of the fake device set beside the H20, also as a file of the test's own."""
    found, folder = run_once
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return found.model_copy(deep=True)
