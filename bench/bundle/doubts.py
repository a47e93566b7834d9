"""Finds numbers of a record that contradict each other, the clock, formulas, or the sheet.

An untrusted record with a contradiction is refused. A value above a peak is only doubtful, as the
sheet may be wrong: it is reported, and every table marks it.
"""

import datetime as dt
import math
from collections.abc import Iterator
from itertools import pairwise

from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.errors import DataError
from bench.kernels.common.base import Point
from bench.kernels.registry import KERNELS, kernel
from bench.measure.stats import describe
from bench.records.model import Measurement, Record, Timing, Work
from bench.verdict import Verdict, rows

FIRST = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
"""A time before this program existed."""
AHEAD = dt.timedelta(days=1)
"""How far other machines' clocks may be ahead."""
SAME = 1e-6
"""Rounding, relative."""
BOUNDS = 0.01
"""How far an interval may be from that of today's statistics, relative: earlier onpapers were a
little less careful, and a narrower one than this changes no verdict."""
TIMER = 0.02
STAMP = "%Y%m%d-%H%M%S"
CLOCK = 1.05
Found = Iterator[tuple[str, str]]


def contradictions(record: Record) -> Found:
    """Yields the contradictions in a record, as field and problem."""
    yield from _when(record)
    took_s = sum(one.took_s for one in record.measurements)
    if not math.isclose(took_s, record.took_s, rel_tol=TIMER, abs_tol=1.0):
        yield "took_s", f"is {record.took_s:.1f} s, its measurements took {took_s:.1f} s"
    for number, one in enumerate(record.measurements):
        try:
            for field, problem in _of_measurement(one, record):
                yield f"measurements.{number}.{field}", problem
        except (ArithmeticError, ValueError):
            yield f"measurements.{number}", "holds impossible numbers"


def implausible(record: Record, catalogue: Catalogue) -> Found:
    """Yields what is not to be believed: the figure, and why; peaks that were derived aside.

    The peak of a CPU is worked out of a clock that was measured at another moment, so that a few
    per cent above it are no contradiction.
    """
    for row in rows(record, catalogue):
        derived = isinstance(row.published, Paper) and bool(row.published.formula)
        if row.verdict is Verdict.IMPLAUSIBLE and not derived:
            yield row.title, row.reason


def _when(record: Record) -> Found:
    try:
        started = dt.datetime.fromisoformat(record.started_utc)
    except ValueError:
        yield "started_utc", "is no time"
        return
    if started.utcoffset() != dt.timedelta(0):
        yield "started_utc", "is not in UTC"
        return
    if not FIRST < started < dt.datetime.now(dt.UTC) + AHEAD:
        yield "started_utc", "is before this program existed, or in the future"
    if not record.id.startswith(f"{started:{STAMP}}-{record.device.backend}-"):
        yield "id", "does not match its start time and device"


def _of_measurement(one: Measurement, record: Record) -> Found:
    if (one.status == "ok") != (one.timing is not None):
        yield "status", f"is {one.status}, {'with' if one.timing else 'without'} samples"
    if one.check is not None and one.check.passed != (one.check.error <= one.check.tolerance):
        yield "check.passed", "contradicts error and tolerance"
    yield from _clocks(one, record)
    if one.work is not None:
        yield from _work(one, one.work)
    if one.timing is not None:
        for field, problem in _timing(one.timing, one.took_s):
            yield f"timing.{field}", problem


def _clocks(one: Measurement, record: Record) -> Found:
    seen, most = one.conditions, record.device.clock_max_hz
    if seen.clock_hz and most and max(seen.clock_hz) > most * CLOCK:
        yield "conditions.clock_hz", "is above the clock that the device can reach"
    series = (seen.clock_hz, seen.power_w, seen.temperature_c)
    if any(not math.isfinite(value) or value < -100 for values in series for value in values):
        yield "conditions", "holds a value that no sensor reports"
    if any(later < earlier for earlier, later in pairwise(seen.at_s)):
        yield "conditions.at_s", "does not go forward"


def _timing(timing: Timing, took_s: float) -> Found:
    at_s, spent_s = timing.at_s, math.fsum(timing.samples_s) * timing.batch_calls
    if not timing.samples_s or timing.batch_calls < 1:
        yield "batch_calls", "no call was timed"
        return
    if any(later < earlier for earlier, later in pairwise(at_s)):
        yield "at_s", "does not go forward"
    if spent_s > took_s * (1 + TIMER) or at_s[-1] - at_s[0] > took_s * (1 + TIMER):
        yield "samples_s", f"add up to {spent_s:.3g} s, in a measurement of {took_s:.3g} s"
    yield from _stats(timing)


def _stats(timing: Timing) -> Found:
    again, told = describe(timing.samples_s, timing.batch_calls, timing.rested_s), timing.stats
    for field, near in (
        ("median_s", SAME), ("burst_s", SAME), ("level", SAME), ("low_s", BOUNDS),
        ("high_s", BOUNDS), ("effective_samples", BOUNDS),
    ):  # fmt: skip
        if not math.isclose(getattr(told, field), getattr(again, field), rel_tol=near):
            yield f"stats.{field}", "does not follow from the samples"


def _work(one: Measurement, told: Work) -> Found:
    """Yields differences from the formula of the kernel, for kernels of this program."""
    if one.kernel not in KERNELS:
        return
    try:
        again = kernel(one.kernel).work(Point(one.kernel, one.dtype, one.data, one.parameters))
    except DataError:
        raise  # a file that the formula is looked up in is wrong, and no word of the record
    except Exception:  # noqa: BLE001 -- a formula may be given anything here
        yield "parameters", f"are not valid for the kernel {one.kernel}"
        return
    for field in ("flop", "bytes", "footprint_bytes", "items"):
        if not math.isclose(getattr(again, field), getattr(told, field), rel_tol=SAME):
            yield f"work.{field}", "does not follow from the kernel's formula"
