"""The time of attention alone: arithmetic and one tile's path in prefill, the cache in decode.

Prefill takes ``launch + F / (e P) + idle path + M / s``: F its FLOP, M its queries, keys, values
and results, path the time of one tile of queries against all keys on one unit, which no other unit
can shorten. It takes the place of an efficiency that rises with the length, S / (S + S_half), which
is left nothing to explain beside it. Short heads run slower, ``(head / 128)^narrow``, for a softmax
costs as much at any head size (FlashAttention-3, arXiv 2407.08608, 3.2).

Decode takes ``launch + max(F / (e P), M / s u)``: M is the key-value cache, s the speed at which
it is read; u how full the units are: sequences x KV heads x splits of the length over the units.

Both are timed on one input again and again: what fits in the last-level cache is read from it, as
it is not between the layers of a model.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.kernel import UNITS, Kernel, Known, gathered, read_at
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import CLOCK, LEAST, MOST
from bench.predict.model.step import TYPICAL

TILE = 128.0
"""Queries that a unit takes at once (FlashAttention-3, arXiv 2407.08608)."""
HEAD = 128.0
"""Head size at which the achieved fraction is given."""
WIDE = "bf16"
"""The format of the arithmetic, also where the cache is kept in 8 bits."""
BYTES = {WIDE: 2.0, "fp8": 1.0}
ACTIVATION = 2.0
SHORT = 1e-5
"""Time on paper, s, below which launches are most of what is measured."""


@dataclass(frozen=True)
class Attentions:
    """Attention on chips, one case a place of every array.

    Attributes:
        batch, heads, kv_heads, length: of sequences and heads; tokens of each sequence.
        head: size of a head, the mean of the query-key and the value width.
        flop: operations.
        cache: bytes of keys and values.
        other: bytes of queries and results.
        rate, bandwidth: published, FLOP/s and B/s.
        carried: bandwidth that ECC leaves for data, B/s.
        headroom: log2 of TFLOP/s a watt.
        units, clock, room: compute units, boost clock in Hz, bytes of the last-level cache.
    """

    batch: Array
    heads: Array
    kv_heads: Array
    length: Array
    head: Array
    flop: Array
    cache: Array
    other: Array
    rate: Array
    bandwidth: Array
    carried: Array
    headroom: Array
    units: Array
    clock: Array
    room: Array


@dataclass(frozen=True)
class Prefill:
    """What software makes of attention over prompts.

    Attributes:
        fraction, headroom: achieved fraction at 1 TFLOP/s a watt, and its fall a doubling.
        narrow: by what power of the head's size it falls for smaller heads.
        idle: how much of one tile's path is not hidden.
        stream: achieved fraction of bandwidth for queries, keys, values and results.
        held, cached: share of the last-level cache that holds them; its bytes a unit and cycle.
        launch_s: fixed time, at ``CLOCK``.
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
class Decode:
    """What software makes of attention of one new token a sequence.

    Attributes:
        stream: achieved fraction of memory bandwidth.
        split: tokens of the cache that one unit takes at least.
        held, cached: share of the last-level cache that holds the keys and values, and its bytes a
            unit and cycle.
        launch_s: fixed time, at ``CLOCK``.
        fraction: achieved fraction of the matrix rate; assumed, for in what is fitted on up to 16
            heads share a cache and arithmetic is never the limit.
    """

    stream: float = 0.83
    split: float = 300.0
    held: float = 1.0
    cached: float = 6.0
    launch_s: float = 9e-6
    fraction: float = 0.65


def prefill_seconds(one: Attentions, how: Prefill) -> Array:
    """Returns the time of each case of prefill."""
    share = np.clip(how.fraction - how.headroom * one.headroom, LEAST, MOST)
    rate = one.rate * share * (one.head / HEAD) ** how.narrow
    path = 4 * TILE * one.head * one.length / (rate / one.units)
    moved = one.cache + one.other
    inside = how.cached * one.units * one.clock
    read = moved / (how.stream * read_at(moved, one.carried, inside, how.held * one.room))
    launch = how.launch_s * CLOCK / one.clock
    return np.asarray(launch + one.flop / rate + how.idle * path + read)


