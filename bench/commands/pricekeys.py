"""Parses the keys of ``predict`` that say what a chip costs."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.config import positive
from bench.errors import UsageError
from bench.shapes import PredictConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.chips.model import Chip
    from bench.predict.model.power import Prices


def prices_of(config: PredictConfig, chips: "Sequence[Chip]", sheets: "Catalogue") -> "Prices":
    """Returns the assumed cost of ownership of these chips.

    Raises:
        UsageError: an amount is not a positive number, or is of a chip that is not asked for.
    """
    from bench.predict.model.power import Prices

    for key in ("years", "kwh", "pue"):
        positive(key, getattr(config, key), 1000)
    if config.pue < 1:
        raise UsageError(f"pue={config.pue:g} must be 1 or more: a building draws what is in it")
    if config.price and config.rent:
        raise UsageError("price= and rent= are two ways to pay for a chip: give one")
    paid, rents = (_amounts(key, getattr(config, key), chips, sheets) for key in ("price", "rent"))
    return Prices(config.years, config.kwh, config.pue, paid, rents)


def _amounts(
    key: str, words: Sequence[str], chips: "Sequence[Chip]", sheets: "Catalogue"
) -> dict[str, float]:
    """Returns the amounts in US dollars by chip; an amount without a chip is that of the others."""
    amounts: dict[str, float] = {}
    of_chips = [word for word in words if ":" in word]
    for word in [*(word for word in words if ":" not in word), *of_chips]:
        name, _, amount = word.rpartition(":")
        named = [sheets.find(name)] if name else chips
        if name and named[0].id not in [one.id for one in chips]:
            raise UsageError(f"{key}={word}: {named[0].id} is not among the chips asked for")
        amounts |= {one.id: _dollars(key, word, amount) for one in named}
    return amounts


def _dollars(key: str, word: str, amount: str) -> float:
    """Returns a positive amount of money.

    Raises:
        UsageError: the text is no such number.
    """
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", amount) or float(amount) == 0:
        raise UsageError(
            f"{key}={word}: write US dollars, such as {key}=25000 or {key}=[h20:12000,h800:25000]"
        )
    return float(amount)
