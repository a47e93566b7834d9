"""Link kernels: what they count, what they refuse, and what a wrong copy or sum costs."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench import verdict
from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.devices.amd import Amd
from bench.devices.cpu import CpuDevice
from bench.devices.fake import FakeDevice, FakeSpec
from bench.devices.nvml import Nvml
from bench.kernels import collective, host_link, peer
from bench.kernels.common import copies, inputs, ranks
from bench.kernels.common.base import Limits, Point, Task, UnsupportedError
from bench.kernels.common.copies import Copy
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Check, DeviceInfo, Measurement, Work
from bench.units import Dimension

CPU = torch.device("cpu")
HOST_LINK, PEER, COLLECTIVE = kernel("host_link"), kernel("peer"), kernel("collective")
ROOMY = Limits(1e12, 50e6, is_cpu=False)
OPERATIONS = tuple(collective.TITLES)


@pytest.fixture(autouse=True)
def no_kept_buffers() -> Iterator[None]:
    inputs.release()
    yield
    inputs.release()


def copying(name: str, way: str, elements: int = 4096) -> Point:
    """A copy."""
    return Point(name, "fp32", parameters={"way": way, "elements": elements})


def collected(operation: str, count: int = 2, message: int = 4800) -> Point:
    """A collective."""
    told: dict[str, int | str] = {"operation": operation, "ranks": count}
    return Point("collective", "fp32", parameters={**told, "message_bytes": message})


@pytest.mark.parametrize(
    ("name", "way", "times", "figures"),
    [
        ("host_link", "both", 2, ("pcie_bandwidth",)),
        ("host_link", "to-device", 1, ("pcie_bandwidth_oneway",)),
        ("host_link", "to-host", 1, ("pcie_bandwidth_oneway",)),
        ("host_link", "to-device-pageable", 1, ("pcie_bandwidth_oneway",)),
        ("host_link", "to-host-pageable", 1, ("pcie_bandwidth_oneway",)),
        ("peer", "local", 2, ("memory_bandwidth",)),
        ("peer", "peer", 1, ("link_bandwidth_oneway",)),
        ("peer", "peer-both", 2, ("link_bandwidth",)),
    ],
)
def test_a_copy_counts_what_crosses_and_is_set_beside_a_figure_of_as_many_directions(
    name: str, way: str, times: int, figures: tuple[str, ...]
) -> None:
    found, point = kernel(name), copying(name, way)
    moved = float(times * 4096 * 4)
    formula = found.work(point).formula
    assert found.work(point) == Work(flop=0.0, bytes=moved, footprint_bytes=moved, formula=formula)
    assert (found.figures(point), found.quantity(point)) == (figures, "byte_rate")
    words = found.label(point) + "".join(FIGURES[key].title for key in figures)
    assert "one direction" in words or times == 2
    assert (found.decides, way in found.variants("fp32")) == (False, True)


@pytest.mark.parametrize(("found", "ways"), [(HOST_LINK, 5), (PEER, 3)])
def test_every_way_has_a_label_of_its_own(found: Any, ways: int) -> None:
    points = [found.pilot("fp32", "normal", way) for way in found.variants("fp32")]
    assert len({found.label(point) for point in points}) == len(points) == ways
    assert found.pilot("fp32", "zeros") == replace(points[0], data="zeros")


@pytest.mark.parametrize(
    ("limits", "copied"),
    [
        (ROOMY, 512 * 2**20),
        (Limits(1e12, 256 * 2**20, is_cpu=True), 4 * 256 * 2**20),
        (Limits(3 * 2**20, 0.0, is_cpu=False), 2**20),
        (Limits(0.0, 0.0, is_cpu=False), 4096),
    ],
    ids=["roomy", "large cache", "little memory", "no memory"],
)
def test_a_copy_is_sized_by_memory_and_cache(limits: Limits, copied: int) -> None:
    for found in (HOST_LINK, PEER):
        pilot = found.pilot("fp32", "zeros")
        (point,) = found.space(pilot, limits)
        assert point == copies.of_elements(pilot, copied // 4)


@pytest.mark.parametrize("way", host_link.LABELS)
def test_a_cpu_has_no_link_to_its_host(way: str) -> None:
    for asked in (HOST_LINK.check, partial(HOST_LINK.build, cache_bytes=0.0)):
        with pytest.raises(UnsupportedError, match=r"^the device is the host$"):
            asked(copying("host_link", way), CPU)


@pytest.mark.parametrize("way", ["peer", "peer-both"])
def test_a_cpu_has_no_peer(way: str) -> None:
    with pytest.raises(UnsupportedError, match=r"^there is one device only$"):
        PEER.check(copying("peer", way), CPU)


@pytest.mark.parametrize(
    ("count", "reaches", "message"),
    [(1, True, "there is one device only"), (4, False, "no peer access between cuda:3 and cuda:0")],
)
def test_a_peer_must_be_there_and_within_reach(
    count: int, reaches: bool, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "can_device_access_peer", lambda *_: reaches)
    with pytest.raises(UnsupportedError, match=f"^{message}$"):
        peer._peer_of(copying("peer", "peer"), torch.device("cuda", 3))


def test_the_peer_is_the_next_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "can_device_access_peer", lambda *_: True)
    asked = copying("peer", "peer-both")
    assert [peer._peer_of(asked, torch.device("cuda", one)).index for one in (0, 3)] == [1, 0]


@dataclass
class Streams:
    """A stand-in for CUDA's streams: keeps what was asked of them, in order."""

    log: list[str] = field(default_factory=list)
    current: str = "main"
    made: int = 0

    def stream(self, _: object) -> Any:
        self.made += 1
        return self.named(f"side {self.made}")

    def named(self, name: str) -> Any:
        waited = lambda other: self.log.append(f"{name} waits for {other.name}")  # noqa: E731
        return SimpleNamespace(name=name, wait_stream=waited)

    @contextmanager
    def entered(self, stream: Any) -> Iterator[None]:
        before, self.current = self.current, stream.name
        yield
        self.current = before


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Streams:
    """A machine whose device is the CPU in disguise: nothing is refused, no memory is pinned."""
    made, empty = Streams(), torch.empty

    def unpinned(*told: Any, **more: Any) -> torch.Tensor:
        more.pop("pin_memory", None)
        return empty(*told, **more)

    monkeypatch.setattr(torch.cuda, "Stream", made.stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: made.named("main"))
    monkeypatch.setattr(torch.cuda, "stream", made.entered)
    monkeypatch.setattr(torch, "empty", unpinned)
    monkeypatch.setattr(host_link, "_refuse_host", lambda _: None)
    monkeypatch.setattr(peer, "_peer_of", lambda _, device: device)
    return made


