"""Three-valued logic: what a missing attribute leaves open stays open."""

from collections.abc import Iterable
from enum import StrEnum


class Truth(StrEnum):
    """Yes, no, or not known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def truth(value: bool) -> Truth:  # noqa: FBT001 -- it is the value that is turned into a word
    """Converts True, False or None (not known)."""
    return Truth.YES if value else Truth.NO


def all_of(parts: Iterable[Truth]) -> Truth:
    """Returns no if any part is no, else unknown if any is unknown, else yes."""
    whole = Truth.YES
    for part in parts:
        if part is Truth.NO:
            return part
        if part is Truth.UNKNOWN:
            whole = part
    return whole


def any_of(parts: Iterable[Truth]) -> Truth:
    """Returns yes if any part is yes, else unknown if any is unknown, else no."""
    return opposite(all_of(opposite(part) for part in parts))


OPPOSITE = {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN}


def opposite(part: Truth) -> Truth:
    """Returns no for yes and yes for no."""
    return OPPOSITE[part]


def agreed(readings: Iterable[Truth]) -> Truth:
    """Returns the truth that all readings agree on; unknown if they differ or there is none."""
    common = None
    for one in readings:
        if common is not None and one is not common:
            return Truth.UNKNOWN
        common = one
    return common or Truth.UNKNOWN
