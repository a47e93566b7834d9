"""What one step of a model makes a chip do, operator by operator: FLOP, bytes and messages.

Counts are those of ``bench.workloads.counts``, here over whole arrays of batches and lengths at
once, and divided over the chips as ``Parallel`` says. A step is one pass: a batch of prompts
(prefill), or one token for each of a batch of sequences (decode).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.predict.model.attention import (
    Asked,
    attended,
    copied,
    read,
    scored,
    some_products,
    tiled,
)
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.workloads.counts import NO_PRODUCT, ROUTED, dense, layer_shapes
from bench.workloads.model import Workload

Array = NDArray[np.float64]
Kind = Literal[
    "product", "head", "experts", "attention", "indexer", "stream", "link", "layer", "expert layer"
]  # fmt: skip
ACTIVATION = 2.0
"""Bytes of an activation, and of an element of the head."""
DISPATCHED = 3.0
"""Bytes that a token's element takes to its experts in 8 bits and back in 16."""
HEADS, LATENT, COMPRESSED, FEED, INDEX, FOLD, STREAMS = 6.0, 10.0, 10.0, 3.0, 7.0, 2.0, 4.0
"""Kernels of a layer's attention: two norms, the product of queries, keys and values, their
turning, attention, the output; with latents five for that product: down to latents, their norm, up
to queries, into keys' latents and out of values'; and of a block: gate with up, or up alone,
activation, down. Without rotary embedding there is no turning. Of an indexer: the products of its
queries and of its keys, these normalised, both turned, both in 8 bits, scores, choice. Compressed
attention has latents of queries alone, and two products for the output; making one key of many
takes a product and the sum. Mixed hidden states take two kernels before what they are mixed for and
after it."""
USUAL = HEADS + FEED
"""Kernels of the dense layers that the stack's fixed time a layer was fitted on."""
BLOCK = ("gate_up", "up", "down")
SHARED = ("shared_gate_up", "shared_down")


@dataclass(frozen=True)
class Operator:
    """One kind of work in all layers of a step, as one chip does it; arrays over the points.

    Attributes:
        tokens: rows of a matrix product, before it is divided; of attention to chosen keys the
            heads on one chip.
        flop: operations.
        weights: bytes of weights that are read.
        moved: bytes of cache and activations that are read and written.
        sent: bytes that pass a link in one direction.
        calls: collectives that are begun, or layers that are launched.
        over: chips that take part in a collective.
        among: chips that exchange with one another at once.
        ports: chips of a node by whose network ports a chip's share passes to other nodes.
        spread: chips that a token goes to, of which those of one node share a copy on its way
            there; 1: each has its own; 0: what is sent beyond a node passes whole by the network.
        groups, limited: groups that experts are in, and those of them that a token may go to.
    """

    name: str
    kind: Kind
    tokens: Array
    flop: Array
    weights: Array
    moved: Array
    sent: Array
    calls: Array
    over: Array
    among: Array
    ports: Array
    spread: Array
    groups: Array
    limited: Array


@dataclass(frozen=True)
class Points:
    """What is asked of a model, one or many: sequences in a step, and how long they are.

    Attributes:
        batch: sequences in a step, over all chips.
        length: prompt of a prefill or training step; context of a decoding one.
        squares: sum over the prompts of length squared, where they are not all of one length.
    """

    batch: Array
    length: Array
    squares: Array | None = None

    @property
    def pairs(self) -> Array:
        """Returns how many (query, key) pairs a causal prompt has, over the batch."""
        squares = self.batch * self.length**2 if self.squares is None else self.squares
        return (squares + self.batch * self.length) / 2


def operators(
    workload: Workload, phase: str, points: Points, how: Precision, split: Parallel
) -> list[Operator]:
    """Returns the operators of a forward pass.

    Args:
        workload: the model.
        phase: ``prefill`` or ``decode``.
        points: what is asked; arrays of one length.
        how: formats.
        split: how the model is divided; pipeline stages do a share of the layers each, one after
            the other, so that a pass is as long as one over all layers.
    """
    rows = points.batch * (points.length if phase == "prefill" else 1.0) / split.dp
    return [
        *_attention(workload, phase, points, rows, how, split),
        *_blocks(workload, rows, how, split),
        _head(workload, points, split),
        _streams(workload, rows, split),
        *_links(workload, phase, rows, split),
        *_launches(workload, rows),
    ]


