"""One transformer layer in torch: norm, attention, norm, feed-forward block or experts.

Weights are those of ``bench.workloads.counts.layer_shapes``. Rotary embedding pairs the two halves
of a head, as Llama's published code does; ALiBi's biases of the scores are left out. MLA is
decompressed in prefill and absorbed in decode; DeepSeek's scaling of scores for long contexts, a
constant, is left out.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.kernels.common.attend import attention, packed
from bench.kernels.common.grouped import counts, expert_block, group_ends, routes
from bench.kernels.common.llm import gelu, swiglu
from bench.workloads.model import Experts, Mla, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    Tensors = dict[str, torch.Tensor]
    Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Layer:
    """One layer with everything that a call needs besides its input.

    Attributes:
        shape: the model.
        weights: the layer's weights by name.
        batch: number of sequences.
        length: length of a sequence; in decode it includes the token that is decoded.
        cache: in decode, keys and values of (batch, key heads, length, head size) each, or the
            latent of (batch, 1, length, size); empty in prefill.
        way: implementation of attention.
        grouped_way: implementation of the experts' products.
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
        """Returns whether the input is one token per sequence, over a KV cache."""
        return bool(self.cache)

    @property
    def tokens(self) -> int:
        """Returns the number of input tokens."""
        return self.batch * (1 if self.decodes else self.length)


def forward(layer: Layer) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns the layer as a function of (tokens, hidden); makes rotary tables and routing."""
    shape, weights = layer.shape, layer.weights
    attend = _latent(layer, shape.mla) if shape.mla else _grouped(layer)
    feed_forward = _experts(layer, shape.experts) if shape.experts else _plain(weights, "")

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        rows = rows + attend(_normed(rows, weights["attention_norm"], shape.norm_eps))
        return rows + feed_forward(_normed(rows, weights["mlp_norm"], shape.norm_eps))

    return run


def rotations(positions: "torch.Tensor", size: int, theta: float, dtype: "torch.dtype") -> "Pair":
    """Returns cosine and sine of the rotary angles, each (positions, half the head size)."""
    import torch

    steps = torch.arange(0, size, 2, device=positions.device, dtype=torch.float64) / size
    angles = positions.double()[:, None] * theta**-steps
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotated(heads: "torch.Tensor", by: "Pair | None") -> "torch.Tensor":
    """Returns heads of (..., positions, size) with rotary embedding applied; with None, unchanged.

    Args:
        heads: queries or keys.
        by: cosine and sine of ``rotations``.
    """
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


def _rotations(layer: Layer, size: int) -> "Pair | None":
    theta = layer.shape.rope_theta
    return rotations(_positions(layer), size, theta, layer.weights["o"].dtype) if theta else None


def _grouped(layer: Layer) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns grouped-query attention as a function of normed rows."""
    import torch

    shape, weights, b = layer.shape, layer.weights, layer.batch
    heads, size = [shape.heads, shape.kv_heads, shape.kv_heads], shape.head_dim
    by = _rotations(layer, size)
    new = 1 if layer.decodes else layer.length

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        qkv = torch.nn.functional.linear(rows, weights["qkv"], weights.get("qkv_bias"))
        by_head = qkv.view(b, new, sum(heads), size).transpose(1, 2)
        parts = torch.split(by_head, heads, dim=1)
        queries, keys, values = rotated(parts[0], by), rotated(parts[1], by), parts[2]
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
    """Writes the new key and value to the end of the cache and attends to all of it."""
    cached_keys, cached_values = layer.cache
    cached_keys[:, :, -1:] = keys
    cached_values[:, :, -1:] = values
    rows = packed(queries.squeeze(2), layer.shape.kv_heads)
    return attention(layer.way, rows, cached_keys, cached_values, causal=False)


