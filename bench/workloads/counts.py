"""What follows from a model's shape: parameters, FLOP and bytes, as whole numbers.

FLOP are two a multiply-add, of matrix products and attention only. A causal prefill attends to
c = 1..S keys, the diagonal included; a token decoded at context c attends to c keys. MLA is
counted unfolded in prefill and absorbed in decode (DeepSeek-V2, arXiv 2405.04434, 2.1). With an
indexer a token attends to no more keys than are chosen: absorbed, too, in a prefill of more tokens;
shorter ones are not scored (arXiv 2512.02556, 2.1, and engines).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, prod
from typing import Literal

from bench.workloads import weights
from bench.workloads.model import Indexer, Workload
from bench.workloads.weights import Shapes

Phase = Literal["prefill", "decode"]
ROUTED = ("experts_gate_up", "experts_down")
ROUTED_BIAS = ("experts_gate_up_bias", "experts_down_bias")
NO_PRODUCT = (
    "attention_norm", "mlp_norm", "q_a_norm", "kv_a_norm", "q_norm", "k_norm", "kv_norm", "sinks",
    "qkv_bias", "o_bias", "router_bias", "streams_bias", *ROUTED_BIAS,
)  # fmt: skip


INDEX_SCALED, INDEX_SCALE = 128, 4
"""Elements of an indexer's key that share a scale, and its bytes; each element is of 8 bits
(DeepSeek-V3.2-Exp, inference/model.py, ``k_cache``, ``k_scale_cache``; vLLM and SGLang alike)."""


@dataclass(frozen=True)
class Parameters:
    """Parameters of a whole model.

    Attributes:
        total: all of them.
        non_embedding: without the embedding and the head.
        head: the product with the vocabulary.
    """

    total: int
    non_embedding: int
    head: int


def layer_shapes(workload: Workload) -> Shapes:
    """Returns the weights of one layer by name, of the kind that most layers are.

    A matrix is outputs x inputs, as a linear layer keeps it; products of one input are one.
    """
    norms = {"attention_norm": (workload.hidden,), "mlp_norm": (workload.hidden,)}
    experts = workload.experts
    block = weights.experts(workload, experts) if experts else weights.plain(workload)
    return {**norms, **_attention(workload), **weights.streams(workload), **block}


def _attention(workload: Workload) -> Shapes:
    if workload.compressed:
        return weights.compressed(workload, workload.compressed)
    return weights.latent(workload, workload.mla) if workload.mla else weights.grouped(workload)


def some_layers(workload: Workload) -> list[tuple[int, Shapes]]:
    """Returns the weights of layers that only some are, beside those of all, and how many are so.

    Each chip of a tensor-parallel group has them whole: indexers, and what makes one key of many.
    """
    indexer, one, head = workload.indexer, workload.compressed, workload.head_dim
    found = [(indexer.layers, index_shapes(workload))] if indexer else []
    if one:
        sparse = weights.folding(workload, head, one.sparse_per, doubled=2)
        heavy = weights.folding(workload, head, one.heavy_per)
        found += [(one.sparse_layers, sparse), (one.heavy_layers, heavy)]
    return found


def index_shapes(workload: Workload) -> Shapes:
    """Returns the weights of one layer's indexer; its norm of keys has a weight and a bias.

    Of compressed attention it makes its own keys of several tokens each.
    """
    one, latent = workload.indexer, workload.compressed or workload.mla
    if one is None or latent is None:
        return {}
    scored: Shapes = {
        "index_q": (one.heads * one.head_dim, latent.q_lora),
        "index_weights": (one.heads, workload.hidden),
    }
    if workload.compressed:
        per = workload.compressed.sparse_per
        return {**scored, **weights.folding(workload, one.head_dim, per, doubled=2)}
    return {
        **scored,
        "index_k": (one.head_dim, workload.hidden),
        "index_k_norm": (2 * one.head_dim,),
    }


def index_products(workload: Workload) -> int:
    """Returns the elements of one layer's indexer that a token is multiplied by."""
    return sum(prod(shape) for shape in index_shapes(workload).values() if len(shape) > 1)


def dense(workload: Workload) -> Workload:
    """Returns the model with a plain feed-forward block in every layer."""
    return workload.model_copy(update={"experts": None})


def layer_parameters(workload: Workload) -> int:
    """Returns the parameters of one layer of the kind that most layers are."""
    return sum(map(prod, layer_shapes(workload).values()))


def token_products(workload: Workload) -> int:
    """Returns the elements of one layer's weights that one token is multiplied by."""
    shapes = layer_shapes(workload)
    plain = sum(prod(s) for n, s in shapes.items() if n not in (*ROUTED, *NO_PRODUCT))
    if not workload.experts:
        return plain
    each = sum(prod(shapes[name][1:]) for name in ROUTED)
    return plain + each * workload.experts.per_token


@lru_cache(maxsize=1024)
def parameters(workload: Workload) -> Parameters:
    """Returns the counts of the whole model."""
    head = workload.vocabulary * workload.hidden
    both = head if workload.tied_embeddings else 2 * head
    plain = workload.experts.dense_layers if workload.experts else workload.layers
    layers = plain * layer_parameters(dense(workload))
    layers += (workload.layers - plain) * layer_parameters(workload)
    layers += sum(some * sum(map(prod, own.values())) for some, own in some_layers(workload))
    if workload.experts and workload.experts.router_bias:
        layers -= workload.experts.hashed * workload.experts.routed
    layers += workload.hidden + weights.last_streams(workload)
    return Parameters(both + layers, layers, head)


