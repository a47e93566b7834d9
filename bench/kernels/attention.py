"""Attention of language models: prefill, its backward pass, and decode over a KV cache.

FLOP as usually counted: 4 b h s^2 d forward, half if causal, 2.5 times that backward
(FlashAttention-2, arXiv 2307.08691, 4.1); decode reads each key and value once. Head shapes are
those of ``model``; MLA is decoded in its absorbed form, in which all heads share one latent of
512 + 64 elements per token (DeepSeek-V2, arXiv 2405.04434, 2.1).
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.attend import (
    CPU_WAYS,
    DECODE_WAYS,
    WAYS,
    attention,
    decode_work,
    exact_gradient,
    exact_row,
    packed,
    prefill_work,
    proven,
    relative_error,
    seed_of,
)
from bench.kernels.common.base import Defaults, Limits, Point, Task
from bench.kernels.common.llm import (
    DTYPES,
    LEFT_OUT,
    Results,
    best_rate,
    refuse_size,
    refuse_slow,
    sets_for,
    verdict,
)
from bench.kernels.common.precision import set_precision
from bench.records.model import Check, Quantity, Work
from bench.workloads.load import workload
from bench.workloads.model import Workload

if TYPE_CHECKING:
    import torch

    Operands = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

VARIANTS = ("prefill", "prefill-backward", "decode", "decode-mla")
MODELS = {"decode-mla": "deepseek-v3"}
MODEL = "llama-3.1-8b"
SIZES = {
    "prefill": ((2, 8192), (4, 4096), (1, 16384)),
    "prefill-backward": ((2, 8192), (4, 4096)),
    "decode": ((64, 8192),),
    "decode-mla": ((64, 8192),),
}
CPU_SIZES = {
    "prefill": ((1, 512), (1, 1024)),
    "prefill-backward": ((1, 256), (1, 512)),
    "decode": ((4, 4096),),
    "decode-mla": ((2, 4096),),
}
"""Batch and length to search, on an accelerator and on a CPU."""
PILOT_SIZES = (2, 48)
ROWS, SHORT, FAR = 16, 64, 2.2
"""Random rows that a spot check compares; length of the sequence whose rate predicts the time of a
call on a CPU; least size of a KV cache over the device's last-level cache."""
WHOLE = ("math", "matmul")
"""Implementations that materialize all scores, twice in fp32."""
BACKWARD_FACTOR = 2.0
"""Factor on the tolerance of gradients, which sum more rounded terms."""


