"""The work of one model step on one chip, operator by operator: FLOP, bytes and messages.

The counts are those of ``bench.workloads.counts``, but over whole arrays of batches and lengths at
once, and divided over the chips by a ``Parallel``. A step is one forward pass: over a batch of
prompts (prefill), or over one token of each sequence in a batch (decode).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from bench.predict.model.attention import Array as Array  # noqa: PLC0414 -- exported
from bench.predict.model.attention import (
    AttentionInput,
    attention_flop,
    cache_bytes,
    index_scores,
    replicated_everywhere,
    some_products,
    tiled_heads,
)
from bench.predict.model.launches import routed_layers, usual_layers
from bench.predict.model.linearattention import recurrence, streamed
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.workloads import linear
from bench.workloads.counts import NO_PRODUCT, ROUTED, dense, layer_shapes
from bench.workloads.model import Workload

Kind = Literal[
    "product", "head", "experts", "attention", "indexer", "stream", "link", "layer", "expert layer"
]  # fmt: skip
"""Kinds of operators; the kind decides how the time is computed."""
ACTIVATION = 2.0
"""Bytes of an activation, and of an element of the head."""
BLOCK = ("gate_up", "up", "down")
"""Weights of a feed-forward block that every token passes through."""
SHARED = ("shared_gate_up", "shared_down", "shared_gate")
"""Weights of the shared experts."""


@dataclass(frozen=True)
class Operator:
    """One kind of work in all layers of a step, as one chip does it; arrays over the points.

    Attributes:
        name: name of the operator in tables.
        kind: decides how the time is computed.
        tokens: rows of a matrix product, before it is divided over chips; for attention in which
            each token has keys of its own to all heads, query heads on one chip.
        flop: arithmetic operations, FLOP.
        weights: weights read, B.
        moved: cache and activations read and written, B.
        sent: bytes sent over a link in one direction.
        calls: number of collectives started, or of layers launched.
        ranks: number of chips in the collective.
        peers: number of chips that exchange with one another at the same time.
        ports: number of chips in a node whose network ports carry one chip's share to other nodes.
        fanout: number of chips that a token goes to. Above 1, chips of one node share one copy of
            the token on the way there; 1: each chip gets its own copy; 0: everything sent beyond
            the node crosses the network.
        groups, groups_per_token: number of groups of experts, and of those that one token may use.
    """

    name: str
    kind: Kind
    tokens: Array
    flop: Array
    weights: Array
    moved: Array
    sent: Array
    calls: Array
    ranks: Array
    peers: Array
    ports: Array
    fanout: Array
    groups: Array
    groups_per_token: Array


@dataclass(frozen=True)
class Points:
    """Sequences in a step and their lengths; arrays of (points,).

    Attributes:
        batch: sequences in a step, over all chips.
        length: tokens per sequence: of the prompt in prefill or training, of the context in decode.
        squares: sum over the prompts of length squared; None if all have the same length.
    """

    batch: Array
    length: Array
    squares: Array | None = None

    @property
    def pairs(self) -> Array:
        """Returns the (query, key) pairs of causal prompts, summed over the batch."""
        squares = self.batch * self.length**2 if self.squares is None else self.squares
        return (squares + self.batch * self.length) / 2


def operators(
    workload: Workload, phase: str, points: Points, formats: Precision, split: Parallel
) -> list[Operator]:
    """Returns the operators of a forward pass.

    Args:
        workload: the model.
        phase: ``prefill`` or ``decode``.
        points: batch and length of each point.
        formats: number formats of weights, products and cache.
        split: how the model is divided. A batch passes a pipeline's stages one after the other,
            each with its share of the layers, so a pass takes as long as one over all layers.
    """
    rows = points.batch * (points.length if phase == "prefill" else 1.0) / split.dp
    return [
        *_attention(workload, phase, points, rows, formats, split),
        *_blocks(workload, rows, formats, split),
        _head(workload, points, split),
        _streams(workload, rows, split),
        *_links(workload, phase, rows, formats, split),
        *_launches(workload, rows),
    ]


PARTS = (
    "tokens", "flop", "weights", "moved", "sent", "calls", "ranks", "peers", "ports", "fanout",
    "groups", "groups_per_token",
)  # fmt: skip
"""The attributes of an ``Operator`` that are arrays."""


def operator(name: str, kind: Kind, like: Array, **values: Array | float) -> Operator:
    """Returns an operator with as many points as ``like``; arrays that are not given are zero."""
    zero = np.zeros_like(like, np.float64)
    arrays = {key: zero + values[key] if key in values else zero for key in PARTS}
    return Operator(name, kind, **arrays)


def _product(name: str, rows: Array, elements: float, size: float) -> Operator:
    """Returns a matrix product of rows with weights, whose elements take ``size`` bytes each."""
    flop, weights = 2 * rows * elements, elements * size
    return operator(name, "product", rows, tokens=rows, flop=flop, weights=weights)


def _elements(workload: Workload, names: tuple[str, ...]) -> int:
    """Returns the elements of some of a layer's weights."""
    shapes = layer_shapes(workload)
    return sum(prod(shapes[name]) for name in names if name in shapes)


