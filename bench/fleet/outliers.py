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
from dataclasses import dataclass, replace
from functools import cache
from statistics import NormalDist, median

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM = 0.002
"""Share of figures in which a fleet without any real difference has an outlier named."""
LEAST = 0.01
"""Relative differences below this are not named."""
LEAST_DEVICES = 5
"""The fewest devices for a meaningful deviation."""
SOME_COMPARED = "; 'run device=all' says which device of one machine is slowest by more than noise"
"""What to do about fewer devices than that."""
TO_NORMAL = 1.4826
"""Ratio of standard deviation to median absolute deviation, for normal data."""
DIFFERS = 0.01
"""If more than half of the values are identical, as with memory sizes, this difference counts."""

SIMULATED_FLEETS = 20_000
"""Number of fleets in a simulation."""
MAX_FULLY_SIMULATED = 64
"""Fleets of up to this many devices are simulated completely."""
MOST_SIMULATED = 512
"""The largest fleet whose deviation is simulated; beyond, its error falls with the square root."""
BATCH = 1000
"""Number of fleets simulated at once."""


@dataclass(frozen=True)
class Outlier:
    """A device that differs from its fleet.

    Attributes:
        number: the device's number.
        distance: distance from the median in robust standard deviations; None if more than half of
            the values are identical.
    """

    number: int
    distance: float | None


@dataclass(frozen=True)
class Compared:
    """Devices compared on one rate.

    Attributes:
        middle: median rate; of an even number, the geometric mean of the two in the middle.
        deviation: relative robust standard deviation of the rates.
        log_ratios: logarithm of each device's rate over the median, by its number.
        outliers: devices that differ by more than chance and by enough to matter, the farthest
            first.
    """

    middle: float
    deviation: float
    log_ratios: Mapping[int, float]
    outliers: tuple[Outlier, ...]

    def distance(self, number: int) -> float | None:
        """Returns a device's distance in robust deviations; None if more than half are alike."""
        return self.log_ratios[number] / self.deviation if self.deviation else None


def compare_devices(
    rates: Mapping[int, float],
    errors: Mapping[int, float],
    level: float = FALSE_ALARM,
    least: float = LEAST,
) -> Compared:
    """Returns how devices compare on one rate, judged on logarithms.

    Args:
        rates: rate of each device, by its number; more is better.
        errors: relative standard error of each rate.
        level: share of fleets without any real difference in which a device is named.
        least: smaller relative differences are not named.
    """
    logs = {number: math.log(rate) for number, rate in rates.items()}
    centre = median(logs.values())
    ratios = {number: log_rate - centre for number, log_rate in logs.items()}
    deviation = TO_NORMAL * median(map(abs, ratios.values()))
    shifted = {number: ratio + 1 for number, ratio in ratios.items()}
    compared = Compared(math.exp(centre), deviation, ratios, ())
    found = tuple(
        Outlier(one.number, compared.distance(one.number))
        for one in outliers(shifted, level, errors)
        if abs(math.expm1(ratios[one.number])) >= least
    )
    return replace(compared, outliers=found)


def outliers(
    rates: Mapping[int, float],
    level: float = FALSE_ALARM,
    errors: Mapping[int, float] | None = None,
) -> tuple[Outlier, ...]:
    """Returns the devices that differ from the rest, the farthest first.

    Args:
        rates: rate of each device, by its number.
        level: false-alarm rate: share of fleets without any real difference in which a device is
            named.
        errors: standard error of each rate, if known.
    """
    if len(rates) < LEAST_DEVICES:
        return ()
    middle = median(rates.values())
    deviation = TO_NORMAL * median(abs(rate - middle) for rate in rates.values())
    if deviation == 0.0:
        different = (number for number, rate in rates.items() if abs(rate / middle - 1) > DIFFERS)
        return tuple(Outlier(number, None) for number in different)
    errors_by_device, usual_error = errors or {}, median((errors or {0: 0.0}).values())
    limit, found = limit_of(len(rates), level), []
    for number, rate in rates.items():
        excess = max(0.0, errors_by_device.get(number, 0.0) ** 2 - usual_error**2)
        distance = (rate - middle) / math.sqrt(deviation**2 + excess)
        if abs(distance) > limit:
            found.append(Outlier(number, distance))
    return tuple(sorted(found, key=lambda outlier: -abs(outlier.distance or 0.0)))


@cache
def limit_of(devices: int, level: float = FALSE_ALARM) -> float:
    """Returns the distance that the farthest of this many devices exceeds by chance.

    Args:
        devices: number of devices, 5 or more; their rates are taken to be normal.
        level: share of fleets in which the farthest device exceeds the distance.
    """
    farthest, deviations = _simulate(min(devices, MOST_SIMULATED))
    if devices <= MAX_FULLY_SIMULATED:
        return float(np.quantile(farthest, 1 - level))
    scatter = np.sqrt(min(devices, MOST_SIMULATED) / devices)
    return _solve_limit(1 + (deviations - 1) * scatter, devices, level)


@cache
def _simulate(devices: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the farthest distance and the deviation of simulated fleets of normal values."""
    generator = np.random.default_rng(devices)
    farthest, deviations = np.empty(SIMULATED_FLEETS), np.empty(SIMULATED_FLEETS)
    for start in range(0, SIMULATED_FLEETS, BATCH):
        values = generator.standard_normal((BATCH, devices))
        values -= np.median(values, axis=1, keepdims=True)
        distances = np.abs(values, out=values)
        largest = distances.max(axis=1)
        deviations[start : start + BATCH] = TO_NORMAL * np.median(distances, axis=1)
        farthest[start : start + BATCH] = largest / deviations[start : start + BATCH]
    return farthest, deviations


def _solve_limit(deviations: NDArray[np.float64], devices: int, level: float) -> float:
    """Returns the limit that the farthest of ``devices`` exceeds in a share ``level`` of fleets."""
    low, high = 1.0, 20.0
    bins, edges = np.histogram(deviations, 200)
    middles = (edges[:-1] + edges[1:]) / 2
    while high - low > 1e-4:
        limit = (low + high) / 2
        tails = np.array([math.erfc(limit * middle / math.sqrt(2)) for middle in middles])
        exceeded = float(np.average(-np.expm1(devices * np.log1p(-tails)), weights=bins))
        low, high = (limit, high) if exceeded > level else (low, limit)
    return high


def detection_probability(slow: float, deviation: float, devices: int, level: float) -> float:
    """Returns the probability that a device slower by ``slow`` is named.

    Args:
        slow: relative slowdown, above 0.
        deviation: relative standard deviation between devices; normal.
        devices: number of devices in the fleet.
        level: share of fleets without any real difference in which a device is named.
    """
    return NormalDist().cdf(slow / deviation - limit_of(devices, level))


def detectable_slowdown(share: float, deviation: float, devices: int, level: float) -> float:
    """Returns the relative slowdown that is found in a share ``share`` of cases."""
    return deviation * (limit_of(devices, level) + NormalDist().inv_cdf(share))
