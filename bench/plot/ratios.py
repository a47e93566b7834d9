"""Plot of ratios to a baseline, measured against on paper: one point per chip and figure."""

import math
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from bench.chips.model import Chip
from bench.claims.sensitivity import EvidenceBase
from bench.claims.weigh import Finding, title
from bench.errors import UsageError
from bench.plot.axes import (
    MARKERS,
    Label,
    legend_below,
    log_axis,
    name_list,
    place_labels,
    short,
    short_name,
    slug,
)
from bench.plot.picture import Picture
from bench.report.chips.matrix import findings
from bench.report.chips.ratios import flat, times
from bench.report.chips.verdicts import overstated
from bench.report.text.scalar import Scalar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

BASELINE = "h20"
"""Baseline chip if none is named."""
NAMED = 12
"""Number of points that are named, those farthest from the line, where there is room."""
KINDS = (
    "matrix_bf16", "matrix_fp16", "memory_bandwidth", "matrix_fp8", "decode", "prefill", "serving",
    "matrix_int8", "training",
)  # fmt: skip
"""Figures and kinds of work in the order of their markers, the same in every plot.

Colours repeat after six, so those that are seldom measured come last."""
SIZE_PT = (500.0, 285.0)
"""Approximate width and height of the axes, points."""


def picture(
    baseline: Chip, chips: Sequence[Chip] | None, evidence: EvidenceBase, margin: float = 0.10
) -> Picture:
    """Returns ``ratios-BASELINE``: every ratio that is both published and measured.

    Args:
        baseline: the chip that the other chips' values are divided by.
        chips: the other chips; None for all that share a measured figure with the baseline.
        evidence: the evidence.
        margin: relative difference up to which paper and measurement agree.

    Raises:
        UsageError: no ratio is both published and measured.
    """
    found = _published_and_measured(baseline, chips, evidence, margin)
    return Picture(
        name=f"ratios-{slug(min((*baseline.aliases, baseline.id), key=len))}",
        title=_title(baseline, found, margin),
        alt=_alt(baseline, found),
        note=(
            "Bars: 95% interval of the measured ratio. Below the line paper promises more than "
            f"is measured. {_values_used(evidence)}"
            f"{_missing_chips(chips or (), found, baseline)}"
        ),
        rows=[_row(finding) for finding in found],
        paint=partial(_paint, found, baseline),
        height=5.6,
    )


def _published_and_measured(
    baseline: Chip, chips: Sequence[Chip] | None, evidence: EvidenceBase, margin: float
) -> list[Finding]:
    found = [
        finding
        for row in findings(chips, baseline, evidence, margin=margin)
        for finding in row
        if finding.paper and finding.measured
    ]
    if not found:
        raise UsageError(
            f"no ratio to {baseline.id} is both published and measured: name other chips in "
            f"chips=, or see 'verdict baseline={baseline.id}'"
        )
    return found


def _values_used(evidence: EvidenceBase) -> str:
    """Returns a sentence with how many measured values there are, and how many have no weight."""
    known, used = len(evidence.whole.every), len(evidence.whole.admitted)
    idle = f", {known - used:,} of them without weight" if used < known else ""
    return f"From {known:,} measured values, ours and others'{idle}."


def _missing_chips(chips: Sequence[Chip], found: Sequence[Finding], baseline: Chip) -> str:
    """Returns a sentence that names the requested chips that have no point."""
    drawn_ids = {baseline.id, *(finding.question.first.id for finding in found)}
    names = name_list(chip for chip in chips if chip.id not in drawn_ids)
    return f" Nothing here is both published and measured of {names}." if names else ""


def _row(finding: Finding) -> dict[str, Scalar]:
    return {**flat(finding), "paper_overstates": overstated(finding)}


def _overstatement(finding: Finding) -> float:
    """Returns the ratio on paper over the measured ratio."""
    return (
        finding.paper.value / finding.measured.ratio if finding.paper and finding.measured else 1.0
    )


