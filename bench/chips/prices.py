"""Prices in US dollars and yuan: the user's own, and those of sheets at an exchange rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from bench.chips.model import Chip, Figure, Published
from bench.units import Dimension, Quantity

Currency = Literal["USD", "CNY"]
One = TypeVar("One", bound=Published)
KEYS: Mapping[Currency, str] = {"USD": "price_usd", "CNY": "price_cny"}
"""The figure of a price in each currency."""
GIVEN = "your-price"
"""Stands for the source of a price that the user gives."""


@dataclass(frozen=True)
class Amount:
    """An amount of money as the user gives it.

    Attributes:
        value: the amount, above 0.
        currency: its currency.
        word: as it was typed, with its key, such as ``price=h20:110000CNY``.
    """

    value: float
    currency: Currency
    word: str

    def __str__(self) -> str:
        """Renders the amount with its currency."""
        return f"{self.value:.12g} {self.currency}"


def priced(chip: Chip, amount: Amount | None, cny: float | None) -> Chip:
    """Returns a chip with the user's price, and with prices in both currencies.

    Args:
        chip: the chip.
        amount: what the user pays for it; it stands before the prices of the sheet.
        cny: yuan for a US dollar; None leaves each price in its currency.
    """
    figures = dict(chip.figures)
    if amount:
        for key in KEYS.values():
            figures.pop(key, None)
        value = Quantity(amount.value, Dimension(amount.currency), str(amount))
        figures[KEYS[amount.currency]] = Figure(value=value, source=GIVEN)
    dollars, yuan = (figures.get(key) for key in KEYS.values())
    if cny and dollars and not yuan:
        figures[KEYS["CNY"]] = _all_converted(dollars, cny, "CNY", f" x {cny:g}")
    if cny and yuan and not dollars:
        figures[KEYS["USD"]] = _all_converted(yuan, 1 / cny, "USD", f" / {cny:g}")
    return chip.model_copy(update={"figures": figures})


def _all_converted(figure: Figure, factor: float, currency: Currency, words: str) -> Figure:
    """Returns a price and its rivals in another currency."""
    rivals = tuple(_converted(one, factor, currency, words) for one in figure.rivals)
    return _converted(figure, factor, currency, words).model_copy(update={"rivals": rivals})


def _converted(one: One, factor: float, currency: Currency, words: str) -> One:
    if one.number is None:
        return one
    value = one.number * factor
    quantity = Quantity(value, Dimension(currency), f"{value:.6g} {currency}")
    how = f" ({one.formula})" if one.formula else ""
    return one.model_copy(update={"value": quantity, "formula": f"{one.value}{how}{words}"})
