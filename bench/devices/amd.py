"""AMD's telemetry through AMD SMI: clock, power, temperature and limits. Optional.

Field names have changed between releases of the library; fields that one lacks stay unknown, as do
values that the board reports as ``N/A``.
"""

from importlib import import_module
from typing import Any

from bench.devices.base import Reading
from bench.devices.neighbours import Process, sharing
from bench.devices.smi import visible

WHOLE = ("SPX", "NPS1", "N/A", "")
"""Partition modes of an undivided device."""

PTL_FORMATS = ("I8", "F16", "BF16", "F32", "F64", "F8", "VECTOR")
"""Data formats of the peak TOPS limiter (PTL), in the order of the library's enumeration."""


MEMORY_BLOCK = 0x1
"""The bit of the memory controllers (UMC) among the blocks with ECC."""


class Amd:
    """One device through AMD SMI; a reading that the driver refuses is None."""

    def __init__(self, pci_bus: str | None, index: int) -> None:
        self._handle: Any = None
        self._lib: Any = None
        try:
            amdsmi: Any = import_module("amdsmi")
            amdsmi.amdsmi_init()
            self._lib = amdsmi
            self._handle = self._find(pci_bus, index)
        except ImportError:
            self.missing = "amdsmi, part of ROCm, is not installed: no clocks, no power"
        except Exception as error:  # noqa: BLE001 -- telemetry stops no run
            self.missing = f"AMD SMI: {error}"
        else:
            self.missing = ""

    def _find(self, pci_bus: str | None, index: int) -> Any:  # noqa: ANN401 -- amdsmi is untyped
        """Returns the device's handle by PCI address, which no mask of visible devices changes.

        Older torch reports no address: then by its unmasked number in HIP, whose order may differ
        from the library's.

        Raises:
            LookupError: the mask does not name devices by number.
        """
        if pci_bus:
            return self._lib.amdsmi_get_processor_handle_from_bdf(pci_bus[-12:])
        place = visible(index, "amd")
        if place is None:
            raise LookupError("the mask of visible devices does not name them by number")
        handles = self._lib.amdsmi_get_processor_handles()
        numbers = [self._hip_number(handle) for handle in handles]
        return handles[numbers.index(place) if place in numbers else place]

    def _hip_number(self, handle: object) -> int | None:
        """Returns HIP's number of a device, known to the library from ROCm 6.4 on."""
        try:
            info = self._lib.amdsmi_get_gpu_enumeration_info(handle)
        except Exception:  # noqa: BLE001 -- unknown to this amdsmi
            return None
        number = info.get("hip_id") if isinstance(info, dict) else None
        return number if isinstance(number, int) else None

    def reading(self) -> Reading:
        """Returns the current graphics clock, socket power and hotspot temperature."""
        if self._handle is None:
            return Reading()
        clock = self._of("AmdSmiClkType", "GFX", "amdsmi_get_clock_info")
        power = self._ask("amdsmi_get_power_info")
        mhz = _first(clock, "clk", "cur_clk")
        return Reading(
            clock_hz=mhz * 1e6 if mhz else None,
            power_w=_first(power, "socket_power", "current_socket_power", "average_socket_power"),
            temperature_c=self._temperature_c(),
        )

    def facts(self) -> dict[str, Any]:
        """Returns driver, power limit and maximum clock, as far as reported."""
        if self._handle is None:
            return {}
        driver = self._ask("amdsmi_get_gpu_driver_info")
        clock = self._of("AmdSmiClkType", "GFX", "amdsmi_get_clock_info")
        limit = _first(self._ask("amdsmi_get_power_cap_info"), "power_cap")
        max_mhz = _first(clock, "max_clk")
        return {
            "driver": driver.get("driver_version") if isinstance(driver, dict) else None,
            "power_limit_w": _watts(limit),
            "clock_max_hz": max_mhz * 1e6 if max_mhz else None,
        }

    def limits(self) -> tuple[str, ...]:
        """Returns what limits it: power cap, peak TOPS limiter, ECC, partitions, processes."""
        if self._handle is None:
            return ()
        notes = [self._power_cap(), self._peak_limiter(), self._ecc(), *self._partitions()]
        return tuple(note for note in (*notes, sharing(self._processes())) if note)

    def _processes(self) -> list[Process]:
        """Returns the processes on the device; entries in another release's format are left out."""
        listed = self._ask("amdsmi_get_gpu_process_list")
        infos = [one for one in listed or () if isinstance(one, dict)]
        return [
            (info["pid"], _first(info, "mem")) for info in infos if isinstance(info.get("pid"), int)
        ]

    def _power_cap(self) -> str:
        info = self._ask("amdsmi_get_power_cap_info")
        cap = _watts(_first(info, "power_cap"))
        default = _watts(_first(info, "default_power_cap", "power_cap_default"))
        if not cap or not default or cap >= default:
            return ""
        return f"power capped at {cap:.0f} of {default:.0f} W"

    def _peak_limiter(self) -> str:
        """Returns a note on the peak TOPS limiter: on or off, and which formats it prefers."""
        state = self._ask("amdsmi_get_gpu_ptl_state")
        if state is None:
            return ""
        if not state:
            return "peak tops limiter off"
        formats = self._ask("amdsmi_get_gpu_ptl_formats") or ()
        names = [PTL_FORMATS[int(one)] for one in formats if 0 <= int(one) < len(PTL_FORMATS)]
        return f"peak tops limiter on{', preferring ' if names else ''}{' and '.join(names)}"

    def _ecc(self) -> str:
        """Returns a note on whether the memory's ECC is on; empty if unknown."""
        blocks = self._ask("amdsmi_get_gpu_ecc_enabled")
        if not isinstance(blocks, int):
            return ""
        return "ECC on" if blocks & MEMORY_BLOCK else "ECC off"

    def _partitions(self) -> list[str]:
        modes = {
            "compute partition": self._ask("amdsmi_get_gpu_compute_partition"),
            "memory partition": self._ask("amdsmi_get_gpu_memory_partition"),
        }
        return [f"{name} {mode}" for name, mode in modes.items() if mode and mode not in WHOLE]

    def _temperature_c(self) -> float | None:
        try:
            kind = self._lib.AmdSmiTemperatureType.HOTSPOT
            now = self._lib.AmdSmiTemperatureMetric.CURRENT
            return _number(self._lib.amdsmi_get_temp_metric(self._handle, kind, now))
        except Exception:  # noqa: BLE001 -- refused: telemetry stops no run
            return None

    def _of(self, kinds: str, kind: str, name: str) -> Any:  # noqa: ANN401 -- amdsmi is untyped
        """Calls ``name`` for one member of an enumeration, such as one of the clocks."""
        chosen = getattr(getattr(self._lib, kinds, None), kind, None)
        return None if chosen is None else self._ask(name, chosen)

    def _ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 -- amdsmi is untyped
        try:
            return getattr(self._lib, name)(self._handle, *arguments)
        except Exception:  # noqa: BLE001 -- refused, or unknown to this amdsmi
            return None


def _first(info: object, *names: str) -> float | None:
    """Returns the first of the named values that is a non-zero number."""
    values = (_number(info.get(name)) for name in names) if isinstance(info, dict) else ()
    return next((value for value in values if value), None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _watts(value: float | None) -> float | None:
    """Returns watts; AMD SMI gives microwatts on bare metal, watts on a hypervisor host."""
    return value if value is None or value < 1e5 else value * 1e-6
