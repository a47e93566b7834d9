"""One transformer layer of a real model's shape, in prefill and in decode, with random weights.

Reported in tokens/s through one layer; a model of L such layers is L times slower, not counting
LM head and embedding. FLOP by ``bench.workloads.counts``. Bytes are the weights used by the
tokens, read once, the KV cache read (in prefill: written) once, and the layer's input and output.
"""

from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

from bench.kernels.common import inputs
from bench.kernels.common.attend import proven, relative_error
from bench.kernels.common.base import Defaults, Limits, Point, Task, itemsize
from bench.kernels.common.decoder import Layer, forward
from bench.kernels.common.exact import exact_token, narrowed
from bench.kernels.common.graphs import captured
from bench.kernels.common.grouped import counts, grouped_way, routes
from bench.kernels.common.llm import (
    DTYPES,
    LEFT_OUT,
    Results,
    cut_weights,
    refuse_size,
    refuse_slow_product,
    verdict,
)
from bench.kernels.common.precision import set_precision
from bench.records.model import Check, Quantity, Work
from bench.workloads.counts import (
    ROUTED,
    Phase,
    kv_elements,
    layer_flop,
    layer_shapes,
)
from bench.workloads.load import workload
from bench.workloads.model import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

MODELS = ("deepseek-v3", "llama-3.1-70b", "llama-3.1-8b", "qwen2.5-72b")
"""The workloads measured: models without sliding windows, attention sinks or QK norms."""
PHASES: tuple[Phase, ...] = ("prefill", "decode")
SIZES = {"prefill": (1, 4096), "decode": (64, 4096)}
CPU_SIZES = {"prefill": (1, 64), "decode": (1, 1024)}
"""Batch and length on an accelerator, and on a CPU, where a call takes about a second."""
PILOT_SIZES = (1, 16)

CPU_BYTES = 3 * 2**30
"""The most weights on a CPU, which takes over ten seconds per gigabyte to draw them."""

EAGER, GRAPH = "eager", "graph"
WAYS = {
    "prefill": (EAGER, f"{EAGER} flash", f"{EAGER} cudnn"),
    "decode": (EAGER, f"{EAGER} matmul", GRAPH, f"{GRAPH} matmul"),
}
CPU_WAYS = (EAGER, f"{EAGER} matmul")
"""Eager calls or a replayed graph, and the attention implementation."""
FURTHEST = 256
"""The spot check of a prefill picks a token below this, since it recomputes all before it."""
FACTOR = 2.0
"""Factor on the tolerance: a layer rounds more often than one block."""
CHECKED = {"prefill": (2, 12), "decode": (3, 20)}
"""Batch and length of the layer that ``check`` compares."""


class TransformerLayer(Defaults):
    """One step of all tokens through one layer per call."""

    name = "layer"
    about = "one transformer layer of a real model, prefill and decode"
    dtypes = DTYPES
    sizes = ("batch", "length")
    group = "transformer layers"
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns each model in each phase."""
        return tuple(f"{name}-{phase}" for name in MODELS for phase in PHASES)

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns tokens/s."""
        return "item_rate"

    def label(self, point: Point) -> str:
        """Returns the model, the phase, the dtype, and the sizes unless they are the pilot's."""
        values = point.parameters
        sizes = values["batch"], values["length"]
        words = "" if sizes == PILOT_SIZES else f"{sizes[0]} x {sizes[1]} "
        return f"{values['model']} {values['phase']} {words}{point.dtype}"

    def work(self, point: Point) -> Work:
        """Counts FLOP, bytes and tokens by the model's shape."""
        shape, phase = _shape(point), _phase(point)
        batch, length = point.size("batch"), point.size("length")
        tokens = batch * (length if phase == "prefill" else 1)
        elements = _reached(shape, tokens) + batch * length * kv_elements(shape)
        moved = float(itemsize(point.dtype) * (elements + 2 * tokens * shape.hidden))
        return Work(
            flop=float(layer_flop(shape, phase, batch, length)),
            bytes=moved,
            footprint_bytes=moved,
            formula="2 x products x tokens + attention; weights reached, cache, input, output once",
            items=float(tokens),
        )

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a short sequence of the variant's model and phase."""
        model, _, phase = (variant or self.variants(dtype)[0]).rpartition("-")
        form: dict[str, int | str] = {"model": model, "phase": phase}
        sizes = {"batch": PILOT_SIZES[0], "length": PILOT_SIZES[1]}
        return Point("layer", dtype, data, {**form, **sizes, "way": EAGER})

    def smaller(self, point: Point) -> Point:
        """Returns the same layer over short sequences."""
        return replace(
            point, parameters={**point.parameters, "length": min(point.size("length"), 64)}
        )

    def ways(self, point: Point, limits: Limits) -> list[Point]:
        """Returns the layer with several attention implementations, in decode also as a graph.

        Raises:
            UnsupportedError: it does not fit in memory.
        """
        most = min(limits.memory_bytes, CPU_BYTES if limits.is_cpu else limits.memory_bytes)
        refuse_size(_need_bytes(point), most)
        names = CPU_WAYS if limits.is_cpu else WAYS[_phase(point)]
        return [replace(point, parameters={**point.parameters, "way": name}) for name in names]

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the phase's sizes in every implementation."""
        batch, length = (CPU_SIZES if limits.is_cpu else SIZES)[_phase(pilot)]
        sized = {**pilot.parameters, "batch": batch, "length": length}
        return self.ways(replace(pilot, parameters=sized), limits)

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- the weights are far above any cache
        """Allocates weights and KV cache, and captures the graph if the point says so."""
        set_precision(point.dtype)
        if device.type == "cpu":
            refuse_slow_product(self.work(point), point.dtype)
        made = _made(point, _shape(point), device)
        results = Results()
        captures = str(point.parameters["way"]).startswith(GRAPH)
        call = captured(made.call, device) if captures else made.call
        run = proven(results.storing(0, call))
        spot, seen = (lambda _: _spot_check(point, made, results)), partial(_observed, made.layer)
        return Task([run], results.spoil, spot, seen)

    def check(self, point: Point, device: "torch.device") -> Check:
        """Compares every token of a narrow layer of the same architecture with float64."""
        set_precision(point.dtype)
        batch, length = CHECKED[_phase(point)]
        sizes = {"batch": batch, "length": length}
        small = replace(point, data="normal", parameters={**point.parameters, **sizes})
        made = _made(small, narrowed(_shape(point)), device)
        result = proven(made.call)()
        assert isinstance(result, torch_tensor())  # noqa: S101 -- what the layer returns
        return _compared(small, made, result, range(made.layer.tokens))


