"""What a prediction rests on: times of the chip itself, of its siblings, or the sheet alone."""

from enum import StrEnum

from bench.predict.learning.learn import Learnt
from bench.predict.learning.pooled import Departures
from bench.predict.model.facts import Facts


class Tier(StrEnum):
    """What a prediction rests on, the firmest first."""

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
    Tier.SHEET: "times of others, of which its sheet gives too little to make use: mostly no board "
    "power",
}  # fmt: skip
"""What a tier says, in words for a reader who meets it for the first time."""
RESTS = f"Rests on, firmest first: {', '.join(Tier)}."
"""What a table says of the column that tells the tier."""


def tier(chip: Facts, part: str, known: Learnt) -> Tier:
    """Returns what is known of a chip's departure in one part of the evidence."""
    if part in known.measured.get(chip.chip, ()):
        return Tier.HERE
    return known_of(chip, known.parts[part])


def known_of(chip: Facts, part: Departures, *, powered: bool = True) -> Tier:
    """Returns whose measured departures a chip's own leans on.

    Args:
        chip: whose.
        part: of the evidence.
        powered: whether board power bears on it: without one the sheet alone is left, but for a
            chip that was itself measured.
    """
    tiers = ((3, Tier.CHIP), (2, Tier.SILICON), (1, Tier.FAMILY), (0, Tier.VENDOR))
    held = (
        found
        for place, found in tiers
        if any(one[place] == chip.labels[place] for one in part.labels)
    )
    told = next(held, Tier.OTHER)
    return Tier.SHEET if powered and chip.tdp is None and told is not Tier.CHIP else told


def told(rests: str) -> str:
    """Returns what a prediction rests on, with why it is the sheet alone."""
    return f"{rests}; no board power published" if rests == Tier.SHEET else rests


def lacking(chip: Facts) -> list[str]:
    """Returns what nobody published of a chip that would make its prediction firmer."""
    words = {"tdp": "board power", "capacity": "memory capacity", "link": "link bandwidth"}
    return [words[key] for key in chip.needs(words)]
