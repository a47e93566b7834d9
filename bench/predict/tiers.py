"""What a prediction rests on: times of the chip itself, of its siblings, or the sheet alone."""

from enum import StrEnum

from bench.predict.facts import Facts
from bench.predict.learn import Learnt
from bench.predict.pooled import Departures


class Tier(StrEnum):
    """What a prediction rests on, the firmest first."""

    HERE = "measured here"
    CHIP = "fitted on this chip"
    SILICON = "from the same silicon"
    FAMILY = "from its family"
    VENDOR = "within the vendor"
    OTHER = "across vendors"
    SHEET = "sheet only"


def tier(chip: Facts, part: str, known: Learnt) -> Tier:
    """Returns what is known of a chip's departure in one part of the evidence."""
    if part in known.measured.get(chip.chip, ()):
        return Tier.HERE
    return known_of(chip, known.parts[part])


def known_of(chip: Facts, part: Departures) -> Tier:
    """Returns whose measured departures a chip's own leans on."""
    if chip.tdp is None:
        return Tier.SHEET
    for place, found in ((3, Tier.CHIP), (2, Tier.SILICON), (1, Tier.FAMILY), (0, Tier.VENDOR)):
        if any(one[place] == chip.labels[place] for one in part.labels):
            return found
    return Tier.OTHER


def lacking(chip: Facts) -> list[str]:
    """Returns what nobody published of a chip that would make its prediction firmer."""
    words = {"tdp": "board power", "capacity": "memory capacity", "link": "link bandwidth"}
    return [words[key] for key in chip.needs(words)]
