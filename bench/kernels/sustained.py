"""Loads kept up for as long as they are given: a product alone, or a product and a stream by turns.

``matrix`` is one product of a fixed good shape, ``mixed`` the same product followed by a copy of
buffers far above the cache, both in one call. The figure of ``matrix`` is ``matrix_<dtype>``;
``mixed`` has none and is told in operations a second.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.base import (
    Defaults,
    Limits,
    Point,
    Task,
    UnsupportedError,
    itemsize,
    torch_dtype,
)
from bench.kernels.gemm import KERNEL as GEMM
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

LOADS = ("matrix", "mixed")
LABELS = {"matrix": "sustained", "mixed": "mixed load"}

SIZE = {True: 2048, False: 8192}
"""Rows and columns of the product on a CPU, and on an accelerator."""

STREAM_BYTES = {True: 256 * 2**20, False: 2**31}
"""Bytes that the stream of a mixed call reads, and writes, on a CPU and on an accelerator.

Both halves of a mixed call then take about as long as each other on current parts.
"""

PILOT_SIZE = 64
PILOT_ELEMENTS = 1 << 12
PROBE_SIZE = 256
PROBES = 3
PATIENCE_S = 0.3
"""A neighbour can hold up any single probe, but not all of those in that time."""

REFERENCE = "fp32"
SOFTWARE_FACTOR = 20.0
"""What is so much slower than fp32 is done in software: a minute of it would show no swing."""

CHECKED = 100_003
SPOTS = 256
SPOILT = -7.0


class Sustained(Defaults):
    """A load that runs to the end of its time, so that what throttles it shows."""

    name = "sustained"
    about = "a matrix or mixed load kept up, with its power"
    dtypes = ("bf16", "fp16", "fp32")
    sustains = True

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the loads."""
        return LOADS

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the figures of the product; a mixed load tests none."""
        return () if _is_mixed(point) else GEMM.figures(point)

    def quantity(self, point: Point) -> Quantity:
        """Returns operations a second for a mixed load, of which no figure says so."""
        return "flop_rate" if _is_mixed(point) else ""

    def label(self, point: Point) -> str:
        """Returns the load; a mixed one has no figure whose title would name its dtype."""
        words = LABELS[str(point.parameters["load"])]
        return f"{point.dtype} {words}" if _is_mixed(point) else words

    def work(self, point: Point) -> Work:
        """Counts the product's 2mnk operations and its bytes; a stream adds 2 N s bytes."""
        done = GEMM.work(point)
        if not _is_mixed(point):
            return done
        moved = done.bytes + 2.0 * point.size("elements") * itemsize(point.dtype)
        return Work(flop=done.flop, bytes=moved, footprint_bytes=moved, formula="2 m n k; 2 N s")

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a 64-cube, with a stream of 4096 elements where the load is mixed."""
        return _point(dtype, data, variant or LOADS[0], PILOT_SIZE, PILOT_ELEMENTS)

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the one configuration of the load on such a device, if memory holds it."""
        elements = STREAM_BYTES[limits.is_cpu] // itemsize(pilot.dtype)
        load = str(pilot.parameters["load"])
        point = _point(pilot.dtype, pilot.data, load, SIZE[limits.is_cpu], elements)
        return [point] if self.work(point).footprint_bytes <= limits.memory_bytes else []

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Builds the product's calls, each with the stream behind it where the load is mixed.

        Raises:
            UnsupportedError: a product takes so long that it must be done in software.
        """
        if device.type == "cpu":
            _refuse_software(point, device)
        task = GEMM.build(point, device, cache_bytes)
        return _with_stream(task, point, device) if _is_mixed(point) else task

    def check(self, point: Point, device: "torch.device") -> Check:
        """Checks a small product, and a copy of 100,003 fresh elements where the load is mixed."""
        check = GEMM.check(point, device)
        if not _is_mixed(point):
            return check
        source = inputs.draw((CHECKED,), point.dtype, "normal", device)
        target = _spoilt(source)
        target.copy_(source)
        return _both(check, source, target, f"{CHECKED} copied")


KERNEL = Sustained()


def _is_mixed(point: Point) -> bool:
    return point.parameters.get("load") == "mixed"


def _point(dtype: str, data: str, load: str, size: int, elements: int) -> Point:
    told: dict[str, int | str] = {"load": load, "m": size, "n": size, "k": size, "layout": "nt"}
    streamed: dict[str, int | str] = {"elements": elements, "way": "copy"}
    return Point("sustained", dtype, data, told | (streamed if load == "mixed" else {}))


def _with_stream(task: Task, point: Point, device: "torch.device") -> Task:
    """Returns a task whose every call ends with a copy between buffers of its own."""
    elements = point.size("elements")
    block = inputs.draw((min(elements, inputs.BLOCK_ELEMENTS),), point.dtype, point.data, device)
    source = block.repeat(-(-elements // block.numel()))[:elements]
    target = _spoilt(source)

    def spoil() -> None:
        task.spoil()
        target.fill_(SPOILT)

    def spot_check(last: object) -> Check:
        picked = _picks(elements, device)
        product = task.spot_check(last) if task.spot_check else None
        return _both(product, source[picked], target[picked], f"{SPOTS} of {elements} copied")

    calls = [partial(_one_after_the_other, call, target, source) for call in task.calls]
    return replace(task, calls=calls, spoil=spoil, spot_check=spot_check)


def _picks(elements: int, device: "torch.device") -> "torch.Tensor":
    """Returns the places of ``SPOTS`` random elements."""
    import torch

    return torch.randint(0, elements, (SPOTS,)).to(device)


def _one_after_the_other(
    product: Callable[[], object], target: "torch.Tensor", source: "torch.Tensor"
) -> "torch.Tensor":
    """Multiplies, then copies; on an accelerator the stream of calls keeps the order."""
    product()
    return target.copy_(source)


def _spoilt(like: "torch.Tensor") -> "torch.Tensor":
    import torch

    return torch.full_like(like, SPOILT)


def _both(
    product: Check | None, source: "torch.Tensor", target: "torch.Tensor", copied: str
) -> Check:
    """Returns the product's check, failed with an error of 1 where the copy is not exact."""
    exact = bool((source == target).all())
    if product is None:
        return Check(passed=exact, error=0.0 if exact else 1.0, tolerance=0.0, shape=copied)
    shape = f"{product.shape}; {copied}"
    wrong = {} if exact else {"passed": False, "error": max(1.0, product.error)}
    return product.model_copy(update={"shape": shape, **wrong})


def _refuse_software(point: Point, device: "torch.device") -> None:
    """Raises where a small product takes so much longer than in fp32 that no hardware does it."""
    if point.dtype == REFERENCE:
        return
    reference = _fastest_s(REFERENCE, device, 0.0)
    own = _fastest_s(point.dtype, device, SOFTWARE_FACTOR * reference)
    if own > SOFTWARE_FACTOR * reference:
        raise UnsupportedError(
            f"done in software here: a product took {own / reference:.0f} times as long as in fp32"
        )


def _fastest_s(dtype: str, device: "torch.device", enough_s: float) -> float:
    """Returns the fastest product of a 256-cube: the first that is quick enough, or of several."""
    import torch

    a = torch.ones((PROBE_SIZE, PROBE_SIZE), dtype=torch_dtype(dtype), device=device)
    start, took = time.perf_counter(), [math.inf]
    while min(took) > enough_s and (
        len(took) <= PROBES or time.perf_counter() - start < PATIENCE_S
    ):
        began = time.perf_counter()
        torch.mm(a, a)
        took.append(time.perf_counter() - began)
    return min(took)
