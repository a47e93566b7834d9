"""The tables of a validation's errors by groups of cases: pairs of chips, chips, workloads."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.predict.learning.pooling import COVERAGES
from bench.predict.validation.errors import Figures, Outcome, Part, figures, grouped
from bench.report.table import Section
from bench.report.text.digits import NONE
from bench.report.text.scalar import Scalar

INSIDE = "in " + " / ".join(f"{100 * level:g}" for level in COVERAGES)
MIDDLE = ("median", "bias", INSIDE)
SHOWN = 20
"""Maximum number of rows of a list in the text, the worst first; programs get all rows."""
CUT = "{} more lines: with report=csv, report=json or part=."
"""Sentence about the other rows."""
PAPER = ("roofline", "at one share")
"""The two baselines of predicted times."""
SHEETS = ("by bandwidth", "by matrix rate")
"""The two baselines of predicted ratios of chips."""
Rows = list[dict[str, Scalar]]


def middle_cells(errors: Figures) -> tuple[str, ...]:
    """Returns the cells of median, bias and coverage."""
    return percent(errors.median), f"{100 * errors.bias:+.1f}%", percents(*errors.inside)


def rival_cells(errors: Figures) -> tuple[str, ...]:
    """Returns the cells of the two baselines, each with mean and median error."""
    return tuple(percents(*one) for one in errors.rivals)


def percents(*values: float) -> str:
    """Formats shares as whole percents: ``37 / 30%``."""
    return f"{' / '.join(f'{100 * one:.0f}' for one in values)}%" if values else NONE


def percent(value: float) -> str:
    """Formats a share as a percent with one decimal: ``36.9%``."""
    return f"{100 * value:.1f}%"


def flat_errors(errors: Figures) -> dict[str, Scalar]:
    """Returns the errors of a part, or of a group of its cases, for programs."""
    inside = errors.inside or (None,) * len(COVERAGES)
    (first, first_median), (second, second_median) = errors.rivals
    return {
        "cases": errors.count,
        "chips": errors.chips,
        "mean": errors.mean,
        "mean_by_chip": errors.by_chip,
        "median": errors.median,
        "bias": errors.bias,
        **{f"inside_{100 * level:g}": one for level, one in zip(COVERAGES, inside, strict=True)},
        "baseline_1_mean": first,
        "baseline_1_median": first_median,
        "baseline_2_mean": second,
        "baseline_2_median": second_median,
    }


def pair_section(parts: Sequence[Part]) -> Section:
    """Returns the errors of predicted ratios by pair of chips and part, the worst first."""
    groups = _grouped(parts, lambda one: one.chip)
    columns = ("chips", "part", "n", "mean", *MIDDLE, *SHEETS)
    section = _section("Pairs of chips, the worst first", columns, groups, "pairs")
    return shortened(section, "{} more pairs: in report=csv and report=json.")


def shortened(section: Section, template: str) -> Section:
    """Returns a table with only its first rows as text, and a sentence on where the others are."""
    more = len(section.cells) - SHOWN
    lines = (template.format(more),) if more > 0 else ()
    return replace(section, cells=section.cells[:SHOWN], lines=lines)


def chip_section(parts: Sequence[Part]) -> Section:
    """Returns the errors of each chip by part, the chip with the largest mean over parts first."""
    groups = _grouped(parts, lambda one: one.chip)
    means: dict[str, list[float]] = {}
    for chip, _, errors in groups:
        means.setdefault(chip, []).append(errors.mean)
    groups.sort(key=lambda one: (-sum(means[one[0]]) / len(means[one[0]]), one[0]))
    columns = ("chip", "part", "n", "mean", *MIDDLE, *PAPER)
    return _section("Chips, the worst first", columns, groups, "chips")


def work_section(parts: Sequence[Part]) -> Section:
    """Returns the errors by kernel or workload and part, the worst first."""
    groups = _grouped(parts, lambda one: one.work)
    columns = ("work", "part", "n", "mean", *MIDDLE, *PAPER)
    return _section("Kernels and workloads, the worst first", columns, groups, "works")


Groups = list[tuple[str, Part, Figures]]
"""Errors by the name of a group of cases, such as a chip, and by part."""


def _grouped(parts: Sequence[Part], key: Callable[[Outcome], str]) -> Groups:
    """Returns the errors of each group of cases in each part, the worst first."""
    groups = [
        (name, part, figures(cases))
        for part in parts
        for name, cases in grouped(part.cases, key).items()
    ]
    return sorted(groups, key=lambda one: -one[2].mean)


def _section(title: str, columns: tuple[str, ...], groups: Groups, key: str) -> Section:
    cells = tuple(
        (
            name,
            part.key,
            str(errors.count),
            percent(errors.mean),
            *middle_cells(errors),
            *rival_cells(errors),
        )
        for name, part, errors in groups
    )
    flats: Rows = [
        {columns[0]: name, "part": part.name, "held_out": part.split, **flat_errors(errors)}
        for name, part, errors in groups
    ]
    return Section(title, columns, cells, flats, key=key)
