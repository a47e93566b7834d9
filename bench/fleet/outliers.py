"""Finds devices that differ from their fleet, by a robust rule with a known false-alarm rate.

A device's distance is (rate - median) / (1.4826 x median absolute deviation), a scale that a single
outlier cannot inflate. The limit depends on the number of devices: it is the distance that the
farthest of as many normal values exceeds in a stated share of fleets. Unlike Bonferroni's
correction it is exact, and it allows for the deviation being estimated from few devices. Small
fleets are simulated as a whole. For larger ones only the deviation is simulated; the farthest of
values independent of it has a known distribution.

A device measured with more error than usual must be farther away: the excess of its error variance
over the usual one is added to the fleet's variance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, median

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM = 0.05
"""Share of figures in which a fleet without any real difference has an outlier named."""
LEAST_DEVICES = 5
"""The fewest devices for a meaningful deviation."""
TO_NORMAL = 1.4826
"""Median absolute deviation to standard deviation, of normal data."""
DIFFERS = 0.01
"""If more than half are identical, such as memory sizes, a difference of 1% counts."""

FLEETS = 20_000
WHOLE = 64
"""Fleets of up to this many devices are simulated as a whole."""
MOST_SIMULATED = 512
"""The largest fleet whose deviation is simulated; beyond, its error falls with the square root."""
BATCH = 1000


@dataclass(frozen=True)
class Outlier:
    """A device that differs: its number and distance (None if more than half are identical)."""

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
        level: share of fleets without any real difference in which a device is named.
        errors: standard errors of the rates, if they are known.
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
    """Returns the distance that the farthest of this many devices exceeds by chance.

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
    """Returns the farthest distance and the deviation of simulated fleets of normal values."""
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
    """Returns the probability that a device slower by ``slow`` is named.

    Args:
        slow: relative, above 0.
        deviation: of the devices, relative; normal.
        devices: the number in the fleet.
        level: share of fleets without any real difference in which a device is named.
    """
    return NormalDist().cdf(slow / deviation - limit_of(devices, level))


def least_found(share: float, deviation: float, devices: int, level: float) -> float:
    """Returns how much slower a device must be to be named in a share of cases, relative."""
    return deviation * (limit_of(devices, level) + NormalDist().inv_cdf(share))
