"""Matrix multiplication C[m,n] = A[m,k] B[k,n]: 2mnk operations.

Figures: ``matrix_<dtype>``; where a chip has no matrix unit for the format, ``vector_<dtype>``.
``layout`` is how B is stored: ``nt`` as a linear layer's weight (n x k), ``nn`` as k x n.
The plain form accumulates fp16 in fp32, and multiplies fp8 with tensor-wise scales and fast
accumulation (on Hopper, with fewer bits); ``FORMS`` are the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import gpucode, inputs, microscaling, products
from bench.kernels.common.base import Defaults, Limits, Point, Task, UnsupportedError, itemsize
from bench.kernels.common.factors import Factor, scaled
from bench.kernels.common.graphs import captured
from bench.kernels.common.precision import can_accumulate_in_fp16, set_precision
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch

DTYPES = ("fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8", "mxfp8", "nvfp4")
TOLERANCE = {
    "fp64": 1e-12, "fp32": 2e-5, "tf32": 3e-3, "bf16": 1e-2, "fp16": 3e-3, "fp8": 2e-2, "int8": 0.0,
    "mxfp8": 1e-2, "nvfp4": 1e-2,
}  # fmt: skip
"""Largest relative error (Frobenius norm) at k = 512; int8 sums are exact."""

ACC16 = "acc16"
ACC16_TOLERANCE = 1e-2
ACC16_LEAST = 1.5
"""The error with fp16 accumulation is at least this many times that with fp32 accumulation."""

FORMS = {"fp16": (ACC16,), "fp8": ("row", "exact", "row-exact")}
LABELS = {
    "row": "row-wise scales", "exact": "full accumulation",
    "row-exact": "row-wise scales, full accumulation",
}  # fmt: skip
"""Labels of the forms; that of fp16 accumulation is in its figure's title."""

BY_ROW = ("row", "row-exact")
FAST = ("", "row")

STAND_INS = {"mxfp8": ("matrix_mxfp8", "matrix_fp8"), "nvfp4": ("matrix_fp4",)}
"""Figures of block-scaled formats; a sheet's fp8 rate holds for mxfp8 where it has no mxfp8."""

NT_ONLY = ("fp8", "int8", "mxfp8", "nvfp4")
NT_ONLY_CPU = ("fp8", "mxfp8", "nvfp4")
"""Formats measured in layout ``nt`` only: cuBLAS does not reliably support ``nn`` for them."""

MULTIPLES = {"fp8": 16, "int8": 8, "mxfp8": 16, "nvfp4": 16}
"""Of what torch needs n and k to be multiples on CUDA, and ROCm (``_scaled_mm``, ``_int_mm``)."""
INT8_ROWS = 16
"""torch multiplies int8 there only if m is above this."""

GRAPH, EAGER = "graph", "eager"
"""Ways of a short product: one graph of the products of all operand sets, or eager calls.

A graph of each product would not help: launching a graph takes longer than many products.
"""
SHORT_FLOP, SHORT_BYTES = 2.0**36, 2.0**28
"""Below both, a call may finish before the host has launched the next."""

PILOT_SIZE = 64
CHECK_SHAPE = {"m": 112, "n": 96, "k": 512}


