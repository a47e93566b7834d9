"""A record is found by its path, its id, the beginning of it, or as the latest."""

import json
import os
from pathlib import Path

import pytest

from bench import paths
from bench.errors import DataError, UsageError
from bench.records.store import find, newest, read

THIRD = "20260303-000000-cccc"


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
    with pytest.raises(UsageError, match=r"record '202603' fits 2: 20260303-.*, 20260304"):
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
            " fits 2: 20260404-000000-eeee (h200-full), 20260405-000000-ffff (h200-llm)",
        ),
        ("h200", " fits 2: h200-full, h200-llm"),
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
    told = "fits 2: 20260404-000000-eeee (copy), 20260404-000000-eeee (h200-full)"
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


def test_a_file_that_is_no_record_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("# A page\n")
    for word in ("README.md", "./README.md"):
        with pytest.raises(DataError, match=r"^README\.md: is not JSON"):
            read(find(word, [tmp_path]))


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
