"""Open conflicts: figures on which sources disagree."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.model import Chip, Figure, Published
from bench.chips.variants import is_of_all
from bench.units import Dimension, Quantity

ROUNDING = 0.03
"""The most that rounding, up or down, may part two figures of which one has fewer digits."""
EXACT_BELOW = 1e6
"""Counts below this are taken as exact, not as rounded."""


@dataclass(frozen=True)
class Conflict:
    """One figure of one chip on which sources disagree.

    Attributes:
        first: the figure of the sheet; ``unknown`` if none could be preferred.
        rivals: the claims that differ from it and count the same.
    """

    chip: str
    figure: str
    first: Figure
    rivals: tuple[Published, ...]

    @property
    def spread(self) -> float | None:
        """Returns the highest claim over the lowest, or None with fewer than two numbers."""
        numbers = [one.number for one in (self.first, *self.rivals) if one.number is not None]
        return max(numbers) / min(numbers) if len(numbers) > 1 else None


def conflicts(chips: Iterable[Chip]) -> tuple[Conflict, ...]:
    """Returns every open conflict of these sheets, in the order of the figures.

    What a chip has from the sheet of a name that it shares is a conflict of that sheet alone.
    """
    return tuple(
        Conflict(chip.id, key, chip.figures[key], rivals)
        for chip in chips
        for key in FIGURES
        if key in chip.figures and not is_of_all(chip.figures[key].formula)
        if (rivals := _disagreeing(chip.figures[key]))
    )


def _disagreeing(figure: Figure) -> tuple[Published, ...]:
    return tuple(one for one in figure.rivals if disagrees(figure, one))


def disagrees(first: Published, rival: Published) -> bool:
    """Returns whether two unrefuted claims count the same and differ by more than rounding."""
    if first.counts != rival.counts or rival.refuted:
        return False
    if not isinstance(first.value, Quantity) or not isinstance(rival.value, Quantity):
        return first.value is not rival.value
    return not _is_rounding(first.value, rival.value)


def _is_rounding(one: Quantity, other: Quantity) -> bool:
    if one.dimension is Dimension.COUNT and min(one.si, other.si) < EXACT_BELOW:
        return one.si == other.si
    coarse = min((one, other), key=_digits)
    step = 10.0 ** (math.floor(math.log10(coarse.si)) - _digits(coarse) + 1)
    apart = abs(one.si - other.si)
    return apart < step * (1 - 1e-9) and apart <= ROUNDING * coarse.si


def _digits(quantity: Quantity) -> int:
    """Returns a quantity's significant digits, at least two; trailing zeros do not count."""
    number = quantity.text.split()[0].lower().split("e")[0].lstrip("+0.")
    digits = number.replace(".", "") if "." in number else number.rstrip("0")
    return max(2, sum(sign.isdigit() for sign in digits))
