"""Reasons not to measure an item: unsupported, wrong, emulated in software, or too slow."""

import math
from dataclasses import replace

from bench.devices.base import Device
from bench.kernels.common.base import Kernel, Point, UnsupportedError
from bench.kernels.common.llm import refuse_size
from bench.measure.loop import LEAST_SAMPLES
from bench.records.model import Check
from bench.shapes.measuring import DAY_S

SOFTWARE_FACTOR = 20.0
PILOT_CALLS = 3
PILOT_S = 1.0
REFERENCE_S = 0.03
PREDICTING_S = 0.002
"""A call of at least this long is not bound by its launch, so its rate predicts a larger one."""

REFERENCE = "fp32"
SLOW_BY_DESIGN = ("fp64", "fp32")
"""Formats whose rate vendors cut by design, so that a slow pilot does not mean emulation."""

HELD = ("gemm", "sparse")
"""Kernels whose footprint is held all at once; others' ``ways`` say what they need."""

CALLS_BESIDES = 3
"""Calls of a measurement besides its samples: preparation, batch sizing, warm-up."""


class WrongResultError(Exception):
    """The kernel's result is wrong; ``check`` holds the error."""

    def __init__(self, check: Check) -> None:
        self.check = check
        super().__init__(
            f"the result is wrong: relative error {check.error:.2g}, "
            f"tolerated {check.tolerance:.2g}"
        )


def refuse_format(device: Device, kernel: Kernel, pilot: Point, *, forced: bool) -> None:
    """Refuses a format that the device lacks, computes wrongly, or emulates in software.

    Raises:
        UnsupportedError: unsupported or emulated; not checked if ``forced``.
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


def refuse_memory(device: Device, kernel: Kernel, point: Point) -> None:
    """Raises ``UnsupportedError`` if the operands exceed the whole memory of the device."""
    held = device.info().memory_bytes
    if kernel.name in HELD and held:
        refuse_size(kernel.work(point).footprint_bytes, held)


def refuse_length(device: Device, kernel: Kernel, point: Point, budget_s: float) -> None:
    """Refuses a configuration of which too few calls for an interval fit into the budget.

    The call time is predicted from the rate of a smaller configuration, so that nothing hangs a
    run. One whose calls are short does not reach that rate: where it predicts too long a call,
    its sizes are doubled until its own calls take milliseconds. A call is timed if one is
    expected to fit into the budget.

    Raises:
        UnsupportedError: the message says which budget would be enough, if any is.
    """
    calls = LEAST_SAMPLES + CALLS_BESIDES
    small = kernel.smaller(point)
    if small == point:
        return
    took_s, call_s = _predicted_s(device, kernel, small, point)
    while calls * call_s > budget_s and took_s < PREDICTING_S and small != point:
        small = _doubled(small, point)
        took_s, call_s = _predicted_s(device, kernel, small, point)
    if call_s <= budget_s < calls * call_s:
        call_s = _fastest_s(device, kernel, point, REFERENCE_S)
    if calls * call_s > budget_s:
        needed = math.ceil(1.2 * calls * call_s)
        remedy = f"give seconds={needed}" if needed <= DAY_S else "it needs more than a day"
        raise UnsupportedError(
            f"a call would take about {call_s:.2g} s, too long for a budget of {budget_s:.2g} s: "
            f"{remedy}"
        )


def _predicted_s(device: Device, kernel: Kernel, small: Point, point: Point) -> tuple[float, float]:
    """Returns the time of a call of ``small``, and that of ``point`` at the same rate."""
    took_s = _fastest_s(device, kernel, small, REFERENCE_S)
    return took_s, took_s * kernel.work(point).flop / kernel.work(small).flop


def _doubled(small: Point, point: Point) -> Point:
    """Returns ``small`` with each size that is below that of ``point`` doubled, at most to it."""
    sizes = {
        name: min(2 * small.size(name), point.size(name))
        for name, value in small.parameters.items() if value != point.parameters[name]
    }  # fmt: skip
    return replace(small, parameters={**small.parameters, **sizes})


def _refuse_software(device: Device, kernel: Kernel, pilot: Point) -> None:
    """Raises if the pilot is so much slower than in fp32 that it must be emulated."""
    if kernel.name != "gemm" or pilot.dtype in SLOW_BY_DESIGN:
        return
    small = replace(pilot, parameters={**pilot.parameters, "m": 128, "n": 128, "k": 128})
    reference = _fastest_s(device, kernel, replace(small, dtype=REFERENCE), REFERENCE_S)
    patience = max(PILOT_S, 3 * SOFTWARE_FACTOR * reference)
    fastest = _fastest_s(device, kernel, small, patience, enough=SOFTWARE_FACTOR * reference)
    if fastest > SOFTWARE_FACTOR * reference:
        slower = f"{fastest / reference:.0f} times as long as in fp32"
        raise UnsupportedError(f"done in software here: the pilot took {slower}")


def _fastest_s(
    device: Device, kernel: Kernel, point: Point, patience_s: float, enough: float = 0.0
) -> float:
    """Returns the fastest call within ``patience_s``: a neighbour may slow down any single one."""
    prepared = device.prepare(kernel, point)
    start, fastest, calls = device.now(), math.inf, 0
    while calls < PILOT_CALLS or (fastest > enough and device.now() - start < patience_s):
        fastest = min(fastest, max(device.time(prepared, 1).seconds, 1e-9))
        calls += 1
    return fastest
