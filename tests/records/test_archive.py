"""Many records are read once, and what is kept of them is what they say."""

import ast
import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench import paths
from bench.__main__ import main
from bench.archive.entry import entry
from bench.archive.index import DERIVED_WITH, Index, folder_of, index
from bench.archive.packing import heads_of, lines_of, pack, what_of
from bench.chips.load import Catalogue
from bench.errors import DataError, UsageError
from bench.judging.verdict import rows
from bench.records.model import Check, Record
from bench.records.store import read
from tests.records.fleet_records import of_device, put

COMMITTED = sorted((paths.data_dir("results") / "records").rglob("*.json"))


@pytest.fixture
def folder(record: Record, tmp_path: Path) -> Path:
    """Twelve records."""
    for number in range(12):
        put(of_device(record, number), tmp_path / "records")
    return tmp_path / "records"


def fresh(folder: Path, cache: Path) -> Index:
    """The index of a folder, kept in another."""
    return index([folder], cache)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_an_entry_says_of_a_committed_record_what_its_verdicts_say(
    path: Path, sheets: Catalogue
) -> None:
    record = read(path)
    found = entry(path.read_bytes())
    assert found.head
    assert (found.head.id, found.head.chip) == (record.id, record.identity.chip or "")
    assert found.head.measurements == len(record.measurements)
    for line, row in zip(found.lines, rows(record, sheets), strict=True):
        wanted = row.measured
        assert (line.value, line.low, line.high) == (
            (wanted.value, wanted.low, wanted.high) if wanted else (None, None, None)
        )
        assert line.what.unit == row.dimension


def test_what_is_packed_comes_back_as_it_was(record: Record) -> None:
    found = entry(record.model_dump_json().encode())
    assert found.head
    head, lines, named = pack(found)
    assert heads_of([head]) == [found.head]
    whats = {name: what_of(text) for name, text in named.items()}
    assert lines_of([lines], whats) == [list(found.lines)]


def test_heads_are_enough_for_a_list(folder: Path) -> None:
    cache = folder.parent / "cache"
    whole = fresh(folder, cache)
    heads = index([folder], cache, heads=True)
    assert heads.heads() == whole.heads()
    assert list(fresh(folder, cache).walk()) == list(whole.walk())


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "7", '"x"', "{}", '{"schema_version": 99}', "\x00", "NaN",
        '{"schema_version": 1, "measurements": [{}]}', "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_record_says_why_and_stops_nothing(text: str, folder: Path) -> None:
    (folder / "2026-11-01" / "broken.json").write_text(text)
    found = fresh(folder, folder.parent / "cache")
    assert len(found.records) == 12
    ((path, why),) = found.unread
    assert path.endswith("broken.json")
    assert why.startswith(("is no record: ", "schema_version: has schema 99"))
    assert len(why) <= 200


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-1", "1e999"])
def test_a_time_that_is_none_makes_no_record(word: str, record: Record) -> None:
    text = record.model_dump_json()
    median = str(json.loads(text)["measurements"][0]["timing"]["stats"]["median_s"])
    assert median in text
    assert entry(text.replace(median, word).encode()).fault


def test_a_file_is_read_once_and_again_when_it_changes(record: Record, folder: Path) -> None:
    cache = folder.parent / "cache"
    assert fresh(folder, cache).fresh == 12
    known = fresh(folder, cache)
    assert known.fresh == 0
    put(of_device(record, 3, 2.0), folder)
    changed = fresh(folder, cache)
    assert changed.fresh == 1
    before, after = (sorted(one.lines for one in each.records) for each in (known, changed))
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_a_file_that_is_gone_is_forgotten(folder: Path) -> None:
    cache = folder.parent / "cache"
    fresh(folder, cache)
    next(folder.rglob("*.json")).unlink()
    assert len(fresh(folder, cache).records) == 11
    (database,) = cache.glob("*.sqlite")
    with sqlite3.connect(database) as held:
        assert held.execute("SELECT count(*) FROM entries").fetchone() == (11,)
    held.close()


def test_two_folders_are_kept_apart(folder: Path) -> None:
    cache, other = folder.parent / "cache", folder.parent / "other"
    folder.rename(other)
    folder.mkdir()
    fresh(other, cache)
    assert not fresh(folder, cache).records
    assert fresh(other, cache).fresh == 0


