"""Measures a test's call: its device, its time, and the figure that it is compared with."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, TypedDict, cast

from bench.calls.flush import Flushed, wall_ratio
from bench.chips.figures import FIGURES, dtype_named
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper, paper
from bench.devices.api import Api, current
from bench.devices.base import Device, DeviceError, DeviceLostError
from bench.devices.registry import open_device
from bench.devices.torchdevice import PreparedTask
from bench.errors import UsageError, did_you_mean
from bench.judging.plausible import FLUSHED
from bench.kernels.common.base import Task
from bench.measure.conditions import Watch
from bench.measure.loop import SAMPLE_S, Plan, measure
from bench.measure.stats import describe, half_width
from bench.records.model import Conditions, DeviceInfo, Measurement, Quantity, Stopped, Timing, Work
from bench.units import Dimension

KERNEL = "pytest"
"""The kernel of every measurement of a test's call."""
DATA = "given"
"""The kind of inputs in the record: those of the test."""
PRECISION = 0.01
"""Relative half-width of the 95% interval at which timing stops early."""
UNITS = ("matrix_", "vector_")
DTYPES = tuple(key.partition("_")[2] for key in FIGURES if key.startswith(UNITS))
RATES = tuple(
    key for key, kind in FIGURES.items() if kind.is_rate or kind.dimension is Dimension.BYTE_RATE
)
"""The figures that a kernel may be compared with."""


class WorkArguments(TypedDict, total=False):
    """The keyword arguments by which a test describes the work of one call.

    Attributes:
        flop, bytes: operations, and bytes that the call has to move.
        items: other work of the call, such as tokens, if neither is given.
        dtype: data type of the inputs: ``bf16``, ``fp16``, ``fp8`` ... or torch's, such as
            ``x.dtype`` or ``float32``.
        figure: the figure to compare with; default: peak or bandwidth, whichever binds on paper.
    """

    flop: float
    bytes: float
    items: float
    dtype: Any
    figure: str | None


@dataclass(frozen=True)
class Given:
    """The ``WorkArguments`` of a call, with defaults filled in.

    ``flush`` says that caches are emptied before each call, outside its time.
    """

    flop: float = 0.0
    bytes: float = 0.0
    items: float = 1.0
    dtype: str = ""
    figure: str | None = None
    flush: bool = False

    def checked(self) -> "Given":
        """Checks the arguments and returns them, with our name of the data type.

        Raises:
            UsageError: negative work, an unknown dtype or figure, or work of another kind than the
                figure's.
        """
        for name in ("flop", "bytes", "items"):
            value = getattr(self, name)
            if not 0 <= value < math.inf or (name == "items" and not value):
                raise UsageError(f"onpaper: {name}={value:g} is no work of a call")
        dtype = str(self.dtype or "")
        known = dtype if dtype in DTYPES else dtype_named(dtype)
        if dtype and known not in DTYPES:
            raise UsageError(f"onpaper: no dtype {dtype!r}: {did_you_mean(dtype, DTYPES)}")
        if self.figure is not None:
            self._check(self.figure)
        elif self.flop and not self.dtype:
            raise UsageError("onpaper: flop= needs dtype=, such as dtype='bf16'")
        return replace(self, dtype=known or "")

    def _check(self, figure: str) -> None:
        """Refuses an unknown figure, or one that needs work which was not given."""
        if figure not in RATES:
            raise UsageError(f"onpaper: no rate {figure!r}: {did_you_mean(figure, RATES)}")
        needed = "flop" if FIGURES[figure].is_rate else "bytes"
        if not getattr(self, needed):
            raise UsageError(f"onpaper: figure={figure!r} needs {needed}= of one call")


