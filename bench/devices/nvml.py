"""NVIDIA's telemetry by NVML: clocks, power, temperature, throttle reasons, limits. Optional."""

import os
from pathlib import Path
from typing import Any

from bench.devices.base import Reading
from bench.devices.neighbours import Process, sharing
from bench.judging.throttle import Throttle

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
"""NVML's clock event reasons by bit."""

SM_CLOCK = 1
TEMPERATURE_GPU = 0
"""NVML's enumerators of the SM clock and of the GPU's temperature sensor."""

CORRECTED, UNCORRECTED, VOLATILE = 0, 1, 0
"""NVML's enumerators of kinds of memory error, and of counters since the driver was loaded."""

MPS_FOLDER = "/tmp/nvidia-mps"  # noqa: S108 -- CUDA's default
MPS_SHARE = "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"
MPS_PIPES = "CUDA_MPS_PIPE_DIRECTORY"

POWER_NOW = 186
"""NVML's field for instantaneous power; nvmlDeviceGetPowerUsage averages 1 s since Ampere."""


Calls = tuple[tuple[str, *tuple[int, ...]], tuple[str, *tuple[int, ...]]]
"""The calls, with their arguments, for the current setting and for its default."""

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
"""NVML cannot query locked clocks; under load they show as a throttle reason."""

PCIE_WIDTH: Calls = (
    ("nvmlDeviceGetCurrPcieLinkWidth",), ("nvmlDeviceGetMaxPcieLinkWidth",),
)  # fmt: skip
"""The negotiated width is constant; the link generation drops when the device is idle."""


class Nvml:
    """One device through NVML; a reading that the driver refuses is None."""

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
        """Returns the current SM clock, board power, temperature and throttle reasons."""
        if self._handle is None:
            return Reading()
        mhz = self._ask("nvmlDeviceGetClockInfo", SM_CLOCK)
        mask = self._ask("nvmlDeviceGetCurrentClocksEventReasons")
        if mask is None:  # drivers before 535 have the older name only
            mask = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons")
        return Reading(
            clock_hz=mhz * 1e6 if mhz else None,
            power_w=self._power_w(),
            temperature_c=self._ask("nvmlDeviceGetTemperature", TEMPERATURE_GPU),
            throttle=_reasons(mask),
        )

    def facts(self) -> dict[str, Any]:
        """Returns driver, power limit, maximum SM clock, bus width and PCI id, where reported."""
        if self._handle is None:
            return {}
        milliwatts = self._ask("nvmlDeviceGetEnforcedPowerLimit")
        mhz = self._ask("nvmlDeviceGetMaxClockInfo", SM_CLOCK)
        pci = self._ask("nvmlDeviceGetPciInfo")
        return {
            "driver": _text(self._call("nvmlSystemGetDriverVersion")),
            "power_limit_w": milliwatts / 1e3 if milliwatts else None,
            "clock_max_hz": mhz * 1e6 if mhz else None,
            "memory_bus_bit": self._ask("nvmlDeviceGetMemoryBusWidth"),
            "pci": f"{pci.pciDeviceId & 0xFFFF:04x}:{pci.pciDeviceId >> 16:04x}" if pci else None,
        }

    def limits(self) -> tuple[str, ...]:
        """Returns what limits it: caps, a narrow PCIe link, MIG, ECC, MPS, other processes."""
        if self._handle is None:
            return mps()
        mig, ecc = self._ask("nvmlDeviceGetMigMode"), self._ask("nvmlDeviceGetEccMode")
        notes = [
            self._below("power capped", POWER_CAP, 1e3, "W"),
            self._below("application clock", APPLICATION_CLOCK, 1, "MHz"),
            self._below("boost clock capped", BOOST_CLOCK, 1, "MHz"),
            self._below("PCIe", PCIE_WIDTH, 1, "lanes"),
            "MIG on" if mig and mig[0] else "",
            ("ECC on" if ecc[0] else "ECC off") if ecc else "",
            sharing(self._processes()),
        ]
        return (*(note for note in notes if note), *mps())

    def ecc(self) -> tuple[int, int] | None:
        """Returns how many memory errors ECC has corrected and not; None without ECC."""
        if self._handle is None:
            return None
        corrected, not_corrected = (
            self._ask("nvmlDeviceGetTotalEccErrors", kind, VOLATILE)
            for kind in (CORRECTED, UNCORRECTED)
        )
        known = corrected is not None and not_corrected is not None
        return (int(corrected), int(not_corrected)) if known else None

    def _below(self, what: str, calls: "Calls", scale: float, unit: str) -> str:
        """Returns a note that a setting is below its default; empty if it is not."""
        current, default = (self._ask(name, *arguments) for name, *arguments in calls)
        if not current or not default or current >= default:
            return ""
        return f"{what} at {current / scale:.0f} of {default / scale:.0f} {unit}"

    def _processes(self) -> list[Process]:
        """Returns the compute processes on the device, as far as NVML lists them."""
        listed = self._ask("nvmlDeviceGetComputeRunningProcesses") or ()
        return [(int(one.pid), one.usedGpuMemory) for one in listed]

    def _power_w(self) -> float | None:
        fields = self._ask("nvmlDeviceGetFieldValues", [POWER_NOW])
        instant = fields and fields[0].nvmlReturn == 0 and fields[0].value.uiVal
        milliwatts = instant or self._ask("nvmlDeviceGetPowerUsage")
        return milliwatts / 1e3 if milliwatts else None

    def _ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 -- pynvml is untyped
        return self._call(name, self._handle, *arguments)

    def _call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 -- pynvml is untyped
        try:
            return getattr(self._lib, name)(*arguments)
        except Exception:  # noqa: BLE001 -- refused, or unknown to this pynvml: telemetry stops no run
            return None


def mps() -> tuple[str, ...]:
    """Returns, in words, whether MPS is on and limits this process's share of the threads.

    A running control daemon has a pipe in its folder, the default or the one of the variable.
    """
    notes = []
    if (Path(os.environ.get(MPS_PIPES) or MPS_FOLDER) / "control").exists():
        notes.append("MPS on")
    share = os.environ.get(MPS_SHARE, "")
    if share.replace(".", "", 1).isdecimal() and float(share) < 100:
        notes.append(f"MPS gives this process {float(share):g}% of the threads")
    return tuple(notes)


def _handle(lib: Any, pci_bus: str | None, uuid: object, index: int) -> Any:  # noqa: ANN401 -- pynvml is untyped
    """Returns the handle by PCI address or UUID, which no mask of visible devices changes.

    By torch's index where neither is known, which is right without a mask only.
    """
    if pci_bus:
        return lib.nvmlDeviceGetHandleByPciBusId(pci_bus.encode())
    if uuid:
        return lib.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}".encode())
    return lib.nvmlDeviceGetHandleByIndex(index)


def _reasons(mask: int | None) -> tuple[Throttle, ...] | None:
    if mask is None:
        return None
    return tuple(reason for bit, reason in THROTTLE.items() if mask & bit)


def _text(value: str | bytes | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
