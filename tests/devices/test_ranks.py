"""Several ranks as one run: who leads, who follows, what an error or a death costs."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bench.devices import ranks as led
from bench.devices.base import Elapsed, Health
from bench.devices.fake import FakePrepared, FakeSpec
from bench.devices.ranks import Worker, slowest, worst
from bench.devices.team import LostRankError, Outcome
from bench.kernels import collective
from bench.kernels.common import ranks
from bench.kernels.common.base import Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan, measure
from bench.records.model import Check
from tests.devices.rank_cases import WAIT_S, Pair, lose, paired

COLLECTIVE = kernel("collective")
POINT = Point(
    "collective", "fp32", parameters={"operation": "all_reduce", "ranks": 2, "message_bytes": 8}
)
COPY = Point("memory", "fp32", parameters={"stream": "copy", "elements": 4096})


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Both ranks, ended with the test."""
    with paired() as made:
        yield made


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
    assert (prepared.at_once, getattr(prepared, "most", None)) == (1, 96 * 64)
    assert pair.teams[0].said == orders
    assert pair.teams[1].said == ["align"]


def test_a_kernel_that_needs_no_other_rank_is_the_firsts_alone(pair: Pair) -> None:
    memory = kernel("memory")
    pair.leader.check(memory, COPY)
    prepared = pair.leader.prepare(memory, COPY)
    pair.leader.time(prepared, 3)
    assert len(pair.first.log) == 3
    assert pair.second.log == pair.teams[0].said == []


@pytest.mark.parametrize(("operation", "resets"), [("all_reduce", 2), ("all_gather", 0)])
def test_timed_batches_of_sums_in_place_begin_with_a_reset_and_need_no_other(
    operation: str, resets: int, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiled: list[FakePrepared] = []

    def noted(one: FakePrepared) -> None:
        spoiled.append(one)

    monkeypatch.setattr(FakePrepared, "spoil", noted)
    monkeypatch.setattr(collective, "TARGETS", 1)
    point = replace(POINT, parameters={**POINT.parameters, "operation": operation})
    prepared = pair.leader.prepare(COLLECTIVE, point)
    batch = measure(pair.leader, prepared, Plan(0.05)).batch_calls
    timed = [one for one in pair.first.log if isinstance(one, tuple) and one[0] == "time"]
    assert len(spoiled) == resets * len(timed)
    assert (batch <= 96) == bool(resets)


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
    held = pair.leader._worker.prepared
    assert held is not None
    held.observed = lambda: {"ranks": 2.0}  # type: ignore[method-assign]
    assert prepared.observed() == {"ranks": 2.0}


def test_cpu_time_of_ranks_that_wait_is_not_told(pair: Pair) -> None:
    pair.first.health = lambda: Health(load_1min=2.0, cpu_s=1.0, threads=2)  # type: ignore[method-assign]
    assert pair.leader.health() == Health(load_1min=2.0, threads=2)


def test_a_hand_frees_what_it_held_before_it_prepares_anew(pair: Pair) -> None:
    worker = Worker(pair.first, pair.teams[0])
    worker.outcome(("prepare", "collective", POINT))
    held = worker.prepared
    pair.first.trouble["prepare"] = MemoryError("full")
    assert worker.outcome(("prepare", "collective", POINT)) == Outcome(None, "MemoryError", "full")
    assert held is not None
    assert worker.prepared is None
