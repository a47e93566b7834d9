"""Attention by torch's backends or by explicit products, and a float64 reference for single rows.

Tensors have torch's layout: (batch, heads, length, head size). In decode, the query heads that
share a key head are packed as its rows, so that each key and value is read once.
"""

import warnings
from typing import TYPE_CHECKING

from bench.kernels.common.base import UnsupportedError, itemsize
from bench.records.model import Work
from bench.workloads.model import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

BACKENDS = {
    "flash": "FLASH_ATTENTION", "cudnn": "CUDNN_ATTENTION", "efficient": "EFFICIENT_ATTENTION",
    "math": "MATH",
}  # fmt: skip
"""Implementations by the names of ``torch.nn.attention.SDPBackend``; with ``torch``, torch
chooses."""
WAYS = ("torch", "flash", "cudnn", "efficient", "math")
DECODE_WAYS = (*WAYS, "matmul")
"""``matmul`` is two products with a softmax between them."""
CPU_WAYS = ("torch", "flash", "matmul")
"""Implementations for a CPU, which lacks two backends; ``math`` is ``matmul`` with more copies."""

BACKWARD = 2.5
"""Products of a backward pass over those of the forward pass; it recomputes one of them."""

MISSING = ("no available kernel", "no viable backend", "invalid backend")
"""Parts of the messages by which torch reports a missing backend."""


def attention(  # noqa: PLR0913 -- three operands and three options
    way: str,
    queries: "torch.Tensor",
    keys: "torch.Tensor",
    values: "torch.Tensor",
    *,
    causal: bool,
    scale: float | None = None,
) -> "torch.Tensor":
    """Returns softmax(q kT) v by one of ``DECODE_WAYS``; query heads may share key heads.

    Raises:
        UnsupportedError: torch has no such backend for this device, type and shape.
    """
    if way == "matmul":
        return _by_products(queries, keys, values, causal=causal, scale=scale)
    try:
        return _by_torch(way, (queries, keys, values), causal=causal, scale=scale)
    except RuntimeError as error:
        if any(word in str(error).lower() for word in MISSING):
            raise UnsupportedError(f"torch has no {way} attention for this here") from error
        raise


def _by_torch(
    way: str,
    operands: "tuple[torch.Tensor, torch.Tensor, torch.Tensor]",
    *,
    causal: bool,
    scale: float | None,
) -> "torch.Tensor":
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    queries, keys, values = operands
    grouped = queries.shape[1] != keys.shape[1]
    call: Callable[..., torch.Tensor] = torch.nn.functional.scaled_dot_product_attention
    arguments = {"is_causal": causal, "scale": scale, "enable_gqa": grouped}
    if way == "torch":
        return call(queries, keys, values, **arguments)
    if way == "flash" and values.shape[-1] < keys.shape[-1]:  # flash needs one head size
        missing = keys.shape[-1] - values.shape[-1]
        padded = torch.nn.functional.pad(values, (0, missing))
        return _by_torch(way, (queries, keys, padded), causal=causal, scale=scale)[
            ..., : values.shape[-1]
        ]
    with sdpa_kernel([getattr(SDPBackend, BACKENDS[way])]):
        return call(queries, keys, values, **arguments)


def _by_products(
    queries: "torch.Tensor",
    keys: "torch.Tensor",
    values: "torch.Tensor",
    *,
    causal: bool,
    scale: float | None,
) -> "torch.Tensor":
    import torch

    if queries.shape[1] != keys.shape[1]:
        shared = queries.shape[1] // keys.shape[1]
        keys, values = (one.repeat_interleave(shared, dim=1) for one in (keys, values))
    factor = keys.shape[-1] ** -0.5 if scale is None else scale
    scores = (queries * factor) @ keys.transpose(-1, -2)
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, float("-inf"))
    return torch.softmax(scores, dim=-1) @ values


