"""A folder given as ``record=``: the newest record, and those of its sweep or of its machine."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bench.gate.folder import judged_in
from bench.records.model import Record
from bench.records.store import write
from tests.gate.cases import gate, record

BEGAN = datetime.fromisoformat("2026-11-27T10:00:00+00:00")


def at(one: Record, second: int, index: int = 0, **settings: object) -> Record:
    """A record that began so many seconds after the first, on a device, with some settings."""
    began = BEGAN + timedelta(seconds=second)
    return one.model_copy(
        update={
            "id": f"{began:%Y%m%d-%H%M%S}-fake-{index}",
            "started_utc": began.isoformat(),
            "device": one.device.model_copy(update={"index": index, "uid": f"{index:012x}"}),
            "settings": {**one.settings, **settings},
            "took_s": 1.0,
        }
    )


def laid(folder: Path, found: Sequence[Record]) -> Path:
    for one in found:
        write(one, folder / f"{one.id}.json")
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def chosen(folder: Path) -> list[str]:
    return [path.stem for path in judged_in(str(folder), []).paths]


def test_the_records_of_a_sweep_are_judged_together(here: Path) -> None:
    plain = record(1)
    first = [at(plain, second, m=size) for second, size in ((0, 1), (5, 16), (10, 256))]
    second = [at(plain, second, m=size) for second, size in ((100, 1), (105, 16), (110, 256))]
    folder = laid(here / "sweep", [*first, *second])
    assert chosen(folder) == [one.id for one in second[::-1]]
    told = judged_in(str(folder), []).note
    assert told.startswith("3 of 6 records of this folder are judged: those of the newest sweep")


@pytest.mark.parametrize(
    "older",
    [
        at(record(1), -20),  # the same again
        at(record(1), -20, m=1).model_copy(update={"suite": "another"}),
        at(record(1), -7200, m=1),
    ],
    ids=["again", "suite", "earlier"],
)
def test_a_run_of_its_own_is_judged_alone(older: Record, here: Path) -> None:
    folder = laid(here / "runs", [older, at(record(1), 0)])
    assert len(chosen(folder)) == 1
    told = "1 of 2 records of this folder is judged: the newest."
    assert judged_in(str(folder), []).note == told


def test_the_records_of_all_devices_of_a_machine_are_judged_together(here: Path) -> None:
    plain = record(1)
    runs = [
        at(plain, 100 * turn + 10 * phase + index, index, group=f"g{turn}", together=phase)
        for turn in (0, 1) for phase in (1, 2) for index in (0, 1)
    ]  # fmt: skip
    assert len(chosen(laid(here / "two", runs))) == 4


def test_an_unfinished_run_that_is_the_newest_is_the_one_that_is_judged(here: Path) -> None:
    crashed = at(record(1), 9000).model_copy(update={"state": "running"})
    folder = laid(here / "runs", [at(record(1), 0), crashed])
    assert chosen(folder) == [crashed.id]


def test_the_worst_of_a_sweep_decides(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, loss, start in (("before", 0.0, 0), ("now", 0.05, 1000)):
        some = [at(record(1), start, m=1), at(record(2, loss), start + 60, m=16)]
        laid(here / name, some)
    assert gate("record=now", "against=before", "report=json", "junit=gate.xml") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["title"] == "gate: 2 records judged, exit code 1"
    assert {(row["record"], row["exit_code"]) for row in document["rows"]} == {
        (at(record(1), 1060).id, 1), (at(record(1), 1000).id, 0),
    }  # fmt: skip
    xml = (here / "gate.xml").read_text(encoding="utf-8")
    assert xml.count("<testsuite ") == 2
    assert gate("record=now", "against=before", "level=0.2") == 1
    assert "m=16" in capsys.readouterr().out


def test_a_record_without_its_like_keeps_a_sweep_from_passing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = at(record(1), 0, group="g", together=1)
    laid(here / "before", [alone])
    now = [at(record(2), 100, group="h", together=1), at(record(2), 110, group="h", together=2)]
    laid(here / "now", now)
    assert gate("record=now", "against=before") == 3
    told = capsys.readouterr().out
    assert "not compared" in told
    assert "measured alone before, 2 devices at once now" in told
    assert gate("record=now", "against=h200") == 2  # none of both is of that chip
    assert "not of nvidia-h200" in capsys.readouterr().err
