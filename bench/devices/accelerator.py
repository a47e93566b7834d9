"""Any accelerator torch supports besides CUDA: XPU, MPS, NPU, MLU, MUSA, or a plug-in's own type.

Plug-ins differ in what they report, so properties, timing and supported formats are probed, and
whatever is not reported stays unknown. ``cuda`` handles CUDA, ROCm and stacks that imitate CUDA.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from bench.chips.vendors import vendor_behind
from bench.devices import clocks, plugins, telemetry
from bench.devices.api import Api, current
from bench.devices.base import DeviceError, Elapsed, Prepared, Reading
from bench.devices.cuda import markers
from bench.devices.torchdevice import PreparedTask, TorchDevice, wait_for_device
from bench.devices.uid import uid
from bench.errors import first_line
from bench.kernels.common.base import TORCH_DTYPES, Kernel, Limits, Point, UnsupportedError
from bench.records.model import DeviceInfo

MEMORY_SHARE = 0.5
UNKNOWN_BYTES = 2.0 * 2**30
"""Free memory assumed where the device does not report it."""

CACHE_BYTES = 64.0 * 2**20
"""Last-level cache assumed where the device reports none; buffers are sized to exceed it."""

UNITS = ("multi_processor_count", "gpu_subslice_count", "cube_core_num", "core_count")
"""Plug-ins' property names for the compute units that sheets count: SMs, Xe cores, AI cores."""

CACHES = ("L2_cache_size", "l2_cache_size", "last_level_cache_size")
MEMORIES = ("total_memory", "local_mem_size", "total_memory_bytes")
DTYPE_FLAGS = {"fp64": "has_fp64", "fp16": "has_fp16"}
"""Boolean device properties that say whether a format is supported."""

FALLBACKS = ("fall back to run on the cpu", "fallback from", "fall back to cpu", "fallback on cpu")
"""Substrings of plug-ins' warnings that an operation falls back to the CPU."""


@dataclass
class HostTimed(PreparedTask):
    """A task timed by the host's clock; ``overhead_s`` is what synchronizing adds, in seconds."""

    overhead_s: float = 0.0

    def observed(self) -> dict[str, float | str]:
        """Returns the kernel's observations, the clock used and its overhead in seconds."""
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
        self._llc_bytes = _first_positive(self._properties, CACHES)
        super().__init__(torch.device(kind, index), self._llc_bytes or CACHE_BYTES)
        self._event = clocks.events(self.api, self.device, self._wait)
        self.overhead_s = 0.0 if self._event else clocks.overhead_s(self._wait)
        self.timer_resolution_s = max(1e-6, self.overhead_s)
        vendor = vendor_behind(self._name(), None, markers())
        self._telemetry = telemetry.of(vendor, _bus(self._properties), index, self.api.count())

    def _name(self) -> str:
        import torch

        name = getattr(self._properties, "name", None)
        name = name or self.api.ask("get_device_name", self.index)
        backend = getattr(torch.backends, self.kind, None)
        get_name = getattr(backend, "get_name", None)
        return str(name or (get_name() if get_name else "") or self.kind)

    def info(self) -> DeviceInfo:
        """Returns what torch, the plug-in and the vendor's telemetry tool report."""
        properties, facts = self._properties, self._telemetry.facts()
        free, total = self.api.memory(self.index) or (None, _first_positive(properties, MEMORIES))
        return DeviceInfo(
            backend=self.kind,
            uid=uid(getattr(properties, "uuid", None) or facts.get("serial")),
            index=self.index,
            name=self._name(),
            units=_whole(_first_positive(properties, UNITS)),
            memory_bytes=total,
            memory_free_bytes=free,
            l2_bytes=self._llc_bytes,
            llc_bytes=self._llc_bytes,
            clock_max_hz=facts.get("clock_max_hz"),
            capability=_capability(properties),
            driver=facts.get("driver") or getattr(properties, "driver_version", None),
            power_limit_w=facts.get("power_limit_w"),
            limits=(*self._telemetry.limits(), *self._workarounds()),
            markers=markers(),
        )

    def _workarounds(self) -> tuple[str, ...]:
        """Returns, in words, what had to be assumed or replaced because the plug-in lacks it."""
        notes = [] if self._event else ["no device events: timed by the host's clock"]
        if self.api.memory(self.index) is None:
            notes.append(f"free memory not reported: {UNKNOWN_BYTES / 2**30:.0f} GiB assumed")
        return tuple(notes)

    def limits(self) -> Limits:
        """Returns a share of the free memory, torch's cached blocks included, and the cache."""
        free, _ = self.api.memory(self.index) or (UNKNOWN_BYTES, 0.0)
        usable = MEMORY_SHARE * (free + self.api.reserved(self.index))
        return Limits(
            usable,
            self.cache_bytes,
            is_cpu=False,
            units=_whole(_first_positive(self._properties, UNITS)),
        )

    def lacks(self, dtype: str) -> str | None:
        """Returns why the hardware does not support ``dtype``, as far as torch reports it."""
        import torch

        if getattr(self._properties, DTYPE_FLAGS.get(dtype, ""), True) is False:
            return f"the device reports no {dtype}"
        supported = self.api.dtypes(self.index)
        torch_dtype = getattr(torch, TORCH_DTYPES[dtype], None)
        if supported is not None and torch_dtype is not None and torch_dtype not in supported:
            return f"torch does not list {TORCH_DTYPES[dtype]} as supported by {self.kind}"
        return None

    def prepare(self, kernel: Kernel, point: Point) -> PreparedTask:
        """Allocates buffers and runs one call, which must not fall back to the CPU.

        Raises:
            UnsupportedError: the operation is missing, or falls back to the CPU.
        """
        prepared = super().prepare(kernel, point)
        if self._event is None:
            prepared = HostTimed(prepared.task, clock=prepared.clock, overhead_s=self.overhead_s)
        _refuse_fallback(lambda: prepared.run(1))
        self._wait()
        return prepared

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Times the calls by two device events, or by the host's clock where there are none.

        The host's clock is read after synchronizing; the record holds what that adds
        (``clock_overhead_s``). Events are of the current device, which a test that uses the fixture
        may have changed.
        """
        assert isinstance(prepared, PreparedTask)  # noqa: S101 -- the type that prepare() gave
        with self.api.selected(self.index):
            return self._timed(prepared, calls)

    def _timed(self, prepared: PreparedTask, calls: int) -> Elapsed:
        first, last = (self._event(), self._event()) if self._event else (None, None)
        self._wait()
        start = self.now()
        if first:
            first.record()
        prepared.run(calls)
        if last:
            last.record()
        self._wait()
        wall = self.now() - start
        if not first or prepared.clock == "host":
            return Elapsed(wall, wall)
        return Elapsed(first.elapsed_time(last) * 1e-3, wall)

    def _wait(self) -> None:
        """Synchronizes; raises as ``wait_for_device``."""
        wait_for_device(self._waiter)

    def reading(self) -> Reading:
        """Returns current clock, power and temperature, as far as the vendor's tool reports."""
        return self._telemetry.reading()

    def release(self) -> None:
        """Frees the kept buffers and empties torch's cache."""
        super().release()
        self.api.ask("empty_cache", generic="empty_cache")


