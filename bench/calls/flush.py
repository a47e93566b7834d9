"""Times calls whose inputs lie in no cache, as they do between the other kernels of a step."""

from collections.abc import Callable

from bench.devices.base import Device, Elapsed, Prepared
from bench.devices.torchdevice import TorchDevice
from bench.errors import UsageError
from bench.judging.plausible import CACHE_MULTIPLE
from bench.measure.loop import SAMPLE_S

FEWER = 20
"""How many times fewer calls make a sample: a flush takes longer than most calls."""


class Flushed:
    """What the timing loop uses of a device, with each call timed alone after a flush.

    A flush writes twice the last-level cache. It is not timed; what the device takes to start a
    single call is: some microseconds on a GPU.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._flush = _flush(device)
        self.timer_resolution_s = device.timer_resolution_s / FEWER
        self.now, self.rest = device.now, device.rest

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Returns the sum of the calls' own times, also as their wall time: see ``wall_ratio``."""
        total_s, disturbed = 0.0, False
        for _ in range(calls):
            self._flush()
            elapsed = self._device.time(prepared, 1)
            total_s += elapsed.seconds
            disturbed |= elapsed.disturbed
        return Elapsed(total_s, total_s, disturbed)


def wall_ratio(device: Device, prepared: Prepared) -> float:
    """Returns the device timer's time over the host's, of one batch of calls without a flush.

    A call timed alone does not tell: the host's time of it is mostly that of its launch.
    """
    calls = 1
    while (elapsed := device.time(prepared, calls)).wall_seconds < SAMPLE_S:
        calls *= 2
    return elapsed.seconds / elapsed.wall_seconds


def _flush(device: Device) -> Callable[[], object]:
    """Returns a call that writes twice the last-level cache.

    Raises:
        UsageError: the backend does not compute with torch, or its device has no timing events.
    """
    if not isinstance(device, TorchDevice):
        raise UsageError("onpaper: flush=True needs a device of torch's: leave it out")
    if device.overhead_s:
        raise UsageError(
            "onpaper: flush=True needs timing events, which this device lacks, as each call's time "
            "would hold a synchronization: leave it out"
        )
    return device.writer(int(CACHE_MULTIPLE * device.limits().cache_bytes))
