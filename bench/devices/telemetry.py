"""Who tells of clocks, power and temperature: a vendor's library, its tool, or nobody."""

from typing import Any, Protocol

from bench.devices.amd import Amd
from bench.devices.base import Reading
from bench.devices.nvml import Nvml
from bench.devices.smi import TOOLS, Smi


class Telemetry(Protocol):
    """What is told of one device beside torch.

    Attributes:
        missing: why nothing is told; empty where something is.
    """

    missing: str

    def reading(self) -> Reading:
        """Returns clock, power, temperature and throttle reasons now."""
        ...

    def facts(self) -> dict[str, Any]:
        """Returns driver, power limit, highest clock and the like, as far as told."""
        ...

    def limits(self) -> tuple[str, ...]:
        """Returns what limits the device."""
        ...


class Silent:
    """Nobody tells."""

    def __init__(self, why: str) -> None:
        self.missing = why

    def reading(self) -> Reading:
        """Returns an empty reading."""
        return Reading()

    def facts(self) -> dict[str, Any]:
        """Returns nothing."""
        return {}

    def limits(self) -> tuple[str, ...]:
        """Returns nothing."""
        return ()


def of(vendor: str | None, bus: str | None, index: int, count: int | None = None) -> Telemetry:
    """Returns the tool of a vendor, or nobody where it has none that is known here."""
    if vendor is not None and vendor in TOOLS:
        return Smi(vendor, bus, index, count)
    return Silent("no telemetry tool of this vendor is known here")


def of_cuda(vendor: str | None, bus: str | None, uuid: object, index: int) -> Telemetry:
    """Returns who tells of a device that presents itself as CUDA, which not only NVIDIA's do.

    AMD's library is asked before its tool; a vendor without a known tool may imitate NVML.
    """
    if vendor == "amd":
        library = Amd(bus, index)
        return of("amd", bus, index) if library.missing else library
    return of(vendor, bus, index) if vendor in TOOLS else Nvml(bus, uuid, index)
