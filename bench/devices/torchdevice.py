"""What all torch backends share: building, checking and running a kernel's calls."""

import re
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.devices import host
from bench.devices.base import Health
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
"""What sounds alike and is a fault: of a program, or of a torch built for other devices."""
_DTYPE = re.compile(r"dtype|\b(?:b?float|u?int|complex)\d")
_NO_ROOM = ("out of memory", "alloc_failed", "can't allocate memory", "cannot allocate memory")

REFUSALS = (
    RuntimeError, NotImplementedError, TypeError, AssertionError, ImportError,
    subprocess.CalledProcessError,
)  # fmt: skip
"""How torch and its plug-ins refuse: a backend without float64 raises ``TypeError``, a build
without CUDA ``AssertionError``, a way of doing it that needs Triton ``ImportError``, and Triton
itself what its C compiler ended with."""

_NO_DRIVER = "active drivers"
_NO_COMPILER = "find c compiler"
_COMPILER = "Triton builds its launches with a C compiler and Python's headers: not all are here"


@dataclass
class PreparedTask:
    """A task, where its rotation stands, and what the last call returned."""

    task: Task
    turn: int = 0
    last: object = None
    clock: str = "device"

    @property
    def at_once(self) -> int:
        """Returns how many calls are done together, where they are."""
        return len(self.task.calls) if self.task.whole else 1

    def spoil(self) -> None:
        """Overwrites the results; the first call is the next to run."""
        self.task.spoil()
        self.turn, self.last = 0, None

    def spot_check(self) -> Check | None:
        """Compares part of what the timed calls left behind, where the kernel can."""
        return self.task.spot_check(self.last) if self.task.spot_check else None

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel saw of itself."""
        return self.task.observed()

    def run(self, calls: int) -> None:
        """Runs ``calls`` calls in turn over the rotated buffers, whole turns at once."""
        ring, size, whole = self.task.calls, len(self.task.calls), self.task.whole
        rest = calls % size if whole else calls
        try:
            if whole:
                for _ in range(calls // size):
                    self.last = whole()
            for index in range(self.turn, self.turn + rest):
                self.last = ring[index % size]()
        except REFUSALS as error:
            raise translated(error) from error
        self.turn = (self.turn + rest) % size


@dataclass
class TorchDevice:
    """A device that torch drives; backends add what they report and how they are timed."""

    device: "torch.device"
    cache_bytes: float = field(default=0.0)

    def check(self, kernel: Kernel, point: Point) -> Check:
        """Runs the kernel's own check; a missing operation is ``UnsupportedError``."""
        try:
            return kernel.check(point, self.device)
        except REFUSALS as error:
            raise translated(error) from error

    def prepare(self, kernel: Kernel, point: Point) -> PreparedTask:
        """Allocates a configuration's buffers; a missing operation is ``UnsupportedError``."""
        try:
            task = kernel.build(point, self.device, self.cache_bytes)
            return PreparedTask(task, clock=kernel.clock)
        except REFUSALS as error:
            raise translated(error) from error

    def now(self) -> float:
        """Returns seconds on the host's monotonic clock."""
        return time.perf_counter_ns() * 1e-9

    def rest(self, seconds: float) -> None:
        """Leaves the device idle for some time."""
        time.sleep(seconds)

    def health(self) -> Health:
        """Returns the host's counters now."""
        return host.health()

    def release(self) -> None:
        """Gives the kept buffers back."""
        inputs.release()


def translated(error: Exception) -> Exception:
    """Returns ``UnsupportedError`` for a missing operation, ``MemoryError`` for want of room.

    Anything else comes back as it is.
    """
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
    """Tells whether an operation is not here; a ``TypeError`` of one that is names a format."""
    if any(word in lower for word in _FAULTS):
        return False
    if isinstance(error, TypeError) and not _DTYPE.search(lower):
        return False
    return isinstance(error, NotImplementedError) or any(word in lower for word in _MISSING)
