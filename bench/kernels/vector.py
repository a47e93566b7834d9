"""Vector rates: x = x a + b in registers only, two operations per multiply-add.

Figures: ``vector_<dtype>``. On an x86-64 CPU, machine code runs in one thread per core, with twelve
independent accumulators each; on a GPU a Triton program does the same in every thread. bf16 on a
CPU is what its instruction computes: x += a0 b0 + a1 b1, with x in fp32.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, simd
from bench.kernels.common.base import (
    Defaults,
    Limits,
    Point,
    Task,
    UnsupportedError,
    itemsize,
    torch_dtype,
)
from bench.kernels.common.threads import together
from bench.kernels.common.units import units
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch

    State = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

ACCUMULATORS = 12
"""Accumulators per thread: two units with a latency of five cycles need ten; AVX2 has registers
for at most fourteen."""

UNROLLED = 4
ELEMENTS_A_THREAD = (8, 16, 32)
WARPS = (4, 8)
PROGRAMS_A_UNIT = (2, 4, 8)
CPU_STEPS = (1 << 22, 1 << 17)
"""Steps of a call, and additional steps per thread, as Python takes microseconds to start one."""

MOST_STEPS = 1 << 24
GPU_STEPS_A_UNIT = 1 << 28
"""Multiply-adds of a call on each SM or CU: about a millisecond at 128 per cycle."""

LARGEST_FACTOR = 0.9
"""Largest magnitude of a random factor a, so that x stays bounded."""
COUNTERS_APART = 16
"""Every so many programs of a GPU, one has lanes that count steps."""
COUNTED = {"fp64": 2**53, "fp32": 2**24, "fp16": 2**11, "bf16": 2**8}
"""The number at which adding 1 no longer changes a sum in the format."""

CHECKED_STEPS = 48
TOLERANCE = {"fp64": 1e-13, "fp32": 2e-5, "fp16": 2e-2, "bf16": 1.5e-1}
"""Largest error of an element, relative to its magnitude or 1: above ten half-units of the last
place, as a factor of 0.9 carries about ten roundings on."""


class Vector(Defaults):
    """Multiply-adds in registers."""

    name = "vector"
    about = "fused multiply-adds held in registers"
    dtypes = ("fp32", "fp64", "fp16", "bf16")
    searches = 0.4

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the vector figure of the dtype."""
        return (f"vector_{point.dtype}",)

    def label(self, point: Point) -> str:  # noqa: ARG002 -- the protocol's signature
        """Returns a label that distinguishes it from a matrix product compared with this figure."""
        return "multiply-add in registers"

    def work(self, point: Point) -> Work:
        """Counts two operations per multiply-add; bytes are x, a and b read and x written once."""
        programs, accumulators, lanes, steps = _sizes(point)
        factors = 1 if point.parameters["way"] == "triton" else lanes
        moved = float(2 * programs * (accumulators * lanes + factors) * itemsize(point.dtype))
        return Work(
            flop=2.0 * programs * accumulators * lanes * steps,
            bytes=moved,
            footprint_bytes=moved,
            formula="2 programs accumulators lanes steps",
        )

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:  # noqa: ARG002 -- one form
        """Returns a few steps in one program; ``build`` picks the implementation."""
        return _point(dtype, data, "", (1, 1, 128, CHECKED_STEPS))

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns every instruction set of a CPU; for a GPU, block sizes, warps and programs."""
        return _cpu_space(pilot) if limits.is_cpu else _gpu_space(pilot)

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- nothing is cached
        """Returns the loop over fresh x, a and b; some lanes count the steps."""
        ready = _with_way(point, device)
        state = counting(ready, _state(ready, device))
        run, out = _loop(ready, state)
        return Task([run], partial(out.fill_, math.nan), lambda _: _spot_check(ready, state, out))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Runs 48 steps on fresh x, a and b, and compares every element with float64."""
        ready = _with_way(point, device)
        small = replace(ready, parameters={**ready.parameters, "steps": CHECKED_STEPS})
        state = _state(small, device)
        run, _ = _loop(small, state)
        x, a, b = (one.cpu().double() for one in state)
        for _ in range(CHECKED_STEPS):
            x = x + _pairs(a, b) if _is_dot(small) else x * a + b
        return _verdict(small, run(), x)


KERNEL = Vector()


def _point(
    dtype: str, data: str, way: str, sizes: tuple[int, int, int, int], warps: int = 4
) -> Point:
    names = ("programs", "accumulators", "lanes", "steps")
    form: dict[str, int | str] = {"way": way, **dict(zip(names, sizes, strict=True))}
    return Point("vector", dtype, data, form | ({"warps": warps} if way == "triton" else {}))


def _sizes(point: Point) -> tuple[int, int, int, int]:
    programs, accumulators, lanes, steps = (
        point.size(name) for name in ("programs", "accumulators", "lanes", "steps")
    )
    return programs, accumulators, lanes, steps


def _cpu_space(pilot: Point) -> list[Point]:
    import torch

    threads = torch.get_num_threads()
    steps = min(MOST_STEPS, CPU_STEPS[0] + CPU_STEPS[1] * threads)
    return [
        _point(
            pilot.dtype,
            pilot.data,
            way,
            (threads, ACCUMULATORS, simd.lanes(way, pilot.dtype), steps),
        )
        for way in simd.ways(pilot.dtype)
    ]