def present(index: int, kind: str = "") -> str | None:
    """Returns why there is no such device, None if there is.

    Args:
        index: of the device.
        kind: its torch device type; empty for whichever accelerator torch has.
    """
    troubles = plugins.load(kind)
    wanted = kind or current()
    if wanted in ("", "cuda"):
        only_cuda = "no accelerator but CUDA devices: device=cuda measures one"
        reason = only_cuda if wanted else "no accelerator: device=cpu measures the processor"
        return "; ".join([f"torch finds {reason}", *troubles])
    try:
        api = Api(wanted)
    except (RuntimeError, AttributeError):
        unknown = f"this torch has no device type {wanted}"
        return "; ".join([unknown, *(troubles or _plugin_hint(wanted))])
    if not api.ask("is_available", generic="is_available"):
        return "; ".join([f"torch finds no {wanted} device", *troubles])
    count = api.count()
    last = f"the last is {wanted}:{count - 1}"
    return None if index < count else f"there are {count} {wanted} devices, {last}"


def _plugin_hint(kind: str) -> list[str]:
    """Returns a line naming the package that provides a device type, if one is known."""
    packages = plugins.packages(kind)
    return [f"it comes with {' or '.join(packages)}"] if packages else []


def make(index: int, kind: str = "") -> AcceleratorDevice:
    """Opens the device."""
    return AcceleratorDevice(kind or current(), index)


def _first_positive(properties: object, names: tuple[str, ...]) -> float | None:
    """Returns the first of the named attributes that is a positive number."""
    for name in names:
        value = getattr(properties, name, None)
        if isinstance(value, int | float) and value > 0:
            return float(value)
    return None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _capability(properties: object) -> str | None:
    major, minor = getattr(properties, "major", None), getattr(properties, "minor", None)
    if isinstance(major, int) and isinstance(minor, int):
        return f"{major}.{minor}"
    architecture = getattr(properties, "architecture", None)
    return str(architecture) if isinstance(architecture, int | str) else None


def _bus(properties: object) -> str | None:
    """Returns the PCI address as ``dddd:bb:dd.0``, None where torch does not report it."""
    parts = [getattr(properties, f"pci_{name}_id", None) for name in ("domain", "bus", "device")]
    domain, bus, device = (part if isinstance(part, int) else None for part in parts)
    if domain is None or bus is None or device is None:
        return None
    return f"{domain:04x}:{bus:02x}:{device:02x}.0"


def _refuse_fallback(run: Callable[[], object]) -> None:
    """Runs a call.

    Raises:
        UnsupportedError: torch warns that the operation falls back to the CPU.
    """
    import torch

    always = torch.is_warn_always_enabled()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.set_warn_always(True)
        try:
            run()
        finally:
            torch.set_warn_always(always)
    for warning in caught:
        if any(words in str(warning.message).lower() for words in FALLBACKS):
            raise UnsupportedError(f"it falls back to the CPU: {first_line(warning.message, 160)}")
