"""Collectives over the ranks of a run: bus bandwidth over message size.

The message size S is that of the larger of a rank's two buffers. Algorithm bandwidth is S / t; bus
bandwidth is that times 2 (n-1) / n for an all-reduce and (n-1) / n for the others, with n ranks
(nccl-tests, doc/PERFORMANCE.md): the least that a rank has to send, and to receive. Bus bandwidth
is reported, and compared with the link's one-way figure, but not where a network between nodes
takes part.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, ranks, spots
from bench.kernels.common.base import Defaults, Limits, Point, Task, UnsupportedError, itemsize
from bench.records.model import Check, Quantity, Work
from bench.units import binary

if TYPE_CHECKING:
    import torch

TITLES = {
    "all_reduce": "all-reduce", "all_gather": "all-gather", "reduce_scatter": "reduce-scatter",
    "all_to_all": "all-to-all",
}  # fmt: skip
SUMS = ("all_reduce", "reduce_scatter")
"""Collectives that add up the inputs."""
GATHERS = ("all_gather", "all_to_all")
"""Collectives whose output concatenates data of every rank."""
PARTED = ("reduce_scatter", "all_to_all")
"""Collectives of whose inputs each rank gets a different part."""

SIZES = {
    "8B": 8, "64B": 64, "512B": 512, "4KiB": 8**4, "32KiB": 8**5, "256KiB": 8**6, "2MiB": 8**7,
    "16MiB": 8**8, "128MiB": 8**9, "1GiB": 8**10,
}  # fmt: skip
"""Message sizes: powers of eight from 8 B, which shows latency, to 1 GiB."""

LARGEST_ON_CPU = SIZES["128MiB"]
CHECKED = 1200
"""Elements per rank that are compared before timing."""
TOLERANCE = {False: 1e-5, True: 1e-4}
"""Largest error relative to the largest element: of one call, and of repeated in-place sums."""

GROWTH = 2.0**96
"""How far in-place sums may grow before their target is reset: each call multiplies them by n."""
TARGETS, TARGETS_BYTES = 64, 2**24
"""Most targets of in-place sums, used in turn, and the memory of all where there are several: many
ranks reset a target after few calls, too few of a short message to time."""
ALIGNED = 128
"""Targets start at a multiple of this many elements, as torch's allocations do (512 B)."""


class Collective(Defaults):
    """Collective operations of all ranks."""

    name = "collective"
    about = "collectives over the ranks of torchrun: bus bandwidth over the message's size"
    dtypes = ("fp32",)
    group = "collectives"
    decides = False
    across_ranks = True
    """Built, checked and timed on every rank; other kernels run on rank 0 only."""

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns operation and message size, such as ``all_reduce-16MiB``."""
        return tuple(f"{operation}-{size}" for operation in TITLES for size in SIZES)

    def most(self, point: Point) -> int:
        """Returns the calls after which the targets have to be reset, 0 if they need not be."""
        return _each(point) * _targets(point)

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the one-way link bandwidth, for bus bandwidth; none between several nodes."""
        return () if "nodes" in point.parameters else ("link_bandwidth_oneway",)

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns bytes/s."""
        return "byte_rate"

    def label(self, point: Point) -> str:
        """Returns operation, size, ranks, and the ratio of bus to algorithm bandwidth."""
        message, count = point.size("message_bytes"), point.size("ranks")
        words = f"{TITLES[_operation(point)]} of {binary(message)}"
        if count == 1:
            return words
        nodes = point.parameters.get("nodes")
        where = f"{count} ranks on {nodes} nodes" if nodes else f"{count} ranks"
        return f"{words} over {where} (bus = {bus_factor(point):.4g} x algorithm)"

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
        """Returns the operation at its message size; ``check`` uses a small one."""
        operation, _, size = (variant or self.variants(dtype)[0]).partition("-")
        count = ranks.count()
        least = itemsize(dtype) * (1 if operation == "all_reduce" else count)
        message = math.ceil(SIZES[size] / least) * least
        nodes = {"nodes": ranks.nodes()} if ranks.nodes() > 1 else {}
        sizes = {"ranks": count, "message_bytes": message, **nodes}
        return Point("collective", dtype, data, {"operation": operation, **sizes})

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the configuration if memory holds it; CPU ranks share the host's memory."""
        if pilot.size("ranks") == 1:
            raise UnsupportedError(ranks.ALONE)
        message, held = pilot.size("message_bytes"), 1 + _targets(pilot)
        if limits.is_cpu:
            held *= pilot.size("ranks")
            if message > LARGEST_ON_CPU:
                raise UnsupportedError(
                    f"messages above {binary(LARGEST_ON_CPU)} take seconds between CPU processes"
                )
        return [pilot] if held * message <= limits.memory_bytes else []

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- the link is what takes time
        """Returns the operation over its buffers; raises on all ranks if one cannot allocate."""
        groups = ranks.joined()
        elements = point.size("message_bytes") // itemsize(point.dtype)
        side = ranks.agreed(lambda: _kept_side(point, elements, device))
        side.spoil()
        observed: dict[str, float | str] = {
            "ranks": float(point.size("ranks")), "bus_factor": bus_factor(point),
            "backend": groups.backend,
        }  # fmt: skip
        return Task(
            [side.run], side.spoil, lambda _: side.compared(_picked(side)), lambda: dict(observed)
        )

    def check(self, point: Point, device: "torch.device") -> Check:
        """Runs the operation once on about 1200 fresh elements per rank, and compares them all."""
        ranks.joined()
        count = point.size("ranks")
        elements = math.ceil(CHECKED / count) * count
        source = inputs.draw((elements,), point.dtype, "normal", device)
        side = _side(point, source, source.new_empty(1, elements))
        side.spoil()
        side.run()
        return side.compared(list(range(side.targets.shape[1])))


