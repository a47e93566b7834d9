"""Shared by the kernels of language models: weights, kept results, routing, grouped products.

Weights are standard normal elements of one pool, cut as views. Activations stay near 1 because the
gains of the norms are one over the square root of the width that they feed.
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
from bench.kernels.common.products import spoil
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch

DTYPES = ("bf16", "fp16", "fp32")
TOLERANCE = {"bf16": 2e-2, "fp16": 4e-3, "fp32": 1e-4}
"""Largest relative error (Frobenius norm) of a block's result against float64."""

PROBE = (64, 1024, 1024)
"""m, n and k of the product whose rate predicts the time of a call on a CPU."""
PROBE_S = 0.1
"""Time in s that such a rate is measured for."""
LONGEST_S = 4.0
"""A call predicted to take more s than this on a CPU is not started."""
MAX_SETS = 8
"""The most operand sets that calls take turns on."""


@dataclass
class Results:
    """The last result of each call, by the number of its operand set, for the spot check."""

    by_set: dict[int, object] = field(default_factory=dict)

    def storing(self, number: int, call: Callable[[], object]) -> Callable[[], object]:
        """Returns the call, extended to store its result here."""

        def run() -> object:
            self.by_set[number] = call()
            return self.by_set[number]

        return run

    def spoil(self) -> None:
        """Overwrites every result and drops it: its memory may be reused as it is."""
        import torch

        for stored in self.by_set.values():
            for one in stored if isinstance(stored, tuple) else (stored,):
                if isinstance(one, torch.Tensor):
                    spoil(one.detach())
        self.by_set.clear()


def sets_for(footprint_bytes: float, cache_bytes: float) -> int:
    """Returns how many operand sets together exceed twice the cache; at most ``MAX_SETS``."""
    return max(1, min(MAX_SETS, math.ceil(2 * cache_bytes / footprint_bytes)))


def verdict(error: float, dtype: str, shape: str, factor: float = 1.0) -> Check:
    """Returns the check of a result by its relative error."""
    tolerance = TOLERANCE[dtype] * factor
    return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)


LEFT_OUT = Check(passed=False, error=1.0, tolerance=0.0, shape="no result")
"""The spot check of a call that stored no result."""


def refuse_size(need_bytes: float, memory_bytes: float) -> None:
    """Raises if a kernel needs more memory than it may use.

    Raises:
        UnsupportedError: the message gives both in GiB.
    """
    if need_bytes > memory_bytes:
        raise UnsupportedError(
            f"needs {need_bytes / 2**30:.1f} GiB of memory; "
            f"{memory_bytes / 2**30:.1f} GiB may be used here"
        )


def refuse_slow(work: Work, rate: float, dtype: str) -> None:
    """Raises if a call would take too long on a CPU, as predicted from a small one.

    Args:
        work: the work of the call.
        rate: rate of the small call, in FLOP/s.
        dtype: format of both.

    Raises:
        UnsupportedError: the message gives the predicted time.
    """
    predicted = work.flop / rate
    if predicted > LONGEST_S:
        raise UnsupportedError(
            f"a call would take about {predicted:.0f} s on this CPU, by a small one in {dtype} "
            f"that ran at {rate / 1e9:.3g} GFLOP/s; {LONGEST_S:.0f} s are the most allowed"
        )


def best_rate(call: Callable[[], object], flop: float) -> float:
    """Returns the best rate of a short call on the CPU, in FLOP/s."""
    best, start = math.inf, time.perf_counter()
    while best == math.inf or time.perf_counter() - start < PROBE_S:
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
    return flop / best


@lru_cache(maxsize=8)
def product_rate(dtype: str) -> float:
    """Returns the rate of a small linear layer on the CPU, in FLOP/s."""
    import torch

    m, n, k = PROBE
    a, b = (torch.ones(shape).to(torch_dtype(dtype)) for shape in ((m, k), (n, k)))
    return best_rate(lambda: torch.nn.functional.linear(a, b), 2.0 * m * n * k)


def refuse_slow_product(work: Work, dtype: str) -> None:
    """Raises as ``refuse_slow`` does, by the rate of a small product.

    The rate is cached, and measured again before a call is refused: other processes may have used
    the cores the first time.

    Raises:
        UnsupportedError: the message gives the predicted time.
    """
    rate = product_rate(dtype)
    if work.flop / rate > LONGEST_S:
        product_rate.cache_clear()
        rate = max(rate, product_rate(dtype))
    refuse_slow(work, rate, dtype)


