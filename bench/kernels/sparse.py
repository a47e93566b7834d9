"""2:4 sparse matrix multiplication C[m,n] = A[m,k] B[k,n]: two of each four numbers of A are zero.

Operations are counted as for the dense product, 2mnk, as sheets count "with sparsity"; the device
does half of them. Bytes are the numbers of A that are kept, their metadata, B and C.
Figures: ``sparse_<dtype>``. A is pruned at random and compressed before any call is timed. Calls
are replays of graphs, as torch plans each product again, which takes the host longer than the
product takes the device.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import gpucode, inputs, products, structured
from bench.kernels.common.base import Defaults, Limits, Point, Task, itemsize
from bench.kernels.common.factors import Factor
from bench.kernels.common.graphs import captured_if_possible
from bench.kernels.common.precision import set_precision
from bench.records.model import WORST, Check, Work

if TYPE_CHECKING:
    import torch

    Results = dict[int, torch.Tensor]

DTYPES = ("tf32", "bf16", "fp16", "fp8", "int8")
TOLERANCE = {"tf32": 3e-3, "bf16": 1e-2, "fp16": 3e-3, "fp8": 2e-2, "int8": 0.0}
"""Largest relative error (Frobenius norm) at k = 512; int8 sums are exact."""

NT_ONLY = ("fp8", "int8")
"""Formats that sparse tensor cores multiply only if both factors are contiguous along k."""

MAX_SETS = 32
"""Most operand sets, each of which is compressed and captured apart."""
PILOT_SIZE = 128
CHECK_SHAPE = {"m": 128, "n": 96, "k": 512}


class Sparse(Defaults):
    """Matrix multiplication with one 2:4 sparse factor, one product per call."""

    name = "sparse"
    about = "2:4 sparse matrix multiplication, its best shape found by search"
    dtypes = DTYPES
    sizes = ("m", "n", "k")
    searches = 0.6

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the dtype's rate with structured sparsity."""
        return (f"sparse_{point.dtype}",)

    def label(self, point: Point) -> str:  # noqa: ARG002 -- the protocol's signature
        """Returns an empty text: the figure's title says all."""
        return ""

    def work(self, point: Point) -> Work:
        """Counts the 2mnk operations of the dense product; of A, half the numbers and metadata."""
        m, n, k = products.sizes(point)
        factor = itemsize(point.dtype) * m * k / 2 + structured.metadata_bytes(point.dtype, m * k)
        moved = factor + itemsize(point.dtype) * k * n + products.out_itemsize(point.dtype) * m * n
        return Work(
            flop=2.0 * m * n * k, bytes=moved, footprint_bytes=moved, formula="2 m n k, as if dense"
        )

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:  # noqa: ARG002 -- one form
        """Returns m = n = k = 128, the smallest product that every library supports."""
        return Point("sparse", dtype, data, {**dict.fromkeys("mnk", PILOT_SIZE), "layout": "nt"})

    def smaller(self, point: Point) -> Point:
        """Returns the shape with each size cut to ``SMALLER_SIZE``."""
        return products.smaller(point)

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the grid of sizes and layouts that fits in memory, favoured shapes first."""
        layouts = ("nt",) if pilot.dtype in NT_ONLY else ("nt", "nn")
        return products.space(self.work, pilot, limits, layouts)

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Prunes and compresses operand sets that together exceed twice the cache."""
        library = structured.library(point.dtype, device)
        set_precision(point.dtype)
        count = products.set_count(self.work(point), cache_bytes, MAX_SETS)
        m, n, k = products.sizes(point)
        cutter = products.pool((m * k + k * n) * count, point, device)
        results: Results = {}
        with structured.explaining_sizes(library, point):
            first, *others = (_cut(cutter, point) for _ in range(count))
            plain = [_call(library, point, *one) for one in (first, *others)]
            plain[0]()
        replayed = captured_if_possible(plain, device)
        calls = [_storing(results, number, one) for number, one in enumerate(replayed)]
        return Task(
            calls,
            partial(_spoil, results),
            lambda _: _spot_check(point, *first, results.get(0)),
            partial(_observed, plain[0], device, replayed=replayed[0] is not plain[0]),
        )

    def check(self, point: Point, device: "torch.device") -> Check:
        """Multiplies a pruned 128 x 512 by 512 x 96 and compares with float64."""
        library = structured.library(point.dtype, device)
        set_precision(point.dtype)
        small = Point("sparse", point.dtype, "normal", {**point.parameters, **CHECK_SHAPE})
        left, right = _cut(products.fresh(small, device), small)
        result = _call(library, small, left, right)()
        error = products.relative_error(result, left.numbers(), right.numbers())
        return products.verdict(error, TOLERANCE[point.dtype], products.sizes(small))


KERNEL = Sparse()


def _cut(cutter: inputs.Cutter, point: Point) -> tuple[Factor, Factor]:
    layout = str(point.parameters.get("layout", "nt"))
    rows, columns = products.cut(cutter, products.sizes(point), layout)
    return Factor(structured.pruned(rows, point.dtype)), Factor(columns)


def _call(library: str, point: Point, left: Factor, right: Factor) -> Callable[[], "torch.Tensor"]:
    return structured.product(library, point.dtype, left.vectors, right.vectors.t())


def _storing(
    results: "Results", number: int, product: Callable[[], "torch.Tensor"]
) -> Callable[[], "torch.Tensor"]:
    """Returns the call, extended to store its result: the libraries always allocate a new one."""

    def run() -> "torch.Tensor":
        results[number] = result = product()
        return result

    return run


def _observed(
    call: Callable[[], object], device: "torch.device", *, replayed: bool
) -> dict[str, float | str]:
    """Returns the GPU kernel that ran, and whether no graph was captured.

    Without a graph, the host's overhead may be what was timed.
    """
    seen = gpucode.observed(call, device)
    return seen if replayed or device.type == "cpu" else {**seen, "graph": "not captured"}


def _spoil(results: "Results") -> None:
    """Overwrites the results before they are dropped, as their memory may be reused as it is."""
    for result in results.values():
        products.spoil(result)
    results.clear()


def _spot_check(point: Point, left: Factor, right: Factor, out: "torch.Tensor | None") -> Check:
    k = point.size("k")
    if out is None:
        return products.verdict(WORST, TOLERANCE[point.dtype], (products.SPOTS, products.SPOTS, k))
    return products.spot_check(left, right, out, TOLERANCE[point.dtype], k)
