"""Several ranks as one run: who leads, who follows, what an error or a death costs."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from bench import paths
from bench.config import compose
from bench.devices import ranks as led
from bench.devices import team
from bench.devices.base import DeviceError, Elapsed, Health, Prepared
from bench.devices.fake import FakeDevice, FakePrepared, FakeSpec
from bench.devices.ranks import Hand, LeadingDevice, follow, slowest, worst
from bench.devices.team import LostRankError, Outcome, word_of_rank
from bench.kernels.common import ranks
from bench.kernels.common.base import Kernel, Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.measure.ranks import RankedSession, alone
from bench.measure.session import WorkerDiedError
from bench.measure.suite import items
from bench.records.model import Check, Measurement
from bench.shapes import RunConfig

COLLECTIVE = kernel("collective")
MESSAGE = 1 << 20
POINT = Point(
    "collective", "fp32", parameters={"operation": "all_reduce", "ranks": 2, "message_bytes": 8}
)
COPY = Point("memory", "fp32", parameters={"stream": "copy", "elements": 4096})
WAIT_S = 10.0


@dataclass
class Threads:
    """Two ranks in two threads: one queue a direction, and the order of what was said."""

    rank: int
    orders: "Queue[Any]"
    answers: "Queue[Any]"
    said: list[str] = field(default_factory=list)
    ended: bool = False
    lost: bool = False

    def order(self, words: tuple[Any, ...] | None) -> tuple[Any, ...]:
        if self.lost:
            raise LostRankError("another rank is gone")
        if self.rank == 0:
            assert words is not None
            self.said.append(words[0])
            self.orders.put(words)
            return words
        told: tuple[Any, ...] = self.orders.get(timeout=WAIT_S)
        return told

    def outcomes(self, mine: Outcome) -> list[Outcome]:
        if self.rank > 0:
            self.answers.put(mine)
            return []
        if self.lost:
            raise LostRankError("another rank is gone")
        return [mine, self.answers.get(timeout=WAIT_S)]

    def align(self) -> None:
        self.said.append("align")

    def end(self) -> None:
        self.ended = True


class Logging(FakeDevice):
    """A fake device that keeps what it was asked, and raises once if it is told to."""

    def __init__(self, spec: FakeSpec | None = None) -> None:
        super().__init__(spec or FakeSpec(noise="none"))
        self.log: list[object] = []
        self.trouble: dict[str, BaseException] = {}

    def _note(self, verb: str, *told: object) -> None:
        self.log.append((verb, *told))
        if verb in self.trouble:
            raise self.trouble.pop(verb)

    def check(self, kernel: Kernel, point: Point) -> Check:
        self._note("check", kernel.name, point)
        return super().check(kernel, point)

    def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
        self._note("prepare", kernel.name, point)
        return super().prepare(kernel, point)

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        self._note("time", calls)
        return super().time(prepared, calls)

    def release(self) -> None:
        self._note("release")


@dataclass
class Pair:
    """A leader and its follower."""

    leader: LeadingDevice
    first: Logging
    second: Logging
    teams: tuple[Threads, Threads]
    thread: threading.Thread


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Both ranks, ended with the test."""
    orders, answers = Queue[Any](), Queue[Any]()
    teams = Threads(0, orders, answers), Threads(1, orders, answers)
    first, second = Logging(), Logging()
    thread = threading.Thread(target=follow, args=(second, teams[1]), daemon=True)
    thread.start()
    yield Pair(LeadingDevice(first, teams[0]), first, second, teams, thread)
    orders.put((led.END,))
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_what_the_first_is_asked_all_do(pair: Pair) -> None:
    leader = pair.leader
    leader.check(COLLECTIVE, POINT)
    prepared = leader.prepare(COLLECTIVE, POINT)
    prepared.spoil()
    leader.time(prepared, 7)
    assert prepared.spot_check() == Check(passed=True, error=0.0, tolerance=1e-6, shape="-")
    assert prepared.observed() == {}
    leader.release()
    told = [("check", "collective", POINT), ("prepare", "collective", POINT), ("time", 7)]
    assert pair.first.log == pair.second.log == [*told, ("release",)]
    orders = ["check", "prepare", "spoil", "time", "align", "spot_check", "release"]
    assert pair.teams[0].said == orders
    assert pair.teams[1].said == ["align"]


def test_a_kernel_that_needs_no_other_rank_is_the_firsts_alone(pair: Pair) -> None:
    memory = kernel("memory")
    pair.leader.check(memory, COPY)
    prepared = pair.leader.prepare(memory, COPY)
    pair.leader.time(prepared, 3)
    assert len(pair.first.log) == 3
    assert pair.second.log == pair.teams[0].said == []