class Gemm(Defaults):
    """Dense matrix multiplication, one product per call."""

    name = "gemm"
    about = "matrix multiplication, its best shape found by search"
    dtypes = DTYPES
    sizes = ("m", "n", "k")
    searches = 0.6

    def variants(self, dtype: str) -> tuple[str, ...]:
        """Returns the plain form, and fp16 accumulation, row-wise scales, full accumulation."""
        return ("", *FORMS.get(dtype, ()))

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the matrix figure of the dtype, then the vector one."""
        if point.dtype in STAND_INS:
            return STAND_INS[point.dtype]
        if _form(point) == ACC16:
            return (f"matrix_{point.dtype}_acc16",)
        if point.dtype in ("tf32", "fp8"):
            return (f"matrix_{point.dtype}",)
        return f"matrix_{point.dtype}", f"vector_{point.dtype}"

    def label(self, point: Point) -> str:
        """Returns the form in words, or a block-scaled format, which its figure may not name."""
        return point.dtype if point.dtype in STAND_INS else LABELS.get(_form(point), "")

    def work(self, point: Point) -> Work:
        """Counts 2mnk operations; bytes: A and B with their scales read once, C written once."""
        m, n, k = products.sizes(point)
        moved = _bytes_per_number(point.dtype) * (m * k + k * n)
        moved += products.out_itemsize(point.dtype) * m * n
        return Work(flop=2.0 * m * n * k, bytes=moved, footprint_bytes=moved, formula="2 m n k")

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns m = n = k = 64, a fraction of a second even in software emulation."""
        cube = dict.fromkeys("mnk", PILOT_SIZE)
        form = {"variant": variant} if variant else {}
        return Point("gemm", dtype, data, {**cube, "layout": "nt", **form})

    def smaller(self, point: Point) -> Point:
        """Returns the shape with each size cut to ``SMALLER_SIZE``."""
        return products.smaller(point)

    def ways(self, point: Point, limits: Limits) -> list[Point]:
        """Returns the product as eager calls and, where it is short, also as a replayed graph.

        Otherwise the time of a product shorter than its launch would be the host's.
        """
        work = self.work(point)
        if not limits.graphs or work.flop > SHORT_FLOP or work.bytes > SHORT_BYTES:
            return [point]
        return [
            replace(point, parameters={**point.parameters, "way": way}) for way in (GRAPH, EAGER)
        ]

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the grid of sizes and layouts that fits in memory, favoured shapes first."""
        nt_only = NT_ONLY_CPU if limits.is_cpu else NT_ONLY
        layouts = ("nt",) if pilot.dtype in nt_only else ("nt", "nn")
        return products.space(self.work, pilot, limits, layouts)

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Cuts operand sets that together exceed twice the cache."""
        _ready(point, device)
        count = products.set_count(self.work(point), cache_bytes)
        m, n, k = products.sizes(point)
        cutter = products.pool((m * k + k * n) * count, point, device)
        results = inputs.outputs(count * m * n, products.out_dtype(point.dtype), device)
        sets = [(*_factors(cutter, point), out) for out in results.view(count, m, n)]
        calls = [_call(point, *operands) for operands in sets]
        replayed = point.parameters.get("way") == GRAPH
        return Task(
            calls,
            partial(products.spoil, sets[0][2]),
            lambda _: products.spot_check(*sets[0], tolerance(point), k),
            partial(gpucode.observed, calls[0], device),
            captured(partial(_one_by_one, calls), device) if replayed else None,
        )

    def check(self, point: Point, device: "torch.device") -> Check:
        """Multiplies 112 x 512 by 512 x 96 in the given layout and form; compares with float64."""
        small = Point("gemm", point.dtype, "normal", {**point.parameters, **CHECK_SHAPE})
        _ready(small, device)
        left, right = _factors(products.fresh(small, device), small)
        exact = left.numbers(), right.numbers()
        error = products.relative_error(_call(small, left, right, None)(), *exact)
        if point.dtype == "tf32" and error < TOLERANCE["fp32"]:
            raise UnsupportedError("torch computes in full fp32 here: this device has no tf32")
        if _form(point) == ACC16:
            set_precision(point.dtype)
            full = products.relative_error(_call(small, left, right, None)(), *exact)
            set_precision(point.dtype, acc16=True)
            _refuse_full_sums(error, full)
        return products.verdict(error, tolerance(point), products.sizes(small))


KERNEL = Gemm()


def tolerance(point: Point) -> float:
    """Returns the largest relative error of a product at k = 512."""
    return ACC16_TOLERANCE if _form(point) == ACC16 else TOLERANCE[point.dtype]


