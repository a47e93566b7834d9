"""What the sheet of a name that several chips share says of each of them."""

from collections.abc import Mapping

from bench.chips.model import Chip
from bench.chips.prices import KEYS

OF_ALL = "of the name {}, without a bin"
"""Marks what a chip has from the sheet of the name that it shares."""


def informed(chips: Mapping[str, Chip]) -> dict[str, Chip]:
    """Returns the chips, those that share a name with its launch and prices where they lack one."""
    found = dict(chips)
    for family in chips.values():
        for variant in family.variants:
            if variant in found:
                found[variant] = _informed(found[variant], family)
    return found


def _informed(chip: Chip, family: Chip) -> Chip:
    mark = OF_ALL.format(family.id)
    facts, figures = dict(chip.facts), dict(chip.figures)
    if "launch" in family.facts and "launch" not in facts:
        facts["launch"] = family.facts["launch"].model_copy(update={"note": mark})
    if not any(key in figures for key in KEYS.values()):
        figures |= {
            key: family.figures[key].model_copy(update={"formula": mark})
            for key in KEYS.values()
            if key in family.figures
        }
    return chip.model_copy(update={"facts": facts, "figures": figures})


def is_of_all(formula: str | None) -> bool:
    """Tells whether a figure's formula says that it is of a name that several chips share."""
    return OF_ALL.partition("{}")[2] in (formula or "")
