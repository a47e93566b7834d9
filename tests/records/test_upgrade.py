"""Records of older schemas: read and shown by today's program, each version by its own step.

``tests/data/records`` holds what the program of each schema wrote. Whoever raises ``SCHEMA`` adds a
step to bench/records/upgrade.py and a record of the schema that is left, or these tests fail.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.errors import DataError
from bench.judging.verdict import rows
from bench.measure.stats import BURST_WINDOW_S
from bench.records.model import SCHEMA, Record
from bench.records.store import read, write
from bench.records.upgrade import UPGRADES, upgraded
from bench.report.formats import FORMATS
from bench.report.registry import render
from tests.folders import DATA

OLD = sorted((DATA / "records").glob("*.json"))
COMMITTED = sorted((paths.data_dir("results") / "records").rglob("*.json"))


def name(path: Path) -> str:
    """A record's file, as a test is called."""
    return path.stem


def raw(path: Path) -> dict[str, Any]:
    """What stands in a file, as it was written."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def of_schema(version: int) -> list[Path]:
    """The kept records of one schema."""
    return [path for path in OLD if raw(path)["schema_version"] == version]


def told_otherwise(then: Any, now: Any, place: str = "") -> list[str]:
    """Every place of an old record at which a new one says something else, or nothing."""
    if isinstance(then, dict):
        return [
            one
            for key, value in then.items()
            for one in told_otherwise(value, now.get(key, "nothing"), f"{place}.{key}")
        ]
    if isinstance(then, list) and len(then) == len(now):
        pairs = enumerate(zip(then, now, strict=True))
        return [one for at, pair in pairs for one in told_otherwise(*pair, f"{place}.{at}")]
    return [] if then == now else [place]


# the set is whole


def test_there_is_one_step_from_every_schema_to_the_next() -> None:
    assert sorted(UPGRADES) == list(range(1, SCHEMA))


@pytest.mark.parametrize("version", range(1, SCHEMA + 1))
def test_a_record_of_every_schema_is_kept_as_its_program_wrote_it(version: int) -> None:
    kept = of_schema(version)
    assert [path for path in kept if path.stem.startswith(f"schema-{version}-")] == kept != []


def test_the_newest_of_the_kept_records_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    for path in of_schema(SCHEMA):
        write(read(path), tmp_path / "again.json")
        assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


# each is read, and means what it meant


def test_copies_one_way_of_the_first_schema_stand_beside_what_pcie_carries(
    sheets: Catalogue,
) -> None:
    found = read(paths.data_dir("results") / "records/2026-11-26/h200-sxm-full.json")
    ways = [one for one in rows(found, sheets) if one.key == "pcie_bandwidth_oneway"]
    assert len(ways) == 4
    assert ways[0].title == "PCIe bandwidth, one direction, host to device, pinned"
    assert ways[0].fraction is not None
    assert ways[0].fraction.value == pytest.approx(0.861, abs=0.001)


@pytest.mark.parametrize("path", OLD, ids=name)
def test_an_old_record_keeps_all_that_it_said(path: Path) -> None:
    record, then = read(path), raw(path)
    assert then.pop("schema_version") <= record.schema_version == SCHEMA
    assert len(then["measurements"]) > 0
    changed = told_otherwise(then, record.model_dump(mode="json"))
    recomputed = (".stats.burst_s", ".stats.burst_window_s")
    assert [one for one in changed if not one.endswith(recomputed)] == []


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("path", OLD, ids=name)
def test_an_old_record_is_shown_in_every_format(path: Path, style: str, sheets: Catalogue) -> None:
    record = read(path)
    text = render(record, sheets, style, 0.1)
    assert record.device.name.replace(" ", "") in text.replace("\n", "").replace(" ", "")


def test_the_command_line_shows_an_old_record(capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = (one for one in OLD if one.stem == "schema-1-h100-latency")
    assert main(["show", f"record={path}", "report=csv"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("nvidia-h100-sxm-80gb") == len(raw(path)["measurements"])


@pytest.mark.parametrize("path", COMMITTED, ids=name)
def test_every_committed_record_is_still_read(path: Path) -> None:
    assert read(path).state == "complete"


# the steps, one by one


@pytest.mark.parametrize("version", UPGRADES)
def test_a_step_leaves_what_it_is_given_as_it_is(version: int) -> None:
    for path in of_schema(version):
        data = raw(path)
        before = copy.deepcopy(data)
        UPGRADES[version](data)
        upgraded(data, version)
        assert data == before


@pytest.mark.parametrize("version", UPGRADES)
def test_a_step_and_all_after_it_end_at_todays_schema(version: int) -> None:
    for path in of_schema(version):
        data = upgraded(raw(path), version)
        assert data["schema_version"] == SCHEMA
        Record.model_validate_json(json.dumps(data))


def test_schema_1_knew_neither_nodes_nor_devices_apart() -> None:
    for path in of_schema(1):
        assert "node" not in raw(path)["machine"]
        assert "uid" not in raw(path)["device"]
        record = read(path)
        assert (record.machine.node, record.device.uid) == (None, None)


def test_before_schema_3_a_burst_could_be_of_less_than_20_ms() -> None:
    """The samples tell what it is over a whole window; what was measured stays as it is."""
    path = next(one for one in COMMITTED if one.stem == "h200-sxm-heldout")
    then, now = raw(path)["measurements"], read(path).measurements
    slower = 0
    for old, new in zip(then, now, strict=True):
        assert new.timing is not None
        assert list(new.timing.samples_s) == old["timing"]["samples_s"]
        stats = new.timing.stats
        assert stats.burst_window_s > 0.9 * BURST_WINDOW_S
        assert (stats.median_s, stats.low_s) == (old["timing"]["stats"]["median_s"],
                                                 old["timing"]["stats"]["low_s"])  # fmt: skip
        slower += stats.burst_s > old["timing"]["stats"]["burst_s"]
    assert slower > len(now) / 3


@pytest.mark.parametrize(
    "timing",
    [None, [], {}, {"samples_s": []}, {"samples_s": ["x"], "batch_calls": 1, "stats": {}},
     {"samples_s": [0.0], "batch_calls": 0, "stats": {}},
     {"samples_s": [1.0], "batch_calls": "1", "stats": {}},
     {"samples_s": [1.0], "batch_calls": 1, "stats": 3}],
)  # fmt: skip
def test_a_step_leaves_what_is_no_timing_to_the_model(timing: object) -> None:
    data: dict[str, Any] = {"measurements": [{"timing": timing}, 3]}
    assert UPGRADES[2](data) == data


def test_todays_schema_needs_no_step() -> None:
    (path, *_) = of_schema(SCHEMA)
    assert upgraded(raw(path), SCHEMA) == raw(path)


# what is of no schema


@pytest.mark.parametrize("version", [0, -1, SCHEMA + 1, 10**30])
def test_an_unknown_schema_has_no_step_and_is_refused(version: int, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({**raw(OLD[0]), "schema_version": version}))
    with pytest.raises(DataError) as refused:
        read(path)
    cure = "update onpaper" if version > SCHEMA else "use the file a run wrote"
    assert str(refused.value) == (
        f"odd.json: schema_version: has schema {version}, this program reads 1 to {SCHEMA}; {cure}"
    )


@pytest.mark.parametrize("version", ["1", 1.0, True, None, [1]])
def test_a_schema_that_is_no_whole_number_is_no_record(version: object, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({**raw(OLD[0]), "schema_version": version}))
    with pytest.raises(DataError, match=r"^odd\.json: is not a record of this program; "):
        read(path)


def test_a_version_that_no_step_reads_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        upgraded(raw(OLD[0]), 0)
