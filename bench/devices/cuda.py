"""The CUDA backend, and ROCm through the same torch API: timed by device events."""

import contextlib
import importlib.util
import os
import warnings
from dataclasses import replace
from typing import Any

from bench.chips.vendors import vendor_behind, vendors
from bench.devices import plugins, telemetry
from bench.devices.api import Api
from bench.devices.base import Elapsed, Health, Prepared, Reading
from bench.devices.nvml import Nvml
from bench.devices.torchdevice import PreparedTask, TorchDevice, wait_for_device
from bench.devices.uid import uid
from bench.kernels.common.base import Kernel, Limits, Point
from bench.records.model import DeviceInfo

MEMORY_SHARE = 0.5
CAPABILITIES = {
    "tf32": (8, 0), "bf16": (8, 0), "fp8": (8, 9), "mxfp8": (10, 0), "nvfp4": (10, 0),
}  # fmt: skip
"""The first compute capability that supports each format."""

HIP_CACHE_BYTES = 256 * 2**20
"""The memory-side (Infinity) cache of AMD's data-centre GPUs, which the driver does not report."""

BARE = ("gfx906", "gfx908", "gfx90a")
"""Architectures of AMD's data-centre GPUs without a memory-side cache: MI50 to MI250X."""

DEFAULT_CACHE_BYTES = 64 * 2**20
"""Last-level cache assumed where the device reports none."""

UNKNOWN_BYTES = 2.0 * 2**30
"""Free memory assumed where a stack that imitates CUDA reports none."""

HEAD_START_CYCLES = 50_000
"""Cycles that the device spins before a timed batch, so that the first calls are queued by then."""


class CudaDevice(TorchDevice):
    """One CUDA or ROCm device."""

    timer_resolution_s = 1e-6
    live = True

    def __init__(self, index: int) -> None:
        import torch

        if torch.version.hip:  # torch 2.7 to 2.9 ignore the tf32 switch without it
            os.environ.setdefault("HIPBLASLT_ALLOW_TF32", "1")
        torch.cuda.set_device(index)
        self.index = index
        properties: Any = torch.cuda.get_device_properties(index)
        self._properties = properties
        self._l2_bytes = float(getattr(properties, "L2_cache_size", 0) or 0)
        self._vendor = vendor_behind(properties.name, None, markers())
        if torch.version.hip and self._vendor is None:
            self._vendor = "amd"
        bare = str(getattr(properties, "gcnArchName", "")).startswith(BARE)
        unreported = HIP_CACHE_BYTES if self._vendor == "amd" and not bare else 0.0
        super().__init__(torch.device("cuda", index), max(self._l2_bytes, unreported))
        bus, uuid = _pci_bus(properties), getattr(properties, "uuid", None)
        self._telemetry = telemetry.of_cuda(self._vendor, bus, uuid, index)

    def info(self) -> DeviceInfo:
        """Returns what torch and the vendor's telemetry report; unreported fields are None."""
        properties, facts = self._properties, self._telemetry.facts()
        clock_khz = getattr(properties, "clock_rate", None)
        bus_bit = getattr(properties, "memory_bus_width", None)
        free, total = self._memory()
        return DeviceInfo(
            backend="cuda",
            uid=uid(getattr(properties, "uuid", None)),
            index=self.index,
            name=properties.name,
            units=getattr(properties, "multi_processor_count", None),
            memory_bytes=float(getattr(properties, "total_memory", 0) or 0) or total,
            memory_free_bytes=free,
            l2_bytes=self._l2_bytes or None,
            llc_bytes=self.cache_bytes or None,
            clock_max_hz=facts.get("clock_max_hz") or (clock_khz * 1e3 if clock_khz else None),
            memory_bus_bit=facts.get("memory_bus_bit") or bus_bit,
            capability=_capability(properties),
            pci=facts.get("pci"),
            driver=facts.get("driver"),
            power_limit_w=facts.get("power_limit_w"),
            limits=self._telemetry.limits(),
            markers=markers(),
        )

    def limits(self) -> Limits:
        """Returns a share of the free memory, torch's cached blocks included, and the cache."""
        import torch

        free, total = self._memory()
        available = free if free is not None else total or UNKNOWN_BYTES
        usable = MEMORY_SHARE * float(available + torch.cuda.memory_reserved(self.index))
        cache = self.cache_bytes or DEFAULT_CACHE_BYTES
        units = getattr(self._properties, "multi_processor_count", None)
        return Limits(usable, cache, is_cpu=False, graphs=True, units=units)

    def _memory(self) -> tuple[float | None, float | None]:
        """Returns free and total bytes; None for both where a stack imitating CUDA cannot tell."""
        import torch

        try:
            free, total = torch.cuda.mem_get_info(self.index)
        except (AttributeError, RuntimeError, NotImplementedError):
            return None, None
        return float(free), float(total)

    def lacks(self, dtype: str) -> str | None:
        """Returns why the hardware does not support ``dtype``, judged by compute capability.

        For NVIDIA only: others report whatever number makes software written for CUDA run.
        """
        import torch

        properties = self._properties
        capability = (getattr(properties, "major", 0), getattr(properties, "minor", 0))
        required = CAPABILITIES.get(dtype, (0, 0))
        if torch.version.hip or self._vendor not in (None, "nvidia") or capability >= required:
            return None
        return f"no {dtype} at compute capability {capability[0]}.{capability[1]}"

    def prepare(self, kernel: Kernel, point: Point) -> PreparedTask:
        """Allocates buffers and runs one call: a shape's first loads modules, picks algorithms."""
        prepared = super().prepare(kernel, point)
        prepared.run(1)
        self._wait()
        return prepared

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Times the calls by two events on their stream, and by the host's clock.

        The device spins first, so that the calls are queued before the first event: otherwise a
        batch of few or short calls would measure launch overhead. Kernels that measure the host
        (``clock`` is ``host``) take the host's time, and no spin. Spin and events are of the
        current device, which a test that uses the fixture may have changed.
        """
        assert isinstance(prepared, PreparedTask)  # noqa: S101 -- the type that prepare() gave
        with Api("cuda").selected(self.index):
            return self._timed(prepared, calls)

    def _timed(self, prepared: PreparedTask, calls: int) -> Elapsed:
        import torch

        first = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
        last = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
        self._wait()
        if prepared.clock == "device":
            self._head_start()
        start = self.now()
        first.record()
        prepared.run(calls)
        last.record()
        self._wait()
        wall = self.now() - start
        return Elapsed(wall if prepared.clock == "host" else first.elapsed_time(last) * 1e-3, wall)

    def _head_start(self) -> None:
        """Has the device spin while the host queues the first calls, where torch supports it."""
        import torch

        with contextlib.suppress(AttributeError, RuntimeError):  # stacks that imitate CUDA
            torch.cuda._sleep(HEAD_START_CYCLES)  # type: ignore[no-untyped-call]  # noqa: SLF001 -- torch's own tests use it

    def _wait(self) -> None:
        """Synchronizes; raises as ``wait_for_device``."""
        import torch

        wait_for_device(lambda: torch.cuda.synchronize(self.index))

    def health(self) -> Health:
        """Returns the host's counters so far, with the memory errors that NVML counts."""
        ecc = self._telemetry.ecc() if isinstance(self._telemetry, Nvml) else None
        return replace(super().health(), ecc=ecc)

    def reading(self) -> Reading:
        """Returns the current clock, power, temperature and throttle reasons."""
        return self._telemetry.reading()

    def release(self) -> None:
        """Frees the kept buffers and empties torch's cache."""
        import torch

        super().release()
        torch.cuda.empty_cache()