def test_what_other_code_made_is_made_anew_and_its_cache_deleted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later version may call the same measurement disturbed that an earlier one did not."""
    cache = folder.parent / "cache"
    fresh(folder, cache)
    (before,) = cache.glob("*.sqlite")
    changed = folder.parent / "changed"
    shutil.copytree(paths.PACKAGE, changed, ignore=shutil.ignore_patterns("_data", "__pycache__"))
    plausible = changed / "judging/plausible.py"
    plausible.write_text(plausible.read_text().replace("STEAL_MOST = 0.02", "STEAL_MOST = 0.03"))
    monkeypatch.setattr("bench.archive.index.PACKAGE", changed)
    assert fresh(folder, cache).fresh == 12
    (after,) = cache.glob("*.sqlite")
    assert after != before
    assert fresh(folder, cache).fresh == 0


def test_every_module_that_makes_an_entry_is_among_those_that_are_told_apart() -> None:
    for module in ("archive/entry.py", "archive/packing.py", "archive/slim.py"):
        tree = ast.parse((paths.PACKAGE / module).read_text())
        used = {
            f"{one.module.removeprefix('bench.').replace('.', '/')}.py"
            for one in ast.walk(tree)
            if isinstance(one, ast.ImportFrom) and one.module and one.module.startswith("bench.")
        }
        assert used <= set(DERIVED_WITH)


@pytest.mark.parametrize("spoilt", [b"", b"no database", b"SQLite format 3\x00" + bytes(500)])
def test_a_broken_cache_costs_time_and_nothing_else(spoilt: bytes, folder: Path) -> None:
    cache = folder.parent / "cache"
    fresh(folder, cache)
    (database,) = cache.glob("*.sqlite")
    database.write_bytes(spoilt)
    assert len(fresh(folder, cache).records) == 12
    assert len(fresh(folder, cache).records) == 12
    assert fresh(folder, cache).fresh == 0


def test_a_cache_that_cannot_be_is_done_without(folder: Path) -> None:
    blocked = folder.parent / "file"
    blocked.write_text("")
    assert len(fresh(folder, blocked / "cache").records) == 12


def test_many_files_are_read_by_several_processes_alike(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = fresh(folder, folder.parent / "one")
    monkeypatch.setattr("bench.archive.index.FILES_PER_PROCESS", 2)
    monkeypatch.setattr("bench.archive.index.CHUNK", 5)
    assert fresh(folder, folder.parent / "two").records == alone.records


def test_a_loop_of_links_ends(folder: Path) -> None:
    (folder / "again").symlink_to(folder, target_is_directory=True)
    assert len(fresh(folder, folder.parent / "cache").records) == 12


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        folder_of(str(tmp_path / "none"))


def test_a_device_is_told_by_its_uid_then_by_its_node_then_by_its_record(record: Record) -> None:
    def unit(**changes: object) -> str:
        told = {"uid": changes.get("uid"), "backend": changes.get("backend", "fake")}
        device = record.device.model_copy(update=told)
        machine = record.machine.model_copy(update={"node": changes.get("node")})
        one = record.model_copy(update={"device": device, "machine": machine})
        head = entry(one.model_dump_json().encode()).head
        assert head
        return head.device_key

    assert unit(uid="0123456789ab", node="n1") == "0123456789ab"
    assert unit(node="n1") == "n1:fake:0"
    assert unit(uid="0123456789ab", node="n1", backend="cpu") == "n1:cpu:0"
    assert unit() == record.id


def test_a_link_to_nothing_hides_no_record_beside_it(folder: Path) -> None:
    day = next(folder.iterdir())
    (day / "0.json").symlink_to(day / "nowhere.json")
    found = fresh(folder, folder.parent / "cache")
    assert len(found.records) == 12
    assert [Path(path).name for path, _ in found.unread] == ["0.json"]


def test_a_file_written_anew_with_its_old_size_and_time_is_read_again(folder: Path) -> None:
    cache, path = folder.parent / "cache", next(folder.rglob("*.json"))
    fresh(folder, cache)
    before, text = path.stat(), path.read_text()
    path.write_text(text.replace('"complete"', '"running" ', 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (len(text), before.st_mtime_ns)
    found = fresh(folder, cache)
    assert (found.fresh, sum(head.state == "running" for head in found.heads())) == (1, 1)


def test_a_cache_that_another_process_holds_is_left_to_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = folder.parent / "cache"
    fresh(folder, cache)
    (database,) = cache.glob("*.sqlite")
    connect = sqlite3.connect
    with closing(connect(database)) as other:
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr("sqlite3.connect", lambda place, **_: connect(place, timeout=0.0))
        assert len(fresh(folder, cache).records) == 12
    monkeypatch.undo()
    assert fresh(folder, cache).fresh == 0


def test_a_name_that_is_no_text_costs_its_own_file_only(record: Record, folder: Path) -> None:
    place = os.fsencode(folder) + b"/\xff.json"
    Path(os.fsdecode(place)).write_text(record.model_dump_json())
    cache = folder.parent / "cache"
    assert (fresh(folder, cache).fresh, fresh(folder, cache).fresh) == (13, 1)


def test_folders_that_overlap_hold_each_record_once(folder: Path) -> None:
    day = next(folder.iterdir())
    assert len(index([folder, day], folder.parent / "cache").records) == 12


@pytest.mark.parametrize("name", ["check", "spot_check"])
def test_how_fast_a_wrong_result_came_is_no_value(name: str, record: Record) -> None:
    wrong = Check(passed=False, error=1.0, tolerance=0.1, shape="64")
    first = record.measurements[0].model_copy(update={name: wrong})
    found = entry(record.model_copy(update={"measurements": (first,)}).model_dump_json().encode())
    assert [(line.status, line.value) for line in found.lines] == [("failed", None)]


def edited(record: Record, **changes: float) -> bytes:
    """A record whose first measurement's statistics were multiplied by hand."""
    told = json.loads(record.model_dump_json())
    stats = told["measurements"][0]["timing"]["stats"]
    stats |= {name: stats[name] * factor for name, factor in changes.items()}
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"median_s": 0.5},
        dict.fromkeys(("median_s", "low_s", "high_s", "burst_s"), 0.95),
        {"low_s": 1.5},
        {"high_s": 0.5},
        {"burst_s": 2.0},
        {"samples": 2},
    ],
)
def test_statistics_that_are_not_of_the_samples_are_no_record(
    changes: dict[str, float], record: Record, tmp_path: Path
) -> None:
    """What ``show``, ``gate`` and ``import`` refuse is no point of a history either."""
    path = tmp_path / "edited.json"
    path.write_bytes(edited(record, **changes))
    with pytest.raises(DataError):
        read(path)
    assert "timing" in entry(path.read_bytes()).fault
    assert not entry(edited(record)).fault


