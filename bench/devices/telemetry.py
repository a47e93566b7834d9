"""The source of clocks, power and temperature: a vendor's library, its tool, or none."""

from typing import Any, Protocol

from bench.devices.amd import Amd
from bench.devices.base import Reading
from bench.devices.nvml import Nvml
from bench.devices.smi import TOOLS, Smi


class Telemetry(Protocol):
    """Telemetry of one device.

    Attributes:
        missing: why there is none; empty where there is.
    """

    missing: str

    def reading(self) -> Reading:
        """Returns the current clock, power, temperature and throttle reasons."""
        ...

    def facts(self) -> dict[str, Any]:
        """Returns driver, power limit, maximum clock and the like, as far as reported."""
        ...

    def limits(self) -> tuple[str, ...]:
        """Returns, in words, what limits the device, such as a power cap."""
        ...


class Silent:
    """No telemetry."""

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
    """Returns telemetry through a vendor's command-line tool, ``Silent`` where none is known."""
    if vendor is not None and vendor in TOOLS:
        return Smi(vendor, bus, index, count)
    return Silent("no telemetry tool of this vendor is known here")


def of_cuda(vendor: str | None, bus: str | None, uuid: object, index: int) -> Telemetry:
    """Returns telemetry of a device behind the CUDA API, which is not always NVIDIA's.

    AMD's library is preferred to its tool; a vendor without a known tool may imitate NVML.
    """
    if vendor == "amd":
        library = Amd(bus, index)
        return of("amd", bus, index) if library.missing else library
    return of(vendor, bus, index) if vendor in TOOLS else Nvml(bus, uuid, index)
