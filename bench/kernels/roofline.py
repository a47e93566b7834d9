"""The measured roofline: the rate at arithmetic intensities from 1/16 FLOP/B to above the ridge.

The model is Williams, Waterman & Patterson (2009, Communications of the ACM 52:4, 65-76): the
attainable rate is the lesser of the peak and bandwidth times intensity. fp32 and fp64 are streams
with a given number of multiply-adds per element read. bf16 and fp16 are products A[m,k] B[k,n]
with m chosen for the intensity; below 1 FLOP/B, where no product is thin enough, accelerators run
streams that convert to fp32. Where a CPU has no machine code of ours, fp32 and fp64 are such
products, too.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, mixed, simd
from bench.kernels.common.base import (
    Defaults,
    Limits,
    Point,
    Task,
    UnsupportedError,
    itemsize,
    torch_dtype,
)
from bench.kernels.common.precision import set_precision
from bench.kernels.common.units import units
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

POWERS = {"fp32": (-4, 8), "fp64": (-4, 6), "bf16": (-4, 9), "fp16": (-4, 9)}
"""The lowest and highest intensity, as powers of two in FLOP/B.

The highest is above the ridge point of every chip on the sheets: at most 107 FLOP/B for vector
units, 295 for matrix units.
"""

VECTOR = ("fp32", "fp64")
THINNEST = 1
"""FLOP/B of a product with m = 1 in 2-byte formats."""

FP16 = {"avx512_fp16", "amx_fp16", "asimdhp", "fphp"}
"""CPU flags of native fp16 arithmetic, without which it is a thousand times slower than fp32."""

CACHE_MULTIPLE = 4
LEAST_BYTES = {True: 64 * 2**20, False: 2**30}
"""Minimum bytes that a stream reads, on a CPU (True) and on an accelerator."""

LANES = 2048
WARPS = 4
PROGRAMS_A_UNIT = (4, 8, 16)
"""Programs of a stream per SM or CU, which partition the array."""

SIZES = {True: (4096, 2048, 1024, 512), False: (16384, 8192, 4096, 2048)}
"""n = k of the products; the first whose weights fit twice into memory is used."""

MAX_SETS = 64
"""Most operand sets of a product."""
CHECKED_ROUNDS = 24
"""Rounds of the stream that ``check`` compares."""
CHECKED_SIZE = 512
"""n = k of the product that ``check`` compares."""
TOLERANCE = {"fp64": 1e-12, "fp32": 2e-5, "bf16": 1e-2, "fp16": 3e-3}
"""Largest relative error at k = 512."""


class Roofline(Defaults):
    """The rate at one arithmetic intensity."""

    name = "roofline"
    about = "the rate over arithmetic intensity"
    dtypes = ("fp32", "fp64", "bf16", "fp16")
    group = "roofline"

    def variants(self, dtype: str) -> tuple[str, ...]:
        """Returns the intensities in FLOP/B, ascending."""
        low, high = POWERS.get(dtype, (0, 0))
        return tuple(str(Fraction(2) ** power) for power in range(low, high + 1))

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns FLOP/s."""
        return "flop_rate"

    def label(self, point: Point) -> str:
        """Returns dtype and intensity."""
        return f"{point.dtype} at {point.parameters['intensity']} FLOP/B"

    def work(self, point: Point) -> Work:
        """Counts the product's operations and bytes, or the stream's: two per multiply-add."""
        size = itemsize(point.dtype)
        if _is_product(point):
            m, n, k = (point.size(name) for name in "mnk")
            flop, moved, formula = 2.0 * m * n * k, float(size * (m * k + k * n + m * n)), "2 m n k"
        else:
            wanted, elements = mixed.mix(point.dtype, _intensity(point)), point.size("elements")
            flop, moved = 2.0 * wanted.fmas * elements / wanted.group, float(elements * size)
            formula = f"{2 * wanted.fmas} operations in {wanted.group} elements"
        return Work(flop=flop, bytes=moved, footprint_bytes=moved, formula=formula)

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a small product or stream; ``check`` picks the implementation."""
        intensity = variant or self.variants(dtype)[0]
        form: dict[str, int | str] = {"intensity": intensity, "way": "", "elements": 1 << 15}
        return Point("roofline", dtype, data, form)

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the stream or product of the intensity; on a GPU, several numbers of programs.

        Raises:
            UnsupportedError: no product is thin enough for the intensity.
        """
        way = _way(pilot, is_cpu=limits.is_cpu)
        if way == "product":
            return [_product_point(pilot, _product_size(pilot, limits))]
        if way == "triton":
            counts = [units() * each for each in PROGRAMS_A_UNIT]
            return [_stream_point(pilot, way, limits, programs) for programs in counts]
        import torch

        return [_stream_point(pilot, way, limits, torch.get_num_threads())]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Returns the stream, or products whose weights rotate through more than the cache."""
        if _is_product(point):
            return _product_task(point, device, cache_bytes)
        stream = mixed.stream(point, point.size("elements"), device)
        return Task([stream.run], stream.spoil, lambda _: _spot_check(point, stream))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Runs 24 rounds, or a product with n = k = 512, and compares with float64."""
        small = _small(point, device)
        if not _is_product(small):
            stream = mixed.stream(small, small.size("elements"), device)
            stream.run()
            programs = range(small.size("programs"))
            return _verdict(small, max(map(stream.error, programs)))
        set_precision(small.dtype)
        m, n, k = (small.size(name) for name in "mnk")
        a, b = (inputs.draw(shape, small.dtype, "normal", device) for shape in ((m, k), (n, k)))
        return _product_verdict(small, a @ b.t(), a, b, 1.0)


