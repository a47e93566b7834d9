"""A run under torchrun: rank 0 measures and the others follow; no worker process is started.

If a rank dies, the current measurement across ranks is lost and torchrun ends the others. Only
rank 0 writes the record and prints.
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
    """Measures in rank 0, with the other ranks where a kernel needs them."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._device: LeadingDevice | None = None

    def describe(self) -> Place:
        """Joins the other ranks and returns machine and device.

        Raises:
            DeviceError: a rank has no device, or cannot be reached.
        """
        return LocalSession(self._opened()).describe()

    def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
        """Measures one item; a lost device fails this item and all later ones."""
        try:
            return LocalSession(self._opened()).measure(item, plan, progress)
        except DeviceLostError as error:
            raise WorkerDiedError(str(error)) from error

    def close(self) -> None:
        """Frees the buffers and ends the other ranks."""
        if self._device is None:
            return
        with suppress(LostRankError):  # the other ranks are gone already
            self._device.release()
            self._device.end()

    def _opened(self) -> LeadingDevice:
        if self._device is None:
            self._device = LeadingDevice(*join(self._word))
        return self._device


def follow(word: str) -> int:
    """Executes rank 0's orders until it ends; returns this rank's exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        obey(*join(word))
    except (DeviceError, LostRankError):
        return 1  # rank 0 reports the reason, if it can
    return 0


def alone(items: Sequence[Weighted]) -> tuple[Weighted, ...]:
    """Returns the items of a run without torchrun: one per kernel that needs other ranks."""
    kept: list[Weighted] = []
    for weighted in items:
        name = weighted.item.kernel
        if not (across(kernel(name)) and any(name == other.item.kernel for other in kept)):
            kept.append(weighted)
    return tuple(kept)
