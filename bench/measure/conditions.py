"""What goes on while something is measured: a series of readings, and what the host counted."""

import threading
from itertools import pairwise
from types import TracebackType
from typing import Self

from bench.devices.base import Device, Health, Reading
from bench.records.model import Conditions

INTERVAL_S = 0.05
MIN_POWER_SAMPLES = 20
MAX_GAP_S, MAX_GAP_SHARE = 3.0, 1 / 8
"""The longest time without a reading of power, and its share of all where that is more.

What went on in an eighth unseen moves the mean by an eighth of how far it was from the rest: one
answer that a vendor's tool kept back does not cost a minute's load its energy.
"""

SERIES = ("clock_hz", "power_w", "temperature_c")


class Watch:
    """Reads the device's condition while it is entered; ``conditions()`` says what was seen."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._readings: list[tuple[float, Reading]] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._start_s = 0.0
        self._before = self._after = Health()

    def __enter__(self) -> Self:
        self._start_s = self._device.now()
        self._look()
        self._before = self._device.health()
        if self._device.live:
            self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
        self._after = self._device.health()
        self._look()

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            self._look()

    def _look(self) -> None:
        self._readings.append((self._device.now() - self._start_s, self._device.reading()))

    def conditions(self) -> Conditions:
        """Returns the series, on one clock; those the device hardly ever tells are empty."""
        before, after = self._before, self._after
        told, kept = self._whole()
        times = tuple(at for at, _ in kept)
        series = {name: tuple(getattr(reading, name) for _, reading in kept) for name in told}
        return Conditions(
            at_s=tuple(round(at, 4) for at in times) if told else (),
            clock_hz=series.get("clock_hz", ()),
            power_w=series.get("power_w", ()),
            temperature_c=series.get("temperature_c", ()),
            throttle=self._throttle(),
            load_1min=after.load_1min,
            steal_fraction=_steal(before, after),
            involuntary_switches=_difference(
                before.involuntary_switches, after.involuntary_switches
            ),
            cpu_share=_cpu_share(before, after),
            power_valid=_power_valid(times) if "power_w" in told else None,
        )

    def _whole(self) -> tuple[list[str], list[tuple[float, Reading]]]:
        """Returns the series that most readings tell, and the readings that tell all of those."""
        looks = self._readings
        told = [
            name for name in SERIES
            if 2 * sum(getattr(one, name) is not None for _, one in looks) > len(looks)
        ]  # fmt: skip
        whole = [
            (at, one) for at, one in looks if all(getattr(one, name) is not None for name in told)
        ]
        return told, whole

    def _throttle(self) -> tuple[str, ...] | None:
        """Returns the reasons seen, None where no reading told of them."""
        told = [reading.throttle for _, reading in self._readings if reading.throttle is not None]
        return tuple(sorted({str(word) for words in told for word in words})) if told else None


def _power_valid(times: tuple[float, ...]) -> bool:
    """Tells whether power was read often enough to have seen the load."""
    if len(times) < MIN_POWER_SAMPLES:
        return False
    longest = max(later - earlier for earlier, later in pairwise(times))
    return longest <= max(MAX_GAP_S, MAX_GAP_SHARE * (times[-1] - times[0]))


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _cpu_share(before: Health, after: Health) -> float | None:
    """Returns the CPU time that the process got, over its threads times elapsed time."""
    if before.cpu_s is None or after.cpu_s is None or not after.threads:
        return None
    elapsed = after.at_s - before.at_s
    return (after.cpu_s - before.cpu_s) / (after.threads * elapsed) if elapsed > 0 else None


def _steal(before: Health, after: Health) -> float | None:
    """Returns the share of CPU time that the hypervisor gave to others."""
    known = (before.steal_s, after.steal_s, before.busy_s, after.busy_s)
    if any(value is None for value in known):
        return None
    stolen = (after.steal_s or 0.0) - (before.steal_s or 0.0)
    busy = (after.busy_s or 0.0) - (before.busy_s or 0.0)
    return min(1.0, max(0.0, stolen / busy)) if busy > 0 else 0.0