def _title(baseline: Chip, found: Sequence[Finding], margin: float) -> str:
    over = sum(_overstatement(finding) > 1 + margin for finding in found)
    under = sum(_overstatement(finding) < 1 / (1 + margin) for finding in found)
    return (
        f"Paper overstates {over} of {len(found)} ratios to the {short(baseline.name)} by more "
        f"than {100 * margin:.4g}%, understates {under}; in the median paper is "
        f"{times(median(map(_overstatement, found)))} times measurement"
    )


def _alt(baseline: Chip, found: Sequence[Finding]) -> str:
    chips = len({finding.question.first.id for finding in found})
    farthest = max(found, key=_overstatement)
    paper_over_measured = times(_overstatement(farthest))
    return (
        f"Measured ratio against paper ratio to the {short(baseline.name)}, {len(found)} points of "
        f"{chips} chips; the farthest below the line is {short_name(farthest.question.first)}, "
        f"{title(farthest.question.axis)}, with {paper_over_measured} times the measured ratio "
        "on paper."
    )


def _paint(found: Sequence[Finding], baseline: Chip, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    for number, kind in enumerate(KINDS):
        of_kind = [
            finding
            for finding in found
            if kind in (finding.question.axis.figure, finding.question.axis.work)
        ]
        if of_kind:
            _draw_points(axes, of_kind, (theme.series[number % len(theme.series)], number))
    _draw_equality(axes, found, theme)
    log_axis(axes.xaxis, lambda value: f"{value:g} ×")
    log_axis(axes.yaxis, lambda value: f"{value:g} ×")
    place_labels(axes, _labels(found)[:NAMED], list(map(_position, found)), theme, SIZE_PT)
    axes.set_xlabel(f"ratio on paper to the {short(baseline.name)}")
    axes.set_ylabel("measured ratio")
    legend_below(axes, 4)


def _draw_points(axes: "Axes", findings: Sequence[Finding], look: tuple[str, int]) -> None:
    kind = title(findings[0].question.axis)
    pairs = [(one.paper.value, one.measured) for one in findings if one.paper and one.measured]
    bounds = [(ratio, *measured.interval()) for _, measured in pairs for ratio in (measured.ratio,)]
    errors = [
        [ratio - low for ratio, low, _ in bounds],
        [high - ratio for ratio, _, high in bounds],
    ]
    axes.errorbar(
        [x for x, _ in pairs], [ratio for ratio, *_ in bounds], errors, color=look[0], alpha=0.85,
        fmt=MARKERS[look[1] % len(MARKERS)], ms=5.5, lw=0.8, label=short(kind, 24),
    )  # fmt: skip


def _draw_equality(axes: "Axes", found: Sequence[Finding], theme: "Theme") -> None:
    """Sets the limits of the axes and draws the line on which measured equals paper."""
    paper = [finding.paper.value for finding in found if finding.paper]
    measured = [finding.measured.ratio for finding in found if finding.measured]
    axes.set_xlim(min(paper) / 1.5, max(paper) * 1.5)
    axes.set_ylim(min(measured) / 1.8, max(measured) * 1.8)
    ends = [min(*paper, *measured) / 3, max(*paper, *measured) * 3]
    axes.plot(ends, ends, color=theme.ink, lw=1.4, label="measured = paper")


def _labels(found: Sequence[Finding]) -> list[Label]:
    """Returns one label per chip, at its point farthest from the line, farthest chip first."""
    by_distance = sorted(found, key=lambda finding: -abs(math.log(_overstatement(finding))))
    return list(
        {finding.question.first.id: _label(finding) for finding in reversed(by_distance)}.values()
    )[::-1]


def _label(finding: Finding) -> Label:
    return Label(*_position(finding), short_name(finding.question.first))


def _position(finding: Finding) -> tuple[float, float]:
    return (
        (finding.paper.value, finding.measured.ratio)
        if finding.paper and finding.measured
        else (1.0, 1.0)
    )
