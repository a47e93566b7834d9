"""Devices that differ from their fleet: a robust rule whose false alarms are known.

A device's distance is (rate - median) / (1.4826 x median absolute deviation), which one strange
device cannot hide itself in. How large it must be to be told from chance depends on the number of
devices: it is the distance that the farthest of so many normal values exceeds in 5% of fleets,
found by simulating them. That is Bonferroni's correction without its approximation, and heeds
that the deviation itself is estimated from few devices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from statistics import median

import numpy as np

FALSE_ALARM = 0.05
"""Share of figures in which a fleet that differs by chance alone has an outlier named."""
LEAST_DEVICES = 5
"""Fewer have no deviation worth its name."""
TO_NORMAL = 1.4826
"""Median absolute deviation to standard deviation, of normal data."""
DIFFERS = 0.01
"""Where more than half are the same to the digit, such as a memory's size, 1% is a difference."""

FLEETS = 4000
MOST_SIMULATED = 512
"""The largest fleet that is simulated; larger ones take its limit, scaled as that of the normal."""


@dataclass(frozen=True)
class Outlier:
    """A device that differs: its number, its distance, None where more than half are the same."""

    number: int
    distance: float | None


def outliers(rates: Mapping[int, float]) -> tuple[Outlier, ...]:
    """Returns the devices that differ from the rest, the farthest first.

    Args:
        rates: by the number of the device.
    """
    if len(rates) < LEAST_DEVICES:
        return ()
    middle = median(rates.values())
    deviation = TO_NORMAL * median(abs(one - middle) for one in rates.values())
    if deviation == 0.0:
        apart = (number for number, one in rates.items() if abs(one / middle - 1) > DIFFERS)
        return tuple(Outlier(number, None) for number in apart)
    limit = limit_of(len(rates))
    found = [
        Outlier(number, (one - middle) / deviation)
        for number, one in rates.items()
        if abs(one - middle) > limit * deviation
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.distance or 0.0)))


@cache
def limit_of(devices: int) -> float:
    """Returns the distance that the farthest of so many devices exceeds by chance in 5% of fleets.

    Args:
        devices: 5 or more; their rates are taken to be normal.
    """
    simulated = min(devices, MOST_SIMULATED)
    drawn = np.random.default_rng(simulated).standard_normal((FLEETS, simulated))
    drawn -= np.median(drawn, axis=1, keepdims=True)
    away = np.abs(drawn)
    farthest = away.max(axis=1) / (TO_NORMAL * np.median(away, axis=1))
    limit = float(np.quantile(farthest, 1 - FALSE_ALARM))
    return limit * _normal(devices) / _normal(simulated)


def _normal(devices: int) -> float:
    """Returns Bonferroni's limit for normal values of known deviation."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(1 - FALSE_ALARM / (2 * devices))
