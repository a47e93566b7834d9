"""Overheads: launching a tiny operation, waiting for it, a kernel of a graph, an allocation.

In all of these the operation itself takes almost no time; its overhead is what is measured.
``launch`` is the time from one call of torch to the next, back to back. On an accelerator that is
the host's time, as the device is done long before the next kernel arrives. ``launch-wait`` adds the
wait for the result, as in a decode step. ``graph`` is the time of one of 100 kernels of a captured
graph, which the host launches as a whole: the device's own overhead. ``allocate`` never reaches the
device. So times are taken by the host's clock, read when all calls have ended.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from bench.kernels.common import inputs
from bench.kernels.common.accelerators import waiter
from bench.kernels.common.base import Defaults, Point, Task, UnsupportedError
from bench.kernels.common.graphs import captured
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

LABELS = {
    "launch": "one tiny operation, back to back",
    "launch-wait": "one tiny operation and a wait for its end",
    "graph": "one kernel of a replayed graph of 100",
    "allocate": "1 MiB allocated and freed",
}
ELEMENTS = 32
GRAPH_KERNELS = 100
ALLOCATED_BYTES = 2**20
TOLERANCE = 1e-5
"""Largest absolute error over the largest result, after a hundred additions in fp32."""


class Launch(Defaults):
    """The overheads of single calls."""

    name = "launch"
    about = "launch, wait, graph replay and allocation"
    dtypes = ("fp32",)
    group = "launch and host"
    decides = False
    clock: ClassVar[str] = "host"

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the overheads."""
        return tuple(LABELS)

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns seconds per operation."""
        return "item_seconds"

    def label(self, point: Point) -> str:
        """Returns what is timed, in words."""
        return LABELS[str(point.parameters["what"])]

    def work(self, point: Point) -> Work:
        """Counts the additions of 32 elements; an allocation does none."""
        what = str(point.parameters["what"])
        kernels = {"graph": GRAPH_KERNELS, "allocate": 0}.get(what, 1)
        moved = 12.0 * ELEMENTS * kernels
        return Work(
            flop=float(ELEMENTS * kernels),
            bytes=moved,
            footprint_bytes=float(ALLOCATED_BYTES) if what == "allocate" else 12.0 * ELEMENTS,
            formula=f"c = a + b on {ELEMENTS} elements",
            items=float(kernels or 1),
        )

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns the variant; there is only one size."""
        return Point("launch", dtype, data, {"what": variant or "launch"})

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- no cache matters
        """Returns the call; its result does not depend on how often it is made."""
        if point.parameters["what"] == "allocate":
            return Task([partial(_allocate, device)], spot_check=_allocated)
        a, b, c = (inputs.draw((ELEMENTS,), point.dtype, point.data, device) for _ in range(3))
        call = _call(point, (a, b, c))
        spoil = partial(c.fill_, float("nan"))
        return Task([call], spoil, lambda _: _compared(point, a, b, c))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Makes the call once on fresh elements and compares its result with float64."""
        task = self.build(Point("launch", point.dtype, "normal", point.parameters), device, 0.0)
        task.spoil()
        last = task.calls[0]()
        assert task.spot_check is not None  # noqa: S101 -- every task of ours has one
        return task.spot_check(last)


KERNEL = Launch()


def _call(
    point: Point, arrays: tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]
) -> Callable[[], object]:
    """Returns c = a + b as a call; by the point, followed by a wait, or as a graph of additions."""
    import torch

    a, b, c = arrays
    add: Callable[[], object] = partial(torch.add, a, b, out=c)
    what = point.parameters["what"]
    if what == "launch":
        return add
    if c.device.type == "cpu":
        raise UnsupportedError(
            "a CPU has no graphs of kernels"
            if what == "graph"
            else "a CPU ends each call before it returns: there is nothing to wait for"
        )
    return _graph(a, b, c) if what == "graph" else partial(_and_wait, add, waiter(c.device))


def _and_wait(add: Callable[[], object], wait: Callable[[], object]) -> None:
    add()
    wait()


def _graph(a: "torch.Tensor", b: "torch.Tensor", c: "torch.Tensor") -> Callable[[], None]:
    """Returns the replay of c = a + 100 b, one addition per kernel."""
    import torch

    def body() -> None:
        torch.add(a, b, out=c)
        for _ in range(GRAPH_KERNELS - 1):
            c.add_(b)

    return captured(body, c.device)


def _allocate(device: "torch.device") -> int:
    """Allocates a block, frees it, and returns its address."""
    import torch

    return torch.empty(ALLOCATED_BYTES, dtype=torch.uint8, device=device).data_ptr()


def _allocated(last: object) -> Check:
    error = 0.0 if isinstance(last, int) and last else 1.0
    return Check(passed=not error, error=error, tolerance=0.0, shape=f"{ALLOCATED_BYTES} bytes")


def _compared(point: Point, a: "torch.Tensor", b: "torch.Tensor", c: "torch.Tensor") -> Check:
    times = GRAPH_KERNELS if point.parameters["what"] == "graph" else 1
    expected = a.cpu().double() + times * b.cpu().double()
    scale = max(1.0, float(expected.abs().max()))
    error = float((c.cpu().double() - expected).abs().max()) / scale
    return Check(passed=error <= TOLERANCE, error=error, tolerance=TOLERANCE, shape=str(ELEMENTS))
