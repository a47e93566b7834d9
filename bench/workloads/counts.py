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

from bench.workloads.model import Experts, Indexer, Mla, Workload

Phase = Literal["prefill", "decode"]
Shapes = dict[str, tuple[int, ...]]
ROUTED = ("experts_gate_up", "experts_down")
ROUTED_BIAS = ("experts_gate_up_bias", "experts_down_bias")
NO_PRODUCT = (
    "attention_norm", "mlp_norm", "q_a_norm", "kv_a_norm", "q_norm", "k_norm", "sinks", "qkv_bias",
    "o_bias", "router_bias", *ROUTED_BIAS,
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
    attention = _latent(workload, workload.mla) if workload.mla else _grouped(workload)
    norms = {"attention_norm": (workload.hidden,), "mlp_norm": (workload.hidden,)}
    block = _experts(workload, workload.experts) if workload.experts else _plain(workload)
    return {**norms, **attention, **block}


def index_shapes(workload: Workload) -> Shapes:
    """Returns the weights of one layer's indexer; its norm of keys has a weight and a bias."""
    one, mla = workload.indexer, workload.mla
    if one is None or mla is None:
        return {}
    return {
        "index_q": (one.heads * one.head_dim, mla.q_lora),
        "index_k": (one.head_dim, workload.hidden),
        "index_k_norm": (2 * one.head_dim,),
        "index_weights": (one.heads, workload.hidden),
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
    if workload.indexer:
        layers += workload.indexer.layers * sum(map(prod, index_shapes(workload).values()))
    return Parameters(both + layers + workload.hidden, layers + workload.hidden, head)


def kv_elements(workload: Workload) -> int:
    """Returns the elements that one layer caches a token: keys and values, or the latent."""
    if workload.mla:
        return workload.mla.kv_lora + workload.mla.rope
    return 2 * workload.kv_heads * workload.head_dim


def kv_sequence_bytes(workload: Workload, length: int, itemsize: int = 2) -> int:
    """Returns the bytes that a sequence takes in the cache; a window keeps no more than itself.

    The keys of an indexer are among them, of 8 bits whatever ``itemsize``.
    """
    window, one = workload.window, workload.indexer
    kept = window.layers * min(length, window.tokens) if window else 0
    whole = workload.layers - (window.layers if window else 0)
    index = one.layers * length * index_key_bytes(one) if one else 0
    return (whole * length + kept) * kv_elements(workload) * itemsize + index


def index_key_bytes(indexer: Indexer) -> int:
    """Returns the bytes that one layer's indexer keeps a token: a key and its scales."""
    return indexer.head_dim + INDEX_SCALE * ceil(indexer.head_dim / INDEX_SCALED)


def attention_flop(workload: Workload, phase: Phase, length: int) -> int:
    """Returns FLOP of one layer's attention: a prompt of ``length``, or a token decoded there."""
    h, mla = workload.heads, workload.mla
    seen = min(length, workload.indexer.top_k) if workload.indexer else length
    if phase == "decode" or seen < length:
        pairs = seen if phase == "decode" else seen * (seen + 1) // 2 + (length - seen) * seen
        return 2 * h * (2 * mla.kv_lora + mla.rope if mla else 2 * workload.head_dim) * pairs
    value = mla.v if mla else workload.head_dim
    return 2 * h * (workload.head_dim + value) * (length * (length + 1) // 2)


def index_flop(indexer: Indexer, phase: Phase, length: int) -> int:
    """Returns FLOP of one layer's scores: of a prompt of ``length``, or of a token decoded there.

    A prompt of no more keys than are chosen is not scored.
    """
    each = 2 * indexer.heads * indexer.head_dim
    if phase == "decode":
        return each * length
    return each * (length * (length + 1) // 2) if length > indexer.top_k else 0


def layer_flop(workload: Workload, phase: Phase, batch: int, length: int) -> int:
    """Returns FLOP of one layer over ``batch`` prompts of ``length``, or one token each there."""
    tokens = batch * (length if phase == "prefill" else 1)
    return 2 * tokens * token_products(workload) + batch * attention_flop(workload, phase, length)


def rounds_to(count: int, text: str) -> bool:
    """Tells whether a count is what ``text`` such as ``8.03B`` gives, to its last digit."""
    unit = {"B": 10**9, "T": 10**12}[text[-1]]
    digits = len(text[:-1].partition(".")[2])
    return abs(count / unit - float(text[:-1])) <= 0.5 * 10.0**-digits * (1 + 1e-9)


def _grouped(workload: Workload) -> Shapes:
    rows = (workload.heads + 2 * workload.kv_heads) * workload.head_dim
    out = (workload.hidden, workload.heads * workload.head_dim)
    queries, keys = (
        (workload.heads, workload.kv_heads) if workload.qk_norm_over == "heads" else (1, 1)
    )
    more: Shapes = {
        "qkv_bias": (rows,) if workload.qkv_bias else (),
        "o_bias": (workload.hidden,) if workload.o_bias else (),
        "q_norm": (queries * workload.head_dim,) if workload.qk_norm else (),
        "k_norm": (keys * workload.head_dim,) if workload.qk_norm else (),
        "sinks": (workload.heads,) if workload.sinks else (),
    }
    had = {name: shape for name, shape in more.items() if shape}
    return {"qkv": (rows, workload.hidden), **had, "o": out}


def _latent(workload: Workload, mla: Mla) -> Shapes:
    return {
        "q_a": (mla.q_lora, workload.hidden),
        "q_a_norm": (mla.q_lora,),
        "q_b": (workload.heads * (mla.nope + mla.rope), mla.q_lora),
        "kv_a": (mla.kv_lora + mla.rope, workload.hidden),
        "kv_a_norm": (mla.kv_lora,),
        "kv_b": (workload.heads * (mla.nope + mla.v), mla.kv_lora),
        "o": (workload.hidden, workload.heads * mla.v),
    }


def _plain(workload: Workload, name: str = "", width: int = 0) -> Shapes:
    width = width or workload.intermediate or 0
    first = ("gate_up", 2 * width) if workload.activation == "silu" else ("up", width)
    return {
        f"{name}{first[0]}": (first[1], workload.hidden),
        f"{name}down": (workload.hidden, width),
    }


def _experts(workload: Workload, experts: Experts) -> Shapes:
    width = experts.intermediate
    bias: Shapes = {"router_bias": (experts.routed,)} if experts.router_bias else {}
    if experts.bias:
        each = ((experts.routed, 2 * width), (experts.routed, workload.hidden))
        bias |= dict(zip(ROUTED_BIAS, each, strict=True))
    shared = _plain(workload, "shared_", experts.shared * width) if experts.shared else {}
    return {
        "router": (experts.routed, workload.hidden),
        **bias,
        "experts_gate_up": (experts.routed, 2 * width, workload.hidden),
        "experts_down": (experts.routed, workload.hidden, width),
        **shared,
    }
