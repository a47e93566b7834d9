"""Energy and cost of tokens: low, middle and high, never board power times time alone.

A chip that decodes waits for memory and takes a fraction of its board power: 137 to 300 of 700 W
on an H200 over several attentions (arXiv 2605.11999). One that is bound by arithmetic takes nearly
all of it: 85 to 100%, as our own sustained loads do.
"""

import math
from dataclasses import dataclass

from bench.chips.model import Chip

WAITING = (0.20, 0.31, 0.43)
"""Shares of board power while memory is waited for."""
WORKING = (0.85, 0.95, 1.0)
"""Shares of board power while the arithmetic units work."""
HOURS = 365.25 * 24


@dataclass(frozen=True)
class Band:
    """A low, a middle and a high value."""

    low: float
    middle: float
    high: float

    def times(self, factor: float) -> "Band":
        """Returns the band multiplied."""
        return Band(self.low * factor, self.middle * factor, self.high * factor)

    def each(self, rate: float, half: float) -> "Band":
        """Returns the band of one unit of work, with what is not known of the rate in it.

        What moves the band is taken to be independent of what moves the rate: in logs, squares add.

        Args:
            rate: units of work in the band's unit of time.
            half: half-width of the interval of the rate's log.
        """
        least = math.hypot(math.log(self.middle / self.low), half)
        most = math.hypot(math.log(self.high / self.middle), half)
        middle = self.middle / rate
        return Band(middle * math.exp(-least), middle, middle * math.exp(most))


@dataclass(frozen=True)
class Prices:
    """What ownership costs; every one an assumption that is printed.

    Attributes:
        years: over which a chip is written off.
        kwh: US dollars a kilowatt-hour.
        pue: power of the building over that of the chips.
    """

    years: float = 4.0
    kwh: float = 0.10
    pue: float = 1.3


def watts(tdp: float, busy: float) -> Band:
    """Returns the power of a chip whose arithmetic units work a share ``busy`` of the time."""
    low, middle, high = (
        waiting + (working - waiting) * busy
        for waiting, working in zip(WAITING, WORKING, strict=True)
    )
    return Band(low * tdp, middle * tdp, high * tdp)


def hourly(chip: Chip, power: Band, prices: Prices) -> Band | None:
    """Returns US dollars an hour of one chip, by its sourced price; None where there is none.

    The range is that of published prices and of the power; server, network and staff are not in.
    """
    figure = chip.figures.get("price_usd")
    if figure is None or figure.number is None:
        return None
    rivals = [one.number for one in figure.rivals if one.number and not one.refuted]
    asked = sorted([figure.number, *rivals])
    spread = Band(asked[0], figure.number, asked[-1]).times(1 / (prices.years * HOURS))
    drawn = power.times(prices.pue * prices.kwh / 1000)
    return Band(spread.low + drawn.low, spread.middle + drawn.middle, spread.high + drawn.high)
