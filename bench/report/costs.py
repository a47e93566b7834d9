"""Energy and cost of tokens as a table tells them: with the range of power, price and rate."""

from bench.predict.model.power import Band, Prices, hourly
from bench.report.answered import Answered
from bench.report.digits import NONE
from bench.units import significant

INNER = 0.8
"""The interval of the rate that is counted in."""


def energy(at: Answered, place: int) -> Band | None:
    """Returns joules a token of one chip at one point; None where its board power is unknown."""
    power = at.power(place)
    return _each(power, at, place, 1.0) if power else None


def cost(at: Answered, place: int, prices: Prices) -> Band | None:
    """Returns US dollars a million tokens; None where nobody published a price or the power."""
    power = at.power(place)
    hour = hourly(at.chip, power, prices) if power else None
    return _each(hour, at, place, 3600 / 1e6) if hour else None


def banded(band: Band | None) -> str:
    """Returns the middle with the range in brackets."""
    if band is None:
        return NONE
    low, middle, high = (significant(one, 2) for one in (band.low, band.middle, band.high))
    return f"{middle} ({low}–{high})"


def costs_said(prices: Prices) -> str:
    """Returns what the two columns hold, and what they leave out."""
    return (
        f"J/token: chips alone. USD/Mtoken: a sourced price over {prices.years:g} years and "
        f"{prices.kwh:g} USD/kWh at PUE {prices.pue:g}, always busy; no server, network or staff. "
        "In brackets the range from power, price and the rate's 80% interval."
    )


def _each(band: Band, at: Answered, place: int, scale: float) -> Band:
    return band.each(at.rates[place] * scale, at.half(INNER)[place])
