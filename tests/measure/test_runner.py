"""A run: the record on disk after each measurement, whatever happens in between."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.devices.base import DeviceError
from bench.devices.fake import FakeDevice
from bench.errors import UsageError
from bench.measure import recordfile
from bench.measure.recordfile import RecordFile, is_held
from bench.measure.runner import Begun, UnsavedError, Watcher, measure_all, record_path, run
from bench.measure.session import LocalSession, Place, WorkerDiedError
from bench.measure.several import Member, measured_together
from bench.records import store
from bench.records.model import Measurement, Record
from bench.records.store import read
from tests.measure.runner_cases import COPY, PRODUCT, Failing, fake, order


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


@pytest.mark.parametrize("together", [False, True])
def test_a_run_removes_what_killed_runs_left(
    together: bool, tmp_path: Path, sheets: Catalogue
) -> None:
    day = tmp_path / "2026-11-24"
    day.mkdir()
    stale, fresh, foreign = (
        day / f".20261124-{name}-fake-abcdef.json.x1_y2z3w" for name in ("000001", "000002", "x")
    )
    for one in (stale, fresh, foreign):
        one.touch()
    for one in (stale, foreign):
        os.utime(one, (0, 0))
    asked = order(tmp_path, COPY)
    if together:
        assert measured_together([Member("fake", fake())], asked, sheets, lambda _: Watcher())
    else:
        run(fake(), asked, sheets, Watcher())
    assert (stale.exists(), fresh.exists(), foreign.exists()) == (False, True, True)


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


def test_a_record_that_finds_no_room_at_its_end_is_written_to_another_folder(
    tmp_path: Path, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, full = tmp_path / "out", tmp_path / "full"
    started: list[Path] = []

    def write(record: Record, path: Path) -> None:
        if path.is_relative_to(full) or (started and path == started[0]):
            raise OSError(28, "No space left on device")
        store.write(record, path)

    monkeypatch.setattr(recordfile, "write", write)
    monkeypatch.setattr("tempfile.tempdir", str(full))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    watcher = Watcher(started=lambda _, path: started.append(path))
    with pytest.raises(UnsavedError) as caught:
        run(fake(), order(folder), sheets, watcher)
    whole = tmp_path / "onpaper" / started[0].name
    remedy = f"the last 2 measurements: the whole record is in {whole}: move it there once it can"
    assert str(caught.value).endswith(f"; {started[0]} lacks {remedy}")
    assert read(whole) == caught.value.record


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


def test_a_record_that_another_run_took_between_two_writes_is_left_to_it(
    tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.json"
    file, other = RecordFile(path), RecordFile(path)
    assert not file.save(record)
    assert file.take()

    def slow(record: Record, path: Path) -> None:
        store.write(record, path)
        assert other.take()  # as soon as the new file lies there

    monkeypatch.setattr(recordfile, "write", slow)
    assert not file.save(record, new=1)
    written = path.read_bytes()
    assert file.save(record.with_measurement(record.measurements[0], 1.0), new=1) == (
        "another run has taken the record to complete it"
    )
    assert (path.read_bytes(), file.lacking) == (written, 1)
    file.release()
    assert is_held(path)
    other.release()


def test_a_record_that_is_gone_is_held_by_nobody(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "none.json")


def test_a_folder_that_cannot_be_written_stops_the_run_before_it_begins(
    tmp_path: Path, sheets: Catalogue
) -> None:
    (tmp_path / "file").write_text("")
    session = Failing(AssertionError("measured"), 1)
    refusal = (
        r"^no record can be written to .*file: Not a directory: name another folder with out=$"
    )
    with pytest.raises(UsageError, match=refusal):
        run(session, order(tmp_path / "file"), sheets, Watcher())


def test_a_device_that_is_not_here_leaves_no_record(tmp_path: Path, sheets: Catalogue) -> None:
    class Absent(LocalSession):
        def describe(self) -> Place:
            raise DeviceError("no device")

    with pytest.raises(DeviceError):
        run(Absent(FakeDevice()), order(tmp_path), sheets, Watcher())
    assert list(tmp_path.iterdir()) == []


def test_two_runs_have_two_names(tmp_path: Path, sheets: Catalogue) -> None:
    first, second = (run(fake(), order(tmp_path, COPY), sheets, Watcher()) for _ in range(2))
    assert first.id != second.id
    assert len(list(tmp_path.rglob("*.json"))) == 2