class Attention(Defaults):
    """The attention of one layer per call."""

    name = "attention"
    about = "attention: prefill, its backward pass, decode, MLA decode"
    dtypes = DTYPES
    sizes = ("batch", "length")
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the phases."""
        return VARIANTS

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the product's rate for prefill (as ``gemm``), the memory bandwidth for decode."""
        if _decodes(point):
            return ("memory_bandwidth",)
        return f"matrix_{point.dtype}", f"vector_{point.dtype}"

    def quantity(self, point: Point) -> Quantity:
        """Returns FLOP/s for prefill, bytes/s for decode."""
        return "byte_rate" if _decodes(point) else "flop_rate"

    def label(self, point: Point) -> str:
        """Returns the phase, with the dtype if the figure does not name it."""
        phase = str(point.parameters["phase"])
        return f"attention {phase} {point.dtype}" if _decodes(point) else f"attention {phase}"

    def work(self, point: Point) -> Work:
        """Counts the phase's multiplications, and each operand's bytes once."""
        return _work(point)

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns two short sequences, with torch's choice of implementation."""
        phase = variant or VARIANTS[0]
        return _point(Point("attention", dtype, data), phase, PILOT_SIZES, "torch")

    def smaller(self, point: Point) -> Point:
        """Returns the same configuration with short sequences."""
        short = min(point.size("length"), 256)
        return replace(point, parameters={**point.parameters, "length": short})

    def ways(self, point: Point, limits: Limits) -> list[Point]:
        """Returns a configuration of fixed sizes in every implementation that fits in memory."""
        refuse_size(2 * self.work(point).footprint_bytes, limits.memory_bytes)
        on_gpu = DECODE_WAYS if _decodes(point) else WAYS
        ways: tuple[str, ...] = CPU_WAYS if limits.is_cpu else on_gpu
        if _scores_bytes(point) > limits.memory_bytes / 2:
            ways = tuple(way for way in ways if way not in WHOLE)
        return [replace(point, parameters={**point.parameters, "way": way}) for way in ways]

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the sizes that fit in memory, in every implementation."""
        phase = str(pilot.parameters["phase"])
        sizes = (CPU_SIZES if limits.is_cpu else SIZES)[phase]
        points = [_beyond_cache(_point(pilot, phase, size, "torch"), limits) for size in sizes]
        fitting = [p for p in points if 2 * _work(p).footprint_bytes <= limits.memory_bytes]
        return [one for point in fitting or points[-1:] for one in self.ways(point, limits)]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Draws operand sets that together exceed twice the cache."""
        work = self.work(point)
        set_precision(point.dtype)
        if device.type == "cpu":
            refuse_slow(work, _rate(point, device), point.dtype)
        inputs.release()
        results, sets = Results(), range(sets_for(work.footprint_bytes, cache_bytes))
        operands = [_operands(point, _shape(point), device) for _ in sets]
        calls = [proven(results.storing(one, _call(point, operands[one]))) for one in sets]
        return Task(calls, results.spoil, lambda _: _spot_check(point, operands[0], results))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Compares every row of two short sequences with an explicit softmax in float64."""
        set_precision(point.dtype)
        sizes = {"batch": 2, "length": 40}
        small = replace(point, data="normal", parameters={**point.parameters, **sizes})
        operands = _operands(small, _small(small), device)
        result = proven(_call(small, operands))()
        places = [(b, h, s) for b in range(2) for h in range(8) for s in range(_rows(small))]
        return _compared(small, operands, result, places)


KERNEL = Attention()


def _point(pilot: Point, phase: str, size: tuple[int, int], way: str) -> Point:
    model = MODELS.get(phase, MODEL)
    form: dict[str, int | str] = {"phase": phase, "model": model}
    return replace(pilot, parameters={**form, "batch": size[0], "length": size[1], "way": way})


def _beyond_cache(point: Point, limits: Limits) -> Point:
    """Returns a decode with a batch large enough that its KV cache exceeds the device's cache."""
    held, batch = _work(point).footprint_bytes, point.size("batch")
    if not _decodes(point) or held >= FAR * limits.cache_bytes:
        return point
    more = math.ceil(FAR * limits.cache_bytes * batch / held)
    return replace(point, parameters={**point.parameters, "batch": more})


def _rate(point: Point, device: "torch.device") -> float:
    """Returns the FLOP/s of a short sequence."""
    short = replace(point, parameters={**point.parameters, "batch": 1, "length": SHORT})
    call = proven(_call(short, _operands(short, _shape(short), device)))
    return best_rate(call, _work(short).flop)


def _work(point: Point) -> Work:
    sizes = (_shape(point), point.size("batch"), point.size("length"), point.dtype)
    return decode_work(*sizes) if _decodes(point) else prefill_work(*sizes, back=_backward(point))


def _decodes(point: Point) -> bool:
    return str(point.parameters["phase"]).startswith("decode")


def _backward(point: Point) -> bool:
    return str(point.parameters["phase"]).endswith("backward")


def _shape(point: Point) -> Workload:
    return workload(str(point.parameters["model"]))


def _small(point: Point) -> Workload:
    """Returns a model of the same kind with eight heads."""
    model = _shape(point)
    if not model.mla:
        return model.model_copy(update={"heads": 8, "kv_heads": 2, "head_dim": 64})
    narrow = model.mla.model_copy(update={"kv_lora": 64, "rope": 16, "nope": 48})
    return model.model_copy(update={"heads": 8, "mla": narrow, "head_dim": 64})


def _rows(point: Point) -> int:
    return 1 if _decodes(point) else point.size("length")


