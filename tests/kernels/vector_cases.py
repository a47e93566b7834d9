"""What tests of vector rates share: the kernel and its points."""

from bench.kernels import vector
from bench.kernels.common import simd
from bench.kernels.common.base import Point
from bench.kernels.registry import kernel

VECTOR = kernel("vector")


def point(way: str, dtype: str, steps: int = 64, programs: int = 2, data: str = "normal") -> Point:
    """Multiply-adds in registers."""
    return vector._point(dtype, data, way, (programs, 12, simd.lanes(way, dtype), steps))
