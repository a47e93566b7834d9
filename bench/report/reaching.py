"""What chips are foretold to reach of their printed figures, with intervals."""

from collections.abc import Sequence

from bench.chips.figures import FIGURES
from bench.predict.reached import Reached
from bench.report.markup import Report
from bench.report.scalar import Scalar
from bench.report.table import Table
from bench.units import show

COLUMNS = (
    "chip", "figure", "published (dense)", "with", "foretold", "of it (80%; 95%)", "rests on",
)  # fmt: skip
HOW = (
    "Foretold: the best value that a careful test would find, by what hands found of all chips. "
    "Not measured; a chip's own values are in evidence chip=."
)


def reaching(found: Sequence[Reached]) -> Report:
    """Returns the figures of chips, each with the share of it that is to be expected."""
    cells = tuple(_cells(one) for one in found)
    table = Table("What chips are to be expected to reach", (HOW,), COLUMNS, cells, (), ())
    return Report(table, [_flat(one) for one in found])


def _cells(one: Reached) -> tuple[str, ...]:
    low, high, least, most = (f"{each:.0%}" for pair in one.bounds for each in pair)
    kind = FIGURES[one.figure]
    return (
        one.chip.chip,
        kind.title,
        show(one.published, kind.dimension),
        one.measured,
        show(one.published * one.share, kind.dimension, 2),
        f"{one.share:.0%} ({low}–{high}; {least}–{most})",
        one.tier,
    )


def _flat(one: Reached) -> dict[str, Scalar]:
    (low, high), (least, most) = one.bounds
    return {
        "chip": one.chip.chip, "figure": one.figure, "with": one.measured,
        "published": one.published,
        "foretold": one.published * one.share, "share": one.share,
        "share_low_80": low, "share_high_80": high, "share_low_95": least, "share_high_95": most,
        "tier": one.tier,
    }  # fmt: skip
