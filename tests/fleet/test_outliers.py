"""Outliers of a fleet are named as often as stated, and with their cause."""

import numpy as np
import pytest

from bench.archive.entry import What
from bench.fleet.cause import TypicalReadings
from bench.fleet.gather import Level
from bench.fleet.outliers import detectable_slowdown, detection_probability, limit_of, outliers

COPY = What("memory_bandwidth", "memory", "fp32", "normal", "copy", "", "B/s", True, "")
GEMM = What("matrix_bf16", "gemm", "bf16", "normal", "", "", "FLOP/s", True, "")
LINK = What("pcie_bandwidth_oneway", "host_link", "fp32", "normal", "", "", "B/s", True, "")


def level(clock: float | None = 1.8e9, warm: float = 60.0, **reasons: float) -> Level:
    """What a device reached, as far as a cause is looked for in it."""
    told = {name.replace("_", " "): share for name, share in reasons.items()}
    return Level(1.0, 0.001, clock, warm, told, 0.0, 1)


@pytest.mark.parametrize(
    ("what", "seen", "away", "said"),
    [
        (GEMM, level(), -0.05, "slow chip at full clock"),
        (GEMM, level(clock=None), -0.05, "slow chip, its clock is not known"),
        (COPY, level(), -0.05, "slow memory at full clock"),
        (COPY, level(clock=1.71e9), -0.05,
         "slow memory, clock -5.0%, on which it depends little"),
        (LINK, level(), -0.05, "slow link"),
        (LINK, level(clock=1.71e9), -0.05, "slow link"),
        (GEMM, level(clock=1.71e9), -0.05, "low clock: clock -5.0%"),
        (GEMM, level(clock=1.71e9, warm=80.0), -0.05, "hot: clock -5.0%, 20 °C warmer"),
        (GEMM, level(clock=1.71e9, power_brake=1.0), -0.05,
         "throttled: clock -5.0% (power brake)"),
        (GEMM, level(clock=1.79e9, power_brake=1.0), -0.05,
         "slow chip at full clock (also power brake)"),
        (GEMM, level(clock=1.71e9, usual_cap=1.0), -0.05, "low clock: clock -5.0%"),
    ],
)  # fmt: skip
def test_a_cause_follows_from_clock_heat_and_reasons(
    what: What, seen: Level, away: float, said: str
) -> None:
    usual = TypicalReadings.of([level(usual_cap=1.0)] * 9)
    assert usual.cause(what, seen, away) == said


@pytest.mark.parametrize("devices", [8, 40, 200, 1000])
@pytest.mark.parametrize("share", [0.05, 0.01])
def test_chance_names_a_device_as_often_as_stated(devices: int, share: float) -> None:
    draw = np.random.default_rng(devices)
    fleets = 1500
    drawn = 100 + draw.standard_normal((fleets, devices))
    away = np.abs(drawn - np.median(drawn, axis=1, keepdims=True))
    farthest = away.max(axis=1) / (1.4826 * np.median(away, axis=1))
    named = float((farthest > limit_of(devices, share)).mean())
    assert abs(named - share) < 3.5 * (share / fleets) ** 0.5


def test_a_device_5_percent_slow_is_found_and_no_other() -> None:
    draw = np.random.default_rng(4)
    found = false = 0
    for _ in range(100):
        rates = np.exp(draw.normal(0, 0.006, 1000))
        rates[17] *= 0.95
        named = {one.number for one in outliers(dict(enumerate(map(float, rates))), 0.005)}
        found += 17 in named
        false += bool(named - {17})
    assert found >= 97
    assert false <= 4


def test_a_device_that_was_measured_less_surely_must_be_farther_away() -> None:
    draw = np.random.default_rng(8)
    rates = dict(enumerate(map(float, draw.normal(1.0, 0.003, 200))))
    rates[7] = 0.96
    sure = dict.fromkeys(rates, 0.002)
    assert {one.number for one in outliers(rates, 0.01, sure)} == {7}
    assert not outliers(rates, 0.01, {**sure, 7: 0.02})
    assert {one.number for one in outliers(rates, 0.01, {**sure, 9: 0.02})} == {7}


def test_what_a_plan_promises_is_what_is_found() -> None:
    devices, deviation, level = 500, 0.006, 0.005
    slow = detectable_slowdown(0.9, deviation, devices, level)
    assert detection_probability(slow, deviation, devices, level) == pytest.approx(0.9)
    draw = np.random.default_rng(6)
    found = 0
    for _ in range(300):
        rates = draw.normal(1.0, deviation, devices)
        rates[0] -= slow
        found += 0 in {one.number for one in outliers(dict(enumerate(map(float, rates))), level)}
    assert abs(found / 300 - 0.9) < 0.06
