"""Collectives over the ranks of a run: what each rank's link carries, over the message's size.

A message is the larger of a rank's two buffers, of S bytes. Algorithm bandwidth is S / t; bus
bandwidth is that times 2 (n-1) / n for an all-reduce and (n-1) / n for the others, n ranks (nccl-
tests, doc/PERFORMANCE.md): what a rank sends at the least, and gets. It is what is told here, and
is set beside a link's one direction.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, ranks
from bench.kernels.common.base import (
    Defaults,
    Limits,
    Point,
    Task,
    UnsupportedError,
    itemsize,
)
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

TITLES = {
    "all_reduce": "all-reduce", "all_gather": "all-gather", "reduce_scatter": "reduce-scatter",
    "all_to_all": "all-to-all",
}  # fmt: skip
SUMS = ("all_reduce", "reduce_scatter")
GATHERS = ("all_gather", "all_to_all")
PARTED = ("reduce_scatter", "all_to_all")
"""Those whose result sums, or holds, what each rank put in; those of which a rank gets its part."""

SIZES = {
    "8B": 8, "64B": 64, "512B": 512, "4KiB": 8**4, "32KiB": 8**5, "256KiB": 8**6, "2MiB": 8**7,
    "16MiB": 8**8, "128MiB": 8**9, "1GiB": 8**10,
}  # fmt: skip
"""Messages: the powers of eight from 8 B, which shows latency, to 1 GiB."""

LARGEST_ON_CPU = SIZES["128MiB"]
BUFFERS = 2
CHECKED = 1200
SPOTS = 256
TOLERANCE = {False: 1e-5, True: 1e-4}
"""Largest error relative to the largest element, of one call and of many sums in place."""

GROWTH = 2.0**96
"""How far sums in place may grow before they start anew: n ranks make each n times the last."""


class Collective(Defaults):
    """Operations in which every rank takes part."""

    name = "collective"
    about = "collectives over the ranks of torchrun: bus bandwidth over the message's size"
    dtypes = ("fp32",)
    group = "collectives"
    decides = False
    across_ranks = True
    """Every rank builds, checks and times it; other kernels are the first rank's alone."""

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns operation and size, such as ``all_reduce-16MiB``."""
        return tuple(f"{operation}-{size}" for operation in TITLES for size in SIZES)

    def figures(self, point: Point) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the link's figure of one direction, as bus bandwidth counts."""
        return ("link_bandwidth_oneway",)

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns that it is told in bytes a second."""
        return "byte_rate"

    def label(self, point: Point) -> str:
        """Returns operation, size, ranks, and how bus and algorithm bandwidth are related."""
        message, count = point.size("message_bytes"), point.size("ranks")
        words = f"{TITLES[_operation(point)]} of {_bytes(message)}"
        if count == 1:
            return words
        return f"{words} over {count} ranks (bus = {bus_factor(point):.4g} x algorithm)"

    def work(self, point: Point) -> Work:
        """Counts the bytes of bus bandwidth, and a rank's share of the additions."""
        message, factor = point.size("message_bytes"), bus_factor(point)
        share = (point.size("ranks") - 1) / point.size("ranks")
        adds = message / itemsize(point.dtype) * share if _operation(point) in SUMS else 0.0
        formula = f"{'2 ' if _operation(point) == 'all_reduce' else ''}S (n - 1) / n"
        return Work(
            flop=adds, bytes=message * factor, footprint_bytes=float(message), formula=formula
        )

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns the operation at its size; it is checked at a small one."""
        operation, _, size = (variant or self.variants(dtype)[0]).partition("-")
        count = ranks.count()
        parameters: dict[str, int | str] = {"operation": operation, "ranks": count}
        least = itemsize(dtype) * (1 if operation == "all_reduce" else count)
        message = math.ceil(SIZES[size] / least) * least
        return Point("collective", dtype, data, {**parameters, "message_bytes": message})

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the one size, if memory holds it; on a CPU all ranks share what there is."""
        if pilot.size("ranks") == 1:
            raise UnsupportedError(ranks.ALONE)
        message, held = pilot.size("message_bytes"), BUFFERS
        if limits.is_cpu:
            held = BUFFERS * pilot.size("ranks")
            if message > LARGEST_ON_CPU:
                raise UnsupportedError(
                    f"messages above {_bytes(LARGEST_ON_CPU)} take seconds between CPU processes"
                )
        return [pilot] if held * message <= limits.memory_bytes else []

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- the link is what takes time
        """Returns the operation over buffers that every rank has, or none takes part."""
        groups = ranks.joined()
        elements = point.size("message_bytes") // itemsize(point.dtype)
        side = _agreed(lambda: _kept_side(point, elements, device))
        side.spoil()
        told: dict[str, float | str] = {
            "ranks": float(point.size("ranks")), "bus_factor": bus_factor(point),
            "backend": groups.backend,
        }  # fmt: skip
        return Task(
            [side.run], side.spoil, lambda _: side.compared(_picked(side)), lambda: dict(told)
        )

    def check(self, point: Point, device: "torch.device") -> Check:
        """Runs it once on some 1200 fresh elements, each rank's its own, and compares them all."""
        ranks.joined()
        count = point.size("ranks")
        elements = math.ceil(CHECKED / count) * count
        source = inputs.draw((elements,), point.dtype, "normal", device)
        side = _side(point, source, source.new_empty(elements))
        side.spoil()
        side.run()
        return side.compared(list(range(side.target.numel())))


