"""The loads of ``loads`` on an accelerator, and a gather of rows, in Triton.

Imported only when such a kernel is built; commands that measure nothing never load it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.kernels.common.base import UnsupportedError
from bench.kernels.common.loads import UNROLLED, strides

if TYPE_CHECKING:
    import torch

try:
    triton: Any = import_module("triton")
    tl: Any = import_module("triton.language")
except ImportError as error:
    raise UnsupportedError("loads need Triton, and torch came without it here") from error

BLOCK = 4096
"""Elements of 4 bytes that a program reads at once: 16 KiB, 64 bytes per thread of 256."""

WARPS = 8
GATHERED = 2048
"""Elements that a program gathers: several rows at once, so that many loads are in flight."""


@triton.jit  # type: ignore[untyped-decorator]
def _read(source, sums, strides, blocks, total, block: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0913, PLR0917 -- Triton's types
    program = tl.program_id(0)
    programs = tl.num_programs(0)
    steps = total // programs + (program < total % programs).to(tl.int32)
    stride = tl.load(strides + program)
    position = program.to(tl.int64) * blocks // programs
    lanes = tl.arange(0, block)
    found = tl.zeros((block,), tl.int32)
    for _ in range(steps):
        found += tl.load(source + position * block + lanes)
        position += stride
        position = tl.where(position >= blocks, position - blocks, position)
    tl.store(sums + program, tl.sum(found, axis=0))


@triton.jit  # type: ignore[untyped-decorator]
def _follow(place, end, rounds, unrolled: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 -- Triton's types
    at = tl.load(place)
    for _ in range(rounds):
        # A lone load would read and write one register, which Triton 3.6 clears before it reads.
        for _load in tl.static_range(unrolled):  # of its own name: Triton 3.2 mixes up two alike
            at = tl.load(at.to(tl.pointer_type(tl.int64)))
    tl.store(place, at)
    tl.store(end, at)


@triton.jit  # type: ignore[untyped-decorator]
def _gather(table, order, out, rows, columns: tl.constexpr, block: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0913, PLR0917 -- Triton's types
    mine = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = mine < rows
    found = tl.load(order + mine, mask=inside, other=0)
    along = tl.arange(0, columns)
    values = tl.load(table + found[:, None] * columns + along[None, :], mask=inside[:, None])
    tl.store(out + mine[:, None] * columns + along[None, :], values, mask=inside[:, None])


def orders(source: "torch.Tensor", programs: int) -> "torch.Tensor":
    """Returns the ``strides`` of so many programs over ``source``: int32, (programs,)."""
    import torch

    found = strides(source.numel() // BLOCK, programs)
    return torch.tensor(found, dtype=torch.int32, device=source.device)


def read(
    source: "torch.Tensor", sums: "torch.Tensor", by: "torch.Tensor", total: int
) -> "torch.Tensor":
    """Reads ``total`` blocks of ``source`` and returns the sum of each program.

    Program p of P starts at block ``p * blocks // P``, moves on by its stride and wraps around, so
    that each reads all of the source, and its size decides which cache holds it.

    Args:
        source: int32 elements, a multiple of ``BLOCK``.
        sums: int32, one element per program; written.
        by: the stride of each program, of ``orders``.
        total: blocks read by all programs together, at most 2^31 - 1.
    """
    blocks = source.numel() // BLOCK
    _read[(sums.numel(),)](source, sums, by, blocks, total, block=BLOCK, num_warps=WARPS)
    return sums


def follow(place: "torch.Tensor", end: "torch.Tensor", loads: int) -> "torch.Tensor":
    """Follows a chain of addresses, each load depending on the one before; returns ``end``.

    Args:
        place: one int64, the address to start at; overwritten with the address arrived at.
        end: one int64, overwritten with the same.
        loads: number of loads, a multiple of ``UNROLLED``.
    """
    _follow[(1,)](place, end, loads // UNROLLED, unrolled=UNROLLED, num_warps=1)
    return end


def gather(table: "torch.Tensor", order: "torch.Tensor", out: "torch.Tensor") -> "torch.Tensor":
    """Copies the rows of ``table`` that ``order`` names into ``out``, in that order.

    Args:
        table: (rows, columns), columns a power of two.
        order: int64, the indices of the rows to copy.
        out: (rows to copy, columns); written.
    """
    rows, columns = out.shape
    block = max(1, GATHERED // columns)
    _gather[(-(-rows // block),)](table, order, out, rows, columns=columns, block=block)
    return out
