"""Matrix rates that were measured of chips whose sheets print none."""

from collections.abc import Iterable, Iterator

from bench.chips.load import catalogue
from bench.evidence.load import reports
from bench.evidence.observe import Observation, reported
from bench.predict.model.facts import WIDE, Facts
from bench.units import show
from bench.words import some_of

REST = "to rest on {}, state it as the rate in a sheet of yours (specs=)"
MOST = 6
"""Most chips that a sentence names."""


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
    found = "".join(_best([chip], [precision]))
    return f"measured: {found}; {REST.format('that')}" if found else ""


def measured_rates(chips: Iterable[Facts], precisions: Iterable[str]) -> Iterator[str]:
    """Yields a sentence on the best rates that others measured of chips whose sheets print none."""
    found = list(_best(list(chips), precisions))
    if found:
        named = some_of(found, MOST, "; ", "; and {} more")
        which = "that" if len(found) == 1 else "one"
        yield (f"Measured, but on no sheet: {named}; {REST.format(which)}.")


def _best(chips: list[Facts], precisions: Iterable[str]) -> Iterator[str]:
    """Yields the best measured rate of each chip and format without a published one, in words."""
    formats = {one: tuple(sorted(WIDE.get(one, (one,)))) for one in precisions}
    lacking = {
        (chip.chip, alike): [f"matrix_{one}" for one in alike]
        for name, alike in formats.items()
        for chip in chips
        if not chip.name_of(name)
    }
    ids = {chip for chip, _ in lacking}
    known = list(reported(reports(), catalogue(), [*ids])) if ids else []
    for (chip, _), keys in lacking.items():
        own = [one for one in known if one.weight and one.chip == chip and one.figure in keys]
        if own:
            yield _words(max(own, key=lambda one: one.rate))


def _words(best: Observation) -> str:
    rate = show(best.value, best.dimension, 3)
    return f"{rate} (evidence chip={best.chip} figure={best.figure})"