PARTS = (
    "tokens", "flop", "weights", "moved", "sent", "calls", "over", "among", "ports", "spread",
    "groups", "limited",
)  # fmt: skip


def operator(name: str, kind: Kind, like: Array, **given: Array | float) -> Operator:
    """Returns an operator over as many points as ``like`` has; what is not given is nought."""
    none = np.zeros_like(like, np.float64)
    parts = {key: none + given[key] if key in given else none for key in PARTS}
    return Operator(name, kind, **parts)


def _product(name: str, rows: Array, flop: Array, weights: Array | float) -> Operator:
    return operator(name, "product", rows, tokens=rows, flop=flop, weights=weights)


def _elements(workload: Workload, names: tuple[str, ...]) -> int:
    shapes = layer_shapes(workload)
    return sum(prod(shapes[name]) for name in names if name in shapes)


def _attention_names(workload: Workload) -> tuple[str, ...]:
    """Returns the attention products: neither feed-forward, experts nor router."""
    others = (*BLOCK, *SHARED, *ROUTED, *NO_PRODUCT, "router")
    return tuple(name for name in layer_shapes(workload) if name not in others)


def _attention(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    workload: Workload, phase: str, points: Points, rows: Array, how: Precision, split: Parallel
) -> Iterator[Operator]:
    shared = _elements(workload, _attention_names(workload)) / split.tp
    some = some_products(workload)
    kept = workload.layers * (shared + copied(workload, split.tp)) + some["compressed"]
    yield _product("attention products", rows, 2 * rows * kept, kept * how.beside)
    pairs = points.pairs if phase == "prefill" else points.batch * points.length
    asked = Asked(phase == "prefill", points.batch, points.length, pairs)
    flop = attended(workload, asked, (split.dp, split.tp))
    moved = read(workload, asked, how.cache, split)
    tokens = tiled(workload, asked, split.tp)
    yield operator("attention", "attention", rows, tokens=tokens, flop=flop, moved=moved)
    if workload.indexer:  # each chip of a tensor-parallel group does all of it
        kept = some["indexer"]
        yield _product("indexer products", rows, 2 * rows * kept, kept * how.beside)
        flop, moved = scored(workload, asked)
        yield operator("indexer", "indexer", rows, flop=flop / split.dp, moved=moved / split.dp)


def _blocks(workload: Workload, rows: Array, how: Precision, split: Parallel) -> Iterator[Operator]:
    experts = workload.experts
    plain = experts.dense_layers if experts else workload.layers
    if plain:
        kept = plain * _elements(dense(workload), BLOCK) / split.tp
        yield _product("feed-forward", rows, 2 * rows * kept, kept * how.beside)
    if experts is None:
        return
    layers = workload.layers - plain
    beside = layers * _elements(workload, (*SHARED, "router")) / split.tp
    yield _product("router and shared experts", rows, 2 * rows * beside, beside * how.beside)
    one = _elements(workload, ROUTED) / experts.routed
    shards = split.shards
    every = rows * shards / split.tp
    missed = 1 - experts.per_token / experts.routed
    touched = experts.routed * (1 - missed**every)
    weights = layers * one * touched * how.weight / shards
    flop = 2 * every * experts.per_token * one * layers / shards
    each = every * experts.per_token / np.maximum(touched, 1e-9)
    yield operator("experts", "experts", each, tokens=each, flop=flop, weights=weights)


def _head(workload: Workload, points: Points, split: Parallel) -> Operator:
    kept = workload.vocabulary * workload.hidden / split.tp
    sequences = points.batch / split.dp
    flop, weights = 2 * sequences * kept, kept * ACTIVATION
    return operator("head", "head", sequences, tokens=sequences, flop=flop, weights=weights)


