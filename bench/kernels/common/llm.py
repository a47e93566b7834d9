"""Shared by the kernels of language models: weights, kept results, activations, refusals.

Weights are standard normal elements of one pool, cut as views. Activations stay near 1 because the
gains of the norms are one over the square root of the width that they feed.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.base import UnsupportedError, torch_dtype
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


def swiglu(both: "torch.Tensor") -> "torch.Tensor":
    """Returns silu(gate) x up of rows that hold gate, then up."""
    import torch

    gate, up = both.chunk(2, dim=-1)
    return torch.nn.functional.silu(gate) * up


def gelu(rows: "torch.Tensor") -> "torch.Tensor":
    """Returns GELU by the error function, as in the published code of MPT."""
    import torch

    return torch.nn.functional.gelu(rows)
