"""What the kernels of language models share: weights, rooms for results, routing, grouped products.

Weights are standard normal elements of one pool, cut as views. What keeps activations near one
are the gains of the norms: one over the root of the width they feed.
"""

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.base import Point, UnsupportedError, itemsize, torch_dtype
from bench.kernels.common.graphs import no_waits
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch

DTYPES = ("bf16", "fp16", "fp32")
TOLERANCE = {"bf16": 2e-2, "fp16": 4e-3, "fp32": 1e-4}
"""Largest relative error (Frobenius norm) of a block's result beside float64."""

PROBE = (64, 1024, 1024)
PROBE_S = 0.1
LONGEST_S = 4.0
"""A call predicted to take longer on a CPU is not begun."""


@dataclass
class Rooms:
    """Where calls leave what they return, one place a set of buffers, so that a gap shows."""

    kept: dict[int, object] = field(default_factory=dict)

    def keeping(self, number: int, call: Callable[[], object]) -> Callable[[], object]:
        """Returns the call, made to leave its result here."""

        def run() -> object:
            self.kept[number] = call()
            return self.kept[number]

        return run

    def spoil(self) -> None:
        """Forgets every result."""
        self.kept.clear()


def sets_for(footprint_bytes: float, cache_bytes: float, most: int = 8) -> int:
    """Returns how many sets of operands exceed twice the cache together."""
    return max(1, min(most, math.ceil(2 * cache_bytes / footprint_bytes)))


def verdict(error: float, dtype: str, shape: str, factor: float = 1.0) -> Check:
    """Returns the check of a result by its relative error."""
    tolerance = TOLERANCE[dtype] * factor
    return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)


LEFT_OUT = Check(passed=False, error=1.0, tolerance=0.0, shape="no result")
"""What a spot check says of a call that left nothing behind."""


def refuse_size(need_bytes: float, memory_bytes: float) -> None:
    """Raises for what the memory that a kernel may use does not hold.

    Raises:
        UnsupportedError: with the need and what there is, in GiB.
    """
    if need_bytes > memory_bytes:
        raise UnsupportedError(
            f"needs {need_bytes / 2**30:.1f} GiB of memory; "
            f"{memory_bytes / 2**30:.1f} GiB may be used here"
        )


def refuse_slow(work: Work, rate: float, dtype: str) -> None:
    """Raises for a call on a CPU that would take too long, as a small one predicts.

    Args:
        work: of the call.
        rate: operations a second of the small one.
        dtype: of both.

    Raises:
        UnsupportedError: with the time predicted.
    """
    predicted = work.flop / rate
    if predicted > LONGEST_S:
        raise UnsupportedError(
            f"a call would take about {predicted:.0f} s on this CPU, by a small one in {dtype} "
            f"that ran at {rate / 1e9:.3g} GFLOP/s; {LONGEST_S:.0f} s are the most allowed"
        )


def pace(call: Callable[[], object], flop: float) -> float:
    """Returns the operations a second of a short call on the CPU, at its best."""
    best, start = math.inf, time.perf_counter()
    while best == math.inf or time.perf_counter() - start < PROBE_S:
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
    return flop / best


@lru_cache(maxsize=8)
def product_pace(dtype: str) -> float:
    """Returns the operations a second of a small linear layer on the CPU."""
    import torch

    m, n, k = PROBE
    a, b = (torch.ones(shape).to(torch_dtype(dtype)) for shape in ((m, k), (n, k)))
    return pace(lambda: torch.nn.functional.linear(a, b), 2.0 * m * n * k)


def refuse_slow_product(work: Work, dtype: str) -> None:
    """Raises as ``refuse_slow`` does, by the pace of a product.

    It is kept from call to call, and taken anew before anything is refused: a neighbour may have
    had the cores when it was taken.

    Raises:
        UnsupportedError: with the time predicted.
    """
    rate = product_pace(dtype)
    if work.flop / rate > LONGEST_S:
        product_pace.cache_clear()
        rate = max(rate, product_pace(dtype))
    refuse_slow(work, rate, dtype)


def cut_weights(
    shapes: dict[str, tuple[int, ...]], dtype: str, data: str, device: "torch.device"
) -> "dict[str, torch.Tensor]":
    """Returns weights of these shapes cut from one pool, the gains of norms made for their width.

    A gain is one over the root of the width, or over the width where every element is the same;
    biases are small.
    """
    import torch

    big = {name: shape for name, shape in shapes.items() if len(shape) > 1}
    room = sum(_aligned(prod(shape)) for shape in big.values())
    (pool,) = inputs.buffers(1, room, dtype, data, device)
    cutter = inputs.Cutter(pool)
    made = {
        name: cutter.cut(prod(shape[:-1]), shape[-1]).view(shape) for name, shape in big.items()
    }
    power = 0.5 if data in ("normal", "uniform", "integers") else 1.0
    for name, shape in shapes.items():
        if len(shape) == 1:
            value = 0.1 if name.endswith("bias") else shape[0] ** -power
            drawn = 1 + 0.1 * torch.randn(shape, device=device)
            made[name] = (value * drawn).to(torch_dtype(dtype))
    return made


