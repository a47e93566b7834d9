"""Conformance tests of a backend, for vendors to run before they trust its figures.

A trial takes a device and returns None, or why it does not apply; it raises ``AssertionError``
with what is wrong. None asserts a speed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, cast

from bench.devices.base import Device, Health, Reading
from bench.devices.missing import Missing
from bench.devices.registry import open_device
from bench.kernels.common.base import (
    TORCH_DTYPES,
    Kernel,
    Limits,
    Point,
    UnsupportedError,
)
from bench.kernels.registry import kernel
from bench.records.model import Check, DeviceInfo

if TYPE_CHECKING:
    from bench.devices.base import Prepared

PRODUCT: dict[str, int | str] = {"m": 128, "n": 128, "k": 128, "layout": "nt"}
STREAM: dict[str, int | str] = {"stream": "add", "elements": 1 << 16, "way": "torch"}
HUGE_ELEMENTS = 1 << 46
"""Elements of an fp32 array of 256 TiB, more than any device's memory."""

LEAST_S, MOST_CALLS, TURNS, LONGER = 0.01, 1 << 20, 5, 4
"""``LONGER`` times the calls must take ``LONGER`` times as long, within a factor of 2."""

CLOCKS_AGREE = (0.5, 1.02)
"""Allowed ratio of device time to host time for a load: up to half may be launch overhead."""

FREED = 0.8
"""The fraction of the free memory that must be free again after a release."""
LONGEST_READING_S = 6.0
CLOCK_HZ, POWER_W, TEMPERATURE_C = (1e6, 2e10), (0.0, 2e4), (-40.0, 150.0)
SIMULATED = "fake"


@dataclass(frozen=True)
class TrialOutcome:
    """The outcome of one trial: ``passed``, ``failed`` or ``skipped``, and why."""

    name: str
    state: str
    words: str = ""


Trial = Callable[[Device], str | None]


def of_word(word: str) -> list[TrialOutcome]:
    """Opens a device and runs all trials; to be called in a process that may die.

    Raises:
        DeviceError: there is no such device.
    """
    return of_device(open_device(word))


def of_device(device: Device) -> list[TrialOutcome]:
    """Runs all trials on a device, whichever of them fail."""
    return [_outcome(name, trial, device) for name, trial in TRIALS.items()]


def _outcome(name: str, trial: Trial, device: Device) -> TrialOutcome:
    try:
        why_not = trial(device)
    except AssertionError as error:
        return TrialOutcome(name, "failed", str(error) or "an assertion without a message")
    except Exception as error:  # noqa: BLE001 -- any other error of the backend is a failed trial
        first = (str(error).strip().splitlines() or [""])[0][:200]
        return TrialOutcome(name, "failed", f"{type(error).__name__}: {first}")
    return TrialOutcome(name, "skipped" if why_not else "passed", why_not or "")


