"""Matrix multiplication C[m,n] = A[m,k] B[k,n]: 2mnk operations.

Figures: ``matrix_<dtype>``; where a chip has no matrix unit for the format, ``vector_<dtype>``.
``layout`` says how B lies in memory: ``nt`` as a linear layer's weight (n x k), ``nn`` as k x n.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.base import (
    Defaults,
    Limits,
    Point,
    Task,
    UnsupportedError,
    itemsize,
)
from bench.kernels.common.precision import set_precision
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch

DTYPES = ("fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8")
TOLERANCE = {
    "fp64": 1e-12, "fp32": 2e-5, "tf32": 3e-3, "bf16": 1e-2, "fp16": 3e-3, "fp8": 2e-2, "int8": 0.0,
}  # fmt: skip
"""Largest relative error (Frobenius norm) at k = 512; int8 sums are exact."""

CPU_SIZES = (256, 512, 768, 1024, 1536, 2048, 3072, 4096)
ACCELERATOR_SIZES = (
    1024, 1536, 2048, 3072, 4096, 5120, 6144, 7168, 8192, 10240, 12288, 14336, 16384,
)  # fmt: skip
FAVOURED = (
    (8192, 8192, 8192), (4096, 4096, 4096), (16384, 8192, 8192), (8192, 4096, 16384),
    (6144, 6144, 6144), (14336, 8192, 4096), (8192, 14336, 4096), (8192, 12288, 16384),
    (2048, 2048, 2048), (1024, 1024, 1024), (10240, 10240, 10240), (16384, 16384, 1024),
    (2048, 4096, 1024), (4096, 1024, 4096), (1024, 4096, 4096), (4096, 2048, 512),
    (512, 512, 512), (3072, 3072, 3072),
)  # fmt: skip
"""Squares, and the shapes that vendors and public tables favour, cut to the space at hand."""

NT_ONLY = ("fp8", "int8")
NT_ONLY_CPU = ("fp8",)
"""Formats that are multiplied in one layout only: cuBLAS has no dependable ``nn`` for them."""

PILOT_SIZE = 64
FORETELLING = 512
MAX_SETS = 8
LEAST_POOL = 1 << 25
CHECK_SHAPE = {"m": 112, "n": 96, "k": 512}


class Gemm(Defaults):
    """Dense matrix multiplication, one call a product."""

    name = "gemm"
    about = "matrix multiplication, its best shape found by search"
    dtypes = DTYPES
    sizes = ("m", "n", "k")
    searches = 0.6

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the matrix figure of the dtype, then the vector one."""
        if point.dtype in ("tf32", "fp8"):
            return (f"matrix_{point.dtype}",)
        return f"matrix_{point.dtype}", f"vector_{point.dtype}"

    def work(self, point: Point) -> Work:
        """Counts 2mnk operations; bytes are A and B read and C written once."""
        m, n, k = (point.size(name) for name in "mnk")
        moved = itemsize(point.dtype) * (m * k + k * n) + _out_itemsize(point.dtype) * m * n
        return Work(flop=2.0 * m * n * k, bytes=moved, footprint_bytes=moved, formula="2 m n k")

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:  # noqa: ARG002 -- one form
        """Returns a 64-cube, which even a software emulation ends in a fraction of a second."""
        return Point(
            "gemm", dtype, data, {"m": PILOT_SIZE, "n": PILOT_SIZE, "k": PILOT_SIZE, "layout": "nt"}
        )

    def smaller(self, point: Point) -> Point:
        """Returns the shape with each size cut to ``FORETELLING``."""
        sizes = {name: min(point.size(name), FORETELLING) for name in "mnk"}
        return replace(point, parameters={**point.parameters, **sizes})

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the grid of sizes and layouts that fits in memory, favoured shapes first."""
        sizes = CPU_SIZES if limits.is_cpu else ACCELERATOR_SIZES
        nt_only = NT_ONLY_CPU if limits.is_cpu else NT_ONLY
        layouts = ("nt",) if pilot.dtype in nt_only else ("nt", "nn")
        shapes: list[tuple[int, ...]] = [one for one in FAVOURED if set(one) <= set(sizes)]
        shapes += [shape for shape in product(sizes, repeat=3) if shape not in FAVOURED]
        points = [_point(pilot, shape, layout) for shape in shapes for layout in layouts]
        return [p for p in points if self.work(p).footprint_bytes <= limits.memory_bytes]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Cuts as many operand sets as exceed twice the cache, at most ``MAX_SETS``."""
        set_precision(point.dtype)
        work = self.work(point)
        sets = max(1, min(MAX_SETS, math.ceil(2 * cache_bytes / work.footprint_bytes)))
        m, n, k = (point.size(name) for name in "mnk")
        elements = _pool_elements(m, n, k, sets)
        (pool,) = inputs.buffers(1, elements, point.dtype, point.data, device)
        cutter = inputs.Cutter(pool)
        room = inputs.outputs(sets * m * n, _out_dtype(point.dtype), device)
        operands = [(*_operands(cutter, point), out) for out in room.view(sets, m, n)]
        calls = [_call(point.dtype, a, b, out) for a, b, out in operands]
        a, b, out = operands[0]
        return Task(calls, partial(_spoil, out), lambda _: _spot_check(point.dtype, a, b, out))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Multiplies 112 x 512 by 512 x 96, in the layout given, and compares with float64."""
        set_precision(point.dtype)
        small = Point("gemm", point.dtype, "normal", {**point.parameters, **CHECK_SHAPE})
        pool = inputs.draw((1 << 17,), point.dtype, "normal", device)
        a, b = _operands(inputs.Cutter(pool), small)
        result = _call(point.dtype, a, b, None)()
        error = _relative_error(result, a, b)
        if point.dtype == "tf32" and error < TOLERANCE["fp32"]:
            raise UnsupportedError("torch computes in full fp32 here: this device has no tf32")
        return _verdict(point.dtype, error, small)


KERNEL = Gemm()


def _point(pilot: Point, shape: tuple[int, ...], layout: str) -> Point:
    m, n, k = shape
    return Point("gemm", pilot.dtype, pilot.data, {"m": m, "n": n, "k": k, "layout": layout})


def _pool_elements(m: int, n: int, k: int, sets: int) -> int:
    """Returns a power of two that holds the operands, not too small, so that the pool is kept."""
    return 1 << max((m * k + k * n) * sets - 1, LEAST_POOL - 1).bit_length()


def _operands(cutter: inputs.Cutter, point: Point) -> tuple["torch.Tensor", "torch.Tensor"]:
    m, n, k = (point.size(name) for name in "mnk")
    a = cutter.cut(m, k)
    b = cutter.cut(n, k).t() if point.parameters.get("layout", "nt") == "nt" else cutter.cut(k, n)
    return a, b


def _out_itemsize(dtype: str) -> int:
    return {"int8": 4, "fp8": 2}.get(dtype, itemsize(dtype))


def _out_dtype(dtype: str) -> "torch.dtype":
    import torch

    from bench.kernels.common.base import torch_dtype

    special = {"int8": torch.int32, "fp8": torch.bfloat16}
    return special.get(dtype) or torch_dtype(dtype)


def _call(
    dtype: str, a: "torch.Tensor", b: "torch.Tensor", out: "torch.Tensor | None"
) -> Callable[[], "torch.Tensor"]:
    """Returns the product of one operand pair as a call without arguments."""
    import torch

    product: Callable[..., torch.Tensor] = partial(torch.mm, a, b)
    if dtype == "int8":
        product = partial(torch._int_mm, a, b)  # noqa: SLF001 -- torch has no public int8 product
    elif dtype == "fp8":
        one = torch.ones((), device=a.device)
        scaled = partial(torch._scaled_mm, a, b, one, one)  # noqa: SLF001 -- nor one for fp8
        product = partial(scaled, out_dtype=torch.bfloat16, use_fast_accum=True)
    return product if out is None else partial(product, out=out)


def _relative_error(result: "torch.Tensor", a: "torch.Tensor", b: "torch.Tensor") -> float:
    reference = a.cpu().double() @ b.cpu().double()
    difference = (result.cpu().double() - reference).norm()
    return float(difference / reference.norm().clamp_min(1e-30))


def _verdict(dtype: str, error: float, point: Point) -> Check:
    shape = " x ".join(str(point.parameters[name]) for name in "mnk")
    tolerance = TOLERANCE[dtype]
    return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)


def _spoil(out: "torch.Tensor") -> None:
    """Fills a result with what no product of ours gives."""
    out.fill_(float("nan") if out.dtype.is_floating_point else -(2**31))


def _spot_check(dtype: str, a: "torch.Tensor", b: "torch.Tensor", out: "torch.Tensor") -> Check:
    """Compares 8 x 8 elements of the result that the timed call left behind with float64."""
    import torch

    rows = torch.randint(0, a.shape[0], (8,)).to(a.device)
    columns = torch.randint(0, b.shape[1], (8,)).to(a.device)
    # fp8 tensors cannot be indexed everywhere: widen whole rows one by one.
    left = torch.stack([a[int(row)].double() for row in rows])
    right = torch.stack([b[:, int(column)].double() for column in columns], dim=1)
    error = _relative_error(out[rows][:, columns], left, right)
    k = a.shape[1]
    tolerance = TOLERANCE[dtype] * max(1.0, math.sqrt(k / 512)) * 4
    return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=f"8 x 8 x {k}")
