"""Memory bandwidth by the six streams, counted by formula as STREAM does.

Bytes are what the operation must move (McCalpin's count): a write-allocate read that the hardware
adds is not counted. Buffers are far above the last-level cache.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from bench.kernels import inputs
from bench.kernels.base import Limits, Point, Task, UnsupportedError, itemsize
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch

STREAMS = ("copy", "scale", "add", "triad", "read", "write")
FACTOR = 3.0
ARRAYS = {"copy": 2, "scale": 2, "add": 3, "triad": 3, "read": 1, "write": 1}
FORMULA = {
    "copy": "c = a: 2 N s", "scale": "b = 3 c: 2 N s", "add": "c = a + b: 3 N s",
    "triad": "a = b + 3 c: 3 N s", "read": "sum of a: N s", "write": "a = 3: N s",
}  # fmt: skip
WAYS = {"copy": ("torch", "memcpy"), "read": ("sum", "dot"), "write": ("fill", "memset")}
"""Ways to do a stream; the fastest on the device is found by search and named in the record."""

HOST_ONLY = ("memcpy", "memset")

CACHE_MULTIPLE = 4
"""STREAM's rule: each array at least four times the last-level cache."""

FLOP = {"copy": 0, "scale": 1, "add": 1, "triad": 2, "read": 1, "write": 0}


class Memory:
    """Streams over arrays that no cache holds."""

    name = "memory"

    def figures(self, point: Point) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the one figure that streams test."""
        return ("memory_bandwidth",)

    def work(self, point: Point) -> Work:
        """Counts the arrays of the stream; ``dot`` reads two."""
        stream, elements = str(point.parameters["stream"]), point.size("elements")
        arrays = 2 if _way(point) == "dot" else ARRAYS[stream]
        moved = float(arrays * elements * itemsize(point.dtype))
        flop = float(FLOP[stream] * elements * (2 if arrays == 2 and stream == "read" else 1))
        return Work(flop=flop, bytes=moved, footprint_bytes=moved, formula=FORMULA[stream])

    def pilot(self, dtype: str, data: str) -> Point:
        """Returns a copy of a megabyte."""
        return Point("memory", dtype, data, {"stream": "copy", "elements": 1 << 18})

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the ways to do the pilot's stream at one size far above the cache."""
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
        """Returns the stream over three arrays that are kept for the next stream."""
        a, b, c = inputs.buffers(3, point.size("elements"), point.dtype, point.data, device)
        return Task([_stream(point, (a, b, c))])

    def check(self, point: Point, device: "torch.device") -> Check:
        """Runs the stream on 100,003 fresh elements and compares with float64."""
        a, b, c = (
            inputs.draw((100_003,), point.dtype, "normal", device).contiguous() for _ in range(3)
        )
        reference = _reference(point, *(array.cpu().double() for array in (a, b, c)))
        result = _stream(point, (a, b, c))()
        got = (result if result is not None else a).cpu().double()
        scale = max(1.0, float(reference.abs().max())) * (
            math.sqrt(100_003) if got.dim() == 0 else 1
        )
        error = float((got - reference).abs().max()) / scale
        return Check(passed=error <= 1e-5, error=error, tolerance=1e-5, shape="100003")


KERNEL = Memory()


def _ways(stream: str) -> tuple[str, ...]:
    return WAYS.get(stream, ("torch",))


def _way(point: Point) -> str:
    return str(point.parameters.get("way") or _ways(str(point.parameters["stream"]))[0])


def _elements(dtype: str, limits: Limits) -> int:
    """Returns elements an array: four times the cache, at least 256 MiB, within memory."""
    wanted = max(CACHE_MULTIPLE * limits.cache_bytes, 256 * 2**20)
    fitting = limits.memory_bytes / 3
    elements = int(min(wanted, fitting)) // itemsize(dtype)
    return max(elements // 4096 * 4096, 4096)


def _stream(
    point: Point, arrays: tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]
) -> Callable[[], "torch.Tensor | None"]:
    """Returns the stream as a call that gives its result."""
    import torch

    a, b, c = arrays
    stream, way = str(point.parameters["stream"]), _way(point)
    calls: dict[tuple[str, str], Callable[[], torch.Tensor | None]] = {
        ("copy", "torch"): partial(c.copy_, a),
        ("scale", "torch"): partial(torch.mul, c, FACTOR, out=b),
        ("add", "torch"): partial(torch.add, a, b, out=c),
        ("triad", "torch"): partial(torch.add, b, c, alpha=FACTOR, out=a),
        ("read", "sum"): a.sum,
        ("read", "dot"): partial(torch.dot, a, b),
        ("write", "fill"): partial(a.fill_, FACTOR),
    }
    if way in HOST_ONLY:
        return _bytes_call(way, a, c)
    return calls[stream, way]


@lru_cache(maxsize=1)
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="stream")


def _bytes_call(
    way: str, a: "torch.Tensor", c: "torch.Tensor"
) -> Callable[[], "torch.Tensor | None"]:
    """Returns memcpy or memset in one thread a core: the C library stores past the cache."""
    import ctypes

    import torch

    if a.device.type != "cpu":
        raise UnsupportedError(f"{way} works on host memory only")
    threads = torch.get_num_threads()
    total = a.numel() * a.element_size()
    step = -(-total // threads // 4096) * 4096
    parts = [(start, min(step, total - start)) for start in range(0, total, step)]
    source, target = a.data_ptr(), c.data_ptr()

    def part(piece: tuple[int, int]) -> None:
        start, size = piece
        if way == "memcpy":
            ctypes.memmove(target + start, source + start, size)
        else:
            ctypes.memset(source + start, 0, size)

    def run() -> torch.Tensor:
        list(_threads(threads).map(part, parts))
        return c if way == "memcpy" else a

    return run


def _reference(
    point: Point, a: "torch.Tensor", b: "torch.Tensor", c: "torch.Tensor"
) -> "torch.Tensor":
    import torch

    stream, way = str(point.parameters["stream"]), _way(point)
    value = 0.0 if way == "memset" else FACTOR
    results = {
        "copy": lambda: a,
        "scale": lambda: FACTOR * c,
        "add": lambda: a + b,
        "triad": lambda: b + FACTOR * c,
        "read": lambda: (a * b).sum() if way == "dot" else a.sum(),
        "write": lambda: torch.full_like(a, value),
    }
    return results[stream]()