def _attention_names(workload: Workload) -> tuple[str, ...]:
    """Returns the weights of attention products: neither feed-forward, experts nor router."""
    others = (*BLOCK, *SHARED, *ROUTED, *NO_PRODUCT, "router")
    return tuple(name for name in layer_shapes(workload) if name not in others)


def _attention(  # noqa: PLR0913, PLR0917 -- chip, workload and stack kept apart
    workload: Workload, phase: str, points: Points, rows: Array, formats: Precision, split: Parallel
) -> Iterator[Operator]:
    """Yields attention and its products, linear attention, and an indexer with its products.

    Args:
        workload: the model.
        phase: ``prefill`` or ``decode``.
        points: batch and length of each point.
        rows: tokens that one copy of the model processes (points,).
        formats: number formats.
        split: how the model is divided.
    """
    shared = _elements(workload, _attention_names(workload)) / split.tp
    some = some_products(workload)
    in_all = shared + replicated_everywhere(workload, split.tp)
    elements = linear.other_layers(workload) * in_all + some["compressed"]
    elements += linear.layers(workload) * linear.products(workload) / split.tp
    yield _product("attention products", rows, elements, formats.dense_weight)
    pairs = points.pairs if phase == "prefill" else points.batch * points.length
    inputs = AttentionInput(phase == "prefill", points.batch, points.length, pairs)
    flop = attention_flop(workload, inputs, (split.dp, split.tp))
    moved = cache_bytes(workload, inputs, formats.cache, split)
    tokens = tiled_heads(workload, inputs, split.tp)
    yield operator("attention", "attention", rows, tokens=tokens, flop=flop, moved=moved)
    if workload.linear:
        flop, moved = recurrence(workload, inputs, split)
        yield operator("linear attention", "attention", rows, flop=flop, moved=moved)
    if workload.indexer:  # replicated: each chip of a tensor-parallel group does all of it
        elements = some["indexer"]
        yield _product("indexer products", rows, elements, formats.dense_weight)
        flop, moved = index_scores(workload, inputs)
        yield operator("indexer", "indexer", rows, flop=flop / split.dp, moved=moved / split.dp)


def _blocks(
    workload: Workload, rows: Array, formats: Precision, split: Parallel
) -> Iterator[Operator]:
    """Yields feed-forward blocks, routers, shared experts and routed experts."""
    experts = workload.experts
    plain = experts.dense_layers if experts else workload.layers
    if plain:
        elements = plain * _elements(dense(workload), BLOCK) / split.tp
        yield _product("feed-forward", rows, elements, formats.dense_weight)
    if experts is None:
        return
    layers = workload.layers - plain
    shared = layers * _elements(workload, (*SHARED, "router")) / split.tp
    yield _product("router and shared experts", rows, shared, formats.dense_weight)
    expert = _elements(workload, ROUTED) / experts.routed
    shards = split.shards
    tokens = rows * shards / split.tp  # that share one set of experts
    slots = split.expert_slots(experts.routed)
    missed = 1 - experts.per_token / slots
    active = slots * (1 - missed**tokens)  # expected number that get any token
    weights = layers * expert * active * formats.weight / shards
    flop = 2 * tokens * experts.per_token * expert * layers / shards
    per_expert = tokens * experts.per_token / np.maximum(active, 1e-9)
    yield operator("experts", "experts", per_expert, tokens=per_expert, flop=flop, weights=weights)


