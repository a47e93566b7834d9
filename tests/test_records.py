"""Records: whole round trips, strict reading, finding by name, atomic writing."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.errors import DataError, UsageError
from bench.records import store
from bench.records.model import SCHEMA, WORST, Check, Record
from bench.records.store import find, newest, read, write

THIRD = "20260303-000000-cccc"


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
    assert faults(path) == ["broken.json: is no record of this program; use the file a run wrote"]


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
        f"broken.json: is no JSON: {number} is no number of a record; use the file a run wrote"
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
    assert faults(path)[0].startswith("broken.json: is no JSON: ")


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


@pytest.fixture
def shelf(tmp_path: Path) -> list[Path]:
    """Two folders of records; the last file written is not that of the last run."""
    folders = [tmp_path / "ours", tmp_path / "theirs"]
    for folder, name, time_s, state in (
        (folders[0], "20260101-000000-aaaa", 400, "complete"),
        (folders[0], "20260202-000000-bbbb", 300, "complete"),
        (folders[1], "20260303-000000-cccc", 200, "interrupted"),
        (folders[1], "20260304-000000-dddd", 100, "running"),
    ):
        path = folder / f"{name[:4]}-{name[4:6]}-{name[6:8]}" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"state": state}, indent=1))
        os.utime(path, (time_s, time_s))
    return folders


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("20260202-000000-bbbb", "20260202-000000-bbbb"),
        ("20260303-000000-cccc", "20260303-000000-cccc"),
        ("202602", "20260202-000000-bbbb"),
        ("20260304-", "20260304-000000-dddd"),
        ("latest", "20260303-000000-cccc"),
    ],
)
def test_a_record_is_found_by_id_or_as_the_latest(word: str, name: str, shelf: list[Path]) -> None:
    assert find(word, shelf).stem == name


def test_a_record_is_found_by_path(shelf: list[Path]) -> None:
    path = shelf[1] / "2026-03-03" / "20260303-000000-cccc.json"
    assert find(str(path), []) == path


def test_of_a_folder_the_newest_record_is_meant(shelf: list[Path], tmp_path: Path) -> None:
    assert find(str(shelf[0]), []).stem == "20260202-000000-bbbb"
    with pytest.raises(UsageError, match="no record 'x"):
        find("x" * 300, shelf)
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="none: the folder holds no record"):
        find(str(tmp_path / "none"), shelf)


def test_a_bundle_is_no_record_and_one_is_told_how_to_open_it(tmp_path: Path) -> None:
    path = tmp_path / "one.onpaper.json"
    path.write_text("{}")
    with pytest.raises(DataError, match=r"import file=one\.onpaper\.json out=FOLDER"):
        read(path)


def test_a_record_that_still_runs_is_the_latest_if_there_is_no_other(shelf: list[Path]) -> None:
    (shelf[1] / "2026-03-03" / "20260303-000000-cccc.json").unlink()
    assert find("latest", [shelf[1]]).stem == "20260304-000000-dddd"


def test_a_name_without_a_time_counts_by_the_folder_of_its_day(shelf: list[Path]) -> None:
    path = shelf[0] / "2026-03-05" / "example.json"
    path.parent.mkdir()
    path.write_text('{"state": "complete"}')
    assert find("latest", shelf) == path


def test_of_records_called_by_what_they_are_of_the_ids_tell_which_is_the_latest(
    named: list[Path],
) -> None:
    os.utime(named[1] / "2026-04-04" / "h200-full.json", (9e9, 9e9))  # as a clone may leave it
    assert find("latest", named).stem == "h200-llm"
    assert [path.stem for path in newest(named)][:3] == ["h200-llm", "h200-full", THIRD]


def test_a_beginning_of_several_ids_names_them(shelf: list[Path]) -> None:
    with pytest.raises(UsageError, match=r"record '202603' may be any of 2: 20260303-.*, 20260304"):
        find("202603", shelf)


@pytest.fixture
def named(shelf: list[Path]) -> list[Path]:
    """The shelf with two more records, called by what they are of, as committed ones are."""
    for name, told in (("h200-full", "20260404-000000-eeee"), ("h200-llm", "20260405-000000-ffff")):
        path = shelf[1] / "2026-04-04" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"id": told, "state": "complete", "rest": "x" * 9000}, indent=1))
    return shelf


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("20260404-000000-eeee", "h200-full"),
        ("20260404", "h200-full"),
        ("20260405-0", "h200-llm"),
        ("h200-full", "h200-full"),
        ("h200-l", "h200-llm"),
        ("20260202-000000-bbbb", "20260202-000000-bbbb"),
        ("202602", "20260202-000000-bbbb"),
    ],
)
def test_a_record_is_found_by_its_id_whatever_its_file_is_called(
    word: str, name: str, named: list[Path]
) -> None:
    assert find(word, named).stem == name


def test_a_committed_record_is_found_by_the_id_that_is_printed() -> None:
    folder = paths.data_dir("results") / "records"
    for path in folder.rglob("*.json"):
        assert find(read(path).id, [folder]) == path


@pytest.mark.parametrize(
    ("word", "told"),
    [
        (
            "202604",
            " may be any of 2: 20260404-000000-eeee (h200-full), 20260405-000000-ffff (h200-llm)",
        ),
        ("h200", " may be any of 2: h200-full, h200-llm"),
        ("20260404-eeee", ": did you mean '20260404-000000-eeee'?"),
    ],
)
def test_an_id_that_is_not_one_record_names_those_it_may_be(
    word: str, told: str, named: list[Path]
) -> None:
    with pytest.raises(UsageError) as caught:
        find(word, named)
    assert str(caught.value) == f"{'no ' if told.startswith(':') else ''}record {word!r}{told}"


def test_an_id_that_two_files_bear_names_both(named: list[Path]) -> None:
    path = named[1] / "2026-04-04" / "h200-full.json"
    (named[0] / "copy.json").write_text(path.read_text())
    with pytest.raises(UsageError) as caught:
        find("20260404-000000-eeee", named)
    told = "may be any of 2: 20260404-000000-eeee (copy), 20260404-000000-eeee (h200-full)"
    assert str(caught.value).endswith(told)


def test_a_run_and_its_committed_copy_are_one_by_the_beginning_of_their_id(
    named: list[Path],
) -> None:
    path = named[0] / "20260404-000000-eeee.json"
    path.write_text((named[1] / "2026-04-04" / "h200-full.json").read_text())
    assert find("20260404-0", named) == path


def test_no_more_than_the_head_of_a_file_is_looked_at_for_its_id(named: list[Path]) -> None:
    late = {"state": "complete", "rest": "x" * 9000, "id": "20260505-000000-9999"}
    (named[0] / "late.json").write_text(json.dumps(late))
    with pytest.raises(UsageError, match="no record '20260505-000000-9999'"):
        find("20260505-000000-9999", named)


def test_a_file_that_cannot_be_read_hides_no_other(named: list[Path]) -> None:
    (named[0] / "gone.json").symlink_to(named[0] / "nothing")
    (named[0] / "other.json").write_bytes(b"\xff\x00 no record")
    assert find("20260404", named).stem == "h200-full"


@pytest.mark.parametrize("word", ["/nonexistent", "gone.json", "some/where"])
def test_a_path_to_nothing_is_told_as_such(word: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        find(word, [tmp_path])


def test_a_wrong_word_names_the_nearest(shelf: list[Path]) -> None:
    with pytest.raises(UsageError) as caught:
        find("20260202-000000-bbx", shelf)
    said = "no record '20260202-000000-bbx': did you mean '20260202-000000-bbbb'"
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("word", ["latest", "20260101-aaaa"])
def test_with_no_record_at_all_one_is_told_how_to_get_one(word: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find(word, [tmp_path, tmp_path / "gone"])
    assert str(caught.value) == (
        f"no record {word!r}: nothing was measured yet, run 'python -m bench'"
    )


def test_a_record_cannot_be_changed(record: Record) -> None:
    with pytest.raises(ValueError, match="frozen"):
        record.suite = "other"  # type: ignore[misc]  # which is the point


def test_a_measurement_is_added_to_a_new_record(record: Record) -> None:
    longer = record.with_measurement(record.measurements[0], 9.0)
    assert longer.measurements == (*record.measurements, record.measurements[0])
    assert (longer.took_s, record.took_s < 9.0) == (9.0, True)
