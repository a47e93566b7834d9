"""What all torch backends share: building, checking and running a kernel's calls."""

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.devices import host
from bench.devices.base import DeviceLostError, Health
from bench.errors import first_line
from bench.kernels.common import inputs
from bench.kernels.common.base import Kernel, Point, Task, UnsupportedError
from bench.records.model import Check

if TYPE_CHECKING:
    import torch

_MISSING = (
    "not implemented", "not supported", "not_supported", "unsupported", "only supported",
    "only supports", "could not run", "no kernel", "arch_mismatch", "doesn't support",
    "does not support", "not currently supported", "pin_memory", "pinned memory",
    "not compiled with", "cannot access accelerator",
)  # fmt: skip
_FAULTS = ("unsupported operand type", "no kernel image")
"""Messages that look like a missing operation but are bugs, or a torch built for other devices."""
_DTYPE = re.compile(r"dtype|\b(?:b?float|u?int|complex)\d")
_NO_ROOM = ("out of memory", "alloc_failed", "can't allocate memory", "cannot allocate memory")

REFUSALS = (
    RuntimeError, NotImplementedError, TypeError, AssertionError, ImportError,
    subprocess.CalledProcessError,
)  # fmt: skip
"""What torch and its plug-ins raise for an unsupported operation: a backend without float64
``TypeError``, a build without CUDA ``AssertionError``, a path that needs Triton ``ImportError``,
and Triton itself ``CalledProcessError`` from its C compiler."""

_NO_DRIVER = "active drivers"
_NO_COMPILER = "find c compiler"
_COMPILER = "Triton needs a C compiler and Python's headers for its launchers: not all are here"


def wait_for_device(synchronize: Callable[[], object]) -> None:
    """Synchronizes; an error that surfaces here is sticky, so the process has to end.

    Raises:
        DeviceLostError: an asynchronous error; the run goes on in a new worker.
    """
    try:
        synchronize()
    except RuntimeError as error:
        raise DeviceLostError(f"the device failed: {first_line(error)}") from error


@dataclass
class PreparedTask:
    """A task, its position in the rotation of buffers, and what the last call returned."""

    task: Task
    turn: int = 0
    last: object = None
    clock: str = "device"

    @property
    def at_once(self) -> int:
        """Returns how many calls one graph replays, 1 without a graph."""
        return len(self.task.calls) if self.task.whole else 1

    def spoil(self) -> None:
        """Overwrites the outputs and rewinds to the first call."""
        self.task.spoil()
        self.turn, self.last = 0, None

    def spot_check(self) -> Check | None:
        """Checks part of the timed calls' output, if the kernel can."""
        return self.task.spot_check(self.last) if self.task.spot_check else None

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel observed about its own execution."""
        return self.task.observed()

    def run(self, calls: int) -> None:
        """Runs ``calls`` calls, rotating through the buffers; full rotations replay the graph."""
        ring, size, whole = self.task.calls, len(self.task.calls), self.task.whole
        single = calls % size if whole else calls
        try:
            if whole:
                for _ in range(calls // size):
                    self.last = whole()
            for index in range(self.turn, self.turn + single):
                self.last = ring[index % size]()
        except REFUSALS as error:
            raise translated(error) from error
        self.turn = (self.turn + single) % size


@dataclass
class TorchDevice:
    """A device driven through torch; backends add properties, telemetry and timing.

    Attributes:
        cache_bytes: its last-level cache.
        overhead_s: what synchronizing adds to each batch that the host's clock times, in seconds.
    """

    device: "torch.device"
    cache_bytes: float = field(default=0.0)
    overhead_s: float = field(default=0.0)

    def check(self, kernel: Kernel, point: Point) -> Check:
        """Runs the kernel's correctness check.

        Raises:
            UnsupportedError: torch lacks the operation on this device.
            MemoryError: out of device memory.
        """
        try:
            return kernel.check(point, self.device)
        except REFUSALS as error:
            raise translated(error) from error

    def prepare(self, kernel: Kernel, point: Point) -> PreparedTask:
        """Allocates a configuration's buffers.

        Raises:
            UnsupportedError: torch lacks the operation on this device.
            MemoryError: out of device memory.
        """
        try:
            task = kernel.build(point, self.device, self.cache_bytes)
            return PreparedTask(task, clock=kernel.clock)
        except REFUSALS as error:
            raise translated(error) from error

    def writer(self, size: int) -> Callable[[], object]:
        """Returns a call that writes a buffer of ``size`` bytes."""
        import torch

        return torch.zeros(size, dtype=torch.uint8, device=self.device).zero_

    def now(self) -> float:
        """Returns seconds on the host's monotonic clock."""
        return time.perf_counter_ns() * 1e-9

    def rest(self, seconds: float) -> None:
        """Leaves the device idle for ``seconds``."""
        time.sleep(seconds)

    def health(self) -> Health:
        """Returns the host's counters so far."""
        return host.health()

    def release(self) -> None:
        """Frees the buffers that were kept for reuse."""
        inputs.release()


def translated(error: Exception) -> Exception:
    """Maps torch's error to ``UnsupportedError`` or ``MemoryError``; any other is unchanged."""
    import torch

    lower = str(error).lower()
    if isinstance(error, torch.OutOfMemoryError) or any(word in lower for word in _NO_ROOM):
        return MemoryError("out of device memory")
    if isinstance(error, subprocess.CalledProcessError) or _NO_COMPILER in lower:
        return UnsupportedError(_COMPILER)
    if _NO_DRIVER in lower:
        return UnsupportedError("Triton has no driver for this device")
    if isinstance(error, ModuleNotFoundError):
        return UnsupportedError(f"it needs {error.name}, which is not installed here")
    return UnsupportedError(first_line(error)) if _is_missing(error, lower) else error


def _is_missing(error: Exception, lower: str) -> bool:
    """Returns whether the operation is missing; a ``TypeError`` counts only if it names a dtype."""
    if any(word in lower for word in _FAULTS):
        return False
    if isinstance(error, TypeError) and not _DTYPE.search(lower):
        return False
    return isinstance(error, NotImplementedError) or any(word in lower for word in _MISSING)
