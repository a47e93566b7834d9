"""Parameters, FLOP and bytes that follow from a model's shape, as whole numbers.

A multiply-add counts as two FLOP; only matrix products and attention are counted. In a causal
prefill, tokens attend to c = 1, ..., S keys, diagonal included; a token decoded at context c
attends to c keys. MLA is counted unfolded in prefill and absorbed in decode (DeepSeek-V2, arXiv
2405.04434, 2.1). With an indexer, a token attends to at most the keys selected. A prefill of more
tokens than that is counted absorbed, too; a shorter one is not scored (arXiv 2512.02556, 2.1, and
engines). Linear attention is counted in ``linear``.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, prod
from typing import Literal

from bench.workloads import linear, weights
from bench.workloads.model import Indexer, Workload
from bench.workloads.weights import Shapes

Phase = Literal["prefill", "decode"]
ROUTED = ("experts_gate_up", "experts_down")
"""Weights of routed experts."""
ROUTED_BIAS = ("experts_gate_up_bias", "experts_down_bias")
"""Biases of routed experts."""
NO_PRODUCT = (
    *weights.NORMS, "q_a_norm", "kv_a_norm", "q_norm", "k_norm", "kv_norm", "sinks",
    "qkv_bias", "o_bias", "mlp_bias", "router_bias", "streams_bias", *ROUTED_BIAS,
)  # fmt: skip
"""Weights that are in no matrix product."""
INDEX_SCALED, INDEX_SCALE = 128, 4
"""Elements of an indexer's key that share a scale, and bytes of the scale; an element has 8 bits
(DeepSeek-V3.2-Exp, inference/model.py, ``k_cache``, ``k_scale_cache``; the same in vLLM and
SGLang)."""


@dataclass(frozen=True)
class Parameters:
    """Numbers of parameters of a whole model.

    Attributes:
        total: all parameters.
        non_embedding: parameters without the embeddings, of tokens and positions, and the head.
        head: parameters of the head, the product with the vocabulary.
    """

    total: int
    non_embedding: int
    head: int


def layer_shapes(workload: Workload) -> Shapes:
    """Returns the shapes of one layer's weights by name, for the kind that most layers are.

    Where some layers have linear attention, it is one of the others.
    A matrix is outputs x inputs, as in a linear layer; products with the same input are merged.
    """
    experts = workload.experts
    block = weights.experts(workload, experts) if experts else weights.plain(workload)
    own = weights.norms(workload)
    return {**own, **attention_shapes(workload), **weights.streams(workload), **block}


def attention_shapes(workload: Workload) -> Shapes:
    """Returns the weights of one layer's attention, of the kind that is not linear."""
    if workload.compressed:
        return weights.compressed(workload, workload.compressed)
    return weights.latent(workload, workload.mla) if workload.mla else weights.grouped(workload)


def some_layers(workload: Workload) -> list[tuple[int, Shapes]]:
    """Returns weights that only some layers have, as pairs of the number of layers and shapes.

    These are indexers, and what folds several tokens into one compressed key. They are replicated
    on each chip of a tensor-parallel group.
    """
    indexer, compressed, head = workload.indexer, workload.compressed, workload.head_dim
    found = [(indexer.layers, index_shapes(workload))] if indexer else []
    if compressed:
        sparse = weights.folding(workload, head, compressed.sparse_per, doubled=2)
        heavy = weights.folding(workload, head, compressed.heavy_per)
        found += [(compressed.sparse_layers, sparse), (compressed.heavy_layers, heavy)]
    return found


def index_shapes(workload: Workload) -> Shapes:
    """Returns the shapes of one layer's indexer; its norm of keys has a weight and a bias.

    In compressed attention it folds several tokens into a key of its own.
    """
    indexer, latent = workload.indexer, workload.compressed or workload.mla
    if indexer is None or latent is None:
        return {}
    queries: Shapes = {
        "index_q": (indexer.heads * indexer.head_dim, latent.q_lora),
        "index_weights": (indexer.heads, workload.hidden),
    }
    if workload.compressed:
        per = workload.compressed.sparse_per
        return {**queries, **weights.folding(workload, indexer.head_dim, per, doubled=2)}
    return {
        **queries,
        "index_k": (indexer.head_dim, workload.hidden),
        "index_k_norm": (2 * indexer.head_dim,),
    }