KERNEL = Roofline()


def _intensity(point: Point) -> Fraction:
    return Fraction(str(point.parameters["intensity"]))


def _is_product(point: Point) -> bool:
    return point.parameters["way"] == "product"


def _way(point: Point, *, is_cpu: bool) -> str:
    """Returns the implementation: ``product``, ``triton``, or an instruction set."""
    if point.dtype not in VECTOR:
        if is_cpu and point.dtype == "fp16" and not FP16 & simd.flags():
            raise UnsupportedError("no fp16 instructions on this processor")
        if is_cpu and _intensity(point) < THINNEST:
            raise UnsupportedError(f"no product in {point.dtype} is that thin, and no stream here")
        return "triton" if _intensity(point) < THINNEST else "product"
    if not is_cpu:
        return "triton"
    try:
        return simd.ways(point.dtype)[0]
    except UnsupportedError:
        if _intensity(point) * itemsize(point.dtype) < 2:
            raise  # no product is that thin
        return "product"


def _stream_point(pilot: Point, way: str, limits: Limits, programs: int) -> Point:
    wanted = max(CACHE_MULTIPLE * limits.cache_bytes, LEAST_BYTES[limits.is_cpu])
    block = LANES if way == "triton" else programs * 2 * simd.lanes(way, pilot.dtype)
    whole = 16 * block  # divisible into groups and rounds of every intensity
    elements = int(min(wanted, limits.memory_bytes / 2)) // itemsize(pilot.dtype) // whole * whole
    if not elements:
        raise UnsupportedError("free memory holds no configuration of this kernel")
    return _point(pilot, way=way, elements=elements, programs=programs, **_launch(way))


def _launch(way: str) -> dict[str, int]:
    return {"lanes": LANES, "warps": WARPS} if way == "triton" else {}


def _point(pilot: Point, **parameters: int | str) -> Point:
    known = {"intensity": pilot.parameters["intensity"], **parameters}
    return Point("roofline", pilot.dtype, pilot.data, known)


def _rows(intensity: Fraction, size: int, itemsize_bytes: int) -> int:
    """Returns m of the product [m,k] x [k,n] with n = k = ``size`` that has the intensity.

    2 m size^2 / (s (size^2 + 2 m size)) = I, solved for m.
    """
    scaled = intensity * itemsize_bytes
    return max(1, round(scaled * size / (2 * (size - scaled))))


