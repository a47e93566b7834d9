"""Random gather of rows, the access pattern of embeddings, expert weights and paged KV caches.

Every row of a table far larger than the cache is copied once, in random order. Bytes are the rows
read, the rows written and the indices.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, spots
from bench.kernels.common.base import Defaults, Limits, Point, Task, UnsupportedError, itemsize
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch

ROWS = {"64B": 64, "256B": 256, "1KiB": 2**10, "4KiB": 2**12}
WAYS = ("index_select", "index")
TRITON = "triton"
"""torch's gather operations, and our Triton kernel; a search finds the fastest."""

INDEX_BYTES = 8
CACHE_MULTIPLE = 4
LEAST_BYTES = {True: 2**28, False: 2**30}
"""Minimum size of the table on a CPU (True) and on an accelerator."""

PILOT_BYTES = 2**20
CHECKED_ROWS = 999
SPOT_ROWS = 512
"""Rows that are compared before timing, and random ones after it."""


class Gather(Defaults):
    """A gather of rows of one size."""

    name = "gather"
    about = "random gather of rows of several sizes"
    dtypes = ("fp32",)
    group = "random gather"
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the row sizes."""
        return tuple(ROWS)

    def label(self, point: Point) -> str:
        """Returns the size of a row in words."""
        return f"random rows of {_words(str(point.parameters['row']))}"

    def figures(self, point: Point) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the memory bandwidth, which no sheet promises for random reads."""
        return ("memory_bandwidth",)

    def work(self, point: Point) -> Work:
        """Counts each row read and written once, and its index read."""
        count, row = point.size("rows"), ROWS[str(point.parameters["row"])]
        moved = float(count * (2 * row + INDEX_BYTES))
        return Work(flop=0.0, bytes=moved, footprint_bytes=moved, formula="rows x (2 row + 8)")

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a gather of one megabyte."""
        named = variant or next(iter(ROWS))
        return _point(dtype, data, named, PILOT_BYTES // ROWS[named])

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the implementations, for one table far larger than the cache.

        Raises:
            UnsupportedError: memory does not hold table, copy and indices.
        """
        named = str(pilot.parameters["row"])
        wanted = max(CACHE_MULTIPLE * limits.cache_bytes, LEAST_BYTES[limits.is_cpu])
        count = int(wanted) // ROWS[named]
        if self.work(_point("fp32", "normal", named, count)).footprint_bytes > limits.memory_bytes:
            raise UnsupportedError("free memory holds no table far above the cache and its copy")
        ways = WAYS if limits.is_cpu else (*WAYS, TRITON)
        return [_point(pilot.dtype, pilot.data, named, count, way) for way in ways]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- far above the cache by size
        """Returns the gather of every row, in a random order that is the same for each call."""
        import torch

        count, columns = point.size("rows"), _columns(point)
        (pool,) = inputs.buffers(1, count * columns, point.dtype, point.data, device)
        table = pool.view(count, columns)
        order = torch.randperm(count, device=device)
        out = inputs.outputs(count * columns, table.dtype, device).view(count, columns)
        call = _call(point, table, order, out)
        return Task(
            [call], partial(out.fill_, spots.SPOILT), lambda _: _spot_check(table, order, out)
        )

    def check(self, point: Point, device: "torch.device") -> Check:
        """Gathers 999 fresh rows, some of them twice, and compares with float64."""
        import torch

        table = inputs.draw((CHECKED_ROWS, _columns(point)), point.dtype, "normal", device)
        order = torch.randint(0, CHECKED_ROWS, (CHECKED_ROWS,), device=device)
        out = torch.full_like(table, spots.SPOILT)
        _call(point, table, order, out)()
        return _compared(out, table.cpu().double()[order.cpu()])


KERNEL = Gather()


def _point(dtype: str, data: str, named: str, count: int, way: str = WAYS[0]) -> Point:
    return Point("gather", dtype, data, {"row": named, "rows": count, "way": way})


def _words(text: str) -> str:
    return text.replace("KiB", " KiB") if text.endswith("KiB") else text.replace("B", " bytes")


def _columns(point: Point) -> int:
    return ROWS[str(point.parameters["row"])] // itemsize(point.dtype)


def _call(
    point: Point, table: "torch.Tensor", order: "torch.Tensor", out: "torch.Tensor"
) -> Callable[[], "torch.Tensor"]:
    """Returns the gather into ``out`` as a call without arguments."""
    import torch

    if point.parameters["way"] == TRITON:
        from bench.kernels.common import loads_triton

        return partial(loads_triton.gather, table, order, out)
    if point.parameters["way"] == "index":
        return partial(torch.ops.aten.index.Tensor_out, table, [order], out=out)
    return partial(torch.index_select, table, 0, order, out=out)


def _compared(got: "torch.Tensor", expected: "torch.Tensor") -> Check:
    """Compares rows with the expected ones; the error is the share of elements that differ."""
    error = float((got.cpu().double() != expected).double().mean())
    shape = " x ".join(map(str, got.shape))
    return Check(passed=error == 0, error=error, tolerance=0.0, shape=shape)


def _spot_check(table: "torch.Tensor", order: "torch.Tensor", out: "torch.Tensor") -> Check:
    """Compares random rows of the timed calls' output with the rows of the table."""
    picked = spots.drawn(len(order), out.device, SPOT_ROWS)
    return _compared(out[picked], table[order[picked]].cpu().double())
