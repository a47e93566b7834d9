"""What kernels that only copy share: how much, both ways at once, and whether it arrived."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.accelerators import streams, synchronize
from bench.kernels.common.base import Limits, Point, Task, itemsize
from bench.records.model import Check

if TYPE_CHECKING:
    import torch

COPY_BYTES = 512 * 2**20
CACHE_MULTIPLE = 4
BLOCK = 1024
CHECKED = 100_003
SPOTS = 256
SPOILT = -7.0
"""What a target holds until it is copied to; data drawn at random do not."""

ARRAYS = 3
"""Arrays on the device, of which only the last is written: those of the memory streams."""


@dataclass(frozen=True)
class Copy:
    """One direction: where from, where to, and whether the host goes on meanwhile."""

    source: "torch.Tensor"
    target: "torch.Tensor"
    non_blocking: bool = True

    def run(self) -> "torch.Tensor":
        """Copies, on the current streams of both devices."""
        return self.target.copy_(self.source, non_blocking=self.non_blocking)


def sized(pilot: Point, limits: Limits) -> Point:
    """Returns a copy of 512 MiB, or of more than the cache holds, with room for all arrays."""
    wanted = max(COPY_BYTES, CACHE_MULTIPLE * limits.cache_bytes)
    elements = int(min(wanted, limits.memory_bytes / ARRAYS)) // itemsize(pilot.dtype)
    return of_elements(pilot, max(elements // BLOCK * BLOCK, BLOCK))


def of_elements(point: Point, elements: int) -> Point:
    """Returns the point at another size."""
    return replace(point, parameters={**point.parameters, "elements": elements})


def kept(point: Point, device: "torch.device") -> tuple["torch.Tensor", ...]:
    """Returns the arrays to copy from and to; the last may be written."""
    return inputs.buffers(ARRAYS, point.size("elements"), point.dtype, point.data, device)


def fresh(point: Point, device: "torch.device") -> tuple["torch.Tensor", ...]:
    """Returns arrays of ``CHECKED`` elements drawn anew."""
    return tuple(inputs.draw((CHECKED,), point.dtype, "normal", device) for _ in range(ARRAYS))


def task(call: Callable[[], object], copies: Sequence[Copy]) -> Task:
    """Returns a call with what overwrites its targets and what compares some elements of them."""
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
        one.target.fill_(SPOILT)


def compared(copies: Sequence[Copy], picked: "torch.Tensor | slice") -> Check:
    """Compares elements of each target with its source, which it must equal; tells the worst."""
    error = max(_error(one, picked) for one in copies)
    total = copies[0].source.numel()
    count = total if isinstance(picked, slice) else picked.numel()
    shape = f"{count} of {total}"
    return Check(passed=error == 0.0, error=error, tolerance=0.0, shape=shape)


def _spots(copies: Sequence[Copy]) -> "torch.Tensor":
    """Returns the numbers of elements drawn at random, the first and the last among them."""
    import torch

    elements = copies[0].source.numel()
    return torch.cat([torch.tensor([0, elements - 1]), torch.randint(0, elements, (SPOTS,))])


def _error(one: Copy, picked: "torch.Tensor | slice") -> float:
    wanted, got = (_picked(array, picked) for array in (one.source, one.target))
    return float((got - wanted).abs().max())


def _picked(array: "torch.Tensor", picked: "torch.Tensor | slice") -> "torch.Tensor":
    at = picked if isinstance(picked, slice) else picked.to(array.device)
    return array[at].cpu().double()


def together(
    first: Copy, second: Copy, device: "torch.device", others: Sequence["torch.device"] = ()
) -> Callable[[], object]:
    """Returns a call that makes two copies at once and ends on ``device`` with the later of them.

    Args:
        first: runs on the current streams.
        second: runs on streams of its own, on ``device`` and on each of ``others``; torch has a
            copy wait for, and be waited for by, the current streams of both its devices.
        device: whose current stream is timed.
        others: further accelerators that the second copy touches.
    """
    torch_of = streams(device)
    side = torch_of.Stream(device)
    more = [torch_of.Stream(one) for one in others]

    def both() -> None:
        main = torch_of.current_stream(device)
        side.wait_stream(main)
        first.run()
        with ExitStack() as entered:
            for stream in (*more, side):
                entered.enter_context(torch_of.stream(stream))
            second.run()
        main.wait_stream(side)

    return both
