"""A run: the record on disk after each measurement, whatever happens in between."""

import getpass
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench import __version__
from bench.chips.load import Catalogue
from bench.config import compose
from bench.devices.base import DeviceError
from bench.devices.fake import NOISES, FakeDevice, FakeSpec
from bench.errors import UsageError
from bench.measure import recordfile, runner
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.recordfile import RecordFile, is_held
from bench.measure.runner import (
    LEAST_S,
    LOST,
    Begun,
    Order,
    UnsavedError,
    Watcher,
    Weighted,
    budget_s,
    lost,
    measure_all,
    program,
    record_path,
    run,
)
from bench.measure.session import LocalSession, Place, Progress, WorkerDiedError
from bench.measure.suite import items
from bench.records import store
from bench.records.model import Measurement, Record
from bench.records.store import read
from bench.shapes import RunConfig

COPY = Item("memory", "fp32", variant="copy")
PRODUCT = Item("gemm", "bf16")


def order(folder: Path, *chosen: Item, seconds: float = 2.0) -> Order:
    """An order of items of equal weight."""
    weighted = tuple(Weighted(item, 1.0) for item in chosen or (COPY, PRODUCT))
    return Order("test", seconds, weighted, 0.01, None, folder, {"margin": 0.1})


def fake(**changes: object) -> LocalSession:
    """A session on a fake device."""
    return LocalSession(FakeDevice(replace(FakeSpec(), **changes)))  # type: ignore[arg-type]


def test_the_record_is_on_disk_before_anything_is_measured_and_after_each_measurement(
    tmp_path: Path, sheets: Catalogue
) -> None:
    paths: list[Path] = []
    seen: list[tuple[str, int]] = []

    def started(record: Record, path: Path) -> None:
        paths.append(path)
        assert read(path) == record
        seen.append((record.state, len(record.measurements)))

    def measured(record: Record, measurement: Measurement) -> None:
        assert read(paths[0]) == record
        assert record.measurements[-1] == measurement
        seen.append((record.state, len(record.measurements)))

    done = run(fake(), order(tmp_path), sheets, Watcher(started=started, measured=measured))
    assert seen == [("running", 0), ("running", 1), ("running", 2)]
    assert read(paths[0]) == done
    assert (done.state, len(done.measurements)) == ("complete", 2)
    assert paths == [record_path(done, tmp_path)]


def test_the_watcher_is_told_which_item_is_under_way(tmp_path: Path, sheets: Catalogue) -> None:
    told: list[tuple[str, int, float]] = []
    watcher = Watcher(item=lambda item, number, share: told.append((item.label, number, share)))
    run(fake(), order(tmp_path), sheets, watcher)
    assert {(label, number) for label, number, _ in told} == {("memory copy", 0), ("gemm bf16", 1)}
    assert told[0] == ("memory copy", 0, 0.0)
    assert all(0.0 <= share <= 1.0 for _, _, share in told)


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


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path, sheets: Catalogue) -> None:
    session = Failing(KeyboardInterrupt(), 2)
    done = run(session, order(tmp_path, COPY, PRODUCT, COPY), sheets, Watcher())
    assert (done.state, [one.kernel for one in done.measurements]) == ("interrupted", ["memory"])
    assert read(record_path(done, tmp_path)) == done


def test_a_worker_that_died_costs_its_measurement_only(tmp_path: Path, sheets: Catalogue) -> None:
    session = Failing(WorkerDiedError("the worker was ended by SIGKILL"), 1)
    done = run(session, order(tmp_path), sheets, Watcher())
    assert [(one.status, one.reason) for one in done.measurements] == [
        ("failed", "worker lost: the worker was ended by SIGKILL"), ("ok", None),
    ]  # fmt: skip
    assert done.state == "complete"


def test_the_time_of_a_lost_measurement_is_spent(tmp_path: Path, sheets: Catalogue) -> None:
    class Dying(LocalSession):
        def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
            time.sleep(0.05)
            raise WorkerDiedError(f"{item.label} of {plan.budget_s} at {progress}")

    done = run(Dying(FakeDevice()), order(tmp_path, COPY), sheets, Watcher())
    assert 0.05 <= done.measurements[0].took_s < 10.0
    assert done.took_s == done.measurements[0].took_s


def test_what_a_lost_measurement_was_about_is_kept() -> None:
    assert lost(COPY, "gone", 1.5) == Measurement(
        kernel="memory", dtype="fp32", data="normal", figures=("memory_bandwidth",),
        status="failed", reason="worker lost: gone", took_s=1.5,
        parameters={"stream": "copy", "elements": 1 << 18}, label="copy",
    )  # fmt: skip