def _gpu_space(pilot: Point) -> list[Point]:
    points = []
    for elements, warps, each in product(ELEMENTS_A_THREAD, WARPS, PROGRAMS_A_UNIT):
        lanes = elements * 32 * warps
        sizes = (units() * each, 1, lanes, GPU_STEPS_A_UNIT // (each * lanes))
        points.append(_point(pilot.dtype, pilot.data, "triton", sizes, warps))
    return points


def _with_way(point: Point, device: "torch.device") -> Point:
    """Returns the point; if it names no implementation, with one that the device has."""
    if point.parameters["way"]:
        return point
    if device.type != "cpu":
        return _point(point.dtype, point.data, "triton", _sizes(point))
    way = simd.ways(point.dtype)[0]
    sizes = (2, ACCUMULATORS, simd.lanes(way, point.dtype), CHECKED_STEPS)
    return _point(point.dtype, point.data, way, sizes)


def _is_dot(point: Point) -> bool:
    return point.dtype in simd.DOTS and point.parameters["way"] != "triton"


def _state(point: Point, device: "torch.device") -> "State":
    """Returns random x, a and b.

    b is zero only with ``data=zeros``; otherwise x would shrink to a subnormal where it is.
    """
    import torch

    programs, accumulators, lanes, _ = _sizes(point)
    dot = _is_dot(point)
    factors = (programs, 1, 1 if point.parameters["way"] == "triton" else lanes)
    shape = (programs, accumulators, lanes // 2 if dot else lanes)
    x = inputs.draw(shape, "fp32" if dot else point.dtype, point.data, device)
    drawn = inputs.draw(factors, "fp32", point.data, device)
    a = (LARGEST_FACTOR * torch.tanh(drawn)).to(torch_dtype(point.dtype))
    b = inputs.draw(factors, point.dtype, point.data, device)
    return x, a, b if point.data == "zeros" else b.masked_fill(b == 0, 1.0)


def counting(point: Point, state: "State") -> "State":
    """Returns the state with some lanes that count steps: x = 0, a = 1, b = 1.

    All other pairs of a dot product cancel, so that x stays within what fp32 resolves.
    """
    x, a, b = (one.clone() for one in state)
    apart = COUNTERS_APART if a.shape[2] == 1 else a.shape[2]
    if _is_dot(point):
        a[..., 1::2], b[..., 1::2] = a[..., ::2], -b[..., ::2]
        a.view(-1)[1::apart], b.view(-1)[1::apart] = 0.0, 0.0
        x[..., 0] = 0.0
    a.view(-1)[::apart], b.view(-1)[::apart] = 1.0, 1.0
    return (x, a, b) if _is_dot(point) else (x.masked_fill(a == 1, 0.0), a, b)


def _loop(point: Point, state: "State") -> tuple[Callable[[], "torch.Tensor"], "torch.Tensor"]:
    """Returns the loop as a call, and its output."""
    import torch

    out = torch.empty_like(state[0])
    if point.parameters["way"] == "triton":
        return _triton_loop(point, state, out), out
    if out.device.type != "cpu":
        raise UnsupportedError("machine code of a CPU runs on host memory only")
    return _cpu_loop(point, state, out), out


def _cpu_loop(point: Point, state: "State", out: "torch.Tensor") -> Callable[[], "torch.Tensor"]:
    programs, accumulators, _, steps = _sizes(point)
    way = str(point.parameters["way"])
    function = simd.placed(simd.register_loop(way, point.dtype, accumulators, UNROLLED))
    x, a, b, to = ([one[thread].data_ptr() for thread in range(programs)] for one in (*state, out))
    parts = [partial(function, *four, steps // UNROLLED) for four in zip(x, a, b, to, strict=True)]

    def run() -> "torch.Tensor":
        together(parts)
        return out

    return run


def _triton_loop(point: Point, state: "State", out: "torch.Tensor") -> Callable[[], "torch.Tensor"]:
    try:
        from bench.kernels.common import fma_triton
    except ImportError:
        raise UnsupportedError("no triton beside this torch, which compiles for it") from None
    return fma_triton.register_loop(state, out, point.size("steps"), point.size("warps"))


def _pairs(a: "torch.Tensor", b: "torch.Tensor") -> "torch.Tensor":
    """Returns a0 b0 + a1 b1 for each pair of neighbours along the last dimension."""
    return (a * b).view(*b.shape[:-1], -1, 2).sum(-1)


def _spot_check(point: Point, state: "State", out: "torch.Tensor") -> Check:
    """Compares the timed loop's output with its closed form in float64.

    That is x a^n + b (1 - a^n) / (1 - a). A lane that counts ends at n, or at ``COUNTED``.
    """
    import torch

    steps = point.size("steps")
    x, a, b = (one.cpu().double() for one in state)
    counted = float(min(steps, COUNTED["fp32" if _is_dot(point) else point.dtype]))
    if _is_dot(point):
        expected = x + counted * _pairs(a, b)
    else:
        power = a**steps
        fixed = b * (1 - power) / (1 - a).masked_fill(a == 1, 1.0)
        expected = torch.where(a == 1, counted, x * power + fixed)
    return _verdict(point, out, expected)


def _verdict(point: Point, got: "torch.Tensor", expected: "torch.Tensor") -> Check:
    scale = expected.abs().clamp_min(1.0)
    error = float(((got.cpu().double() - expected).abs() / scale).max())
    tolerance = TOLERANCE["fp32" if _is_dot(point) else point.dtype]
    shape = f"{expected.numel()} x {point.size('steps')} steps"
    return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)
