"""The table of the shares that chips are predicted to reach of their published figures."""

from collections.abc import Iterator, Sequence

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.predict.reached import Reached
from bench.predict.tiers import RESTS, tier_text
from bench.report.marks import computed_notes
from bench.report.markup import Report
from bench.report.scalar import Scalar
from bench.report.table import Notes, Table
from bench.report.tested import RATES, flat_part, part_line
from bench.units import show

COLUMNS = (
    "chip", "figure", "published (dense)", "test", "predicted", "share (80%; 95%)", "rests on",
)  # fmt: skip
HOW = (
    (
        "Predicted, not measured: the best value that a careful test would find, from what was "
        "measured of all chips. A chip's own values: evidence chip=."
    ),
    (
        "Intervals end 2% above the highest published figure, or above what was credibly measured "
        "of the chip's family where that is higher (GeForce boards run above the clocks of their "
        "sheets): more than that counts as a fault."
    ),
)
FAMILIES = {
    "matrix": "dense bf16, fp16 or fp8 matrix rate",
    "memory": "memory bandwidth",
}
"""What a sheet must have for a prediction, by the start of the figures' keys."""
PART = "figures of sheets, {}"
"""Name of the part of the validation that tests a family of figures."""
TESTED = {"matrix": "Matrix rates", "memory": "Memory bandwidth"}


def reached_report(found: Sequence[Reached], asked: Sequence[str], sheets: Catalogue) -> Report:
    """Returns the figures of chips, each with the share that can be expected to be reached.

    Args:
        found: the predictions.
        asked: ids of the accelerators that the user chose; those without such a figure are named.
        sheets: the catalogue.
    """
    notes = Notes()
    cells = tuple(_cells(one, sheets.chips[one.chip.chip], notes) for one in found)
    summary = (*_tests(found), RESTS, *_lacks(found, asked))
    table = Table(
        "What chips can be expected to reach", HOW, COLUMNS, cells, summary, notes.lines()
    )
    return Report(table, [_flat(one, sheets.chips[one.chip.chip]) for one in found])


def _tests(found: Sequence[Reached]) -> Iterator[str]:
    """Yields how well such predictions did on chips left out of the fit, one line per family."""
    for family, what in TESTED.items():
        chips = [one.chip.chip for one in found if one.figure.startswith(family)]
        if chips and (line := part_line(chips, PART.format(family), what, RATES)):
            yield line


def _lacks(found: Sequence[Reached], asked: Sequence[str]) -> Iterator[str]:
    """Yields which chips have no such figure on their sheet, one line per family."""
    for family, figure in FAMILIES.items():
        predicted = {one.chip.chip for one in found if one.figure.startswith(family)}
        if without := [chip for chip in asked if chip not in predicted]:
            yield f"Unknown, no {figure} on the sheet: {', '.join(without)}."


def _cells(one: Reached, chip: Chip, notes: Notes) -> tuple[str, ...]:
    low, high, least, most = (f"{bound:.0%}" for pair in one.bounds for bound in pair)
    kind = FIGURES[one.figure]
    marks = computed_notes(chip, (one.figure,), notes)
    return (
        one.chip.chip,
        kind.title,
        f"{show(one.published, kind.dimension)} {marks}".rstrip(),
        one.measured,
        show(one.published * one.share, kind.dimension, 2),
        f"{one.share:.0%} ({low}–{high}; {least}–{most})",
        tier_text(one.tier),
    )


def _flat(one: Reached, chip: Chip) -> dict[str, Scalar]:
    (low, high), (least, most) = one.bounds
    return {
        "chip": one.chip.chip, "figure": one.figure, "with": one.measured,
        "published": one.published, "origin": chip.figures[one.figure].origin,
        "predicted": one.published * one.share, "share": one.share,
        "share_low_80": low, "share_high_80": high, "share_low_95": least, "share_high_95": most,
        "tier": one.tier, **flat_part(one.chip.chip, PART.format(one.figure.partition("_")[0])),
    }  # fmt: skip