@contextmanager
def _own_settings(word: str) -> Iterator[None]:
    """Restores torch's number of threads and current device; opening a device sets them.

    The current device is not asked for where the CPU is opened, as that would start CUDA.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    kind = "" if word.partition(":")[0] == "cpu" else current()
    try:
        with Api(kind).selected() if kind else nullcontext():
            yield
    finally:
        torch.set_num_threads(threads)


def opened(word: str) -> Device:
    """Returns the device that a word such as ``cuda:1`` names; the current one stays current.

    Raises:
        UsageError: the device does not exist, or is the fake one, which runs no call.
    """
    if word.partition(":")[0] == "fake":
        raise UsageError("onpaper: the fake device runs no call: take cpu, or an accelerator")
    try:
        with _own_settings(word):
            return open_device(word)
    except DeviceError as error:
        raise UsageError(f"onpaper: {error}") from None


def timed(
    device: Device, call: Callable[[], object], seconds: float, *, flush: bool = False
) -> tuple[Timing, Conditions]:
    """Times a call with the loop that also times the built-in kernels.

    Args:
        device: runs the call.
        call: takes no arguments.
        seconds: time to measure in s.
        flush: empty the caches before each call, outside its time.

    Raises:
        RuntimeError: the device failed.
        UsageError: caches cannot be emptied so, as the message says.
    """
    prepared = PreparedTask(Task([call]))
    timer = cast("Device", Flushed(device)) if flush else device
    plan = Plan(seconds, PRECISION, sample_s=0.0 if flush else SAMPLE_S)  # as short as can be timed
    try:
        with Watch(device) as watch:
            timing = measure(timer, prepared, plan)
            if flush:
                ratio = wall_ratio(device, prepared)
                timing = timing.model_copy(update={"wall_ratio": ratio})
    except DeviceLostError as error:
        raise RuntimeError(str(error)) from None
    return timing, watch.conditions()


def timing_of(samples_s: Sequence[float], batch: int) -> Timing:
    """Returns the timing of samples from another tool, in seconds per call.

    Args:
        samples_s: one value per batch.
        batch: calls per batch.
    """
    starts = (0.0, *accumulate(one * batch for one in samples_s[:-1]))
    return Timing(
        batch_calls=batch,
        samples_s=tuple(samples_s),
        at_s=tuple(round(one, 6) for one in starts),
        warmup_s=0.0,
        stats=describe(samples_s, batch),
        stopped=Stopped(reason="budget", precision=half_width(samples_s), wanted=PRECISION),
    )


def measurement(
    name: str, given: Given, seen: tuple[Timing, Conditions], keys: tuple[str, ...]
) -> Measurement:
    """Returns the measurement of a call.

    It decides no verdict, as no sheet promises that any kernel reaches the figure.
    """
    timing, conditions = seen
    return Measurement(
        kernel=KERNEL,
        dtype=given.dtype,
        data=DATA,
        figures=keys,
        status="ok",
        work=Work(
            flop=given.flop,
            bytes=given.bytes,
            footprint_bytes=given.bytes,
            formula="as the test says",
            items=given.items,
        ),
        timing=timing,
        conditions=conditions,
        label=name,
        observed={FLUSHED: "before each call"} if given.flush else {},
        quantity=_quantity(given, keys),
        decides=False,
    )


def _quantity(given: Given, keys: tuple[str, ...]) -> Quantity:
    if keys and not FIGURES[keys[0]].is_rate:
        return "byte_rate"
    if given.flop:
        return "flop_rate"
    if given.bytes:
        return "byte_rate"
    return "item_rate" if given.items != 1 else "item_seconds"


def figures(
    given: Given, device: DeviceInfo, chip: Chip | None, sheets: Catalogue
) -> tuple[str, ...]:
    """Returns the keys of the figure that binds on paper: at which the work takes longer.

    A compute peak may have two keys, matrix and vector rate.
    """
    if given.figure is not None:
        return (given.figure,)
    known = {f"{unit}_{given.dtype}" for unit in ("matrix", "vector")} & FIGURES.keys()
    rate = tuple(sorted(known)) if given.flop else ()
    flow = ("memory_bandwidth",) if given.bytes else ()
    if not rate or not flow:
        return rate or flow
    peak, bandwidth = paper(device, chip, rate, sheets), paper(device, chip, flow, sheets)
    if not isinstance(peak, Paper):
        return flow if isinstance(bandwidth, Paper) else rate
    if not isinstance(bandwidth, Paper):
        return rate
    return rate if given.flop / peak.value >= given.bytes / bandwidth.value else flow


def unpublished_bandwidth(
    given: Given, device: DeviceInfo, chip: Chip | None, sheets: Catalogue
) -> str:
    """Returns a remark if the bandwidth may bind but is not published; else an empty text."""
    if given.figure is not None or not (given.flop and given.bytes):
        return ""
    known = isinstance(paper(device, chip, ("memory_bandwidth",), sheets), Paper)
    return "" if known else "no memory bandwidth is published, which may bind instead"
