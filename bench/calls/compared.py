"""Compares a timed call with the published figure of the chip that it ran on."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Unpack

from bench.calls.call import (
    Given,
    WorkArguments,
    figures,
    measurement,
    opened,
    timed,
    unpublished_bandwidth,
)
from bench.calls.result import Result, result_of
from bench.calls.where import device_of
from bench.chips.load import catalogue
from bench.chips.match import choose, identify
from bench.devices.base import Device
from bench.devices.machine import machine
from bench.errors import UsageError
from bench.judging.verdict import weigh
from bench.records.machine import Machine
from bench.records.model import Conditions, DeviceInfo, Identity, Measurement, Timing


@dataclass(frozen=True)
class MeasuredDevice:
    """A device that calls were measured on, with its machine and the chip it was identified as."""

    machine: Machine
    device: DeviceInfo
    identity: Identity


@cache
def device_at(word: str) -> Device:
    """Returns the device of a word such as ``cuda:1``, opened once per process."""
    return opened(word)


def described(word: str, chip: str | None) -> MeasuredDevice:
    """Returns a device's description, with the chip that was named or that it is identified as."""
    info, sheets = device_at(word).info(), catalogue()
    identity = choose(chip, info, sheets) if chip else identify(info, sheets)
    return MeasuredDevice(machine(info.backend), info, identity)


def compared(
    name: str, given: Given, seen: tuple[Timing, Conditions], measured_on: MeasuredDevice
) -> tuple[Measurement, Result]:
    """Returns the measurement of a timed call, and its comparison with the figure that binds."""
    sheets, info = catalogue(), measured_on.device
    chip = sheets.chips.get(measured_on.identity.chip or "")
    taken = measurement(name, given, seen, figures(given, info, chip, sheets))
    doubt = unpublished_bandwidth(given, info, chip, sheets)
    row = weigh(taken, info, chip, sheets)
    return taken, result_of(name, row, info.name, chip.id if chip else None, doubt)


def benchmark(  # noqa: PLR0913 -- options of one measurement
    call: Callable[[], object],
    *,
    device: str | None = None,
    chip: str | None = None,
    seconds: float = 1.0,
    name: str = "call",
    flush: bool = False,
    **work: Unpack[WorkArguments],
) -> Result:
    """Times a call of your own, and compares its rate with the published figure of its chip.

    Args:
        call: takes no arguments, such as ``lambda: model(x)``.
        device: device word; default: that of the tensors that the call returns or holds.
        chip: the chip whose sheet it is compared with; default: the one that is recognised.
        seconds: time to measure in s.
        name: name of the row.
        flush: empty the caches before each call, outside its time.
        work: the work of one call (``flop``, ``bytes`` or ``items``, with ``dtype``), and
            ``figure``: see ``WorkArguments``.

    Returns:
        ``seconds``, ``rate`` and, of the figure ``published``, ``achieved``: see ``Result``.

    Raises:
        UsageError: invalid work, dtype, figure, device or chip, or no time.

    Example:
        >>> bench.benchmark(lambda: sum(range(1000)), items=1000, seconds=0.05).rate > 0
        True
    """
    if not 0 < seconds < math.inf:
        raise UsageError(f"onpaper: seconds={seconds:g} must be above 0")
    given = Given(**work, flush=flush).checked()
    value = call()  # warms up: errors of the call are its own, and its code is loaded
    word = device or device_of(call, value)
    measured_on = described(word, chip)
    seen = timed(device_at(word), call, seconds, flush=flush)
    return compared(name, given, seen, measured_on)[1]
