"""The measuring loop on the fake device: batches, warm-up, stops, budget and coverage."""

import math
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.devices.base import Elapsed, Prepared
from bench.devices.fake import FakeDevice, FakePrepared, FakeSpec
from bench.devices.noise import NOISES, Noise
from bench.devices.torchdevice import PreparedTask
from bench.kernels.common.base import Task
from bench.measure.loop import (
    LEAST_SAMPLES,
    MIN_SAMPLES,
    MIN_TIME_S,
    MIN_TIME_SHARE,
    NOISY_SAMPLES,
    REST_S,
    REST_SHARE,
    RESTED_S,
    SAMPLE_S,
    SWINGS_S,
    WARMUP_SHARE,
    Plan,
    measure,
)
from bench.records.model import Check, Timing

PASSED = Check(passed=True, error=0.0, tolerance=1.0, shape="-")
CALL_S = 1e-3


def timed(spec: FakeSpec, plan: Plan, call_s: float = CALL_S) -> Timing:
    """What the loop makes of a call of known length."""
    return measure(FakeDevice(spec), FakePrepared(call_s, PASSED), plan)


def end_s(timing: Timing) -> float:
    """When the last sample ended."""
    return timing.at_s[-1] + timing.samples_s[-1] * timing.batch_calls


def loaded_s(timing: Timing, rest_s: float) -> float:
    """How long the device was under load since the rest and the samples right after it."""
    return end_s(timing) - rest_s - sum(timing.rested_s) * timing.batch_calls


class Launched(FakeDevice):
    """A device that runs the calls of a task, each a microsecond long."""

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        assert isinstance(prepared, PreparedTask)
        prepared.run(calls)
        return super().time(FakePrepared(1e-6, PASSED), calls)


def test_a_graph_is_never_replaced_by_single_calls_which_would_compute_what_is_checked() -> None:
    single: list[int] = []
    calls = [partial(single.append, number) for number in range(86)]
    timing = measure(Launched(), PreparedTask(Task(calls, whole=list)), Plan(0.1))
    assert (single, timing.batch_calls % 86) == ([], 0)


@pytest.mark.parametrize("call_s", [1e-9, 3e-8, 1e-6, 4e-5, 1e-3, 2.4e-3])
def test_short_calls_are_batched_to_a_sample_that_the_timer_tells_well(call_s: float) -> None:
    timing = timed(FakeSpec(noise="none"), Plan(2.0), call_s)
    assert timing.batch_calls * call_s == pytest.approx(SAMPLE_S, rel=0.5)
    assert timing.stats.median_s == pytest.approx(call_s)


@pytest.mark.parametrize("call_s", [5e-3, 0.02, 0.5])
def test_a_long_call_is_a_sample_of_its_own(call_s: float) -> None:
    assert timed(FakeSpec(noise="none"), Plan(10.0), call_s).batch_calls == 1


def test_a_coarse_timer_makes_batches_longer() -> None:
    device = FakeDevice(FakeSpec(noise="none"))
    device.timer_resolution_s = 1e-4
    timing = measure(device, FakePrepared(1e-3, PASSED), Plan(5.0))
    assert timing.batch_calls * 1e-3 >= 1000 * 1e-4


def test_warm_up_ends_once_two_windows_agree() -> None:
    timing = timed(FakeSpec(noise="none"), Plan(5.0))
    assert timing.warmup_s == pytest.approx(10 * SAMPLE_S, rel=0.01)


def test_warm_up_lasts_until_a_throttling_device_has_settled() -> None:
    spec = FakeSpec(noise="none", throttle_after_s=0.04, throttle_to=0.5)
    timing = timed(spec, Plan(5.0))
    assert timing.warmup_s > 0.08
    assert set(np.round(timing.samples_s, 9)) == {2 * CALL_S}


class Held(FakeDevice):
    """At full rate for 0.08 s, then held down to a limit that is kept to by swings of 1.1 s."""

    def __init__(self, held: float, swing: float = 0.0) -> None:
        super().__init__(FakeSpec(noise="none"))
        self._held, self._swing = held, swing

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        swing = 1 + self._swing * math.sin(2 * math.pi * self._heat_s / 1.1)
        factor = 1.0 if self._heat_s < 0.08 else self._held * swing
        assert isinstance(prepared, FakePrepared)
        return super().time(FakePrepared(prepared.call_s * factor, PASSED), calls)


