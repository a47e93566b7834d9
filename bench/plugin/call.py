"""Measures a test's call: its device, its time, and the figure it is compared with."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypedDict

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper, paper
from bench.devices.base import Device, DeviceError, DeviceLostError
from bench.devices.registry import open_device
from bench.devices.torchdevice import PreparedTask
from bench.errors import UsageError, did_you_mean
from bench.kernels.common.base import Task
from bench.measure.conditions import Watch
from bench.measure.loop import Plan, measure
from bench.measure.stats import describe, half_width
from bench.records.model import Conditions, DeviceInfo, Measurement, Quantity, Stopped, Timing, Work
from bench.units import Dimension

KERNEL = "pytest"
"""The kernel of every measurement of a test's call."""
DATA = "given"
PRECISION = 0.01
UNITS = ("matrix_", "vector_")
DTYPES = tuple(key.partition("_")[2] for key in FIGURES if key.startswith(UNITS))
RATES = tuple(
    key for key, kind in FIGURES.items() if kind.is_rate or kind.dimension is Dimension.BYTE_RATE
)
"""The figures that a kernel may be set beside."""


class WorkTold(TypedDict, total=False):
    """The keyword arguments that a test may give for a call.

    Attributes:
        flop, bytes: operations, and bytes that it has to move.
        items: what else a call gets through, such as tokens, where neither is told.
        dtype: of the inputs: ``bf16``, ``fp16``, ``fp8`` ...
        figure: what it is set beside; default: peak or bandwidth, whichever binds on paper.
    """

    flop: float
    bytes: float
    items: float
    dtype: str
    figure: str | None


@dataclass(frozen=True)
class Given:
    """A test's arguments for a call, with defaults filled in."""

    flop: float = 0.0
    bytes: float = 0.0
    items: float = 1.0
    dtype: str = ""
    figure: str | None = None

    def checked(self) -> "Given":
        """Returns itself.

        Raises:
            UsageError: work below nought, an unknown dtype or figure, or work that does not fit it.
        """
        for name in ("flop", "bytes", "items"):
            value = getattr(self, name)
            if not 0 <= value < math.inf or (name == "items" and not value):
                raise UsageError(f"onpaper: {name}={value:g} is no work of a call")
        if self.dtype and self.dtype not in DTYPES:
            near = did_you_mean(self.dtype, DTYPES)
            raise UsageError(f"onpaper: no dtype {self.dtype!r}: {near}")
        if self.figure is not None:
            self._check(self.figure)
        elif self.flop and not self.dtype:
            raise UsageError("onpaper: flop= needs dtype=, such as dtype='bf16'")
        return self

    def _check(self, figure: str) -> None:
        """Refuses an unknown figure, or one for other work than was given."""
        if figure not in RATES:
            raise UsageError(f"onpaper: no rate {figure!r}: {did_you_mean(figure, RATES)}")
        needed = "flop" if FIGURES[figure].is_rate else "bytes"
        if not getattr(self, needed):
            raise UsageError(f"onpaper: figure={figure!r} needs {needed}= of one call")


def device_of(call: Callable[[], object], value: object) -> str:
    """Returns the device word of a call's result, or of the tensors in it."""
    cells = [one.cell_contents for one in getattr(call, "__closure__", None) or ()]
    parts = [*getattr(call, "args", ()), *getattr(call, "keywords", {}).values()]
    for one in _flat([value, *cells, *parts, *(getattr(call, "__defaults__", None) or ())]):
        device = getattr(one, "device", None)
        kind = getattr(device, "type", None)
        if isinstance(kind, str) and kind != "meta":
            index = getattr(device, "index", None)
            return f"{kind}:{index}" if index and kind != "cpu" else kind
    return "cpu"


def _flat(values: Sequence[object]) -> Iterator[object]:
    for one in values:
        if isinstance(one, list | tuple):
            yield from _flat(one)
        elif isinstance(one, dict):
            yield from _flat(list(one.values()))
        else:
            yield one


@contextmanager
def _own_threads() -> Iterator[None]:
    """Leaves the number of torch's threads as the test has it; a CPU is opened with all cores."""
    torch: Any = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else None
    try:
        yield
    finally:
        if before is not None:
            torch.set_num_threads(before)


def opened(word: str) -> Device:
    """Returns the device of a word.

    Raises:
        UsageError: it is not here, or it is the fake one, which runs no call.
    """
    if word.partition(":")[0] == "fake":
        raise UsageError("onpaper: the fake device runs no call: take cpu, or an accelerator")
    try:
        with _own_threads():
            return open_device(word)
    except DeviceError as error:
        raise UsageError(f"onpaper: {error}") from None


def timed(device: Device, call: Callable[[], object], seconds: float) -> tuple[Timing, Conditions]:
    """Times a call through the loop that times our own kernels.

    Raises:
        RuntimeError: the device failed.
    """
    prepared = PreparedTask(Task([call]))
    try:
        with Watch(device) as watch:
            timing = measure(device, prepared, Plan(seconds, PRECISION))
    except DeviceLostError as error:
        raise RuntimeError(str(error)) from None
    return timing, watch.conditions()


def timing_of(samples_s: Sequence[float], batch: int) -> Timing:
    """Returns the timing of a series that somebody else sampled, in seconds a call."""
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
    """Returns the measurement; it gives no verdict, as the figure does not promise such work."""
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
    """Returns the keys of the figure that binds on paper: where the work takes longest by it."""
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


def open_bandwidth(given: Given, device: DeviceInfo, chip: Chip | None, sheets: Catalogue) -> str:
    """Returns that the bandwidth may bind and nobody published it; empty where that is known."""
    if given.figure is not None or not (given.flop and given.bytes):
        return ""
    known = isinstance(paper(device, chip, ("memory_bandwidth",), sheets), Paper)
    return "" if known else "no memory bandwidth is published, which may bind instead"
