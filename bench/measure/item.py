"""Measures one item of a suite on one device, from the check of its result to its conditions."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bench.devices.base import Device
from bench.kernels.base import Kernel, Point, UnsupportedError
from bench.kernels.registry import kernel as find_kernel
from bench.measure.conditions import Watch
from bench.measure.loop import Plan, measure
from bench.measure.search import search
from bench.records.model import Check, Measurement

SOFTWARE_FACTOR = 20.0
PILOT_CALLS = 3
PILOT_S = 0.3
REFERENCE_S = 0.03
SEARCH_SHARE = {"gemm": 0.6}
OTHER_SEARCH_SHARE = 0.25
REFERENCE = "fp32"
SLOW_BY_DESIGN = ("fp64", "fp32")
"""Formats that vendors cut by design; a slow pilot says nothing of how they are done."""

PATH = re.compile(r"(?<!\w)(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\":,;()]+){2,}")


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


class WrongResultError(Exception):
    """The kernel computes something else than it should; ``check`` says by how much."""

    def __init__(self, check: Check) -> None:
        self.check = check
        super().__init__(
            f"the result is wrong: relative error {check.error:.2g}, "
            f"tolerated {check.tolerance:.2g}"
        )


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
        _refuse(device, kernel, pilot, item)
        space = _space(device, kernel, pilot, item)
        done = _best(device, kernel, space, plan, progress)
    except UnsupportedError as error:
        done = _empty(kernel, pilot, "skipped", _pathless(str(error)))
    except WrongResultError as error:
        done = _empty(kernel, pilot, "failed", str(error)).model_copy(update={"check": error.check})
    except Exception as error:  # noqa: BLE001 -- one measurement that fails must not cost the run
        done = _empty(kernel, pilot, "failed", _words(error))
    return done.model_copy(update={"took_s": device.now() - start})


def _pilot(kernel: Kernel, item: Item) -> Point:
    pilot = kernel.pilot(item.dtype, item.data)
    return replace(pilot, parameters={**pilot.parameters, **item.fixed})


def _refuse(device: Device, kernel: Kernel, pilot: Point, item: Item) -> None:
    """Raises for a format that the device lacks, computes wrongly, or does in software."""
    lacking = None if item.forced else device.lacks(item.dtype)
    if lacking:
        raise UnsupportedError(lacking)
    _check(device, kernel, pilot)
    if not item.forced:
        _refuse_software(device, kernel, pilot)


def _check(device: Device, kernel: Kernel, point: Point) -> Check:
    check = device.check(kernel, point)
    if not check.passed:
        raise WrongResultError(check)
    return check


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


def _best(
    device: Device,
    kernel: Kernel,
    space: list[Point],
    plan: Plan,
    progress: Callable[[float], None],
) -> Measurement:
    """Finds the fastest configuration and measures it again, independently of the search.

    The budget starts when the buffers are there.
    """
    prepared = device.prepare(kernel, space[0])
    start, found, point = device.now(), None, space[0]
    if len(space) > 1:
        del prepared  # its buffers make room for those of the search
        share = SEARCH_SHARE.get(kernel.name, OTHER_SEARCH_SHARE)
        point, found = search(
            device, kernel, space, share * plan.budget_s, lambda done: progress(share * done)
        )
        prepared = device.prepare(kernel, point)
    check = _check(device, kernel, point)
    left = max(plan.budget_s - (device.now() - start), 0.1 * plan.budget_s)
    with Watch(device) as watch:
        timing = measure(
            device,
            prepared,
            replace(plan, budget_s=left),
            lambda done: progress(1 + (done - 1) * left / plan.budget_s),
        )
    return _empty(kernel, point, "ok", None).model_copy(
        update={
            "work": kernel.work(point),
            "check": check,
            "timing": timing,
            "spot_check": prepared.spot_check(),
            "search": found,
            "conditions": watch.conditions(),
        }
    )


def _space(device: Device, kernel: Kernel, pilot: Point, item: Item) -> list[Point]:
    """Returns the configurations to choose from: one, where the item fixes every size."""
    sizes = {name for name, value in pilot.parameters.items() if isinstance(value, int)}
    if sizes <= set(item.fixed):
        return [pilot]
    space = kernel.space(pilot, device.limits())
    if not space:
        raise UnsupportedError("free memory holds no configuration of this kernel")
    return space


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
    text = _pathless(first[0])[:200] if first else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _pathless(text: str) -> str:
    """Returns ``text`` without paths: a record names no person and no folder."""
    return PATH.sub("<path>", text)
