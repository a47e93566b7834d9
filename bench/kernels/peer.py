"""Copies between devices: within one, and over the link to a peer.

``local`` reads and writes one memory: 2 N s bytes. ``peer`` counts bytes across the link one way,
``peer-both`` in both directions at once. The peer is the next device, whose index the record holds
(``observed.peer``). A sheet's link bandwidth is the total of a chip's links;
where they lead to different peers no single peer gets all of it, so it gives no verdict.
Sizes: ``elements`` of one copy.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bench.kernels.common import copies
from bench.kernels.common.accelerators import module
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
    "local": "device to device, on one device",
    "peer": "to a peer",
    "peer-both": "to and from a peer at once",
}
FIGURES = {
    "local": "memory_bandwidth", "peer": "link_bandwidth_oneway", "peer-both": "link_bandwidth",
}  # fmt: skip
TIMES = {"local": 2, "peer": 1, "peer-both": 2}
"""How often a copy's bytes are counted."""

PILOT_ELEMENTS = 1 << 18


class Peer(Defaults):
    """Device-to-device copies."""

    name = "peer"
    about = "copies between devices: within one, to a peer, to and from a peer at once"
    dtypes = ("fp32",)
    sizes = ("elements",)
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the ways."""
        return tuple(LABELS)

    def label(self, point: Point) -> str:
        """Returns the way in words."""
        return LABELS[str(point.parameters["way"])]

    def figures(self, point: Point) -> tuple[str, ...]:
        """Returns memory bandwidth, or link bandwidth of one direction or both."""
        return (FIGURES[str(point.parameters["way"])],)

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns bytes/s."""
        return "byte_rate"

    def work(self, point: Point) -> Work:
        """Counts bytes read and written on one device, or bytes that cross the link."""
        way, copied = str(point.parameters["way"]), point.size("elements") * itemsize(point.dtype)
        formula = {1: "N s", 2: "2 N s"}[TIMES[way]]
        moved = float(TIMES[way] * copied)
        return Work(flop=0.0, bytes=moved, footprint_bytes=moved, formula=formula)

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a copy of a megabyte."""
        parameters: dict[str, int | str] = {"way": variant or "local", "elements": PILOT_ELEMENTS}
        return Point("peer", dtype, data, parameters)

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns one size, beyond any cache and large enough to hide the launch."""
        return [copies.sized(pilot, limits)]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- far above the cache by size
        """Returns the copy over arrays of random elements."""
        peer = _peer_of(point, device)
        made = _copies(point, copies.arrays(point, device), peer)
        task = copies.task(_call(made, device, peer), made)
        if point.parameters["way"] != "local":
            task.observed = lambda: {"peer": float(peer.index or 0)}
        return task

    def check(self, point: Point, device: "torch.device") -> Check:
        """Copies 100,003 fresh elements and compares them all."""
        peer = _peer_of(point, device)
        made = _copies(point, copies.fresh_arrays(point, device), peer)
        return copies.checked(_call(made, device, peer), made)


KERNEL = Peer()


def _peer_of(point: Point, device: "torch.device") -> "torch.device":
    """Returns the next device, which must allow peer access; for ``local`` the device itself."""
    import torch

    if point.parameters["way"] == "local":
        return device
    kind = device.type
    count = module(device).device_count() if kind != "cpu" else 1
    if count < 2:
        raise UnsupportedError("there is one device only")
    own = device.index or 0
    other = (own + 1) % count
    reaches = getattr(module(device), "can_device_access_peer", None)
    if reaches is None:
        raise UnsupportedError(f"torch does not report peer access between {kind} devices")
    if not reaches(own, other):
        raise UnsupportedError(f"no peer access between {kind}:{own} and {kind}:{other}")
    return torch.device(kind, other)


def _copies(point: Point, arrays: "Sequence[torch.Tensor]", peer: "torch.device") -> list[Copy]:
    """Returns one copy per direction, the one away from the device first."""
    import torch

    first, second, written = arrays
    way = str(point.parameters["way"])
    if way == "local":
        return [Copy(first, written)]
    away = Copy(first, torch.empty_like(first, device=peer))
    return [away] if way == "peer" else [away, Copy(second.to(peer), written)]


def _call(made: list[Copy], device: "torch.device", peer: "torch.device") -> Callable[[], object]:
    return made[0].run if len(made) == 1 else copies.together(made[0], made[1], device, [peer])
