"""What tests of the roofline share: the kernel and its products."""

from bench.kernels import roofline
from bench.kernels.common.base import Point
from bench.kernels.registry import kernel

ROOFLINE = kernel("roofline")


def product(intensity: str, size: int = 256, dtype: str = "bf16") -> Point:
    """A product with n = k = ``size``."""
    pilot = ROOFLINE.pilot(dtype, "normal", intensity)
    return roofline._product_point(pilot, size)
