"""Shared by kernels that only copy: sizes, two copies at once, and checks of the targets."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, spots
from bench.kernels.common.accelerators import streams, synchronize
from bench.kernels.common.base import Limits, Point, Task, itemsize
from bench.records.model import Check

if TYPE_CHECKING:
    import torch

COPY_BYTES = 512 * 2**20
CACHE_MULTIPLE = 4
BLOCK = 1024
"""Sizes of copies are a multiple of this many elements."""
ARRAYS = 3
"""Arrays on the device, of which only the last is written: the same as for the memory streams."""


@dataclass(frozen=True)
class Copy:
    """A copy in one direction; with ``non_blocking`` the host does not wait for it."""

    source: "torch.Tensor"
    target: "torch.Tensor"
    non_blocking: bool = True

    def run(self) -> "torch.Tensor":
        """Copies on the current streams of both devices, and returns the target."""
        return self.target.copy_(self.source, non_blocking=self.non_blocking)


def sized(pilot: Point, limits: Limits) -> Point:
    """Returns a copy of 512 MiB or four times the cache, or less if memory holds no three such."""
    wanted = max(COPY_BYTES, CACHE_MULTIPLE * limits.cache_bytes)
    elements = int(min(wanted, limits.memory_bytes / ARRAYS)) // itemsize(pilot.dtype)
    return of_elements(pilot, max(elements // BLOCK * BLOCK, BLOCK))


def of_elements(point: Point, elements: int) -> Point:
    """Returns the point at another size."""
    return replace(point, parameters={**point.parameters, "elements": elements})


def arrays(point: Point, device: "torch.device") -> tuple["torch.Tensor", ...]:
    """Returns the reused arrays to copy from and to; the last may be written."""
    return inputs.buffers(ARRAYS, point.size("elements"), point.dtype, point.data, device)


def fresh_arrays(point: Point, device: "torch.device") -> tuple["torch.Tensor", ...]:
    """Returns new random arrays of ``spots.CHECKED`` elements."""
    return tuple(
        inputs.draw((spots.CHECKED,), point.dtype, "normal", device) for _ in range(ARRAYS)
    )


def task(call: Callable[[], object], copies: Sequence[Copy]) -> Task:
    """Returns the task of a call, which spoils its targets and compares random elements of them."""
    return Task([call], lambda: spoil(copies), lambda _: compared(copies, _spots(copies)))


def checked(call: Callable[[], object], copies: Sequence[Copy]) -> Check:
    """Runs a call once and compares every element."""
    spoil(copies)
    call()
    for device in {array.device for one in copies for array in (one.source, one.target)}:
        if device.type != "cpu":
            synchronize(device)
    return compared(copies, slice(None))


def spoil(copies: Sequence[Copy]) -> None:
    """Overwrites the targets."""
    for one in copies:
        one.target.fill_(spots.SPOILT)


def compared(copies: Sequence[Copy], picked: "torch.Tensor | slice") -> Check:
    """Compares elements of each target with its source, which they must equal exactly."""
    error = max(_error(one, picked) for one in copies)
    total = copies[0].source.numel()
    count = total if isinstance(picked, slice) else picked.numel()
    shape = f"{count} of {total}"
    return Check(passed=error == 0.0, error=error, tolerance=0.0, shape=shape)


def _spots(copies: Sequence[Copy]) -> "torch.Tensor":
    """Returns the indices of random elements, and of the first and the last."""
    import torch

    elements = copies[0].source.numel()
    ends = torch.tensor([0, elements - 1])
    return torch.cat([ends, spots.drawn(elements, ends.device)])


def _error(copy: Copy, picked: "torch.Tensor | slice") -> float:
    wanted, got = (_picked(array, picked) for array in (copy.source, copy.target))
    return float((got - wanted).abs().max())


def _picked(array: "torch.Tensor", picked: "torch.Tensor | slice") -> "torch.Tensor":
    at = picked if isinstance(picked, slice) else picked.to(array.device)
    return array[at].cpu().double()


def together(
    first: Copy, second: Copy, device: "torch.device", others: Sequence["torch.device"] = ()
) -> Callable[[], object]:
    """Returns a call that makes two copies at once; ``device`` is done when both are.

    Args:
        first: the copy on the current streams.
        second: the copy on separate streams of ``device`` and of each of ``others``; torch orders a
            copy against the current streams of both its devices.
        device: the device whose current stream is timed.
        others: further accelerators that the second copy touches.
    """
    backend = streams(device)
    side = backend.Stream(device)
    more = [backend.Stream(one) for one in others]

    def both() -> None:
        main = backend.current_stream(device)
        side.wait_stream(main)
        first.run()
        with ExitStack() as entered:
            for stream in (*more, side):
                entered.enter_context(backend.stream(stream))
            second.run()
        main.wait_stream(side)

    return both
