"""Parses the keys that say what a chip costs, of ``predict`` and ``compare``."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bench.config import positive
from bench.errors import UsageError
from bench.shapes import CompareConfig, PredictConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.chips.model import Chip
    from bench.chips.prices import Amount
    from bench.predict.model.power import Prices

_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][0-9]{1,2})?)\s*(USD|CNY)?", re.IGNORECASE)
"""Matches an amount such as ``25000``, ``1.2e5`` or ``110000CNY``."""
MOST = {"kwh": 1_000.0}
"""The highest amount of a key, where it is not ``MOST_MONEY``."""
MOST_MONEY = 1e9
PRICED = ("usd", "cny")
"""Values of ``per=`` for which a price counts."""


def prices_of(config: PredictConfig, chips: "Sequence[Chip]", sheets: "Catalogue") -> "Prices":
    """Returns the assumed cost of ownership of these chips, in US dollars.

    Raises:
        UsageError: an amount is not a positive number, is of a chip that is not asked for, or is in
            yuan without an exchange rate.
    """
    from bench.predict.model.power import Prices

    for key in ("years", "pue"):
        positive(key, getattr(config, key), 1000)
    if config.pue < 1:
        raise UsageError(f"pue={config.pue:g} must be 1 or more: a building draws what is in it")
    if config.price and config.rent:
        raise UsageError("price= and rent= are two ways to pay for a chip: give one")
    cny = _rate(config.cny)
    kwh = _dollars(_amount("kwh", config.kwh, config.kwh), cny)
    paid, rents = (
        {
            chip: _dollars(one, cny)
            for chip, one in _amounts(key, getattr(config, key), chips, sheets).items()
        }
        for key in ("price", "rent")
    )
    return Prices(config.years, kwh, config.pue, paid, rents, cny, config.sort == "cost")


def priced_chips(
    config: CompareConfig, chips: "Sequence[Chip]", sheets: "Catalogue"
) -> tuple[list["Chip"], str]:
    """Returns chips with the user's prices, and a line that tells them; empty without any.

    Raises:
        UsageError: an amount is wrong, or in another currency than ``per=`` without a rate.
    """
    from bench.chips.prices import priced

    if config.price and config.per not in (None, *PRICED):
        raise UsageError(f"price= does not count with per={config.per}: ask per=usd or per=cny")
    cny, given = _rate(config.cny), _amounts("price", config.price, chips, sheets)
    for one in given.values():
        if cny is None and config.per in PRICED and one.currency.lower() != config.per:
            raise UsageError(f"{one.word} is not in {config.per.upper()}: {ASK_RATE}")
    words = [f"{chip} {one}" for chip, one in given.items()]
    line = f"Prices given: {', '.join(words)}; they stand before those of sources." if given else ""
    rate = f"Prices in one currency only are converted at {cny:g} CNY for 1 USD." if cny else ""
    found = [priced(chip, given.get(chip.id), cny) for chip in chips]
    return found, " ".join(filter(None, (line, rate)))


def converted(chips: "Iterable[Chip]", cny: float | None) -> "dict[str, Chip]":
    """Returns chips by id; with a rate, what has a price in one currency has one in the other."""
    from bench.chips.prices import priced

    rate = _rate(cny)
    return {chip.id: priced(chip, None, rate) if rate else chip for chip in chips}


ASK_RATE = "give how many yuan are a US dollar, such as cny=7.1"


def _rate(cny: float | None) -> float | None:
    """Returns the exchange rate, yuan for a US dollar; there is no default."""
    return None if cny is None else positive("cny", cny, 1000)


def _amounts(
    key: str, words: Sequence[str], chips: "Sequence[Chip]", sheets: "Catalogue"
) -> "dict[str, Amount]":
    """Returns the amounts by chip; an amount without a chip is that of the others.

    Raises:
        UsageError: an amount is wrong, of a chip that is not asked for, or of none.
    """
    all_chips = [one.id for one in chips]
    by_chip = _words_by_chip(key, words, sheets)
    for chip, word in by_chip.items():
        if chip and chip not in all_chips:
            raise UsageError(f"{key}={word}: {chip} is not among the chips asked for")
    if "" in by_chip and not set(all_chips) - by_chip.keys():
        raise UsageError(f"{key}={','.join(words)}: {by_chip['']} is for no chip: {_shown(key)}")
    amounts = {chip: _amount(key, word, word.rpartition(":")[2]) for chip, word in by_chip.items()}
    rest = dict.fromkeys(all_chips, amounts.pop("")) if "" in amounts else {}
    return rest | amounts


def _words_by_chip(key: str, words: Sequence[str], sheets: "Catalogue") -> dict[str, str]:
    """Returns the words by id of their chip; that of a word without a chip is empty.

    Raises:
        UsageError: two words are for one chip, or two have no chip, as in ``25,500``.
    """
    found: dict[str, str] = {}
    for word in words:
        name = word.rpartition(":")[0]
        chip = sheets.find(name).id if name else ""
        if chip in found:
            of = chip or "no chip in particular"
            both = f"{found[chip]} and {word} are both for {of}"
            raise UsageError(f"{key}={','.join(words)}: {both}: {_shown(key)}")
        found[chip] = word
    return found


def _shown(key: str) -> str:
    """Returns how to write amounts."""
    return f"write {key}=25000, with no comma inside, or one for each chip, such as {_by_chip(key)}"


def _by_chip(key: str) -> str:
    return f"{key}=[h20:110000CNY,h800:25000]"


def _amount(key: str, word: str, amount: str) -> "Amount":
    """Returns a positive amount of money.

    Raises:
        UsageError: the text is no such amount.
    """
    from bench.chips.prices import Amount

    found = _AMOUNT.fullmatch(amount)
    if found is None:
        shown = "kwh=0.1 or kwh=0.6CNY" if key == "kwh" else _by_chip(key)
        raise UsageError(f"{key}={word}: write US dollars, or yuan with CNY, such as {shown}")
    value, most = float(found[1]), MOST.get(key, MOST_MONEY)
    if not 0 < value <= most:
        raise UsageError(f"{key}={word} must be above 0 and at most {most:,.0f}")
    is_yuan = (found[2] or "").upper() == "CNY"
    return Amount(value, "CNY" if is_yuan else "USD", f"{key}={word}")


def _dollars(amount: "Amount", cny: float | None) -> float:
    """Returns an amount in US dollars.

    Raises:
        UsageError: it is in yuan, and no exchange rate was given.
    """
    if amount.currency == "USD":
        return amount.value
    if cny is None:
        raise UsageError(f"{amount.word} is in yuan: {ASK_RATE}")
    return amount.value / cny
