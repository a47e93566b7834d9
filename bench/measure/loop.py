"""The timing loop: size the batch, warm up until settled, sample until precise or out of budget."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import median

from bench.devices.base import Device, DeviceError, Prepared
from bench.measure.stats import BURST_WINDOW_S, describe, half_width
from bench.records.model import Stopped, Timing

LEAST_SAMPLES = 6
"""The fewest samples with a distribution-free 95% interval; taken whatever the budget."""

MIN_SAMPLES = 12
MIN_TIME_S = 0.5
MIN_TIME_SHARE = 0.35
"""Sampling converges after this many samples and this time, in s or as a share of the budget."""

NOISY_SAMPLES = 40
NOISY_FACTOR = 4.0
"""Sampling stops as noisy after this many samples, if it would take so many times the budget."""

SAMPLE_S = 0.005
MOST_CALLS = 1 << 20
UNMOVED_S = 1.0
"""A timer is broken if it reads 0 after ``MOST_CALLS`` calls, or after this much host time."""

SETTLED = 0.02
SETTLE_WINDOW = 5
"""Warm-up ends when the medians of two windows of this many samples agree within ``SETTLED``."""

WARMUP_SHARE = 0.3
REST_S = 0.25
REST_SHARE = 0.05
"""A device that has cooled during a rest briefly exceeds its sustained rate: its burst."""

RESTED_S, MOST_RESTED = 4 * BURST_WINDOW_S, 64
"""Time and number of the samples after a rest, among which the best window is looked for."""

THROTTLED = 0.03
SWINGS_S = 2.5
"""A load this much slower (relative) than after a rest is throttled, and is sampled this long.

A power or thermal limit is held on average, by swings of the clock. On an H200 at its power cap a
swing takes 1.1 s: the first is a second at full rate, then a quarter of a second a fifth slower.
Medians over half a second differ by up to 3.5%, over two swings by 1%
(``results/records/2026-11-26/h200-sxm-full.json``, sustained), so two swings are sampled.
"""


@dataclass(frozen=True)
class Plan:
    """Budget and target precision of one measurement.

    Attributes:
        budget_s: time for warm-up and sampling, exceeded by one sample at most, or by the
            ``LEAST_SAMPLES`` that an interval needs.
        precision: target half-width of the 95% interval of the median, relative.
        max_samples: bounds the record's size.
        least_s: minimum sampling time, however precise the median is by then.
        sample_s: target duration of one sample.
    """

    budget_s: float
    precision: float = 0.01
    max_samples: int = 2000
    least_s: float = 0.0
    sample_s: float = SAMPLE_S


@dataclass
class Samples:
    """The samples so far; ``seconds`` are per call, ``at_s`` since the budget began."""

    seconds: list[float] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    disturbed: list[int] = field(default_factory=list)
    wall_s: float = 0.0
    device_s: float = 0.0


def measure(
    device: Device,
    prepared: Prepared,
    plan: Plan,
    progress: Callable[[float], None] = lambda _: None,
) -> Timing:
    """Times a prepared configuration.

    Args:
        device: where it runs.
        prepared: what runs.
        plan: budget and target precision.
        progress: called with the fraction of the budget spent.

    Returns:
        All samples taken after the rest and after warm-up, with median, interval, burst and the
        reason for stopping.
    """
    start = device.now()
    batch = in_turns(_batch(device, prepared, plan.sample_s), prepared)
    took = device.time(prepared, batch).seconds
    rested = _rested(device, prepared, batch, took, plan)
    clock = _Clock(device, start, device.now(), plan, progress)
    warmup_limit_s = min(WARMUP_SHARE * plan.budget_s, plan.budget_s - LEAST_SAMPLES * took)
    warmed = _warm_up(device, prepared, batch, start + warmup_limit_s)
    if _is_throttled(rested, [seconds / batch for seconds in warmed]):
        clock = replace(clock, plan=replace(plan, least_s=max(plan.least_s, SWINGS_S)))
    warmup_s = clock.loaded()
    samples, stopped = _sample(device, prepared, batch, clock)
    return Timing(
        batch_calls=batch,
        samples_s=tuple(samples.seconds),
        at_s=tuple(samples.at_s),
        disturbed=tuple(samples.disturbed),
        rested_s=tuple(rested),
        warmup_s=warmup_s,
        wall_ratio=samples.device_s / samples.wall_s if samples.wall_s else None,
        stats=describe(samples.seconds, batch, rested),
        stopped=stopped,
    )


@dataclass(frozen=True)
class _Clock:
    """Time spent of the budget, and time under load since the rest."""

    device: Device
    start_s: float
    loaded_s: float
    plan: Plan
    progress: Callable[[float], None]

    def spent(self) -> float:
        spent = self.device.now() - self.start_s
        self.progress(min(1.0, spent / self.plan.budget_s))
        return spent

    def loaded(self) -> float:
        return self.device.now() - self.loaded_s


def in_turns(batch: int, prepared: Prepared) -> int:
    """Returns ``batch`` rounded up to whole replays, so that no call is launched individually."""
    return math.ceil(batch / prepared.at_once) * prepared.at_once


def _batch(device: Device, prepared: Prepared, sample_s: float) -> int:
    """Returns how many calls make a sample long enough for the timer.

    Whole replays only: a single call would compute the result that is checked in place of a graph.

    Raises:
        DeviceError: the timer does not advance.
    """
    wanted = max(sample_s, 1000 * device.timer_resolution_s)
    limit: int | None = getattr(prepared, "most", None)
    most = limit or MOST_CALLS
    batch = in_turns(1, prepared)
    while True:
        elapsed = device.time(prepared, batch)
        seconds = elapsed.seconds
        if seconds <= 0 and (batch >= most or elapsed.wall_seconds > UNMOVED_S):
            raise DeviceError("the device's timer stays at 0")
        if seconds >= wanted:
            return batch
        if seconds >= wanted / 2 or batch >= most:
            enough = math.ceil(batch * wanted / max(seconds, 1e-9))
            return max(1, min(enough, limit or enough))
        growth = 2 if seconds <= 0 else max(2, int(wanted / seconds))
        batch = in_turns(min(most, batch * growth), prepared)


def _rested(
    device: Device, prepared: Prepared, batch: int, took_s: float, plan: Plan
) -> list[float]:
    """Returns the call times right after a rest; none where a sample takes too much budget."""
    if took_s > REST_SHARE * plan.budget_s:
        return []
    device.rest(min(REST_S, REST_SHARE * plan.budget_s))
    wanted_s = min(RESTED_S, REST_SHARE * plan.budget_s)
    batches_s: list[float] = []
    while sum(batches_s) < wanted_s and len(batches_s) < MOST_RESTED:
        batches_s.append(max(device.time(prepared, batch).seconds, 1e-12))
    return [seconds / batch for seconds in batches_s]


def _warm_up(device: Device, prepared: Prepared, batch: int, end_s: float) -> list[float]:
    """Runs until two windows of samples agree, or until ``end_s``; returns the batches' times."""
    seconds: list[float] = []
    while device.now() < end_s:
        seconds.append(device.time(prepared, batch).seconds)
        if len(seconds) >= 2 * SETTLE_WINDOW and _settled(seconds):
            break
    return seconds