def _form(point: Point) -> str:
    """Returns the requested form if the dtype has it, else the plain one."""
    form = str(point.parameters.get("variant", ""))
    return form if form in FORMS.get(point.dtype, ()) else ""


def _bytes_per_number(dtype: str) -> float:
    """Returns the bytes per number of a factor, including its share of a block's scale."""
    scale = 1 / microscaling.BLOCK[dtype] if dtype in microscaling.BLOCK else 0.0
    return itemsize(dtype) / microscaling.PACKED.get(dtype, 1) + scale


def _ready(point: Point, device: "torch.device") -> None:
    """Sets torch's precision switches for the form.

    Raises:
        UnsupportedError: the device or torch lacks it, or torch does not multiply such sizes.
    """
    import torch

    acc16 = _form(point) == ACC16
    if acc16 and not can_accumulate_in_fp16():
        raise UnsupportedError(
            f"torch {torch.__version__} cannot be told to sum in fp16: torch 2.7 or later can"
        )
    if acc16 and device.type != "cuda":
        raise UnsupportedError("torch sums in fp16 on CUDA devices only")
    if point.dtype in microscaling.BLOCK:
        microscaling.refuse(point.dtype, point.size("k"), device)
    if device.type == "cuda":
        _refuse_sizes(point)
    set_precision(point.dtype, acc16=acc16)


def _refuse_sizes(point: Point) -> None:
    products.refuse_sizes(point, dict.fromkeys("nk", MULTIPLES.get(point.dtype, 1)))
    if point.dtype == "int8" and point.size("m") <= INT8_ROWS:
        raise UnsupportedError(f"for int8 torch needs m above {INT8_ROWS}, not {point.size('m')}")


def _refuse_full_sums(error: float, full: float) -> None:
    """Raises if fp16 accumulation is as accurate as fp32's: the switch had no effect."""
    if error < ACC16_LEAST * full:
        raise UnsupportedError("torch sums in fp32 here, though told to sum in fp16")


def _factors(cutter: inputs.Cutter, point: Point) -> tuple[Factor, Factor]:
    m, n, k = products.sizes(point)
    stored = (m, n, k // microscaling.PACKED.get(point.dtype, 1))
    rows, columns = products.cut(cutter, stored, str(point.parameters.get("layout", "nt")))
    scale = partial(scaled, dtype=point.dtype, by_row=_form(point) in BY_ROW)
    return scale(rows), scale(columns)


def _call(
    point: Point, left: Factor, right: Factor, out: "torch.Tensor | None"
) -> Callable[[], "torch.Tensor"]:
    """Returns the product of two factors as a callable without arguments."""
    import torch

    a, b = left.vectors, right.vectors.t()
    product: Callable[..., torch.Tensor] = partial(torch.mm, a, b)
    if point.dtype == "int8":
        product = partial(torch._int_mm, a, b)  # noqa: SLF001 -- torch has no public int8 product
    elif left.scales is not None and right.scales is not None:
        fast = point.dtype == "fp8" and _form(point) in FAST
        scaled_mm = partial(torch._scaled_mm, a, b, *_as_read(left.scales, right.scales))  # noqa: SLF001 -- torch 2.6 to 2.9 have none for fp8
        product = partial(scaled_mm, out_dtype=torch.bfloat16, use_fast_accum=fast)
    return product if out is None else partial(product, out=out)


def _one_by_one(calls: Sequence[Callable[[], object]]) -> None:
    for call in calls:
        call()


def _as_read(left: "torch.Tensor", right: "torch.Tensor") -> tuple["torch.Tensor", "torch.Tensor"]:
    """Returns scales as ``_scaled_mm`` expects: scalar, m x 1 and 1 x n, or swizzled blocks."""
    if left.dim() == 0:
        return left, right
    if left.shape[1] == 1:
        return left, right.t().contiguous()
    return microscaling.swizzled(left), microscaling.swizzled(right)