def decode_seconds(one: Attentions, how: Decode) -> Array:
    """Returns the time of each case of decode."""
    pieces = one.batch * one.kv_heads * np.maximum(1.0, one.length / how.split)
    full = np.minimum(1.0, pieces / one.units)
    moved = one.cache + one.other
    inside, memory = how.cached * one.units * one.clock, how.stream * one.carried
    read = moved / read_at(moved, memory, inside, how.held * one.room) / full
    launch = how.launch_s * CLOCK / one.clock
    return np.asarray(launch + np.maximum(read, one.flop / (how.fraction * one.rate)))


def roofline(one: Attentions) -> Array:
    """Returns what paper says of each: the longer of arithmetic and memory."""
    return np.maximum(one.flop / one.rate, (one.cache + one.other) / one.bandwidth)


PREFILL = Kernel(
    "attention prefill", Attentions, Prefill(), prefill_seconds, roofline,
    {
        "fraction": (0.2, 1.2, False), "headroom": (-0.1, 0.4, False), "narrow": (0.0, 1.0, False),
        "idle": (0.0, 3.0, False), "stream": (0.1, 1.5, False), "held": (0.05, 2.0, True),
        "cached": (2.0, 64.0, True), "launch_s": (1e-6, 1e-4, True),
    },
)  # fmt: skip
DECODE = Kernel(
    "attention decode", Attentions, Decode(), decode_seconds, roofline,
    {
        "stream": (0.3, 1.1, False), "split": (32.0, 8192.0, True), "held": (0.05, 2.0, True),
        "cached": (2.0, 64.0, True), "launch_s": (1e-6, 1e-4, True),
    },
)  # fmt: skip


def measured(rows: Iterable[Row], chips: Mapping[str, Facts], phase: str) -> Known[Attentions]:
    """Returns the rows of one phase, chip by chip.

    A cache in a format that a chip's sheet gives no rate for is left out: it is converted by
    software that is the chip's own matter.
    """

    def takes(row: Row, chip: Facts) -> bool:
        kept = row.words["kv_dtype"]
        known = bool(chip.bandwidth) and WIDE in chip.peaks and (kept == WIDE or kept in chip.peaks)
        return known and row.words["phase"] == phase

    return gathered(rows, chips, takes, attentions, _names)


def attentions(rows: Iterable[Row], chip: Facts) -> Attentions:
    """Returns rows of one phase on one chip, arithmetic in 16 bits."""
    rate = chip.peak(WIDE)
    told = {
        "rate": rate, "bandwidth": chip.bandwidth or math.nan, "units": chip.units or UNITS,
        "carried": chip.carried or math.nan,
        "headroom": math.log2(rate / 1e12 / chip.tdp) if chip.tdp else TYPICAL,
        "clock": chip.clock or CLOCK, "room": chip.cache or 0.0,
    }  # fmt: skip
    every = [{**_case(one), **told} for one in rows]
    return Attentions(**{key: np.array([one[key] for one in every]) for key in every[0]})


def _case(row: Row) -> dict[str, float]:
    """Returns what one row asks: 4 FLOP a query, key and element of a head."""
    batch, heads, length = row["batch"], row["heads"], row["length"]
    head, prefill = row["head_dim"], row.words["phase"] == "prefill"
    pairs = length * (length + 1) / 2 if prefill else length
    queries = batch * (length if prefill else 1.0)
    elements = row["latent"] or 2 * row["kv_heads"] * head
    return {
        "batch": batch, "heads": heads, "kv_heads": 1.0 if row["latent"] else row["kv_heads"],
        "length": length, "head": head, "flop": 4 * heads * head * batch * pairs,
        "cache": batch * length * elements * BYTES[row.words["kv_dtype"]],
        "other": 2 * ACTIVATION * queries * heads * head,
    }  # fmt: skip


def _names(rows: Iterable[Row], chip: Facts) -> tuple[str, ...]:
    """Returns each case's group: whether paper gives it any time to speak of."""
    long = roofline(attentions(rows, chip)) >= SHORT
    return tuple(
        "attention from 10 us on paper" if one else "attention under 10 us" for one in long
    )
