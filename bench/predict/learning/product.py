"""The time of one matrix product on a chip known by its sheet: shape, waves, launch.

A product of m x k by k x n takes ``launch + depth k + [(C / e)^p + (M / s)^p]^(1/p)``. C is the
time of its FLOP at the published rate, rows filled up to 16 and lengthened where the last wave
of 128 x 128 tiles leaves units idle; M that of its bytes at the published bandwidth. ``launch`` and
``depth`` are cycles: they shrink with the clock. The achieved fraction e falls with TFLOP/s a watt.
A loop over copies of the weights finds them in the cache where all of them fit: it reads at the
cache's speed where that is above the memory's. Where activations of 16 bits are quantised on the
way, a pass over them, rows and launches come on top: with few columns they are most of the time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.errors import UsageError, did_you_mean
from bench.predict.learning.kernel import UNITS
from bench.predict.learning.remainder import Names, Remainder
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import CLOCK, LEAST, MOST, soft_maximum
from bench.predict.model.step import TYPICAL

TILE, MOST_IDLE, ROWS = 128, 4.0, 16
BYTES = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0}
RESULT = 2.0
PASSED = 5.0
"""Bytes an element of quantising: read in 16 bits for the largest, again to be scaled, written."""
SHARP = 16.0
"""How suddenly a loop misses a cache that it outgrows: what is reused last is thrown out first."""


@dataclass(frozen=True)
class Products:
    """What software makes of matrix products.

    Attributes:
        fraction, headroom: achieved fraction at 1 TFLOP/s a watt, and its fall a doubling.
        stream: achieved fraction of memory bandwidth.
        overlap: exponent of the soft maximum.
        idle: how much of an unfilled wave is lost.
        launch_s, depth_s: fixed time, and time an element of k, at ``CLOCK``.
        held: share of the last-level cache that a loop may fill to be read from it again.
        cached: bytes that the cache gives a unit and cycle.
        passes: time of quantising over that of ``PASSED`` at the published bandwidth.
        row: cycles of a unit to quantise a row, besides.
        quantise_s: launches of quantising, at ``CLOCK``.
        left: what the formula leaves at some sizes, on all chips and on those of one family.
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
    """Products on chips, one a place of every array.

    Attributes:
        m, n, k: sizes.
        item: bytes of an input element.
        rate, bandwidth: published.
        carried: bandwidth that ECC leaves for data.
        headroom: log2 of TFLOP/s a watt.
        units: compute units, nought where unknown: then no wave is counted.
        clock: boost clock, Hz.
        cache: size of the last-level cache, nought where unknown.
        copies: weights that the timed loop goes over before it reads one again; nought: none is.
        quantised: 1 where the time holds the quantising of activations, else nought.
        family: of the chip, which tells what a library has for it.
    """

    m: Array
    n: Array
    k: Array
    item: Array
    rate: Array
    bandwidth: Array
    carried: Array
    headroom: Array
    units: Array
    clock: Array
    cache: Array
    copies: Array
    quantised: Array
    family: Names

    @property
    def sizes(self) -> Array:
        """Returns log m, n and k, n x 3."""
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
        sizes: m, n and k of each.
        chip: its sheet.
        dtype: of both operands.
        copies: see ``Shapes``.
        quantised: see ``Shapes``.

    Raises:
        UsageError: the sheet has no such rate.
    """
    if dtype not in BYTES:
        raise UsageError(f"no products of {dtype} are predicted: {did_you_mean(dtype, BYTES)}")
    m, n, k = np.array(sizes, dtype=np.float64).reshape(-1, 3).T
    rate = chip.peak(dtype)
    told = (
        BYTES[dtype], rate, chip.bandwidth or math.nan, chip.carried or math.nan,
        math.log2(rate / 1e12 / chip.tdp) if chip.tdp else TYPICAL,
        chip.units or 0.0, chip.clock or CLOCK, chip.cache or 0.0, copies, quantised, chip.family,
    )  # fmt: skip
    return Shapes(m, n, k, *(np.full(len(m), one) for one in told))


def joined(every: Sequence[Shapes]) -> Shapes:
    """Returns products of several chips as one."""
    keys = Shapes.__dataclass_fields__
    return Shapes(*(np.concatenate([getattr(one, key) for one in every]) for key in keys))


def seconds(one: Shapes, how: Products) -> Array:
    """Returns the time of each product."""
    waves = np.ceil(one.m / TILE) * np.ceil(one.n / TILE) / np.maximum(one.units, 1.0)
    idle = np.where(one.units > 0, np.minimum(MOST_IDLE, np.ceil(waves) / waves) - 1, 0.0)
    flop = 2 * np.ceil(one.m / ROWS) * ROWS * one.n * one.k
    reached = np.clip(how.fraction - how.headroom * one.headroom, LEAST, MOST)
    compute = flop / one.rate * (1 + how.idle * idle) / reached
    moved = one.item * (one.m + one.n) * one.k + RESULT * one.m * one.n
    memory = moved / (how.stream * _bandwidth(one, how))
    cycles = (how.launch_s + how.depth_s * one.k) * CLOCK / one.clock
    plain = cycles + soft_maximum(compute, memory, how.overlap) + _quantising(one, how)
    return np.asarray(plain * np.exp(how.left.log(one.sizes, one.family)) if how.left else plain)


def _bandwidth(one: Shapes, how: Products) -> Array:
    """Returns the memory's bandwidth, or the cache's where it holds all that a loop goes over."""
    weights, others = one.item * one.n * one.k, one.item * one.m * one.k + RESULT * one.m * one.n
    inside = np.maximum(one.carried, how.cached * one.units * one.clock)
    room = how.held * one.cache / (one.copies * weights + others)
    found = np.where(one.copies > 0, 1 - 1 / (1 + room**SHARP), 0.0)
    return np.asarray(1 / ((1 - found) / one.carried + found / inside))


def _quantising(one: Shapes, how: Products) -> Array:
    """Returns the time in which activations of 16 bits become ones of 8, where that was timed.

    Kernels read a tensor or row for its largest element, read it again to scale it, and write it.
    Where a row is one block of threads, short ones cost by their number.
    """
    passed = how.passes * PASSED * one.m * one.k / one.carried
    units = np.where(one.units > 0, one.units, UNITS)
    cycles = how.row * one.m / units + how.quantise_s * CLOCK
    return np.asarray(one.quantised * (passed + cycles / one.clock))


def roofline(one: Shapes) -> Array:
    """Returns what paper says of each: the longer of compute and memory."""
    moved = one.item * (one.m + one.n) * one.k + RESULT * one.m * one.n
    return np.asarray(np.maximum(2 * one.m * one.n * one.k / one.rate, moved / one.bandwidth))
