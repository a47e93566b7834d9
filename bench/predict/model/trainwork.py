"""The work of one chip in a training step: operators, messages and number of micro-batches.

A copy of the model processes its sequences in micro-batches. In a pipeline, stages idle before the
first micro-batch and after the last. Every product runs three times: forward, and for two
gradients. Backward of attention recomputes its scores (Dao 2023, arXiv 2307.08691, 3.1.2: five
products for the forward pass's two). With recomputation, each layer's forward pass runs once more.
All stages take as long as the one with the most layers, and interleaved stages send once for each
of their parts (Narayanan et al. 2021, arXiv 2104.04473, 2.2).
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from bench.predict.model.attention import kept_heads
from bench.predict.model.capacity import (
    activation_elements,
    chip_parameters,
    largest_stage,
    replicas,
)
from bench.predict.model.operators import (
    ACTIVATION,
    Array,
    Operator,
    Points,
    operator,
    operators,
)
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.model.recipe import Recipe
from bench.workloads.counts import kv_elements, parameters
from bench.workloads.linear import other_layers
from bench.workloads.model import Workload

PASSES = {"attention": 3.5, "link": 2.0}
"""Cost of forward and backward together, in forward passes, by kind; others take ``USUAL``."""
USUAL = 3.0
"""One pass forward, and one for each of two gradients."""
NODE = 8
"""Chips per node; within a node no chip waits long for another."""
RING = 3.0
"""How often keys and values pass around the chips that share a sequence: once forward, and backward
together with their gradients (Liu et al. 2023, Ring Attention, arXiv 2310.01889)."""
UPDATED = 30.0
"""Bytes per parameter that an optimiser step reads and writes: it reads a gradient (4), and Adam's
moments with the master weight (12), and writes these and a 16-bit weight."""
NARROW_UPDATED = 20.0
"""The same with a gradient of 2 bytes and moments of 2 bytes each."""
LOGIT = 8.0
"""Bytes per logit in 16 bits: written, read by the loss, and read and written as its gradient."""
CAST = 4.0
"""Bytes per element that is cast for a narrower product: read in 16 bits, written twice in 8."""
PERMUTED = 16.0
"""Bytes per element of a token that goes to an expert: gathered and put back, in 16 bits, forward
and backward."""
ONCE = ("head, every token", "loss", "stage to stage")
"""Operators that recomputation does not repeat: they are in no layer, or their result is kept."""


@dataclass(frozen=True)
class TrainingWork:
    """The work of one chip in a training step; arrays over the points.

    Attributes:
        micro: operators of one micro-batch in the chip's layers, all passes.
        ring: keys and values passed around the chips of a sequence, while attention runs.
        rounds: number of micro-batches.
        doublings: log2 of the number of chips over those of one node; at least 0.
        idle: idle time at the ends of a pipeline, in micro-batches.
        once: gathering of weights in each round; summing of gradients over the copies; the
            optimiser's update.
        copies: number of chips that hold or share the same part of the model.
        stride: distance from one of these to the next, in chips: the size of a tensor-parallel
            group.
    """

    micro: tuple[Operator, ...]
    ring: Operator
    rounds: Array
    doublings: Array
    idle: Array
    once: tuple[Operator, Operator, Operator]
    copies: Array
    stride: Array


def training_work(
    workload: Workload, points: Points, formats: Precision, split: Parallel, recipe: Recipe
) -> TrainingWork:
    """Returns the work of one chip in a training step over a batch."""
    inner = replace(split, dp=split.dp * split.cp, cp=1)
    sequences = np.asarray(recipe.micro * split.dp + 0 * points.batch)
    micro = Points(sequences, points.length)
    forward = (
        *operators(workload, "prefill", micro, formats, inner),
        *_training_only(workload, micro, formats, inner),
    )
    rounds = np.maximum(np.ceil(points.batch / sequences), 1.0)
    return TrainingWork(
        micro=tuple(_all_passes(one, workload, formats, split, recipe) for one in forward),
        ring=_all_passes(_ring_exchange(workload, micro, split), workload, formats, split, recipe),
        rounds=rounds,
        doublings=max(0.0, math.log2(split.chips / NODE)) + 0 * rounds,
        idle=np.asarray((split.pp - 1) / recipe.stages + 0 * rounds),
        once=_once(workload, inner, rounds, NARROW_UPDATED if recipe.narrow else UPDATED),
        copies=inner.dp + 0 * rounds,
        stride=inner.tp + 0 * rounds,
    )


def model_flop(workload: Workload, length: Array, formats: Precision) -> Array:
    """Returns the FLOP that a step needs for one sequence: forward, and twice that for backward.

    These are six for each weight that a token is multiplied by, and those of causal attention.
    What is recomputed, also by flash attention, is not counted.

    Args:
        workload: the model.
        length: tokens of the sequence (points,).
        formats: number formats.
    """
    one = Points(np.ones_like(length), length)
    forward = operators(workload, "prefill", one, formats, Parallel())
    others = 2 * (length - 1) * parameters(workload).head  # beyond the head of the last token
    return np.asarray(USUAL * (np.sum([each.flop for each in forward], axis=0) + others))


def _once(
    workload: Workload, split: Parallel, rounds: Array, updated: float
) -> tuple[Operator, Operator, Operator]:
    """Returns the exchanges between copies, and the update of the weights.

    Args:
        workload: the model.
        split: how the model is divided, without ``cp``.
        rounds: number of micro-batches (points,).
        updated: bytes per parameter that the optimiser reads and writes.
    """
    dense, routed = chip_parameters(workload, split)
    dense_copies, routed_copies = replicas(split)
    sums = _all_reduce_bytes(dense, dense_copies) + _all_reduce_bytes(routed, routed_copies)
    group = {"ranks": float(split.dp), "peers": float(split.dp)}
    gathers, gradients = (1.5 * sums, 0.0) if split.gathers else (0.0, sums)
    moved = updated * (dense / dense_copies + routed / routed_copies)
    return (
        operator("weights gathered", "link", rounds, sent=gathers, **group),
        operator("gradients over copies", "link", rounds, sent=gradients, **group),
        operator("optimiser", "stream", rounds, moved=moved),
    )


def _all_reduce_bytes(elements: float, copies: float) -> float:
    """Returns the bytes that a chip sends in an all-reduce of gradients over copies.

    Gradients are sent in 16 bits, as in the fitted runs, even if they are stored in 32.
    """
    return 2 * ACTIVATION * elements * max(copies - 1, 0.0) / max(copies, 1.0)


def _ring_exchange(workload: Workload, micro: Points, split: Parallel) -> Operator:
    """Returns the exchange of keys and values among the chips that share each sequence.

    States of linear attention, which pass on once, are left out.
    """
    rows = micro.batch * micro.length / split.dp / split.cp
    elements = kv_elements(workload) / kept_heads(workload, split.tp)
    layers = other_layers(workload)
    sent = layers * ACTIVATION * elements * rows * (split.cp - 1)
    calls = layers * (split.cp - 1)
    ranks = split.tp * split.cp
    return operator("keys and values", "link", rows, sent=sent, calls=calls, ranks=ranks, peers=2)


def _all_passes(
    one: Operator, workload: Workload, formats: Precision, split: Parallel, recipe: Recipe
) -> Operator:
    """Returns the work of all passes on the stage with the most layers, from a forward pass's."""
    again = float(recipe.recompute >= 1) if one.kind == "attention" else recipe.recompute
    passes = PASSES.get(one.kind, USUAL) + (0.0 if one.name in ONCE else again)
    if one.name == "keys and values":
        passes = RING + float(recipe.recompute >= 1)
    factor, sent = passes * largest_stage(workload, split, recipe.stages), 1.0
    if one.name == "all-to-all":  # in 16 bits both ways
        sent = 2 * ACTIVATION / formats.dispatched
    if one.name == "stage to stage":  # each chip sends its share after each part of its layers
        factor = passes * (split.pp * recipe.stages - 1) / (split.pp - 1) / split.pp
        sent = 1 / split.tp
    counts = {key: getattr(one, key) * factor for key in COUNTS}
    return replace(one, **counts, sent=one.sent * factor * sent)


COUNTS = ("flop", "weights", "moved", "calls")
"""The attributes of an ``Operator`` that grow with the number of passes, besides ``sent``."""


def _training_only(
    workload: Workload, micro: Points, formats: Precision, split: Parallel
) -> list[Operator]:
    """Returns operators of training's forward pass that a prefill does not have."""
    rows = micro.batch * micro.length / split.dp
    others = rows - micro.batch / split.dp  # a prefill has the head of each prompt's last token
    elements = parameters(workload).head / split.tp
    found = [
        operator("head, every token", "head", others, tokens=rows, flop=2 * others * elements),
        operator(
            "loss", "stream", rows, moved=LOGIT / USUAL * rows * workload.vocabulary / split.tp
        ),
    ]
    if workload.experts:
        routed = workload.layers - workload.experts.dense_layers
        moved = PERMUTED / USUAL * workload.experts.per_token * workload.hidden * routed
        found.append(operator("tokens to experts", "stream", rows, moved=rows * moved / split.tp))
    if formats.rate not in ("bf16", "fp16", "fp32"):
        cast = CAST / USUAL * rows * activation_elements(workload) / split.tp
        found.append(operator("casts", "stream", rows, moved=cast))
    return found
