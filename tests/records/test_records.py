"""Records: whole round trips, strict reading, atomic writing."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bench.errors import DataError, UsageError
from bench.records import store
from bench.records.model import SCHEMA, WORST, Check, Record
from bench.records.store import read, write


def broken(record: Record, folder: Path, **changes: Any) -> Path:
    """A file with a record's keys changed."""
    path = folder / "broken.json"
    path.write_text(json.dumps({**record.model_dump(mode="json"), **changes}))
    return path


def faults(path: Path) -> list[str]:
    """What reading complains of."""
    with pytest.raises(DataError) as caught:
        read(path)
    return [str(fault) for fault in caught.value.faults]


def test_a_record_comes_back_as_it_was_written(record: Record, tmp_path: Path) -> None:
    path = tmp_path / "some" / "folder" / "one.json"
    write(record, path)
    assert read(path) == record


def test_a_second_round_trip_writes_the_same_bytes(record: Record, tmp_path: Path) -> None:
    write(record, tmp_path / "one.json")
    write(read(tmp_path / "one.json"), tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.parametrize("error", [math.nan, math.inf, 1e300])
def test_an_error_that_is_no_number_is_told_as_the_worst(
    error: float, record: Record, tmp_path: Path
) -> None:
    check = Check(passed=False, error=error, tolerance=1e-6, shape="-")
    assert check.error == WORST
    changed = record.measurements[0].model_copy(update={"check": check})
    whole = record.model_copy(update={"measurements": (changed,)})
    write(whole, tmp_path / "one.json")
    assert read(tmp_path / "one.json") == whole


@pytest.mark.parametrize(
    ("version", "cure"),
    [
        (0, "use the file a run wrote"),
        (SCHEMA + 1, "update onpaper"),
    ],
)
def test_another_schema_is_refused_with_the_cure(
    version: int, cure: str, record: Record, tmp_path: Path
) -> None:
    problem = f"has schema {version}, this program reads 1 to {SCHEMA}"
    assert faults(broken(record, tmp_path, schema_version=version)) == [
        f"broken.json: schema_version: {problem}; {cure}"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        "7",
        "{}",
        '{"a": 1}',
        '{"schema_version": "1"}',
        '{"schema_version": null}',
        '{"schema_version": true}',
    ],
)
def test_json_of_others_is_no_record(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text)
    assert faults(path) == [
        "broken.json: is not a record of this program; use the file a run wrote"
    ]


def test_a_folder_is_not_read_as_a_record(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path)


def test_an_unknown_key_is_refused_by_its_place(record: Record, tmp_path: Path) -> None:
    told = faults(broken(record, tmp_path, mood="fine"))
    assert told == ["broken.json: mood: Extra inputs are not permitted; use the file a run wrote"]


def test_every_fault_is_named_at_once(record: Record, tmp_path: Path) -> None:
    told = faults(broken(record, tmp_path, took_s=-1, state="asleep", suite=None))
    assert [line.split(": ")[1] for line in told] == ["state", "suite", "took_s"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize("key", ["took_s", "id"])
def test_what_is_no_finite_number_is_refused(
    number: str, key: str, record: Record, tmp_path: Path
) -> None:
    path = broken(record, tmp_path, **{key: "@"})
    path.write_text(path.read_text().replace('"@"', number))
    assert faults(path) == [
        f"broken.json: is not JSON: {number} is no finite number; use the file a run wrote"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        "[]",
        "null",
        "7",
        '"text"',
        '{"schema_version": 1}',
    ],
    ids=["empty", "cut", "deep list", "deep object", "list", "null", "number", "text", "bare"],
)
def test_what_is_no_record_is_a_fault_and_no_crash(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text)
    assert all(line.startswith("broken.json: ") for line in faults(path))


def test_what_is_no_text_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert faults(path)[0].startswith("broken.json: is not JSON: ")


def test_a_file_larger_than_any_record_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 10)
    path = tmp_path / "broken.json"
    path.write_text("[" * 11)
    assert faults(path) == ["broken.json: is larger than a record can be; check the file"]


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no record at .*gone\.json"):
        read(tmp_path / "gone.json")


def test_writing_leaves_nothing_beside_the_record(record: Record, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    write(record, folder / "one.json")
    write(record, folder / "one.json")
    assert [path.name for path in folder.iterdir()] == ["one.json"]
    assert (folder / "one.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_keeps_the_old_record_and_no_draft(
    moment: str,
    error: BaseException,
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "new"
    path = folder / "one.json"
    write(record, path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(moment, fail)
    with pytest.raises(type(error)):
        write(record.model_copy(update={"state": "interrupted"}), path)
    assert path.read_bytes() == before
    assert [one.name for one in folder.iterdir()] == ["one.json"]


def test_a_record_cannot_be_changed(record: Record) -> None:
    with pytest.raises(ValueError, match="frozen"):
        record.suite = "other"  # type: ignore[misc]  # which is the point


def test_a_measurement_is_added_to_a_new_record(record: Record) -> None:
    longer = record.with_measurement(record.measurements[0], 9.0)
    assert longer.measurements == (*record.measurements, record.measurements[0])
    assert (longer.took_s, record.took_s < 9.0) == (9.0, True)
