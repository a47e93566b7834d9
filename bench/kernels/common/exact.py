"""A reference: one token through one transformer layer in float64, independent of the timed code.

The latent of MLA is decompressed, rotations are complex products, softmax is written out, experts
are computed one at a time. Weights are converted in parts, so that a layer of a large model can be
checked.
"""

from typing import TYPE_CHECKING, Any

from bench.kernels.common.attend import exact_row
from bench.workloads.model import Experts, Mla, Workload

if TYPE_CHECKING:
    import torch

    Tensors = dict[str, torch.Tensor]

PART_ELEMENTS = 1 << 20
"""Weight elements that are converted to float64 at a time."""


def exact_token(
    shape: Workload,
    weights: "Tensors",
    rows: "torch.Tensor",
    cache: "tuple[torch.Tensor, ...]",
    chosen: tuple[int, ...],
) -> "torch.Tensor":
    """Returns the layer's output for the last of ``rows``.

    Args:
        shape: the model.
        weights: the layer's weights by name.
        rows: the sequence up to the token, (tokens, hidden); one token if there is a cache.
        cache: the earlier tokens of this sequence: keys and values of (heads, length, size) each,
            or the latent of (1, length, size); empty in prefill.
        chosen: the experts of the token.
    """
    rows = rows.double()
    normed = _normed(rows, weights["attention_norm"], shape.norm_eps)
    attend = _latent(shape, shape.mla, weights, normed, cache) if shape.mla else None
    out = attend if attend is not None else _grouped(shape, weights, normed, cache)
    token = rows[-1] + times(weights["o"], out)
    normed = _normed(token, weights["mlp_norm"], shape.norm_eps)
    if shape.experts:
        return token + _experts(shape.experts, weights, normed, chosen)
    if "up" in weights:
        return token + _ungated(weights["up"], weights["down"], normed)
    return token + _gated(weights["gate_up"], weights["down"], normed)


def narrowed(shape: Workload) -> Workload:
    """Returns a model of the same architecture, small enough to check every token."""
    sizes: dict[str, Any] = {"hidden": 64, "heads": 8, "kv_heads": 2, "head_dim": 16}
    if shape.mla:
        ranks = {"q_lora": 48, "kv_lora": 32, "nope": 16, "rope": 8, "v": 16}
        sizes |= {"mla": shape.mla.model_copy(update=ranks), "head_dim": 24}
    if shape.experts:
        few = {"routed": 8, "per_token": 2, "intermediate": 32}
        sizes["experts"] = shape.experts.model_copy(update=few)
    return shape.model_copy(update={**sizes, "intermediate": 96})


