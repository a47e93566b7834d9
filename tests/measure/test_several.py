"""Several devices of one machine: alone and at once, one that is slow, one that fails, Ctrl-C."""

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.commands.running import several
from bench.devices.base import DeviceError
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging.spread import spread
from bench.measure.item import Item
from bench.measure.runner import Watcher
from bench.measure.session import LocalSession, Place, WorkerDiedError, WorkerSession
from bench.measure.several import Member, measured_together
from bench.records.model import Measurement, Record
from bench.records.store import read
from bench.report.record.several import spread_report
from tests.conftest import order

FAKES = ["suite=smoke", "device=fake", "chip=h20", "quiet=true"]
COUNTED = [*FAKES, "device.fake.count=3", "device.fake.slow=0.93", "device.fake.shared=0.9"]


def records(folder: Path) -> list[Record]:
    return [read(path) for path in sorted(folder.rglob("*.json"))]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[Record]]:
    """What a run of three simulated devices prints as JSON, and its records."""
    folder = tmp_path_factory.mktemp("several")
    out = folder / "shown"
    with pytest.MonkeyPatch.context() as patch, out.open("w") as file:
        patch.setattr("sys.stdout", file)
        assert main([*COUNTED, "report=json", f"out={folder / 'records'}"]) == 0
    told: dict[str, Any] = json.loads(out.read_text())
    return told, records(folder / "records")


def test_each_device_has_a_record_alone_and_one_at_once(
    shown: tuple[dict[str, Any], list[Record]],
) -> None:
    found = shown[1]
    assert {one.state for one in found} == {"complete"}
    assert sorted((one.settings["together"], one.device.index) for one in found) == [
        (1, 0), (1, 1), (1, 2), (3, 0), (3, 1), (3, 2),
    ]  # fmt: skip
    assert len({one.settings["group"] for one in found}) == 1
    assert len({one.id for one in found}) == 6
    assert len({one.device.uid for one in found}) == 3
    assert None not in {one.device.uid for one in found}


def test_the_slow_device_and_the_shared_clock_show(
    shown: tuple[dict[str, Any], list[Record]],
) -> None:
    rows = [one for one in shown[0]["rows"] if one["title"] == "bf16 matrix"]
    assert [one["device"] for one in rows] == ["fake:0", "fake:1", "fake:2"]
    for one in rows:
        assert one["ratio"] == pytest.approx(0.9, abs=0.01)
        assert one["ratio_low"] < one["ratio"] < one["ratio_high"]
        assert one["together_clock_hz"] == pytest.approx(0.9 * one["alone_clock_hz"])
        assert one["alone_power_w"] == 350.0
    assert rows[2]["alone"] == pytest.approx(0.93 * rows[0]["alone"], rel=0.01)
    told = {one["title"]: one for one in shown[0]["tables"]["spread"]}
    assert {one["alone_slowest"] for one in told.values()} == {"fake:2"}
    assert {one["together_slowest"] for one in told.values()} == {"fake:2"}
    assert told["bf16 matrix"]["alone_fastest_over_slowest"] == pytest.approx(1 / 0.93, rel=0.01)
    assert told["memory bandwidth, copy"]["overlap"] > 0.8


def test_at_once_each_device_is_measured_as_it_was_found_best_alone(
    shown: tuple[dict[str, Any], list[Record]],
) -> None:
    by_phase = {(one.settings["together"], one.device.index): one for one in shown[1]}
    for index in range(3):
        alone, together = (by_phase[phase, index].measurements for phase in (1, 3))
        assert {one.kernel for one in alone if one.search} > {"gemm"}
        assert [one.search for one in together] == [None] * len(together)
        assert [one.parameters for one in together] == [one.parameters for one in alone]


def test_a_table_names_the_slowest_and_what_is_lost_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for word in COUNTED if word != "quiet=true"]
    assert main([*words, f"out={tmp_path}"]) == 0
    told = capsys.readouterr()
    assert "3 devices, each alone and all at once" in told.out
    first = told.out.splitlines()[1].rstrip()
    assert re.fullmatch(r"Slowest alone, by more than noise: fake:2 in \d of \d figures\.", first)
    assert re.search(r"Slowest in bf16 matrix: alone fake:2, the fastest is [678]\.", told.out)
    assert "At once, as a share of alone (medians): fp32 vector 90" in told.out
    assert "**Spread over the devices**" in told.out
    assert "fake:1 alone" in told.err
    assert "3 devices at once" in told.err
    assert "fake:1 reached     memory bandwidth, copy" in told.err
    assert told.err.count("record: ") == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["device=cuda:0,cuda:0"], "cuda:0 is named twice"),
        (["device=cuda:0,cuad"], "no device 'cuad'"),
        (["device=cpu,cpu:0"], "cpu and cpu:0 are one device"),
        (["device=fake:0,fake:1"], "simulated devices are counted"),
        (["device=fake", "device.fake.count=0"], "device.fake.count=0 must be 1 to 64"),
        (["device=fake", "device.fake.count=2", "device.fake.slow=0"], "device.fake.slow=0"),
        (["device=fake", "device.fake.slow=0.9"], "device.fake.slow= needs several devices"),
        (["device=fake", "device.fake.shared=0.9"], "device.fake.shared= needs several devices"),
        (["device=all:1"], "device=all takes no index"),
        (["device=fake", "device.alone=false"], "device.alone= needs several devices"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["suite=smoke", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_burn_in_loads_all_at_once_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *COUNTED, "device.alone=false", f"out={tmp_path}"]) in (0, 1)
    told = capsys.readouterr().out
    assert "3 devices, all at once" in told
    assert "Records alone: none" in told
    assert [one.settings["together"] for one in records(tmp_path)] == [3, 3, 3]


