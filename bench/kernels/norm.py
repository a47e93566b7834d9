"""RMSNorm and softmax over rows, counted as one read and one write of every element.

RMSNorm: y = x / sqrt(mean(x^2) + eps) g (arXiv 1910.07467). Rows are as wide as the hidden size
of Llama 3.1 70B. An implementation that passes over memory more often gets a lower rate.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, spots
from bench.kernels.common.attend import proven, relative_error
from bench.kernels.common.base import Defaults, Limits, Point, Task, itemsize
from bench.kernels.common.llm import (
    DTYPES,
    LEFT_OUT,
    Results,
    refuse_size,
    sets_for,
    verdict,
)
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

VARIANTS = ("rmsnorm", "softmax")
COLUMNS = 8192
EPS = 1e-5
PASSES = {"rmsnorm": 4.0, "softmax": 4.0}
"""Approximate operations per element: square, add, two products; max, difference, exp, quotient."""
WAYS = {"rmsnorm": ("torch", "written", "compiled"), "softmax": ("torch", "compiled")}
"""``torch``: its fused operation; ``written``: the formula; ``compiled``: by torch.compile."""
NO_COMPILER = ("torch", "written")
BYTES = {True: 64 * 2**20, False: 2**30}
"""Minimum size of an array on a CPU (True) and on an accelerator."""
FAR = 1.1
"""Minimum size of an array over the last-level cache; with its result twice that."""
PILOT_ROWS = 4
SPOT_ROWS = 8
"""Random rows that are compared after timing."""


class Norm(Defaults):
    """Normalizes every row of an array per call."""

    name = "norm"
    about = "RMSNorm and softmax over rows"
    dtypes = DTYPES
    sizes = ("elements",)
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns RMSNorm and softmax."""
        return VARIANTS

    def figures(self, point: Point) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the memory bandwidth."""
        return ("memory_bandwidth",)

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns bytes/s."""
        return "byte_rate"

    def label(self, point: Point) -> str:
        """Returns the operation and the dtype."""
        return f"{point.parameters['operation']} {point.dtype}"

    def work(self, point: Point) -> Work:
        """Counts one read and one write of every element of whole rows."""
        elements = _rows(point) * COLUMNS
        moved = float(2 * elements * itemsize(point.dtype))
        flop = PASSES[str(point.parameters["operation"])] * elements
        return Work(flop=flop, bytes=moved, footprint_bytes=moved, formula="2 N s")

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns four rows."""
        form: dict[str, int | str] = {"operation": variant or VARIANTS[0], "way": "torch"}
        return Point("norm", dtype, data, {**form, "elements": PILOT_ROWS * COLUMNS})

    def ways(self, point: Point, limits: Limits) -> list[Point]:
        """Returns an array of fixed size in every implementation; a CPU may have no compiler."""
        refuse_size(2 * self.work(point).footprint_bytes, limits.memory_bytes)
        known = WAYS[str(point.parameters["operation"])]
        ways = [way for way in known if not limits.is_cpu or way in NO_COMPILER]
        return [replace(point, parameters={**point.parameters, "way": way}) for way in ways]

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns an array larger than the caches, in every implementation."""
        wanted = max(BYTES[limits.is_cpu], FAR * limits.cache_bytes)
        fitting = min(wanted, limits.memory_bytes / 5)
        rows = max(1, int(fitting / itemsize(pilot.dtype) / COLUMNS))
        sized = replace(pilot, parameters={**pilot.parameters, "elements": rows * COLUMNS})
        return self.ways(sized, limits)

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Draws arrays that together exceed twice the cache."""
        inputs.release()
        sets = sets_for(self.work(point).footprint_bytes, cache_bytes)
        gain = _gain(point, device)
        arrays = [_array(point, device) for _ in range(sets)]
        results = Results()
        calls = [
            proven(results.storing(number, _call(point, array, gain)))
            for number, array in enumerate(arrays)
        ]
        return Task(calls, results.spoil, lambda _: _spot_check(point, arrays[0], gain, results))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Compares four rows with float64."""
        sized = {**point.parameters, "elements": PILOT_ROWS * COLUMNS}
        small = replace(point, data="normal", parameters=sized)
        array, gain = _array(small, device), _gain(small, device)
        return _compared(small, proven(_call(small, array, gain))(), array, gain)


KERNEL = Norm()


def _rows(point: Point) -> int:
    return max(1, point.size("elements") // COLUMNS)


def _array(point: Point, device: "torch.device") -> "torch.Tensor":
    (flat,) = (inputs.draw((_rows(point) * COLUMNS,), point.dtype, point.data, device),)
    return flat.view(_rows(point), COLUMNS)


def _gain(point: Point, device: "torch.device") -> "torch.Tensor":
    return inputs.draw((COLUMNS,), point.dtype, "uniform", device)


def _call(
    point: Point, array: "torch.Tensor", gain: "torch.Tensor"
) -> "Callable[[], torch.Tensor]":
    import torch

    def rmsnorm() -> torch.Tensor:
        wide = array.float()
        return (wide * torch.rsqrt((wide * wide).mean(-1, keepdim=True) + EPS) * gain).to(
            array.dtype
        )

    def softmax() -> torch.Tensor:
        return torch.softmax(array, dim=-1)

    operation, way = str(point.parameters["operation"]), str(point.parameters["way"])
    if way == "torch" and operation == "rmsnorm":
        return lambda: torch.nn.functional.rms_norm(array, (COLUMNS,), gain, EPS)
    written = rmsnorm if operation == "rmsnorm" else softmax
    return torch.compile(written) if way == "compiled" else written


def _spot_check(
    point: Point, array: "torch.Tensor", gain: "torch.Tensor", results: Results
) -> Check:
    """Compares rows drawn at random."""
    import torch

    whole = results.by_set.get(0)
    if not isinstance(whole, torch.Tensor):
        return LEFT_OUT
    drawn = spots.drawn(_rows(point), array.device, SPOT_ROWS)
    return _compared(point, whole[drawn], array[drawn], gain)


def _compared(point: Point, result: object, array: "torch.Tensor", gain: "torch.Tensor") -> Check:
    """Compares rows with their formula in float64."""
    import torch

    assert isinstance(result, torch.Tensor)  # noqa: S101 -- what the calls return
    wide = array.double().cpu()
    if point.parameters["operation"] == "rmsnorm":
        exact = wide / ((wide**2).mean(-1, keepdim=True) + EPS).sqrt() * gain.double().cpu()
    else:
        powers = (wide - wide.amax(-1, keepdim=True)).exp()
        exact = powers / powers.sum(-1, keepdim=True)
    return verdict(relative_error(result, exact), point.dtype, f"{len(wide)} rows of {COLUMNS}")
