"""Chips beside a baseline: paper ratio, measured ratio, and how much paper overstates each."""

from collections.abc import Sequence

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.model import Axis
from bench.claims.sensitivity import Bench
from bench.claims.weigh import Finding, Question
from bench.report.markup import Report
from bench.report.ratios import NONE, flat, measured, times
from bench.report.table import Table
from bench.report.verdicts import overstated

FIGURED = ("matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_int8", "memory_bandwidth")
WORKED = ("prefill", "decode", "serving", "training")
HOW = (
    "A cell: ratio on paper → measured ratio (95%) [how many times paper overstates the chip].",
    (
        "'no paper': no published figure of one of the two; 'unmeasured': nothing admissible "
        "measured of one of the two, or the same work not done on both; 'unlike': a chip lacks "
        "such units; –: neither."
    ),
)


def matrix(
    chips: Sequence[Chip],
    baseline: Chip,
    bench: Bench,
    figures: Sequence[str] = FIGURED,
    margin: float = 0.10,
) -> Report:
    """Returns chips by figures and kinds of work, each over the baseline."""
    axes = [Axis(figure=key) for key in figures]
    axes += [Axis.model_validate({"work": one}) for one in WORKED] if figures == FIGURED else []
    found = [
        [bench.finding(Question(chip, baseline, axis, margin=margin)) for axis in axes]
        for chip in chips
    ]
    cells = tuple(
        (chip.id, *(cell(one) for one in row)) for chip, row in zip(chips, found, strict=True)
    )
    columns = ("chip", *(_heading(axis) for axis in axes))
    title = f"{len(chips)} chips over {baseline.name}: on paper and in measurement"
    table = Table(title, HOW, columns, cells, tuple(_summary(found, baseline)), ())
    flats = [
        {**flat(one), "paper_overstates": overstated(one), "cell": state(one)}
        for row in found
        for one in row
    ]
    return Report(table, flats)


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
        return f"{paper} → unmeasured"
    over = overstated(found)
    factor = f" [×{times(over)}]" if over else ""
    return f"{paper} → {measured(found.measured)}{factor}"


def _summary(found: Sequence[Sequence[Finding]], baseline: Chip) -> list[str]:
    whole = [one for row in found for one in row]
    both = [one for one in whole if overstated(one)]
    if not both:
        return [f"Nothing was measured of {baseline.name} and of another chip here."]
    over = [one for one in both if (overstated(one) or 0) > 1.1]
    under = [one for one in both if (overstated(one) or 9) < 1 / 1.1]
    return [
        (
            f"{len(both)} of {len(whole)} cells have both ratios. Paper overstates the chip over "
            f"{baseline.name} by more than 10% in {len(over)}, understates it in {len(under)}."
        )
    ]