def times(weight: "torch.Tensor", vectors: "torch.Tensor") -> "torch.Tensor":
    """Returns the product of a weight with a vector, or with each row, in float64."""
    import torch

    step = max(1, PART_ELEMENTS // weight.shape[1])
    parts = [
        vectors @ weight[start : start + step].double().t()
        for start in range(0, weight.shape[0], step)
    ]
    return torch.cat(parts, dim=-1)


def _normed(rows: "torch.Tensor", gain: "torch.Tensor", eps: float) -> "torch.Tensor":
    return rows / ((rows**2).mean(-1, keepdim=True) + eps).sqrt() * gain.double()


def _rotated(heads: "torch.Tensor", first: int, theta: float | None) -> "torch.Tensor":
    """Returns (positions, heads, size) with rotary embedding, from position ``first`` on.

    The two halves of a head are the real and imaginary parts of complex numbers.
    """
    import torch

    if theta is None:
        return heads
    half = heads.shape[-1] // 2
    numbers = torch.complex(heads[..., :half].contiguous(), heads[..., half:].contiguous())
    positions = torch.arange(first, first + len(heads), dtype=torch.float64, device=heads.device)
    frequencies = theta ** -(torch.arange(half, dtype=torch.float64, device=heads.device) / half)
    angles = positions[:, None] * frequencies
    factors = torch.polar(torch.ones_like(angles), angles)
    turned = numbers * factors[:, None]
    return torch.cat((turned.real, turned.imag), dim=-1)


def _grouped(
    shape: Workload, weights: "Tensors", rows: "torch.Tensor", cache: "tuple[torch.Tensor, ...]"
) -> "torch.Tensor":
    """Returns grouped-query attention of the last row, heads concatenated."""
    import torch

    first = cache[0].shape[1] if cache else 0
    qkv = times(weights["qkv"], rows)
    qkv = qkv + weights["qkv_bias"].double() if "qkv_bias" in weights else qkv
    qkv = qkv.view(len(rows), -1, shape.head_dim)
    queries, keys, values = torch.split(qkv, [shape.heads, shape.kv_heads, shape.kv_heads], dim=1)
    queries, keys = (_rotated(one, first, shape.rope_theta) for one in (queries, keys))
    shared = shape.heads // shape.kv_heads
    results = []
    for head in range(shape.heads):
        kv = head // shared
        pair = keys[:, kv], values[:, kv]
        if cache:
            pair = tuple(
                torch.cat((old[kv].double(), new)) for old, new in zip(cache, pair, strict=True)
            )  # type: ignore[assignment]  # two of them
        results.append(exact_row(queries[-1, head], pair[0], pair[1]))
    return torch.cat(results)


def _latent(
    shape: Workload,
    mla: Mla,
    weights: "Tensors",
    rows: "torch.Tensor",
    cache: "tuple[torch.Tensor, ...]",
) -> "torch.Tensor":
    """Returns multi-head latent attention of the last row, heads concatenated."""
    import torch

    first = cache[0].shape[1] if cache else 0
    ranks = _normed(times(weights["q_a"], rows[-1:]), weights["q_a_norm"], shape.norm_eps)
    query = times(weights["q_b"], ranks).view(1, shape.heads, mla.nope + mla.rope)
    turned = _rotated(query[..., mla.nope :], first + len(rows) - 1, shape.rope_theta)
    query = torch.cat((query[..., : mla.nope], turned), dim=-1)[0]
    low = times(weights["kv_a"], rows)
    latent = _normed(low[:, : mla.kv_lora], weights["kv_a_norm"], shape.norm_eps)
    key = _rotated(low[:, None, mla.kv_lora :], first, shape.rope_theta)[:, 0]
    if cache:
        old = cache[0][0].double()
        latent = torch.cat((old[:, : mla.kv_lora], latent))
        key = torch.cat((old[:, mla.kv_lora :], key))
    decompress = weights["kv_b"].view(shape.heads, mla.nope + mla.v, mla.kv_lora)
    results = []
    for head in range(shape.heads):
        both = times(decompress[head], latent)
        keys = torch.cat((both[:, : mla.nope], key), dim=-1)
        results.append(exact_row(query[head], keys, both[:, mla.nope :]))
    return torch.cat(results)


def _gated(gate_up: "torch.Tensor", down: "torch.Tensor", token: "torch.Tensor") -> "torch.Tensor":
    both = times(gate_up, token)
    gate, up = both[: len(both) // 2], both[len(both) // 2 :]
    return times(down, gate / (1 + (-gate).exp()) * up)


def _ungated(up: "torch.Tensor", down: "torch.Tensor", token: "torch.Tensor") -> "torch.Tensor":
    import torch

    inner = times(up, token)
    return times(down, inner * (1 + torch.erf(inner * 0.5**0.5)) / 2)


def _experts(
    shape: Experts, weights: "Tensors", token: "torch.Tensor", chosen: tuple[int, ...]
) -> "torch.Tensor":
    import torch

    logits = times(weights["router"], token)[list(chosen)]
    scores = 1 / (1 + (-logits).exp())
    shares = shape.scale * scores / scores.sum()
    out = torch.zeros_like(token)
    for share, expert in zip(shares, chosen, strict=True):
        gate_up, down = weights["experts_gate_up"][expert], weights["experts_down"][expert]
        out = out + share * _gated(gate_up, down, token)
    if shape.shared:
        out = out + _gated(weights["shared_gate_up"], weights["shared_down"], token)
    return out