def kv_elements(workload: Workload) -> int:
    """Returns the elements that one layer caches a token: keys and values, or the latent.

    A compressed key is its value, and stands for several tokens.
    """
    if workload.compressed:
        return workload.head_dim
    if workload.mla:
        return workload.mla.kv_lora + workload.mla.rope
    return 2 * workload.kv_heads * workload.head_dim


@dataclass(frozen=True)
class Span:
    """Which keys layers see: the last ones, and of those that stand for ``per`` tokens each.

    Attributes:
        layers: how many layers are so.
        window: of the last keys, or with ``chosen`` of those chosen of all; None: all.
        per: tokens that a compressed key stands for; 0: there are none.
        top: compressed keys that are seen at most; None: all.
    """

    layers: int
    window: int | None = None
    per: int = 0
    top: int | None = None
    chosen: bool = False


def spans(workload: Workload) -> list[Span]:
    """Returns which keys the layers of a model see."""
    one, window, indexer = workload.compressed, workload.window, workload.indexer
    if one:
        near = workload.layers - one.sparse_layers - one.heavy_layers
        top = indexer.top_k if indexer else None
        return [
            Span(near, one.window),
            Span(one.heavy_layers, one.window, one.heavy_per),
            Span(one.sparse_layers, one.window, one.sparse_per, top),
        ]
    if indexer:
        return [Span(workload.layers, indexer.top_k, chosen=True)]
    if window:
        return [Span(workload.layers - window.layers), Span(window.layers, window.tokens)]
    return [Span(workload.layers)]


def kv_sequence_bytes(workload: Workload, length: int, itemsize: int = 2) -> int:
    """Returns the bytes that a sequence takes in the cache; a window keeps no more than itself.

    The keys of an indexer are among them, of 8 bits whatever ``itemsize``; those that it did not
    choose are kept, too.
    """
    one, kept = workload.indexer, 0
    for span in spans(workload):
        whole = span.window is None or span.chosen
        near = length if whole else min(length, span.window or length)
        kept += span.layers * (near + (length // span.per if span.per else 0))
    index = one.layers * (length // index_per(workload)) * index_key_bytes(one) if one else 0
    return kept * kv_elements(workload) * itemsize + index


def index_per(workload: Workload) -> int:
    """Returns the tokens that one key of an indexer stands for."""
    return workload.compressed.sparse_per if workload.compressed else 1


def index_key_bytes(indexer: Indexer) -> int:
    """Returns the bytes that one layer's indexer keeps a token: a key and its scales."""
    return indexer.head_dim + INDEX_SCALE * ceil(indexer.head_dim / INDEX_SCALED)


def attention_flop(workload: Workload, phase: Phase, length: int, span: Span | None = None) -> int:
    """Returns FLOP of one layer's attention: a prompt of ``length``, or a token decoded there.

    Args:
        workload: the model.
        phase: of which.
        length: tokens of the prompt, or of the context.
        span: what the layer sees; the first of ``spans`` where none is given.
    """
    span, mla = span or spans(workload)[0], workload.mla
    seen = length if span.window is None else min(length, span.window)
    unfolded = mla and phase == "prefill" and seen == length
    each = 2 * mla.kv_lora + mla.rope if mla else 2 * workload.head_dim
    if mla and unfolded:
        each = workload.head_dim + mla.v
    far = folded_keys(span, phase, length)
    if phase == "decode":
        return 2 * workload.heads * each * (seen + far)
    near = seen * (seen + 1) // 2 + (length - seen) * seen
    return 2 * workload.heads * each * (near + far)


def folded_keys(span: Span, phase: Phase, length: int) -> int:
    """Returns how many compressed keys a token sees there, or all tokens of a prompt together."""
    if not span.per:
        return 0
    if phase == "decode":
        return length // span.per if span.top is None else min(length // span.per, span.top)
    most = length if span.top is None else min(length, span.per * span.top)
    return _floors(most, span.per) + (length - most) * (span.top or 0)


def _floors(length: int, per: int) -> int:
    """Returns the sum of ``t // per`` over t = 1..length."""
    whole, rest = divmod(length, per)
    return per * whole * (whole - 1) // 2 + whole * (rest + 1)


def index_flop(workload: Workload, phase: Phase, length: int) -> int:
    """Returns FLOP of one layer's scores: of a prompt of ``length``, or of a token decoded there.

    A prompt of no more keys than are chosen is not scored.
    """
    one, per = workload.indexer, index_per(workload)
    if one is None or (phase == "prefill" and length // per <= one.top_k):
        return 0
    keys = length // per if phase == "decode" else _floors(length, per)
    return 2 * one.heads * one.head_dim * keys


def layer_flop(workload: Workload, phase: Phase, batch: int, length: int) -> int:
    """Returns FLOP of one layer over ``batch`` prompts of ``length``, or one token each there."""
    tokens = batch * (length if phase == "prefill" else 1)
    return 2 * tokens * token_products(workload) + batch * attention_flop(workload, phase, length)


def rounds_to(count: int, text: str) -> bool:
    """Tells whether a count is what ``text`` such as ``8.03B`` gives, to its last digit."""
    unit = {"B": 10**9, "T": 10**12}[text[-1]]
    digits = len(text[:-1].partition(".")[2])
    return abs(count / unit - float(text[:-1])) <= 0.5 * 10.0**-digits * (1 + 1e-9)
