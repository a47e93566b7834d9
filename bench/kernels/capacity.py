"""Achievable capacity: how much of the memory one process can hold, write and read back.

Blocks of decreasing size are allocated until none fits. Each of their 8-byte words gets its own
number, and all are written before any is read, so that two addresses of one cell would be noticed.
The result is in bytes. It excludes what the driver, the context and other processes use, and a
little memory that is reserved for the comparison itself.
"""

import math
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.accelerators import all_memory, empty_cache, shares_memory
from bench.kernels.common.base import Defaults, Limits, Point, Task, UnsupportedError
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    Take = Callable[[int], torch.Tensor]

WORD_BYTES = 8
LARGEST_BYTES, LEAST_BYTES = 2**34, 2**24
"""Sizes of blocks; torch's allocator cuts smaller ones out of larger blocks of its own."""

SPARED_BYTES = 2**27
"""Memory that is reserved for the comparison."""
COMPARED_WORDS = 2**22
"""Words that are compared at a time."""
TOUCHED_WORDS = 2**17
"""Words that the timed call reads."""
PILOT_BYTES = 2**20
FREE_OVER_LIMIT = 2.0
"""Free memory of an accelerator over ``Limits.memory_bytes``."""


class Capacity(Defaults):
    """All of an accelerator's memory that can be allocated."""

    name = "capacity"
    about = "memory capacity that can be held, written and read back"
    dtypes = ("fp32",)

    def figures(self, point: Point) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the published capacity."""
        return ("memory_capacity",)

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns bytes held."""
        return "footprint"

    def label(self, point: Point) -> str:  # noqa: ARG002 -- the protocol's signature
        """Returns what was done with the memory."""
        return "held, written and read back"

    def work(self, point: Point) -> Work:
        """Counts the bytes held; the timed call reads a megabyte of them."""
        return Work(
            flop=0.0,
            bytes=float(min(point.size("bytes"), TOUCHED_WORDS * WORD_BYTES)),
            footprint_bytes=float(point.size("bytes")),
            formula="bytes of all blocks held at once",
        )

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:  # noqa: ARG002 -- one form
        """Returns a megabyte."""
        return Point("capacity", dtype, data, {"bytes": PILOT_BYTES})

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns all of the free memory; ``build`` finds how much of it can be allocated.

        Raises:
            UnsupportedError: on a CPU.
        """
        if limits.is_cpu:
            raise _shared()
        expected = int(FREE_OVER_LIMIT * limits.memory_bytes)
        return [Point("capacity", pilot.dtype, pilot.data, {"bytes": expected})]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- no cache matters
        """Fills the memory, and writes the number of bytes into ``point``.

        The spot check reads all of it and then frees it.
        """
        if shares_memory(device):
            raise _shared()
        blocks = _all_of(device, math.inf if device.type == "cuda" else all_memory(device))
        point.parameters["bytes"] = sum(block.numel() for block in blocks) * WORD_BYTES
        _number(blocks)
        call = partial(_touch, blocks)
        return Task([call], spot_check=lambda last: _read_back(blocks, last, device))

    def check(self, point: Point, device: "torch.device") -> Check:  # noqa: ARG002 -- any block will do
        """Numbers the words of two small blocks and reads them back; must notice a wrong word."""
        import torch

        if shares_memory(device):
            raise _shared()
        blocks = [torch.empty(2**14, dtype=torch.int64, device=device) for _ in range(2)]
        return _found(blocks)


KERNEL = Capacity()


def _shared() -> UnsupportedError:
    return UnsupportedError("host memory is shared with the system: none of it is filled")


def _all_of(device: "torch.device", most: float) -> list["torch.Tensor"]:
    """Returns blocks that fill the device's memory except for ``SPARED_BYTES``."""
    import torch

    inputs.release()
    empty_cache(device)
    take = partial(torch.empty, dtype=torch.int64, device=device)
    spared = take(SPARED_BYTES // WORD_BYTES)
    blocks = _taken(take, most)
    del spared
    empty_cache(device)  # gives it back to the driver, which may load more code
    return blocks


def _taken(take: "Take", most: float = math.inf) -> list["torch.Tensor"]:
    """Returns blocks of decreasing size, allocated until not even the smallest fits.

    Args:
        take: function that allocates a number of words; raises torch's out-of-memory error.
        most: bytes that the device has; if more can be allocated, it must be virtual.

    Raises:
        UnsupportedError: more memory can be allocated than there is, or none can.
    """
    blocks, size, taken = [], LARGEST_BYTES, 0
    while size >= LEAST_BYTES:
        if taken > most:
            raise UnsupportedError("more memory can be taken than the device says it has")
        try:
            blocks.append(take(size // WORD_BYTES))
            taken += size
        except RuntimeError as error:  # plug-ins do not raise torch.OutOfMemoryError
            if "out of memory" not in str(error).lower():
                raise
            size //= 2
    if not blocks:
        raise UnsupportedError(f"free memory holds no block of {LEAST_BYTES // 2**20} MiB")
    return blocks


def _number(blocks: list["torch.Tensor"]) -> None:
    """Gives each word its own number, counted from zero."""
    import torch

    start = 0
    for block in blocks:
        torch.arange(start, start + block.numel(), out=block)
        start += block.numel()


def _touch(blocks: list["torch.Tensor"]) -> "torch.Tensor":
    """Returns the sum of the first words."""
    return blocks[0][:TOUCHED_WORDS].sum()


def _read_back(blocks: list["torch.Tensor"], last: object, device: "torch.device") -> Check:
    """Compares every word with its number, checks the last call's sum, then frees the memory."""
    words, wrong = sum(block.numel() for block in blocks), _wrong(blocks)
    error = wrong / words if _is_sum(last, blocks) else 1.0
    blocks.clear()
    empty_cache(device)
    return Check(passed=not error, error=error, tolerance=0.0, shape=f"{words} words of 8 bytes")


def _is_sum(last: object, blocks: list["torch.Tensor"]) -> bool:
    """Returns whether a call returned the sum of the first words' numbers."""
    count = min(blocks[0].numel(), TOUCHED_WORDS)
    return hasattr(last, "tolist") and last.tolist() == count * (count - 1) // 2


def _wrong(blocks: list["torch.Tensor"]) -> int:
    """Returns how many words differ from their number."""
    import torch

    start, wrong = 0, 0
    for block in blocks:
        for at in range(0, block.numel(), COMPARED_WORDS):
            part = block[at : at + COMPARED_WORDS]
            numbers = torch.arange(start, start + part.numel(), device=part.device)
            wrong += int((part != numbers).sum())
            start += part.numel()
    return wrong


def _found(blocks: list["torch.Tensor"]) -> Check:
    """Numbers spoilt blocks and compares them; then spoils one word, which must be noticed."""
    for block in blocks:
        block.fill_(-1)
    _number(blocks)
    error = _wrong(blocks) + (not _is_sum(_touch(blocks), blocks))
    blocks[-1][-1] = -1
    error += abs(_wrong(blocks) - 1)
    words = sum(block.numel() for block in blocks)
    return Check(passed=not error, error=float(error), tolerance=0.0, shape=f"{words} words")
