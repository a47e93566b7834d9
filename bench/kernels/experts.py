"""The experts of a mixture-of-experts layer: grouped GEMMs over tokens sorted by expert.

Shapes are DeepSeek-V3's. Routing is uniformly random, drawn in advance and reproducible, so that
the weights read are known. A device holds as many experts as fit, a power of two, as with expert
parallelism: tokens routed to others are not computed.
"""

from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.attend import proven, relative_error
from bench.kernels.common.base import Defaults, Limits, Point, Task, itemsize
from bench.kernels.common.grouped import (
    GROUPED_WAYS,
    counts,
    expert_block,
    expert_work,
    group_ends,
    routes,
)
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
from bench.workloads.load import workload
from bench.workloads.model import Experts as Shape

if TYPE_CHECKING:
    import torch

MODEL = "deepseek-v3"
VARIANTS = ("prefill", "decode")
TOKENS = {"prefill": 4096, "decode": 64}
CPU_TOKENS = {"prefill": 512, "decode": 32}
LEAST_HELD = 4
"""Fewest experts on a device."""
CPU_BYTES = 2**30
"""The most weights on a CPU, which takes seconds to fill a gigabyte."""
PILOT_TOKENS = 16
SMALL = {"hidden": 64, "width": 48, "tokens": 24}
"""Sizes of the block that ``check`` compares."""
ROWS = 4
"""Random tokens that a spot check compares."""


class Experts(Defaults):
    """The routed experts of one layer per call: gate and up, SwiGLU, down."""

    name = "experts"
    about = "grouped products of a mixture of experts"
    dtypes = DTYPES
    sizes = ("batch",)
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the phases, which differ in the number of tokens per call."""
        return VARIANTS

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the product's rate for prefill (as ``gemm``), the memory bandwidth for decode."""
        if point.parameters["phase"] == "decode":
            return ("memory_bandwidth",)
        return f"matrix_{point.dtype}", f"vector_{point.dtype}"

    def quantity(self, point: Point) -> Quantity:
        """Returns FLOP/s for prefill, bytes/s for decode."""
        return "byte_rate" if point.parameters["phase"] == "decode" else "flop_rate"

    def label(self, point: Point) -> str:
        """Returns the phase, with the dtype if the figure does not name it."""
        phase = point.parameters["phase"]
        return f"experts decode {point.dtype}" if phase == "decode" else f"experts {phase}"

    def work(self, point: Point) -> Work:
        """Counts the GEMMs of the experts that have tokens."""
        hidden, width = _widths(point)
        return expert_work(point, _sizes(point), hidden, width)

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns four experts and few tokens, with one GEMM per expert."""
        phase = variant or VARIANTS[0]
        form: dict[str, int | str] = {"phase": phase, "model": MODEL, "experts": LEAST_HELD}
        return Point(
            "experts", dtype, data, {**form, "batch": PILOT_TOKENS, "way": GROUPED_WAYS[-1]}
        )

    def smaller(self, point: Point) -> Point:
        """Returns the same experts with fewer tokens."""
        return replace(
            point, parameters={**point.parameters, "batch": min(point.size("batch"), 256)}
        )

    def ways(self, point: Point, limits: Limits) -> list[Point]:
        """Returns every implementation, with as many experts as memory holds."""
        held = _shape().routed
        most = min(limits.memory_bytes, CPU_BYTES if limits.is_cpu else limits.memory_bytes)
        while held > LEAST_HELD and _weight_bytes(point, held) > most:
            held //= 2
        refuse_size(_weight_bytes(point, held), limits.memory_bytes)
        sized = {**point.parameters, "experts": held}
        return [replace(point, parameters={**sized, "way": way}) for way in GROUPED_WAYS]

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the phase's tokens in every implementation, with the experts memory holds."""
        tokens = (CPU_TOKENS if limits.is_cpu else TOKENS)[str(pilot.parameters["phase"])]
        sized = replace(pilot, parameters={**pilot.parameters, "batch": tokens})
        return self.ways(sized, limits)

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- the weights are far above any cache
        """Draws the weights of the held experts and the tokens routed to them."""
        set_precision(point.dtype)
        if device.type == "cpu":
            refuse_slow_product(self.work(point), point.dtype)
        call, operands = _block(point, _widths(point), device)
        results = Results()
        run = proven(results.storing(0, call))
        return Task([run], results.spoil, lambda _: _spot_check(point, operands, results))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Compares every token of a small block with its expert's result in float64."""
        set_precision(point.dtype)
        sizes = {"batch": SMALL["tokens"], "experts": _shape().routed}
        small = replace(point, data="normal", parameters={**point.parameters, **sizes})
        call, operands = _block(small, (SMALL["hidden"], SMALL["width"]), device)
        return _compared(small, operands, proven(call)(), range(sum(_sizes(small))))