def _streams(workload: Workload, rows: Array, split: Parallel) -> Operator:
    """Returns norms, residuals, turning of queries and keys, and activation, read and written.

    A token: two norms read and write the hidden state, and the residual with it; queries and keys
    are read and written as far as they are turned; the activation reads a width and writes one, and
    reads that of the gate where there is one. Hidden states that run beside one another are read
    to be mixed, read and made one, and read and written with what comes out, once for attention and
    once for the block: of n of them 3n + 1 are read and n + 1 written (Xie et al. 2025, mHC, arXiv
    2512.24880, 4.3.1).
    """
    experts = workload.experts
    width = workload.intermediate or 0
    if experts:
        routed = experts.intermediate * (experts.per_token + experts.shared)
        share = experts.dense_layers / workload.layers
        width = int(share * width + (1 - share) * routed)
    part = workload.rotary or workload.head_dim
    turned = 2 * (workload.heads + workload.kv_heads) * part if workload.rope_theta else 0
    widths = 3 if workload.activation == "silu" else 2
    several = 2 * (4 * workload.streams + 2) * workload.hidden if workload.streams > 1 else 0
    each = 4 * workload.hidden + several + (turned + widths * width) / split.tp
    moved = workload.layers * ACTIVATION * each * rows
    return operator("norms and activations", "stream", rows, moved=moved)


def _links(workload: Workload, phase: str, rows: Array, split: Parallel) -> Iterator[Operator]:
    """Yields the collectives: bytes by the ring's or the direct exchange's lower bound.

    A stage sends to the next alone, each chip to one chip, all hidden states that run beside one
    another (mHC, 3.2). Many rings pass from node to node, each by another chip's port. To experts
    of another node a prompt's token is sent once, and copied to its chips there; one that is
    decoded goes straight to each (DeepEP, its normal and its low-latency kernels).
    """
    each = rows * workload.hidden * ACTIVATION
    if split.tp > 1:
        calls = 2 * workload.layers
        sent = calls * 2 * (split.tp - 1) / split.tp * each
        yield _exchange("all-reduce", sent, calls, split.tp, split.tp, ports=math.inf)
    if split.ep > split.tp and workload.experts:
        experts = workload.experts
        calls = 2 * (workload.layers - experts.dense_layers)
        away = (split.ep - 1) / split.ep * experts.per_token / split.tp
        sent = calls / 2 * away * rows * workload.hidden * DISPATCHED
        given = {"groups": experts.groups, "limited": experts.groups_per_token}
        given["spread"] = experts.per_token if phase == "prefill" else 1
        yield _exchange("all-to-all", sent, calls, split.ep, split.ep, **given)
    if split.pp > 1:
        calls = split.pp - 1
        sent = calls * workload.streams * each
        yield _exchange("stage to stage", sent, calls, split.tp * split.pp, 2)


def _exchange(name: str, sent: Array, calls: int, over: int, among: int, **more: float) -> Operator:
    return operator(name, "link", sent, sent=sent, calls=calls, over=over, among=among, **more)


def _launches(workload: Workload, rows: Array) -> Iterator[Operator]:
    """Yields what lies between kernels, in layers of the usual number of them.

    A layer with experts has no plain block: it has a router, the block that all tokens share if
    there is one, and routed experts, whose launches are told apart.
    """
    one, experts = workload.compressed, workload.experts
    every = COMPRESSED if one else LATENT if workload.mla else HEADS
    every += STREAMS if workload.streams > 1 else 0.0
    every -= 0.0 if workload.rope_theta else 1.0
    routed = workload.layers - experts.dense_layers if experts else 0
    beside = 1.0 + (FEED if experts and experts.shared else 0.0)
    kernels = workload.layers * every + (workload.layers - routed) * FEED + routed * beside
    kernels += workload.indexer.layers * INDEX if workload.indexer else 0.0
    kernels += (one.sparse_layers + one.heavy_layers) * FOLD if one else 0.0
    yield operator("launches", "layer", rows, calls=kernels / USUAL)
    if routed:
        yield operator("launches of experts", "expert layer", rows, calls=routed)
