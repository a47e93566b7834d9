"""Chips beside a baseline: paper ratio, measured ratio, and how much paper overstates each."""

from collections.abc import Sequence

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.model import Axis
from bench.claims.sensitivity import Bench
from bench.claims.weigh import Finding, Question
from bench.report.digits import NONE, counted
from bench.report.markup import Report
from bench.report.ratios import flat, measured, times
from bench.report.table import Table
from bench.report.verdicts import overstated

FIGURED = ("matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_int8", "memory_bandwidth")
WORKED = ("prefill", "decode", "serving", "training")
HOW = (
    (
        "A cell: ratio on paper → measured ratio (95%) [the first over the second: above 1, "
        "paper overstates the chip]."
    ),
    (
        "'no paper': one of the two has no published figure; 'unmeasured': one of the two has no "
        "admissible measurement, or the same work was not done on both; 'unlike': a chip lacks "
        "such units; –: neither."
    ),
)


def matrix(
    chips: Sequence[Chip] | None,
    baseline: Chip,
    bench: Bench,
    figures: Sequence[str] = FIGURED,
    margin: float = 0.10,
) -> Report:
    """Returns chips by figures and kinds of work, each over the baseline.

    Args:
        chips: those that are divided; None for all of which something was measured on both.
        baseline: what they are divided by.
        bench: the evidence.
        figures: keys of figures, and kinds of work; with the usual ones, ``WORKED`` are shown, too.
        margin: what counts as equal.
    """
    found = findings(chips, baseline, bench, figures, margin)
    cells = tuple((row[0].question.first.id, *(cell(one) for one in row)) for row in found)
    columns = ("chip", *(_heading(axis) for axis in _axes(figures)))
    title = f"{counted(len(found), 'chip')} over {baseline.name}: on paper and in measurement"
    table = Table(title, HOW, columns, cells, tuple(_summary(found, baseline)), ())
    flats = [
        {**flat(one), "paper_overstates": overstated(one), "cell": state(one)}
        for row in found
        for one in row
    ]
    return Report(table, flats)


def findings(
    chips: Sequence[Chip] | None,
    baseline: Chip,
    bench: Bench,
    figures: Sequence[str] = FIGURED,
    margin: float = 0.10,
) -> list[list[Finding]]:
    """Returns the cells of ``matrix``: a row a chip, a finding a figure or kind of work."""
    judged = [
        [bench.finding(Question(chip, baseline, axis, margin=margin)) for axis in _axes(figures)]
        for chip in chips or _measured(baseline, bench)
    ]
    return [row for row in judged if chips or any(one.measured for one in row)]


def _axes(figures: Sequence[str]) -> list[Axis]:
    asked = (*figures, *WORKED) if figures == FIGURED else figures
    return [Axis.model_validate({"figure" if key in FIGURES else "work": key}) for key in asked]


def _measured(baseline: Chip, bench: Bench) -> list[Chip]:
    """Returns the chips with an admitted value, in the order of the catalogue; no processors."""
    known = {one.chip for one in bench.whole.admitted}
    chips = (one for one in bench.catalogue.chips.values() if one.kind != "cpu")
    return [one for one in chips if one.id in known and one.id != baseline.id]


def _heading(axis: Axis) -> str:
    return FIGURES[axis.figure].title if axis.figure else str(axis.work)


def state(found: Finding) -> str:
    """Returns what a cell has: both ratios, one of them, or why neither."""
    if found.paper and found.measured:
        return "both"
    if found.measured:
        return "no paper"
    return (
        "unlike"
        if found.word.value == "not comparable"
        else ("unmeasured" if found.paper else "neither")
    )


def cell(found: Finding) -> str:
    """Returns both ratios, or what is missing in words."""
    if state(found) in ("unlike", "neither"):
        return "unlike" if state(found) == "unlike" else NONE
    paper = times(found.paper.value) if found.paper else "no paper"
    if found.measured is None:
        return f"{paper} → unmeasured" if found.question.axis.figure else "unmeasured"
    over = overstated(found)
    factor = f" [{times(over)}]" if over else ""
    return f"{paper} → {measured(found.measured)}{factor}"


def _summary(found: Sequence[Sequence[Finding]], baseline: Chip) -> list[str]:
    whole = [one for row in found for one in row]
    both = [one for one in whole if overstated(one)]
    if not both:
        return [f"No measurement compares {baseline.name} with another chip."]
    over = [one for one in both if (overstated(one) or 0) > 1.1]
    under = [one for one in both if (overstated(one) or 9) < 1 / 1.1]
    return [
        (
            f"{len(both)} of {len(whole)} cells have both ratios. Paper overstates the chip over "
            f"{baseline.name} by more than 10% in {len(over)}, understates it in {len(under)}."
        )
    ]
