"""The device interface: a backend describes its device, builds kernels on it and times them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bench.kernels.common.base import Kernel, Limits, Point
from bench.records.model import Check, DeviceInfo


class DeviceError(Exception):
    """The device does not exist or cannot be used; the message says why."""


class DeviceLostError(SystemExit):
    """The device failed (a sticky error): every later call in this process would fail, too.

    Deliberately not an ``Exception``: a handler that recovers from one kernel's error must not
    swallow it. Uncaught, it ends the process.
    """


@dataclass(frozen=True)
class Elapsed:
    """The time of one batch of calls.

    Attributes:
        seconds: by the device's timer.
        wall_seconds: by the host's clock, from before the first call until all have finished.
        disturbed: whether interference was detected.
    """

    seconds: float
    wall_seconds: float
    disturbed: bool = False


@dataclass(frozen=True)
class Reading:
    """Device telemetry at one moment; None: unknown, an empty ``throttle``: not throttled."""

    clock_hz: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    throttle: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Health:
    """Host counters so far; the differences between two snapshots become conditions.

    Attributes:
        cpu_s: CPU time of this process, where the CPU is the device.
        at_s: when the counters were read.
        threads: number of worker threads.
        ecc: corrected and uncorrected errors of the device's memory.
    """

    load_1min: float | None = None
    steal_s: float | None = None
    busy_s: float | None = None
    involuntary_switches: int | None = None
    cpu_s: float | None = None
    at_s: float = 0.0
    threads: int | None = None
    ecc: tuple[int, int] | None = None


class Prepared(Protocol):
    """A kernel configuration whose buffers are allocated on the device."""

    @property
    def at_once(self) -> int:
        """Returns how many calls one launch replays; batches are multiples of it."""
        ...

    def spoil(self) -> None:
        """Overwrites the output buffers, so that a call that did nothing is detected."""
        ...

    def spot_check(self) -> Check | None:
        """Checks part of the timed calls' output, if the kernel can."""
        ...

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel observed about its own execution, such as the tile used."""
        ...


@runtime_checkable
class Simulated(Protocol):
    """A device whose time passes only in its calls, so that no thread can sample it meanwhile.

    Attributes:
        after_call: called after each timed batch.
    """

    after_call: Callable[[], None]


class Device(Protocol):
    """The interface of a backend.

    Attributes:
        timer_resolution_s: the shortest interval that the device's timer resolves.
        live: whether telemetry changes while a kernel runs, so that a thread must sample it.
    """

    timer_resolution_s: float
    live: bool

    def info(self) -> DeviceInfo:
        """Returns everything the device reports about itself."""
        ...

    def limits(self) -> Limits:
        """Returns the memory and cache sizes that a shape search works within."""
        ...

    def lacks(self, dtype: str) -> str | None:
        """Returns why the hardware does not support ``dtype``, None if it may."""
        ...

    def check(self, kernel: Kernel, point: Point) -> Check:
        """Runs the kernel's correctness check."""
        ...

    def prepare(self, kernel: Kernel, point: Point) -> Prepared:
        """Allocates a configuration's buffers."""
        ...

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Runs ``calls`` calls back to back and returns their time."""
        ...

    def now(self) -> float:
        """Returns seconds on a monotonic clock."""
        ...

    def rest(self, seconds: float) -> None:
        """Leaves the device idle for ``seconds``."""
        ...

    def reading(self) -> Reading:
        """Returns the current clock, power, temperature and throttle reasons."""
        ...

    def health(self) -> Health:
        """Returns the host's counters so far."""
        ...

    def release(self) -> None:
        """Frees cached buffers."""
        ...
