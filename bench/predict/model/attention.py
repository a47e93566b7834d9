"""FLOP and bytes of attention and of indexers, and what each chip holds unsharded of both.

An indexer scores all past keys, and attention sees the best of them (DeepSeek sparse attention,
arXiv 2512.02556, 2.1). Engines skip scoring if a prompt has no more keys than are selected, and
then unfold latents; longer prompts attend in latents, as decode does (vLLM, ``use_dense_mha``;
SGLang, pull request 11892). An indexer's weights and keys are replicated on every chip of a
tensor-parallel group, and so are the weights that fold several tokens into one compressed key
(vLLM, ``Indexer``, ``DeepseekCompressor``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from operator import truediv

import numpy as np
from numpy.typing import NDArray

from bench.predict.model.parallel import Parallel
from bench.workloads.counts import (
    Span,
    index_key_bytes,
    index_per,
    kv_elements,
    layer_shapes,
    some_layers,
    spans,
)
from bench.workloads.linear import other_layers
from bench.workloads.model import Workload

Array = NDArray[np.float64]
"""One value per point (points,)."""
LOGIT = 8.0
"""Bytes per score of an indexer: written in 32 bits, and read to select keys."""
WHOLE = ("q_a", "kv_a", "streams_attention", "streams_mlp")
"""Weights that tensor parallelism replicates, as they belong to no head: those of latents, and
those that mix parallel hidden states."""


@dataclass(frozen=True)
class AttentionInput:
    """The sequences that attention processes; arrays over the points.

    Attributes:
        prefill: whether it processes whole prompts, or one token per sequence (decode).
        batch: number of sequences.
        length: tokens per sequence.
        pairs: (query, key) pairs over the batch if each token attends to all earlier ones.
    """

    prefill: bool
    batch: Array
    length: Array
    pairs: Array


def kept_heads(workload: Workload, tp: int) -> float:
    """Returns the factor by which ``tp`` divides the cache: whole heads only, and never latents."""
    return 1.0 if workload.mla else workload.kv_heads / math.ceil(workload.kv_heads / tp)


def replicated(workload: Workload, tp: int) -> float:
    """Returns the elements of a layer's attention that a chip holds beyond its 1/tp share.

    Weights that only some layers have are included as an average over all layers.
    """
    some = sum(some_products(workload).values())
    share = other_layers(workload) / workload.layers
    in_all = replicated_everywhere(workload, tp) * share
    return in_all + some / workload.layers * (1 - 1 / tp)


def replicated_everywhere(workload: Workload, tp: int) -> float:
    """Returns the same for the weights that all layers without linear attention have.

    Latents belong to no head and are whole on each chip; keys and values are kept as whole heads.
    """
    shapes = layer_shapes(workload)
    if workload.mla or workload.compressed:
        return sum(prod(shapes[name]) for name in WHOLE if name in shapes) * (1 - 1 / tp)
    elements = 2 * workload.kv_heads * workload.head_dim * workload.hidden
    return elements * (1 / kept_heads(workload, tp) - 1 / tp)


def some_products(workload: Workload) -> dict[str, int]:
    """Returns the elements of weights that only some layers have: indexers', compressed keys'."""
    found = {"indexer": 0, "compressed": 0}
    for layers, shapes in some_layers(workload):
        name = "indexer" if "index_q" in shapes else "compressed"
        found[name] += layers * sum(prod(one) for one in shapes.values() if len(one) > 1)
    return found


def attention_flop(workload: Workload, inputs: AttentionInput, share: Sequence[int] = ()) -> Array:
    """Returns the FLOP of attention in all layers over the batch (points,).

    Args:
        workload: the model.
        inputs: the sequences.
        share: numbers of chips to divide by, one after the other.
    """
    total = np.zeros_like(inputs.length, np.float64)
    for span in spans(workload):
        seen = _seen(span, inputs)
        per_key = 2.0 * workload.heads * _per_key(workload, inputs, seen)
        if inputs.prefill:
            flop = per_key * (_pairs(span, inputs, seen) + inputs.batch * _compressed(span, inputs))
        else:
            flop = per_key * (seen + _compressed(span, inputs)) * inputs.batch
        total = total + reduce(truediv, share, span.layers * flop)
    return total


def cache_bytes(workload: Workload, inputs: AttentionInput, size: float, split: Parallel) -> Array:
    """Returns the bytes of cache that a chip reads in decode, or writes in prefill (points,).

    Args:
        workload: the model.
        inputs: the sequences.
        size: bytes per element of the cache.
        split: how the model is divided.
    """
    total = np.zeros_like(inputs.length, np.float64)
    sequences, parts = inputs.batch / split.dp, kept_heads(workload, split.tp)
    for span in spans(workload):
        keys = inputs.length if inputs.prefill else _seen(span, inputs)
        if span.per:
            folded = _folded(inputs.length, span.per)
            keys = keys + (folded if inputs.prefill else _compressed(span, inputs))
        total = total + span.layers * kv_elements(workload) * size * (sequences * keys) / parts
    return total


def tiled_heads(workload: Workload, inputs: AttentionInput, tp: int) -> Array:
    """Returns query heads per chip if each query has its own keys, shared by all heads; else 0.

    So it is in decode with latents, and in prompts if each token selects its keys.
    """
    selects = bool(workload.indexer or workload.compressed)
    if not inputs.prefill:
        return np.full_like(inputs.length, workload.heads / tp if workload.mla or selects else 0.0)
    if not selects:
        return np.zeros_like(inputs.length, np.float64)
    beyond = inputs.length > _seen(spans(workload)[0], inputs)
    return np.where(beyond, workload.heads / tp, 0.0)


def index_scores(workload: Workload, inputs: AttentionInput) -> tuple[Array, Array]:
    """Returns FLOP and bytes of the scores of all layers' indexers over the batch, (points,) each.

    Keys are read in decode and written in prefill; scores are written and read.
    """
    indexer, per = workload.indexer, index_per(workload)
    if indexer is None:
        return np.zeros_like(inputs.length), np.zeros_like(inputs.length)
    keys = inputs.batch * _folded(inputs.length, per)
    scores = keys
    if inputs.prefill:
        pairs = inputs.pairs if per == 1 else inputs.batch * _floors(inputs.length, per)
        scores = np.where(_folded(inputs.length, per) > indexer.top_k, pairs, 0.0)
    flop = 2.0 * indexer.heads * indexer.head_dim * indexer.layers * scores
    return flop, indexer.layers * (index_key_bytes(indexer) * keys + LOGIT * scores)


def _seen(span: Span, inputs: AttentionInput) -> Array:
    """Returns the most uncompressed keys that a token sees (points,).

    In decode with chunks, these are the keys of the token's chunk up to itself.
    """
    if span.window is None:
        return inputs.length
    if span.chunked and not inputs.prefill:
        return np.asarray(np.minimum((inputs.length - 1) % span.window + 1, span.window))
    return np.minimum(inputs.length, span.window)


def _per_key(workload: Workload, inputs: AttentionInput, seen: Array) -> Array | int:
    """Returns multiply-adds per head and key: of the score, and of the weighted value."""
    mla = workload.mla
    if mla is None:
        return 2 * workload.head_dim
    folded, unfolded = 2 * mla.kv_lora + mla.rope, workload.head_dim + mla.v
    if not inputs.prefill:
        return folded
    return np.where(inputs.length == seen, unfolded, folded) if workload.indexer else unfolded


def _pairs(span: Span, inputs: AttentionInput, seen: Array) -> Array:
    """Returns the (query, key) pairs of prompts over the batch, for uncompressed keys."""
    beyond = inputs.length - seen
    pairs = inputs.batch * (seen * (seen + 1) / 2 + beyond * seen)
    if span.chunked:
        whole = np.floor(inputs.length / seen)
        rest = inputs.length - whole * seen
        pairs = inputs.batch * (whole * seen * (seen + 1) + rest * (rest + 1)) / 2
    return np.where(beyond == 0, inputs.pairs, pairs)


def _compressed(span: Span, inputs: AttentionInput) -> Array:
    """Returns the compressed keys seen per sequence: by one token, or by all of a prompt's."""
    if not span.per:
        return np.zeros_like(inputs.length, np.float64)
    top = math.inf if span.top is None else float(span.top)
    if not inputs.prefill:
        return np.minimum(_folded(inputs.length, span.per), top)
    most = np.minimum(inputs.length, span.per * top)
    beyond = inputs.length - most
    return _floors(most, span.per) + np.where(beyond > 0, beyond * (span.top or 0), 0.0)


def _folded(length: Array, per: int) -> Array:
    """Returns the number of compressed keys for so many tokens."""
    return np.floor(length / per) if per > 1 else length * float(per)


def _floors(length: Array, per: int) -> Array:
    """Returns the sum of ``floor(t / per)`` over t = 1, ..., length."""
    whole = _folded(length, per)
    return per * whole * (whole - 1) / 2 + whole * (length - per * whole + 1)
