"""Any accelerator that torch knows: XPU, MPS, NPU, MLU, MUSA, or a plug-in's own device type.

What a device tells, how its time is taken and what it can do is found out by asking, since plug-ins
differ; what is not told stays unknown. CUDA, ROCm and the stacks that present themselves as CUDA
are in ``cuda``.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from bench.chips.vendors import vendor_behind
from bench.devices import clocks, plugins, telemetry
from bench.devices.api import Api, current
from bench.devices.base import DeviceError, DeviceLostError, Elapsed, Prepared, Reading
from bench.devices.cuda import markers
from bench.devices.torchdevice import PreparedTask, TorchDevice
from bench.devices.uid import uid
from bench.errors import first_line
from bench.kernels.common.base import TORCH_DTYPES, Kernel, Limits, Point, UnsupportedError
from bench.records.model import DeviceInfo

MEMORY_SHARE = 0.5
UNKNOWN_BYTES = 2.0 * 2**30
"""Memory that is counted on where a device does not tell how much it has."""

CACHE_BYTES = 64.0 * 2**20
"""Taken for the last-level cache of a device that tells of none; buffers are made larger."""

UNITS = ("multi_processor_count", "gpu_subslice_count", "cube_core_num", "core_count")
"""What plug-ins call their compute units, those that sheets count: SMs, Xe cores, AI cores."""

CACHES = ("L2_cache_size", "l2_cache_size", "last_level_cache_size")
MEMORIES = ("total_memory", "local_mem_size", "total_memory_bytes")
TOLD_BY = {"fp64": "has_fp64", "fp16": "has_fp16"}
"""Properties that deny a format."""

FALLBACKS = ("fall back to run on the cpu", "fallback from", "fall back to cpu", "fallback on cpu")
"""How plug-ins warn that an operation is done by the CPU; it says nothing of the device."""


@dataclass
class HostTimed(PreparedTask):
    """A task timed by the host's clock, which says so and what the clock adds."""

    overhead_s: float = 0.0

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel saw, and that the host's clock was read."""
        return {**super().observed(), "clock": "host", "clock_overhead_s": self.overhead_s}


class AcceleratorDevice(TorchDevice):
    """One device of any accelerator."""

    live = True

    def __init__(self, kind: str, index: int) -> None:
        import torch

        self.api, self.kind, self.index = Api(kind), kind, index
        self.api.select(index)
        waiter = self.api.waiter(index)
        if waiter is None:
            raise DeviceError(f"torch has no call that waits for {kind}: no time can be taken")
        self._waiter = waiter
        self._properties = self.api.properties(index)
        self._cache_told = _first(self._properties, CACHES)
        super().__init__(torch.device(kind, index), self._cache_told or CACHE_BYTES)
        self._event = clocks.events(self.api, self.device, self._wait)
        self._overhead_s = 0.0 if self._event else clocks.overhead_s(self._wait)
        self.timer_resolution_s = max(1e-6, self._overhead_s)
        vendor = vendor_behind(self._name(), None, markers())
        self._telemetry = telemetry.of(vendor, _bus(self._properties), index, self.api.count())

    def _name(self) -> str:
        import torch

        own = getattr(self._properties, "name", None)
        told = own or self.api.ask("get_device_name", self.index)
        backend = getattr(torch.backends, self.kind, None)
        named = getattr(backend, "get_name", None)
        return str(told or (named() if named else "") or self.kind)

    def info(self) -> DeviceInfo:
        """Returns what torch, the plug-in and the vendor's telemetry tool report."""
        told, facts = self._properties, self._telemetry.facts()
        free, total = self.api.memory(self.index) or (None, _first(told, MEMORIES))
        return DeviceInfo(
            backend=self.kind,
            uid=uid(getattr(told, "uuid", None) or facts.get("serial")),
            index=self.index,
            name=self._name(),
            units=_whole(_first(told, UNITS)),
            memory_bytes=total,
            memory_free_bytes=free,
            l2_bytes=self._cache_told,
            llc_bytes=self._cache_told,
            clock_max_hz=facts.get("clock_max_hz"),
            capability=_capability(told),
            driver=facts.get("driver") or getattr(told, "driver_version", None),
            power_limit_w=facts.get("power_limit_w"),
            limits=(*self._telemetry.limits(), *self._untold()),
            markers=markers(),
        )

    def _untold(self) -> tuple[str, ...]:
        """Says what is done otherwise because the device does not tell."""
        found = [] if self._event else ["no device events: timed by the host's clock"]
        if self.api.memory(self.index) is None:
            found.append(f"free memory not told: {UNKNOWN_BYTES / 2**30:.0f} GiB are counted on")
        return tuple(found)

    def limits(self) -> Limits:
        """Returns a share of free memory, what torch holds for reuse counted in, and the cache."""
        free, _ = self.api.memory(self.index) or (UNKNOWN_BYTES, 0.0)
        room = MEMORY_SHARE * (free + self.api.reserved(self.index))
        return Limits(room, self.cache_bytes, is_cpu=False)

    def lacks(self, dtype: str) -> str | None:
        """Returns why a format is not done in hardware here, as far as torch tells."""
        import torch

        if getattr(self._properties, TOLD_BY.get(dtype, ""), True) is False:
            return f"the device says it has no {dtype}"
        known, wanted = self.api.dtypes(self.index), getattr(torch, TORCH_DTYPES[dtype], None)
        if known is not None and wanted is not None and wanted not in known:
            return f"torch counts no {TORCH_DTYPES[dtype]} among what {self.kind} computes with"
        return None

    def prepare(self, kernel: Kernel, point: Point) -> PreparedTask:
        """Allocates buffers and runs one call, which must not be done by the CPU instead.

        Raises:
            UnsupportedError: the operation is missing, or falls back to the CPU.
        """
        prepared = super().prepare(kernel, point)
        if self._event is None:
            prepared = HostTimed(prepared.task, clock=prepared.clock, overhead_s=self._overhead_s)
        _refuse_fallback(lambda: prepared.run(1))
        self._wait()
        return prepared

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Runs the calls between two events, or between two readings of the host's clock.

        The host's clock is read when the device has nothing left to do; of what that adds, the
        record tells.
        """
        assert isinstance(prepared, PreparedTask)  # noqa: S101 -- the type that prepare() gave
        pair = (self._event(), self._event()) if self._event else ()
        self._wait()
        start = self.now()
        for event in pair[:1]:
            event.record()
        prepared.run(calls)
        for event in pair[1:]:
            event.record()
        self._wait()
        wall = self.now() - start
        if not pair or prepared.clock == "host":
            return Elapsed(wall, wall)
        return Elapsed(pair[0].elapsed_time(pair[1]) * 1e-3, wall)

    def _wait(self) -> None:
        """Waits for the device; a failure that comes to light here has cost the process its device.

        Every later call would fail alike, so the process ends, and the run goes on in another.
        """
        try:
            self._waiter()
        except RuntimeError as error:
            raise DeviceLostError(f"the device failed: {first_line(error)}") from error

    def reading(self) -> Reading:
        """Returns clock, power and temperature now, as far as the vendor's tool tells."""
        return self._telemetry.reading()

    def release(self) -> None:
        """Gives buffers back to the device."""
        super().release()
        self.api.ask("empty_cache", generic="empty_cache")


