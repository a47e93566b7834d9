"""The basis of a prediction: times of the chip itself, of its siblings, or the sheet alone."""

from enum import StrEnum

from bench.predict.learning.learn import Learnt
from bench.predict.learning.pooling import Departures
from bench.predict.model.facts import Facts


class Tier(StrEnum):
    """The basis of a prediction, the most certain first."""

    HERE = "measured here"
    CHIP = "fitted on this chip"
    SILICON = "from the same silicon"
    FAMILY = "from its family"
    VENDOR = "within the vendor"
    OTHER = "across vendors"
    SHEET = "sheet only"


MEANS = {
    Tier.HERE: "times that this program measured on the chip",
    Tier.CHIP: "measured times of the chip itself",
    Tier.SILICON: "times of another board with the same silicon",
    Tier.FAMILY: "times of chips of its family",
    Tier.VENDOR: "times of other chips of its vendor",
    Tier.OTHER: "times of other vendors' chips alone",
    Tier.SHEET: "times of other chips alone, because its sheet lacks a figure that relates it to "
    "them, mostly board power",
}  # fmt: skip
"""The meaning of each tier, for a reader who has not seen it before."""
RESTS = f"Rests on, firmest first: {', '.join(Tier)}."
"""Explains the column of a table that shows the tier."""


def tier(chip: Facts, part: str, known: Learnt) -> Tier:
    """Returns the basis of a chip's departure in one part of the fit."""
    if part in known.measured.get(chip.chip, ()):
        return Tier.HERE
    return known_of(chip, known.parts[part])


def known_of(chip: Facts, part: Departures, *, powered: bool = True) -> Tier:
    """Returns the nearest relatives whose measured departures a chip's departure is estimated from.

    Args:
        chip: the chip.
        part: the measured departures.
        powered: whether board power matters: a chip without a published one then falls back to the
            sheet alone, unless it was measured itself.
    """
    tiers = (
        ("chip", Tier.CHIP), ("silicon", Tier.SILICON), ("family", Tier.FAMILY),
        ("vendor", Tier.VENDOR),
    )  # fmt: skip
    matching = (
        found
        for label, found in tiers
        if any(getattr(one, label) == getattr(chip, label) for one in part.labels)
    )
    nearest = next(matching, Tier.OTHER)
    return Tier.SHEET if powered and chip.tdp is None and nearest is not Tier.CHIP else nearest


def tier_text(basis: str) -> str:
    """Returns a tier in words, with the reason if it is the sheet alone."""
    return f"{basis}; no board power published" if basis == Tier.SHEET else basis


def lacking(chip: Facts) -> list[str]:
    """Returns unpublished figures of a chip that would make its prediction more certain."""
    words = {"tdp": "board power", "capacity": "memory capacity", "link": "link bandwidth"}
    return [words[key] for key in chip.needs(words)]
