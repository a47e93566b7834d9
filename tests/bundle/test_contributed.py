"""A record that is to be committed: each fault is found; what bundle and import make has none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.__main__ import main
from bench.bundle import contributed
from bench.chips.load import Catalogue
from bench.measure.stats import describe
from bench.records.store import read, write

RECORDS = paths.data_dir("results") / "records"
HOME = "/home/ada/own"
DAY = "2026-11-25"
SPARSE = RECORDS / DAY / "h100-sxm-sparse.json"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def told(tmp_path: Path, sheets: Catalogue) -> Callable[..., list[str]]:
    """Commits a record with a change, and returns the faults that are found."""

    def commit(change: Change = lambda _: None, name: str = f"{DAY}/h100.json") -> list[str]:
        data = json.loads(SPARSE.read_text(encoding="utf-8"))
        change(data)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), encoding="utf-8")
        return [str(fault) for fault in contributed.faults(tmp_path, sheets)]

    return commit


def timed(data: dict[str, Any]) -> dict[str, Any]:
    """The first measurement that was timed."""
    return next(one for one in data["measurements"] if one["timing"])


def impossible(data: dict[str, Any]) -> None:
    """A tenth of the time, with statistics to match."""
    one = timed(data)["timing"]
    one["samples_s"] = [value / 10 for value in one["samples_s"]]
    one["rested_s"] = [value / 10 for value in one["rested_s"]]
    one["stats"] = describe(one["samples_s"], one["batch_calls"], one["rested_s"]).model_dump()


def test_every_committed_record_keeps_the_rules(sheets: Catalogue) -> None:
    assert list(contributed.faults(RECORDS, sheets)) == []


def test_a_sound_record_has_no_fault(told: Callable[..., list[str]]) -> None:
    assert told() == []


FAULTS: dict[str, tuple[Change, str]] = {
    "schema": (lambda it: it.update(schema_version=99), "schema_version: has schema 99"),
    "no key": (lambda it: it.pop("suite"), "suite: Field required"),
    "fake": (lambda it: it["device"].update(backend="fake"), "device: is a fake"),
    "running": (lambda it: it.update(state="running"), "state: the run has not ended"),
    "dirty": (lambda it: it["program"].update(dirty=True), "program.dirty: was measured by a chan"),
    "hash": (lambda it: it["identity"].update(sheet_sha256=None), "sheet_sha256: is missing"),
    "chip": (lambda it: it["identity"].update(chip="acme-1"), "there is no sheet 'acme-1'"),
    "node": (lambda it: it["machine"].update(node="n7"), "machine.node: identifies a machine"),
    "uid": (lambda it: it["device"].update(uid="0123456789ab"), "device.uid: identifies a machine"),
    "setting": (lambda it: it["settings"].update(mine="x"), "settings.mine: is a setting"),
    "home": (lambda it: timed(it).update(reason=f"in {HOME}/x"), "reason: seems to reveal a home"),
    "address": (lambda it: timed(it).update(label="10.0.0.7"), "label: seems to reveal an address"),
    "host": (lambda it: it["machine"].update(kernel="6.1 gpu7.local"), "machine.kernel: seems to"),
    "path": (lambda it: it["device"].update(name="/opt/acme/chip"), "device.name: seems to reveal"),
    "implausible": (impossible, "implausible: "),
    "statistics": (
        lambda it: timed(it)["timing"]["stats"].update(effective_samples=1.0),
        "stats.effective_samples: does not follow from the samples",
    ),
    "work": (lambda it: timed(it)["work"].update(flop=1.0), "work.flop: does not follow from"),
    "day": (
        lambda it: it.update(started_utc="2026-11-24T23:22:19+00:00"), "the folder is not its date"
    ),
    "no day": (lambda it: it.update(started_utc="../.."), "started_utc: is no time"),
    "another's": (
        lambda it: it["settings"].update(imported_by="Jo"), "not its date imported/2026-11-25; move"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(name: str, told: Callable[..., list[str]]) -> None:
    change, said = FAULTS[name]
    found = told(change)
    assert any(said in line for line in found), found
    assert all(line.startswith(f"results/records/{DAY}/h100.json: ") for line in found)


@pytest.mark.parametrize(
    "name", [f"{DAY}/H100.json", f"{DAY}/h100_1.json", f"{DAY}/h 1.json", "h1.json", "x/y/h.json"]
)
def test_a_file_has_its_place_and_a_plain_name(name: str, told: Callable[..., list[str]]) -> None:
    (line,) = told(name=name)
    assert "is not named in" in line or "the folder is not its date" in line


def test_what_is_no_record_or_too_large_or_there_twice_is_found(
    told: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "away.json").symlink_to(SPARSE)
    (tmp_path / ".keep").touch()
    (tmp_path / DAY).mkdir()
    write(read(SPARSE), tmp_path / DAY / "again.json")
    found = told()
    assert [line.partition(":")[0].rpartition("/")[2] for line in found] == [
        "h100.json", "away.json", "notes.txt",
    ]  # fmt: skip
    assert "is that of results/records/2026-11-25/again.json, too" in found[0]
    monkeypatch.setattr(contributed, "MOST_BYTES", 100)
    contributed._checked_record.cache_clear()
    assert sum("is larger than 0 MB" in line for line in told()) == 2
    contributed._checked_record.cache_clear()


def test_what_bundle_and_import_make_of_any_record_can_be_committed(
    tmp_path: Path, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = read(SPARSE)
    machine = whole.machine.model_copy(update={"node": "n7"})
    device = whole.device.model_copy(update={"uid": "0123456789ab"})
    told = {"machine": machine, "device": device, "settings": {**whole.settings, "mine": "x"}}
    write(whole.model_copy(update=told), Path("mine.json"))
    assert main(["bundle", "record=./mine.json"]) == 0
    (packed,) = tmp_path.glob("*.onpaper.json")
    assert main(["import", f"file={packed}", "by=Example Lab", "out=records"]) == 0
    assert list(contributed.faults(tmp_path / "records", sheets)) == []