def test_the_slowest_rank_tells_the_time(pair: Pair) -> None:
    pair.second.spec = FakeSpec(noise="none", launch_s=1.0)
    elapsed = pair.leader.time(pair.leader.prepare(COLLECTIVE, POINT), 2)
    assert elapsed.seconds == pytest.approx(2.0, rel=1e-3)


def test_times_of_all_are_the_longest_and_a_disturbance_is_everybodys() -> None:
    times = [Elapsed(1.0, 4.0), Elapsed(3.0, 3.5, disturbed=True), Elapsed(2.0, 2.0)]
    assert slowest(times) == Elapsed(3.0, 4.0, disturbed=True)


def test_the_worst_check_is_told_and_a_failed_one_is_worse_than_any() -> None:
    good = Check(passed=True, error=0.5, tolerance=1.0, shape="a")
    fine = Check(passed=True, error=0.1, tolerance=1.0, shape="b")
    bad = Check(passed=False, error=0.2, tolerance=0.1, shape="c")
    assert worst([fine, good]) == good
    assert worst([good, bad, fine]) == bad


def test_a_wrong_result_on_another_rank_is_a_wrong_result(pair: Pair) -> None:
    pair.second.spec = FakeSpec(broken=("fp32",))
    assert not pair.leader.check(COLLECTIVE, POINT).passed


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnsupportedError("no such thing"), UnsupportedError),
        (MemoryError("no such thing"), MemoryError),
        (ValueError("no such thing"), RuntimeError),
    ],
    ids=["unsupported", "memory", "other"],
)
@pytest.mark.parametrize("verb", ["check", "prepare", "time"])
def test_another_ranks_error_is_the_firsts_and_the_next_order_is_done(
    error: Exception, kind: type[Exception], verb: str, pair: Pair
) -> None:
    prepared = pair.leader.prepare(COLLECTIVE, POINT)
    pair.second.trouble[verb] = error
    asked: dict[str, Callable[[], object]] = {
        "check": lambda: pair.leader.check(COLLECTIVE, POINT),
        "prepare": lambda: pair.leader.prepare(COLLECTIVE, POINT),
        "time": lambda: pair.leader.time(prepared, 1),
    }
    with pytest.raises(kind, match=r"^on rank 1: no such thing$"):
        asked[verb]()
    pair.leader.time(pair.leader.prepare(COLLECTIVE, POINT), 1)
    assert pair.leader.whole


def test_the_firsts_own_error_is_raised_as_it_is(pair: Pair) -> None:
    own = MemoryError("out of device memory")
    pair.first.trouble["prepare"], pair.second.trouble["prepare"] = own, ValueError("other")
    with pytest.raises(MemoryError) as caught:
        pair.leader.prepare(COLLECTIVE, POINT)
    assert caught.value is own
    assert pair.leader.check(COLLECTIVE, POINT).passed


def test_what_was_prepared_before_a_failure_is_not_timed(pair: Pair) -> None:
    prepared = pair.leader.prepare(COLLECTIVE, POINT)
    pair.second.trouble["prepare"] = MemoryError("full")
    with pytest.raises(MemoryError):
        pair.leader.prepare(COLLECTIVE, POINT)
    with pytest.raises(RuntimeError, match="on rank 1: asked for time before anything was prep"):
        pair.leader.time(prepared, 1)


def test_a_measurement_makes_its_decisions_once(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "count", lambda: 2)
    item = Item("collective", "fp32", variant="all_gather-2MiB")
    done = measure_item(pair.leader, item, Plan(0.5))
    assert (done.status, done.reason, done.group) == ("ok", None, "collectives")
    assert pair.first.log == pair.second.log
    assert done.timing is not None
    assert len(pair.first.log) > len(done.timing.samples_s)
    assert done.work is not None
    assert done.work.bytes == 2**21 / 2


def lose(pair: Pair) -> None:
    """The follower is gone from now on."""
    pair.teams[0].lost = True


def test_a_rank_that_is_gone_costs_what_is_measured_across_ranks_and_nothing_else(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "count", lambda: 2)
    item = Item("collective", "fp32", variant="all_reduce-8B")
    lose(pair)
    lost = [measure_item(pair.leader, item, Plan(0.1)) for _ in range(2)]
    assert {(one.status, one.reason) for one in lost} == {
        ("failed", "LostRankError: another rank is gone")
    }
    copy = measure_item(pair.leader, Item("memory", "fp32", variant="copy"), Plan(0.1))
    assert copy.status == "ok"