def cut_weights(
    shapes: dict[str, tuple[int, ...]], dtype: str, data: str, device: "torch.device"
) -> "dict[str, torch.Tensor]":
    """Returns weights of these shapes by name, cut from one pool; gains and biases are drawn.

    A gain is about one over the square root of the width, or over the width if all inputs are
    equal; a bias is about 0.1.
    """
    import torch

    matrices = {name: shape for name, shape in shapes.items() if len(shape) > 1}
    elements = sum(_aligned(prod(shape)) for shape in matrices.values())
    (pool,) = inputs.buffers(1, elements, dtype, data, device)
    cutter = inputs.Cutter(pool)
    weights = {
        name: cutter.cut(prod(shape[:-1]), shape[-1]).view(shape)
        for name, shape in matrices.items()
    }
    power = 0.5 if data in ("normal", "uniform", "integers") else 1.0
    for name, shape in shapes.items():
        if len(shape) == 1:
            value = 0.1 if name.endswith("bias") else shape[0] ** -power
            drawn = 1 + 0.1 * torch.randn(shape, device=device)
            weights[name] = (value * drawn).to(torch_dtype(dtype))
    return weights


def _aligned(elements: int) -> int:
    return -(-elements // inputs.ALIGN_ELEMENTS) * inputs.ALIGN_ELEMENTS


@lru_cache(maxsize=64)
def routes(tokens: int, experts: int, per_token: int) -> tuple[tuple[int, ...], ...]:
    """Returns the experts of each token: uniform, without repetition, the same in every run.

    They are drawn beforehand, so that the work of a call is known to the byte.
    """
    generator = random.Random(1000 * experts + per_token)  # noqa: S311 -- no secret
    return tuple(tuple(generator.sample(range(experts), per_token)) for _ in range(tokens))


def counts(routing: Iterable[Iterable[int]], experts: int) -> tuple[int, ...]:
    """Returns how many tokens are routed to each of the first ``experts`` experts."""
    tokens = Counter(expert for chosen in routing for expert in chosen)
    return tuple(tokens[expert] for expert in range(experts))


def group_ends(sizes: Sequence[int], device: "torch.device") -> "torch.Tensor":
    """Returns the end of each group of rows, as grouped products need it: int32, (groups,)."""
    import torch

    return torch.tensor(sizes, device=device).cumsum(0).to(torch.int32)


GROUPED_WAYS = ("grouped", "loop")
"""Implementations of a grouped product: torch's, or a loop over the experts."""


def grouped_product(
    way: str,
    rows: "torch.Tensor",
    weights: "torch.Tensor",
    sizes: Sequence[int],
    ends: "torch.Tensor",
) -> "torch.Tensor":
    """Returns each group of rows times the transposed matrix of its expert.

    Args:
        way: one of ``GROUPED_WAYS``.
        rows: (rows, inputs), sorted by expert.
        weights: (experts, outputs, inputs).
        sizes: rows of each expert.
        ends: the same as ``group_ends``.
    """
    import torch

    if way == "grouped":
        product = getattr(torch.nn.functional, "grouped_mm", getattr(torch, "_grouped_mm", None))
        if product is None:
            raise UnsupportedError("this torch has no grouped product")
        result: torch.Tensor = product(rows, weights.transpose(-1, -2), offs=ends)
        return result
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
    """Returns ``grouped`` if the accelerator has a grouped product for the dtype, else ``loop``.

    Without a kernel for it, torch synchronizes to read the groups' sizes and loops over them. The
    loop here knows the sizes, does not synchronize, and can be captured as a graph.
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
    """Returns silu(gate) x up of rows that hold gate, then up."""
    import torch

    gate, up = both.chunk(2, dim=-1)
    return torch.nn.functional.silu(gate) * up


def gelu(rows: "torch.Tensor") -> "torch.Tensor":
    """Returns GELU by the error function, as in the published code of MPT."""
    import torch

    return torch.nn.functional.gelu(rows)


def expert_block(
    way: str,
    rows: "torch.Tensor",
    weights: "tuple[torch.Tensor, torch.Tensor]",
    sizes: Sequence[int],
    ends: "torch.Tensor",
) -> "torch.Tensor":
    """Returns the experts' outputs for rows sorted by expert; weights are gate-and-up, and down."""
    inner = swiglu(grouped_product(way, rows, weights[0], sizes, ends))
    return grouped_product(way, inner, weights[1], sizes, ends)


def expert_work(point: Point, sizes: Sequence[int], hidden: int, width: int) -> Work:
    """Returns the work of the two products of each expert that has tokens.

    The weights of these experts are read once; each product's rows are read and written.
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