KERNEL = Experts()

Operands = tuple["torch.Tensor", "dict[str, torch.Tensor]"]


def _shape() -> Shape:
    found = workload(MODEL).experts
    assert found is not None  # noqa: S101 -- a mixture by name
    return found


def _widths(point: Point) -> tuple[int, int]:
    """Returns the model's width and an expert's."""
    return workload(str(point.parameters["model"])).hidden, _shape().intermediate


def _weight_bytes(point: Point, held: int) -> float:
    """Returns the bytes of ``held`` experts' weights, and of their tokens' activations."""
    hidden, width = _widths(point)
    rows = sum(_counted(point.size("batch"), held))
    item = itemsize(point.dtype)
    return float(item * (held * 3 * hidden * width + rows * (2 * hidden + 3 * width)))


@lru_cache(maxsize=64)
def _counted(tokens: int, held: int) -> tuple[int, ...]:
    """Returns the tokens routed to each of ``held`` experts."""
    shape = _shape()
    return counts(routes(tokens, shape.routed, shape.per_token), held)


def _sizes(point: Point) -> tuple[int, ...]:
    """Returns the tokens per held expert; if there were none at all, one for the first."""
    tokens = _counted(point.size("batch"), point.size("experts"))
    return tokens if any(tokens) else (1, *tokens[1:])


def _block(
    point: Point, widths: tuple[int, int], device: "torch.device"
) -> "tuple[partial[torch.Tensor], Operands]":
    hidden, width = widths
    held, sizes = point.size("experts"), _sizes(point)
    weights = cut_weights(
        {"gate_up": (held, 2 * width, hidden), "down": (held, hidden, width)},
        point.dtype, point.data, device,
    )  # fmt: skip
    rows = inputs.draw((sum(sizes), hidden), point.dtype, point.data, device) * hidden**-0.5
    both = (weights["gate_up"], weights["down"])
    ends = group_ends(sizes, device)
    call = partial(expert_block, str(point.parameters["way"]), rows, both, sizes, ends)
    return call, (rows, weights)


def _spot_check(point: Point, operands: Operands, results: Results) -> Check:
    """Compares random tokens with their expert's result in float64."""
    import torch

    if 0 not in results.by_set:
        return LEFT_OUT
    drawn = torch.randint(0, sum(_sizes(point)), (ROWS,)).tolist()
    return _compared(point, operands, results.by_set[0], drawn)


def _compared(
    point: Point, operands: Operands, result: object, picked: "range | list[int]"
) -> Check:
    import torch

    assert isinstance(result, torch.Tensor)  # noqa: S101 -- what the block returns
    rows, weights = operands
    owners = [expert for expert, size in enumerate(_sizes(point)) for _ in range(size)]
    exact = [_exact(rows[row], weights, owners[row]) for row in picked]
    error = relative_error(result[list(picked)], torch.stack(exact))
    return verdict(error, point.dtype, f"{len(exact)} of {len(owners)} rows")


def _exact(row: "torch.Tensor", weights: "dict[str, torch.Tensor]", expert: int) -> "torch.Tensor":
    """Returns down(g / (1 + e^-g) u) of one row in float64."""
    both = weights["gate_up"][expert].double() @ row.double()
    gate, up = both[: len(both) // 2], both[len(both) // 2 :]
    return weights["down"][expert].double() @ (gate / (1 + (-gate).exp()) * up)
