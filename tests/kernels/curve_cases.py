"""Curves of rates over sizes, for tests of the levels of memory."""

import random

from bench.kernels.cache import SETS
from bench.kernels.common.loads import size

KIB, MIB, GIB = 2.0**10, 2.0**20, 2.0**30
GRID = [float(size(one)) for one in SETS]
STEPPED = [(64 * KIB, 420e9), (2 * MIB, 230e9), (32 * MIB, 150e9), (8 * GIB, 55e9)]
"""Sizes up to which a rate holds, and the rate."""


def curve(
    held: list[tuple[float, float]], noise: float = 0.0, seed: int = 1
) -> list[tuple[float, float]]:
    """A curve over the grid of working sets, with normal noise of so much of the rate."""
    draw = random.Random(seed)  # noqa: S311 -- no secret
    return [
        (at, next(rate for most, rate in held if at <= most) * (1 + draw.gauss(0, noise)))
        for at in GRID
    ]


H100 = (
    32.98, 32.91, 33.0, 32.96, 32.92, 32.8, 32.21, 30.05, 28.85, 25.36, 22.87, 16.02, 15.58, 15.06,
    14.64, 13.84, 12.3, 10.92, 10.81, 8.524, 9.477, 9.134, 10.99, 6.918, 4.965, 3.474, 3.229,
    3.156, 3.135, 3.091, 3.098, 3.089,
)  # fmt: skip
"""TB/s over the grid on an H100, whose L2 is cut in halves that are not equally near."""


def measured_points() -> list[tuple[float, float]]:
    """The curve of an H100: a slope behind each cache, and one size that another process slowed."""
    return [(at, rate * 1e12) for at, rate in zip(GRID, H100, strict=True)]
