"""One transformer layer in torch: norm, attention, norm, feed-forward block or experts.

Weights are those of ``bench.workloads.counts.layer_shapes``. Rotary embedding turns the halves of
a head against each other, as Llama's published code does; ALiBi's biases of scores are left out.
MLA is unfolded in prefill and absorbed in decode; DeepSeek's scaling of scores for long contexts is
left out, being a constant.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.kernels.common.attend import attention, packed
from bench.kernels.common.llm import counts, expert_block, gelu, group_ends, routes, swiglu
from bench.workloads.model import Experts, Mla, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    Tensors = dict[str, torch.Tensor]
    Turns = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Layer:
    """One layer with what a call needs besides its input.

    Attributes:
        shape: the model.
        weights: by name.
        batch, length: sequences, and their length; in decode, with the token that is decoded.
        cache: in decode, keys and values (batch x heads x length x size), or the latent.
        way: how attention is done.
        grouped_way: how the experts' products are done.
    """

    shape: Workload
    weights: "Tensors"
    batch: int
    length: int
    cache: "tuple[torch.Tensor, ...]"
    way: str = "torch"
    grouped_way: str = "loop"

    @property
    def decodes(self) -> bool:
        """Tells whether one token a sequence comes in, over a cache."""
        return bool(self.cache)

    @property
    def tokens(self) -> int:
        """Returns how many tokens come in."""
        return self.batch * (1 if self.decodes else self.length)


def forward(layer: Layer) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns the layer as a function of tokens x hidden; tables and routing are made here."""
    shape, weights = layer.shape, layer.weights
    attend = _latent(layer, shape.mla) if shape.mla else _grouped(layer)
    mixed = _experts(layer, shape.experts) if shape.experts else _plain(weights, "")

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        rows = rows + attend(_normed(rows, weights["attention_norm"], shape.norm_eps))
        return rows + mixed(_normed(rows, weights["mlp_norm"], shape.norm_eps))

    return run


def turns(positions: "torch.Tensor", size: int, theta: float, dtype: "torch.dtype") -> "Turns":
    """Returns cosine and sine of each position's angles, positions x half a head."""
    import torch

    steps = torch.arange(0, size, 2, device=positions.device, dtype=torch.float64) / size
    angles = positions.double()[:, None] * theta**-steps
    return angles.cos().to(dtype), angles.sin().to(dtype)


def turned(heads: "torch.Tensor", by: "Turns | None") -> "torch.Tensor":
    """Returns ... x positions x size with the halves of each head turned, if by anything."""
    import torch

    if by is None:
        return heads
    first, second = heads.chunk(2, dim=-1)
    cosine, sine = by
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


def _normed(rows: "torch.Tensor", gain: "torch.Tensor", eps: float) -> "torch.Tensor":
    import torch

    return torch.nn.functional.rms_norm(rows, (rows.shape[-1],), gain, eps)


def _linear(rows: "torch.Tensor", weight: "torch.Tensor") -> "torch.Tensor":
    import torch

    return torch.nn.functional.linear(rows, weight)


def _positions(layer: Layer) -> "torch.Tensor":
    import torch

    first = layer.length - 1 if layer.decodes else 0
    return torch.arange(first, layer.length, device=layer.weights["o"].device)


def _turns(layer: Layer, size: int) -> "Turns | None":
    theta = layer.shape.rope_theta
    return turns(_positions(layer), size, theta, layer.weights["o"].dtype) if theta else None


