"""Ratios to a baseline: on paper against in measurement, a point a chip and figure."""

import math
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from bench.chips.model import Chip
from bench.claims.sensitivity import Bench
from bench.claims.weigh import Finding, title
from bench.errors import UsageError
from bench.plot.axes import (
    MARKERS,
    Label,
    called,
    legend_below,
    listed,
    log_axis,
    place,
    short,
    slug,
)
from bench.plot.picture import Picture
from bench.report.matrix import findings
from bench.report.ratios import flat, times
from bench.report.scalar import Scalar
from bench.report.verdicts import overstated

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

BASELINE = "h20"
NAMED = 12
"""So many of the points farthest from the line are named, where there is room."""
KINDS = (
    "matrix_bf16", "matrix_fp16", "memory_bandwidth", "matrix_fp8", "decode", "prefill", "serving",
    "matrix_int8", "training",
)  # fmt: skip
"""Figures and kinds of work in the order of their marks, the same in every plot; colours come again
after six, so that those that are seldom measured stand last."""
SIZE_PT = (500.0, 285.0)
"""About how wide and how high the axes come out."""


def picture(
    baseline: Chip, chips: Sequence[Chip] | None, bench: Bench, margin: float = 0.10
) -> Picture:
    """Returns ``ratios-BASELINE``: every ratio that is both published and measured.

    Args:
        baseline: what the chips are divided by.
        chips: those that are divided; None for all of which something was measured on both.
        bench: the evidence.
        margin: by how much paper may be off and still agree.

    Raises:
        UsageError: no ratio is both published and measured.
    """
    found = [
        one
        for row in findings(chips, baseline, bench, margin=margin)
        for one in row
        if one.paper and one.measured
    ]
    if not found:
        raise UsageError(
            f"no ratio to {baseline.id} is both published and measured: name other chips in "
            f"chips=, or see 'verdict baseline={baseline.id}'"
        )
    return Picture(
        name=f"ratios-{slug(min((*baseline.aliases, baseline.id), key=len))}",
        title=_title(baseline, found, margin),
        alt=_alt(baseline, found),
        note=(
            "Bars: 95% interval of the measured ratio. Below the line paper promises more than "
            f"is measured. From {len(bench.whole.admitted)} measured values, ours and "
            f"others'.{_without(chips or (), found, baseline)}"
        ),
        rows=[_row(one) for one in found],
        paint=partial(_paint, found, baseline),
        height=5.6,
    )


def _without(asked: Sequence[Chip], found: Sequence[Finding], baseline: Chip) -> str:
    """Returns which of the chips that were asked for have no point."""
    there = {baseline.id, *(one.question.first.id for one in found)}
    names = listed(one for one in asked if one.id not in there)
    return f" Nothing here is both published and measured of {names}." if names else ""


def _row(one: Finding) -> dict[str, Scalar]:
    return {**flat(one), "paper_overstates": overstated(one)}


def _over(one: Finding) -> float:
    """Returns paper over measured."""
    return one.paper.value / one.measured.ratio if one.paper and one.measured else 1.0


def _title(baseline: Chip, found: Sequence[Finding], margin: float) -> str:
    over = sum(_over(one) > 1 + margin for one in found)
    under = sum(_over(one) < 1 / (1 + margin) for one in found)
    return (
        f"Paper overstates {over} of {len(found)} ratios to the {short(baseline.name)} by more "
        f"than {100 * margin:.4g}%, understates {under}; in the median paper is "
        f"{times(median(map(_over, found)))} times measurement"
    )


def _alt(baseline: Chip, found: Sequence[Finding]) -> str:
    chips = len({one.question.first.id for one in found})
    far = max(found, key=_over)
    return (
        f"Measured ratio against paper ratio to the {short(baseline.name)}, {len(found)} points of "
        f"{chips} chips; the farthest below the line is {called(far.question.first)}, "
        f"{title(far.question.axis)}, with {times(_over(far))} times the measured ratio on paper."
    )


def _paint(found: Sequence[Finding], baseline: Chip, figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    for number, kind in enumerate(KINDS):
        some = [one for one in found if kind in (one.question.axis.figure, one.question.axis.work)]
        if some:
            _points(axes, some, (theme.series[number % len(theme.series)], number))
    _line(axes, found, theme)
    log_axis(axes.xaxis, lambda value: f"{value:g} ×")
    log_axis(axes.yaxis, lambda value: f"{value:g} ×")
    place(axes, _labels(found)[:NAMED], list(map(_place, found)), theme, SIZE_PT)
    axes.set_xlabel(f"ratio on paper to the {short(baseline.name)}")
    axes.set_ylabel("measured ratio")
    legend_below(axes, 4)


def _points(axes: "Axes", some: Sequence[Finding], look: tuple[str, int]) -> None:
    kind = title(some[0].question.axis)
    whole = [(one.paper.value, one.measured) for one in some if one.paper and one.measured]
    bounds = [(ratio, *measured.interval()) for _, measured in whole for ratio in (measured.ratio,)]
    errors = [[one - low for one, low, _ in bounds], [high - one for one, _, high in bounds]]
    axes.errorbar(
        [x for x, _ in whole], [one for one, *_ in bounds], errors, color=look[0], alpha=0.85,
        fmt=MARKERS[look[1] % len(MARKERS)], ms=5.5, lw=0.8, label=short(kind, 24),
    )  # fmt: skip


def _line(axes: "Axes", found: Sequence[Finding], theme: "Theme") -> None:
    """Draws where measured and paper agree, over all that is shown."""
    paper = [one.paper.value for one in found if one.paper]
    measured = [one.measured.ratio for one in found if one.measured]
    axes.set_xlim(min(paper) / 1.5, max(paper) * 1.5)
    axes.set_ylim(min(measured) / 1.8, max(measured) * 1.8)
    ends = [min(*paper, *measured) / 3, max(*paper, *measured) * 3]
    axes.plot(ends, ends, color=theme.ink, lw=1.4, label="measured = paper")


def _labels(found: Sequence[Finding]) -> list[Label]:
    """Returns a chip's name at its farthest point, the farthest chip first."""
    far = sorted(found, key=lambda one: -abs(math.log(_over(one))))
    return list({one.question.first.id: _label(one) for one in reversed(far)}.values())[::-1]


def _label(one: Finding) -> Label:
    return Label(*_place(one), called(one.question.first))


def _place(one: Finding) -> tuple[float, float]:
    return (one.paper.value, one.measured.ratio) if one.paper and one.measured else (1.0, 1.0)
