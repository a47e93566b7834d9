"""The table of the shares that chips are predicted to reach of their published figures."""

from collections.abc import Iterator, Sequence

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.predict.figureshares import FIGURE_TESTS, FigureShare
from bench.predict.measuredrates import measured_rates
from bench.predict.model.facts import Facts
from bench.predict.tiers import RESTS, tier_text
from bench.report.prediction.chiperrors import RATES, flat_part, part_line
from bench.report.table import Notes, Table
from bench.report.text.digits import NONE
from bench.report.text.marks import computed_notes
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.units import show

COLUMNS = (
    "chip", "figure", "published (dense)", "test", "predicted", "share (80%; 95%)",
    "best measured", "rests on",
)  # fmt: skip
HOW = (
    (
        "Predicted, not measured: the best value that one careful test would find, from what was "
        "measured of all chips."
    ),
    (
        "Best measured: the highest share that any group measured on the chip itself, by such a "
        "test or one that reaches less (evidence chip=). The prediction may lie on either side of "
        "it: a chip's few values are weighed with those of its other figures and of related chips, "
        "and a test of one shape counts as less than a search for the best."
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
FORMATS = tuple(key.removeprefix("matrix_") for key in FIGURE_TESTS if key.startswith("matrix_"))
"""Number formats of the rates that are predicted."""
PART = "figures of sheets, {}"
"""Name of the part of the validation that tests a family of figures."""
TESTED = {"matrix": "Matrix rates", "memory": "Memory bandwidth"}


def figure_share_report(
    predictions: Sequence[FigureShare], asked: Sequence[Facts], sheets: Catalogue
) -> Report:
    """Returns the figures of chips, each with the share that can be expected to be reached.

    Args:
        predictions: the predictions.
        asked: the accelerators that the user chose; those without such a figure are named.
        sheets: the catalogue.
    """
    notes = Notes()
    cells = tuple(_cells(one, sheets.chips[one.chip.chip], notes) for one in predictions)
    lacks = _lacks(predictions, [one.chip for one in asked])
    summary = (*_tests(predictions), RESTS, *lacks, *measured_rates(asked, FORMATS))
    table = Table(
        "What chips can be expected to reach", HOW, COLUMNS, cells, summary, notes.lines()
    )
    return Report(table, [_flat(one, sheets.chips[one.chip.chip]) for one in predictions])


def _tests(predictions: Sequence[FigureShare]) -> Iterator[str]:
    """Yields how well such predictions did on chips left out of the fit, one line per family."""
    for family, what in TESTED.items():
        chips = [one.chip.chip for one in predictions if one.figure.startswith(family)]
        if chips and (line := part_line(chips, PART.format(family), what, RATES)):
            yield line


def _lacks(predictions: Sequence[FigureShare], asked: Sequence[str]) -> Iterator[str]:
    """Yields which chips have no such figure on their sheet, one line per family."""
    for family, figure in FAMILIES.items():
        predicted = {one.chip.chip for one in predictions if one.figure.startswith(family)}
        if without := [chip for chip in asked if chip not in predicted]:
            yield f"Unknown, no {figure} on the sheet: {', '.join(without)}."


def _cells(prediction: FigureShare, chip: Chip, notes: Notes) -> tuple[str, ...]:
    low, high, least, most = (f"{bound:.0%}" for pair in prediction.bounds for bound in pair)
    kind = FIGURES[prediction.figure]
    marks = computed_notes(chip, (prediction.figure,), notes)
    return (
        prediction.chip.chip,
        kind.title,
        f"{show(prediction.published, kind.dimension)} {marks}".rstrip(),
        prediction.measured,
        show(prediction.published * prediction.share, kind.dimension, 2),
        f"{prediction.share:.0%} ({low}–{high}; {least}–{most})",
        f"{prediction.achieved:.0%}" if prediction.achieved else NONE,
        tier_text(prediction.tier),
    )


def _flat(prediction: FigureShare, chip: Chip) -> dict[str, Scalar]:
    (low, high), (least, most) = prediction.bounds
    family = prediction.figure.partition("_")[0]
    return {
        "chip": prediction.chip.chip, "figure": prediction.figure, "with": prediction.measured,
        "published": prediction.published, "origin": chip.figures[prediction.figure].origin,
        "predicted": prediction.published * prediction.share, "share": prediction.share,
        "share_low_80": low, "share_high_80": high, "share_low_95": least, "share_high_95": most,
        "achieved": prediction.achieved,
        "tier": prediction.tier, **flat_part(prediction.chip.chip, PART.format(family)),
    }  # fmt: skip
