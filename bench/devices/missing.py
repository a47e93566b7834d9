"""A kernel that torch reports as not implemented, to test how a backend handles one."""

from typing import TYPE_CHECKING

from bench.kernels.common.base import Defaults, Point, Task
from bench.records.model import Check, Work

if TYPE_CHECKING:
    import torch


class Missing(Defaults):
    """A kernel whose every call raises torch's error for a missing operation."""

    name = "missing"
    about = "nothing"
    dtypes = ("none",)

    def work(self, point: Point) -> Work:  # noqa: ARG002 -- the protocol's signature
        """Counts nothing."""
        return Work(flop=0.0, bytes=0.0, footprint_bytes=0.0, formula="0")

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:  # noqa: ARG002 -- as above
        """Returns the one point there is."""
        return Point("missing", dtype, data)

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:
        """Raises torch's error for a missing operation."""
        raise NotImplementedError("Could not run 'aten::missing' with arguments from this backend")

    def check(self, point: Point, device: "torch.device") -> Check:
        """Raises torch's error for a missing operation."""
        raise NotImplementedError("Could not run 'aten::missing' with arguments from this backend")
