"""Measures one item of a suite on one device, from the check of its result to its conditions."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bench.devices.base import Device, Prepared
from bench.kernels.common.base import Kernel, Point, UnsupportedError
from bench.kernels.registry import kernel as find_kernel
from bench.measure.conditions import Watch
from bench.measure.loop import Plan, measure
from bench.measure.refusals import WrongResultError, checked, refuse_format, refuse_length
from bench.measure.search import LEADERS, search
from bench.records.model import Measurement

SUSTAINED_SAMPLE_S = 0.1
"""A minute of samples that short is a series of 600."""

PATH = re.compile(r"(?<!\w)(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\":,;()]+){2,}")


@dataclass(frozen=True)
class Item:
    """What is to be measured.

    Attributes:
        kernel: name of the kernel.
        dtype: element type.
        data: how inputs are drawn.
        variant: which of the kernel's forms, empty for its first.
        fixed: parameters that are not searched for.
        forced: whether to measure even what the device lacks.
        proven: whether a call of this configuration is known not to take too long.
    """

    kernel: str
    dtype: str
    data: str = "normal"
    variant: str = ""
    fixed: dict[str, int | str] = field(default_factory=dict)
    forced: bool = False
    proven: bool = False

    @property
    def label(self) -> str:
        """Returns the item in a few words, the dtype only where there are several."""
        dtypes = find_kernel(self.kernel).dtypes
        words = (self.kernel, self.dtype if len(dtypes) > 1 else "", self.variant)
        return " ".join(word for word in words if word)


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
        refuse_format(device, kernel, pilot, forced=item.forced)
        space = _space(device, kernel, pilot, item, plan)
        done = _best(device, kernel, space, plan, progress)
    except UnsupportedError as error:
        done = _empty(kernel, pilot, "skipped", _pathless(str(error)))
    except WrongResultError as error:
        done = _empty(kernel, pilot, "failed", str(error)).model_copy(update={"check": error.check})
    except Exception as error:  # noqa: BLE001 -- one measurement that fails must not cost the run
        done = _empty(kernel, pilot, "failed", _words(error))
    return done.model_copy(update={"took_s": device.now() - start})


def _pilot(kernel: Kernel, item: Item) -> Point:
    pilot = kernel.pilot(item.dtype, item.data, item.variant)
    return replace(pilot, parameters={**pilot.parameters, **item.fixed})


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
    asked = device.now()
    prepared = _first(device, kernel, space)
    start, found, point = device.now(), None, space[0]
    if prepared is None or len(space) > 1:
        prepared = None  # its buffers make room for those of the search
        share = kernel.searches
        until = _part(progress, 0.0, share)
        point, found = search(device, kernel, space, share * plan.budget_s, until)
        prepared = device.prepare(kernel, point)
    check = checked(device, kernel, point)
    left = max(plan.budget_s - (device.now() - start), 0.1 * plan.budget_s)
    rest = _part(progress, 1 - left / plan.budget_s, left / plan.budget_s)
    prepared.spoil()
    with Watch(device) as watch:
        timing = measure(device, prepared, _sampling(kernel, plan, left), rest)
    return _empty(kernel, point, "ok", None).model_copy(
        update={
            "work": kernel.work(point),
            "check": check,
            "timing": timing,
            "spot_check": prepared.spot_check(),
            "observed": prepared.observed(),
            "search": found,
            "conditions": watch.conditions(),
            "setup_s": start - asked,
        }
    )


def _first(device: Device, kernel: Kernel, space: list[Point]) -> Prepared | None:
    """Allocates the first configuration's buffers; None where it is one of few and does not run.

    Which of several ways run here is for the search to find out.
    """
    try:
        return device.prepare(kernel, space[0])
    except (UnsupportedError, MemoryError, RuntimeError):
        if not 1 < len(space) <= LEADERS:
            raise
    return None


def _part(progress: Callable[[float], None], start: float, share: float) -> Callable[[float], None]:
    """Returns the progress of a part that begins at ``start`` and is ``share`` of the whole."""
    return lambda done: progress(start + share * done)


def _sampling(kernel: Kernel, plan: Plan, left_s: float) -> Plan:
    """Returns the plan of the sampling: what is to be sustained is sampled to its end."""
    if not kernel.sustains:
        return replace(plan, budget_s=left_s)
    return replace(plan, budget_s=left_s, least_s=left_s, sample_s=SUSTAINED_SAMPLE_S)


def _space(device: Device, kernel: Kernel, pilot: Point, item: Item, plan: Plan) -> list[Point]:
    """Returns the configurations to choose from; where every size is given, the ways to do it."""
    if kernel.sizes and set(kernel.sizes) <= set(item.fixed):
        if not item.proven:
            refuse_length(device, kernel, pilot, plan.budget_s)
        return kernel.ways(pilot, device.limits())
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
            "label": kernel.label(point),
            "group": kernel.group,
            "quantity": kernel.quantity(point),
            "decides": kernel.decides,
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
