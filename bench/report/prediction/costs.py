"""Energy and cost per token, with the range from power, prices and predicted rate."""

import math
from collections.abc import Collection, Iterator, Sequence

from bench.chips.model import SERVER, Chip, Figure
from bench.chips.variants import is_of_all
from bench.predict.learning.pooling import COVERAGE_80
from bench.predict.model.power import WAITING, WORKING, Band, Prices, hourly, total
from bench.report.prediction.answered import Answered, Side
from bench.report.text.digits import NONE
from bench.units import significant
from bench.words import listed

NO_PRICE = ": give price= or rent=."
OWN_PRICE = "price= sets another."
NAMED = 3
"""Most chips without a price or power that a line names."""
CNY_NOTE = "; CNY {:g} for USD 1, prices in CNY first (CSV and JSON in USD)"


POWER = (
    f"Their power is taken, for every chip, as {WAITING[0]:.0%} to {WAITING[2]:.0%} of board power "
    "while waiting for memory (an H200, arXiv 2605.11999) and "
    f"{WORKING[0]:.0%} to {WORKING[2]:.0%} while computing (runs of ours); at full board power "
    f"J/token would be up to {1 / WAITING[1]:.2g} times as high (CSV and JSON have it)."
)
"""On what the power behind energies rests."""


def energy(at: Answered, point: int) -> Band | None:
    """Returns J/token at one point; None if a board power is unknown."""
    power = at.power(point)
    return _per_token(power, at, point, 1.0) if power else None


def energy_at_tdp(at: Answered, point: int) -> float | None:
    """Returns J/token at one point at full board power; None if a board power is unknown."""
    watts = [one.share * one.tdp for one in at.sides if one.tdp is not None]
    return sum(watts) / at.rates[point] if len(watts) == len(at.sides) else None


def cost(at: Answered, point: int, prices: Prices) -> Band | None:
    """Returns USD per million tokens at one point; None without a price.

    A chip whose power is unknown has a cost without energy, as ``lacking_lines`` says.
    """
    hours = ((one.share, hourly(one.chip, one.power(point), prices)) for one in at.sides)
    hour = total([*hours])
    return _per_token(hour, at, point, 3600 / 1e6) if hour else None


def cost_order(at: Answered, point: int, prices: Prices) -> float:
    """Returns the cost at one point as a sort key: infinite without a price."""
    found = cost(at, point, prices)
    return found.middle if found else math.inf


def cost_unit(prices: Prices) -> str:
    """Returns the unit of costs in tables: yuan if the user gives their rate, else US dollars."""
    return f"{'CNY' if prices.cny else 'USD'}/Mtoken"


def cost_text(at: Answered, point: int, prices: Prices) -> str:
    """Returns the cost at one point in ``cost_unit``, with the range in brackets."""
    dollars = cost(at, point, prices)
    return with_range(dollars.times(prices.cny or 1.0) if dollars else None)


def with_range(band: Band | None) -> str:
    """Returns the middle value with the range in brackets, which may have no upper end."""
    if band is None:
        return NONE
    low, middle, high = (significant(one, 2) for one in (band.low, band.middle, band.high))
    return f"{middle} ({low}–{high})" if math.isfinite(band.high) else f"{middle} (from {low})"


def costs_note(prices: Prices) -> str:
    """Returns what the columns of energy and cost include and what they leave out."""
    currency = "CNY" if prices.cny else "USD"
    kwh = f"{prices.kwh * (prices.cny or 1.0):g} {currency}/kWh"
    owned = (
        f"{'the price given, else ' if prices.paid else ''}a sourced price over {prices.years:g} "
        f"years and {kwh} at PUE {prices.pue:g}; no server, network or staff"
    )
    source = f"the rent given, else {owned}" if prices.rents else owned
    source += CNY_NOTE.format(prices.cny) if prices.cny else ""
    return (
        f"J/token: chips alone. {POWER} {cost_unit(prices)}: {source}; always busy. "
        "In brackets the range from power, price and the rate's 80% interval."
    )


def lacking_lines(answered: Sequence[Answered], prices: Prices) -> Iterator[str]:
    """Yields whose costs leave energy out or a server in, and which chips have no price, if any.

    Chips for prefill are named first: no row is theirs.
    """
    sides = [one for at in answered for one in reversed(at.sides)]
    powerless = dict.fromkeys(one.chip.id for one in sides if _is_powerless(one, prices))
    if powerless:
        yield (
            f"{cost_unit(prices)} is without energy for {_some(powerless)}, whose board power is "
            "unknown."
        )
    yield from _doubtful([side.chip for side in sides], prices)
    unpriced = {one.chip.id: one.chip for one in sides if hourly(one.chip, None, prices) is None}
    if unpriced:
        yuan = not prices.cny and any("price_cny" in one.figures for one in unpriced.values())
        told = " in dollars: give price=, rent= or, for prices in yuan, cny=." if yuan else NO_PRICE
        yield f"{cost_unit(prices)} takes a price of {_some(unpriced)}, which no source gives{told}"


def _some(chips: Collection[str]) -> str:
    """Returns the first ``NAMED`` chips and how many there are more."""
    first, more = [*chips][:NAMED], len([*chips]) - NAMED
    return listed([*first, f"{more} more"] if more > 0 else first)


def _doubtful(chips: Sequence[Chip], prices: Prices) -> Iterator[str]:
    """Yields whose sourced price has a share of a server in it, or is of several chips."""
    unit, shared = cost_unit(prices), dict[str, list[str]]()
    taken = {one.id: price for one in chips if (price := _sourced(one, prices))}
    housed = [name for name, price in taken.items() if price.counts == SERVER]
    if housed:
        yield f"{unit} has a share of the server in the price of {_some(housed)}: {OWN_PRICE}"
    for name, price in taken.items():
        if is_of_all(price.formula):
            shared.setdefault(price.formula or "", []).append(name)
    for whose, names in shared.items():
        yield f"{unit} takes for {_some(names)} the price {whose}: {OWN_PRICE}"


def _sourced(chip: Chip, prices: Prices) -> Figure | None:
    """Returns the price of its sheet that a cost takes first; None if it takes none."""
    if chip.id in {*prices.paid, *prices.rents}:
        return None
    keys = ("price_cny", "price_usd") if prices.cny else ("price_usd",)
    figures = (chip.figures.get(key) for key in keys)
    return next((one for one in figures if one and one.number), None)


def _is_powerless(side: Side, prices: Prices) -> bool:
    """Tells whether a side has a cost that leaves energy out; a rent covers it."""
    rented = side.chip.id in prices.rents
    return not rented and side.power(0) is None and hourly(side.chip, None, prices) is not None


def _per_token(band: Band, at: Answered, point: int, scale: float) -> Band:
    """Returns a band, given per second or hour, per token or million tokens.

    Args:
        band: power in W, or cost in USD/hour.
        at: the prediction.
        point: index of the point.
        scale: converts tokens/s to the unit of work over the unit of time of the result.
    """
    low, high = (rate * scale for rate in at.bounds(COVERAGE_80, point))
    return band.each(at.rates[point] * scale, (low, high))