def test_all_are_looked_for_and_one_is_measured_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(several, "_found", lambda: ["cpu:0"])
    monkeypatch.setattr(several, "_session", lambda *_, **__: LocalSession(FakeDevice()))
    assert main(["suite=smoke", "device=all", f"out={tmp_path}", "quiet=true"]) == 0
    assert ": one device, alone" in capsys.readouterr().out
    (found,) = records(tmp_path)
    assert found.settings["together"] == 1
    monkeypatch.setattr(several, "_found", list)
    assert main(["suite=smoke", "device=all"]) == 2


def test_a_record_of_a_group_is_not_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: Any) -> Measurement:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalSession, "measure", stop)
        assert main([*FAKES, "device.fake.count=2", f"out={tmp_path}"]) == 130
    (found,) = records(tmp_path)
    assert found.state == "interrupted"
    capsys.readouterr()
    assert main([f"resume={found.id}", f"out={tmp_path}"]) == 2
    assert "measured beside other devices'" in capsys.readouterr().err


class Patchy(LocalSession):
    """A session that does something else at one of its items."""

    def __init__(self, at: int, instead: Callable[[], Any]) -> None:
        super().__init__(FakeDevice(FakeSpec(noise="none")))
        self.at, self.instead, self.number, self.described = at, instead, -1, 0

    def describe(self) -> Place:
        self.described += 1
        return super().describe()

    def measure(self, *told: Any) -> Measurement:
        self.number += 1
        return self.instead() if self.number == self.at else super().measure(*told)


def raising(error: BaseException) -> Callable[[], Any]:
    def instead() -> Any:
        raise error

    return instead


ITEMS = tuple(Item("memory", "fp32", variant=name) for name in ("copy", "scale", "add"))


def test_a_worker_that_dies_costs_one_measurement_of_its_device(
    tmp_path: Path, sheets: Catalogue
) -> None:
    died = Patchy(1, raising(WorkerDiedError("the worker was ended by SIGKILL")))
    members = [Member("cuda:0", Patchy(9, dict)), Member("cuda:1", died)]
    assert measured_together(members, order(tmp_path, *ITEMS), sheets, lambda _: Watcher())
    whole, torn = (read(one.file.path) for one in members if one.file)
    assert [one.status for one in whole.measurements] == ["ok"] * 3
    assert [one.status for one in torn.measurements] == ["ok", "failed", "ok"]
    assert torn.measurements[1].reason == "worker lost: the worker was ended by SIGKILL"
    assert died.described == 3  # a third time before the next item, which all begin together


def test_a_device_that_is_gone_costs_only_its_rows(tmp_path: Path, sheets: Catalogue) -> None:
    class Gone(Patchy):
        def describe(self) -> Place:
            raise DeviceError("no device 'cuda:1' here: it fell off the bus")

    members = [Member("cuda:0", Patchy(9, dict)), Member("cuda:1", Gone(9, dict))]
    assert measured_together(members, order(tmp_path, *ITEMS), sheets, lambda _: Watcher())
    assert members[1].record is None
    assert members[1].trouble == "no device 'cuda:1' here: it fell off the bus"
    assert members[0].record is not None
    assert len(members[0].record.measurements) == 3
    told = {one.word: one.trouble for one in members if one.trouble}
    report = spread_report({}, {"cuda:0": members[0].record}, told, sheets)
    assert "Not measured: cuda:1: no device 'cuda:1' here: it fell off the bus" in (
        report.table.heading
    )


