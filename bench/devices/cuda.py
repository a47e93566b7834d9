"""The CUDA backend, and ROCm through the same torch API: timed by device events."""

import contextlib
import importlib.util
import os
import warnings
from typing import Any

from bench.chips.vendors import vendor_behind, vendors
from bench.devices import plugins, telemetry
from bench.devices.base import DeviceLostError, Elapsed, Prepared, Reading
from bench.devices.torchdevice import PreparedTask, TorchDevice
from bench.devices.uid import uid
from bench.errors import first_line
from bench.kernels.common.base import Kernel, Limits, Point
from bench.records.model import DeviceInfo

MEMORY_SHARE = 0.5
CAPABILITIES = {
    "tf32": (8, 0), "bf16": (8, 0), "fp8": (8, 9), "mxfp8": (10, 0), "nvfp4": (10, 0),
}  # fmt: skip
"""The compute capability that each format came with."""

HIP_CACHE_BYTES = 256 * 2**20
"""The memory-side cache of AMD's data-centre chips, which their driver does not tell of."""

UNKNOWN_BYTES = 2.0 * 2**30
"""Memory that is counted on where a stack does not tell how much there is."""

HEAD_START_CYCLES = 50_000
"""How long the device waits before a timed batch, so that the first calls are queued by then."""


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
        told: Any = torch.cuda.get_device_properties(index)
        self._properties = told
        self._l2_bytes = float(getattr(told, "L2_cache_size", 0) or 0)
        self._vendor = vendor_behind(told.name, None, markers())
        if torch.version.hip and self._vendor is None:
            self._vendor = "amd"
        hidden = HIP_CACHE_BYTES if self._vendor == "amd" else 0.0
        super().__init__(torch.device("cuda", index), max(self._l2_bytes, hidden))
        bus, uuid = _pci_bus(told), getattr(told, "uuid", None)
        self._telemetry = telemetry.of_cuda(self._vendor, bus, uuid, index)

    def info(self) -> DeviceInfo:
        """Returns what torch and the vendor's telemetry report; stacks tell more or less of it."""
        told, facts = self._properties, self._telemetry.facts()
        clock_khz = getattr(told, "clock_rate", None)
        free, total = self._memory()
        return DeviceInfo(
            backend="cuda",
            uid=uid(getattr(told, "uuid", None)),
            index=self.index,
            name=told.name,
            units=getattr(told, "multi_processor_count", None),
            memory_bytes=float(getattr(told, "total_memory", 0) or 0) or total,
            memory_free_bytes=free,
            l2_bytes=self._l2_bytes or None,
            llc_bytes=self._l2_bytes or None,
            clock_max_hz=facts.get("clock_max_hz") or (clock_khz * 1e3 if clock_khz else None),
            memory_bus_bit=facts.get("memory_bus_bit") or getattr(told, "memory_bus_width", None),
            capability=_capability(told),
            pci=facts.get("pci"),
            driver=facts.get("driver"),
            power_limit_w=facts.get("power_limit_w"),
            limits=self._telemetry.limits(),
            markers=markers(),
        )

    def limits(self) -> Limits:
        """Returns a share of free memory, what torch holds for reuse counted in, and the cache."""
        import torch

        free, total = self._memory()
        held = free if free is not None else total or UNKNOWN_BYTES
        room = held + torch.cuda.memory_reserved(self.index)
        cache = self.cache_bytes or 64 * 2**20
        return Limits(MEMORY_SHARE * float(room), cache, is_cpu=False, graphs=True)

    def _memory(self) -> tuple[float | None, float | None]:
        """Returns free and total memory, None where a stack that looks like CUDA tells neither."""
        import torch

        try:
            free, total = torch.cuda.mem_get_info(self.index)
        except (AttributeError, RuntimeError, NotImplementedError):
            return None, None
        return float(free), float(total)

    def lacks(self, dtype: str) -> str | None:
        """Returns why a format is not in this device's hardware, as its capability tells.

        Only NVIDIA's numbers do: others report one that makes software written for CUDA run.
        """
        import torch

        told = self._properties
        capability = (getattr(told, "major", 0), getattr(told, "minor", 0))
        wanted = CAPABILITIES.get(dtype, (0, 0))
        if torch.version.hip or self._vendor not in (None, "nvidia") or capability >= wanted:
            return None
        return f"no {dtype} at compute capability {capability[0]}.{capability[1]}"

    def prepare(self, kernel: Kernel, point: Point) -> PreparedTask:
        """Allocates buffers and runs one call: the first of a shape loads and chooses its code."""
        prepared = super().prepare(kernel, point)
        prepared.run(1)
        self._wait()
        return prepared

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Runs the calls between two events on the stream they run on, beside the host's clock.

        The device is kept waiting a little first; without, the time of few or short calls would
        be the host's for launching them; where the host's is wanted, its own clock is read.
        """
        import torch

        assert isinstance(prepared, PreparedTask)  # noqa: S101 -- the type that prepare() gave
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
        """Keeps the device waiting while the first calls are queued, where its torch can."""
        import torch

        with contextlib.suppress(AttributeError, RuntimeError):  # stacks that only look like CUDA
            torch.cuda._sleep(HEAD_START_CYCLES)  # type: ignore[no-untyped-call]  # noqa: SLF001 -- torch's own tests lean on it

    def _wait(self) -> None:
        """Waits for the device; an error that comes to light here has cost the process its device.

        Every later call would fail alike, so the process ends, and the run goes on in another.
        """
        import torch

        try:
            torch.cuda.synchronize(self.index)
        except RuntimeError as error:
            raise DeviceLostError(f"the device failed: {first_line(error)}") from error

    def reading(self) -> Reading:
        """Returns clock, power, temperature and throttle reasons now."""
        return self._telemetry.reading()

    def release(self) -> None:
        """Gives buffers back to the device."""
        import torch

        super().release()
        torch.cuda.empty_cache()


def present(index: int) -> str | None:
    """Returns why there is no such CUDA device, None if there is."""
    import torch

    plugins.load("cuda")  # a plug-in may be what makes torch.cuda speak of another's device
    with warnings.catch_warnings(record=True) as caught:  # so torch tells of a broken driver
        warnings.simplefilter("always")
        there = torch.cuda.is_available()
    if not there:
        told = [str(one.message).split(". ")[0].strip()[:200] for one in caught]
        return ": ".join(["torch finds no CUDA or ROCm device", *told[:1]])
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


def _capability(told: Any) -> str | None:  # noqa: ANN401 -- torch's properties are untyped
    """Returns ``9.0`` or ``gfx942:sramecc+:xnack-``; torch for CUDA has the name in gcnArchName."""
    import torch

    if torch.version.hip:
        return str(getattr(told, "gcnArchName", "")) or None
    return f"{told.major}.{told.minor}" if hasattr(told, "major") else None


def _pci_bus(told: Any) -> str | None:  # noqa: ANN401 -- torch's properties are untyped
    """Returns the PCI address that finds the same device in NVML, whatever is masked from torch."""
    if not hasattr(told, "pci_bus_id"):
        return None
    return f"{told.pci_domain_id:08x}:{told.pci_bus_id:02x}:{told.pci_device_id:02x}.0"