def test_a_full_disk_costs_the_file_and_not_the_run(
    tmp_path: Path, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    writes = iter([True, False, False, True])

    def write(record: Record, path: Path) -> None:
        if not next(writes):
            raise OSError(28, "No space left on device")
        store.write(record, path)

    monkeypatch.setattr(recordfile, "write", write)
    done = run(fake(), order(tmp_path), sheets, Watcher(unsaved=told.append))
    assert told == ["the record could not be written: No space left on device"] * 2
    assert read(record_path(done, tmp_path)) == done
    assert len(done.measurements) == 2


@pytest.mark.parametrize(
    ("settings", "written", "lacks"),
    [
        ({}, 2, "nothing but its end: once it can, run 'python -m bench run resume="),
        ({}, 1, "the last measurement: once it can, run 'python -m bench run resume="),
        ({"ranks": 2}, 0, "the last 2 measurements: measure again"),
    ],
)
def test_a_record_that_cannot_be_ended_says_what_its_file_lacks_and_how_to_complete_it(
    settings: dict[str, str | int | float | bool | None],
    written: int,
    lacks: str,
    tmp_path: Path,
    sheets: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = [written + 1]

    def write(record: Record, path: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        store.write(record, path)

    monkeypatch.setattr(recordfile, "write", write)
    whole = replace(order(tmp_path), settings=settings)
    with pytest.raises(UnsavedError) as caught:
        run(fake(), whole, sheets, Watcher())
    (path,) = tmp_path.rglob("*.json")
    reason = "the record could not be written: No space left on device"
    assert str(caught.value).startswith(f"{reason}; {path} lacks {lacks}")
    assert ("resume=" in lacks) == str(caught.value).endswith(f"resume={path}'")
    assert len(read(path).measurements) == written
    assert (caught.value.record.state, len(caught.value.record.measurements)) == ("complete", 2)


def test_a_record_is_held_while_it_is_measured_and_by_each_file_that_it_has(
    tmp_path: Path, sheets: Catalogue
) -> None:
    paths: list[Path] = []
    seen: list[bool] = []

    def started(_: Record, path: Path) -> None:
        paths.append(path)
        seen.append(is_held(path))

    watcher = Watcher(started=started, measured=lambda *_: seen.append(is_held(paths[0])))
    done = run(fake(), order(tmp_path), sheets, watcher)
    assert seen == [True, True, True]
    assert not is_held(paths[0])
    begun = Begun(done, paths[0])
    other = RecordFile(paths[0])
    assert other.take()
    with pytest.raises(UsageError, match=r"^record \S+ is being measured by another run: wait"):
        measure_all(fake(), order(tmp_path), begun, Watcher())
    assert is_held(paths[0])
    other.release()


@pytest.mark.parametrize("error", [OSError(37, "No locks available"), PermissionError(13, "no")])
def test_where_nothing_can_be_locked_nothing_is_held_and_the_run_goes_on(
    error: OSError, tmp_path: Path, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("fcntl.flock", fail)
    done = run(fake(), order(tmp_path), sheets, Watcher())
    assert (done.state, is_held(record_path(done, tmp_path))) == ("complete", False)


def test_a_record_that_is_gone_is_held_by_nobody(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("state", "reason", "took_s", "left_s"),
    [
        ("failed", f"{LOST}no answer", 67.0, 3.0),
        ("failed", f"{LOST}ended at once", 2.0, 4.0),
        ("failed", "wrong result", 67.0, LEAST_S),
        ("ok", None, 67.0, LEAST_S),
        ("ok", None, 5.0, 2.5),
    ],
)
def test_a_hang_takes_none_of_the_time_of_others(
    state: str,
    reason: str | None,
    took_s: float,
    left_s: float,
    tmp_path: Path,
    sheets: Catalogue,
) -> None:
    """Three items of three seconds: what the first leaves is shared by the two after it."""
    plans: list[float] = []

    class Slow(LocalSession):
        def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
            plans.append(plan.budget_s)
            done = super().measure(item, replace(plan, budget_s=1.0), progress)
            update = {"status": state, "reason": reason, "took_s": took_s, "setup_s": 1.0}
            return done.model_copy(update=update) if len(plans) == 1 else done

    whole = order(tmp_path, COPY, COPY, COPY, seconds=9.0)
    done = run(Slow(FakeDevice()), whole, sheets, Watcher())
    assert plans[:2] == pytest.approx([3.0, left_s])
    assert done.measurements[0].took_s == took_s


def test_a_folder_that_cannot_be_written_stops_the_run_before_it_begins(
    tmp_path: Path, sheets: Catalogue
) -> None:
    (tmp_path / "file").write_text("")
    session = Failing(AssertionError("measured"), 1)
    with pytest.raises(UsageError, match=r"^no record can be written to .*file: Not a directory$"):
        run(session, order(tmp_path / "file"), sheets, Watcher())


def test_a_device_that_is_not_here_leaves_no_record(tmp_path: Path, sheets: Catalogue) -> None:
    class Absent(LocalSession):
        def describe(self) -> Place:
            raise DeviceError("no device")

    with pytest.raises(DeviceError):
        run(Absent(FakeDevice()), order(tmp_path), sheets, Watcher())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "spent_s", "expected"),
    [
        (0, 0.0, 10 * 1 / 8),
        (1, 1.25, 8.75 * 2 / 7),
        (1, 0.25, 9.75 * 2 / 7),  # what the first saved is shared
        (2, 3.0, 7.0),
        (2, 9.9, LEAST_S),  # too little is left: the least
        (2, 50.0, LEAST_S),
    ],
)
def test_what_an_item_saves_is_handed_on_by_weight(
    number: int, spent_s: float, expected: float, tmp_path: Path
) -> None:
    weighted = tuple(Weighted(COPY, weight) for weight in (1.0, 2.0, 5.0))
    whole = replace(order(tmp_path, seconds=10.0), items=weighted)
    assert budget_s(whole, number, spent_s) == pytest.approx(expected)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(("suite", "seconds"), [("smoke", 6.0), ("quick", 48.0)])
def test_a_suite_takes_the_time_it_says_or_a_little_less(
    suite: str, seconds: float, noise: str, tmp_path: Path, sheets: Catalogue
) -> None:
    config = compose("run", [f"suite={suite}", "device=fake"], RunConfig)
    whole = replace(order(tmp_path, seconds=config.suite.seconds), items=items(config))
    device = FakeDevice(FakeSpec(noise=noise))
    done = run(LocalSession(device), whole, sheets, Watcher())
    assert config.suite.seconds == seconds
    assert 0.8 * seconds <= done.took_s <= 1.02 * seconds
    assert device.now() == pytest.approx(done.took_s, rel=0.001)


def test_the_record_says_what_was_run_where_and_with_which_program(
    tmp_path: Path, sheets: Catalogue
) -> None:
    whole = replace(order(tmp_path), chip="h20")
    done = run(fake(name="part"), whole, sheets, Watcher())
    assert done.suite == "test"
    assert done.settings == {"margin": 0.1}
    assert done.device.name == "part"
    assert done.program == program()
    assert done.program.version == __version__
    assert (done.identity.state, done.machine.torch) == ("chosen", None)
    assert done.id.split("-")[2] == "fake"
    assert done.took_s == pytest.approx(sum(one.took_s for one in done.measurements))


def test_two_runs_have_two_names(tmp_path: Path, sheets: Catalogue) -> None:
    first, second = (run(fake(), order(tmp_path, COPY), sheets, Watcher()) for _ in range(2))
    assert first.id != second.id
    assert len(list(tmp_path.rglob("*.json"))) == 2


def test_a_chip_that_no_sheet_knows_is_refused_before_work(
    tmp_path: Path, sheets: Catalogue
) -> None:
    session = Failing(AssertionError("measured"), 1)
    with pytest.raises(UsageError, match="h2o"):
        run(session, replace(order(tmp_path), chip="h2o"), sheets, Watcher())
    assert list(tmp_path.iterdir()) == []


def test_outside_a_clone_the_program_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.paths.PACKAGE", tmp_path / "bench")
    assert (program().commit, program().dirty) == (None, None)


@pytest.mark.parametrize(
    ("commit", "changed", "dirty"),
    [("abc", "", False), ("abc", " M bench/units.py", True), (None, "", None), ("abc", None, None)],
)
def test_a_program_from_a_clone_has_its_commit_and_says_if_it_was_changed(
    commit: str | None, changed: str | None, dirty: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"rev-parse": commit, "status": changed}
    monkeypatch.setattr(runner, "_git", lambda *words: answers[words[0]])
    assert (program().commit, program().dirty) == (commit, dirty)


def test_without_git_the_program_has_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert (program().commit, program().dirty) == (None, None)


def start_cli(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """A run of the program in a process of its own."""
    command = [sys.executable, "-m", "bench", "run", f"out={folder}", "quiet=true", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def wait_for_measurements(folder: Path, count: int) -> Path:
    """The record of a run under way, once it has ``count`` measurements."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in folder.rglob("*.json"):
            if len(read(path).measurements) >= count:
                return path
        time.sleep(0.05)
    raise AssertionError("nothing was measured")


CPU_WORDS = ("device=cpu", "kernel=gemm", "seconds=20", "suite=smoke")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "state", "code"),
    [("SIGKILL", "running", -signal.SIGKILL), ("SIGINT", "interrupted", 130)],
)
def test_a_run_that_is_ended_from_outside_leaves_a_readable_record_without_names(
    name: str, state: str, code: int, tmp_path: Path
) -> None:
    with start_cli(tmp_path, *CPU_WORDS, "m=64", "n=64", "k=64") as process:
        path = wait_for_measurements(tmp_path, 1)
        os.kill(process.pid, signal.Signals[name])
        assert process.wait(20) == code
    record = read(path)
    assert record.state == state
    assert len(record.measurements) >= 1
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert_names_nobody(path)


def assert_names_nobody(path: Path) -> None:
    """Fails for a record in which user, host or folder is found."""
    text = path.read_text()
    words = set(text.replace('"', " ").replace("/", " ").replace(",", " ").split())
    folders = (str(Path.home()), str(Path.cwd()), str(path.parent), sys.prefix)
    assert {getpass.getuser(), socket.gethostname()} & words == set()
    assert [one for one in folders if one in text] == []


def test_a_record_names_no_user_no_host_and_no_folder(tmp_path: Path, sheets: Catalogue) -> None:
    done = run(fake(), order(tmp_path), sheets, Watcher())
    path = record_path(done, tmp_path)
    assert_names_nobody(path)
    assert json.loads(path.read_text())["started_utc"].endswith("+00:00")
