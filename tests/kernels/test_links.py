"""Copies over links: what they count, what they refuse, and what a wrong copy costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.devices.cpu import CpuDevice
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging import verdict
from bench.kernels import host_link, peer
from bench.kernels.common import copies, inputs, spots
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.kernels.common.copies import Copy
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import DeviceInfo, Measurement, Work
from bench.units import Dimension
from tests.kernels.cases import spot
from tests.kernels.link_cases import CPU, HOST_LINK, PEER

ROOMY = Limits(1e12, 50e6, is_cpu=False)


@pytest.fixture(autouse=True)
def no_kept_buffers() -> Iterator[None]:
    inputs.release()
    yield
    inputs.release()


def copying(name: str, way: str, elements: int = 4096) -> Point:
    """A copy."""
    return Point(name, "fp32", parameters={"way": way, "elements": elements})


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
    assert (check.passed, check.shape) == (True, f"{spots.CHECKED} of {spots.CHECKED}")
    task = found.build(point, CPU, 0.0)
    assert task.observed() == ({"peer": 0.0} if way.startswith("peer") else {})
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
    arrays = copies.fresh_arrays(copying("host_link", "both"), CPU)
    for way in host_link.LABELS:
        made = host_link._copies(copying("host_link", way), arrays)
        assert {one.non_blocking for one in made} == {not way.endswith("pageable")}
        assert len(made) == (2 if way == "both" else 1)


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize(("name", "way"), COPIES)
def test_only_the_last_array_that_memory_streams_share_is_written(name: str, way: str) -> None:
    point = copying(name, way)
    a, b, _ = copies.arrays(point, CPU)
    before = a.clone(), b.clone()
    task = kernel(name).build(point, CPU, 0.0)
    spot(task, 2)
    assert torch.equal(a, before[0])
    assert torch.equal(b, before[1])


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
    spec = FakeSpec(host_bandwidth=25e9, link_bandwidth=25e9)
    done = measure_item(FakeDevice(spec), item, Plan(0.5))
    printed = Paper(rate, 100e9, Dimension.BYTE_RATE, "100 GB/s", (), None, None, ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict, "paper", lambda *_: printed)
        row = verdict.weigh(done, DeviceInfo(backend="fake", name="-"), None, sheets)
    assert row.fraction is not None
    assert row.fraction.value == pytest.approx(0.5, rel=0.02)
    assert (row.key, row.verdict.value) == (rate, "unrated")


def test_what_was_skipped_tells_which_figure_it_would_have_tested() -> None:
    done: Measurement = measure_item(CpuDevice(), Item("host_link", "fp32"), Plan(0.1))
    assert (done.status, done.reason) == ("skipped", "the device is the host")
    assert (done.figures, done.quantity) == (("pcie_bandwidth",), "byte_rate")