def _product_point(pilot: Point, size: int) -> Point:
    m = _rows(_intensity(pilot), size, itemsize(pilot.dtype))
    return _point(pilot, way="product", m=m, n=size, k=size, layout="nt")


def _product_size(pilot: Point, limits: Limits) -> int:
    sizes = SIZES[limits.is_cpu]
    fits = [one for one in sizes if 4 * one**2 * itemsize(pilot.dtype) <= limits.memory_bytes]
    thin = [one for one in fits if one > 2 * _intensity(pilot) * itemsize(pilot.dtype)]
    if not thin:
        raise UnsupportedError("free memory holds no configuration of this kernel")
    return thin[0]


def _small(point: Point, device: "torch.device") -> Point:
    """Returns the point at a size that is quick to check, in an available implementation."""
    way = str(point.parameters["way"]) or _way(point, is_cpu=device.type == "cpu")
    if way == "product":
        m = min(_product_point(point, 4096).size("m"), 64)
        return _point(point, way=way, m=m, n=CHECKED_SIZE, k=CHECKED_SIZE)
    if way == "triton":
        lanes, wanted = 256, mixed.mix(point.dtype, _intensity(point))
        sizes = {"programs": 3, "lanes": lanes, "elements": CHECKED_ROUNDS * lanes * wanted.group}
        return _point(point, way=way, warps=WARPS, **sizes)
    rounds = 2 * 16 * simd.lanes(way, point.dtype) * CHECKED_ROUNDS
    return _point(point, way=way, programs=2, elements=rounds)


def _spot_check(point: Point, stream: mixed.Stream) -> Check:
    """Compares the outputs of the first and of a random program with float64."""
    import torch

    other = int(torch.randint(0, point.size("programs"), ()))
    return _verdict(point, max(stream.error(0), stream.error(other)))


def _verdict(point: Point, error: float) -> Check:
    dtype = point.dtype if point.dtype in VECTOR else "fp32"
    tolerance, shape = TOLERANCE[dtype], f"{point.size('elements')} elements"
    return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)


def _product_task(point: Point, device: "torch.device", cache_bytes: float) -> Task:
    set_precision(point.dtype)
    m, n, k = (point.size(name) for name in "mnk")
    sets = max(2, min(MAX_SETS, math.ceil(2 * cache_bytes / KERNEL.work(point).bytes)))
    elements = (m * k + n * k) * sets + 2 * sets * inputs.ALIGN_ELEMENTS
    (pool,) = inputs.buffers(1, elements, point.dtype, point.data, device)
    cutter = inputs.Cutter(pool)
    results = inputs.outputs(sets * m * n, torch_dtype(point.dtype), device).view(sets, m, n)
    operands = [(cutter.cut(m, k), cutter.cut(n, k), out) for out in results]
    a, b, out = operands[0]
    return Task(
        [_product(*one) for one in operands],
        partial(out.fill_, math.nan),
        lambda _: _product_spot_check(point, out, a, b),
    )


def _product(a: "torch.Tensor", b: "torch.Tensor", out: "torch.Tensor") -> Callable[[], object]:
    import torch

    return partial(torch.mm, a, b.t(), out=out)


def _product_spot_check(
    point: Point, out: "torch.Tensor", a: "torch.Tensor", b: "torch.Tensor"
) -> Check:
    """Compares 8 x 8 elements of the timed call's output with float64."""
    import torch

    rows, columns = (torch.randint(0, len(one), (8,)).to(a.device) for one in (a, b))
    slack = 4 * math.sqrt(max(1.0, point.size("k") / CHECKED_SIZE))
    return _product_verdict(point, out[rows][:, columns], a[rows], b[columns], slack)


def _product_verdict(
    point: Point, got: "torch.Tensor", a: "torch.Tensor", b: "torch.Tensor", slack: float
) -> Check:
    expected = a.cpu().double() @ b.cpu().double().t()
    error = float((got.cpu().double() - expected).norm() / expected.norm().clamp_min(1e-30))
    tolerance = slack * TOLERANCE[point.dtype]
    shape = " x ".join(str(one) for one in (*got.shape, a.shape[1]))
    return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)
