"""NVIDIA's own telemetry: clocks, power, temperature, throttle reasons, limits. Optional."""

from typing import Any

from bench.devices.base import Reading

THROTTLE = {
    0x1: "idle",
    0x2: "application clocks",
    0x4: "software power cap",
    0x8: "hardware slowdown",
    0x10: "sync boost",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "power brake",
    0x100: "display clocks",
}
"""NVML's clock event reasons, in words."""

POWER_NOW = 186
"""NVML's field of the power at this moment; its plain call averages a second since Ampere."""


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
            mask = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons") or 0
        return Reading(
            clock_hz=clock * 1e6 if clock else None,
            power_w=self._power_w(),
            temperature_c=self._ask("nvmlDeviceGetTemperature", 0),
            throttle=tuple(word for bit, word in THROTTLE.items() if mask & bit),
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
        """Returns what limits the device by choice: a lowered power cap, MIG, ECC."""
        if self._handle is None:
            return ()
        found = []
        enforced = self._ask("nvmlDeviceGetEnforcedPowerLimit")
        default = self._ask("nvmlDeviceGetPowerManagementDefaultLimit")
        if enforced and default and enforced < default:
            found.append(f"power capped at {enforced / 1e3:.0f} of {default / 1e3:.0f} W")
        mig = self._ask("nvmlDeviceGetMigMode")
        if mig and mig[0]:
            found.append("MIG on")
        ecc = self._ask("nvmlDeviceGetEccMode")
        if ecc:
            found.append("ECC on" if ecc[0] else "ECC off")
        return tuple(found)

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


def _handle(lib: Any, pci_bus: str | None, uuid: object, index: int) -> Any:  # noqa: ANN401 -- pynvml is untyped
    """Returns the device by what no mask changes; an index is that of torch where nothing masks."""
    if pci_bus:
        return lib.nvmlDeviceGetHandleByPciBusId(pci_bus.encode())
    if uuid:
        return lib.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}".encode())
    return lib.nvmlDeviceGetHandleByIndex(index)


def _text(value: str | bytes | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
