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
        launch = family.facts["launch"]
        facts["launch"] = launch.model_copy(update={"note": _with(launch.note, mark)})
    if not any(key in figures for key in KEYS.values()):
        figures |= {
            key: one.model_copy(update={"formula": _with(one.formula, mark)})
            for key in KEYS.values()
            if (one := family.figures.get(key))
        }
    return chip.model_copy(update={"facts": facts, "figures": figures})


def _with(said: str | None, mark: str) -> str:
    return f"{said}; {mark}" if said else mark


def is_of_all(formula: str | None) -> bool:
    """Tells whether a figure's formula says that it is of a name that several chips share."""
    return OF_ALL.partition("{}")[2] in (formula or "")
