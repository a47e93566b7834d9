"""Conditions during a measurement: a series of telemetry readings, and host counters."""

import threading
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean
from types import TracebackType
from typing import Self

from bench.devices.base import Device, Health, Reading, Simulated
from bench.records.model import Conditions

INTERVAL_S = 0.05
MIN_POWER_SAMPLES = 20
MAX_GAP_S, MAX_GAP_SHARE = 3.0, 1 / 8
"""The longest gap between power readings: in seconds, or as a fraction of the time if longer.

A gap of an eighth shifts the mean by at most an eighth of the power's deviation in it, so one
missing answer of a vendor's tool does not invalidate the energy of a minute's load.
"""

MOST_READINGS = 3600
"""A longer series (of three minutes or more) is kept as the means of this many equal parts.

An hour's load then has a reading per second, and a record of two loads takes half a megabyte. Equal
parts leave every mean over the load as it is.
"""

SERIES = ("clock_hz", "power_w", "temperature_c")


class Watch:
    """Context manager that samples the device; ``conditions()`` returns the result."""

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
        elif isinstance(self._device, Simulated):
            self._device.after_call = self._look_in_time
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
        elif isinstance(self._device, Simulated):
            self._device.after_call = lambda: None
        self._after = self._device.health()
        self._look()

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            self._look()

    def _look_in_time(self) -> None:
        """Looks once ``INTERVAL_S`` of a simulated device's time has passed."""
        if self._device.now() - self._start_s - self._readings[-1][0] >= INTERVAL_S:
            self._look()

    def _look(self) -> None:
        self._readings.append((self._device.now() - self._start_s, self._device.reading()))

    def conditions(self) -> Conditions:
        """Returns the series on one time axis; those the device rarely reports are empty."""
        before, after = self._before, self._after
        reported, kept = self._complete()
        times = tuple(at for at, _ in kept)
        parts = [kept[part] for part in _parts(times)]
        series = {name: _means(parts, name) for name in reported}
        return Conditions(
            at_s=tuple(round(fmean(at for at, _ in part), 4) for part in parts) if reported else (),
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
            power_valid=_power_valid(times) if "power_w" in reported else None,
        )

    def observed(self) -> dict[str, float | str]:
        """Returns over how many seconds each reading kept is a mean, if over several readings.

        Also the memory errors that ECC corrected and did not correct meanwhile, if they are known.
        """
        reported, kept = self._complete()
        errors = _memory_errors(self._before, self._after)
        if not reported or len(kept) <= MOST_READINGS:
            return errors
        return {"readings_mean_s": round((kept[-1][0] - kept[0][0]) / MOST_READINGS, 4), **errors}

    def _complete(self) -> tuple[list[str], list[tuple[float, Reading]]]:
        """Returns the series that most readings have, and the readings that have all of those."""
        readings = self._readings
        reported = [
            name for name in SERIES
            if 2 * sum(getattr(one, name) is not None for _, one in readings) > len(readings)
        ]  # fmt: skip
        complete = [
            (at, one)
            for at, one in readings
            if all(getattr(one, name) is not None for name in reported)
        ]
        return reported, complete

    def _throttle(self) -> tuple[str, ...] | None:
        """Returns all throttle reasons seen, None if no reading reported any, not even none."""
        seen = [reading.throttle for _, reading in self._readings if reading.throttle is not None]
        return (
            tuple(sorted({str(reason) for reasons in seen for reason in reasons})) if seen else None
        )


def _parts(times: tuple[float, ...]) -> Iterator[slice]:
    """Yields each reading on its own, or the non-empty ones of ``MOST_READINGS`` equal parts."""
    if len(times) <= MOST_READINGS:
        yield from (slice(place, place + 1) for place in range(len(times)))
        return
    step = (times[-1] - times[0]) / MOST_READINGS
    inner = (bisect_left(times, times[0] + part * step) for part in range(1, MOST_READINGS))
    yield from (slice(*cut) for cut in pairwise([0, *inner, len(times)]) if cut[0] < cut[1])


def _means(parts: list[list[tuple[float, Reading]]], name: str) -> tuple[float, ...]:
    return tuple(fmean(getattr(reading, name) for _, reading in part) for part in parts)


def _power_valid(times: tuple[float, ...]) -> bool:
    """Returns whether power was sampled densely enough to represent the load."""
    if len(times) < MIN_POWER_SAMPLES:
        return False
    longest = max(later - earlier for earlier, later in pairwise(times))
    return longest <= max(MAX_GAP_S, MAX_GAP_SHARE * (times[-1] - times[0]))


def _memory_errors(before: Health, after: Health) -> dict[str, float | str]:
    if before.ecc is None or after.ecc is None:
        return {}
    names = ("ecc_corrected", "ecc_uncorrected")
    pairs = zip(names, before.ecc, after.ecc, strict=True)
    return {name: float(max(0, now - then)) for name, then, now in pairs}


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _cpu_share(before: Health, after: Health) -> float | None:
    """Returns the process's CPU time over elapsed time times its threads."""
    if before.cpu_s is None or after.cpu_s is None or not after.threads:
        return None
    elapsed = after.at_s - before.at_s
    return (after.cpu_s - before.cpu_s) / (after.threads * elapsed) if elapsed > 0 else None


def _steal(before: Health, after: Health) -> float | None:
    """Returns the fraction of CPU time stolen by the hypervisor."""
    known = (before.steal_s, after.steal_s, before.busy_s, after.busy_s)
    if any(value is None for value in known):
        return None
    stolen = (after.steal_s or 0.0) - (before.steal_s or 0.0)
    busy = (after.busy_s or 0.0) - (before.busy_s or 0.0)
    return min(1.0, max(0.0, stolen / busy)) if busy > 0 else 0.0