@pytest.mark.parametrize("swing", [0.01, 0.03])
def test_a_load_held_down_by_a_limit_is_sampled_for_two_of_its_swings(swing: float) -> None:
    timing = measure(Held(1.12, swing), FakePrepared(CALL_S, PASSED), Plan(5.0))
    assert loaded_s(timing, REST_S) == pytest.approx(SWINGS_S, rel=0.15)
    assert timing.stats.median_s == pytest.approx(1.12 * CALL_S, rel=0.004)


def test_a_load_held_down_by_a_limit_is_sampled_to_the_end_of_a_short_budget() -> None:
    timing = measure(Held(1.12, 0.01), FakePrepared(CALL_S, PASSED), Plan(1.0))
    assert end_s(timing) == pytest.approx(1.0, abs=2 * SAMPLE_S)
    assert timing.stopped.reason == "budget"


def test_a_load_that_hardly_falls_is_not_sampled_for_longer() -> None:
    timing = measure(Held(1.02), FakePrepared(CALL_S, PASSED), Plan(5.0))
    assert loaded_s(timing, REST_S) < 1.5 * MIN_TIME_S


def test_warm_up_takes_its_share_of_the_budget_at_the_most() -> None:
    timing = timed(FakeSpec(noise="white", noise_level=0.5), Plan(2.0))
    longest = 2 * SAMPLE_S * 3
    assert timing.warmup_s <= WARMUP_SHARE * 2.0 + longest


def test_a_quiet_device_converges_after_the_least_time() -> None:
    timing = timed(FakeSpec(noise="white", noise_level=0.001), Plan(10.0))
    assert timing.stopped.reason == "converged"
    assert timing.stopped.precision <= timing.stopped.wanted == 0.01
    assert MIN_TIME_S <= loaded_s(timing, REST_S) <= 1.5 * MIN_TIME_S
    assert len(timing.samples_s) >= MIN_SAMPLES


def test_with_a_small_budget_the_least_time_is_a_share_of_it() -> None:
    timing = timed(FakeSpec(noise="none"), Plan(0.5))
    assert timing.stopped.reason == "converged"
    assert loaded_s(timing, REST_SHARE * 0.5) == pytest.approx(MIN_TIME_SHARE * 0.5, rel=0.2)


def test_bursts_are_looked_for_right_after_a_rest_that_does_not_count_as_load() -> None:
    """The device is hot when it begins, cool for 0.05 s after the rest, and hot again."""
    spec = FakeSpec(noise="none", throttle_after_s=0.3, throttle_to=0.5)
    device = FakeDevice(spec)
    device._heat_s = 0.5
    timing = measure(device, FakePrepared(CALL_S, PASSED), Plan(5.0))
    assert sum(timing.rested_s) * timing.batch_calls == pytest.approx(RESTED_S, rel=0.1)
    assert timing.rested_s[0] == pytest.approx(CALL_S)
    assert timing.stats.burst_s == pytest.approx(CALL_S)
    assert min(timing.samples_s) > 1.9 * CALL_S


def test_no_time_is_spent_on_a_rest_where_a_sample_takes_much_of_the_budget() -> None:
    assert timed(FakeSpec(noise="none"), Plan(1.0), call_s=0.1).rested_s == ()


def test_what_cannot_reach_the_precision_is_noisy_before_the_budget_is_spent() -> None:
    timing = timed(FakeSpec(noise="correlated", noise_level=0.1), Plan(5.0))
    assert timing.stopped.reason == "noisy"
    assert timing.stopped.precision > 0.01
    assert end_s(timing) < 5.0
    assert len(timing.samples_s) >= NOISY_SAMPLES


def test_what_might_still_reach_the_precision_goes_on_to_the_end_of_the_budget() -> None:
    timing = timed(FakeSpec(noise="white", noise_level=0.09), Plan(1.5))
    assert timing.stopped.reason == "budget"
    assert timing.stopped.precision > 0.01
    assert end_s(timing) == pytest.approx(1.5, abs=2 * SAMPLE_S)


def test_the_record_is_kept_to_a_size() -> None:
    timing = timed(FakeSpec(noise="white", noise_level=0.01), Plan(1e3, 1e-3, max_samples=100))
    assert (timing.stopped.reason, timing.stats.samples) == ("budget", 100)


