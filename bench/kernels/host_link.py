"""Copies between host and device; the bytes are those that cross the link.

``both`` copies both ways at once, on two streams, and counts the bytes of both, as sheets state
PCIe bandwidth. The others are compared with the bandwidth of one direction. The rate also depends
on the host, so it gives no verdict on a chip: host memory is where the system puts it, on several
sockets perhaps not beside the device (``numactl`` binds the process).
Sizes: ``elements`` of one copy.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import copies
from bench.kernels.common.base import (
    Defaults,
    Limits,
    Point,
    Task,
    UnsupportedError,
    itemsize,
)
from bench.kernels.common.copies import Copy
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

LABELS = {
    "both": "pinned host memory, both ways at once",
    "to-device": "host to device, pinned",
    "to-host": "device to host, pinned",
    "to-device-pageable": "host to device, pageable",
    "to-host-pageable": "device to host, pageable",
}
PILOT_ELEMENTS = 1 << 18


class HostLink(Defaults):
    """Host to device and back."""

    name = "host_link"
    about = "copies between host and device, pinned and pageable, one way and both at once"
    dtypes = ("fp32",)
    sizes = ("elements",)
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the directions, with the kind of host memory."""
        return tuple(LABELS)

    def label(self, point: Point) -> str:
        """Returns direction and kind of host memory in words."""
        return LABELS[str(point.parameters["way"])]

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns the bandwidth of both directions for ``both``, else that of one direction."""
        return ("pcie_bandwidth",) if _both(point) else ("pcie_bandwidth_oneway",)

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns bytes/s."""
        return "byte_rate"

    def work(self, point: Point) -> Work:
        """Counts N s bytes per direction."""
        moved = float(point.size("elements") * itemsize(point.dtype) * (2 if _both(point) else 1))
        formula = "N s each way" if _both(point) else "N s"
        return Work(flop=0.0, bytes=moved, footprint_bytes=moved, formula=formula)

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a copy of a megabyte."""
        parameters: dict[str, int | str] = {"way": variant or "both", "elements": PILOT_ELEMENTS}
        return Point("host_link", dtype, data, parameters)

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns one size, large enough to make the start of a copy negligible."""
        return [copies.sized(pilot, limits)]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- a link has no cache
        """Returns the copy, or both copies, over buffers with different data on each side."""
        _refuse_host(device)
        made = _copies(point, copies.arrays(point, device))
        return copies.task(_call(made, device), made)

    def check(self, point: Point, device: "torch.device") -> Check:
        """Copies 100,003 fresh elements and compares them all."""
        _refuse_host(device)
        made = _copies(point, copies.fresh_arrays(point, device))
        return copies.checked(_call(made, device), made)


KERNEL = HostLink()


def _both(point: Point) -> bool:
    return point.parameters["way"] == "both"


def _refuse_host(device: "torch.device") -> None:
    if device.type == "cpu":
        raise UnsupportedError("the device is the host")


def _copies(point: Point, arrays: "Sequence[torch.Tensor]") -> list[Copy]:
    """Returns one copy per direction, the one to the device first."""
    import torch

    way = str(point.parameters["way"])
    pinned = not way.endswith("pageable")
    first, second, written = arrays
    host_array = partial(torch.empty, first.shape, dtype=first.dtype, pin_memory=pinned)
    down = "to-device" in way or way == "both"
    up = "to-host" in way or way == "both"
    to_device = [Copy(host_array().copy_(second), written, pinned)] if down else []
    return [*to_device, *([Copy(first, host_array(), pinned)] if up else [])]


def _call(made: list[Copy], device: "torch.device") -> Callable[[], object]:
    return made[0].run if len(made) == 1 else copies.together(made[0], made[1], device)