def dense(workload: Workload) -> Workload:
    """Returns the model with a plain feed-forward block in every layer."""
    return workload.model_copy(update={"experts": None})


def layer_parameters(workload: Workload) -> int:
    """Returns the number of parameters of one layer, for the kind that most layers are."""
    return sum(map(prod, layer_shapes(workload).values()))


def token_products(workload: Workload) -> int:
    """Returns the elements of one layer's weights that each token is multiplied by."""
    shapes = layer_shapes(workload)
    plain = sum(prod(s) for n, s in shapes.items() if n not in (*ROUTED, *NO_PRODUCT))
    if not workload.experts:
        return plain
    expert = sum(prod(shapes[name][1:]) for name in ROUTED)
    return plain + expert * workload.experts.per_token


@lru_cache(maxsize=1024)
def parameters(workload: Workload) -> Parameters:
    """Returns the numbers of parameters of the whole model."""
    head = workload.vocabulary * workload.hidden
    ends = head if workload.tied_embeddings else 2 * head
    ends += (workload.positions or 0) * workload.hidden
    plain = workload.experts.dense_layers if workload.experts else workload.layers
    layers = plain * layer_parameters(dense(workload))
    layers += (workload.layers - plain) * layer_parameters(workload)
    layers += sum(count * sum(map(prod, own.values())) for count, own in some_layers(workload))
    if workload.experts and workload.experts.router_bias:
        layers -= workload.experts.hashed * workload.experts.routed
    layers += linear.layers(workload) * linear.parameters_beyond(
        workload, attention_shapes(workload)
    )
    layers += weights.norm_width(workload) + weights.last_streams(workload)
    return Parameters(ends + layers, layers, head)


def kv_elements(workload: Workload) -> int:
    """Returns the elements per token and layer in the cache: keys and values, or the latent.

    A compressed key is also its value, and stands for several tokens. Layers with linear attention
    cache none.
    """
    if workload.compressed:
        return workload.head_dim
    if workload.mla:
        return workload.mla.kv_lora + workload.mla.rope
    return 2 * workload.kv_heads * workload.head_dim


@dataclass(frozen=True)
class Span:
    """Which keys some layers see: uncompressed ones, and compressed ones of several tokens each.

    Attributes:
        layers: number of layers.
        window: number of uncompressed keys seen: the last ones, or with ``chosen`` the selected
            ones; None means all. With ``chunked`` it is the most that are seen.
        per: tokens per compressed key; 0 means there are none.
        top: largest number of compressed keys seen; None means all.
        chosen: whether an indexer selects the uncompressed keys.
        chunked: whether the keys seen are those of the token's own chunk of ``window`` tokens.
    """

    layers: int
    window: int | None = None
    per: int = 0
    top: int | None = None
    chosen: bool = False
    chunked: bool = False


def spans(workload: Workload) -> list[Span]:
    """Returns which keys the layers without linear attention see, by group of layers."""
    compressed, window, indexer = workload.compressed, workload.window, workload.indexer
    if compressed:
        rest = workload.layers - compressed.sparse_layers - compressed.heavy_layers
        top = indexer.top_k if indexer else None
        return [
            Span(rest, compressed.window),
            Span(compressed.heavy_layers, compressed.window, compressed.heavy_per),
            Span(compressed.sparse_layers, compressed.window, compressed.sparse_per, top),
        ]
    if indexer:
        return [Span(workload.layers, indexer.top_k, chosen=True)]
    if window:
        near = Span(window.layers, window.tokens, chunked=window.chunked)
        return [Span(workload.layers - window.layers), near]
    return [Span(linear.other_layers(workload))]


