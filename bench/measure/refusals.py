"""Why an item is not measured: no such unit, a wrong result, software, or too long a call."""

import math
from dataclasses import replace

from bench.devices.base import Device
from bench.kernels.common.base import Kernel, Point, UnsupportedError
from bench.measure.loop import LEAST_SAMPLES
from bench.records.model import Check

SOFTWARE_FACTOR = 20.0
PILOT_CALLS = 3
PILOT_S = 1.0
REFERENCE_S = 0.03
REFERENCE = "fp32"
SLOW_BY_DESIGN = ("fp64", "fp32")
"""Formats that vendors cut by design; a slow pilot says nothing of how they are done."""

CALLS_BESIDES = 3
"""Calls that a measurement makes besides its samples: to size the batch, to warm up, to look."""


class WrongResultError(Exception):
    """The kernel computes something else than it should; ``check`` says by how much."""

    def __init__(self, check: Check) -> None:
        self.check = check
        super().__init__(
            f"the result is wrong: relative error {check.error:.2g}, "
            f"tolerated {check.tolerance:.2g}"
        )


def refuse_format(device: Device, kernel: Kernel, pilot: Point, *, forced: bool) -> None:
    """Raises for a format that the device lacks, computes wrongly, or does in software.

    Raises:
        UnsupportedError: lacking or in software; not asked where it is forced.
        WrongResultError: the check failed.
    """
    lacking = None if forced else device.lacks(pilot.dtype)
    if lacking:
        raise UnsupportedError(lacking)
    checked(device, kernel, pilot)
    if not forced:
        _refuse_software(device, kernel, pilot)


def checked(device: Device, kernel: Kernel, point: Point) -> Check:
    """Returns the passed check of a configuration, or raises ``WrongResultError``."""
    check = device.check(kernel, point)
    if not check.passed:
        raise WrongResultError(check)
    return check


def refuse_length(device: Device, kernel: Kernel, point: Point, budget_s: float) -> None:
    """Raises for a configuration of which the budget holds too few calls for an interval.

    A smaller one is timed, and the time predicted by its rate: nothing may hang a run. A fast
    device does a small one at a worse rate, so where the budget holds a call as predicted, that is
    timed.
    """
    smaller = kernel.smaller(point)
    if smaller == point:
        return
    rate = kernel.work(smaller).flop / _fastest_s(device, kernel, smaller, REFERENCE_S)
    call_s = kernel.work(point).flop / rate
    calls = LEAST_SAMPLES + CALLS_BESIDES
    if call_s <= budget_s < calls * call_s:
        call_s = _fastest_s(device, kernel, point, REFERENCE_S)
    if calls * call_s > budget_s:
        raise UnsupportedError(
            f"a call would take about {call_s:.2g} s, too long for a budget of {budget_s:.2g} s: "
            f"give seconds={math.ceil(1.2 * calls * call_s)}"
        )


def _refuse_software(device: Device, kernel: Kernel, pilot: Point) -> None:
    """Raises where the pilot runs so much slower than in fp32 that no hardware can be behind it."""
    if kernel.name != "gemm" or pilot.dtype in SLOW_BY_DESIGN:
        return
    small = replace(pilot, parameters={**pilot.parameters, "m": 128, "n": 128, "k": 128})
    reference = _fastest_s(device, kernel, replace(small, dtype=REFERENCE), REFERENCE_S)
    patience = max(PILOT_S, 3 * SOFTWARE_FACTOR * reference)
    own = _fastest_s(device, kernel, small, patience, enough=SOFTWARE_FACTOR * reference)
    if own > SOFTWARE_FACTOR * reference:
        raise UnsupportedError(
            f"done in software here: the pilot took {own / reference:.0f} times as long as in fp32"
        )


def _fastest_s(
    device: Device, kernel: Kernel, point: Point, patience_s: float, enough: float = 0.0
) -> float:
    """Returns the fastest call within some patience: a neighbour can hold up any single one."""
    prepared = device.prepare(kernel, point)
    start, fastest, calls = device.now(), math.inf, 0
    while calls < PILOT_CALLS or (fastest > enough and device.now() - start < patience_s):
        fastest = min(fastest, max(device.time(prepared, 1).seconds, 1e-9))
        calls += 1
    return fastest