def test_fixed_shapes_are_lines_of_their_own(record: Record) -> None:
    (found,) = (one for one in record.measurements if one.kernel == "gemm")
    fixed = [
        found.model_copy(
            update={"search": None, "parameters": {"m": m, "n": 8, "k": 8, "layout": "nt"}}
        )
        for m in (64, 128)
    ]
    several = record.model_copy(update={"measurements": (found, *fixed)})
    lines = entry(several.model_dump_json().encode()).lines
    assert [one.what.sizes for one in lines] == ["", "64 x 8 x 8", "128 x 8 x 8"]
    assert [one.what.title for one in lines][1:] == [
        "bf16 matrix, 64 x 8 x 8",
        "bf16 matrix, 128 x 8 x 8",
    ]


@pytest.mark.parametrize("words", [["show", "record=newer/n.json"], ["history", "records=newer"],
                                   ["fleet", "records=newer"], ["import", "file=newer/n.json"]],
                         ids=["show", "history", "fleet", "import"])  # fmt: skip
def test_a_record_of_a_later_onpaper_is_explained_alike_everywhere(
    words: list[str], record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newer").mkdir()
    text = record.model_dump_json(indent=1).replace('"schema_version": 3', '"schema_version": 99')
    (tmp_path / "newer" / "n.json").write_text(text, encoding="utf-8")
    assert main(words) == 2
    told = "schema_version: has schema 99, this program reads 1 to 3; update onpaper"
    assert f"n.json: {told}" in capsys.readouterr().err


def test_a_record_with_many_faults_is_told_by_the_first(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = record.model_dump_json().replace('"dtype":', '"dtyp":')
    (tmp_path / "many.json").write_text(text, encoding="utf-8")
    assert main(["show", f"record={tmp_path / 'many.json'}"]) == 2
    first, more = capsys.readouterr().err.splitlines()
    assert first.startswith("onpaper: many.json: measurements.0.dtype: ")
    assert re.fullmatch(r"and \d+ more", more)
