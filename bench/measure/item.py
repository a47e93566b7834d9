"""Measures one item of a suite on one device, from the check of its result to its conditions."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bench.devices.base import Device
from bench.kernels.base import Kernel, Point, UnsupportedError
from bench.kernels.registry import kernel as find_kernel
from bench.measure.conditions import Watch
from bench.measure.loop import Plan, measure
from bench.measure.search import search
from bench.records.model import Check, Measurement, Search

SOFTWARE_FACTOR = 20.0
PILOT_CALLS = 3
SEARCH_SHARE = {"gemm": 0.6}
OTHER_SEARCH_SHARE = 0.25
REFERENCE = "fp32"
SLOW_BY_DESIGN = ("fp64", "fp32")
"""Formats that vendors cut by design; a slow pilot says nothing of how they are done."""


@dataclass(frozen=True)
class Item:
    """What is to be measured.

    Attributes:
        kernel: name of the kernel.
        dtype: element type.
        data: how inputs are drawn.
        fixed: parameters that are not searched for.
        forced: whether to measure even what the device lacks.
    """

    kernel: str
    dtype: str
    data: str = "normal"
    fixed: dict[str, int | str] = field(default_factory=dict)
    forced: bool = False

    @property
    def label(self) -> str:
        """Returns the item in two words."""
        return f"{self.kernel} {self.fixed.get('stream', self.dtype)}"


class GiveUpError(Exception):
    """The item cannot be measured; the text is the reason.

    Attributes:
        failed: whether that is a failure (a wrong result), not a missing feature.
    """

    def __init__(self, reason: str, *, failed: bool = False, check: Check | None = None) -> None:
        super().__init__(reason)
        self.failed = failed
        self.check = check


def measure_item(
    device: Device, item: Item, plan: Plan, progress: Callable[[float], None] = lambda _: None
) -> Measurement:
    """Returns the measurement of ``item``; what cannot be measured comes back with its reason.

    Args:
        device: where.
        item: what.
        plan: budget of search, warm-up and sampling together, and wanted precision.
        progress: told the share of the budget that is spent.
    """
    kernel = find_kernel(item.kernel)
    start = device.now()
    pilot = _pilot(kernel, item)
    try:
        check = _checked(device, kernel, pilot, item)
        point, found = _find(device, kernel, pilot, plan, progress)
        done = _measured(device, kernel, point, _rest(device, plan, start), progress)
    except UnsupportedError as error:
        done = _empty(kernel, pilot, "skipped", str(error))
    except GiveUpError as error:
        done = _empty(kernel, pilot, "failed" if error.failed else "skipped", str(error))
        done = done.model_copy(update={"check": error.check})
    except Exception as error:  # noqa: BLE001 -- one measurement that fails must not cost the run
        done = _empty(kernel, pilot, "failed", _words(error))
    else:
        done = done.model_copy(update={"check": check, "search": found})
    return done.model_copy(update={"took_s": device.now() - start})


def _pilot(kernel: Kernel, item: Item) -> Point:
    pilot = kernel.pilot(item.dtype, item.data)
    return replace(pilot, parameters={**pilot.parameters, **item.fixed})


def _checked(device: Device, kernel: Kernel, pilot: Point, item: Item) -> Check:
    """Returns the passed check of a format that the device has in hardware."""
    lacking = None if item.forced else device.lacks(item.dtype)
    if lacking:
        raise GiveUpError(lacking)
    check = device.check(kernel, pilot)
    if not check.passed:
        told = f"relative error {check.error:.2g}, tolerated {check.tolerance:.2g}"
        raise GiveUpError(f"the result is wrong: {told}", failed=True, check=check)
    if not item.forced:
        _refuse_software(device, kernel, pilot)
    return check


def _refuse_software(device: Device, kernel: Kernel, pilot: Point) -> None:
    """Raises where the pilot runs so much slower than in fp32 that no hardware can be behind it."""
    if kernel.name != "gemm" or pilot.dtype in SLOW_BY_DESIGN:
        return
    small = replace(pilot, parameters={**pilot.parameters, "m": 128, "n": 128, "k": 128})
    own = _call_s(device, kernel, small)
    reference = _call_s(device, kernel, replace(small, dtype=REFERENCE))
    if own > SOFTWARE_FACTOR * reference:
        raise GiveUpError(
            f"done in software here: the pilot took {own / reference:.0f} times as long as in fp32"
        )


def _call_s(device: Device, kernel: Kernel, point: Point) -> float:
    prepared = device.prepare(kernel, point)
    device.time(prepared, 1)
    return max(1e-9, min(device.time(prepared, 1).seconds for _ in range(PILOT_CALLS)))


def _find(
    device: Device,
    kernel: Kernel,
    pilot: Point,
    plan: Plan,
    progress: Callable[[float], None],
) -> tuple[Point, Search | None]:
    """Returns the configuration to measure: the fixed one, or the winner of a search."""
    if kernel.name == "gemm" and pilot.size("m") > 64:
        return pilot, None
    space = kernel.space(pilot, device.limits())
    if not space:
        raise GiveUpError("the device's free memory holds no configuration of this kernel")
    if len(space) == 1:
        return space[0], None
    share = SEARCH_SHARE.get(kernel.name, OTHER_SEARCH_SHARE)
    return search(
        device, kernel, space, share * plan.budget_s, lambda done: progress(share * done)
    )


def _rest(device: Device, plan: Plan, start_s: float) -> Plan:
    """Returns what is left of the budget, at least a tenth of it."""
    left = plan.budget_s - (device.now() - start_s)
    return replace(plan, budget_s=max(left, 0.1 * plan.budget_s))


def _measured(
    device: Device,
    kernel: Kernel,
    point: Point,
    plan: Plan,
    progress: Callable[[float], None],
) -> Measurement:
    prepared = device.prepare(kernel, point)
    with Watch(device) as watch:
        timing = measure(device, prepared, plan, progress)
    return _empty(kernel, point, "ok", None).model_copy(
        update={
            "work": kernel.work(point),
            "timing": timing,
            "spot_check": prepared.spot_check(),
            "conditions": watch.conditions(),
        }
    )


def _empty(kernel: Kernel, point: Point, status: str, reason: str | None) -> Measurement:
    return Measurement.model_validate(
        {
            "kernel": point.kernel,
            "dtype": point.dtype,
            "data": point.data,
            "figures": kernel.figures(point),
            "status": status,
            "reason": reason,
            "parameters": dict(point.parameters),
        }
    )


def _words(error: Exception) -> str:
    """Returns an error in one line, without a path."""
    first = str(error).strip().splitlines()[:1]
    text = first[0][:200] if first else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
