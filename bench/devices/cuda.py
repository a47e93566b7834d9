"""The CUDA backend, and ROCm through the same torch API: timed by device events."""

import importlib.util
import os
from typing import Any

from bench.chips.vendors import vendors
from bench.devices.base import Elapsed, Prepared, Reading
from bench.devices.nvml import Nvml
from bench.devices.torchdevice import PreparedTask, TorchDevice
from bench.kernels.base import Limits
from bench.records.model import DeviceInfo

MEMORY_SHARE = 0.5
FP8_CAPABILITY = (8, 9)
TF32_CAPABILITY = (8, 0)


class CudaDevice(TorchDevice):
    """One CUDA or ROCm device."""

    timer_resolution_s = 1e-6
    live = True

    def __init__(self, index: int) -> None:
        import torch

        torch.cuda.set_device(index)
        self.index = index
        self._properties: Any = torch.cuda.get_device_properties(index)
        super().__init__(
            torch.device("cuda", index), float(getattr(self._properties, "L2_cache_size", 0) or 0)
        )
        self._nvml = Nvml(_pci_bus(self._properties), index)

    def info(self) -> DeviceInfo:
        """Returns what torch and, on NVIDIA, NVML report."""
        import torch

        told, facts = self._properties, self._nvml.facts()
        clock_khz = getattr(told, "clock_rate", None)
        return DeviceInfo(
            backend="cuda",
            index=self.index,
            name=told.name,
            units=told.multi_processor_count,
            memory_bytes=float(told.total_memory),
            memory_free_bytes=float(torch.cuda.mem_get_info(self.index)[0]),
            l2_bytes=self.cache_bytes or None,
            llc_bytes=self.cache_bytes or None,
            clock_max_hz=facts.get("clock_max_hz") or (clock_khz * 1e3 if clock_khz else None),
            memory_bus_bit=facts.get("memory_bus_bit") or getattr(told, "memory_bus_width", None),
            capability=str(getattr(told, "gcnArchName", "") or f"{told.major}.{told.minor}"),
            pci=facts.get("pci"),
            driver=facts.get("driver"),
            power_limit_w=facts.get("power_limit_w"),
            limits=self._nvml.limits(),
            markers=markers(),
        )

    def limits(self) -> Limits:
        """Returns a share of free memory, and the L2 cache."""
        import torch

        free = float(torch.cuda.mem_get_info(self.index)[0])
        return Limits(MEMORY_SHARE * free, self.cache_bytes or 64 * 2**20, is_cpu=False)

    def lacks(self, dtype: str) -> str | None:
        """Returns why a format is not in this device's hardware, as its capability tells."""
        import torch

        capability = (self._properties.major, self._properties.minor)
        wanted = {"fp8": FP8_CAPABILITY, "tf32": TF32_CAPABILITY, "bf16": TF32_CAPABILITY}
        if torch.version.hip or dtype not in wanted or capability >= wanted[dtype]:
            return None
        return f"no {dtype} at compute capability {capability[0]}.{capability[1]}"

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Runs the calls between two events on the stream they run on, beside the host's clock."""
        import torch

        assert isinstance(prepared, PreparedTask)  # noqa: S101 -- the type that prepare() gave
        first = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
        last = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
        torch.cuda.synchronize(self.index)
        start = self.now()
        first.record()
        prepared.run(calls)
        last.record()
        torch.cuda.synchronize(self.index)
        return Elapsed(first.elapsed_time(last) * 1e-3, self.now() - start)

    def reading(self) -> Reading:
        """Returns clock, power, temperature and throttle reasons now."""
        return self._nvml.reading()

    def release(self) -> None:
        """Gives buffers back to the device."""
        import torch

        super().release()
        torch.cuda.empty_cache()


def present(index: int) -> str | None:
    """Returns why there is no such CUDA device, None if there is."""
    import torch

    if not torch.cuda.is_available():
        return "torch finds no CUDA or ROCm device"
    count = torch.cuda.device_count()
    return (
        None if index < count else f"there are {count} CUDA devices, the last is cuda:{count - 1}"
    )


def make(index: int) -> CudaDevice:
    """Returns the device."""
    return CudaDevice(index)


def markers() -> tuple[str, ...]:
    """Returns hints at the vendor behind the CUDA API: versions, modules and variables by name."""
    import torch

    found = [f"torch {torch.__version__}"]
    found += ["hip"] if torch.version.hip else []
    for vendor in vendors().values():
        found += [f"module {name}" for name in vendor.modules if importlib.util.find_spec(name)]
        found += [f"variable {name}" for name in vendor.env if os.environ.get(name)]
    return tuple(found)


def _pci_bus(told: Any) -> str | None:  # noqa: ANN401 -- torch's properties are untyped
    """Returns the PCI address that finds the same device in NVML, whatever is masked from torch."""
    if not hasattr(told, "pci_bus_id"):
        return None
    return f"{told.pci_domain_id:08x}:{told.pci_bus_id:02x}:{told.pci_device_id:02x}.0"