def present(index: int, kind: str = "") -> str | None:
    """Returns why there is no such device, None if there is.

    Args:
        index: of the device.
        kind: its torch device type; whichever accelerator torch has, where it is empty.
    """
    troubles = plugins.load(kind)
    wanted = kind or current()
    if wanted in ("", "cuda"):
        cuda = "no accelerator but CUDA devices: device=cuda measures one"
        found = cuda if wanted else "no accelerator: device=cpu measures the processor"
        return "; ".join([f"torch finds {found}", *troubles])
    try:
        api = Api(wanted)
    except (RuntimeError, AttributeError):
        absent = f"this torch has no device type {wanted}"
        return "; ".join([absent, *(troubles or _wanted_plugins(wanted))])
    if not api.ask("is_available", generic="is_available"):
        return "; ".join([f"torch finds no {wanted} device", *troubles])
    count = api.count()
    last = f"the last is {wanted}:{count - 1}"
    return None if index < count else f"there are {count} {wanted} devices, {last}"


def _wanted_plugins(kind: str) -> list[str]:
    """Says which package would bring a device type."""
    packages = plugins.packages(kind)
    return [f"it comes with {' or '.join(packages)}"] if packages else []


def make(index: int, kind: str = "") -> AcceleratorDevice:
    """Returns the device."""
    return AcceleratorDevice(kind or current(), index)


def _first(told: object, names: tuple[str, ...]) -> float | None:
    """Returns the first of the attributes called so that is a number above nought."""
    values = (getattr(told, name, None) for name in names)
    return next((float(one) for one in values if isinstance(one, int | float) and one > 0), None)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _capability(told: object) -> str | None:
    major, minor = getattr(told, "major", None), getattr(told, "minor", None)
    if isinstance(major, int) and isinstance(minor, int):
        return f"{major}.{minor}"
    named = getattr(told, "architecture", None)
    return str(named) if isinstance(named, int | str) else None


def _bus(told: object) -> str | None:
    """Returns the PCI address, as tools write it, where torch tells it."""
    parts = [getattr(told, f"pci_{name}_id", None) for name in ("domain", "bus", "device")]
    domain, bus, device = (one if isinstance(one, int) else None for one in parts)
    if domain is None or bus is None or device is None:
        return None
    return f"{domain:04x}:{bus:02x}:{device:02x}.0"


def _refuse_fallback(run: Callable[[], object]) -> None:
    """Runs a call, and raises if torch warns that the CPU does it."""
    import torch

    always = torch.is_warn_always_enabled()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.set_warn_always(True)
        try:
            run()
        finally:
            torch.set_warn_always(always)
    for one in caught:
        if any(word in str(one.message).lower() for word in FALLBACKS):
            raise UnsupportedError(f"the CPU does it: {first_line(one.message, 160)}")
