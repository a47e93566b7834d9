"""Names a measurement across records, after the figure that the chip's sheet prints."""

from bench.archive.entry import What
from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.chips.paper import of_sheet


def called(what: What, chip: Chip | None, figure: str | None = None) -> What:
    """Returns the name of a measurement, by the figure asked for or else by its chip's figure.

    An fp32 product may test the matrix or the vector rate: the first that the sheet prints, or
    gives a rate per cycle for, names it, as in the record's own report.
    """
    keys = tuple(key for key in what.figures.split() if key in FIGURES)
    if figure in keys:
        return what._replace(key=str(figure))
    if chip is None or len(keys) < 2:
        return what
    printed = of_sheet(chip, keys)
    found = printed.key if printed else next((key for key in keys if _a_cycle(chip, key)), what.key)
    return what._replace(key=found)


def _a_cycle(chip: Chip, key: str) -> bool:
    """Tells whether a sheet gives the rate per cycle from which a CPU's figure is derived."""
    unit, _, dtype = key.partition("_")
    name = {"matrix": f"cycle_matrix_{dtype}", "vector": f"cycle_{dtype}"}.get(unit, "")
    figure = chip.figures.get(name)
    return figure is not None and figure.number is not None
