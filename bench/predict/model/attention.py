"""What attention computes, what chooses its keys, and what of both each chip keeps whole.

An indexer scores all past keys and attention sees the best of them (DeepSeek sparse attention,
arXiv 2512.02556, 2.1). Engines leave scoring out where a prompt has no more keys than are chosen,
and then unfold latents; longer prompts attend in latents, as decoding does (vLLM,
``use_dense_mha``; SGLang, pull request 11892). Its weights and keys are whole on every chip of a
tensor-parallel group (vLLM, ``Indexer``: replicated).
"""

import math
from math import prod

import numpy as np
from numpy.typing import NDArray

from bench.workloads.counts import index_products, layer_shapes
from bench.workloads.model import Indexer, Workload

Array = NDArray[np.float64]
LOGIT = 8.0
"""Bytes of a score: written in 32 bits, and read to choose by."""


def kept_heads(workload: Workload, tp: int) -> float:
    """Returns by how much a chip's keys and values are fewer: it keeps whole heads; latents all."""
    return 1.0 if workload.mla else workload.kv_heads / math.ceil(workload.kv_heads / tp)


def replicated(workload: Workload, tp: int) -> float:
    """Returns the attention weights of a layer that a chip holds beyond its equal share.

    Those of an indexer are among them, over all layers on average.
    """
    one = workload.indexer
    index = index_products(workload) * one.layers / workload.layers if one else 0.0
    return copied(workload, tp) + index * (1 - 1 / tp)


def copied(workload: Workload, tp: int) -> float:
    """Returns the same without the indexer's.

    Latents are of no head and stay whole on each chip; keys and values are kept by whole heads.
    """
    shapes = layer_shapes(workload)
    if workload.mla:
        return sum(prod(shapes[name]) for name in ("q_a", "kv_a")) * (1 - 1 / tp)
    kept = 2 * workload.kv_heads * workload.head_dim * workload.hidden
    return kept * (1 / kept_heads(workload, tp) - 1 / tp)


def groups(workload: Workload) -> list[tuple[int, int | None]]:
    """Returns how many layers see how many keys at most; None: all."""
    if workload.indexer:
        return [(workload.layers, workload.indexer.top_k)]
    window = workload.window
    if window is None:
        return [(workload.layers, None)]
    return [(workload.layers - window.layers, None), (window.layers, window.tokens)]


def attended(  # noqa: PLR0913, PLR0917 -- what is asked of a model, in arrays
    workload: Workload, phase: str, batch: Array, length: Array, pairs: Array, seen: Array
) -> Array:
    """Returns FLOP of one layer's attention over the batch.

    Args:
        workload: the model.
        phase: ``prefill`` or ``decode``.
        batch: sequences.
        length: tokens of each.
        pairs: of a query and a key before it, over the batch, where a token sees all.
        seen: keys that a token sees at most.
    """
    h, mla = workload.heads, workload.mla
    folded = 2 * mla.kv_lora + mla.rope if mla else 2 * workload.head_dim
    if phase == "decode":
        return 2.0 * h * folded * seen * batch
    beyond = length - seen
    counted = np.where(beyond == 0, pairs, batch * (seen * (seen + 1) / 2 + beyond * seen))
    each = workload.head_dim + (mla.v if mla else workload.head_dim)
    if workload.indexer:
        return np.asarray(2.0 * h * np.where(beyond == 0, each, folded) * counted)
    return np.asarray(2.0 * h * each * counted)


def scored(indexer: Indexer, phase: str, length: Array, pairs: Array) -> Array:
    """Returns how many keys a layer's indexer scores; none of a prompt of which it keeps all."""
    return pairs if phase == "decode" else np.where(length > indexer.top_k, pairs, 0.0)
