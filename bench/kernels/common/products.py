"""Shared by kernels of matrix products: shapes to try, operands, outputs, checks by float64."""

import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.base import Limits, Point, UnsupportedError, itemsize, torch_dtype
from bench.kernels.common.factors import Factor
from bench.records.model import Check, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch

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
"""Squares, and shapes favoured by vendors and public tables, to be tried first."""

SMALLER_SIZE = 512
"""Largest m, n and k of the small product whose time predicts that of a large one."""
MAX_SETS = 256
"""Most operand sets of a task: all products of at least 1/128 of the cache exceed twice it."""
LEAST_POOL = 1 << 25
MOST_POOL = 1 << 32
"""Fewest elements of a pool, and the most of one that is rounded up to a power of two."""
CHECK_ELEMENTS = 1 << 17
"""Elements of the pool of a check."""
SPOTS = 8
"""Random rows, and columns, of a spot check."""
TYPICAL_K = 512
"""The k of small checks; a sum's relative error grows with the square root of its length."""

OUT_ITEMSIZE = {"int8": 4, "fp8": 2, "mxfp8": 2, "nvfp4": 2}
"""Bytes of one result element where it is wider than the factors': int32 or bf16."""


def shapes(limits: Limits) -> list[tuple[int, ...]]:
    """Returns the grid of m, n and k, favoured shapes first."""
    sizes = CPU_SIZES if limits.is_cpu else ACCELERATOR_SIZES
    found: list[tuple[int, ...]] = [one for one in FAVOURED if set(one) <= set(sizes)]
    return found + [one for one in product(sizes, repeat=3) if one not in FAVOURED]


def space(
    work: "Callable[[Point], Work]", pilot: Point, limits: Limits, layouts: tuple[str, ...]
) -> list[Point]:
    """Returns the points of the pilot's form, in each shape and layout, that fit in memory."""
    parameters = [
        {**pilot.parameters, **dict(zip("mnk", shape, strict=True)), "layout": layout}
        for shape in shapes(limits)
        for layout in layouts
    ]
    points = [replace(pilot, parameters=one) for one in parameters]
    return [one for one in points if work(one).footprint_bytes <= limits.memory_bytes]


def smaller(point: Point) -> Point:
    """Returns the shape with each size cut to ``SMALLER_SIZE``."""
    cut = {name: min(point.size(name), SMALLER_SIZE) for name in "mnk"}
    return replace(point, parameters={**point.parameters, **cut})


def sizes(point: Point) -> tuple[int, int, int]:
    """Returns m, n and k."""
    return point.size("m"), point.size("n"), point.size("k")


def out_itemsize(dtype: str) -> int:
    """Returns the bytes of one element of the result."""
    return OUT_ITEMSIZE.get(dtype, itemsize(dtype))


def out_dtype(dtype: str) -> "torch.dtype":
    """Returns torch's dtype of the result: int32 for int8, bf16 for fp8 and narrower."""
    import torch

    if dtype not in OUT_ITEMSIZE:
        found: torch.dtype = torch_dtype(dtype)
        return found
    return torch.int32 if dtype == "int8" else torch.bfloat16


def set_count(work: Work, cache_bytes: float, most: int = MAX_SETS) -> int:
    """Returns how many operand sets it takes to exceed twice the cache, at most ``most``."""
    return max(1, min(most, math.ceil(2 * cache_bytes / work.footprint_bytes)))


def pool(elements: int, point: Point, device: "torch.device") -> inputs.Cutter:
    """Returns a cutter over a pool of at least ``elements`` with the point's input pattern.

    The size is a power of two, and at least ``LEAST_POOL``, so that the next shape of a search can
    reuse it. Above ``MOST_POOL`` there are no searches, and it has room for two operands.
    """
    count = 1 << max(elements - 1, LEAST_POOL - 1).bit_length()
    if count > MOST_POOL:
        count = elements + 2 * inputs.ALIGN_ELEMENTS
    (kept,) = inputs.buffers(1, count, point.dtype, point.data, device)
    return inputs.Cutter(kept)


def fresh(point: Point, device: "torch.device") -> inputs.Cutter:
    """Returns a cutter over fresh normal elements, for checks."""
    return inputs.Cutter(inputs.draw((CHECK_ELEMENTS,), point.dtype, "normal", device))


def cut(
    cutter: inputs.Cutter, sizes: tuple[int, int, int], layout: str
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Returns A, (m, k), and B transposed, (n, k).

    Layout ``nt`` stores B like a linear layer's weight, (n, k); ``nn`` stores it as (k, n).
    """
    m, n, k = sizes
    rows = cutter.cut(m, k)
    return rows, cutter.cut(n, k) if layout == "nt" else cutter.cut(k, n).t()


def relative_error(result: "torch.Tensor", left: "torch.Tensor", right: "torch.Tensor") -> float:
    """Returns a result's error relative to the float64 product, in the Frobenius norm.

    Args:
        result: the result, (m, n).
        left: the first factor in float64, (m, k).
        right: the second factor in float64, transposed, (n, k).
    """
    reference = left @ right.t()
    difference = (result.cpu().double() - reference).norm()
    return float(difference / reference.norm().clamp_min(1e-30))


def verdict(error: float, tolerance: float, sizes: tuple[int, ...]) -> Check:
    """Returns the check for a relative error."""
    shape = " x ".join(map(str, sizes))
    return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)


def spoil(out: "torch.Tensor") -> None:
    """Fills an output with NaN, or the least int32, which no product here results in."""
    out.fill_(float("nan") if out.dtype.is_floating_point else -(2**31))


def spot_check(left: Factor, right: Factor, out: "torch.Tensor", tolerance: float, k: int) -> Check:
    """Compares 8 x 8 elements of the timed call's output with float64.

    Args:
        left: first factor of the call.
        right: second factor of the call.
        out: output of the call.
        tolerance: tolerance at k = ``TYPICAL_K``; four times that is allowed here, as there are few
            elements.
        k: length of the sums.
    """
    import torch

    rows = torch.randint(0, out.shape[0], (SPOTS,)).tolist()
    columns = torch.randint(0, out.shape[1], (SPOTS,)).tolist()
    picked = out[rows][:, columns]
    error = relative_error(picked, left.numbers(rows), right.numbers(columns))
    widened = tolerance * max(1.0, math.sqrt(k / TYPICAL_K)) * 4
    return verdict(error, widened, (SPOTS, SPOTS, k))


def refuse_sizes(
    point: Point, multiples: "Mapping[str, int]", needing: str = "torch needs"
) -> None:
    """Raises if a size is no multiple of what torch needs.

    Args:
        point: the product.
        multiples: of which number each side, ``m``, ``n`` or ``k``, has to be a multiple.
        needing: subject and verb of the message.

    Raises:
        UnsupportedError: the message names the sides.
    """
    wrong = [
        f"{side} to be a multiple of {of}, not {point.size(side)}"
        for side, of in multiples.items() if point.size(side) % of
    ]  # fmt: skip
    if wrong:
        raise UnsupportedError(f"for {point.dtype} {needing} {', and '.join(wrong)}")