def _scores_bytes(point: Point) -> float:
    """Returns the bytes of all scores of a call, twice in fp32."""
    rows = point.size("batch") * _shape(point).heads * _rows(point)
    return 8.0 * rows * point.size("length")


def _operands(point: Point, model: Workload, device: "torch.device") -> "Operands":
    """Returns queries, keys and values; those of MLA are the latent and its first part."""
    b, s = point.size("batch"), point.size("length")
    draw = partial(inputs.draw, dtype=point.dtype, data=point.data, device=device)
    if not _decodes(point):
        shapes = [(b, heads, s, model.head_dim) for heads in (model.heads, *[model.kv_heads] * 2)]
        queries, keys, values = (draw(shape) for shape in shapes)
        if _backward(point):
            for one in (queries, keys, values):
                one.requires_grad_()
        return queries, keys, values
    if model.mla:
        key = model.mla.kv_lora + model.mla.rope
        latent = draw((b, 1, s, key))
        return packed(draw((b, model.heads, key)), 1), latent, latent[..., : model.mla.kv_lora]
    keys, values = (draw((b, model.kv_heads, s, model.head_dim)) for _ in range(2))
    return packed(draw((b, model.heads, model.head_dim)), model.kv_heads), keys, values


def _scale(point: Point) -> float | None:
    """Returns the softmax scale if it differs from 1 / sqrt(key width), as in absorbed MLA."""
    return _shape(point).head_dim ** -0.5 if _shape(point).mla else None


def _call(point: Point, operands: "Operands") -> Callable[[], object]:
    way, causal = str(point.parameters["way"]), not _decodes(point)
    forward = partial(attention, way, *operands, causal=causal, scale=_scale(point))
    return _gradients(forward, operands) if _backward(point) else forward


def _gradients(forward: "Callable[[], torch.Tensor]", operands: "Operands") -> Callable[[], object]:
    """Returns the backward pass alone; the forward pass runs once, here."""
    import torch

    out = proven(forward)()
    assert isinstance(out, torch.Tensor)  # noqa: S101 -- what attention returns
    return partial(torch.autograd.grad, out, operands, seed_of(out), retain_graph=True)


def _spot_check(point: Point, operands: "Operands", results: Results) -> Check:
    """Compares rows of the first set's result, drawn at random, with float64."""
    import torch

    if 0 not in results.by_set:
        return LEFT_OUT
    queries, length = operands[0], _rows(point)
    heads = _shape(point).heads
    drawn = [torch.randint(0, most, (ROWS,)).tolist() for most in (queries.shape[0], heads, length)]
    return _compared(point, operands, results.by_set[0], list(zip(*drawn, strict=True)))


def _compared(
    point: Point, operands: "Operands", result: object, places: list[tuple[int, int, int]]
) -> Check:
    """Compares rows of a result (of a backward pass: of the queries' gradient) with float64."""
    import torch

    assert isinstance(result, torch.Tensor | tuple)  # noqa: S101 -- what the calls return
    whole = result[0] if isinstance(result, tuple) else result
    queries, keys, values = (one.detach() for one in operands)
    exact, got = [], []
    for place in places:
        row, kv, seen = _found(point, operands, place)
        one = (queries[row], keys[place[0], kv, seen], values[place[0], kv, seen], _scale(point))
        exact.append(exact_gradient(*one) if _backward(point) else exact_row(*one))
        got.append(whole[row])
    error = relative_error(torch.stack(got), torch.stack(exact))
    shape = f"{len(places)} rows of {point.parameters['length']} keys"
    return verdict(error, point.dtype, shape, BACKWARD_FACTOR if _backward(point) else 1.0)


def _found(
    point: Point, operands: "Operands", place: tuple[int, int, int]
) -> tuple[tuple[int, int, int], int, slice]:
    """Returns a query's index in the operands, its key head, and the keys it attends to."""
    (b, h, s), queries, keys = place, operands[0], operands[1]
    if _decodes(point):  # heads that share a key head are packed as its rows
        kv, row = divmod(h, queries.shape[2])
        return (b, kv, row), kv, slice(None)
    return (b, h, s), h * keys.shape[1] // queries.shape[1], slice(0, s + 1)