KERNEL = TransformerLayer()


@dataclass(frozen=True)
class Made:
    """A layer with its input rows and its forward pass."""

    layer: Layer
    rows: "torch.Tensor"
    run: "Callable[[torch.Tensor], torch.Tensor]"

    def call(self) -> "torch.Tensor":
        """Runs the forward pass without autograd."""
        import torch

        with torch.no_grad():
            return self.run(self.rows)


def torch_tensor() -> type[Any]:
    """Returns torch's type of tensors."""
    import torch

    return torch.Tensor


def _shape(point: Point) -> Workload:
    return workload(str(point.parameters["model"]))


def _phase(point: Point) -> Phase:
    return "decode" if point.parameters["phase"] == "decode" else "prefill"


def _reached(shape: Workload, tokens: int) -> int:
    """Returns the number of weight elements that ``tokens`` tokens use."""
    shapes = layer_shapes(shape)
    plain = sum(prod(one) for name, one in shapes.items() if name not in ROUTED)
    if not shape.experts:
        return plain
    routing = routes(tokens, shape.experts.routed, shape.experts.per_token)
    reached = sum(size > 0 for size in counts(routing, shape.experts.routed))
    return plain + reached * sum(prod(shapes[name][1:]) for name in ROUTED)


def _need_bytes(point: Point) -> float:
    """Returns the memory of a call: weights, KV cache, and activations at their peak."""
    shape, batch, length = _shape(point), point.size("batch"), point.size("length")
    shapes = layer_shapes(shape)
    tokens = batch * (length if _phase(point) == "prefill" else 1)
    per_token = shape.experts.per_token if shape.experts else 1
    width = sum(one[0] for name, one in shapes.items() if len(one) == 2) + shape.hidden
    routed = 4 * per_token * (shape.hidden + (shape.intermediate or 0)) if shape.experts else 0
    cached = batch * length * kv_elements(shape)
    weights = sum(map(prod, shapes.values()))
    return float(itemsize(point.dtype) * (weights + cached + tokens * (2 * width + routed)))


def _made(point: Point, shape: Workload, device: "torch.device") -> Made:
    batch, length = point.size("batch"), point.size("length")
    weights = cut_weights(layer_shapes(shape), point.dtype, point.data, device)
    cache = _cache(point, shape, device) if _phase(point) == "decode" else ()
    way = str(point.parameters["way"]).partition(" ")[2] or "torch"
    grouped = grouped_way(point.dtype, device)
    layer = Layer(shape, weights, batch, length, cache, way=way, grouped_way=grouped)
    rows = inputs.draw((layer.tokens, shape.hidden), point.dtype, point.data, device)
    return Made(layer, rows, forward(layer))


def _cache(point: Point, shape: Workload, device: "torch.device") -> "tuple[torch.Tensor, ...]":
    """Returns random keys and values, or latents scaled as after their norm."""
    b, s = point.size("batch"), point.size("length")
    if shape.mla:
        size = shape.mla.kv_lora + shape.mla.rope
        latent = inputs.draw((b, 1, s, size), point.dtype, point.data, device)
        latent[..., : shape.mla.kv_lora] *= shape.mla.kv_lora**-0.5
        return (latent,)
    drawn = (b, shape.kv_heads, s, shape.head_dim)
    return tuple(inputs.draw(drawn, point.dtype, point.data, device) for _ in range(2))


def _observed(layer: Layer) -> dict[str, float | str]:
    """Returns the grouped-GEMM implementation of the experts, which is not searched for."""
    return {"experts": layer.grouped_way} if layer.shape.experts else {}


def _spot_check(point: Point, made: Made, results: Results) -> Check:
    """Compares one random token of the result with float64, at full size."""
    import torch

    result = results.by_set.get(0)
    if not isinstance(result, torch_tensor()):
        return LEFT_OUT
    most = made.layer.tokens if made.layer.decodes else min(made.layer.length, FURTHEST)
    return _compared(point, made, result, [int(torch.randint(0, most, ()))])


def _compared(
    point: Point, made: Made, result: "torch.Tensor", picked: "range | list[int]"
) -> Check:
    """Compares the residual update of tokens with float64."""
    import torch

    layer, rows = made.layer, made.rows
    experts = layer.shape.experts
    routing = routes(layer.tokens, experts.routed, experts.per_token) if experts else ()
    exact = []
    for token in picked:
        first = token if layer.decodes else token - token % layer.length
        cache = tuple(one[token, :, :-1] for one in layer.cache)
        chosen = routing[token] if routing else ()
        row = exact_token(layer.shape, layer.weights, rows[first : token + 1], cache, chosen)
        exact.append(row - rows[token].double())
    added = result[list(picked)].double() - rows[list(picked)].double()
    error = relative_error(added, torch.stack(exact))
    return verdict(error, point.dtype, f"{len(exact)} of {layer.tokens} tokens", FACTOR)
