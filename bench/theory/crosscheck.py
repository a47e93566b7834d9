"""Checks printed rates against units x clock x operations per unit and cycle."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import Fault

TOLERANCE = 0.03
"""A larger relative deviation is a fault, unless the sheet explains it."""


@dataclass(frozen=True)
class Crosscheck:
    """One published rate and the rate computed from the design.

    Attributes:
        chip: id of the sheet.
        figure: key of the rate.
        printed: published rate, operations/s.
        expected: units x clock x operations per cycle, operations/s.
        formula: the product in words.
        explained: the sheet's explanation of a deviation; None if there is none.
    """

    chip: str
    figure: str
    printed: float
    expected: float
    formula: str
    explained: str | None

    @property
    def deviation(self) -> float:
        """Returns printed / expected - 1."""
        return self.printed / self.expected - 1

    @property
    def passed(self) -> bool:
        """Tells whether the two agree within the tolerance."""
        return abs(self.deviation) <= TOLERANCE * (1 + 1e-9)  # binary fractions


def crosscheck(chip: Chip, catalogue: Catalogue) -> list[Crosscheck]:
    """Returns every rate of a sheet that can be computed from its design."""
    return list(_checks(chip, catalogue))


def _checks(chip: Chip, catalogue: Catalogue) -> Iterator[Crosscheck]:
    units, design = chip.number("units"), catalogue.architectures.get(chip.family or "")
    if design is None or units is None:
        return
    for key, one in design.cycle.items():
        printed, clock, cycle = chip.figures.get(key), _clock(chip, key), one.number
        if not printed or printed.number is None or printed.origin == "computed":
            continue
        if clock is None or cycle is None:
            continue
        name, hertz = clock
        words = f"{units:g} units x {hertz / 1e6:g} MHz ({name}) x {cycle:g} a cycle"
        yield Crosscheck(
            chip.id, key, printed.number, units * hertz * cycle, words, chip.explained.get(key)
        )


def _clock(chip: Chip, key: str) -> tuple[str, float] | None:
    """Returns name and Hz of the clock behind a rate: that of matrix peaks if given, else boost."""
    names = ("clock_matrix", "clock_boost") if key.startswith("matrix_") else ("clock_boost",)
    return next(((name, value) for name in names if (value := chip.number(name))), None)


def crosscheck_faults(catalogue: Catalogue) -> list[Fault]:
    """Returns a fault for every deviation above the tolerance that its sheet does not explain."""
    return [
        Fault(
            f"specs/chips/{one.chip}.yaml",
            f"figures.{one.figure}",
            f"{one.deviation:+.1%} from {one.formula}",
            "correct it, or say why in 'explained'",
        )
        for chip in catalogue.chips.values()
        for one in crosscheck(chip, catalogue)
        if not one.passed and not one.explained
    ]