def _grouped(layer: Layer) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns grouped-query attention."""
    import torch

    shape, weights, b = layer.shape, layer.weights, layer.batch
    heads, size = [shape.heads, shape.kv_heads, shape.kv_heads], shape.head_dim
    by = _turns(layer, size)
    new = 1 if layer.decodes else layer.length

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        every = torch.nn.functional.linear(rows, weights["qkv"], weights.get("qkv_bias"))
        joined = every.view(b, new, sum(heads), size).transpose(1, 2)
        parts = torch.split(joined, heads, dim=1)
        queries, keys, values = turned(parts[0], by), turned(parts[1], by), parts[2]
        if layer.decodes:
            out = _over_cache(layer, queries, keys, values)
        else:
            out = attention(layer.way, queries, keys, values, causal=True)
            out = out.transpose(1, 2)
        return _linear(out.reshape(b * new, heads[0] * size), weights["o"])

    return run


def _over_cache(
    layer: Layer, queries: "torch.Tensor", keys: "torch.Tensor", values: "torch.Tensor"
) -> "torch.Tensor":
    """Puts the new key and value at the end of the cache and attends to all of it."""
    kept_keys, kept_values = layer.cache
    kept_keys[:, :, -1:] = keys
    kept_values[:, :, -1:] = values
    rows = packed(queries.squeeze(2), layer.shape.kv_heads)
    return attention(layer.way, rows, kept_keys, kept_values, causal=False)


def _latent(layer: Layer, mla: Mla) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns multi-head latent attention."""
    import torch

    shape, weights = layer.shape, layer.weights
    by = _turns(layer, mla.rope)
    new = 1 if layer.decodes else layer.length
    attend = _absorbed if layer.decodes else _unfolded

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        ranks = _normed(_linear(rows, weights["q_a"]), weights["q_a_norm"], shape.norm_eps)
        queries = _linear(ranks, weights["q_b"]).view(layer.batch, new, shape.heads, -1)
        plain, rotary = torch.split(queries.transpose(1, 2), [mla.nope, mla.rope], dim=-1)
        folded, key = torch.split(_linear(rows, weights["kv_a"]), [mla.kv_lora, mla.rope], dim=-1)
        latent = _normed(folded, weights["kv_a_norm"], shape.norm_eps)
        key = turned(key.view(layer.batch, 1, new, mla.rope), by)
        latent = latent.view(layer.batch, 1, new, mla.kv_lora)
        out = attend(layer, mla, (plain, turned(rotary, by)), (latent, key))
        return _linear(out.reshape(layer.tokens, shape.heads * mla.v), weights["o"])

    return run


def _unfolded(layer: Layer, mla: Mla, queries: "Turns", kept: "Turns") -> "torch.Tensor":
    """Returns attention over keys and values of every head, unfolded from the latent."""
    import torch

    heads = layer.shape.heads
    latent, key = kept
    both = _linear(latent.squeeze(1), layer.weights["kv_b"])
    both = both.view(layer.batch, layer.length, heads, mla.nope + mla.v).transpose(1, 2)
    plain, values = torch.split(both, [mla.nope, mla.v], dim=-1)
    keys = torch.cat((plain, key.expand(-1, heads, -1, -1)), dim=-1)
    out = attention(layer.way, torch.cat(queries, dim=-1), keys, values, causal=True)
    return out.transpose(1, 2)


def _absorbed(layer: Layer, mla: Mla, queries: "Turns", kept: "Turns") -> "torch.Tensor":
    """Returns attention over the cached latent itself, what unfolds it moved to either side."""
    import torch

    heads = layer.shape.heads
    plain, rotary = (one.squeeze(2) for one in queries)
    unfold = layer.weights["kv_b"].view(heads, mla.nope + mla.v, mla.kv_lora)
    keys, values = torch.split(unfold, [mla.nope, mla.v], dim=1)
    absorbed = torch.bmm(plain.transpose(0, 1), keys).transpose(0, 1)
    (cache,) = layer.cache
    cache[:, :, -1:] = torch.cat(kept, dim=-1)
    rows = packed(torch.cat((absorbed, rotary), dim=-1), 1)
    scale = layer.shape.head_dim**-0.5
    seen = attention(layer.way, rows, cache, cache[..., : mla.kv_lora], causal=False, scale=scale)
    out = torch.bmm(seen.squeeze(1).transpose(0, 1), values.transpose(1, 2))
    return out.transpose(0, 1)


def _plain(weights: "Tensors", name: str) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns the feed-forward block: gated by silu, or ungated with gelu."""

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        return _linear(swiglu(_linear(rows, weights[f"{name}gate_up"])), weights[f"{name}down"])

    def ungated(rows: "torch.Tensor") -> "torch.Tensor":
        return _linear(gelu(_linear(rows, weights[f"{name}up"])), weights[f"{name}down"])

    return run if f"{name}gate_up" in weights else ungated


def _experts(layer: Layer, shape: Experts) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns the mixture of experts; who goes where is drawn beforehand, the scores are not."""
    import torch

    weights, device = layer.weights, layer.weights["o"].device
    told = routes(layer.tokens, shape.routed, shape.per_token)
    chosen = torch.tensor(told, device=device)
    order = chosen.flatten().argsort(stable=True)
    owners = order // shape.per_token
    sizes = counts(told, shape.routed)
    ends = group_ends(sizes, device)
    both = (weights["experts_gate_up"], weights["experts_down"])
    shared = _plain(weights, "shared_") if shape.shared else None

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        scores = torch.sigmoid(_linear(rows, weights["router"]).float()).gather(1, chosen)
        shares = shape.scale * scores / scores.sum(1, keepdim=True)
        done = expert_block(layer.grouped_way, rows[owners], both, sizes, ends)
        scaled = done * shares.flatten()[order, None].to(done.dtype)
        out = shared(rows) if shared else torch.zeros_like(rows)
        return out.index_add(0, owners, scaled)

    return run