def present(index: int) -> str | None:
    """Returns why there is no such CUDA device, None if there is."""
    import torch

    plugins.load("cuda")  # a vendor's plug-in may map its devices to torch.cuda
    with warnings.catch_warnings(record=True) as caught:  # torch only warns of a broken driver
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    if not available:
        reasons = [str(warning.message).split(". ")[0].strip()[:200] for warning in caught]
        return ": ".join(["torch finds no CUDA or ROCm device", *reasons[:1]])
    count = torch.cuda.device_count()
    return (
        None if index < count else f"there are {count} CUDA devices, the last is cuda:{count - 1}"
    )


def make(index: int) -> CudaDevice:
    """Opens the device."""
    return CudaDevice(index)


def markers() -> tuple[str, ...]:
    """Returns hints at the vendor behind the CUDA API: torch's version, modules, variables."""
    import torch

    hints = [f"torch {torch.__version__}"]
    hints += ["hip"] if torch.version.hip else []
    for vendor in vendors().values():
        hints += [f"module {name}" for name in vendor.modules if importlib.util.find_spec(name)]
        hints += [f"variable {name}" for name in vendor.env if os.environ.get(name)]
    return tuple(hints)


def _capability(properties: Any) -> str | None:  # noqa: ANN401 -- torch's properties are untyped
    """Returns ``9.0`` or ``gfx942:sramecc+:xnack-``; on CUDA gcnArchName is the device's name."""
    import torch

    if torch.version.hip:
        return str(getattr(properties, "gcnArchName", "")) or None
    return f"{properties.major}.{properties.minor}" if hasattr(properties, "major") else None


def _pci_bus(properties: Any) -> str | None:  # noqa: ANN401 -- torch's properties are untyped
    """Returns the PCI address, by which NVML finds the device whatever is masked from torch."""
    if not hasattr(properties, "pci_bus_id"):
        return None
    domain, bus = properties.pci_domain_id, properties.pci_bus_id
    return f"{domain:08x}:{bus:02x}:{properties.pci_device_id:02x}.0"
