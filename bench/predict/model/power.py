"""Power of a chip and cost of its tokens, as low, middle and high values.

They are never just board power times time. In decode a chip waits for memory and draws a fraction
of its board power: 137 to 300 of 700 W on an H200 with several kinds of attention (arXiv
2605.11999). If it is bound by arithmetic it draws 85 to 100%, as our own sustained loads do.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.chips.model import Chip

WAITING = (0.20, 0.31, 0.43)
"""Share of board power drawn while waiting for memory: low, middle, high."""
WORKING = (0.85, 0.95, 1.0)
"""Share of board power drawn while the arithmetic units are busy: low, middle, high."""
HOURS = 365.25 * 24
"""Hours per year."""


@dataclass(frozen=True)
class Band:
    """A low, a middle and a high value."""

    low: float
    middle: float
    high: float

    def times(self, factor: float) -> "Band":
        """Returns the band multiplied by a factor."""
        return Band(self.low * factor, self.middle * factor, self.high * factor)

    def each(self, rate: float, bounds: tuple[float, float]) -> "Band":
        """Returns the band per unit of work, widened by the uncertainty of the rate.

        The errors of the band and of the rate are taken as independent: their squares add in log.
        Where the rate may be 0, the band has no upper end.

        Args:
            rate: units of work per unit of time of the band.
            bounds: the interval of the rate.
        """
        slow, fast = bounds
        least = math.hypot(math.log(self.middle / self.low), math.log(fast / rate))
        late = math.log(rate / slow) if slow else math.inf
        most = math.hypot(math.log(self.high / self.middle), late)
        middle = self.middle / rate
        return Band(middle * math.exp(-least), middle, middle * math.exp(most))


def total(parts: Sequence[tuple[float, Band | None]]) -> Band | None:
    """Returns the sum of bands, each times its share; None if one of them is unknown."""
    known = [one.times(share) for share, one in parts if one]
    if len(known) < len(parts):
        return None
    sums = (sum(getattr(one, key) for one in known) for key in ("low", "middle", "high"))
    return Band(*sums)


@dataclass(frozen=True)
class Prices:
    """Assumed cost of ownership; each value is printed with the result.

    Attributes:
        years: depreciation period of a chip.
        kwh: price of electricity, US dollars per kWh.
        pue: power of the building over power of the chips.
        paid: what the user pays for a chip, US dollars by chip; stands before published prices.
        rents: what the user pays for an hour of a chip, US dollars by chip, power included.
        cny: yuan for a US dollar: prices in yuan then stand before those in US dollars; None
            leaves them out.
        sort: whether predictions are sorted by cost, the cheapest first, instead of by rate.
    """

    years: float = 4.0
    kwh: float = 0.10
    pue: float = 1.3
    paid: Mapping[str, float] = field(default_factory=dict)
    rents: Mapping[str, float] = field(default_factory=dict)
    cny: float | None = None
    sort: bool = False


def watts(tdp: float, busy: float) -> Band:
    """Returns the power in W of a chip whose arithmetic units are busy a share of the time.

    Args:
        tdp: board power, W.
        busy: share of the time, from 0 to 1.
    """
    low, middle, high = (
        waiting + (working - waiting) * busy
        for waiting, working in zip(WAITING, WORKING, strict=True)
    )
    return Band(low * tdp, middle * tdp, high * tdp)


def hourly(chip: Chip, power: Band | None, prices: Prices) -> Band | None:
    """Returns the cost of one chip in US dollars per hour; None if its price is unknown.

    The range covers published prices and the power. Server, network and staff are not included,
    except in what the user's rent covers.

    Args:
        chip: with its price.
        power: power drawn, W; None if unknown: the cost is then that of the chip without energy.
        prices: assumed cost of ownership.
    """
    if (rent := prices.rents.get(chip.id)) is not None:
        return Band(rent, rent, rent)
    price = _price(chip, prices)
    if price is None:
        return None
    drawn = [(prices.pue * prices.kwh / 1000, power)] if power else []
    return total([(1 / (prices.years * HOURS), price), *drawn])


def _price(chip: Chip, prices: Prices) -> Band | None:
    """Returns the price of a chip in US dollars: the user's, else the published ones.

    With the user's exchange rate a price in yuan stands before one in dollars, as it is what is
    paid where costs are in yuan; the range covers the prices in both.
    """
    if (paid := prices.paid.get(chip.id)) is not None:
        return Band(paid, paid, paid)
    worth = {"price_cny": 1 / prices.cny} if prices.cny else {}
    published = [
        one.number * usd
        for key, usd in (worth | {"price_usd": 1.0}).items()
        if (figure := chip.figures.get(key)) and figure.number
        for one in (figure, *figure.rivals)
        if one.number and not one.refuted and (one is figure or one.counts is None)
    ]
    return Band(min(published), published[0], max(published)) if published else None