def prefill_work(model: Workload, batch: int, length: int, dtype: str, *, back: bool) -> Work:
    """Returns the work of causal attention, by the usual count, or of its backward pass.

    The count is half of 4 b h s^2 d FLOP. The forward pass moves queries, keys, values and its
    result once; the backward pass moves the same and their gradients.
    """
    b, s, h, d = batch, length, model.heads, model.head_dim
    flop, formula = 2.0 * b * h * s * s * d, "2 b h s^2 d: half of 4 b h s^2 d, being causal"
    moved = float(itemsize(dtype) * 2 * b * s * d * (h + model.kv_heads))
    if back:
        flop, moved, formula = BACKWARD * flop, 2 * moved, f"{BACKWARD} x {formula}"
    return Work(flop=flop, bytes=moved, footprint_bytes=moved, formula=formula)


def decode_work(model: Workload, batch: int, length: int, dtype: str) -> Work:
    """Returns the work of one token's attention to ``length`` keys, for each sequence.

    Keys and values, or the latent of MLA, are read once.
    """
    b, s, h = batch, length, model.heads
    if model.mla:
        latent, key = model.mla.kv_lora, model.mla.kv_lora + model.mla.rope
        elements = b * (s * key + h * (key + latent))
        flop, formula = 2.0 * b * h * s * (key + latent), "2 b h s (576 + 512); the latent once"
    else:
        elements = 2 * b * model.head_dim * (s * model.kv_heads + h)
        flop, formula = 4.0 * b * h * s * model.head_dim, "4 b h s d; keys and values once"
    moved = float(itemsize(dtype) * elements)
    return Work(flop=flop, bytes=moved, footprint_bytes=moved, formula=formula)


def packed(queries: "torch.Tensor", kv_heads: int) -> "torch.Tensor":
    """Returns one token's queries, (batch, heads, size), grouped as rows of their key heads.

    The result is (batch, key heads, query heads per key head, size).
    """
    batch, heads, size = queries.shape
    return queries.view(batch, kv_heads, heads // kv_heads, size)


def proven(call: "Callable[[], object]") -> "Callable[[], object]":
    """Runs a call once and returns it, so that a missing backend is noticed at once.

    torch's long warnings on why a backend was not used are suppressed; the error says enough.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call()
    return call


def exact_row(
    query: "torch.Tensor", keys: "torch.Tensor", values: "torch.Tensor", scale: float | None = None
) -> "torch.Tensor":
    """Returns the attention of one query, (size,), to keys of (length, size), in float64."""
    query, keys, values = (one.double() for one in (query, keys, values))
    factor = keys.shape[-1] ** -0.5 if scale is None else scale
    scores = (keys @ query) * factor
    weights = (scores - scores.max()).exp()
    return (weights / weights.sum()) @ values


def seed_of(output: "torch.Tensor") -> "torch.Tensor":
    """Returns the output gradient that a backward pass starts from.

    Its elements differ: the softmax cancels a constant gradient.
    """
    import torch

    seed = torch.ones_like(output)
    seed[..., ::2] = -0.5
    return seed


def exact_gradient(
    query: "torch.Tensor", keys: "torch.Tensor", values: "torch.Tensor", scale: float | None = None
) -> "torch.Tensor":
    """Returns the gradient of one query for the output gradient of ``seed_of``, in float64.

    dq = scale sum_j p_j (g . v_j - g . o) k_j.
    """
    import torch

    query, keys, values = (one.double() for one in (query, keys, values))
    factor = keys.shape[-1] ** -0.5 if scale is None else scale
    weights = torch.softmax((keys @ query) * factor, dim=0)
    along = values @ seed_of(values[0])
    return factor * ((weights * (along - weights @ along)) @ keys)


def relative_error(result: "torch.Tensor", exact: "torch.Tensor") -> float:
    """Returns the error in the Frobenius norm, relative to the exact value."""
    difference = (result.double().cpu() - exact.double().cpu()).norm()
    return float(difference / exact.double().cpu().norm().clamp_min(1e-30))
