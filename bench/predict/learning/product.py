"""Time of one matrix product on a chip known by its sheet: shape, waves, launch.

A product of m x k by k x n takes ``launch + depth k + [(C / e)^p + (M / s)^p]^(1/p)``. C is the
time of its FLOP at the published rate, with rows padded to a multiple of 16 and wave quantisation:
longer if the last wave of 128 x 128 tiles leaves units idle. M is the time of its bytes at the
published bandwidth. ``launch`` and ``depth`` are cycles, so they shrink as the clock rises. The
achieved fraction e falls with TFLOP/s per watt. A benchmark that loops over copies of the weights
finds them in the cache if all of them fit, and reads them at the cache's speed where that exceeds
the memory's. Where 16-bit activations are quantised on the way, a pass over them, rows and launches
are added; with few columns they are most of the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.errors import UsageError, did_you_mean
from bench.predict.learning.kernel import UNITS, published
from bench.predict.learning.remainder import Names, Remainder
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import CLOCK, LEAST, MOST, soft_maximum

TILE, MOST_IDLE, ROWS = 128, 4.0, 16
"""Rows and columns of a tile; limit of waves over full waves; granularity of rows."""
BYTES = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0}
"""Bytes per element of the operands, by number format."""
RESULT = 2.0
"""Bytes per element of the result."""
PASSED = 5.0
"""Bytes moved per element to quantise it: read in 16 bits to find the largest, read again to scale,
written in 8 bits."""
SHARP = 16.0
"""Steepness with which a loop misses a cache that it outgrows: least recently used data, which the
loop reuses first, are evicted first."""


@dataclass(frozen=True)
class Products:
    """Software parameters of matrix products.

    Attributes:
        fraction: achieved fraction of the matrix rate at 1 TFLOP/s per watt.
        headroom: decrease of that fraction with each doubling of TFLOP/s per watt.
        stream: achieved fraction of memory bandwidth.
        overlap: exponent of the soft maximum of compute and memory time.
        idle: share of a partly filled wave's idle time that is lost.
        launch_s: fixed time at clock ``CLOCK``, s.
        depth_s: time per element of k at clock ``CLOCK``, s.
        held: share of the last-level cache that a loop may fill and still be read from it.
        cached: bandwidth of that cache, B per unit and cycle.
        passes: time of quantising, over that of ``PASSED`` at the published bandwidth.
        row: further cycles of a unit to quantise one row.
        quantise_s: launches of quantising at clock ``CLOCK``, s.
        left: remainder of the formula by size, on all chips and on those of one family.
    """

    fraction: float = 0.81
    headroom: float = 0.05
    stream: float = 0.85
    overlap: float = 2.8
    idle: float = 0.1
    launch_s: float = 3.5e-6
    depth_s: float = 1e-10
    held: float = 1.0
    cached: float = 6.0
    passes: float = 1.4
    row: float = 300.0
    quantise_s: float = 5e-6
    left: Remainder | None = None


@dataclass(frozen=True)
class Shapes:
    """Matrix products on chips; each array has one value per product.

    Attributes:
        m, n, k: sizes.
        item_bytes: bytes per element of the operands.
        rate: published matrix rate, FLOP/s.
        bandwidth: published memory bandwidth, B/s.
        data_bandwidth: memory bandwidth that ECC leaves for data, B/s.
        headroom: log2 of TFLOP/s per watt.
        units: compute units; 0 if unknown, and then waves are ignored.
        clock: boost clock, Hz.
        cache: size of the last-level cache, B; 0 if unknown.
        copies: copies of the weights that the timed loop goes through before it repeats one; 0 if
            it repeats none.
        quantised: 1 if the time includes the quantising of activations, else 0.
        family: family of the chip, on which a library's kernels depend.
    """

    m: Array
    n: Array
    k: Array
    item_bytes: Array
    rate: Array
    bandwidth: Array
    data_bandwidth: Array
    headroom: Array
    units: Array
    clock: Array
    cache: Array
    copies: Array
    quantised: Array
    family: Names

    @property
    def sizes(self) -> Array:
        """Returns log m, n and k (products, 3)."""
        return np.asarray(np.log(np.column_stack([self.m, self.n, self.k])))


def shapes(
    sizes: Sequence[tuple[float, float, float]],
    chip: Facts,
    dtype: str,
    copies: Sequence[float] | float = 0.0,
    quantised: Sequence[float] | float = 0.0,
) -> Shapes:
    """Returns products of one format on one chip.

    Args:
        sizes: m, n and k of each product.
        chip: facts of the chip.
        dtype: number format of both operands.
        copies: see ``Shapes``.
        quantised: see ``Shapes``.

    Raises:
        UsageError: the sheet has no rate in this format.
    """
    if dtype not in BYTES:
        raise UsageError(f"no products of {dtype} are predicted: {did_you_mean(dtype, BYTES)}")
    m, n, k = np.array(sizes, dtype=np.float64).reshape(-1, 3).T
    others = {
        "item_bytes": BYTES[dtype], **published(chip, dtype), "units": chip.units or 0.0,
        "cache": chip.cache or 0.0, "copies": copies, "quantised": quantised, "family": chip.family,
    }  # fmt: skip
    return Shapes(m, n, k, **{key: np.full(len(m), value) for key, value in others.items()})


def seconds(work: Shapes, params: Products) -> Array:
    """Returns the time of each product, s."""
    waves = np.ceil(work.m / TILE) * np.ceil(work.n / TILE) / np.maximum(work.units, 1.0)
    idle = np.where(work.units > 0, np.minimum(MOST_IDLE, np.ceil(waves) / waves) - 1, 0.0)
    flop = 2 * np.ceil(work.m / ROWS) * ROWS * work.n * work.k
    fraction = np.clip(params.fraction - params.headroom * work.headroom, LEAST, MOST)
    compute = flop / work.rate * (1 + params.idle * idle) / fraction
    memory = _moved(work) / (params.stream * _bandwidth(work, params))
    cycles = (params.launch_s + params.depth_s * work.k) * CLOCK / work.clock
    plain = cycles + soft_maximum(compute, memory, params.overlap) + _quantising(work, params)
    if params.left is None:
        return np.asarray(plain)
    return np.asarray(plain * np.exp(params.left.log(work.sizes, work.family)))


def _moved(work: Shapes) -> Array:
    """Returns the bytes of operands and results."""
    return work.item_bytes * (work.m + work.n) * work.k + RESULT * work.m * work.n


def _bandwidth(work: Shapes, params: Products) -> Array:
    """Returns the memory's bandwidth, or the cache's if it holds all that a loop goes through."""
    weights = work.item_bytes * work.n * work.k
    others = work.item_bytes * work.m * work.k + RESULT * work.m * work.n
    cached = np.maximum(work.data_bandwidth, params.cached * work.units * work.clock)
    room = params.held * work.cache / (work.copies * weights + others)
    hits = np.where(work.copies > 0, 1 - 1 / (1 + room**SHARP), 0.0)
    return np.asarray(1 / ((1 - hits) / work.data_bandwidth + hits / cached))


def _quantising(work: Shapes, params: Products) -> Array:
    """Returns the time of quantising activations from 16 to 8 bits; 0 where it was not timed.

    Kernels read a tensor or row to find its largest element, read it again to scale it, and write
    it. With one thread block per row, the cost of short rows depends on their number.
    """
    passed = params.passes * PASSED * work.m * work.k / work.data_bandwidth
    units = np.where(work.units > 0, work.units, UNITS)
    cycles = params.row * work.m / units + params.quantise_s * CLOCK
    return np.asarray(work.quantised * (passed + cycles / work.clock))


def roofline(work: Shapes) -> Array:
    """Returns the roofline time of each product, s: the longer of compute and memory."""
    compute = 2 * work.m * work.n * work.k / work.rate
    return np.asarray(np.maximum(compute, _moved(work) / work.bandwidth))
