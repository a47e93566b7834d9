"""Memory bandwidth by six streams, with bytes counted as STREAM counts them.

Bytes are what the operation has to move (McCalpin's count), without the write-allocate reads that
hardware may add. Buffers are far larger than the last-level cache.
"""

import ctypes
import math
from collections.abc import Callable
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
)
from bench.kernels.common.threads import together
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch

    Arrays = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

STREAMS = ("copy", "scale", "add", "triad", "read", "write")
FACTOR = 3.0
"""The scalar of scale, triad and write."""
ARRAYS = {"copy": 2, "scale": 2, "add": 3, "triad": 3, "read": 1, "write": 1}
"""Arrays that a stream reads or writes."""
FORMULA = {
    "copy": "c = a: 2 N s", "scale": "c = 3 a: 2 N s", "add": "c = a + b: 3 N s",
    "triad": "c = a + 3 b: 3 N s", "read": "sum of a, or a . b: N s each", "write": "c = 3: N s",
}  # fmt: skip
FLOP = {"copy": 0, "scale": 1, "add": 1, "triad": 2, "read": 1, "write": 0}
"""Operations per element."""

WAYS = {
    "copy": ("torch", "elementwise", "memcpy"), "read": ("sum", "dot"),
    "write": ("fill", "zero", "memset"),
}  # fmt: skip
"""Implementations of a stream; a search finds the fastest, and the record names it."""

HOST_ONLY = ("memcpy", "memset")
ZEROS = ("zero", "memset")

TOLERANCE = 1e-5
"""The largest relative error of an element."""

SUM_TOLERANCE = 0.05
"""Tolerance of a sum of hundreds of millions of fp32 terms, relative to the larger of its
magnitude and the root of their number."""

PART = 1 << 24
"""Elements that are summed in float64 at once."""

CACHE_MULTIPLE = 4
"""STREAM's rule: each array at least four times the last-level cache."""

LEAST_BYTES = {True: 256 * 2**20, False: 2**31}
"""Minimum size of an array on a CPU (True) and on an accelerator.

torch splits launches above 2 GiB; the ramp-up and tail of a launch cost 1 to 2% of one of 1 GiB.
"""