def _settled(seconds: list[float]) -> bool:
    last = median(seconds[-SETTLE_WINDOW:])
    before = median(seconds[-2 * SETTLE_WINDOW : -SETTLE_WINDOW])
    return abs(last - before) <= SETTLED * before


def _is_throttled(rested: list[float], warmed: list[float]) -> bool:
    """Returns whether calls are clearly slower once warm than in the best window after the rest."""
    if not rested or not warmed:
        return False
    width = min(SETTLE_WINDOW, len(rested))
    windows = [rested[start : start + width] for start in range(len(rested) - width + 1)]
    return median(warmed[-SETTLE_WINDOW:]) > (1 + THROTTLED) * min(map(median, windows))


def _sample(
    device: Device, prepared: Prepared, batch: int, clock: _Clock
) -> tuple[Samples, Stopped]:
    """Takes samples until there is a reason to stop; checks at growing intervals."""
    samples, next_check = Samples(), MIN_SAMPLES
    while True:
        _take(device, prepared, batch, clock.start_s, samples)
        count, spent = len(samples.seconds), clock.spent()
        over = spent >= clock.plan.budget_s or count >= clock.plan.max_samples
        if count < LEAST_SAMPLES or (count < next_check and not over):
            continue
        next_check = math.ceil(count * 1.15)
        precision = half_width(samples.seconds)
        reason = _reason(precision, count, clock.loaded(), clock.plan, over=over)
        if reason and (over or _steady(samples.seconds, clock.plan.precision)):
            return samples, Stopped.model_validate(
                {"reason": reason, "precision": precision, "wanted": clock.plan.precision}
            )


def _steady(seconds: list[float], precision: float) -> bool:
    """Returns whether the last third agrees with the whole, unlike a device that throttles late."""
    last = seconds[-(len(seconds) // 3) :]
    return abs(median(last) / median(seconds) - 1) <= SETTLED + precision


def _take(device: Device, prepared: Prepared, batch: int, start_s: float, samples: Samples) -> None:
    at = device.now() - start_s
    elapsed = device.time(prepared, batch)
    if elapsed.disturbed:
        samples.disturbed.append(len(samples.seconds))
    samples.seconds.append(max(elapsed.seconds, 1e-12) / batch)
    samples.at_s.append(round(at, 6))
    samples.wall_s += elapsed.wall_seconds
    samples.device_s += elapsed.seconds


def _reason(precision: float, count: int, loaded_s: float, plan: Plan, *, over: bool) -> str | None:
    """Returns why to stop now, None to go on.

    ``converged`` requires a minimum time as well, since a short series does not show slow swings;
    if the budget ends before a throttled load's time is reached, that is what ended it.
    ``noisy``: at this variance the target precision would take several times the budget.
    """
    if loaded_s < plan.least_s and not over:
        return None
    if loaded_s < min(plan.least_s, SWINGS_S):
        return "budget"
    least = min(MIN_TIME_S, MIN_TIME_SHARE * plan.budget_s)
    if precision <= plan.precision and count >= MIN_SAMPLES and loaded_s >= least:
        return "converged"
    if over:
        return "budget"
    needed = loaded_s * (precision / plan.precision) ** 2
    enough = count >= NOISY_SAMPLES and loaded_s >= least
    hopeless = enough and needed > NOISY_FACTOR * plan.budget_s
    return "noisy" if hopeless else None
