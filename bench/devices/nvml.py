"""NVIDIA's own telemetry: clocks, power, temperature, throttle reasons, limits. Optional."""

import os
from pathlib import Path
from typing import Any

from bench.devices.base import Reading
from bench.devices.neighbours import Held, sharing
from bench.throttle import Throttle

THROTTLE = {
    0x1: Throttle.IDLE,
    0x2: Throttle.APPLICATION_CLOCKS,
    0x4: Throttle.POWER_CAP,
    0x8: Throttle.SLOWDOWN,
    0x10: Throttle.SYNC_BOOST,
    0x20: Throttle.HOT,
    0x40: Throttle.TOO_HOT,
    0x80: Throttle.POWER_BRAKE,
    0x100: Throttle.DISPLAY_CLOCKS,
}
"""NVML's clock event reasons by their bits."""

SM_CLOCK = 1
MPS_FOLDER = "/tmp/nvidia-mps"  # noqa: S108 -- where CUDA looks for it by default
MPS_SHARE = "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"
MPS_PIPES = "CUDA_MPS_PIPE_DIRECTORY"

POWER_NOW = 186
"""NVML's field of the power at this moment; its plain call averages a second since Ampere."""


Calls = tuple[tuple[str, *tuple[int, ...]], tuple[str, *tuple[int, ...]]]
"""The calls, with their arguments, that tell what is set and what is the default."""

POWER_CAP: Calls = (
    ("nvmlDeviceGetEnforcedPowerLimit",), ("nvmlDeviceGetPowerManagementDefaultLimit",),
)  # fmt: skip
APPLICATION_CLOCK: Calls = (
    ("nvmlDeviceGetApplicationsClock", SM_CLOCK),
    ("nvmlDeviceGetDefaultApplicationsClock", SM_CLOCK),
)
BOOST_CLOCK: Calls = (
    ("nvmlDeviceGetMaxCustomerBoostClock", SM_CLOCK), ("nvmlDeviceGetMaxClockInfo", SM_CLOCK),
)  # fmt: skip
"""Clocks locked by hand have no call of their own; under load NVML names them as a reason."""

PCIE_WIDTH: Calls = (
    ("nvmlDeviceGetCurrPcieLinkWidth",), ("nvmlDeviceGetMaxPcieLinkWidth",),
)  # fmt: skip
"""The width stays as it was negotiated; the generation falls whenever the device is idle."""


