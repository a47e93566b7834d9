"""AMD's own telemetry: clock, power, temperature, and what limits the device. Optional.

The library's answers have changed their names from release to release; what one does not know is
left out. ``N/A`` stands for a value that the board does not tell.
"""

from importlib import import_module
from typing import Any

from bench.devices.base import Reading
from bench.devices.neighbours import Held, sharing
from bench.devices.smi import visible

WHOLE = ("SPX", "NPS1", "N/A", "")
"""Partition modes in which the device is undivided."""

PTL_FORMATS = ("I8", "F16", "BF16", "F32", "F64", "F8", "VECTOR")
"""Data formats of the peak tops limiter, in the order of the library's numbers."""


MEMORY_BLOCK = 0x1
"""The bit of the memory controllers among the blocks that can correct errors."""


class Amd:
    """One device through AMD SMI; every reading that the driver refuses is None."""

    def __init__(self, pci_bus: str | None, index: int) -> None:
        self._handle: Any = None
        self._lib: Any = None
        try:
            amdsmi: Any = import_module("amdsmi")
            amdsmi.amdsmi_init()
            self._lib = amdsmi
            self._handle = self._find(pci_bus, index)
        except ImportError:
            self.missing = "amdsmi, which comes with ROCm, is not here: no clocks, no power"
        except Exception as error:  # noqa: BLE001 -- telemetry stops no run
            self.missing = f"AMD SMI: {error}"
        else:
            self.missing = ""

    def _find(self, pci_bus: str | None, index: int) -> Any:  # noqa: ANN401 -- amdsmi is untyped
        """Returns the device by what no mask changes; without an address, by its unmasked number.

        An older torch tells no address. HIP and the library may number devices otherwise.

        Raises:
            LookupError: a mask names devices otherwise than by numbers.
        """
        if pci_bus:
            return self._lib.amdsmi_get_processor_handle_from_bdf(pci_bus[-12:])
        place = visible(index, "amd")
        if place is None:
            raise LookupError("which of its devices is meant is not told")
        handles = self._lib.amdsmi_get_processor_handles()
        numbers = [self._hip_number(one) for one in handles]
        return handles[numbers.index(place) if place in numbers else place]

    def _hip_number(self, handle: object) -> int | None:
        """Returns HIP's number of a device, which the library of ROCm 6.4 and later tells."""
        try:
            told = self._lib.amdsmi_get_gpu_enumeration_info(handle)
        except Exception:  # noqa: BLE001 -- unknown to this amdsmi
            return None
        number = told.get("hip_id") if isinstance(told, dict) else None
        return number if isinstance(number, int) else None

    def reading(self) -> Reading:
        """Returns the graphics clock, power of the socket and temperature of the hot spot now."""
        if self._handle is None:
            return Reading()
        clock = self._of("AmdSmiClkType", "GFX", "amdsmi_get_clock_info")
        told = self._ask("amdsmi_get_power_info")
        hertz = _first(clock, "clk", "cur_clk")
        return Reading(
            clock_hz=hertz * 1e6 if hertz else None,
            power_w=_first(told, "socket_power", "current_socket_power", "average_socket_power"),
            temperature_c=self._temperature_c(),
        )

    def facts(self) -> dict[str, Any]:
        """Returns driver, power limit and highest clock, as far as told."""
        if self._handle is None:
            return {}
        driver, clock = (
            self._ask("amdsmi_get_gpu_driver_info"),
            self._of("AmdSmiClkType", "GFX", "amdsmi_get_clock_info"),
        )
        limit = _first(self._ask("amdsmi_get_power_cap_info"), "power_cap")
        most = _first(clock, "max_clk")
        return {
            "driver": driver.get("driver_version") if isinstance(driver, dict) else None,
            "power_limit_w": _watts(limit),
            "clock_max_hz": most * 1e6 if most else None,
        }

    def limits(self) -> tuple[str, ...]:
        """Returns what limits the device: power cap, peak tops limiter, ECC, partitions, others."""
        if self._handle is None:
            return ()
        found = [self._power_cap(), self._peak_limiter(), self._ecc(), *self._partitions()]
        return tuple(one for one in (*found, sharing(self._processes())) if one)

    def _processes(self) -> list[Held]:
        """Returns the processes on the device; their form has changed from release to release."""
        found = self._ask("amdsmi_get_gpu_process_list")
        told = [one for one in found or () if isinstance(one, dict)]
        return [(one["pid"], _first(one, "mem")) for one in told if isinstance(one.get("pid"), int)]

    def _power_cap(self) -> str:
        told = self._ask("amdsmi_get_power_cap_info")
        cap = _watts(_first(told, "power_cap"))
        default = _watts(_first(told, "default_power_cap", "power_cap_default"))
        if not cap or not default or cap >= default:
            return ""
        return f"power capped at {cap:.0f} of {default:.0f} W"

    def _peak_limiter(self) -> str:
        """Says whether the peak tops limiter is on, and which formats it prefers."""
        state = self._ask("amdsmi_get_gpu_ptl_state")
        if state is None:
            return ""
        if not state:
            return "peak tops limiter off"
        formats = self._ask("amdsmi_get_gpu_ptl_formats") or ()
        names = [PTL_FORMATS[int(one)] for one in formats if 0 <= int(one) < len(PTL_FORMATS)]
        return f"peak tops limiter on{', preferring ' if names else ''}{' and '.join(names)}"

    def _ecc(self) -> str:
        """Says whether the memory corrects errors."""
        blocks = self._ask("amdsmi_get_gpu_ecc_enabled")
        if not isinstance(blocks, int):
            return ""
        return "ECC on" if blocks & MEMORY_BLOCK else "ECC off"

    def _partitions(self) -> list[str]:
        told = {
            "compute partition": self._ask("amdsmi_get_gpu_compute_partition"),
            "memory partition": self._ask("amdsmi_get_gpu_memory_partition"),
        }
        return [f"{name} {mode}" for name, mode in told.items() if mode and mode not in WHOLE]

    def _temperature_c(self) -> float | None:
        try:
            kind = self._lib.AmdSmiTemperatureType.HOTSPOT
            now = self._lib.AmdSmiTemperatureMetric.CURRENT
            return _number(self._lib.amdsmi_get_temp_metric(self._handle, kind, now))
        except Exception:  # noqa: BLE001 -- refused: telemetry stops no run
            return None

    def _of(self, kinds: str, kind: str, name: str) -> Any:  # noqa: ANN401 -- amdsmi is untyped
        """Returns what a call says of one kind, such as one of the clocks."""
        chosen = getattr(getattr(self._lib, kinds, None), kind, None)
        return None if chosen is None else self._ask(name, chosen)

    def _ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 -- amdsmi is untyped
        try:
            return getattr(self._lib, name)(self._handle, *arguments)
        except Exception:  # noqa: BLE001 -- refused, or unknown to this amdsmi
            return None


def _first(told: object, *names: str) -> float | None:
    """Returns the first of the values called so that is a number above nought."""
    values = (_number(told.get(name)) for name in names) if isinstance(told, dict) else ()
    return next((value for value in values if value), None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _watts(value: float | None) -> float | None:
    """Returns watts of what is microwatts on bare metal and watts on a host of virtual ones."""
    return value if value is None or value < 1e5 else value * 1e-6
