"""Time of the routed experts of one layer.

It takes ``launch + [(F / e P)^p + (W / s B)^p]^(1/p) + a A / B``:

- W: bytes of the weights of all experts that any token chose. Of E experts with k per token, n
  tokens choose E (1 - (1 - k/E)^n) on average if all are equally likely, and fewer if popularity
  falls by a power of the rank.
- F: FLOP of all rows, where the rows of each chosen expert are padded by half a tile; e P is the
  achieved matrix rate.
- A: bytes of the activations that are sorted, gated and summed, once in each direction.
- B: memory bandwidth, of which weights achieve the fraction s.

Bare grouped products, which are timed without routing, have no launch and no A.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.predict.learning.kernel import (
    Kernel,
    MeasuredCases,
    as_arrays,
    bands,
    cases_by_chip,
    fit,
    published,
)
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import CLOCK, LEAST, MOST, Stack, soft_maximum

MATRICES = 3.0
"""Matrices of a gated expert: gate, up and down."""
PARTS = {"all": 3.0, "up": 2.0, "down": 1.0}
"""Matrices by part of a layer; ``all`` includes routing."""
BYTES = {"bf16": 2.0, "fp8": 1.0}
"""Bytes per weight, by format."""
ACTIVATION = 2.0
"""Bytes per element of activations."""
POWER = "power law "
"""Text in the column ``stack`` in front of the exponent by which experts' popularity falls."""
BANDS = (
    (16, "experts, to 16 tokens"),
    (512, "experts, 17 to 512"),
    (math.inf, "experts, over 512"),
)
"""Groups in reports: largest number of tokens, and name."""


@dataclass(frozen=True)
class Routed:
    """Routed experts on chips; each array has one value per case.

    Attributes:
        touched: expected number of experts that any token chose.
        rows: tokens times experts per token.
        matrix: elements of one matrix of an expert.
        matrices: matrices per expert.
        item_bytes: bytes per weight.
        activation_bytes: bytes of activations that routing and gating move; 0 for bare products.
        layer: 1 for a whole layer, 0 for bare products.
        rate: published matrix rate, FLOP/s.
        bandwidth: published memory bandwidth, B/s.
        data_bandwidth: memory bandwidth that ECC leaves for data, B/s.
        headroom: log2 of TFLOP/s per watt.
        clock: boost clock, Hz.
    """

    touched: Array
    rows: Array
    matrix: Array
    matrices: Array
    item_bytes: Array
    activation_bytes: Array
    layer: Array
    rate: Array
    bandwidth: Array
    data_bandwidth: Array
    headroom: Array
    clock: Array


@dataclass(frozen=True)
class Grouped:
    """Software parameters of routed experts.

    Attributes:
        fraction: achieved fraction of the matrix rate at 1 TFLOP/s per watt.
        headroom: decrease of that fraction with each doubling of TFLOP/s per watt.
        stream: achieved fraction of memory bandwidth for weights.
        overlap: exponent of the soft maximum of compute and memory time.
        tile: rows of a tile; each chosen expert loses half of one.
        passes: how often activations pass through memory besides the products.
        launch_s: fixed time of a layer at clock ``CLOCK``, s.
    """

    fraction: float = 0.55
    headroom: float = 0.0
    stream: float = 0.78
    overlap: float = 3.0
    tile: float = 64.0
    passes: float = 1.5
    launch_s: float = 1.5e-5


def seconds(work: Routed, params: Grouped) -> Array:
    """Returns the time of each case, s."""
    padded = work.rows + work.touched * params.tile / 2
    fraction = np.clip(params.fraction - params.headroom * work.headroom, LEAST, MOST)
    compute = 2 * padded * work.matrices * work.matrix / (work.rate * fraction)
    memory = _weight_bytes(work) / (params.stream * work.data_bandwidth)
    activations = params.passes * work.activation_bytes / work.data_bandwidth
    launch = work.layer * params.launch_s * CLOCK / work.clock
    return np.asarray(launch + soft_maximum(compute, memory, params.overlap) + activations)


