"""Chips over a baseline: paper ratio, measured ratio, and how much paper overstates each chip."""

from collections.abc import Sequence

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.model import Axis
from bench.claims.paper import PaperRatio
from bench.claims.sensitivity import EvidenceBase
from bench.claims.weigh import Finding, Question
from bench.report.chips.ratios import flat, measured, times
from bench.report.chips.verdicts import overstated
from bench.report.table import Table
from bench.report.text.digits import NONE
from bench.report.text.marks import NOT_PUBLISHED, UNPUBLISHED
from bench.report.text.markup import Report
from bench.words import counted

FIGURED = ("matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_int8", "memory_bandwidth")
"""Figures that are compared by default."""
WORKED = ("prefill", "decode", "serving", "training")
"""Kinds of work that are compared by default."""
HOW = (
    (
        "A cell: ratio on paper → measured ratio (95%) [the first over the second: above 1, "
        "paper overstates the chip]."
    ),
    (
        "'no paper': one of the two has no published figure; 'unmeasured': one of the two has no "
        "admissible measurement, or the same work was not done on both; 'unlike': a chip lacks "
        "such units; –: neither. "
        f"{UNPUBLISHED}: the figure of a chip is {NOT_PUBLISHED}."
    ),
)


def matrix(
    chips: Sequence[Chip] | None,
    baseline: Chip,
    evidence: EvidenceBase,
    figures: Sequence[str] = FIGURED,
    margin: float = 0.10,
) -> Report:
    """Returns a table of chips by figures and kinds of work, each relative to the baseline.

    Args:
        chips: the chips compared; None for all with a measurement that the baseline has, too.
        baseline: the chip that they are divided by.
        evidence: the evidence.
        figures: keys of figures and kinds of work; the default figures bring ``WORKED`` with them.
        margin: relative difference up to which two chips count as equal.
    """
    rows = findings(chips, baseline, evidence, figures, margin)
    cells = tuple((row[0].question.first.id, *(cell(one) for one in row)) for row in rows)
    columns = ("chip", *(_heading(axis) for axis in _axes(figures)))
    title = f"{counted(len(rows), 'chip')} over {baseline.name}: on paper and in measurement"
    other = "another chip" if not chips else "this chip" if len(chips) == 1 else "these chips"
    summary = _summary(rows) or (
        f"No measurement compares {baseline.name} with {other} in {' or '.join(columns[1:])}."
    )
    table = Table(title, HOW, columns, cells, (summary,), ())
    flats = [
        {**flat(one), "paper_overstates": overstated(one), "cell": state(one)}
        for row in rows
        for one in row
    ]
    return Report(table, flats)


def findings(
    chips: Sequence[Chip] | None,
    baseline: Chip,
    evidence: EvidenceBase,
    figures: Sequence[str] = FIGURED,
    margin: float = 0.10,
) -> list[list[Finding]]:
    """Returns the findings of ``matrix``: a row per chip, a column per figure or kind of work."""
    judged = [
        [evidence.finding(Question(chip, baseline, axis, margin=margin)) for axis in _axes(figures)]
        for chip in chips or _measured(baseline, evidence)
    ]
    return [row for row in judged if chips or any(one.measured for one in row)]


def _axes(figures: Sequence[str]) -> list[Axis]:
    keys = (*figures, *WORKED) if figures == FIGURED else figures
    return [Axis.model_validate({"figure" if key in FIGURES else "work": key}) for key in keys]


def _measured(baseline: Chip, evidence: EvidenceBase) -> list[Chip]:
    """Returns the accelerators with an admitted measurement, in the order of the catalogue."""
    known = {one.chip for one in evidence.whole.admitted}
    chips = (one for one in evidence.catalogue.chips.values() if one.kind != "cpu")
    return [one for one in chips if one.id in known and one.id != baseline.id]


def _heading(axis: Axis) -> str:
    return FIGURES[axis.figure].title if axis.figure else str(axis.work)


def state(finding: Finding) -> str:
    """Returns what a cell has: both ratios, only one of them, or none because chips are unlike."""
    if finding.paper and finding.measured:
        return "both"
    if finding.measured:
        return "no paper"
    if finding.word.value == "not comparable":
        return "unlike"
    return "unmeasured" if finding.paper else "neither"


def cell(finding: Finding) -> str:
    """Returns both ratios as text, or which of them is missing."""
    if state(finding) in ("unlike", "neither"):
        return "unlike" if state(finding) == "unlike" else NONE
    paper = _paper(finding.paper) if finding.paper else "no paper"
    if finding.measured is None:
        return f"{paper} → unmeasured" if finding.question.axis.figure else "unmeasured"
    over = overstated(finding)
    factor = f" [{times(over)}]" if over else ""
    return f"{paper} → {measured(finding.measured)}{factor}"


def _paper(ratio: PaperRatio) -> str:
    """Returns a ratio on paper, marked if a figure behind it was computed, not published."""
    return f"{times(ratio.value)}{UNPUBLISHED if ratio.computed else ''}"


def _summary(rows: Sequence[Sequence[Finding]]) -> str:
    """Returns how often paper overstates and understates by more than 10%; empty if unmeasured."""
    cells = [finding for row in rows for finding in row]
    if not any(one.measured for one in cells):
        return ""
    factors = [factor for one in cells if (factor := overstated(one))]
    over = sum(factor > 1.1 for factor in factors)
    under = sum(factor < 1 / 1.1 for factor in factors)
    name = cells[0].question.second.name
    return (
        f"{len(factors)} of {len(cells)} cells have both ratios. Paper overstates the chip "
        f"over {name} by more than 10% in {over}, understates it in {under}."
    )
