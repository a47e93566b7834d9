"""Times calls whose inputs lie in no cache, as they do between the other kernels of a step."""

from collections.abc import Callable

from bench.devices.base import Device, Elapsed, Prepared
from bench.devices.torchdevice import TorchDevice
from bench.errors import UsageError
from bench.judging.plausible import CACHE_MULTIPLE

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
        """Returns the sum of the calls' own times; their wall time is unknown, so the same sum."""
        total_s = 0.0
        for _ in range(calls):
            self._flush()
            total_s += self._device.time(prepared, 1).seconds
        return Elapsed(total_s, total_s)


def _flush(device: Device) -> Callable[[], object]:
    """Returns a call that writes twice the last-level cache.

    Raises:
        UsageError: the backend does not compute with torch.
    """
    if not isinstance(device, TorchDevice):
        raise UsageError("onpaper: flush=True needs a device of torch's: leave it out")
    return device.writer(int(CACHE_MULTIPLE * device.limits().cache_bytes))