@settings(max_examples=60, deadline=None)
@given(
    noise=st.sampled_from(NOISES),
    level=st.floats(0.0, 0.05),
    call_s=st.floats(1e-6, 0.05),
    budget_s=st.floats(0.5, 4.0),
    seed=st.integers(0, 10_000),
)
def test_the_budget_is_exceeded_by_one_sample_at_the_most(
    noise: str, level: float, call_s: float, budget_s: float, seed: int
) -> None:
    spec = FakeSpec(noise=noise, noise_level=level, seed=seed)
    device = FakeDevice(spec)
    timing = measure(device, FakePrepared(call_s, PASSED), Plan(budget_s))
    least = LEAST_SAMPLES * max(timing.samples_s) * timing.batch_calls
    last = timing.samples_s[-1] * timing.batch_calls
    assert device.now() <= max(budget_s + last, WARMUP_SHARE * budget_s + 3 * least) + 1e-4
    assert timing.at_s[-1] < budget_s or timing.stats.samples == LEAST_SAMPLES


@pytest.mark.parametrize("call_s", [0.2, 1.0, 30.0])
def test_a_call_that_takes_most_of_the_budget_is_made_as_often_as_an_interval_needs(
    call_s: float,
) -> None:
    device = FakeDevice(FakeSpec(noise="none"))
    timing = measure(device, FakePrepared(call_s, PASSED), Plan(0.5))
    assert timing.stats.samples == LEAST_SAMPLES
    assert device.now() <= (LEAST_SAMPLES + 2) * call_s + 1e-3
    assert timing.stopped.reason == "budget"


def test_progress_rises_to_the_end_and_never_above_one() -> None:
    told: list[float] = []
    device = FakeDevice(FakeSpec(noise="white", noise_level=0.09))
    measure(device, FakePrepared(CALL_S, PASSED), Plan(1.5), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("after_s", [0.1, 0.2, 0.35])
def test_burst_and_sustained_are_apart_when_the_device_throttles(after_s: float) -> None:
    spec = FakeSpec(noise="white", noise_level=0.002, throttle_after_s=after_s, throttle_to=0.7)
    timing = timed(spec, Plan(5.0))
    assert timing.stats.burst_s == pytest.approx(CALL_S, rel=0.01)
    assert timing.stats.median_s == pytest.approx(CALL_S / 0.7, rel=0.01)


def test_samples_known_to_be_disturbed_are_kept_and_flagged() -> None:
    timing = timed(FakeSpec(noise="bursts", noise_level=0.05), Plan(2.0))
    slow = {number for number, one in enumerate(timing.samples_s) if one > 1.3 * CALL_S}
    assert 0 < len(timing.disturbed) < timing.stats.samples == len(timing.samples_s)
    assert slow <= set(timing.disturbed)


def test_the_fake_devices_two_clocks_agree() -> None:
    assert timed(FakeSpec(), Plan(1.0)).wall_ratio == pytest.approx(1.0)


def test_a_call_that_does_nothing_still_ends() -> None:
    device = FakeDevice(FakeSpec(noise="none"))
    timing = measure(device, FakePrepared(1e-15, PASSED), Plan(0.01, max_samples=50))
    assert timing.batch_calls >= 1 << 20
    assert math.isfinite(timing.stats.median_s)


@cache
def true_median(noise: str, level: float) -> float:
    """The median of a long series of the noise."""
    model, at_s, factors = Noise(noise, level, 999), 0.0, []
    for _ in range(50_000):
        factor, _ = model.next(at_s)
        factors.append(factor)
        at_s += SAMPLE_S * factor
    return float(np.median(factors)) * CALL_S


REPEATS = 150


@pytest.mark.parametrize("level", [0.005, 0.02, 0.05])
@pytest.mark.parametrize("noise", NOISES)
def test_the_interval_holds_the_true_median_in_nine_runs_of_ten(noise: str, level: float) -> None:
    truth, hits = true_median(noise, level), 0
    for seed in range(REPEATS):
        stats = timed(FakeSpec(noise=noise, noise_level=level, seed=seed), Plan(2.0)).stats
        hits += stats.low_s * (1 - 1e-9) <= truth <= stats.high_s * (1 + 1e-9)
    assert hits / REPEATS >= 0.90