def _head(workload: Workload, points: Points, split: Parallel) -> Operator:
    """Returns the product with the vocabulary, for one token of each sequence."""
    elements = workload.vocabulary * workload.hidden / split.tp
    sequences = points.batch / split.dp
    flop, weights = 2 * sequences * elements, elements * ACTIVATION
    return operator("head", "head", sequences, tokens=sequences, flop=flop, weights=weights)


def _streams(workload: Workload, rows: Array, split: Parallel) -> Operator:
    """Returns memory traffic of norms, residuals, rotary embedding and the activation function.

    Per token, a norm before attention or a block reads and writes the hidden state and the
    residual, and a norm after either reads and writes the hidden state. The activation function
    reads one width, and a second for the gate if there is one, and writes one. Several parallel
    hidden states are read to be mixed, read again and merged into one, and read and written with
    the result, once for attention and once for the block: with n of them, 3n + 1 are read and n + 1
    written (Xie et al. 2025, mHC, arXiv 2512.24880, 4.3.1).
    """
    experts = workload.experts
    width = workload.intermediate or 0
    if experts:
        routed = experts.intermediate * (experts.per_token + experts.shared)
        share = experts.dense_layers / workload.layers
        width = int(share * width + (1 - share) * routed)
    widths = 3 if workload.gated else 2
    mixed = 2 * (4 * workload.streams + 2) * workload.hidden if workload.streams > 1 else 0
    norms = (4 + 2 * workload.norms) * workload.hidden
    elements = norms + mixed + (streamed(workload) + widths * width) / split.tp
    moved = workload.layers * ACTIVATION * elements * rows
    return operator("norms and activations", "stream", rows, moved=moved)


def _links(
    workload: Workload, phase: str, rows: Array, formats: Precision, split: Parallel
) -> Iterator[Operator]:
    """Yields the collectives, with the lower bound of bytes of a ring or of a direct exchange.

    A pipeline stage sends all parallel hidden states (mHC, 3.2) to the next stage only, from one
    chip to one chip. Many rings cross from node to node, each through another chip's port. A
    prompt's token is sent to each other node once and copied to the chips with its experts there; a
    decoded token is sent to each of its chips directly (DeepEP's normal and low-latency kernels).
    """
    state = rows * workload.hidden * ACTIVATION
    if split.tp > 1:
        calls = (1 if workload.parallel else 2) * workload.layers
        sent = calls * 2 * (split.tp - 1) / split.tp * state
        yield _exchange("all-reduce", sent, calls, split.tp, split.tp, ports=math.inf)
    if split.ep > split.tp and workload.experts:
        experts = workload.experts
        calls = 2 * (workload.layers - experts.dense_layers)
        away = (split.ep - 1) / split.ep * experts.per_token / split.tp
        sent = calls / 2 * away * rows * workload.hidden * formats.dispatched
        routing = {"groups": experts.groups, "groups_per_token": experts.groups_per_token}
        routing["fanout"] = experts.per_token if phase == "prefill" else 1
        yield _exchange("all-to-all", sent, calls, split.ep, split.ep, **routing)
    if split.pp > 1:
        calls = split.pp - 1
        sent = calls * workload.streams * state
        yield _exchange("stage to stage", sent, calls, split.tp * split.pp, 2)


def _exchange(
    name: str, sent: Array, calls: int, ranks: int, peers: int, **more: float
) -> Operator:
    return operator(name, "link", sent, sent=sent, calls=calls, ranks=ranks, peers=peers, **more)


def _launches(workload: Workload, rows: Array) -> Iterator[Operator]:
    """Yields launch overhead; that of routed experts is counted separately."""
    yield operator("launches", "layer", rows, calls=usual_layers(workload))
    if routed := routed_layers(workload):
        yield operator("launches of experts", "expert layer", rows, calls=routed)
