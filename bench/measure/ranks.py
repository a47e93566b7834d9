"""A run under torchrun: the first rank measures, the others follow; no worker process is started.

The ranks are the processes: one that dies costs what is being measured across them, and torchrun
ends the rest. The first rank alone writes the record and prints.
"""

import signal
from collections.abc import Sequence
from contextlib import suppress

from bench.devices.base import DeviceError, DeviceLostError
from bench.devices.ranks import LeadingDevice, across
from bench.devices.ranks import follow as obey
from bench.devices.team import LostRankError, join
from bench.kernels.common.ranks import count, rank
from bench.kernels.registry import kernel
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.runner import Weighted
from bench.measure.session import LocalSession, Place, Progress, WorkerDiedError
from bench.records.model import Measurement

__all__ = ["RankedSession", "alone", "count", "follow", "rank"]


class RankedSession:
    """Measures in the first rank, with the others where a kernel needs them."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._device: LeadingDevice | None = None

    def describe(self) -> Place:
        """Joins the other ranks and returns machine and device.

        Raises:
            DeviceError: a rank has no device, or does not come.
        """
        return LocalSession(self._opened()).describe()

    def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
        """Measures one item; a device past saving costs the item, and those that follow."""
        try:
            return LocalSession(self._opened()).measure(item, plan, progress)
        except DeviceLostError as error:
            raise WorkerDiedError(str(error)) from error

    def close(self) -> None:
        """Gives the buffers back and sends the other ranks home."""
        if self._device is None:
            return
        with suppress(LostRankError):  # nobody is left to be told
            self._device.release()
            self._device.end()

    def _opened(self) -> LeadingDevice:
        if self._device is None:
            self._device = LeadingDevice(*join(self._word))
        return self._device


def follow(word: str) -> int:
    """Does what the first rank orders until it ends; returns this rank's exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        obey(*join(word))
    except (DeviceError, LostRankError):
        return 1  # the first rank says what it was, if it can
    return 0


def alone(items: Sequence[Weighted]) -> tuple[Weighted, ...]:
    """Returns the items of a run without torchrun: one stands for all that need other ranks."""
    kept: list[Weighted] = []
    for one in items:
        needy = across(kernel(one.item.kernel))
        if not (needy and any(one.item.kernel == other.item.kernel for other in kept)):
            kept.append(one)
    return tuple(kept)
