"""Evaluates a sustained load: its settled rate, its power, and energy per operation and per byte.

All of it is computed from one measurement's samples and telemetry, whose time axes both start with
the load, within milliseconds of each other.
"""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from bench.records.model import DeviceInfo, Measurement, Timing

SUSTAINED = "sustained"
"""The kernel that is judged by its settled rate rather than by all samples."""

OTHERS = ("MIG on", "compute partition", "shared with", "MPS gives")
"""Starts of the limits of a device whose power is reported for others' work, too."""

MIN_POWER_SAMPLES = 20
SETTLED = 0.02
PARTS = 6
"""Minimum and maximum of six parts' medians bracket the true median in 97% (1 - 2 / 2^6)."""

WINDOWS = 60
LEAST_WINDOW = 5


@dataclass(frozen=True)
class Settled:
    """The time of one call once the load has settled.

    Attributes:
        median_s: median of the last half of the samples.
        low_s, high_s: lowest and highest median of ``PARTS`` equal parts of that half.
        after_s: time from the start of the load until windows of samples stay within 2% of
            ``median_s``; None if that is not before the last half.
        at_start: whether they do from the first sample on, so that it had settled by ``after_s``.
    """

    median_s: float
    low_s: float
    high_s: float
    after_s: float | None
    at_start: bool = False

    @property
    def words(self) -> str:
        """Returns ``settled after 5.2 s``; ``before`` where there is no earlier sample."""
        if self.after_s is None:
            return "not settled"
        return f"settled {'before' if self.at_start else 'after'} {self.after_s:.1f} s"


@dataclass(frozen=True)
class Power:
    """Power while samples were taken.

    Attributes:
        mean_w: mean over the load; None where it is not reported or not valid.
        samples: number of readings.
        reason: why there is no mean.
    """

    mean_w: float | None
    samples: int
    reason: str = ""


@dataclass(frozen=True)
class Slice:
    """A time slice of the load, with medians of samples and telemetry, None without any."""

    start_s: float
    end_s: float
    call_s: float | None
    clock_hz: float | None
    power_w: float | None
    temperature_c: float | None


def keeps_up(measurement: Measurement) -> bool:
    """Returns whether a measurement is of a load that was sampled for all of its time."""
    return measurement.kernel == SUSTAINED and measurement.status == "ok"


def settled(timing: Timing) -> Settled:
    """Returns the time of one call over the last half of the samples."""
    last = timing.samples_s[len(timing.samples_s) // 2 :]
    middle = median(last)
    parts = [median(part) for part in _parts(last)]
    after_s = _settled_after(timing, middle)
    return Settled(
        median_s=middle,
        low_s=min(middle, *parts),
        high_s=max(middle, *parts),
        after_s=after_s,
        at_start=after_s == timing.at_s[0],
    )


def _parts(values: tuple[float, ...]) -> list[tuple[float, ...]]:
    count = min(PARTS, len(values))
    cuts = [round(number * len(values) / count) for number in range(count + 1)]
    return [values[start:end] for start, end in pairwise(cuts)]


def _settled_after(timing: Timing, middle_s: float) -> float | None:
    samples = timing.samples_s
    width = min(len(samples), max(LEAST_WINDOW, len(samples) // WINDOWS))
    for start in range(len(samples) - width, -1, -1):
        if abs(median(samples[start : start + width]) / middle_s - 1) > SETTLED:
            after = start + 1
            return timing.at_s[after] if after < len(samples) // 2 else None
    return timing.at_s[0]


def readings(measurement: Measurement, name: str) -> tuple[float, ...]:
    """Returns the readings within the time of the samples; all of them if there are none in it.

    Args:
        measurement: the measurement.
        name: ``clock_hz``, ``power_w`` or ``temperature_c``.
    """
    seen, timing = measurement.conditions, measurement.timing
    series: tuple[float, ...] = getattr(seen, name)
    if timing is None or not series:
        return series
    end_s = timing.at_s[-1] + timing.samples_s[-1] * timing.batch_calls
    inside = slice(bisect_left(seen.at_s, timing.at_s[0]), bisect_left(seen.at_s, end_s))
    return series[inside] or series


def of_others(device: DeviceInfo) -> str:
    """Returns why the power that a device reports is not its load's alone; empty if it is."""
    found = (one for one in device.limits if one.startswith(OTHERS))
    word = next(found, "MIG" if " MIG " in device.name else "")
    return f"of the whole board: {word}" if word else ""


def power(measurement: Measurement, others: str = "") -> Power:
    """Returns the mean power of a load, or why it is unknown.

    It is valid with at least 20 readings while samples were taken, without a long gap.

    Args:
        measurement: the load.
        others: why the readings are not of this load alone, as ``of_others`` says.
    """
    seen = readings(measurement, "power_w")
    if not seen:
        return Power(None, 0, "not reported")
    if others:
        return Power(None, len(seen), others)
    if not measurement.conditions.power_valid or len(seen) < MIN_POWER_SAMPLES:
        gap = ", with a gap" if len(seen) >= MIN_POWER_SAMPLES else ""
        return Power(None, len(seen), f"invalid: {len(seen)} power samples{gap}")
    return Power(fmean(seen), len(seen))


def energy_j(measurement: Measurement, others: str = "") -> float | None:
    """Returns the energy of one call in J: mean power times mean time; None if power is unknown."""
    mean_w, timing = power(measurement, others).mean_w, measurement.timing
    return None if mean_w is None or timing is None else mean_w * fmean(timing.samples_s)


def per_operation_and_byte(matrix: Measurement, mixed: Measurement) -> tuple[float, float] | None:
    """Returns J/FLOP and J/byte that explain both loads; None if they are not both positive.

    Solves E = e_flop x FLOP + e_byte x bytes of a call for the two loads. Idle power is
    attributed to both.
    """
    (first, first_j), (second, second_j) = ((one.work, energy_j(one)) for one in (matrix, mixed))
    if first is None or second is None or first_j is None or second_j is None:
        return None
    determinant = first.flop * second.bytes - second.flop * first.bytes
    if determinant == 0.0:
        return None
    per_flop = (first_j * second.bytes - second_j * first.bytes) / determinant
    per_byte = (first.flop * second_j - second.flop * first_j) / determinant
    return (per_flop, per_byte) if min(per_flop, per_byte) > 0 else None


def slices(measurement: Measurement, count: int) -> list[Slice]:
    """Returns ``count`` equal time slices with call time, clock, power and temperature."""
    timing = measurement.timing
    if timing is None:
        return []
    start_s, end_s = timing.at_s[0], timing.at_s[-1]
    step_s = (end_s - start_s) / count
    cuts = [*(start_s + number * step_s for number in range(count)), end_s * (1 + 1e-9)]
    return [_slice(measurement, timing, start, end) for start, end in pairwise(cuts)]


def _slice(measurement: Measurement, timing: Timing, start_s: float, end_s: float) -> Slice:
    seen = measurement.conditions

    def middle(at_s: tuple[float, ...], values: tuple[float, ...]) -> float | None:
        inside = values[bisect_left(at_s, start_s) : bisect_left(at_s, end_s)]
        return median(inside) if inside else None

    return Slice(
        start_s,
        end_s,
        middle(timing.at_s, timing.samples_s),
        middle(seen.at_s, seen.clock_hz),
        middle(seen.at_s, seen.power_w),
        middle(seen.at_s, seen.temperature_c),
    )
