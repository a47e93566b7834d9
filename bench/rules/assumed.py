"""Assumed values of a chip's attributes, as they are typed: numbers, rates, shares, yes or no."""

import re
from collections.abc import Mapping

from bench.chips.load import catalogue
from bench.errors import UsageError
from bench.rules.attributes import KINDS, AttributeKind
from bench.rules.subject import Changes, subject
from bench.units import Dimension, parse

ZERO = re.compile(r"0+(?:\.0+)?(?: ?[A-Za-z/]+)?")
SHARE = re.compile(r"(\d{1,4}(?:\.\d{1,4})?) ?%")


def assumed(texts: Mapping[str, str], chip: str | None) -> Changes:
    """Returns the assumed values by attribute.

    Args:
        texts: what was typed for each attribute; ``50%`` is half of what the sheet has.
        chip: name of the chip whose sheet a share refers to; the sheets are read only then.

    Raises:
        UsageError: a text is no value of its attribute, or a share of what is not known.
    """
    return {key: _value(key, text, chip) for key, text in texts.items()}


def _value(key: str, text: str, chip: str | None) -> float | bool:
    """Returns a value: yes or no, a share, a bare number, or a rate (in GB/s without a unit)."""
    kind = KINDS[key]
    if kind.flag:
        if text not in ("yes", "no"):
            raise UsageError(f"{kind.title} is yes or no, not {text!r}")
        return text == "yes"
    if share := SHARE.fullmatch(text.strip()):
        return float(share[1]) / 100 * _of_sheet(key, text, chip)
    return _quantity(kind, text)


def _of_sheet(key: str, text: str, chip: str | None) -> float:
    """Returns the one value that the sheet gives an attribute."""
    title = KINDS[key].title
    if chip is None:
        raise UsageError(f"{title}: {text} of which chip? give chip=, or a value")
    sheets = catalogue()
    sheet = sheets.find(chip)
    readings = subject(sheet, sheets).attributes[key].readings
    if len(readings) != 1:
        known = "has several readings" if readings else "is not known"
        raise UsageError(f"{title} of {sheet.id} {known}: give a value instead of {text}")
    return float(readings[0].value)


def _quantity(kind: AttributeKind, text: str) -> float:
    wanted = kind.dimension or Dimension.COUNT
    number = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    bare = wanted is Dimension.BYTE_RATE and re.fullmatch(r"[\d.]+(?:e\d+)?", number)
    if ZERO.fullmatch(number):
        return 0.0  # a chip without any link may be assumed; ``parse`` refuses 0
    try:
        quantity = parse(f"{number} GB/s" if bare else number)
    except ValueError as error:
        raise UsageError(f"{kind.title}: {error}") from None
    if quantity.dimension is not wanted:
        unit = "a bare number" if kind.dimension is None else f"in {wanted.value}"
        raise UsageError(f"{kind.title}: {text!r} is not {unit}")
    return quantity.si