def test_once_an_order_was_broken_off_no_other_is_sent(pair: Pair) -> None:
    pair.first.trouble["check"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        pair.leader.check(COLLECTIVE, POINT)
    with pytest.raises(LostRankError):
        pair.leader.check(COLLECTIVE, POINT)
    pair.leader.release()
    pair.leader.end()
    assert pair.teams[0].said == ["check"]
    assert not pair.teams[0].ended
    assert pair.first.log[-1] == ("release",)


def test_the_end_is_told_to_all(pair: Pair) -> None:
    pair.leader.end()
    pair.thread.join(WAIT_S)
    assert (pair.teams[0].ended, pair.teams[1].ended) == (True, True)
    assert pair.teams[0].said == [led.END]


def test_a_leading_device_is_else_the_firsts(pair: Pair) -> None:
    leader, first = pair.leader, pair.first
    assert (leader.info(), leader.limits()) == (first.info(), first.limits())
    assert leader.lacks("fp3") == first.lacks("fp3")
    assert leader.reading() == first.reading()
    assert leader.now() < first.now()
    assert (leader.live, leader.timer_resolution_s) == (False, 1e-6)


def test_a_rest_is_the_firsts_while_the_others_wait(pair: Pair) -> None:
    before = pair.first.now()
    pair.leader.rest(3.0)
    assert pair.first.now() - before == pytest.approx(3.0)
    assert pair.teams[0].said == []


def test_what_the_kernel_saw_of_itself_is_told_of_the_first_rank(pair: Pair) -> None:
    assert pair.leader.observed() == {}
    prepared = pair.leader.prepare(COLLECTIVE, POINT)
    held = pair.leader._hand.prepared
    assert held is not None
    held.observed = lambda: {"ranks": 2.0}  # type: ignore[method-assign]
    assert prepared.observed() == {"ranks": 2.0}


def test_cpu_time_of_ranks_that_wait_is_not_told(pair: Pair) -> None:
    pair.first.health = lambda: Health(load_1min=2.0, cpu_s=1.0, threads=2)  # type: ignore[method-assign]
    assert pair.leader.health() == Health(load_1min=2.0, threads=2)


def test_a_hand_frees_what_it_held_before_it_prepares_anew(pair: Pair) -> None:
    hand = Hand(pair.first, pair.teams[0])
    hand.outcome(("prepare", "collective", POINT))
    held = hand.prepared
    pair.first.trouble["prepare"] = MemoryError("full")
    assert hand.outcome(("prepare", "collective", POINT)) == Outcome(None, "MemoryError", "full")
    assert held is not None
    assert hand.prepared is None


def torchrun(monkeypatch: pytest.MonkeyPatch, **told: str) -> None:
    """What torchrun says in the environment."""
    for name in ranks.TOLD:
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, (1, 0, 0)),
        ({"WORLD_SIZE": "8", "RANK": "3"}, (1, 0, 0)),
        (
            {"WORLD_SIZE": "8", "RANK": "5", "LOCAL_RANK": "1", "MASTER_ADDR": "here"},
            (8, 5, 1),
        ),
        ({"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "here"}, (1, 0, 0)),
    ],
    ids=["nothing", "a batch system", "torchrun", "torchrun of one"],
)
def test_ranks_are_what_torchrun_says_and_one_without(
    told: dict[str, str], expected: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torchrun(monkeypatch, **told)
    assert (ranks.count(), ranks.rank(), ranks.local_rank()) == expected


@pytest.mark.parametrize(
    ("word", "here", "own"),
    [("cpu", (), "cpu"), ("cuda", (), "cuda:3"), ("auto", ("cuda", "cpu"), "cuda:3"),
     ("auto", ("cpu",), "cpu")],
)  # fmt: skip
def test_each_rank_takes_the_device_of_its_own_number(
    word: str, here: tuple[str, ...], own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "local_rank", lambda: 3)
    monkeypatch.setattr(team, "_is_here", lambda backend: backend in here)
    assert word_of_rank(word) == own


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("fake", "the fake device is one device: run it without torchrun"),
        ("cuda:1", "each rank takes the device of its own number: device=cuda"),
    ],
)
def test_a_device_that_cannot_be_one_of_several_is_refused(word: str, message: str) -> None:
    with pytest.raises(DeviceError) as caught:
        word_of_rank(word)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ([("cuda", ""), ("cpu", "there are 1 CUDA devices")], "rank 1: there are 1 CUDA devices"),
        ([("cuda", ""), ("cpu", "")], "ranks of cpu and of cuda cannot be measured together"),
    ],
)
def test_all_ranks_refuse_what_one_of_them_cannot(
    told: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(DeviceError) as caught:
        team._agree(told)
    assert str(caught.value) == message


def test_a_device_past_saving_costs_the_item(pair: Pair) -> None:
    session = RankedSession("cuda")
    session._device = pair.leader
    pair.first.trouble["check"] = SystemExit("the device failed: an illegal memory access")
    item = Item("memory", "fp32", variant="copy")
    with pytest.raises(WorkerDiedError, match="the device failed: an illegal memory access"):
        session.measure(item, Plan(0.1), lambda _: None)
    assert session.measure(item, Plan(0.1), lambda _: None).status == "ok"


def test_a_session_that_was_never_opened_is_closed() -> None:
    RankedSession("cuda").close()


def test_closing_survives_ranks_that_have_gone(pair: Pair) -> None:
    session = RankedSession("cpu")
    session._device = pair.leader
    lose(pair)
    session.close()
    assert not pair.leader.whole


def test_without_torchrun_one_item_stands_for_all_collectives() -> None:
    chosen = items(compose("run", ["suite=links"], RunConfig))
    kept = alone(chosen)
    assert [one.item.kernel for one in kept] == ["host_link"] * 5 + ["peer"] * 3 + ["collective"]
    assert len(chosen) == 8 + 40


ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
LAUNCH = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2")
SUITE = (
    "suite.items=[{kernel: collective, variants: "
    "[all_reduce-64B, all_gather-512B, reduce_scatter-4KiB, all_to_all-32KiB]}]"
)


@contextmanager
def launched(*words: str, out: Path) -> "Iterator[subprocess.Popen[str]]":
    """A run under torchrun, for real; torchrun ends its ranks when it is ended."""
    process = subprocess.Popen(
        [*LAUNCH, *words, "device=cpu", "report=csv", f"out={out}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
        cwd=paths.PACKAGE.parent,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.terminate()


def records(folder: Path) -> list[dict[str, Any]]:
    """The records in a folder."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*/*.json"))]


@pytest.mark.slow
def test_two_ranks_under_torchrun_write_one_record_and_print_one_table(tmp_path: Path) -> None:
    with launched("-m", "bench", "run", SUITE, "seconds=1", out=tmp_path) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    (record,) = records(tmp_path)
    assert (record["state"], record["settings"]["ranks"]) == ("complete", 2)
    assert output.count("all-to-all of 32 KiB over 2 ranks") == 1
    assert errors.count("record: ") == 1
    assert "Warning" not in errors
    assert len(record["measurements"]) == 4
    for one in record["measurements"]:
        done = Measurement.model_validate(one)
        assert (done.status, done.quantity) == ("ok", "byte_rate")
        assert done.check is not None
        assert done.check.passed
        assert done.spot_check is not None
        assert done.spot_check.passed
        assert done.work is not None
        message = done.parameters["message_bytes"]
        factor = 2 * 1 / 2 if done.parameters["operation"] == "all_reduce" else 1 / 2
        assert done.work.bytes == factor * float(message)
        assert done.observed == {"ranks": 2.0, "bus_factor": factor, "backend": "gloo"}


IMPATIENT = """
import os, pathlib, sys
from bench.kernels.common import ranks
from bench.__main__ import main
ranks.PATIENCE_S = 2.0
pathlib.Path(sys.argv[1], os.environ["RANK"]).write_text(str(os.getpid()))
if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
"""


def wait_for(found: Callable[[], bool], seconds: float = 60.0) -> None:
    """Returns when something is so."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.1)


ONLY = ("suite=links", "kernel=collective", "seconds=60")
APART = "{kernel: peer, variants: [local], weight: 20}"
FIRST, LAST = (
    "{kernel: collective, variants: [all_reduce-" + size + "]}" for size in ("8B", "64B")
)
BETWEEN = (f"suite.items=[{FIRST}, {APART}, {LAST}]", "seconds=20")
"""While the first rank measures alone, the other waits for an order; then comes one."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sent", "reason"),
    [
        (ONLY, signal.SIGKILL, "another rank is gone"),
        (ONLY, signal.SIGSTOP, "another rank gave no answer"),
        (BETWEEN, signal.SIGSTOP, "another rank gave no answer"),
    ],
    ids=["dies", "hangs", "hangs between orders"],
)
def test_a_rank_that_dies_or_hangs_ends_the_run_with_a_record(
    words: tuple[str, ...], sent: signal.Signals, reason: str, tmp_path: Path
) -> None:
    script, folder = tmp_path / "impatient.py", tmp_path / "out"
    script.write_text(IMPATIENT)
    with launched(str(script), str(tmp_path), "run", *words, out=folder) as process:
        wait_for(lambda: any(len(one["measurements"]) > 0 for one in records(folder)))
        second = int((tmp_path / "1").read_text())
        os.kill(second, sent)
        wait_for(lambda: records(folder)[0]["state"] != "running")
        if sent is signal.SIGSTOP:
            os.kill(second, signal.SIGCONT)
        process.communicate(timeout=60)
    assert process.returncode != 0
    (record,) = records(folder)
    ended = {one["status"] for one in record["measurements"]}
    reasons = " ".join(str(one["reason"]) for one in record["measurements"])
    assert record["state"] == "interrupted" or re.search(reason, reasons)
    assert "ok" in ended