COPIES = [("host_link", way) for way in host_link.LABELS] + [("peer", way) for way in peer.LABELS]


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize(("name", "way"), COPIES)
def test_every_copy_is_right_before_and_after_it_is_timed(name: str, way: str) -> None:
    found, point = kernel(name), copying(name, way)
    check = found.check(point, CPU)
    assert (check.passed, check.shape) == (True, f"{copies.CHECKED} of {copies.CHECKED}")
    task = found.build(point, CPU, 0.0)
    assert spot(task, 1).passed
    assert not spot(task, 0).passed


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize(("name", "way"), COPIES)
def test_a_copy_that_loses_its_last_element_fails(
    name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(self: Copy) -> torch.Tensor:
        return self.target[:-1].copy_(self.source[:-1])

    monkeypatch.setattr(Copy, "run", short)
    found, point = kernel(name), copying(name, way)
    assert not found.check(point, CPU).passed
    assert not spot(found.build(point, CPU, 0.0), 1).passed


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize(("name", "way"), [("host_link", "both"), ("peer", "peer-both")])
def test_a_direction_left_out_fails(
    name: str, way: str, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copies.together

    def halved(first: Copy, second: Copy, *rest: Any) -> Callable[[], object]:
        made = [first, second]
        made[lost] = replace(made[lost], target=made[lost].target.clone())
        return whole(made[0], made[1], *rest)

    monkeypatch.setattr(copies, "together", halved)
    assert not kernel(name).check(copying(name, way), CPU).passed


@pytest.mark.parametrize(
    ("name", "way", "sides"), [("host_link", "both", 1), ("peer", "peer-both", 2)]
)
def test_both_ways_run_at_once_and_end_together(
    name: str, way: str, sides: int, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noted(_: Copy) -> None:
        streams.log.append(f"copy on {streams.current}")

    task = kernel(name).build(copying(name, way), CPU, 0.0)
    monkeypatch.setattr(Copy, "run", noted)
    task.calls[0]()
    assert streams.made == sides
    assert streams.log == [
        "side 1 waits for main", "copy on main", "copy on side 1", "main waits for side 1",
    ]  # fmt: skip


@pytest.mark.usefixtures("streams")
def test_pinned_copies_do_not_hold_the_host_up_and_pageable_ones_do() -> None:
    arrays = copies.fresh(copying("host_link", "both"), CPU)
    for way in host_link.LABELS:
        made = host_link._copies(copying("host_link", way), arrays)
        assert {one.non_blocking for one in made} == {not way.endswith("pageable")}
        assert len(made) == (2 if way == "both" else 1)


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize(("name", "way"), COPIES)
def test_only_the_last_array_that_memory_streams_share_is_written(name: str, way: str) -> None:
    point = copying(name, way)
    a, b, _ = copies.kept(point, CPU)
    before = a.clone(), b.clone()
    task = kernel(name).build(point, CPU, 0.0)
    spot(task, 2)
    assert torch.equal(a, before[0])
    assert torch.equal(b, before[1])


def spot(task: Task, calls: int) -> Check:
    """The spot check of a task, after so many calls since its results were overwritten."""
    assert task.spot_check is not None
    task.spoil()
    for _ in range(calls):
        task.calls[0]()
    return task.spot_check(None)


def test_a_copy_on_the_cpu_itself_is_measured() -> None:
    item = Item("peer", "fp32", variant="local", fixed={"elements": 1 << 16})
    done = measure_item(CpuDevice(), item, Plan(0.1))
    assert (done.status, done.reason, done.figures) == ("ok", None, ("memory_bandwidth",))
    assert done.spot_check is not None
    assert done.spot_check.passed


@pytest.mark.parametrize(
    ("item", "rate"),
    [
        (Item("host_link", "fp32"), "pcie_bandwidth"),
        (Item("peer", "fp32", variant="peer-both"), "link_bandwidth"),
    ],
    ids=lambda told: told if isinstance(told, str) else "",
)
def test_a_rate_beside_a_link_judges_no_chip(item: Item, rate: str, sheets: Catalogue) -> None:
    done = measure_item(FakeDevice(FakeSpec(bandwidth=50e9)), item, Plan(0.5))
    printed = Paper(rate, 100e9, Dimension.BYTE_RATE, "100 GB/s", (), None, None, ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict, "paper", lambda *_: printed)
        row = verdict.judge(done, DeviceInfo(backend="fake", name="-"), None, sheets)
    assert row.fraction is not None
    assert row.fraction.value == pytest.approx(0.5, rel=0.02)
    assert (row.key, row.verdict.value) == (rate, "unrated")


@pytest.mark.parametrize("count", [2, 3, 8])
@pytest.mark.parametrize(
    ("operation", "factor"),
    [("all_reduce", 2), ("all_gather", 1), ("reduce_scatter", 1), ("all_to_all", 1)],
)
def test_bus_bytes_are_what_a_ring_sends_a_rank(operation: str, factor: int, count: int) -> None:
    """A ring passes a part of the message on, once or twice round but for the last step."""
    message = 4800
    part, sent = message // count, 0
    for _ in range(factor):
        for _step in range(count - 1):
            sent += part
    point = collected(operation, count, message)
    work = COLLECTIVE.work(point)
    assert work.bytes == pytest.approx(sent)
    assert work.footprint_bytes == message
    assert collective.bus_factor(point) == pytest.approx(sent / message)
    adds = message / 4 / count * (count - 1) if operation in collective.SUMS else 0
    assert work.flop == pytest.approx(adds)


def test_every_variant_is_an_operation_and_a_size() -> None:
    variants = COLLECTIVE.variants("fp32")
    assert len(set(variants)) == len(variants) == 40
    assert (variants[0], variants[-1]) == ("all_reduce-8B", "all_to_all-1GiB")
    assert list(collective.SIZES.values()) == [8**power for power in range(1, 11)]
    for name, size in collective.SIZES.items():
        assert collective._bytes(size).replace(" ", "") == name


@pytest.mark.parametrize(
    ("variant", "count", "message", "label"),
    [
        ("all_reduce-8B", 3, 8, "all-reduce of 8 B over 3 ranks (bus = 1.333 x algorithm)"),
        ("all_gather-8B", 3, 12, "all-gather of 12 B over 3 ranks (bus = 0.6667 x algorithm)"),
        ("all_to_all-8B", 8, 32, "all-to-all of 32 B over 8 ranks (bus = 0.875 x algorithm)"),
        ("reduce_scatter-16MiB", 2, 2**24,
         "reduce-scatter of 16 MiB over 2 ranks (bus = 0.5 x algorithm)"),
        ("all_reduce-1GiB", 1, 2**30, "all-reduce of 1 GiB"),
    ],
)  # fmt: skip
def test_a_message_has_a_part_for_each_rank_and_the_label_tells_its_size(
    variant: str, count: int, message: int, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "count", lambda: count)
    point = COLLECTIVE.pilot("fp32", "normal", variant)
    assert (point.size("message_bytes"), point.size("ranks")) == (message, count)
    assert COLLECTIVE.label(point) == label


def test_collectives_are_a_table_of_their_own_beside_one_direction_of_a_link() -> None:
    point = collected("all_reduce")
    assert COLLECTIVE.figures(point) == ("link_bandwidth_oneway",)
    assert (COLLECTIVE.group, COLLECTIVE.decides) == ("collectives", False)


@pytest.mark.parametrize(
    ("message", "count", "limits", "held"),
    [
        (2**30, 8, Limits(2.0**31, 0.0, is_cpu=False), True),
        (2**30, 8, Limits(2.0**31 - 1, 0.0, is_cpu=False), False),
        (2**20, 4, Limits(2.0**23, 0.0, is_cpu=True), True),
        (2**20, 4, Limits(2.0**23 - 1, 0.0, is_cpu=True), False),
    ],
)
def test_buffers_must_fit_those_of_all_ranks_where_they_share_memory(
    message: int, count: int, limits: Limits, held: bool
) -> None:
    point = collected("all_gather", count, message)
    assert COLLECTIVE.space(point, limits) == ([point] if held else [])


def test_a_message_too_long_for_processes_of_a_cpu_is_refused() -> None:
    longest = collected("all_reduce", 2, collective.LARGEST_ON_CPU)
    assert COLLECTIVE.space(longest, Limits(1e12, 0.0, is_cpu=True)) == [longest]
    with pytest.raises(UnsupportedError, match="messages above 128 MiB take seconds between"):
        COLLECTIVE.space(collected("all_reduce", 2, 2**30), Limits(1e12, 0.0, is_cpu=True))


@pytest.mark.parametrize("device", [FakeDevice(), CpuDevice()], ids=["fake", "cpu"])
def test_without_torchrun_it_says_how_to_run_it(device: Any) -> None:
    done = measure_item(device, Item("collective", "fp32"), Plan(0.1))
    assert (done.status, done.reason) == ("skipped", ranks.ALONE)
    assert "torchrun --nproc-per-node=2 -m bench run suite=links" in ranks.ALONE


class World:
    """Ranks in threads: each exchanges what it has with all others, in step."""

    def __init__(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.own = count, threading.local()
        self.met = threading.Barrier(count, timeout=10.0)
        self.given: list[Any] = [None] * count
        self.broken: str = ""
        groups = SimpleNamespace(data=None, backend="threads")
        monkeypatch.setattr(ranks, "count", lambda: count)
        monkeypatch.setattr(ranks, "rank", lambda: self.own.rank)
        monkeypatch.setattr(ranks, "joined", lambda: groups)
        monkeypatch.setattr(ranks, "gathered", self.exchanged)
        monkeypatch.setattr(collective, "_call", self.call)
        monkeypatch.setattr(inputs, "buffers", lambda _, size, *__: (torch.randn(size),))
        monkeypatch.setattr(inputs, "outputs", lambda size, *_: torch.empty(size))

    def exchanged(self, mine: object) -> list[Any]:
        self.given[self.own.rank] = mine
        self.met.wait()
        told = list(self.given)
        self.met.wait()
        return told

    def call(self, operation: str, source: torch.Tensor, target: torch.Tensor) -> Any:
        """The collective by its definition, on a loop's say."""

        def run() -> None:
            put = self.exchanged(target.clone() if operation == "all_reduce" else source)
            me = self.own.rank
            if operation == "all_gather":
                target.copy_(torch.cat(put))
            elif operation == "all_to_all":
                target.copy_(torch.cat([one.chunk(self.count)[me] for one in put]))
            else:
                total = torch.stack(put).sum(dim=0)
                target.copy_(total.chunk(self.count)[me] if target.shape != total.shape else total)
            if self.broken == "own" and operation != "all_reduce":
                target[: len(source) // self.count].zero_()
            elif self.broken:
                target.mul_(1.001)

        return run

    def all(self, work: Callable[[], Any]) -> list[Any]:
        """What each rank makes of the same work."""
        results: list[Any] = [None] * self.count

        def one(rank: int) -> None:
            self.own.rank = rank
            try:
                results[rank] = work()
            except Exception as error:  # noqa: BLE001 -- given back to be looked at
                results[rank] = error

        threads = [threading.Thread(target=one, args=(rank,)) for rank in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_collective_is_right_on_every_rank(
    operation: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(count, monkeypatch)
    checks = world.all(lambda: COLLECTIVE.check(collected(operation, count), CPU))
    assert [(check.passed, check.tolerance) for check in checks] == [(True, 1e-5)] * count
    whole = 1200 // (count if operation == "reduce_scatter" else 1)
    assert checks[0].shape == f"{whole} of {whole}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_collective_fails_its_check(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)
    world.broken = "a little off"
    checks = world.all(lambda: COLLECTIVE.check(collected(operation, 3), CPU))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("calls", "passed"), [(0, False), (1, True), (2, True), (7, True), (300, True)]
)
def test_what_timed_calls_leave_behind_is_checked_however_many_they_were(
    operation: str, calls: int, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)

    def work() -> tuple[Check, dict[str, float | str]]:
        task = COLLECTIVE.build(collected(operation, 3), CPU, 0.0)
        return spot(task, calls), task.observed()

    factor = 4 / 3 if operation == "all_reduce" else 2 / 3
    seen = {"ranks": 3.0, "bus_factor": pytest.approx(factor), "backend": "threads"}
    assert [(check.passed, told) for check, told in world.all(work)] == [(passed, seen)] * 3


def test_a_sum_in_place_that_left_one_rank_out_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many calls, but what was summed is a share of what all put in."""
    world = World(2, monkeypatch)

    monkeypatch.setattr(collective, "_call", lambda *told: partial(told[2].mul_, 2.0))
    checks = world.all(lambda: spot(COLLECTIVE.build(collected("all_reduce"), CPU, 0.0), 3))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_results_of_calls_before_do_not_pass_for_those_of_calls_left_out(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(2, monkeypatch)

    def work() -> tuple[bool, bool]:
        task = COLLECTIVE.build(collected(operation), CPU, 0.0)
        assert task.spot_check is not None
        return spot(task, 1).passed, spot(task, 0).passed

    assert world.all(work) == [(True, False)] * 2


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_larger_of_a_ranks_buffers_is_as_long_as_the_message(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(2, monkeypatch)
    sizes: list[tuple[int, int]] = []

    def noted(operation_: str, source: torch.Tensor, target: torch.Tensor) -> Any:
        sizes.append((source.numel() * 4, target.numel() * 4))
        return world.call(operation_, source, target)

    monkeypatch.setattr(collective, "_call", noted)
    world.all(lambda: COLLECTIVE.build(collected(operation, 2, 4800), CPU, 0.0))
    part = {"all_gather": (2400, 4800), "reduce_scatter": (4800, 2400)}
    assert sizes == [part.get(operation, (4800, 4800))] * 2


@pytest.mark.parametrize("scale", [1e3, 1.0, 1e-3])
@pytest.mark.parametrize(("off", "passed"), [(5e-6, True), (2e-5, False)])
def test_an_error_is_told_relative_to_the_largest_element(
    scale: float, off: float, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = torch.tensor([0.5, -1.0, 0.0], dtype=torch.float64) * scale
    monkeypatch.setattr(collective, "_wanted", lambda *_: wanted)
    target = wanted + torch.tensor([0.0, 0.0, off * scale], dtype=torch.float64)
    side = collective._Side("all_gather", target, target, lambda: None, 1)
    check = side.compared([0, 1, 2])
    assert check.passed is passed
    assert check.error == pytest.approx(off, rel=1e-6)


@pytest.mark.parametrize("calls", [1, 2, 5])
def test_sums_in_place_that_are_a_little_off_fail_however_many_they_were(
    calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)
    world.broken = "a little off"
    checks = world.all(lambda: spot(COLLECTIVE.build(collected("all_reduce", 3), CPU, 0.0), calls))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("all_reduce", [1, 2, 3, 1, 2, 3, 1]), ("all_gather", [1, 2, 3, 4, 5, 6, 7])],
)
def test_sums_in_place_start_anew_where_they_would_grow_too_far_and_never_else(
    operation: str, expected: list[int]
) -> None:
    """Each doubles the last: of 1 they become 8, and start at 1 again."""
    source, target = torch.ones(4), torch.ones(4)
    side = collective._Side(operation, source, target, lambda: target.mul_(2.0), 3)
    side.spoil()
    seen, values = [], []
    for _ in expected:
        side.run()
        seen.append(side.calls)
        values.append(float(target[0]))
    assert seen == expected
    if operation == "all_reduce":
        assert values == [2.0**calls for calls in expected]


@pytest.mark.parametrize(("count", "most"), [(2, 96), (8, 32)])
def test_sums_in_place_never_leave_what_fp32_holds(
    count: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collective, "_call", lambda *_: lambda: None)
    side = collective._side(collected("all_reduce", count), torch.ones(16), torch.ones(16))
    assert side.most == most
    assert float(count) ** (most + 1) * 100 < torch.finfo(torch.float32).max


def test_no_rank_goes_on_where_another_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(2, monkeypatch)
    own = MemoryError("out of device memory")

    def full(*_: object) -> tuple[torch.Tensor, ...]:
        if world.own.rank == 1:
            raise own
        return (torch.randn(1200),)

    monkeypatch.setattr(inputs, "buffers", full)
    first, second = world.all(lambda: COLLECTIVE.build(collected("all_reduce"), CPU, 0.0))
    assert second is own
    assert (type(first), str(first)) == (MemoryError, "no room on rank 1")


@pytest.mark.parametrize("newer", [True, False], ids=["torch 2.13", "before"])
def test_each_operation_asks_torch_for_its_own_collective(
    newer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = torch.empty(4), torch.empty(4)
    asked: list[tuple[str, tuple[int, ...], str]] = []

    def noting(name: str) -> Callable[..., None]:
        def noted(*told: object, group: str) -> None:
            asked.append((name, tuple(map(id, told)), group))

        return noted

    names = {
        "all_reduce": "all_reduce", "all_gather": "all_gather_into_tensor",
        "reduce_scatter": "reduce_scatter_tensor", "all_to_all": "all_to_all_single",
    }  # fmt: skip
    if newer:
        names |= {one: f"{one}_single" for one in ("all_gather", "reduce_scatter")}
    for one in ("all_gather_single", "reduce_scatter_single"):
        monkeypatch.delattr(torch.distributed, one, raising=False)
    for one in names.values():
        monkeypatch.setattr(torch.distributed, one, noting(one), raising=False)
    monkeypatch.setattr(ranks, "joined", lambda: SimpleNamespace(data="data"))
    for operation in OPERATIONS:
        collective._call(operation, source, target)()
    both = (id(target), id(source))
    assert asked == [
        (names[one], both[:1] if one == "all_reduce" else both, "data") for one in OPERATIONS
    ]


@pytest.mark.parametrize(
    ("lanes", "most", "told"),
    [(8, 16, ("PCIe at 8 of 16 lanes",)), (16, 16, ()), (None, 16, ()), (8, None, ())],
)
def test_a_link_to_the_host_that_is_narrower_than_it_could_be_limits_the_device(
    lanes: int | None, most: int | None, told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"nvmlDeviceGetCurrPcieLinkWidth": lanes, "nvmlDeviceGetMaxPcieLinkWidth": most}
    calls = {name: lambda _, value=value: value for name, value in answers.items() if value}
    driver = {"nvmlInit": lambda: None, "nvmlDeviceGetHandleByIndex": lambda _: "h"}
    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(**driver, **calls))
    monkeypatch.setattr("bench.devices.nvml.mps", lambda: ())
    assert Nvml(None, None, 0).limits() == told


@pytest.mark.parametrize(
    ("blocks", "told"),
    [(0x5, ("ECC on",)), (0x4, ("ECC off",)), (0, ("ECC off",)), ("N/A", ()), (None, ())],
)
def test_amd_tells_whether_the_memory_corrects_errors(
    blocks: object, told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {} if blocks is None else {"amdsmi_get_gpu_ecc_enabled": lambda _: blocks}
    driver = {"amdsmi_init": lambda: None, "amdsmi_get_processor_handles": lambda: ["h"]}
    monkeypatch.setitem(sys.modules, "amdsmi", SimpleNamespace(**driver, **calls))
    assert Amd(None, 0).limits() == told


def test_what_was_skipped_tells_which_figure_it_would_have_tested() -> None:
    done: Measurement = measure_item(CpuDevice(), Item("host_link", "fp32"), Plan(0.1))
    assert (done.status, done.reason) == ("skipped", "the device is the host")
    assert (done.figures, done.quantity) == (("pcie_bandwidth",), "byte_rate")
