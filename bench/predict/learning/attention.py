"""Time of an attention kernel: prefill by arithmetic and one tile's path, decode by the KV cache.

Prefill takes ``launch + F / (e P) + idle path + M / s``. F is the FLOP count, e P the achieved
matrix rate, M the bytes of queries, keys, values and results, s the speed at which they move. path
is the time of one tile of queries against all keys on one unit, which other units cannot shorten.
It replaces an efficiency that rises with length, S / (S + S_half): next to the path, such a term
has nothing left to explain. Small heads run slower by ``(head / 128)^narrow``, because a softmax
costs the same at any head size (FlashAttention-3, arXiv 2407.08608, 3.2).

Decode takes ``launch + max(F / (e P), M / s u)``. M is the KV cache, s the speed at which it is
read, and u the occupancy of the units: sequences x KV heads x splits of the length, over units.

Both are measured on the same input again and again, so what fits in the last-level cache is read
from there. Between the layers of a model that is not so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.kernel import (
    UNITS,
    Kernel,
    MeasuredCases,
    as_arrays,
    cases_by_chip,
    published,
    reread_bandwidth,
)
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import CLOCK, LEAST, MOST

TILE = 128.0
"""Queries that a unit processes at once (FlashAttention-3, arXiv 2407.08608)."""
HEAD = 128.0
"""Head size to which the achieved fraction refers."""
WIDE = "bf16"
"""Format of the arithmetic, even if the KV cache has 8-bit elements."""
BYTES = {WIDE: 2.0, "fp8": 1.0}
"""Bytes per element of the KV cache, by format."""
ACTIVATION = 2.0
"""Bytes per element of queries and results."""
SHORT = 1e-5
"""Roofline time in s below which most of the measured time is launches."""


@dataclass(frozen=True)
class Attentions:
    """Attention cases on chips; each array has one value per case.

    Attributes:
        batch: sequences.
        heads, kv_heads: query heads and KV heads.
        length: tokens of each sequence.
        head: size of a head, the mean of the query-key and the value width.
        flop: FLOP.
        kv_bytes: keys and values, B.
        other_bytes: queries and results, B.
        rate: published matrix rate, FLOP/s.
        bandwidth: published memory bandwidth, B/s.
        data_bandwidth: memory bandwidth that ECC leaves for data, B/s.
        headroom: log2 of TFLOP/s per watt.
        units: compute units.
        clock: boost clock, Hz.
        llc_bytes: size of the last-level cache, B.
    """

    batch: Array
    heads: Array
    kv_heads: Array
    length: Array
    head: Array
    flop: Array
    kv_bytes: Array
    other_bytes: Array
    rate: Array
    bandwidth: Array
    data_bandwidth: Array
    headroom: Array
    units: Array
    clock: Array
    llc_bytes: Array


@dataclass(frozen=True)
class PrefillParams:
    """Software parameters of attention in prefill.

    Attributes:
        fraction: achieved fraction of the matrix rate at 1 TFLOP/s per watt.
        headroom: decrease of that fraction with each doubling of TFLOP/s per watt.
        narrow: exponent by which the fraction falls for smaller heads.
        idle: share of one tile's path that is not hidden.
        stream: achieved fraction of bandwidth for queries, keys, values and results.
        held: usable share of the last-level cache.
        cached: bandwidth of that cache, B per unit and cycle.
        launch_s: fixed time at clock ``CLOCK``, s.
    """

    fraction: float = 0.65
    headroom: float = 0.1
    narrow: float = 0.4
    idle: float = 0.4
    stream: float = 0.6
    held: float = 0.5
    cached: float = 10.0
    launch_s: float = 1.3e-5


@dataclass(frozen=True)
class DecodeParams:
    """Software parameters of attention in decode, with one new token per sequence.

    Attributes:
        stream: achieved fraction of memory bandwidth.
        split: least number of cached tokens that one unit processes.
        held: usable share of the last-level cache.
        cached: bandwidth of that cache, B per unit and cycle.
        launch_s: fixed time at clock ``CLOCK``, s.
        fraction: achieved fraction of the matrix rate. It is assumed: in the fitted cases at most
            16 heads share a KV head, and arithmetic is never the limit.
    """

    stream: float = 0.83
    split: float = 300.0
    held: float = 1.0
    cached: float = 6.0
    launch_s: float = 9e-6
    fraction: float = 0.65


def prefill_seconds(work: Attentions, params: PrefillParams) -> Array:
    """Returns the time of each prefill case, s."""
    fraction = np.clip(params.fraction - params.headroom * work.headroom, LEAST, MOST)
    rate = work.rate * fraction * (work.head / HEAD) ** params.narrow
    path = 4 * TILE * work.head * work.length / (rate / work.units)
    moved = work.kv_bytes + work.other_bytes
    cached = params.cached * work.units * work.clock
    speed = params.stream * reread_bandwidth(
        moved, work.data_bandwidth, cached, params.held * work.llc_bytes
    )
    launch = params.launch_s * CLOCK / work.clock
    return np.asarray(launch + work.flop / rate + params.idle * path + moved / speed)


def decode_seconds(work: Attentions, params: DecodeParams) -> Array:
    """Returns the time of each decode case, s."""
    pieces = work.batch * work.kv_heads * np.maximum(1.0, work.length / params.split)
    occupancy = np.minimum(1.0, pieces / work.units)
    moved = work.kv_bytes + work.other_bytes
    cached, memory = params.cached * work.units * work.clock, params.stream * work.data_bandwidth
    read = moved / reread_bandwidth(moved, memory, cached, params.held * work.llc_bytes) / occupancy
    launch = params.launch_s * CLOCK / work.clock
    return np.asarray(launch + np.maximum(read, work.flop / (params.fraction * work.rate)))


def roofline(work: Attentions) -> Array:
    """Returns the roofline time of each case, s: the longer of arithmetic and memory."""
    return np.maximum(work.flop / work.rate, (work.kv_bytes + work.other_bytes) / work.bandwidth)


PREFILL = Kernel(
    "attention prefill", PrefillParams(), prefill_seconds, roofline,
    {
        "fraction": (0.2, 1.2, False), "headroom": (-0.1, 0.4, False), "narrow": (0.0, 1.0, False),
        "idle": (0.0, 3.0, False), "stream": (0.1, 1.5, False), "held": (0.05, 2.0, True),
        "cached": (2.0, 64.0, True), "launch_s": (1e-6, 1e-4, True),
    },
)  # fmt: skip
DECODE = Kernel(
    "attention decode", DecodeParams(), decode_seconds, roofline,
    {
        "stream": (0.3, 1.1, False), "split": (32.0, 8192.0, True), "held": (0.05, 2.0, True),
        "cached": (2.0, 64.0, True), "launch_s": (1e-6, 1e-4, True),
    },
)  # fmt: skip


def measured(
    rows: Iterable[Row], chips: Mapping[str, Facts], phase: str
) -> MeasuredCases[Attentions]:
    """Returns the rows of one phase as cases by chip.

    Rows whose KV cache has a format without a rate on the chip's sheet are left out, as it is
    converted by software that differs from chip to chip.
    """

    def keep(row: Row, chip: Facts) -> bool:
        cache = row.words["kv_dtype"]
        supported = cache == WIDE or cache in chip.peaks
        known = bool(chip.bandwidth) and WIDE in chip.peaks and supported
        return known and row.words["phase"] == phase

    return cases_by_chip(rows, chips, keep, attentions, _names)


def attentions(rows: Iterable[Row], chip: Facts) -> Attentions:
    """Returns the work of rows of one phase on one chip, with 16-bit arithmetic."""
    sheet = {"units": chip.units or UNITS, "llc_bytes": chip.cache or 0.0}
    return Attentions(
        **as_arrays([{**_case(row), **published(chip, WIDE), **sheet} for row in rows])
    )


def _case(row: Row) -> dict[str, float]:
    """Returns the work of one row: 4 FLOP per query, key and element of a head."""
    batch, heads, length = row["batch"], row["heads"], row["length"]
    head, prefill = row["head_dim"], row.words["phase"] == "prefill"
    pairs = length * (length + 1) / 2 if prefill else length
    queries = batch * (length if prefill else 1.0)
    elements = row["latent"] or 2 * row["kv_heads"] * head
    return {
        "batch": batch, "heads": heads, "kv_heads": 1.0 if row["latent"] else row["kv_heads"],
        "length": length, "head": head, "flop": 4 * heads * head * batch * pairs,
        "kv_bytes": batch * length * elements * BYTES[row.words["kv_dtype"]],
        "other_bytes": 2 * ACTIVATION * queries * heads * head,
    }  # fmt: skip


def _names(rows: Iterable[Row], chip: Facts) -> tuple[str, ...]:
    """Returns each case's group in reports: by whether its roofline time reaches ``SHORT``."""
    long = roofline(attentions(rows, chip)) >= SHORT
    return tuple(
        "attention from 10 us on paper" if one else "attention under 10 us" for one in long
    )