def kv_sequence_bytes(workload: Workload, length: int, itemsize: int = 2) -> int:
    """Returns the bytes of one sequence in the cache; a window caches no more than its own size.

    The keys of an indexer are included, in 8 bits whatever ``itemsize``. Keys that it does not
    select stay in the cache. States of linear attention are not included.

    Args:
        workload: the model.
        length: tokens of the sequence.
        itemsize: bytes per element of the cache.
    """
    indexer, keys = workload.indexer, 0
    for span in spans(workload):
        whole = span.window is None or span.chosen
        near = length if whole else min(length, span.window or length)
        keys += span.layers * (near + (length // span.per if span.per else 0))
    index = 0
    if indexer:
        index = indexer.layers * (length // index_per(workload)) * index_key_bytes(indexer)
    return keys * kv_elements(workload) * itemsize + index


def index_per(workload: Workload) -> int:
    """Returns the number of tokens that one key of an indexer stands for."""
    return workload.compressed.sparse_per if workload.compressed else 1


def index_key_bytes(indexer: Indexer) -> int:
    """Returns the bytes of one key of an indexer in the cache, with its scales."""
    return indexer.head_dim + INDEX_SCALE * ceil(indexer.head_dim / INDEX_SCALED)


def attention_flop(workload: Workload, phase: Phase, length: int, span: Span | None = None) -> int:
    """Returns the FLOP of attention in one layer, for one prompt or for one decoded token.

    Args:
        workload: the model.
        phase: ``prefill`` or ``decode``.
        length: tokens of the prompt, or of the context.
        span: the keys that the layer sees; the first of ``spans`` if it is not given.
    """
    span, mla = span or spans(workload)[0], workload.mla
    seen = length if span.window is None else min(length, span.window)
    unfolded = mla and phase == "prefill" and seen == length
    per_key = 2 * mla.kv_lora + mla.rope if mla else 2 * workload.head_dim
    if mla and unfolded:
        per_key = workload.head_dim + mla.v
    compressed = folded_keys(span, phase, length)
    whole, rest = divmod(length, span.window if span.chunked and span.window else length + 1)
    if phase == "decode":
        seen = (rest or seen) if span.chunked else seen
        return 2 * workload.heads * per_key * (seen + compressed)
    pairs = seen * (seen + 1) // 2 + (length - seen) * seen
    if span.chunked:
        pairs = whole * seen * (seen + 1) // 2 + rest * (rest + 1) // 2
    return 2 * workload.heads * per_key * (pairs + compressed)


def folded_keys(span: Span, phase: Phase, length: int) -> int:
    """Returns the compressed keys seen by one decoded token, or by all of a prompt's together."""
    if not span.per:
        return 0
    if phase == "decode":
        return length // span.per if span.top is None else min(length // span.per, span.top)
    most = length if span.top is None else min(length, span.per * span.top)
    return _floors(most, span.per) + (length - most) * (span.top or 0)


def _floors(length: int, per: int) -> int:
    """Returns the sum of ``t // per`` over t = 1, ..., length."""
    whole, rest = divmod(length, per)
    return per * whole * (whole - 1) // 2 + whole * (rest + 1)


def layer_flop(workload: Workload, phase: Phase, batch: int, length: int) -> int:
    """Returns the FLOP of one layer over a batch of prompts, or of one decoded token per sequence.

    Args:
        workload: the model.
        phase: ``prefill`` or ``decode``.
        batch: number of sequences.
        length: tokens of each prompt, or of each context.
    """
    tokens = batch * (length if phase == "prefill" else 1)
    return 2 * tokens * token_products(workload) + batch * attention_flop(workload, phase, length)


def rounds_to(count: int, text: str) -> bool:
    """Tells whether a count rounds to a text such as ``8.03B``."""
    unit = {"B": 10**9, "T": 10**12}[text[-1]]
    digits = len(text[:-1].partition(".")[2])
    return abs(count / unit - float(text[:-1])) <= 0.5 * 10.0**-digits * (1 + 1e-9)
