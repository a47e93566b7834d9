"""The time of one layer's routed experts: those that are touched, their rows, what lies beside.

It takes ``launch + [(F / e P)^p + (W / s B)^p]^(1/p) + a A / B``. W are the weights of the experts
that any token chose, E (1 - (1 - k/E)^n) of E experts if each is as likely, with fewer where
popularity falls by a power of rank; F the FLOP of all rows, each touched expert's filled up by half
a tile; A the activations that are sorted, gated and summed, once each way. Bare grouped products,
timed without routing, have neither launch nor A of a layer.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.predict.learning.kernel import Kernel, Known, fit, gathered
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import CLOCK, LEAST, MOST, Stack, soft_maximum
from bench.predict.model.step import TYPICAL

MATRICES = 3.0
"""Of a gated expert: gate, up and down."""
PARTS = {"all": 3.0, "up": 2.0, "down": 1.0}
"""Matrices by part of a layer; ``all`` has routing beside them."""
BYTES = {"bf16": 2.0, "fp8": 1.0}
ACTIVATION = 2.0
POWER = "power law "
BANDS = (
    (16, "experts, to 16 tokens"),
    (512, "experts, 17 to 512"),
    (math.inf, "experts, over 512"),
)


@dataclass(frozen=True)
class Routed:
    """Layers of routed experts on chips, one a place of every array.

    Attributes:
        touched: experts that some token chose, as expected.
        rows: tokens times experts a token.
        matrix: elements of one matrix of an expert.
        matrices: of each expert.
        item: bytes of a weight.
        beside: bytes of activations that routing and gating move; nought of bare products.
        layer: 1 for a whole layer, 0 for bare products.
        rate, bandwidth, headroom, clock: published, FLOP/s, B/s, log2 of TFLOP/s a watt, Hz.
        carried: bandwidth that ECC leaves for data, B/s.
    """

    touched: Array
    rows: Array
    matrix: Array
    matrices: Array
    item: Array
    beside: Array
    layer: Array
    rate: Array
    bandwidth: Array
    carried: Array
    headroom: Array
    clock: Array


@dataclass(frozen=True)
class Grouped:
    """What software makes of routed experts.

    Attributes:
        fraction, headroom: achieved fraction at 1 TFLOP/s a watt, and its fall a doubling.
        stream: achieved fraction of memory bandwidth for weights.
        overlap: exponent of the soft maximum.
        tile: rows of a tile; half of one is lost an expert.
        passes: how often activations pass the memory beside the products.
        launch_s: fixed time of a layer, at ``CLOCK``.
    """

    fraction: float = 0.55
    headroom: float = 0.0
    stream: float = 0.78
    overlap: float = 3.0
    tile: float = 64.0
    passes: float = 1.5
    launch_s: float = 1.5e-5


def seconds(one: Routed, how: Grouped) -> Array:
    """Returns the time of each case."""
    filled = one.rows + one.touched * how.tile / 2
    share = np.clip(how.fraction - how.headroom * one.headroom, LEAST, MOST)
    compute = 2 * filled * one.matrices * one.matrix / (one.rate * share)
    memory = _weights(one) / (how.stream * one.carried)
    beside = how.passes * one.beside / one.carried
    launch = one.layer * how.launch_s * CLOCK / one.clock
    return np.asarray(launch + soft_maximum(compute, memory, how.overlap) + beside)


def roofline(one: Routed) -> Array:
    """Returns what paper says of each: the longer of arithmetic and the touched weights."""
    compute = 2 * one.rows * one.matrices * one.matrix / one.rate
    return np.maximum(compute, _weights(one) / one.bandwidth)


def _weights(one: Routed) -> Array:
    """Returns bytes of the weights that are read."""
    return np.asarray(one.touched * one.matrices * one.matrix * one.item)


@cache
def touched(experts: float, per_token: float, tokens: float, power: float = 0.0) -> float:
    """Returns how many experts tokens are expected to choose.

    Args:
        experts: of the layer.
        per_token: experts that a token chooses.
        tokens: in the step.
        power: by what power of its rank an expert's popularity falls; nought: all alike.
    """
    popular = np.arange(1, int(experts) + 1, dtype=np.float64) ** -power
    chosen = np.minimum(1.0, per_token * popular / np.sum(popular))
    return float(np.sum(1 - (1 - chosen) ** tokens))


GROUPED = Kernel(
    "experts", Routed, Grouped(), seconds, roofline,
    {
        "fraction": (0.1, 1.2, False), "headroom": (-0.1, 0.4, False), "stream": (0.3, 1.1, False),
        "overlap": (1.0, 10.0, False), "tile": (1.0, 512.0, True), "passes": (0.1, 10.0, True),
        "launch_s": (1e-6, 1e-3, True),
    },
)  # fmt: skip


def measured(rows: Iterable[Row], chips: Mapping[str, Facts], dtype: str) -> Known[Routed]:
    """Returns the rows of one format, chip by chip; what their sheets lack is left out."""

    def takes(row: Row, chip: Facts) -> bool:
        return row.words["dtype"] == dtype and bool(chip.bandwidth) and dtype in chip.peaks

    return gathered(rows, chips, takes, routed, _bands)


def by_blocks(rows: Iterable[Row]) -> list[Row]:
    """Returns the rows of weights in fp8 with a scale a block, as large models are published."""
    return [one for one in rows if one.words["dtype"] == "fp8" and "block" in one.words["stack"]]


def fixed(rows: Iterable[Row], chips: Mapping[str, Facts]) -> Stack:
    """Returns the stack with what layers of experts alone tell of it: launch and overlap.

    No step of a model with experts was measured by the group whose steps are fitted.
    """
    known = measured(by_blocks(rows), chips, "fp8")
    if not known.chips:
        return Stack()
    how = fit(GROUPED, known)
    return Stack(experts_overlap=how.overlap, experts_s=how.launch_s)


def _bands(rows: Iterable[Row], _: Facts) -> tuple[str, ...]:
    return tuple(next(name for most, name in BANDS if one["tokens"] <= most) for one in rows)


def routed(rows: Iterable[Row], chip: Facts) -> Routed:
    """Returns rows of one format on one chip."""
    every = [{**_case(one), **_promised(one.words["dtype"], chip)} for one in rows]
    return Routed(**{key: np.array([one[key] for one in every]) for key in every[0]})


def _promised(dtype: str, chip: Facts) -> dict[str, float]:
    rate = chip.peak(dtype)
    return {
        "rate": rate, "bandwidth": chip.bandwidth or math.nan, "clock": chip.clock or CLOCK,
        "carried": chip.carried or math.nan,
        "headroom": math.log2(rate / 1e12 / chip.tdp) if chip.tdp else TYPICAL,
    }  # fmt: skip


def _case(row: Row) -> dict[str, float]:
    """Returns what one row asks; a row with ``expert_rows`` gives its experts all of them."""
    whole, experts = row.words["part"] == "all", row["experts"]
    given = row["expert_rows"]
    told = row.words["stack"].partition(POWER)[2]
    counted = touched(experts, row["per_token"], row["tokens"], float(told or 0.0))
    rows = experts * given if given else row["tokens"] * row["per_token"]
    moved = ACTIVATION * rows * (2 * row["hidden"] + MATRICES * row["intermediate"])
    return {
        "touched": experts if given else counted, "rows": rows,
        "matrix": row["hidden"] * row["intermediate"], "matrices": PARTS[row.words["part"]],
        "item": BYTES[row.words["dtype"]], "beside": moved if whole else 0.0,
        "layer": float(whole),
    }  # fmt: skip
