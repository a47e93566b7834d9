"""Reads a sheet as each source that disagrees with it does."""

import re
from collections.abc import Iterator, Mapping

from bench.chips.model import Chip, Figure, Published

STATED_TPP = re.compile(r"TPP [\d.]+ / \d+ bit")
"""Matches the formula of a rate whose source states the TPP of the whole chip."""
RATES = ("matrix_", "vector_")
"""How the keys of rates begin that have a TPP."""


def same(rival: Published) -> float | None:
    """Returns a rival's number if it measures what the figure measures and is not refuted."""
    return rival.number if rival.counts is None and not rival.refuted else None


def readings(chip: Chip, *, claimed: bool) -> Iterator[Chip]:
    """Yields the chip as each source that disagrees with its sheet has it.

    The n-th figures that one source gives of several keys belong together: they are of one bin of
    the chip, or one end of a range. A key with fewer keeps its last. Where a source states a TPP,
    the rates of other sources are left out, as the TPP is the highest of all formats.

    Args:
        chip: the chip.
        claimed: leave out what was computed here and nobody printed, which does not enter TPP.
    """
    rivals = [
        (key, one)
        for key, figure in chip.figures.items()
        for one in figure.rivals
        if same(one) is not None and not (claimed and one.origin == "computed")
    ]
    for source in dict.fromkeys(one.source for _, one in rivals):
        given: dict[str, list[Published]] = {}
        for key, one in rivals:
            if one.source == source:
                given.setdefault(key, []).append(one)
        for place in range(max(map(len, given.values()))):
            taken = {key: ones[min(place, len(ones) - 1)] for key, ones in given.items()}
            yield as_read(
                chip, {key: _replaced(chip.figures[key], one) for key, one in taken.items()}
            )


def as_read(chip: Chip, taken: Mapping[str, Figure]) -> Chip:
    """Returns a chip with the figures of one source in place of its own, by key."""
    kept = chip.figures
    if any(STATED_TPP.fullmatch(one.formula or "") for one in taken.values()):
        kept = {key: one for key, one in kept.items() if not key.startswith(RATES)}
    return chip.model_copy(update={"figures": {**kept, **taken}})


def _replaced(figure: Figure, rival: Published) -> Figure:
    """Returns a figure with the value and source of a rival."""
    kept = {"value", "source", "basis", "origin", "formula", "note"}
    return figure.model_copy(update={name: getattr(rival, name) for name in kept})
