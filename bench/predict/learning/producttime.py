"""Predicted times of one chip's matrix products, as shown to users and as validated.

The central value is the formula's time, shifted by the chip's departure, or the time of the chip's
own fit. No product in the tables is faster than its published rate allows, so nothing is predicted
below that time.
"""

import math
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.departure import departure
from bench.predict.learning.ownproducts import OwnProducts
from bench.predict.learning.pooling import COVERAGES, Departures
from bench.predict.learning.product import Products, Shapes, seconds
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import Stack

QUANTILES = (1.2816, 1.9600)
"""Two-sided quantiles of the normal distribution at ``COVERAGES``."""


@dataclass(frozen=True)
class ProductTimes:
    """Products on one chip; each array has one value per product.

    Attributes:
        seconds: predicted time, s.
        least: time of the FLOP at the published rate, s, a lower bound. Memory traffic gives no
            such bound, because data may be in a cache.
        halves: the model's part of the interval: half-widths in log time, one array per level.
    """

    seconds: Array
    least: Array
    halves: tuple[Array, ...]

    def bounds(self, place: int, level: float, sheet: float = 0.0) -> tuple[float, float]:
        """Returns the interval of one product's time, s.

        Args:
            place: index of the product.
            level: one of ``COVERAGES``.
            sheet: half-width of log time that rival published figures add. Users see it, but
                validation leaves it out. Validation asks whether the model's own part is as wide as
                its errors; disputes over a few sheets (three of ten chips, all about bandwidth)
                would only hide the answer.
        """
        half = float(self.halves[COVERAGES.index(level)][place]) + sheet
        middle, least = float(self.seconds[place]), float(self.least[place])
        return max(middle * math.exp(-half), least), max(middle * math.exp(half), least)


def from_all_chips(
    chip: Facts, work: Shapes, params: Products, departures: Departures, stack: Stack
) -> ProductTimes:
    """Returns times predicted by the fit on all chips.

    Args:
        chip: facts of the chip.
        work: the products.
        params: fitted parameters.
        departures: departures of chips from the fit.
        stack: fitted software stack, used only if the chip's board power is unknown.
    """
    shift, halves = departure(chip, departures, stack)
    times = seconds(work, params) * math.exp(shift)
    return _bounded(work, times, tuple(np.full(len(times), half) for half in halves))


def from_own_fit(work: Shapes, own: OwnProducts) -> ProductTimes:
    """Returns times predicted by the fit on the chip's own products."""
    times, spread = own.seconds(work)
    return _bounded(work, times, tuple(normal * spread for normal in QUANTILES))


def _bounded(work: Shapes, times: Array, halves: tuple[Array, ...]) -> ProductTimes:
    """Returns times in s that are at least those at the published rate."""
    least = np.asarray(2 * work.m * work.n * work.k / work.rate)
    return ProductTimes(np.maximum(times, least), least, halves)
