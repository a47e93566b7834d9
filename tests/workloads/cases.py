"""Whole models counted from their layers: what steps, training and caches have to add up to.

FLOP are two a multiply-add, of products and attention; a prefill attends causally, the diagonal
included.
"""

from collections.abc import Callable
from math import prod

from bench.predict.model.attention import some_products
from bench.workloads import linear
from bench.workloads.counts import (
    NO_PRODUCT,
    ROUTED,
    ROUTED_BIAS,
    Phase,
    attention_flop,
    attention_shapes,
    dense,
    index_key_bytes,
    index_per,
    index_shapes,
    kv_elements,
    kv_sequence_bytes,
    layer_shapes,
    parameters,
    some_layers,
    spans,
    token_products,
)
from bench.workloads.model import Workload

BLOCK = (
    "router", "gate_up", "up", "down", "shared_gate_up", "shared_down", "shared_gate", *ROUTED,
)  # fmt: skip


def attention_products(model: Workload) -> int:
    """Elements of a layer's attention weights, without biases and norms."""
    shapes = layer_shapes(model).items()
    return sum(prod(shape) for name, shape in shapes if name not in (*BLOCK, *NO_PRODUCT))


def active(model: Workload) -> int:
    """Parameters that one token passes through, without embedding and head."""
    some = sum(layers * sum(map(prod, own.values())) for layers, own in some_layers(model))
    unbiased = model.experts.hashed * model.experts.routed if model.experts else 0
    n = model.streams
    last = n * n * model.hidden + n + 1 if n > 1 else 0
    some += linear.layers(model) * linear.parameters_beyond(model, attention_shapes(model))
    return over_layers(model, _of_a_token) + some - unbiased + model.hidden + last


def products(model: Workload) -> int:
    """Elements that one token is multiplied by, without the head."""
    beyond = linear.products(model) - attention_products(model)
    some = sum(some_products(model).values()) + linear.layers(model) * beyond
    return over_layers(model, token_products) + some


def over_layers(model: Workload, count: Callable[[Workload], int]) -> int:
    """A count of every layer, plain ones and those with experts."""
    plain = model.experts.dense_layers if model.experts else model.layers
    return plain * count(dense(model)) + (model.layers - plain) * count(model)


def kv_bytes(model: Workload, itemsize: int = 2) -> int:
    """Bytes that the whole model caches a token, windows not yet full."""
    one = model.indexer
    if model.compressed:
        return kv_sequence_bytes(model, 128, itemsize) // 128
    index = one.layers * index_key_bytes(one) if one else 0
    return linear.other_layers(model) * kv_elements(model) * itemsize + index


def model_flop(model: Workload, phase: Phase, length: int) -> int:
    """FLOP of the whole model for one sequence; the head runs on the last token only."""
    tokens = length if phase == "prefill" else 1
    return 2 * (tokens * products(model) + parameters(model).head) + attention(model, phase, length)


def training_flop(model: Workload, length: int) -> int:
    """FLOP of a training step over one sequence: three forward passes, head on each token.

    The backward pass does two products for each of the forward one; nothing is done again.
    """
    forward = 2 * length * (products(model) + parameters(model).head)
    return 3 * (forward + attention(model, "prefill", length))


def attention(model: Workload, phase: Phase, length: int) -> int:
    """FLOP of the attention of all layers, with a window or not, and of what chooses its keys."""
    one = model.indexer
    chosen = one.layers * index_flop(model, phase, length) if one else 0
    told = (span.layers * attention_flop(model, phase, length, span) for span in spans(model))
    return chosen + sum(told) + _recurrence(model, phase, length)


def _recurrence(model: Workload, phase: Phase, length: int) -> int:
    """FLOP of the linear attention of all layers."""
    one, prefill = model.linear, phase == "prefill"
    tokens = length if prefill else 1
    return one.layers * tokens * linear.token_flop(one, prefill=prefill) if one else 0


def index_products(model: Workload) -> int:
    """Elements of one layer's indexer that each token is multiplied by."""
    return sum(prod(shape) for shape in index_shapes(model).values() if len(shape) > 1)


def index_flop(model: Workload, phase: Phase, length: int) -> int:
    """FLOP of the scores of one layer's indexer; a prompt that it selects all keys of has none."""
    indexer, per = model.indexer, index_per(model)
    if indexer is None or (phase == "prefill" and length // per <= indexer.top_k):
        return 0
    tokens = range(1, length + 1) if phase == "prefill" else (length,)
    return 2 * indexer.heads * indexer.head_dim * sum(token // per for token in tokens)


def _of_a_token(model: Workload) -> int:
    shapes = layer_shapes(model)
    routed = [prod(shapes[name]) for name in (*ROUTED, *ROUTED_BIAS) if name in shapes]
    whole = sum(map(prod, shapes.values())) - sum(routed)
    if model.experts is None:
        return whole
    return whole + sum(routed) // model.experts.routed * model.experts.per_token
