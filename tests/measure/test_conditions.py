"""What goes on while something is measured: the series, stolen time, whether power was seen."""

import time
from itertools import pairwise

import pytest

from bench.devices.base import Health, Reading
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging.plausible import disturbed_by
from bench.judging.throttle import CALM
from bench.measure import conditions
from bench.measure.conditions import MAX_GAP_S, MIN_POWER_SAMPLES, Watch
from bench.records.model import Conditions

WHOLE = Reading(clock_hz=1e9, power_w=300.0, temperature_c=50.0)


class Scripted(FakeDevice):
    """A device whose readings, counters and clock are given."""

    def __init__(
        self,
        readings: list[Reading],
        at_s: list[float] | None = None,
        healths: list[Health] | None = None,
    ) -> None:
        super().__init__(FakeSpec())
        self.readings = readings
        self.times = [0.0, *(at_s or [float(one) for one in range(len(readings))])]
        self.healths = healths or [Health(), Health()]

    def now(self) -> float:
        return self.times.pop(0)

    def reading(self) -> Reading:
        return self.readings.pop(0)

    def health(self) -> Health:
        return self.healths.pop(0)


def watched(device: Scripted) -> Conditions:
    """What a watch saw that looked as often as there are readings."""
    watch = Watch(device)
    with watch:
        for _ in range(len(device.readings) - 1):
            watch._look()
    return watch.conditions()


def test_the_series_are_those_that_the_device_told() -> None:
    readings = [
        Reading(clock_hz=1e9, temperature_c=40.0),
        Reading(clock_hz=2e9, temperature_c=41.0),
    ]
    assert watched(Scripted(readings, [0.00004, 1.5])) == Conditions(
        at_s=(0.0, 1.5), clock_hz=(1e9, 2e9), temperature_c=(40.0, 41.0)
    )


def test_a_device_that_tells_nothing_has_no_series() -> None:
    assert watched(Scripted([Reading(), Reading(), Reading()])) == Conditions()


def test_a_reading_that_fails_costs_itself_and_not_its_series() -> None:
    """As when a tool has not answered in time, or a driver refuses the clock for once."""
    late = Reading(clock_hz=1.1e9, power_w=310.0, temperature_c=51.0)
    seen = watched(Scripted([WHOLE, Reading(), Reading(power_w=305.0), late, late]))
    assert seen == Conditions(
        at_s=(0.0, 3.0, 4.0), clock_hz=(1e9, 1.1e9, 1.1e9), power_w=(300.0, 310.0, 310.0),
        temperature_c=(50.0, 51.0, 51.0), power_valid=False,
    )  # fmt: skip


def test_a_long_series_is_kept_as_means_of_equal_parts_which_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conditions, "MOST_READINGS", 30)
    powers = [300.0 + (place % 7) for place in range(301)]
    watch = Watch(Scripted([Reading(power_w=one) for one in powers], [0.5 * n for n in range(301)]))
    with watch:
        for _ in range(299):
            watch._look()
    seen = watch.conditions()
    assert len(seen.power_w) == len(seen.at_s) == 30
    assert sum(seen.power_w) / 30 == pytest.approx(sum(powers) / 301, rel=1e-3)
    assert all(abs(later - at - 5) < 0.5 for at, later in pairwise(seen.at_s))
    assert watch.observed() == {"readings_mean_s": 5.0}
    assert seen.power_valid is True


def test_a_series_that_is_seldom_told_is_left_out_and_costs_no_other() -> None:
    seen = watched(Scripted([WHOLE, Reading(power_w=310.0), Reading(power_w=320.0)]))
    assert (seen.clock_hz, seen.temperature_c) == ((), ())
    assert seen.power_w == (300.0, 310.0, 320.0)


def test_power_with_one_gap_that_is_short_is_valid() -> None:
    before, after = [WHOLE] * 5, [WHOLE] * (MIN_POWER_SAMPLES - 5)
    seen = watched(Scripted([*before, Reading(), *after]))
    assert (len(seen.power_w), seen.power_valid) == (MIN_POWER_SAMPLES, True)
    seen = watched(Scripted([*before, *[Reading()] * 3, *after]))  # 4 s between two
    assert (len(seen.power_w), seen.power_valid) == (MIN_POWER_SAMPLES, False)


def test_every_throttle_reason_seen_is_kept_once_in_order() -> None:
    readings = [
        Reading(throttle=("software power cap", "idle")),
        Reading(throttle=("hardware slowdown", "idle")),
    ]
    assert watched(Scripted(readings)).throttle == (
        "hardware slowdown", "idle", "software power cap",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "kept"), [((None, None), None), ((None, ()), ()), ((("idle",), None), ("idle",))]
)
def test_a_device_that_tells_no_reason_is_not_one_that_nothing_held_down(
    told: tuple[tuple[str, ...] | None, ...], kept: tuple[str, ...] | None
) -> None:
    seen = watched(Scripted([Reading(clock_hz=1e9, throttle=one) for one in told]))
    assert seen.throttle == kept