@pytest.mark.parametrize("count", [1, 2])
def test_ctrl_c_leaves_what_was_measured(count: int, tmp_path: Path, sheets: Catalogue) -> None:
    """Of two, the others are ended in the middle of an item, which none of them keeps."""
    members = [
        Member(f"cuda:{index}", Patchy(1 if index == 0 else 9, raising(KeyboardInterrupt())))
        for index in range(count)
    ]
    asked = order(tmp_path, *ITEMS)
    assert not measured_together(members, asked, sheets, lambda _: Watcher())
    for one in members:
        assert one.file is not None
        found = read(one.file.path)
        assert (found.state, len(found.measurements)) == ("interrupted", 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("can't start new thread")])
def test_an_error_while_threads_are_started_leaves_none_waiting_for_the_others(
    error: BaseException, tmp_path: Path, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, patience_s = ThreadPoolExecutor.submit, 5.0

    def submit(pool: ThreadPoolExecutor, do: Any, member: Member) -> Any:
        if do.__name__ == "measure" and member.word == "cuda:1":
            raise error
        return real(pool, do, member)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    monkeypatch.setattr(
        "bench.measure.several.Barrier", partial(threading.Barrier, timeout=patience_s)
    )
    members = [Member(f"cuda:{index}", Patchy(9, dict)) for index in range(2)]
    began_s = time.monotonic()
    with nullcontext() if isinstance(error, KeyboardInterrupt) else pytest.raises(RuntimeError):
        assert not measured_together(members, order(tmp_path, *ITEMS), sheets, lambda _: Watcher())
    assert time.monotonic() - began_s < patience_s


def test_all_begin_an_item_when_all_have_ended_the_one_before(
    tmp_path: Path, sheets: Catalogue
) -> None:
    lock, running, most = threading.Lock(), set[tuple[str, str]](), set[frozenset[str]]()
    inside = threading.Barrier(3, timeout=10)

    class Seen(Patchy):
        def __init__(self, name: str) -> None:
            super().__init__(-1, dict)
            self.name = name

        def measure(self, item: Item, *told: Any) -> Measurement:
            with lock:
                running.add((self.name, item.variant))
                most.add(frozenset(variant for _, variant in running))
            inside.wait()  # passes only while all three are in an item at once
            done = super().measure(item, *told)
            with lock:
                running.discard((self.name, item.variant))
            return done

    members = [Member(f"cuda:{index}", Seen(str(index))) for index in range(3)]
    assert measured_together(members, order(tmp_path, *ITEMS), sheets, lambda _: Watcher())
    assert most == {frozenset({name}) for name in ("copy", "scale", "add")}


def test_a_load_is_kept_up_for_all_of_its_time(tmp_path: Path, sheets: Catalogue) -> None:
    """Else the first device to be sure would leave the others the power and the air."""
    quiet, loud = (LocalSession(FakeDevice(FakeSpec(noise=one))) for one in ("none", "heavy"))
    members = [Member("cuda:0", quiet), Member("cuda:1", loud)]
    asked = order(tmp_path, *ITEMS, seconds=6.0)
    assert measured_together(members, asked, sheets, lambda _: Watcher())
    for one in members:
        assert one.record is not None
        for done in one.record.measurements:
            assert done.timing is not None
            assert 1.8 < done.took_s < 2.6
            assert done.timing.stopped.reason in ("budget", "converged")


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main([*FAKES, "device.fake.count=2", f"out={tmp_path / 'file' / 'below'}"]) == 2
    told = capsys.readouterr().err
    assert "no record can be written" in told
    assert told.endswith("name another folder with out=\n")


@pytest.mark.parametrize(
    ("values", "is_time", "expected"),
    [
        ({"a": 1.0}, False, None),
        ({"a": 10.0, "b": 8.0, "c": 9.0}, False, (1.25, 9.0, 1 / 9, "b")),
        ({"a": 10.0, "b": 8.0, "c": 9.0}, True, (1.25, 9.0, 1 / 9, "a")),
    ],
)
def test_a_spread_is_the_range_the_median_and_the_deviations_from_it(
    values: dict[str, float], is_time: bool, expected: tuple[float, float, float, str] | None
) -> None:
    found = spread(values, is_time=is_time)
    told = found and (found.range, found.middle, found.mad, found.slowest)
    assert told == expected


@pytest.mark.slow
def test_two_real_workers_measure_side_by_side(tmp_path: Path, sheets: Catalogue) -> None:
    """Two workers on one CPU take its cores from each other, which shows."""
    small: dict[str, int | str] = {"m": 192, "n": 192, "k": 192}
    item = Item("gemm", "fp32", fixed=small, forced=True)
    asked = replace(order(tmp_path, item, chip=None, seconds=1.0), settings={"together": 2})
    members = [Member(f"cpu ({name})", WorkerSession("cpu")) for name in "ab"]
    try:
        assert measured_together(members, asked, sheets, lambda _: Watcher())
    finally:
        for one in members:
            one.session.close()
    for one in members:
        assert one.record is not None
        assert [done.status for done in one.record.measurements] == ["ok"]
