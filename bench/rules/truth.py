"""Three-valued logic: what a missing attribute leaves open stays open."""

from collections.abc import Iterable
from enum import StrEnum


class Truth(StrEnum):
    """Yes, no, or not known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def truth(value: bool) -> Truth:  # noqa: FBT001 -- it is the value that is turned into a word
    """Returns the truth of what is known."""
    return Truth.YES if value else Truth.NO


def every(parts: Iterable[Truth]) -> Truth:
    """Returns no if any part is no, else unknown if any is unknown, else yes."""
    told = Truth.YES
    for part in parts:
        if part is Truth.NO:
            return part
        if part is Truth.UNKNOWN:
            told = part
    return told


def some(parts: Iterable[Truth]) -> Truth:
    """Returns yes if any part is yes, else unknown if any is unknown, else no."""
    return opposite(every(opposite(part) for part in parts))


OPPOSITE = {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN}


def opposite(part: Truth) -> Truth:
    """Returns no for yes and yes for no."""
    return OPPOSITE[part]


def agreed(readings: Iterable[Truth]) -> Truth:
    """Returns what all readings say, or unknown where they differ or there is none."""
    told = None
    for one in readings:
        if told is not None and one is not told:
            return Truth.UNKNOWN
        told = one
    return told or Truth.UNKNOWN