def _must(holds: object, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def _info(device: Device) -> None:
    """It describes itself, the same way twice, and the description survives JSON."""
    info, again = device.info(), device.info()
    _must(info.name.strip(), "it has no name")
    steady = ("backend", "uid", "index", "name", "units", "capability", "pci", "driver", "limits")
    for field in steady:
        first, second = getattr(info, field), getattr(again, field)
        _must(first == second, f"{field} is {first!r}, then {second!r}")
    _must(DeviceInfo.model_validate_json(info.model_dump_json()) == info, "it is not kept in JSON")
    _must(info.memory_bytes is None or info.memory_bytes > 0, "it has no memory")


def _limits(device: Device) -> None:
    """Its limits of memory and cache are positive, and within what it has."""
    limits, info = device.limits(), device.info()
    _must(isinstance(limits, Limits), f"limits() gives {type(limits).__name__}")
    _must(limits.memory_bytes > 0 and limits.cache_bytes > 0, "it leaves no memory or no cache")
    within = info.memory_bytes is None or limits.memory_bytes <= info.memory_bytes
    _must(within, f"{limits.memory_bytes:.3g} bytes may be used of {info.memory_bytes}")
    _must(limits.is_cpu == (info.backend == "cpu"), "is_cpu is wrong")


def _lacks(device: Device) -> None:
    """It has fp32, and gives a reason for each format that it lacks."""
    _must(device.lacks("fp32") is None, f"no fp32: {device.lacks('fp32')}")
    for dtype in TORCH_DTYPES:
        why = device.lacks(dtype)
        _must(why is None or why.strip(), f"{dtype} is lacking without a reason")


def _check(device: Device) -> None:
    """Matrix products are right in every format, or reported as unsupported with a reason."""
    _must(device.check(kernel("memory"), _point("memory", STREAM)).passed, "a stream is wrong")
    for dtype in TORCH_DTYPES:
        if device.lacks(dtype):
            continue
        try:
            check = device.check(kernel("gemm"), _point("gemm", PRODUCT, dtype))
        except UnsupportedError as error:
            _must(str(error).strip(), f"{dtype} is unsupported without a reason")
            continue
        _must(check.passed, f"{dtype}: error {check.error:.2g}, tolerated {check.tolerance:.2g}")


def _prepare(device: Device) -> None:
    """A prepared configuration can be run repeatedly."""
    prepared = device.prepare(kernel("memory"), _point("memory", STREAM))
    for _ in range(3):
        elapsed = device.time(prepared, 2)
        _must(elapsed.seconds > 0, f"two calls took {elapsed.seconds} s")


def _time(device: Device) -> None:
    """The clock advances, and four times as many calls take about four times as long."""
    before = device.now()
    times = [_times_as_long(device)]
    while not LONGER / 2 <= times[-1] <= LONGER * 2:
        _must(len(times) < TURNS, f"{LONGER} times the calls took {times[-1]:.2f} times as long")
        times.append(_times_as_long(device))  # a neighbour's load may have spoilt a turn
    _must(device.now() > before, "its clock does not advance")


def _times_as_long(device: Device) -> float:
    """Returns how many times as long ``LONGER`` times as many calls take."""
    prepared, calls = _load(device)
    turns = [
        [device.time(prepared, count).seconds for count in (calls, LONGER * calls)]
        for _ in range(TURNS)
    ]
    short, long = (min(taken) for taken in zip(*turns, strict=True))
    return float(long / short)


def _clocks(device: Device) -> None:
    """The device's timer agrees with the host's clock."""
    prepared, calls = _load(device)
    shares = []
    for _ in range(TURNS):
        elapsed = device.time(prepared, LONGER * calls)
        shares.append(elapsed.seconds / elapsed.wall_seconds)
    least, most = CLOCKS_AGREE
    found = f"the device's time is {median(shares):.2f} of the host's"
    _must(least <= median(shares) <= most, f"{found}: {least} to {most} is possible")


def _spoil(device: Device) -> str | None:
    """The spot check passes after a call, and fails once the result is overwritten."""
    prepared = device.prepare(kernel("gemm"), _point("gemm", PRODUCT))
    device.time(prepared, 1)
    check = prepared.spot_check()
    _must(isinstance(check, Check) and check.passed, "the result of a timed call is wrong")
    if device.info().backend == SIMULATED:
        return "nothing is computed on a simulated device"
    prepared.spoil()
    check = prepared.spot_check()
    _must(check is not None and not check.passed, "a result that was overwritten passes as right")
    return None


def _reading(device: Device) -> None:
    """Clock, power and temperature are plausible or unknown, and read quickly enough."""
    start = device.now()
    reading = device.reading()
    _must(device.now() - start < LONGEST_READING_S, "a reading takes too long")
    _must(isinstance(reading, Reading), f"reading() gives {type(reading).__name__}")
    ranges = {"clock_hz": CLOCK_HZ, "power_w": POWER_W, "temperature_c": TEMPERATURE_C}
    for name, (least, most) in ranges.items():
        value = getattr(reading, name)
        _must(value is None or least <= value <= most, f"{name} is {value}")


def _health(device: Device) -> None:
    """The host's counters are available and monotonic."""
    before, after = device.health(), device.health()
    _must(isinstance(before, Health), f"health() gives {type(before).__name__}")
    for name in ("steal_s", "busy_s", "involuntary_switches", "cpu_s"):
        early, late = getattr(before, name), getattr(after, name)
        _must(early is None or late is None or late >= early, f"{name} went from {early} to {late}")


def _release(device: Device) -> str | None:
    """Released memory is free again."""
    if device.limits().is_cpu:
        return "host memory is shared with other processes"
    device.release()
    free = device.limits().memory_bytes
    elements = 1 << 22
    prepared: Prepared | None = device.prepare(
        kernel("memory"), _point("memory", {**STREAM, "elements": elements})
    )
    if prepared is not None:
        device.time(prepared, 1)
    prepared = None  # drops its buffers
    device.release()
    after = device.limits().memory_bytes
    _must(after >= FREED * free, f"{after:.3g} of {free:.3g} bytes are free again")
    return None


def _no_room(device: Device) -> None:
    """Running out of memory is a ``MemoryError`` from which the device recovers."""
    huge = _point("memory", {**STREAM, "elements": HUGE_ELEMENTS})
    try:
        device.prepare(kernel("memory"), huge)
    except MemoryError:
        device.release()
        _prepare(device)
        return
    raise AssertionError("an array of 256 TiB was allocated")


def _unsupported(device: Device) -> None:
    """A missing operation is an ``UnsupportedError`` with a reason."""
    try:
        device.prepare(cast("Kernel", Missing()), Point("missing", "none"))
    except UnsupportedError as error:
        _must(str(error).strip(), "no reason is given")
        return
    raise AssertionError("a kernel that does not run was prepared")


def _point(name: str, parameters: dict[str, int | str], dtype: str = "fp32") -> Point:
    return Point(name, dtype, parameters=dict(parameters))


def _load(device: Device) -> "tuple[Prepared, int]":
    """Returns a product, and how many calls of it take at least ``LEAST_S``."""
    gemm: Kernel = kernel("gemm")
    prepared, calls = device.prepare(gemm, _point("gemm", {**PRODUCT, "m": 512, "n": 512})), 1
    while calls < MOST_CALLS:
        if min(device.time(prepared, calls).wall_seconds for _ in range(3)) >= LEAST_S:
            break
        calls *= 2
    return prepared, calls


TRIALS: dict[str, Trial] = {
    "info": _info,
    "limits": _limits,
    "lacks": _lacks,
    "check": _check,
    "prepare": _prepare,
    "time": _time,
    "clocks": _clocks,
    "spoil": _spoil,
    "reading": _reading,
    "health": _health,
    "release": _release,
    "no room": _no_room,
    "unsupported": _unsupported,
}
"""The trials by name, in order."""