def _aligned(elements: int) -> int:
    return -(-elements // inputs.ALIGN_ELEMENTS) * inputs.ALIGN_ELEMENTS


@lru_cache(maxsize=64)
def routes(tokens: int, experts: int, per_token: int) -> tuple[tuple[int, ...], ...]:
    """Returns the experts of each token, drawn evenly and without repetition, always the same.

    Drawn beforehand, so that the work of a call is known to the byte.
    """
    drawn = random.Random(1000 * experts + per_token)  # noqa: S311 -- no secret
    return tuple(tuple(drawn.sample(range(experts), per_token)) for _ in range(tokens))


def counts(told: Iterable[Iterable[int]], held: int) -> tuple[int, ...]:
    """Returns how many tokens reach each of the first ``held`` experts."""
    found = Counter(expert for chosen in told for expert in chosen)
    return tuple(found[expert] for expert in range(held))


def group_ends(sizes: Sequence[int], device: "torch.device") -> "torch.Tensor":
    """Returns where each group of rows ends, as grouped products want it."""
    import torch

    return torch.tensor(sizes, device=device).cumsum(0).to(torch.int32)


GROUPED_WAYS = ("grouped", "loop")


def grouped_product(
    way: str,
    rows: "torch.Tensor",
    weights: "torch.Tensor",
    sizes: Sequence[int],
    ends: "torch.Tensor",
) -> "torch.Tensor":
    """Returns each group of rows times the transpose of its expert's outputs x inputs matrix."""
    import torch

    if way == "grouped":
        product = getattr(torch.nn.functional, "grouped_mm", getattr(torch, "_grouped_mm", None))
        if product is None:
            raise UnsupportedError("this torch has no grouped product")
        done: torch.Tensor = product(rows, weights.transpose(-1, -2), offs=ends)
        return done
    out = rows.new_empty(rows.shape[0], weights.shape[1])
    start = 0
    for expert, size in enumerate(sizes):
        if size:
            part = slice(start, start + size)
            torch.mm(rows[part], weights[expert].t(), out=out[part])
            start += size
    return out


@lru_cache(maxsize=16)
def grouped_way(dtype: str, device: "torch.device") -> str:
    """Returns the grouped product where an accelerator has one for the type, else the loop.

    Where torch has no code of its own for it, it waits for the groups' sizes and goes through
    them: the loop knows them, waits for nothing, and can be captured.
    """
    if device.type == "cpu":
        return "loop"
    try:
        weights = inputs.draw((2, 64, 64), dtype, "normal", device)
        rows = inputs.draw((32, 64), dtype, "normal", device)
        ends = group_ends((16, 16), device)
        with no_waits() if device.type == "cuda" else nullcontext():
            grouped_product("grouped", rows, weights, (16, 16), ends)
    except (RuntimeError, UnsupportedError):
        return "loop"
    return "grouped"


def swiglu(both: "torch.Tensor") -> "torch.Tensor":
    """Returns silu(gate) x up of a product whose columns are gate, then up."""
    import torch

    gate, up = both.chunk(2, dim=-1)
    return torch.nn.functional.silu(gate) * up


def gelu(rows: "torch.Tensor") -> "torch.Tensor":
    """Returns gelu by the error function, as published MPT has it."""
    import torch

    return torch.nn.functional.gelu(rows)


def expert_block(
    way: str,
    rows: "torch.Tensor",
    weights: "tuple[torch.Tensor, torch.Tensor]",
    sizes: Sequence[int],
    ends: "torch.Tensor",
) -> "torch.Tensor":
    """Returns the experts' outputs for rows sorted by expert; weights are gate-and-up and down."""
    inner = swiglu(grouped_product(way, rows, weights[0], sizes, ends))
    return grouped_product(way, inner, weights[1], sizes, ends)


def expert_work(point: Point, sizes: Sequence[int], hidden: int, width: int) -> Work:
    """Counts the two products of each expert reached.

    Weights of the experts reached are read once; each product's rows are read and written.
    """
    rows, reached = sum(sizes), sum(size > 0 for size in sizes)
    moved = itemsize(point.dtype) * (reached * 3 * hidden * width + rows * (2 * hidden + 3 * width))
    return Work(
        flop=6.0 * rows * hidden * width,
        bytes=float(moved),
        footprint_bytes=float(moved),
        formula="6 R d f for R rows; s (3 E d f + R (2 d + 3 f)) for E experts reached",
        items=float(max(1, point.size("batch"))),
    )