@pytest.mark.parametrize(
    ("before", "after", "steal", "switches", "load"),
    [
        (Health(1.0, 10.0, 100.0, 5), Health(2.0, 11.0, 110.0, 9), 0.1, 4, 2.0),
        (Health(1.0, 10.0, 100.0, 5), Health(2.0, 10.0, 110.0, 5), 0.0, 0, 2.0),
        (Health(1.0, 10.0, 100.0, 5), Health(2.0, 10.0, 100.0, 5), 0.0, 0, 2.0),  # no time passed
        (Health(1.0, 10.0, 100.0, 5), Health(2.0, 30.0, 110.0, 5), 1.0, 0, 2.0),  # counters jump
        (Health(1.0, 10.0, 100.0, 5), Health(2.0, 9.0, 110.0, 5), 0.0, 0, 2.0),
        (Health(None, None, 100.0, None), Health(None, None, 110.0, None), None, None, None),
        (Health(), Health(2.0, 1.0, 1.0, 1), None, None, 2.0),
    ],
)
def test_the_hosts_counters_are_told_as_differences(
    before: Health,
    after: Health,
    steal: float | None,
    switches: int | None,
    load: float | None,
) -> None:
    seen = watched(Scripted([Reading(), Reading()], healths=[before, after]))
    assert seen == Conditions(load_1min=load, steal_fraction=steal, involuntary_switches=switches)


@pytest.mark.parametrize(
    ("count", "gap_s", "valid"),
    [
        (MIN_POWER_SAMPLES, 0.05, True),
        (MIN_POWER_SAMPLES, MAX_GAP_S, True),
        (MIN_POWER_SAMPLES - 1, 0.05, False),
        (MIN_POWER_SAMPLES, MAX_GAP_S + 0.01, False),
        (2, 10.0, False),
    ],
)
def test_power_is_valid_when_it_was_read_often_and_without_a_long_gap(
    count: int, gap_s: float, *, valid: bool
) -> None:
    at_s = [0.05 * number for number in range(count - 1)]
    at_s.append(at_s[-1] + gap_s)
    assert watched(Scripted([WHOLE] * count, at_s)).power_valid is valid


@pytest.mark.parametrize(("gap_s", "valid"), [(7.0, True), (9.0, False)])
def test_a_minute_may_have_one_gap_of_a_tool_that_hung(gap_s: float, *, valid: bool) -> None:
    at_s = [float(number) for number in range(30)]
    at_s += [at_s[-1] + gap_s + number for number in range(30)]
    assert watched(Scripted([WHOLE] * 60, at_s)).power_valid is valid


def test_power_that_was_never_read_is_neither_valid_nor_not() -> None:
    assert watched(Scripted([Reading(clock_hz=1e9)] * 30)).power_valid is None


def test_a_live_device_is_read_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "INTERVAL_S", 0.002)

    class Live(FakeDevice):
        live = True

    watch = Watch(Live())
    with watch:
        deadline = time.monotonic() + 10
        while len(watch._readings) < 30 and time.monotonic() < deadline:
            time.sleep(0.002)
    seen = watch.conditions()
    assert len(seen.at_s) == len(seen.power_w) >= 30
    assert all(earlier <= later for earlier, later in pairwise(seen.at_s))
    assert seen.power_valid is True
    assert watch._thread is not None
    assert not watch._thread.is_alive()


def test_the_watch_ends_with_what_it_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "INTERVAL_S", 0.002)

    class Live(FakeDevice):
        live = True

    watch = Watch(Live())
    with pytest.raises(ValueError, match="broke"), watch:
        raise ValueError("broke")
    assert watch._thread is not None
    assert not watch._thread.is_alive()


@pytest.mark.parametrize(
    ("throttle", "disturbing"),
    [
        ((), ()),
        (tuple(sorted(CALM)), ()),
        (("hardware slowdown", "idle"), ("hardware slowdown",)),
        (
            ("power brake", "software thermal slowdown"),
            ("power brake", "software thermal slowdown"),
        ),
    ],
)
def test_only_reasons_that_say_something_went_wrong_disturb(
    throttle: tuple[str, ...], disturbing: tuple[str, ...]
) -> None:
    assert disturbed_by(Conditions(throttle=throttle)) == disturbing


def test_the_share_of_its_cores_that_a_process_got_is_told() -> None:
    """Two threads that got 3 s of CPU time in 2 s had three quarters of their cores."""
    before = Health(cpu_s=10.0, at_s=100.0, threads=2)
    after = Health(cpu_s=13.0, at_s=102.0, threads=2)
    seen = watched(Scripted([Reading(), Reading()], healths=[before, after]))
    assert seen.cpu_share == 0.75


def test_a_device_that_is_not_the_process_has_no_share_of_cores() -> None:
    assert watched(Scripted([Reading(), Reading()])).cpu_share is None


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ((1, 0), (4, 1), {"ecc_corrected": 3.0, "ecc_uncorrected": 1.0}),
        ((4, 1), (0, 1), {"ecc_corrected": 0.0, "ecc_uncorrected": 0.0}),  # counters start anew
        (None, (4, 1), {}),
    ],
)
def test_memory_errors_are_those_of_the_measurement(
    before: tuple[int, int] | None, after: tuple[int, int], seen: dict[str, float]
) -> None:
    watch = Watch(Scripted([Reading()] * 2, None, [Health(ecc=before), Health(ecc=after)]))
    with watch:
        pass
    assert watch.observed() == seen
