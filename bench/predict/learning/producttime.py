"""One chip's products as they are predicted: what users are told, and what validation tests.

The middle is the formula's time, moved by the chip's departure, or that of the chip's own fit. No
product of the tables is faster than its published rate allows: nothing is predicted below that.
"""

import math
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.expected import departure
from bench.predict.learning.pooled import LEVELS, Departures
from bench.predict.learning.product import Products, Shapes, seconds
from bench.predict.learning.refined import OwnProducts
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import Stack

NORMAL = (1.2816, 1.9600)
"""Quantiles of the normal distribution for ``LEVELS``."""


@dataclass(frozen=True)
class ProductTimes:
    """Products on one chip, one a place of every array.

    Attributes:
        seconds: predicted.
        least: seconds at the published rate. What is bound by memory has no such bound: it may lie
            in a cache.
        halves: half-widths of the interval of log time by level, the model's part.
    """

    seconds: Array
    least: Array
    halves: tuple[Array, ...]

    def bounds(self, place: int, level: float, sheet: float = 0.0) -> tuple[float, float]:
        """Returns the interval of one product's time, in s.

        Args:
            place: of the product.
            level: one of ``LEVELS``.
            sheet: half-width of log time that rival published figures add. Users are told of it;
                validation leaves it out: it asks whether the model's own part is as wide as its
                errors, which disputes over a few sheets (three of ten chips, all about bandwidth)
                would only hide.
        """
        half = float(self.halves[LEVELS.index(level)][place]) + sheet
        middle, least = float(self.seconds[place]), float(self.least[place])
        return max(middle * math.exp(-half), least), max(middle * math.exp(half), least)


def of_all(
    chip: Facts, one: Shapes, how: Products, departed: Departures, stack: Stack
) -> ProductTimes:
    """Returns products by what all chips say of them.

    Args:
        chip: whose.
        one: the products.
        how: the formula that was fitted.
        departed: how chips depart from it.
        stack: for a chip of unknown power alone.
    """
    shift, halves = departure(chip, departed, stack)
    took = seconds(one, how) * math.exp(shift)
    return _told(one, took, tuple(np.full(len(took), half) for half in halves))


def of_its_own(one: Shapes, own: OwnProducts) -> ProductTimes:
    """Returns products by what was measured of the chip itself."""
    took, spread = own.seconds(one)
    return _told(one, took, tuple(normal * spread for normal in NORMAL))


def _told(one: Shapes, took: Array, halves: tuple[Array, ...]) -> ProductTimes:
    least = np.asarray(2 * one.m * one.n * one.k / one.rate)
    return ProductTimes(np.maximum(took, least), least, halves)
