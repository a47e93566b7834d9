"""Matrix rates that were measured of chips whose sheets print none."""

from bench.chips.load import catalogue
from bench.evidence.load import reports
from bench.evidence.observe import reported
from bench.predict.model.facts import WIDE, Facts
from bench.units import show


def measured_rate(chip: Facts, precision: str) -> str:
    """Returns the best rate that others measured of a chip, in words, and how to rest on it.

    No prediction rests on it by itself: what a chip reached in one test is not what its maker
    promises, of which other chips reach a share.

    Args:
        chip: a chip without a published rate in the format.
        precision: the number format of products.

    Returns:
        An empty text if nobody measured it.
    """
    keys = [f"matrix_{one}" for one in WIDE.get(precision, (precision,))]
    found = [
        one
        for one in reported(reports(), catalogue(), [chip.chip])
        if one.figure in keys and one.weight
    ]
    if not found:
        return ""
    best = max(found, key=lambda one: one.rate)
    return (
        f"measured: {show(best.value, best.dimension, 3)} (evidence chip={chip.chip} "
        f"figure={best.figure}); to rest on that, state it as the rate in a sheet of yours (specs=)"
    )
