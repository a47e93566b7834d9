"""Finds numbers in a record that contradict each other, the clock, the formulas, or the sheet.

An untrusted record with a contradiction is refused. A value above a peak is only doubtful, because
the sheet may be wrong: it is reported, and every table marks it.
"""

import datetime as dt
import math
from collections.abc import Iterator
from itertools import pairwise

from bench.chips.load import Catalogue
from bench.errors import DataError
from bench.judging.verdict import Verdict, rows
from bench.kernels.common.base import Point
from bench.kernels.registry import KERNELS, kernel
from bench.measure.stats import describe
from bench.records.model import Measurement, Record, Timing, Work

EARLIEST = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
"""A time before this program existed."""
MAX_AHEAD = dt.timedelta(days=1)
"""How far the clock of another machine may be ahead."""
ROUNDING_TOLERANCE = 1e-6
"""Relative difference that rounding explains."""
INTERVAL_TOLERANCE = 0.01
"""Largest relative difference of an interval from that of today's statistics.

Earlier versions computed it slightly differently; a difference this small changes no verdict."""
TIMER_TOLERANCE = 0.02
"""Relative difference between sums of times that timers explain."""
STAMP = "%Y%m%d-%H%M%S"
"""Format of the time at the beginning of a record's id."""
MAX_CLOCK_RATIO = 1.05
"""Largest ratio of a measured clock to the device's highest clock."""
Problems = Iterator[tuple[str, str]]
"""Field and problem."""


def contradictions(record: Record) -> Problems:
    """Yields the contradictions in a record."""
    yield from _time_problems(record)
    took_s = sum(measurement.took_s for measurement in record.measurements)
    if not math.isclose(took_s, record.took_s, rel_tol=TIMER_TOLERANCE, abs_tol=1.0):
        yield "took_s", f"is {record.took_s:.1f} s, its measurements took {took_s:.1f} s"
    for number, measurement in enumerate(record.measurements):
        try:
            for field, problem in _measurement_problems(measurement, record):
                yield f"measurements.{number}.{field}", problem
        except (ArithmeticError, ValueError):
            yield f"measurements.{number}", "holds impossible numbers"


def implausible(record: Record, catalogue: Catalogue) -> Problems:
    """Yields title and reason of each implausible figure, except for figures with derived peaks.

    A CPU's peak is derived from a clock that was measured at another moment, so a rate a few per
    cent above it is no contradiction.
    """
    for row in rows(record, catalogue):
        derived = row.paper is not None and bool(row.paper.formula)
        if row.verdict is Verdict.IMPLAUSIBLE and not derived:
            yield row.title, row.reason


def _time_problems(record: Record) -> Problems:
    try:
        started = dt.datetime.fromisoformat(record.started_utc)
    except ValueError:
        yield "started_utc", "is no time"
        return
    if started.utcoffset() != dt.timedelta(0):
        yield "started_utc", "is not in UTC"
        return
    if not EARLIEST < started < dt.datetime.now(dt.UTC) + MAX_AHEAD:
        yield "started_utc", "is before this program existed, or in the future"
    if not record.id.startswith(f"{started:{STAMP}}-{record.device.backend}-"):
        yield "id", "does not match its start time and device"


def _measurement_problems(measurement: Measurement, record: Record) -> Problems:
    if (measurement.status == "ok") != (measurement.timing is not None):
        yield (
            "status",
            f"is {measurement.status}, {'with' if measurement.timing else 'without'} samples",
        )
    if measurement.check is not None and measurement.check.passed != (
        measurement.check.error <= measurement.check.tolerance
    ):
        yield "check.passed", "contradicts error and tolerance"
    yield from _reading_problems(measurement, record)
    if measurement.work is not None:
        yield from _work_problems(measurement, measurement.work)
    if measurement.timing is not None:
        for field, problem in _timing_problems(measurement.timing, measurement.took_s):
            yield f"timing.{field}", problem


def _reading_problems(measurement: Measurement, record: Record) -> Problems:
    conditions, max_hz = measurement.conditions, record.device.clock_max_hz
    if conditions.clock_hz and max_hz and max(conditions.clock_hz) > max_hz * MAX_CLOCK_RATIO:
        yield "conditions.clock_hz", "is above the clock that the device can reach"
    series = (conditions.clock_hz, conditions.power_w, conditions.temperature_c)
    if any(not math.isfinite(value) or value < -100 for values in series for value in values):
        yield "conditions", "holds a value that no sensor reports"
    if any(later < earlier for earlier, later in pairwise(conditions.at_s)):
        yield "conditions.at_s", "does not go forward"


def _timing_problems(timing: Timing, took_s: float) -> Problems:
    at_s, spent_s = timing.at_s, math.fsum(timing.samples_s) * timing.batch_calls
    if not timing.samples_s or timing.batch_calls < 1:
        yield "batch_calls", "no call was timed"
        return
    if any(later < earlier for earlier, later in pairwise(at_s)):
        yield "at_s", "does not go forward"
    if spent_s > took_s * (1 + TIMER_TOLERANCE) or at_s[-1] - at_s[0] > took_s * (
        1 + TIMER_TOLERANCE
    ):
        yield "samples_s", f"add up to {spent_s:.3g} s, in a measurement of {took_s:.3g} s"
    yield from _stats_problems(timing)


def _stats_problems(timing: Timing) -> Problems:
    stats = timing.stats
    recomputed = describe(timing.samples_s, timing.batch_calls, timing.rested_s)
    exact = ("median_s", "burst_s", "level")
    for field in (*exact, "low_s", "high_s", "effective_samples"):
        tolerance = ROUNDING_TOLERANCE if field in exact else INTERVAL_TOLERANCE
        if not math.isclose(getattr(stats, field), getattr(recomputed, field), rel_tol=tolerance):
            yield f"stats.{field}", "does not follow from the samples"


def _work_problems(measurement: Measurement, work: Work) -> Problems:
    """Yields differences between the work and the kernel's formula, for shipped kernels.

    A kernel that a package adds here may be another than the sender's of the same name.
    """
    if measurement.kernel not in KERNELS:
        return
    try:
        recomputed = kernel(measurement.kernel).work(
            Point(measurement.kernel, measurement.dtype, measurement.data, measurement.parameters)
        )
    except DataError:
        raise  # a data file that the formula needs is invalid, not the record
    except Exception:  # noqa: BLE001 -- a formula may be given anything here
        yield "parameters", f"are not valid for the kernel {measurement.kernel}"
        return
    for field in ("flop", "bytes", "footprint_bytes", "items"):
        if not math.isclose(
            getattr(recomputed, field), getattr(work, field), rel_tol=ROUNDING_TOLERANCE
        ):
            yield f"work.{field}", "does not follow from the kernel's formula"
