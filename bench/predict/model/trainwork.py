"""What a chip does in a training step on its share of a batch: operators, messages, rounds.

A copy of the model works off its sequences in micro-batches; in a pipeline the stages wait for the
first and after the last one. Every product is done three times over, forward and for two gradients;
attention's backward does its scores again (Dao 2023, arXiv 2307.08691, 3.1.2: five products for the
forward's two). With recomputation each layer's forward is done once more. Stages are as long as the
one that has most layers, and interleaved ones send as often as they have parts (Narayanan et al.
2021, arXiv 2104.04473, 2.2).
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from bench.predict.model.attention import kept_heads
from bench.predict.model.capacity import held, replicas, stage, through
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
from bench.workloads.model import Workload

PASSES = {"attention": 3.5, "link": 2.0}
"""Forward passes that a forward and a backward one take, by kind; all others take ``USUAL``."""
USUAL = 3.0
NODE = 8
"""Chips of a node, in which none waits long for another."""
RING = 3.0
"""Times that keys and values pass round the chips of a sequence: forward, and backward with their
gradients beside them (Liu et al. 2023, Ring Attention, arXiv 2310.01889)."""
DISPATCH = 4 / 3
"""Bytes of a token to its experts and back, both in 16 bits, over those of serving."""
UPDATED = 30.0
"""Bytes that an optimiser step reads and writes a parameter: it reads a gradient of 4 and Adam's
states and the weight that it keeps of 12, and writes these and a weight in 16 bits."""
NARROW_UPDATED = 20.0
"""The same with a gradient of 2 and moments of 2 each."""
LOGIT = 8.0
"""Bytes a logit: written, read by the loss, and read and written as its gradient, in 16 bits."""
CAST = 4.0
"""Bytes an element that is made narrower for a product: read in 16 bits, written twice in 8."""
PERMUTED = 16.0
"""Bytes an element of a token that goes to an expert: gathered, and put back, in 16 bits, forward
and backward."""
ONCE = ("head, every token", "loss", "stage to stage")
"""What no recomputation does again: it is of no layer, or its result is at hand."""


@dataclass(frozen=True)
class Work:
    """What one chip does in a step; arrays over the points.

    Attributes:
        every: operators of one micro-batch in its layers, all passes.
        round_: keys and values that pass round the chips of a sequence, beside its attention.
        rounds: micro-batches.
        doublings: of the chips beyond a node's.
        idle: micro-batches that a pipeline's ends take beside them.
        once: weights gathered in a round, gradients over the copies, the optimiser's update.
        copies: chips that hold the same part of the model, or share it.
        apart: chips from one of them to the next: the size of a tensor-parallel group.
    """

    every: tuple[Operator, ...]
    round_: Operator
    rounds: Array
    doublings: Array
    idle: Array
    once: tuple[Operator, Operator, Operator]
    copies: Array
    apart: Array


def works(
    workload: Workload, points: Points, how: Precision, split: Parallel, recipe: Recipe
) -> Work:
    """Returns what a chip does in a step over a batch."""
    inner = replace(split, dp=split.dp * split.cp, cp=1)
    micro = np.asarray(recipe.micro * split.dp + 0 * points.batch)
    small = Points(micro, points.length)
    every = (
        *operators(workload, "prefill", small, how, inner),
        *_beside(workload, small, how, inner),
    )
    rounds = np.maximum(np.ceil(points.batch / micro), 1.0)
    return Work(
        every=tuple(_over(one, workload, split, recipe) for one in every),
        round_=_over(_round(workload, small, split), workload, split, recipe),
        rounds=rounds,
        doublings=max(0.0, math.log2(split.chips / NODE)) + 0 * rounds,
        idle=np.asarray((split.pp - 1) / recipe.stages + 0 * rounds),
        once=_once(workload, inner, rounds, NARROW_UPDATED if recipe.narrow else UPDATED),
        copies=inner.dp + 0 * rounds,
        apart=inner.tp + 0 * rounds,
    )


def _once(
    workload: Workload, split: Parallel, rounds: Array, updated: float
) -> tuple[Operator, Operator, Operator]:
    """Returns what copies send one another, and the update of the weights."""
    own, routed = held(workload, split)
    whole, copies = replicas(split)
    sums = _ring(own, whole) + _ring(routed, copies)
    among = {"over": float(split.dp), "among": float(split.dp)}
    gathers, gradients = (1.5 * sums, 0.0) if split.sharded else (0.0, sums)
    return (
        operator("weights gathered", "link", rounds, sent=gathers, **among),
        operator("gradients over copies", "link", rounds, sent=gradients, **among),
        operator("optimiser", "stream", rounds, moved=updated * (own / whole + routed / copies)),
    )


def _ring(elements: float, copies: float) -> float:
    """Returns the bytes that a chip sends to sum gradients of elements, and to hand them round.

    They are sent in 16 bits, as in the runs that were fitted, if they are kept in 32.
    """
    return 2 * ACTIVATION * elements * max(copies - 1, 0.0) / max(copies, 1.0)


def _round(workload: Workload, small: Points, split: Parallel) -> Operator:
    """Returns what keys and values take round the chips that share each sequence."""
    rows = small.batch * small.length / split.dp / split.cp
    shared = kv_elements(workload) / kept_heads(workload, split.tp)
    sent = workload.layers * ACTIVATION * shared * rows * (split.cp - 1)
    calls = workload.layers * (split.cp - 1)
    over = split.tp * split.cp
    return operator("keys and values", "link", rows, sent=sent, calls=calls, over=over, among=2)


def _over(one: Operator, workload: Workload, split: Parallel, recipe: Recipe) -> Operator:
    """Returns a forward pass's work as that of all passes, on the stage with most layers."""
    again = float(recipe.recompute >= 1) if one.kind == "attention" else recipe.recompute
    passes = PASSES.get(one.kind, USUAL) + (0.0 if one.name in ONCE else again)
    if one.name == "keys and values":
        passes = RING + float(recipe.recompute >= 1)
    factor = passes * stage(workload, split, recipe.stages)
    if one.name == "all-to-all":
        factor *= DISPATCH
    if one.name == "stage to stage":  # each chip its share, whenever a part of its layers is done
        factor = passes * (split.pp * recipe.stages - 1) / (split.pp - 1) / split.pp / split.tp
    counts = {key: getattr(one, key) * factor for key in COUNTS}
    return replace(one, **counts)


COUNTS = ("flop", "weights", "moved", "sent", "calls")


def _beside(workload: Workload, small: Points, how: Precision, split: Parallel) -> list[Operator]:
    """Returns what a forward pass of training has beside one of a prompt."""
    rows = small.batch * small.length / split.dp
    others = rows - small.batch / split.dp
    kept = parameters(workload).head / split.tp
    told = [
        operator("head, every token", "head", others, tokens=rows, flop=2 * others * kept),
        operator(
            "loss", "stream", rows, moved=LOGIT / USUAL * rows * workload.vocabulary / split.tp
        ),
    ]
    if workload.experts:
        routed = workload.layers - workload.experts.dense_layers
        each = PERMUTED / USUAL * workload.experts.per_token * workload.hidden * routed
        told.append(operator("tokens to experts", "stream", rows, moved=rows * each / split.tp))
    if how.rate not in ("bf16", "fp16", "fp32"):
        cast = CAST / USUAL * rows * through(workload) / split.tp
        told.append(operator("casts", "stream", rows, moved=cast))
    return told
