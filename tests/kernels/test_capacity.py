"""Capacity: memory is filled to the last block, numbered, read back and given back."""

import weakref
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.devices.fake import FakeDevice
from bench.kernels import capacity
from bench.kernels.common import accelerators
from bench.kernels.common.base import Limits, Point, Task, UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Check

CPU = torch.device("cpu")
CAPACITY = kernel("capacity")
ANY: Any = SimpleNamespace(type="cuda")
BUDGET = 2**20 + 2**19 + 2**17 + 2**14 + 5000


class Memory:
    """A device's memory of limited size, all of whose blocks the CPU holds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, budget: int) -> None:
        self.budget = budget
        self.sizes: list[int] = []
        self.blocks: list[weakref.ref[torch.Tensor]] = []
        self.emptied = 0
        self._empty = torch.empty
        monkeypatch.setattr(torch, "empty", self.take)
        monkeypatch.setattr(torch.cuda, "empty_cache", self.empty_cache)
        told = SimpleNamespace(is_integrated=0)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: told)

    def take(self, words: int, **_: object) -> torch.Tensor:
        if self.used() + 8 * words > self.budget:
            raise torch.OutOfMemoryError("CUDA out of memory")
        block = self._empty(words, dtype=torch.int64)
        self.sizes.append(8 * words)
        self.blocks.append(weakref.ref(block))
        return block

    def used(self) -> int:
        alive = [block() for block in self.blocks]
        return sum(8 * block.numel() for block in alive if block is not None)

    def empty_cache(self) -> None:
        self.emptied += 1


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A memory of a megabyte and a half, filled by blocks of 512 KiB down to 16 KiB."""
    for name, value in (
        ("LARGEST_BYTES", 2**19), ("LEAST_BYTES", 2**14), ("SPARED_BYTES", 2**15),
        ("COMPARED_WORDS", 1000), ("TOUCHED_WORDS", 512),
    ):  # fmt: skip
        monkeypatch.setattr(capacity, name, value)
    return Memory(monkeypatch, BUDGET)


def point() -> Point:
    """All of the memory."""
    (found,) = CAPACITY.space(CAPACITY.pilot("fp32", "normal"), Limits(5e5, 0.0, is_cpu=False))
    return found


def read_back(task: Task) -> Check:
    """The spot check after the timed call."""
    assert task.spot_check is not None
    return task.spot_check(task.calls[0]())


def test_memory_is_filled_to_the_last_block_and_given_back(memory: Memory) -> None:
    asked = point()
    task = CAPACITY.build(asked, ANY, 0.0)
    held = (BUDGET - 2**15) // 2**14 * 2**14
    assert memory.used() == asked.size("bytes") == held
    assert CAPACITY.work(asked).footprint_bytes == float(held)
    assert memory.sizes[1:] == sorted(memory.sizes[1:], reverse=True)
    check = read_back(task)
    assert (check.passed, check.shape) == (True, f"{held // 8} words of 8 bytes")
    del task
    assert memory.used() == 0
    assert memory.emptied == 3


def test_two_words_in_one_cell_are_noticed(memory: Memory) -> None:
    task = CAPACITY.build(point(), ANY, 0.0)
    last = memory.blocks[-1]()
    assert last is not None
    last[7] = 3
    check = read_back(task)
    assert not check.passed
    assert 0 < check.error < 1e-3


def test_a_call_left_out_is_noticed(memory: Memory) -> None:
    task = CAPACITY.build(point(), ANY, 0.0)
    assert task.spot_check is not None
    assert task.spot_check(None).error == 1.0
    assert memory.used() == 0


def test_blocks_are_numbered_one_after_the_other() -> None:
    blocks = [torch.empty(5, dtype=torch.int64), torch.empty(3, dtype=torch.int64)]
    capacity._number(blocks)
    assert [block.tolist() for block in blocks] == [[0, 1, 2, 3, 4], [5, 6, 7]]
    assert capacity._wrong(blocks) == 0
    blocks[1][0] = 0
    assert capacity._wrong(blocks) == 1


def test_the_check_finds_the_word_that_it_spoils(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [torch.empty(5000, dtype=torch.int64) for _ in range(2)]
    assert capacity._found(blocks).passed
    monkeypatch.setattr(capacity, "_wrong", lambda _: 0)
    assert not capacity._found(blocks).passed
    monkeypatch.undo()
    monkeypatch.setattr(capacity, "_number", lambda _: None)
    assert not capacity._found(blocks).passed


def test_no_memory_at_all_is_unsupported(memory: Memory) -> None:
    memory.budget = 2**15 + 2**13
    with pytest.raises(UnsupportedError, match="free memory holds no block"):
        CAPACITY.build(point(), ANY, 0.0)


def test_a_cpu_is_refused_before_anything_is_filled() -> None:
    pilot = CAPACITY.pilot("fp32", "normal")
    words = "host memory is shared with the system"
    for refused in (
        lambda: CAPACITY.check(pilot, CPU),
        lambda: CAPACITY.build(pilot, CPU, 0.0),
        lambda: CAPACITY.space(pilot, Limits(1e9, 0.0, is_cpu=True)),
    ):
        with pytest.raises(UnsupportedError, match=words):
            refused()


@pytest.mark.parametrize("name", accelerators.INTEGRATED)
def test_a_gpu_in_the_hosts_memory_is_refused_before_anything_is_filled(
    name: str, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GB10 whose memory is filled hangs with the machine that it is in."""
    told = SimpleNamespace(**{name: 1})
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: told)
    for refused in (
        lambda: CAPACITY.check(point(), ANY),
        lambda: CAPACITY.build(point(), ANY, 0.0),
    ):
        with pytest.raises(UnsupportedError, match="host memory is shared with the system"):
            refused()
    assert memory.sizes == []


def test_it_is_told_in_bytes_beside_the_published_capacity() -> None:
    done = measure_item(FakeDevice(), Item("capacity", "fp32"), Plan(0.3))
    assert (done.status, done.quantity, done.figures) == ("ok", "footprint", ("memory_capacity",))
    assert done.work is not None
    assert done.work.footprint_bytes == FakeDevice().spec.memory_bytes
    assert done.label == "held, written and read back"