def roofline(work: Routed) -> Array:
    """Returns the roofline time of each case, s: the longer of arithmetic and chosen weights."""
    compute = 2 * work.rows * work.matrices * work.matrix / work.rate
    return np.maximum(compute, _weight_bytes(work) / work.bandwidth)


def _weight_bytes(work: Routed) -> Array:
    """Returns the bytes of weights that are read."""
    return np.asarray(work.touched * work.matrices * work.matrix * work.item_bytes)


@cache
def touched(experts: float, per_token: float, tokens: float, power: float = 0.0) -> float:
    """Returns the expected number of experts that any token chooses.

    Args:
        experts: experts of the layer.
        per_token: experts that each token chooses.
        tokens: tokens in the step.
        power: exponent by which an expert's popularity falls with its rank; 0 if all are equal.
    """
    popularity = np.arange(1, int(experts) + 1, dtype=np.float64) ** -power
    chosen = np.minimum(1.0, per_token * popularity / np.sum(popularity))
    return float(np.sum(1 - (1 - chosen) ** tokens))


GROUPED = Kernel(
    "experts", Grouped(), seconds, roofline,
    {
        "fraction": (0.1, 1.2, False), "headroom": (-0.1, 0.4, False), "stream": (0.3, 1.1, False),
        "overlap": (1.0, 10.0, False), "tile": (1.0, 512.0, True), "passes": (0.1, 10.0, True),
        "launch_s": (1e-6, 1e-3, True),
    },
)  # fmt: skip


def measured(rows: Iterable[Row], chips: Mapping[str, Facts], dtype: str) -> MeasuredCases[Routed]:
    """Returns the rows of one format as cases by chip, where the sheet has the figures needed."""

    def keep(row: Row, chip: Facts) -> bool:
        return row.words["dtype"] == dtype and bool(chip.bandwidth) and dtype in chip.peaks

    return cases_by_chip(rows, chips, keep, routed, bands("tokens", BANDS))


def by_blocks(rows: Iterable[Row]) -> list[Row]:
    """Returns the rows with fp8 weights and one scale per block, the form of published models."""
    return [row for row in rows if row.words["dtype"] == "fp8" and "block" in row.words["stack"]]


def experts_stack(rows: Iterable[Row], chips: Mapping[str, Facts]) -> Stack:
    """Returns the default stack with experts' launch time and overlap as fitted on these layers.

    They cannot be fitted on steps, as the group whose steps are fitted measured no model with
    experts.
    """
    known = measured(by_blocks(rows), chips, "fp8")
    if not known.chips:
        return Stack()
    params = fit(GROUPED, known)
    return Stack(experts_overlap=params.overlap, experts_s=params.launch_s)


def routed(rows: Iterable[Row], chip: Facts) -> Routed:
    """Returns the work of rows on one chip."""
    cases = [{**_case(row), **published(chip, row.words["dtype"])} for row in rows]
    return Routed(**as_arrays(cases))


def _case(row: Row) -> dict[str, float]:
    """Returns the work of one row; with ``expert_rows``, every expert has that many rows."""
    whole, experts = row.words["part"] == "all", row["experts"]
    given = row["expert_rows"]
    power = row.words["stack"].partition(POWER)[2]
    chosen = touched(experts, row["per_token"], row["tokens"], float(power or 0.0))
    rows = experts * given if given else row["tokens"] * row["per_token"]
    moved = ACTIVATION * rows * (2 * row["hidden"] + MATRICES * row["intermediate"])
    return {
        "touched": experts if given else chosen, "rows": rows,
        "matrix": row["hidden"] * row["intermediate"], "matrices": PARTS[row.words["part"]],
        "item_bytes": BYTES[row.words["dtype"]], "activation_bytes": moved if whole else 0.0,
        "layer": float(whole),
    }  # fmt: skip
