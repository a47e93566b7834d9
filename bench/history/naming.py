"""Names a measurement across records, after the figure that the chip's sheet prints."""

from bench.archive.entry import What
from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.chips.paper import of_sheet


def named_by_figure(what: What, chip: Chip | None) -> What:
    """Returns a measurement with its key set to the figure of its chip that it tests.

    A matrix product may test the matrix or the vector rate. It is named after the first of them
    that the sheet states, or gives a rate per cycle for, as in the record's own report; without a
    sheet it keeps its first key.
    """
    keys = tuple(key for key in what.figures.split() if key in FIGURES)
    if chip is None or len(keys) < 2:
        return what
    on_sheet = of_sheet(chip, keys)
    name = (
        on_sheet.key
        if on_sheet
        else next((key for key in keys if _has_rate_per_cycle(chip, key)), what.key)
    )
    return what._replace(key=name)


def _has_rate_per_cycle(chip: Chip, key: str) -> bool:
    """Tells whether a sheet gives the rate per cycle from which a CPU's figure is derived."""
    unit, _, dtype = key.partition("_")
    name = {"matrix": f"cycle_matrix_{dtype}", "vector": f"cycle_{dtype}"}.get(unit, "")
    figure = chip.figures.get(name)
    return figure is not None and figure.number is not None
