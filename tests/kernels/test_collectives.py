"""Collectives: what they count, what they refuse, and what they ask of torch."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.devices.cpu import CpuDevice
from bench.devices.fake import FakeDevice
from bench.kernels import collective
from bench.kernels.common import inputs, ranks
from bench.kernels.common.base import Limits, UnsupportedError
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.units import binary
from tests.kernels.link_cases import COLLECTIVE, CPU, OPERATIONS, World, collected


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
        assert binary(size).replace(" ", "") == name


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


def test_ranks_on_several_nodes_are_named_so_and_compared_with_no_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranks, "count", lambda: 16)
    assert "nodes" not in COLLECTIVE.pilot("fp32", "normal", "all_reduce-16MiB").parameters
    monkeypatch.setattr(ranks, "nodes", lambda: 2)
    point = COLLECTIVE.pilot("fp32", "normal", "all_reduce-16MiB")
    assert (point.size("nodes"), COLLECTIVE.figures(point)) == (2, ())
    label = "all-reduce of 16 MiB over 16 ranks on 2 nodes (bus = 1.875 x algorithm)"
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