KERNEL = Collective()


def bus_factor(point: Point) -> float:
    """Returns bus over algorithm bandwidth."""
    count = point.size("ranks")
    return (2.0 if _operation(point) == "all_reduce" else 1.0) * (count - 1) / count


def _operation(point: Point) -> str:
    return str(point.parameters["operation"])


def _bytes(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count} B"


@dataclass
class _Side:
    """One rank's side of a collective.

    Attributes:
        operation: which.
        source: what this rank puts in; a sum in place starts from a copy of it.
        target: what it gets.
        call: the operation once.
        calls: how often it ran since the target was overwritten.
        most: how often sums may be summed again before they start anew.
    """

    operation: str
    source: "torch.Tensor"
    target: "torch.Tensor"
    call: Callable[[], object]
    most: int
    calls: int = 0

    def spoil(self) -> None:
        """Overwrites the target: with what goes into a sum in place, else with no number."""
        self.calls = 0
        if self.operation == "all_reduce":
            self.target.copy_(self.source)
        else:
            self.target.fill_(float("nan"))

    def run(self) -> None:
        """Runs it once; a sum in place that has grown too far starts anew."""
        if self.calls == self.most and self.operation == "all_reduce":
            self.spoil()
        self.call()
        self.calls += 1

    def compared(self, picked: list[int]) -> Check:
        """Compares elements of this rank's target with what all put in, in float64."""
        import torch

        at = torch.tensor(picked)
        wanted = _wanted(self.operation, self.source, at)
        grown = self.operation == "all_reduce" and self.calls > 1
        got = self.target[at.to(self.target.device)].cpu().double()
        if grown:
            got = got / float(ranks.count()) ** (self.calls - 1)
        error = float((got - wanted).abs().max() / wanted.abs().max().clamp_min(1e-30))
        tolerance = TOLERANCE[grown]
        shape = f"{len(picked)} of {self.target.numel()}"
        return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)


def _kept_side(point: Point, elements: int, device: "torch.device") -> _Side:
    (source,) = inputs.buffers(1, elements, point.dtype, point.data, device)
    return _side(point, source, inputs.outputs(elements, source.dtype, device))


def _side(point: Point, source: "torch.Tensor", target: "torch.Tensor") -> _Side:
    """Returns this rank's side over two buffers of the message's size, each cut as it is needed."""
    operation, count = _operation(point), point.size("ranks")
    part = source.numel() // count
    if operation == "all_gather":
        source = source[:part]
    elif operation == "reduce_scatter":
        target = target[:part]
    most = int(math.log(GROWTH) / math.log(count))
    return _Side(operation, source, target, _call(operation, source, target), most)


def _call(operation: str, source: "torch.Tensor", target: "torch.Tensor") -> Callable[[], object]:
    import torch.distributed as dist

    group = ranks.joined().data
    calls: dict[str, Callable[[], object]] = {
        "all_reduce": partial(dist.all_reduce, target, group=group),
        "all_gather": partial(_torchs("all_gather"), target, source, group=group),
        "reduce_scatter": partial(_torchs("reduce_scatter"), target, source, group=group),
        "all_to_all": partial(dist.all_to_all_single, target, source, group=group),
    }
    return calls[operation]


def _torchs(operation: str) -> Callable[..., object]:
    """Returns torch's own over one tensor each; torch 2.13 calls two of them by other names."""
    import torch.distributed as dist

    before = {"all_gather": "all_gather_into_tensor", "reduce_scatter": "reduce_scatter_tensor"}
    now = f"{operation}_single"
    found: Callable[..., object] = getattr(dist, now if hasattr(dist, now) else before[operation])
    return found


def _agreed(make: Callable[[], _Side]) -> _Side:
    """Returns what ``make`` gives, once every rank has it: one alone would wait for the others."""
    trouble: Exception | None = None
    try:
        made = make()
    except (RuntimeError, MemoryError) as error:
        trouble = error
    told = ranks.gathered(trouble is not None)
    if trouble is not None:
        raise trouble
    if any(told):
        raise MemoryError(f"no room on rank {told.index(True)}")
    return made


def _picked(side: _Side) -> list[int]:
    """Returns numbers of elements, the same on every rank: the first, the last, some at random."""
    import torch

    count = side.target.numel()
    mine = torch.randint(0, count, (min(SPOTS, count),)).tolist()
    return sorted({0, count - 1, *ranks.gathered(mine)[0]})


def _wanted(operation: str, source: "torch.Tensor", at: "torch.Tensor") -> "torch.Tensor":
    """Returns what a rank's target should hold at ``at``, by what each rank tells of its source."""
    import torch

    count, me = ranks.count(), ranks.rank()
    part = source.numel() // (1 if operation == "all_gather" else count)
    within, sender = at % part, at // part
    starts = range(0, count * part, part) if operation in PARTED else [0] * count
    offset = within if operation in GATHERS else at
    mine = [source[(start + offset).to(source.device)].cpu().double() for start in starts]
    heard = torch.stack([told[me] for told in ranks.gathered(mine)])
    if operation in SUMS:
        return heard.sum(dim=0)
    return heard[sender, torch.arange(len(at))]
