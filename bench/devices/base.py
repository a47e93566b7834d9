"""What a device is to the measuring loop: something that describes itself, runs and times calls."""

from dataclasses import dataclass
from typing import Protocol

from bench.kernels.common.base import Kernel, Limits, Point
from bench.records.model import Check, DeviceInfo


class DeviceError(Exception):
    """The device named is not here; the text says what is."""


class DeviceLostError(SystemExit):
    """The device failed, and every later call of this process would fail alike; the text says how.

    No ``Exception``: what goes on after a kernel's error must not go on after this. A process in
    which nobody catches it ends.
    """


@dataclass(frozen=True)
class Elapsed:
    """The time of one batch of calls.

    Attributes:
        seconds: on the device's own timer.
        wall_seconds: on the host's clock, from before the first call until all had ended.
        disturbed: whether something else is known to have interfered.
    """

    seconds: float
    wall_seconds: float
    disturbed: bool = False


@dataclass(frozen=True)
class Reading:
    """How the device is at one moment; None is unknown, no throttle reason is none of them."""

    clock_hz: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    throttle: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Health:
    """What the host counted up to now; differences between two of them are conditions.

    Attributes:
        cpu_s: CPU time of this process, where its threads are the device.
        at_s: when it was read.
        threads: how many threads do the work.
    """

    load_1min: float | None = None
    steal_s: float | None = None
    busy_s: float | None = None
    involuntary_switches: int | None = None
    cpu_s: float | None = None
    at_s: float = 0.0
    threads: int | None = None


class Prepared(Protocol):
    """A kernel configuration with its buffers on the device."""

    @property
    def at_once(self) -> int:
        """Returns how many calls are made at once, of which batches are multiples."""
        ...

    def spoil(self) -> None:
        """Overwrites the results, so that a call left out shows."""
        ...

    def spot_check(self) -> Check | None:
        """Compares part of what the timed calls left behind, where the kernel can."""
        ...

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel saw of itself."""
        ...


class Device(Protocol):
    """The contract of a backend; every member must work without an accelerator's driver.

    Attributes:
        timer_resolution_s: the shortest time the device's timer tells from zero.
        live: whether readings change on their own, so that a thread must follow them.
    """

    timer_resolution_s: float
    live: bool

    def info(self) -> DeviceInfo:
        """Returns all that the device reports of itself."""
        ...

    def limits(self) -> Limits:
        """Returns what a search may use."""
        ...

    def lacks(self, dtype: str) -> str | None:
        """Returns why the device cannot do ``dtype`` in hardware, None if it may."""
        ...

    def check(self, kernel: Kernel, point: Point) -> Check:
        """Runs the kernel's own check."""
        ...

    def prepare(self, kernel: Kernel, point: Point) -> Prepared:
        """Allocates a configuration's buffers."""
        ...

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Runs ``calls`` calls back to back and returns their time."""
        ...

    def now(self) -> float:
        """Returns seconds on a clock that never goes back."""
        ...

    def rest(self, seconds: float) -> None:
        """Leaves the device idle for some time."""
        ...

    def reading(self) -> Reading:
        """Returns clock, power, temperature and throttle reasons now."""
        ...

    def health(self) -> Health:
        """Returns the host's counters now."""
        ...

    def release(self) -> None:
        """Gives buffers back to the system."""
        ...
