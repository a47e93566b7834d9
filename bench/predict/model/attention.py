"""What attention computes and reads, what chooses its keys, and what each chip keeps whole of both.

An indexer scores all past keys and attention sees the best of them (DeepSeek sparse attention,
arXiv 2512.02556, 2.1). Engines leave scoring out where a prompt has no more keys than are chosen,
and then unfold latents; longer prompts attend in latents, as decoding does (vLLM,
``use_dense_mha``; SGLang, pull request 11892). Its weights and keys are whole on every chip of a
tensor-parallel group, and so is what makes one key of many (vLLM, ``Indexer``: replicated;
``DeepseekCompressor``).
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
from bench.workloads.model import Workload

Array = NDArray[np.float64]
LOGIT = 8.0
"""Bytes of a score: written in 32 bits, and read to choose by."""
WHOLE = ("q_a", "kv_a", "streams_attention", "streams_mlp")
"""Products of latents, and of hidden states that are mixed: of no head."""


@dataclass(frozen=True)
class Asked:
    """What is asked of attention: a prefill, or a token for each sequence; arrays over the points.

    Attributes:
        prefill: whether it is of prompts.
        batch, length: sequences, and tokens of each.
        pairs: of a query and a key before it, over the batch, where a token sees all.
    """

    prefill: bool
    batch: Array
    length: Array
    pairs: Array


def kept_heads(workload: Workload, tp: int) -> float:
    """Returns by how much a chip's keys and values are fewer: it keeps whole heads; latents all."""
    return 1.0 if workload.mla else workload.kv_heads / math.ceil(workload.kv_heads / tp)


def replicated(workload: Workload, tp: int) -> float:
    """Returns the attention weights of a layer that a chip holds beyond its equal share.

    Those that only some layers have are among them, over all layers on average.
    """
    some = sum(some_products(workload).values())
    return copied(workload, tp) + some / workload.layers * (1 - 1 / tp)


def copied(workload: Workload, tp: int) -> float:
    """Returns the same of what all layers have.

    Latents are of no head and stay whole on each chip; keys and values are kept by whole heads.
    """
    shapes = layer_shapes(workload)
    if workload.mla or workload.compressed:
        return sum(prod(shapes[name]) for name in WHOLE if name in shapes) * (1 - 1 / tp)
    kept = 2 * workload.kv_heads * workload.head_dim * workload.hidden
    return kept * (1 / kept_heads(workload, tp) - 1 / tp)


def some_products(workload: Workload) -> dict[str, int]:
    """Returns elements of products that some layers have: of indexers, and of compressed keys."""
    found = {"indexer": 0, "compressed": 0}
    for layers, shapes in some_layers(workload):
        name = "indexer" if "index_q" in shapes else "compressed"
        found[name] += layers * sum(prod(one) for one in shapes.values() if len(one) > 1)
    return found


def attended(workload: Workload, asked: Asked, share: Sequence[int] = ()) -> Array:
    """Returns FLOP of the attention of all layers over the batch.

    Args:
        workload: the model.
        asked: of it.
        share: numbers of chips that it is divided over, one after the other.
    """
    total = np.zeros_like(asked.length, np.float64)
    for span in spans(workload):
        seen = _seen(span, asked)
        each = 2.0 * workload.heads * _each(workload, asked, seen)
        if asked.prefill:
            flop = each * (_pairs(asked, seen) + asked.batch * _far(span, asked))
        else:
            flop = each * (seen + _far(span, asked)) * asked.batch
        total = total + reduce(truediv, share, span.layers * flop)
    return total


def read(workload: Workload, asked: Asked, size: float, split: Parallel) -> Array:
    """Returns the bytes of all layers' caches that a chip reads, and of prompts writes.

    Args:
        workload: the model.
        asked: of it.
        size: bytes of an element.
        split: how the model is divided.
    """
    total = np.zeros_like(asked.length, np.float64)
    sequences, copies = asked.batch / split.dp, kept_heads(workload, split.tp)
    for span in spans(workload):
        keys = asked.length if asked.prefill else _seen(span, asked)
        if span.per:
            keys = keys + (_folded(asked.length, span.per) if asked.prefill else _far(span, asked))
        total = total + span.layers * kv_elements(workload) * size * (sequences * keys) / copies
    return total


def tiled(workload: Workload, asked: Asked, tp: int) -> Array:
    """Returns the heads of a chip where a prompt's queries attend to keys of their own; else 0."""
    chosen = workload.indexer or workload.compressed
    if not asked.prefill or not chosen:
        return np.zeros_like(asked.length, np.float64)
    beyond = asked.length > _seen(spans(workload)[0], asked)
    return np.where(beyond, workload.heads / tp, 0.0)


def scored(workload: Workload, asked: Asked) -> tuple[Array, Array]:
    """Returns FLOP and bytes of the scores of all layers' indexers over the batch.

    Keys are read, or of a prompt written; scores are written and read.
    """
    one, per = workload.indexer, index_per(workload)
    if one is None:
        return np.zeros_like(asked.length), np.zeros_like(asked.length)
    keys = asked.batch * _folded(asked.length, per)
    counted = keys
    if asked.prefill:
        every = asked.pairs if per == 1 else asked.batch * _floors(asked.length, per)
        counted = np.where(_folded(asked.length, per) > one.top_k, every, 0.0)
    flop = 2.0 * one.heads * one.head_dim * one.layers * counted
    return flop, one.layers * (index_key_bytes(one) * keys + LOGIT * counted)


def _seen(span: Span, asked: Asked) -> Array:
    """Returns how many of the keys that stand for one token a token sees at most."""
    return asked.length if span.window is None else np.minimum(asked.length, span.window)


def _each(workload: Workload, asked: Asked, seen: Array) -> Array | int:
    """Returns the elements of a head's query, and of what it takes, a key."""
    mla = workload.mla
    if mla is None:
        return 2 * workload.head_dim
    folded, unfolded = 2 * mla.kv_lora + mla.rope, workload.head_dim + mla.v
    if not asked.prefill:
        return folded
    return np.where(asked.length == seen, unfolded, folded) if workload.indexer else unfolded


def _pairs(asked: Asked, seen: Array) -> Array:
    """Returns how many keys prompts see over the batch, of those that stand for one token."""
    beyond = asked.length - seen
    pairs = asked.batch * (seen * (seen + 1) / 2 + beyond * seen)
    return np.where(beyond == 0, asked.pairs, pairs)


def _far(span: Span, asked: Asked) -> Array:
    """Returns how many compressed keys are seen, a sequence."""
    if not span.per:
        return np.zeros_like(asked.length, np.float64)
    top = math.inf if span.top is None else float(span.top)
    if not asked.prefill:
        return np.minimum(_folded(asked.length, span.per), top)
    most = np.minimum(asked.length, span.per * top)
    beyond = asked.length - most
    return _floors(most, span.per) + np.where(beyond > 0, beyond * (span.top or 0), 0.0)


def _folded(length: Array, per: int) -> Array:
    """Returns how many keys stand for so many tokens."""
    return np.floor(length / per) if per > 1 else length * float(per)


def _floors(length: Array, per: int) -> Array:
    """Returns the sum of ``floor(t / per)`` over t = 1..length."""
    whole = _folded(length, per)
    return per * whole * (whole - 1) / 2 + whole * (length - per * whole + 1)
