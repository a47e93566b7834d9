"""Devices that differ from their fleet: a robust rule whose false alarms are known.

A device's distance is (rate - median) / (1.4826 x median absolute deviation), which one strange
device cannot hide itself in. How large it must be to be told from chance depends on the number of
devices: it is the distance that the farthest of so many normal values exceeds in a stated share of
fleets. That is Bonferroni's correction without its approximation, and heeds that the deviation
itself is estimated from few devices. Small fleets are simulated as a whole; of larger ones the
deviation is, and the farthest of values that are independent of it has its exact distribution.

A device that was measured less surely than is usual must be farther away: what the variance of its
own error exceeds the usual one by is added to that of the fleet.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, median

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM = 0.05
"""Share of figures in which a fleet that differs by chance alone has an outlier named."""
LEAST_DEVICES = 5
"""Fewer have no deviation worth its name."""
TO_NORMAL = 1.4826
"""Median absolute deviation to standard deviation, of normal data."""
DIFFERS = 0.01
"""Where more than half are the same to the digit, such as a memory's size, 1% is a difference."""

FLEETS = 20_000
WHOLE = 64
"""Fleets of up to so many devices are simulated as a whole."""
MOST_SIMULATED = 512
"""The largest fleet whose deviation is simulated; that of larger ones scatters by its root less."""
BATCH = 1000


@dataclass(frozen=True)
class Outlier:
    """A device that differs: its number, its distance, None where more than half are the same."""

    number: int
    distance: float | None


def outliers(
    rates: Mapping[int, float],
    level: float = FALSE_ALARM,
    errors: Mapping[int, float] | None = None,
) -> tuple[Outlier, ...]:
    """Returns the devices that differ from the rest, the farthest first.

    Args:
        rates: by the number of the device.
        level: share of fleets without any difference in which one is named.
        errors: standard errors of the rates, where they are known.
    """
    if len(rates) < LEAST_DEVICES:
        return ()
    middle = median(rates.values())
    deviation = TO_NORMAL * median(abs(one - middle) for one in rates.values())
    if deviation == 0.0:
        apart = (number for number, one in rates.items() if abs(one / middle - 1) > DIFFERS)
        return tuple(Outlier(number, None) for number in apart)
    own, usual = errors or {}, median((errors or {0: 0.0}).values())
    limit, found = limit_of(len(rates), level), []
    for number, one in rates.items():
        excess = max(0.0, own.get(number, 0.0) ** 2 - usual**2)
        distance = (one - middle) / math.sqrt(deviation**2 + excess)
        if abs(distance) > limit:
            found.append(Outlier(number, distance))
    return tuple(sorted(found, key=lambda one: -abs(one.distance or 0.0)))


@cache
def limit_of(devices: int, level: float = FALSE_ALARM) -> float:
    """Returns the distance that the farthest of so many devices exceeds by chance.

    Args:
        devices: 5 or more; their rates are taken to be normal.
        level: share of fleets in which it does.
    """
    farthest, deviations = _simulated(min(devices, MOST_SIMULATED))
    if devices <= WHOLE:
        return float(np.quantile(farthest, 1 - level))
    scatter = np.sqrt(min(devices, MOST_SIMULATED) / devices)
    return _solved(1 + (deviations - 1) * scatter, devices, level)


@cache
def _simulated(devices: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns, of fleets of normal values, the farthest's distance and the deviation."""
    draw = np.random.default_rng(devices)
    farthest, deviations = np.empty(FLEETS), np.empty(FLEETS)
    for start in range(0, FLEETS, BATCH):
        drawn = draw.standard_normal((BATCH, devices))
        drawn -= np.median(drawn, axis=1, keepdims=True)
        away = np.abs(drawn, out=drawn)
        most = away.max(axis=1)
        deviations[start : start + BATCH] = TO_NORMAL * np.median(away, axis=1)
        farthest[start : start + BATCH] = most / deviations[start : start + BATCH]
    return farthest, deviations


def _solved(deviations: NDArray[np.float64], devices: int, level: float) -> float:
    """Returns the limit that the farthest of ``devices`` exceeds in a share ``level`` of fleets."""
    low, high = 1.0, 20.0
    bins, edges = np.histogram(deviations, 200)
    middles = (edges[:-1] + edges[1:]) / 2
    while high - low > 1e-4:
        limit = (low + high) / 2
        tails = np.array([math.erfc(limit * one / math.sqrt(2)) for one in middles])
        exceeded = float(np.average(-np.expm1(devices * np.log1p(-tails)), weights=bins))
        low, high = (limit, high) if exceeded > level else (low, limit)
    return high


def found_share(slow: float, deviation: float, devices: int, level: float) -> float:
    """Returns how often a device that is slower by ``slow`` is named, 0 to 1.

    Args:
        slow: relative, above 0.
        deviation: of the devices, relative; normal.
        devices: in the fleet.
        level: share of fleets without any difference in which one is named.
    """
    return NormalDist().cdf(slow / deviation - limit_of(devices, level))


def least_found(share: float, deviation: float, devices: int, level: float) -> float:
    """Returns how much slower a device must be to be named in a share of cases, relative."""
    return deviation * (limit_of(devices, level) + NormalDist().inv_cdf(share))
