"""Sustained loads: a matrix product alone, or alternating with a memory stream.

``matrix`` is one product of a fixed, fast shape; ``mixed`` is the same product followed by a copy
of buffers far above the cache, in one call. The figure of ``matrix`` is ``matrix_<dtype>``;
``mixed`` has none and is reported in FLOP/s.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, spots
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
"""m = n = k of the product on a CPU (True) and on an accelerator."""

STREAM_BYTES = {True: 256 * 2**20, False: 2**31}
"""Bytes that a mixed call's stream reads, and writes, on a CPU (True) and on an accelerator.

Chosen so that product and copy take about equally long on current parts.
"""

PILOT_SIZE = 64
PILOT_ELEMENTS = 1 << 12
PROBE_SIZE = 256
PROBES = 3
PATIENCE_S = 0.3
"""A neighbour may slow down any single probe, but not all of this time."""

REFERENCE = "fp32"
SOFTWARE_FACTOR = 20.0
"""A product this many times slower than in fp32 is emulated in software: no load to sustain."""


class Sustained(Defaults):
    """A load that runs for all of its time, so that throttling is noticed."""

    name = "sustained"
    about = "a matrix or mixed load kept up, with its power"
    dtypes = ("bf16", "fp16", "fp32", "fp8")
    sustains = True

    def variants(self, dtype: str) -> tuple[str, ...]:
        """Returns the loads; in fp8 the product alone, as torch compares no copies in it."""
        return LOADS[:1] if dtype == "fp8" else LOADS

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the figures of the product; a mixed load tests none."""
        return () if _is_mixed(point) else GEMM.figures(point)

    def quantity(self, point: Point) -> Quantity:
        """Returns FLOP/s for a mixed load, which has no figure."""
        return "flop_rate" if _is_mixed(point) else ""

    def label(self, point: Point) -> str:
        """Returns the load, and a mixed load's dtype, since it has no figure to name it."""
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
        """Returns m = n = k = 64, with a stream of 4096 elements if the load is mixed."""
        return _point(dtype, data, variant or LOADS[0], PILOT_SIZE, PILOT_ELEMENTS)

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the load's configuration for this kind of device, if memory holds it."""
        elements = STREAM_BYTES[limits.is_cpu] // itemsize(pilot.dtype)
        load = str(pilot.parameters["load"])
        point = _point(pilot.dtype, pilot.data, load, SIZE[limits.is_cpu], elements)
        return [point] if self.work(point).footprint_bytes <= limits.memory_bytes else []

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Builds the product's calls, each followed by the stream if the load is mixed.

        Raises:
            UnsupportedError: the product is so slow that it must be emulated in software.
        """
        if device.type == "cpu":
            _refuse_software(point, device)
        task = GEMM.build(point, device, cache_bytes)
        return _with_stream(task, point, device) if _is_mixed(point) else task

    def check(self, point: Point, device: "torch.device") -> Check:
        """Checks a small product, and a copy of 100,003 fresh elements if the load is mixed."""
        check = GEMM.check(point, device)
        if not _is_mixed(point):
            return check
        source = inputs.draw((spots.CHECKED,), point.dtype, "normal", device)
        target = _spoilt(source)
        target.copy_(source)
        return _both(check, source, target, f"{spots.CHECKED} copied")


KERNEL = Sustained()


def _is_mixed(point: Point) -> bool:
    return point.parameters.get("load") == "mixed"


def _point(dtype: str, data: str, load: str, size: int, elements: int) -> Point:
    product: dict[str, int | str] = {"load": load, "m": size, "n": size, "k": size, "layout": "nt"}
    stream: dict[str, int | str] = {"elements": elements, "way": "copy"}
    return Point("sustained", dtype, data, product | (stream if load == "mixed" else {}))


def _with_stream(task: Task, point: Point, device: "torch.device") -> Task:
    """Returns a task whose every call ends with a copy between further buffers."""
    elements = point.size("elements")
    block = inputs.draw((min(elements, inputs.BLOCK_ELEMENTS),), point.dtype, point.data, device)
    source = block.repeat(-(-elements // block.numel()))[:elements]
    target = _spoilt(source)

    def spoil() -> None:
        task.spoil()
        target.fill_(spots.SPOILT)

    def spot_check(last: object) -> Check:
        picked = spots.drawn(elements, device)
        product = task.spot_check(last) if task.spot_check else None
        return _both(product, source[picked], target[picked], f"{spots.SPOTS} of {elements} copied")

    calls = [partial(_one_after_the_other, call, target, source) for call in task.calls]
    return replace(task, calls=calls, spoil=spoil, spot_check=spot_check, whole=None)


def _one_after_the_other(
    product: Callable[[], object], target: "torch.Tensor", source: "torch.Tensor"
) -> "torch.Tensor":
    """Multiplies, then copies; on an accelerator stream order keeps them in sequence."""
    product()
    return target.copy_(source)


def _spoilt(like: "torch.Tensor") -> "torch.Tensor":
    import torch

    return torch.full_like(like, spots.SPOILT)


def _both(
    product: Check | None, source: "torch.Tensor", target: "torch.Tensor", copied: str
) -> Check:
    """Returns the product's check, failed with an error of 1 or more if the copy is not exact."""
    exact = bool((source == target).all())
    if product is None:
        return Check(passed=exact, error=0.0 if exact else 1.0, tolerance=0.0, shape=copied)
    shape = f"{product.shape}; {copied}"
    wrong = {} if exact else {"passed": False, "error": max(1.0, product.error)}
    return product.model_copy(update={"shape": shape, **wrong})


def _refuse_software(point: Point, device: "torch.device") -> None:
    """Raises if a small product is so much slower than in fp32 that it must be emulated."""
    if point.dtype == REFERENCE:
        return
    reference_s = _fastest_s(REFERENCE, device, 0.0)
    fastest_s = _fastest_s(point.dtype, device, SOFTWARE_FACTOR * reference_s)
    if fastest_s > SOFTWARE_FACTOR * reference_s:
        slower = f"{fastest_s / reference_s:.0f} times as long as in fp32"
        raise UnsupportedError(f"done in software here: a product took {slower}")


def _fastest_s(dtype: str, device: "torch.device", enough_s: float) -> float:
    """Returns the fastest time of a 256-cubed product; stops at the first within ``enough_s``."""
    import torch

    a = torch.ones((PROBE_SIZE, PROBE_SIZE), dtype=torch_dtype(dtype), device=device)
    start, times_s = time.perf_counter(), [math.inf]
    while min(times_s) > enough_s and (
        len(times_s) <= PROBES or time.perf_counter() - start < PATIENCE_S
    ):
        began = time.perf_counter()
        torch.mm(a, a)
        times_s.append(time.perf_counter() - began)
    return min(times_s)