KERNEL = Collective()


def bus_factor(point: Point) -> float:
    """Returns bus over algorithm bandwidth."""
    count = point.size("ranks")
    return (2.0 if _operation(point) == "all_reduce" else 1.0) * (count - 1) / count


def _operation(point: Point) -> str:
    return str(point.parameters["operation"])


def _each(point: Point) -> int:
    """Returns the calls after which a target has to be reset, 0 if it need not be."""
    summed = _operation(point) == "all_reduce" and point.size("ranks") > 1
    return int(math.log(GROWTH) / math.log(point.size("ranks"))) if summed else 0


def _targets(point: Point) -> int:
    """Returns the number of targets that are used in turn."""
    held = TARGETS_BYTES // point.size("message_bytes")
    return max(1, min(TARGETS, held)) if _each(point) else 1


@dataclass
class _Side:
    """One rank's side of a collective.

    Attributes:
        operation: its name.
        source: this rank's input; an in-place sum starts from a copy of it.
        targets: its outputs, one a row.
        bodies: run the operation once, one for each target.
        each: calls before the next target is used; 0 if there is one, never reset.
        calls: runs since the targets were reset.
    """

    operation: str
    source: "torch.Tensor"
    targets: "torch.Tensor"
    bodies: Sequence[Callable[[], object]]
    each: int
    calls: int = 0

    def spoil(self) -> None:
        """Resets the targets: to the source for an in-place sum, else to NaN."""
        self.calls = 0
        if self.operation == "all_reduce":
            self.targets.copy_(self.source)  # into each row
        else:
            self.targets.fill_(float("nan"))

    def run(self) -> None:
        """Runs the operation; first resets sums grown too far, which no timed call has to."""
        if self.each and self.calls == self.each * len(self.bodies):
            self.spoil()
        self.bodies[self.calls // self.each if self.each else 0]()
        self.calls += 1

    def compared(self, picked: list[int]) -> Check:
        """Compares elements of the target used last with the expected ones in float64."""
        import torch

        at = torch.tensor(picked)
        wanted = _wanted(self.operation, self.source, at)
        row, sums = divmod(max(self.calls - 1, 0), self.each) if self.each else (0, 0)
        target, grown = self.targets[row], sums > 0
        got = target[at.to(target.device)].cpu().double()
        if grown:
            got = got / float(ranks.count()) ** sums
        error = float((got - wanted).abs().max() / wanted.abs().max().clamp_min(1e-30))
        tolerance = TOLERANCE[grown]
        shape = f"{len(picked)} of {target.numel()}"
        return Check(passed=error <= tolerance, error=error, tolerance=tolerance, shape=shape)


def _kept_side(point: Point, elements: int, device: "torch.device") -> _Side:
    (source,) = inputs.buffers(1, elements, point.dtype, point.data, device)
    count, apart = _targets(point), math.ceil(elements / ALIGNED) * ALIGNED
    outputs = inputs.outputs(count * apart, source.dtype, device).view(count, apart)
    return _side(point, source, outputs[:, :elements])


def _side(point: Point, source: "torch.Tensor", targets: "torch.Tensor") -> _Side:
    """Returns this rank's side; source and rows have the message's size, and are cut as needed."""
    operation, count = _operation(point), point.size("ranks")
    part = source.numel() // count
    if operation == "all_gather":
        source = source[:part]
    elif operation == "reduce_scatter":
        targets = targets[:, :part]
    bodies = [_call(operation, source, target) for target in targets]
    return _Side(operation, source, targets, bodies, _each(point))


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
    """Returns torch's single-tensor operation; torch 2.13 renamed two of them."""
    import torch.distributed as dist

    before = {"all_gather": "all_gather_into_tensor", "reduce_scatter": "reduce_scatter_tensor"}
    now = f"{operation}_single"
    found: Callable[..., object] = getattr(dist, now if hasattr(dist, now) else before[operation])
    return found


def _picked(side: _Side) -> list[int]:
    """Returns element indices, the same on every rank: the first, the last, and random ones."""
    import torch

    count = side.targets.shape[1]
    mine = torch.randint(0, count, (min(spots.SPOTS, count),)).tolist()
    return sorted({0, count - 1, *ranks.gathered(mine)[0]})


def _wanted(operation: str, source: "torch.Tensor", at: "torch.Tensor") -> "torch.Tensor":
    """Returns the expected target at indices ``at``, from the gathered sources of all ranks."""
    import torch

    count, me = ranks.count(), ranks.rank()
    part = source.numel() // (1 if operation == "all_gather" else count)
    within, sender = at % part, at // part
    starts = range(0, count * part, part) if operation in PARTED else [0] * count
    offset = within if operation in GATHERS else at
    mine = [source[(start + offset).to(source.device)].cpu().double() for start in starts]
    received = torch.stack([parts[me] for parts in ranks.gathered(mine)])
    if operation in SUMS:
        return received.sum(dim=0)
    return received[sender, torch.arange(len(at))]