def _latent(layer: Layer, mla: Mla) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns multi-head latent attention as a function of normed rows."""
    import torch

    shape, weights = layer.shape, layer.weights
    by = _rotations(layer, mla.rope)
    new = 1 if layer.decodes else layer.length
    attend = _absorbed if layer.decodes else _decompressed

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        ranks = _normed(_linear(rows, weights["q_a"]), weights["q_a_norm"], shape.norm_eps)
        queries = _linear(ranks, weights["q_b"]).view(layer.batch, new, shape.heads, -1)
        plain, rotary = torch.split(queries.transpose(1, 2), [mla.nope, mla.rope], dim=-1)
        low, key = torch.split(_linear(rows, weights["kv_a"]), [mla.kv_lora, mla.rope], dim=-1)
        latent = _normed(low, weights["kv_a_norm"], shape.norm_eps)
        key = rotated(key.view(layer.batch, 1, new, mla.rope), by)
        latent = latent.view(layer.batch, 1, new, mla.kv_lora)
        out = attend(layer, mla, (plain, rotated(rotary, by)), (latent, key))
        return _linear(out.reshape(layer.tokens, shape.heads * mla.v), weights["o"])

    return run


def _decompressed(layer: Layer, mla: Mla, queries: "Pair", new: "Pair") -> "torch.Tensor":
    """Returns attention over the keys and values of every head, decompressed from the latent.

    Args:
        layer: the layer.
        mla: its sizes.
        queries: the parts without and with rotary embedding.
        new: the latent and the shared rotary key of the input tokens.
    """
    import torch

    heads = layer.shape.heads
    latent, key = new
    both = _linear(latent.squeeze(1), layer.weights["kv_b"])
    both = both.view(layer.batch, layer.length, heads, mla.nope + mla.v).transpose(1, 2)
    plain, values = torch.split(both, [mla.nope, mla.v], dim=-1)
    keys = torch.cat((plain, key.expand(-1, heads, -1, -1)), dim=-1)
    out = attention(layer.way, torch.cat(queries, dim=-1), keys, values, causal=True)
    return out.transpose(1, 2)


def _absorbed(layer: Layer, mla: Mla, queries: "Pair", new: "Pair") -> "torch.Tensor":
    """Returns attention over the cached latent itself; arguments are those of ``_decompressed``.

    The matrices that decompress the latent are applied to the queries and to the result instead.
    """
    import torch

    heads = layer.shape.heads
    plain, rotary = (one.squeeze(2) for one in queries)
    decompress = layer.weights["kv_b"].view(heads, mla.nope + mla.v, mla.kv_lora)
    keys, values = torch.split(decompress, [mla.nope, mla.v], dim=1)
    absorbed = torch.bmm(plain.transpose(0, 1), keys).transpose(0, 1)
    (cache,) = layer.cache
    cache[:, :, -1:] = torch.cat(new, dim=-1)
    rows = packed(torch.cat((absorbed, rotary), dim=-1), 1)
    scale = layer.shape.head_dim**-0.5
    seen = attention(layer.way, rows, cache, cache[..., : mla.kv_lora], causal=False, scale=scale)
    out = torch.bmm(seen.squeeze(1).transpose(0, 1), values.transpose(1, 2))
    return out.transpose(0, 1)


def _plain(weights: "Tensors", name: str) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns the feed-forward block: SwiGLU, or ungated with GELU.

    Args:
        weights: the layer's weights.
        name: prefix of the block's weights.
    """

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        return _linear(swiglu(_linear(rows, weights[f"{name}gate_up"])), weights[f"{name}down"])

    def ungated(rows: "torch.Tensor") -> "torch.Tensor":
        return _linear(gelu(_linear(rows, weights[f"{name}up"])), weights[f"{name}down"])

    return run if f"{name}gate_up" in weights else ungated


def _experts(layer: Layer, shape: Experts) -> "Callable[[torch.Tensor], torch.Tensor]":
    """Returns the mixture of experts; the routing is drawn beforehand, the scores are computed."""
    import torch

    weights, device = layer.weights, layer.weights["o"].device
    routing = routes(layer.tokens, shape.routed, shape.per_token)
    chosen = torch.tensor(routing, device=device)
    order = chosen.flatten().argsort(stable=True)
    owners = order // shape.per_token
    sizes = counts(routing, shape.routed)
    ends = group_ends(sizes, device)
    both = (weights["experts_gate_up"], weights["experts_down"])
    shared = _plain(weights, "shared_") if shape.shared else None

    def run(rows: "torch.Tensor") -> "torch.Tensor":
        scores = torch.sigmoid(_linear(rows, weights["router"]).float()).gather(1, chosen)
        shares = shape.scale * scores / scores.sum(1, keepdim=True)
        results = expert_block(layer.grouped_way, rows[owners], both, sizes, ends)
        scaled = results * shares.flatten()[order, None].to(results.dtype)
        out = shared(rows) if shared else torch.zeros_like(rows)
        return out.index_add(0, owners, scaled)

    return run
