"""Measures one item of a suite on one device: check, search, timing, conditions."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bench.devices.base import Device, Prepared
from bench.kernels.common.base import Kernel, Point, UnsupportedError
from bench.kernels.registry import kernel as find_kernel
from bench.measure.conditions import Watch
from bench.measure.loop import Plan, measure
from bench.measure.refusals import (
    WrongResultError,
    checked,
    refuse_format,
    refuse_length,
    refuse_memory,
)
from bench.measure.search import LEADERS, search
from bench.records.model import Check, Measurement

SUSTAINED_SAMPLE_S, SUSTAINED_SAMPLES = 0.1, 1500
"""Least duration of one sample of a sustained load, and about how many it has at most.

A minute is a series of 600, ten minutes one of 1500 longer samples: fewer than the loop's
``max_samples``, so that the load lasts for its time even if it speeds up by a quarter.
"""

UNCHECKED = Check(passed=False, error=1.0, tolerance=0.0, shape="-")
"""The spot check of timed calls of which the result could not be checked."""

PATH = re.compile(r"(?<!\w)(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\":,;()]+){2,}")


@dataclass(frozen=True)
class Item:
    """One thing to measure.

    Attributes:
        kernel: name of the kernel.
        dtype: element type.
        data: input pattern.
        variant: the kernel's variant, empty for its first.
        fixed: parameters that are given, not searched for.
        forced: whether to try a dtype that the device reports as unsupported.
        proven: whether ``fixed`` is a whole configuration that was measured before: it is not
            searched again, nor refused as too long.
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
        """Returns kernel, dtype (if the kernel has several) and variant in words."""
        dtypes = find_kernel(self.kernel).dtypes
        words = (self.kernel, self.dtype if len(dtypes) > 1 else "", self.variant)
        return " ".join(word for word in words if word)


def is_of(measurement: Measurement, item: Item) -> bool:
    """Returns whether a measurement is of an item.

    Variants are compared by label, which may say more than the variant: the label must not be
    that of another variant.
    """
    kernel = find_kernel(item.kernel)

    def label(variant: str) -> str:
        return kernel.label(kernel.pilot(item.dtype, item.data, variant))

    others = {label(other) for other in kernel.variants(item.dtype)} - {label(item.variant)}
    measured = (measurement.kernel, measurement.dtype, measurement.data)
    return measured == (item.kernel, item.dtype, item.data) and measurement.label not in others


def measure_item(
    device: Device, item: Item, plan: Plan, progress: Callable[[float], None] = lambda _: None
) -> Measurement:
    """Measures ``item``; what cannot be measured is returned as skipped or failed, with a reason.

    Args:
        device: where to measure.
        item: what to measure.
        plan: budget of search, warm-up and sampling together, and target precision.
        progress: called with the fraction of the budget spent.
    """
    kernel = find_kernel(item.kernel)
    start = device.now()
    pilot = _pilot(kernel, item)
    try:
        refuse_format(device, kernel, pilot, forced=item.forced)
        space = _space(device, kernel, pilot, item, plan)
        result = _best(device, kernel, space, plan, progress)
    except UnsupportedError as error:
        result = _empty(kernel, pilot, "skipped", _pathless(str(error)))
    except WrongResultError as error:
        failed = _empty(kernel, pilot, "failed", str(error))
        result = failed.model_copy(update={"check": error.check})
    except Exception as error:  # noqa: BLE001 -- one measurement that fails must not cost the run
        result = _empty(kernel, pilot, "failed", _one_line(error))
    return result.model_copy(update={"took_s": device.now() - start})


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
    """Finds the fastest configuration and measures it anew, independently of the search.

    The budget starts once the first buffers are allocated.
    """
    began = device.now()
    prepared = _first(device, kernel, space)
    start, searched, point = device.now(), None, space[0]
    if prepared is None or len(space) > 1:
        prepared = None  # frees its buffers for the search
        share = kernel.searches
        search_progress = _part(progress, 0.0, share)
        point, searched = search(device, kernel, space, share * plan.budget_s, search_progress)
        prepared = device.prepare(kernel, point)
    check = checked(device, kernel, point)
    left_s = max(plan.budget_s - (device.now() - start), 0.1 * plan.budget_s)
    timing_progress = _part(progress, 1 - left_s / plan.budget_s, left_s / plan.budget_s)
    timed = _timed(device, prepared, _sampling(kernel, plan, left_s), timing_progress)
    found = {"work": kernel.work(point), "check": check, "search": searched}
    update = {**found, "setup_s": start - began, **timed}
    return _empty(kernel, point, "ok", None).model_copy(update=update)


def _timed(
    device: Device, prepared: Prepared, plan: Plan, progress: Callable[[float], None]
) -> dict[str, object]:
    """Returns timing, conditions, spot check and what was observed, by name.

    An error after the timing is returned as the ``reason``; it fails a spot check not yet made.
    """
    found: dict[str, object] = {}
    prepared.spoil()
    try:
        with Watch(device) as watch:
            found["timing"] = measure(device, prepared, plan, progress)
        found["conditions"] = watch.conditions()
        found["spot_check"] = prepared.spot_check()
        found["observed"] = {**prepared.observed(), **watch.observed()}
    except Exception as error:
        if "timing" not in found:
            raise
        found["reason"] = f"an error once timed: {_one_line(error)}"
        found.setdefault("spot_check", UNCHECKED)
    return found


def _first(device: Device, kernel: Kernel, space: list[Point]) -> Prepared | None:
    """Allocates the first configuration's buffers.

    None where it does not run but is one of a few ways: the search finds out which of them do.
    """
    try:
        return device.prepare(kernel, space[0])
    except (UnsupportedError, MemoryError, RuntimeError):
        if not 1 < len(space) <= LEADERS:
            raise
    return None


def _part(progress: Callable[[float], None], start: float, share: float) -> Callable[[float], None]:
    """Maps a part's progress 0..1 to ``start``..``start + share`` of the whole."""
    return lambda done: progress(start + share * done)


def _sampling(kernel: Kernel, plan: Plan, left_s: float) -> Plan:
    """Returns the plan for what is left of the budget; a sustained load is sampled to its end."""
    if not kernel.sustains:
        return replace(plan, budget_s=left_s)
    sample_s = max(SUSTAINED_SAMPLE_S, left_s / SUSTAINED_SAMPLES)
    return replace(plan, budget_s=left_s, least_s=left_s, sample_s=sample_s)


def _space(device: Device, kernel: Kernel, pilot: Point, item: Item, plan: Plan) -> list[Point]:
    """Returns the configurations to search; where all sizes are given, the ways to run them."""
    if item.proven:
        return [pilot]
    if kernel.sizes and set(kernel.sizes) <= set(item.fixed):
        refuse_memory(device, kernel, pilot)
        ways = kernel.ways(pilot, device.limits())
        refuse_length(device, kernel, pilot, plan.budget_s)
        return ways
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


def _one_line(error: Exception) -> str:
    """Returns an error's type and the first line of its message, without paths."""
    first = str(error).strip().splitlines()[:1]
    text = _pathless(first[0])[:200] if first else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _pathless(text: str) -> str:
    """Replaces paths in ``text``: a record must not name persons or folders."""
    return PATH.sub("<path>", text)