class Memory(Defaults):
    """Streams over arrays that exceed every cache."""

    name = "memory"
    about = "memory bandwidth by six streams"
    dtypes = ("fp32",)
    sizes = ("elements",)

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the streams."""
        return STREAMS

    def label(self, point: Point) -> str:
        """Returns the stream."""
        return str(point.parameters["stream"])

    def figures(self, point: Point) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the memory bandwidth."""
        return ("memory_bandwidth",)

    def work(self, point: Point) -> Work:
        """Counts the arrays that the stream reads and writes; ``dot`` reads two."""
        stream, elements = str(point.parameters["stream"]), point.size("elements")
        arrays = 2 if _way(point) == "dot" else ARRAYS[stream]
        moved = float(arrays * elements * itemsize(point.dtype))
        flop = float(FLOP[stream] * elements * (2 if arrays == 2 and stream == "read" else 1))
        return Work(flop=flop, bytes=moved, footprint_bytes=moved, formula=FORMULA[stream])

    def pilot(self, dtype: str, data: str, variant: str = "copy") -> Point:
        """Returns a stream over a megabyte."""
        return Point("memory", dtype, data, {"stream": variant or "copy", "elements": 1 << 18})

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the implementations of the pilot's stream, at one size far above the cache."""
        stream = str(pilot.parameters["stream"])
        elements = _elements(pilot.dtype, limits)
        ways = [way for way in _ways(stream) if limits.is_cpu or way not in HOST_ONLY]
        return [
            Point(
                "memory",
                pilot.dtype,
                pilot.data,
                {"stream": stream, "elements": elements, "way": way},
            )
            for way in ways
        ]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- far above the cache by size
        """Returns the stream over three arrays, which are kept for the next stream.

        Only the third is written, so that the inputs stay unchanged.
        """
        a, b, c = inputs.buffers(3, point.size("elements"), point.dtype, point.data, device)
        spoil = partial(c.fill_, spots.SPOILT)
        return Task([_stream(point, (a, b, c))], spoil, partial(_spot_check, point, (a, b, c)))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Runs the stream on 100,003 fresh elements and compares with float64."""
        a, b, c = (inputs.draw((spots.CHECKED,), point.dtype, "normal", device) for _ in range(3))
        result = _stream(point, (a, b, c))()
        return _compared(point, result, a, b, str(spots.CHECKED))


KERNEL = Memory()


def _ways(stream: str) -> tuple[str, ...]:
    return WAYS.get(stream, ("torch",))


def _way(point: Point) -> str:
    return str(point.parameters.get("way") or _ways(str(point.parameters["stream"]))[0])


def _elements(dtype: str, limits: Limits) -> int:
    """Returns the elements of an array: four times the cache or more, as far as memory allows."""
    wanted = max(CACHE_MULTIPLE * limits.cache_bytes, LEAST_BYTES[limits.is_cpu])
    most = limits.memory_bytes / 3
    elements = int(min(wanted, most)) // itemsize(dtype)
    return max(elements // 4096 * 4096, 4096)


def _stream(point: Point, arrays: "Arrays") -> Callable[[], "torch.Tensor"]:
    """Returns the stream as a callable that returns its result."""
    import torch

    a, b, c = arrays
    stream, way = str(point.parameters["stream"]), _way(point)
    if way in HOST_ONLY:
        return _bytes_call(way, a, c)
    calls: dict[tuple[str, str], Callable[[], torch.Tensor]] = {
        ("copy", "torch"): partial(c.copy_, a),
        ("copy", "elementwise"): partial(torch.mul, a, 1.0, out=c),
        ("scale", "torch"): partial(torch.mul, a, FACTOR, out=c),
        ("add", "torch"): partial(torch.add, a, b, out=c),
        ("triad", "torch"): partial(torch.add, a, b, alpha=FACTOR, out=c),
        ("read", "sum"): a.sum,
        ("read", "dot"): partial(torch.dot, a, b),
        ("write", "fill"): partial(c.fill_, FACTOR),
        ("write", "zero"): c.zero_,
    }
    return calls[stream, way]


def _bytes_call(way: str, a: "torch.Tensor", c: "torch.Tensor") -> Callable[[], "torch.Tensor"]:
    """Returns memcpy or memset by one thread per core: libc uses non-temporal stores."""
    import torch

    if a.device.type != "cpu":
        raise UnsupportedError(f"{way} works on host memory only")
    total = a.numel() * a.element_size()
    step = -(-total // torch.get_num_threads() // 4096) * 4096
    source, target = a.data_ptr(), c.data_ptr()

    def part(start: int) -> None:
        size = min(step, total - start)
        if way == "memcpy":
            ctypes.memmove(target + start, source + start, size)
        else:
            ctypes.memset(target + start, 0, size)

    parts = [partial(part, start) for start in range(0, total, step)]

    def run() -> torch.Tensor:
        together(parts)
        return c

    return run


def _reference(point: Point, a: "torch.Tensor", b: "torch.Tensor") -> "torch.Tensor":
    """Returns the stream's exact result in float64."""
    import torch

    results = {
        "copy": lambda: a,
        "scale": lambda: FACTOR * a,
        "add": lambda: a + b,
        "triad": lambda: a + FACTOR * b,
        "read": lambda: (a * b).sum() if _way(point) == "dot" else a.sum(),
        "write": lambda: torch.full_like(a, 0.0 if _way(point) in ZEROS else FACTOR),
    }
    return results[str(point.parameters["stream"])]()


def _compared(
    point: Point, result: "torch.Tensor", a: "torch.Tensor", b: "torch.Tensor", shape: str
) -> Check:
    reference = _reference(point, a.cpu().double(), b.cpu().double())
    scale = max(1.0, float(reference.abs().max()))
    if reference.dim() == 0:  # the error of a sum of n random terms grows with their norm
        scale = max(scale, math.sqrt(a.numel()))
    error = float((result.cpu().double() - reference).abs().max()) / scale
    return Check(passed=error <= TOLERANCE, error=error, tolerance=TOLERANCE, shape=shape)


def _spot_check(point: Point, arrays: "Arrays", last: object) -> Check:
    """Compares elements that the timed calls wrote, or the sum that the last one returned."""
    a, b, c = arrays
    if point.parameters["stream"] == "read":
        return _sum_check(point, a, b, last)
    picked = spots.drawn(c.numel(), c.device)
    return _compared(point, c[picked], a[picked], b[picked], f"{spots.SPOTS} of {c.numel()}")


def _sum_check(point: Point, a: "torch.Tensor", b: "torch.Tensor", last: object) -> Check:
    """Compares the sum that the last timed call returned with one in float64, in blocks."""
    cuts = [slice(start, start + PART) for start in range(0, a.numel(), PART)]
    if _way(point) == "dot":
        exact = sum(float((a[cut].double() * b[cut].double()).sum()) for cut in cuts)
    else:
        exact = sum(float(a[cut].double().sum()) for cut in cuts)
    got = float(last) if hasattr(last, "item") else math.nan  # type: ignore[arg-type]  # a tensor
    error = abs(got - exact) / max(abs(exact), math.sqrt(a.numel()))
    return Check(
        passed=error <= SUM_TOLERANCE, error=error, tolerance=SUM_TOLERANCE, shape=str(a.numel())
    )