class Nvml:
    """One device through NVML; every reading that the driver refuses is None."""

    def __init__(self, pci_bus: str | None, uuid: object, index: int) -> None:
        self._handle: Any = None
        self._lib: Any = None
        try:
            import pynvml

            pynvml.nvmlInit()
            self._handle = _handle(pynvml, pci_bus, uuid, index)
            self._lib = pynvml
        except ImportError:
            self.missing = "install the extra 'nvidia' for clocks and power"
        except Exception as error:  # noqa: BLE001 -- NVML raises a class per code; none may stop a run
            self.missing = f"NVML: {error}"
        else:
            self.missing = ""

    def reading(self) -> Reading:
        """Returns SM clock, board power, temperature and throttle reasons now."""
        if self._handle is None:
            return Reading()
        clock = self._ask("nvmlDeviceGetClockInfo", 1)
        mask = self._ask("nvmlDeviceGetCurrentClocksEventReasons")
        if mask is None:  # a driver before 535 has the older name only
            mask = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons")
        return Reading(
            clock_hz=clock * 1e6 if clock else None,
            power_w=self._power_w(),
            temperature_c=self._ask("nvmlDeviceGetTemperature", 0),
            throttle=_reasons(mask),
        )

    def facts(self) -> dict[str, Any]:
        """Returns driver, power limit, highest SM clock, memory bus and PCI id, as far as told."""
        if self._handle is None:
            return {}
        limit = self._ask("nvmlDeviceGetEnforcedPowerLimit")
        clock = self._ask("nvmlDeviceGetMaxClockInfo", 1)
        pci = self._ask("nvmlDeviceGetPciInfo")
        return {
            "driver": _text(self._call("nvmlSystemGetDriverVersion")),
            "power_limit_w": limit / 1e3 if limit else None,
            "clock_max_hz": clock * 1e6 if clock else None,
            "memory_bus_bit": self._ask("nvmlDeviceGetMemoryBusWidth"),
            "pci": f"{pci.pciDeviceId & 0xFFFF:04x}:{pci.pciDeviceId >> 16:04x}" if pci else None,
        }

    def limits(self) -> tuple[str, ...]:
        """Returns what limits the device: caps, a narrow PCIe, MIG, ECC, MPS, others' processes."""
        if self._handle is None:
            return mps()
        mig, ecc = self._ask("nvmlDeviceGetMigMode"), self._ask("nvmlDeviceGetEccMode")
        found = [
            self._below("power capped", POWER_CAP, 1e3, "W"),
            self._below("application clock", APPLICATION_CLOCK, 1, "MHz"),
            self._below("boost clock capped", BOOST_CLOCK, 1, "MHz"),
            self._below("PCIe", PCIE_WIDTH, 1, "lanes"),
            "MIG on" if mig and mig[0] else "",
            ("ECC on" if ecc[0] else "ECC off") if ecc else "",
            sharing(self._processes()),
        ]
        return (*(one for one in found if one), *mps())

    def _below(self, what: str, calls: "Calls", scale: float, unit: str) -> str:
        """Says that what is set lies below its default, nothing where it does not."""
        now, default = (self._ask(name, *arguments) for name, *arguments in calls)
        if not now or not default or now >= default:
            return ""
        return f"{what} at {now / scale:.0f} of {default / scale:.0f} {unit}"

    def _processes(self) -> list[Held]:
        """Returns the processes that compute on the device, as far as told."""
        found = self._ask("nvmlDeviceGetComputeRunningProcesses") or ()
        return [(int(one.pid), one.usedGpuMemory) for one in found]

    def _power_w(self) -> float | None:
        fields = self._ask("nvmlDeviceGetFieldValues", [POWER_NOW])
        told = fields and fields[0].nvmlReturn == 0 and fields[0].value.uiVal
        power = told or self._ask("nvmlDeviceGetPowerUsage")
        return power / 1e3 if power else None

    def _ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 -- pynvml is untyped
        return self._call(name, self._handle, *arguments)

    def _call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 -- pynvml is untyped
        try:
            return getattr(self._lib, name)(*arguments)
        except Exception:  # noqa: BLE001 -- refused, or unknown to this pynvml: telemetry stops no run
            return None


def mps() -> tuple[str, ...]:
    """Returns whether processes share the device through MPS, and this one's share of it.

    A control daemon leaves its pipe in a folder that a variable or the default names.
    """
    found = []
    if (Path(os.environ.get(MPS_PIPES) or MPS_FOLDER) / "control").exists():
        found.append("MPS on")
    share = os.environ.get(MPS_SHARE, "")
    if share.replace(".", "", 1).isdecimal() and float(share) < 100:
        found.append(f"MPS gives this process {float(share):g}% of the threads")
    return tuple(found)


def _handle(lib: Any, pci_bus: str | None, uuid: object, index: int) -> Any:  # noqa: ANN401 -- pynvml is untyped
    """Returns the device by what no mask changes; an index is that of torch where nothing masks."""
    if pci_bus:
        return lib.nvmlDeviceGetHandleByPciBusId(pci_bus.encode())
    if uuid:
        return lib.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}".encode())
    return lib.nvmlDeviceGetHandleByIndex(index)


def _reasons(mask: int | None) -> tuple[Throttle, ...] | None:
    return None if mask is None else tuple(one for bit, one in THROTTLE.items() if mask & bit)


def _text(value: str | bytes | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
