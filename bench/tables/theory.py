"""Rows of the tables of derived figures, cross-checked rates and comparisons."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.tables.model import Data, joined
from bench.theory.comparison import Cell, Comparison
from bench.theory.crosscheck import crosscheck
from bench.theory.derived import derived


@dataclass(frozen=True)
class DerivedRow:
    """One figure derived from the figures of a sheet."""

    chip: Annotated[str, "key of the chip"]
    figure: Annotated[str, "key of the derived figure"]
    title: Annotated[str, "the figure in words"]
    value: Annotated[float | None, "the value; empty where an input is missing", "unit"]
    unit: Annotated[str, "unit of the value"]
    formula: Annotated[str | None, "the formula with the values put in"]
    inputs: Annotated[str | None, "keys of the figures that it is derived from"]
    sources: Annotated[str | None, "keys of the sources behind them"]
    why: Annotated[str | None, "what is missing, or what is doubtful"]


def derived_rows(data: Data) -> Iterator[DerivedRow]:
    """Yields one row per chip and derived figure."""
    for chip in data.chips:
        for one in derived(chip, data.catalogue):
            yield DerivedRow(
                chip=chip.id,
                figure=one.key,
                title=one.title,
                value=one.value,
                unit=one.unit,
                formula=one.formula or None,
                inputs=joined(one.inputs),
                sources=joined(one.sources),
                why=one.why or None,
            )


@dataclass(frozen=True)
class CrosscheckRow:
    """One published rate beside units x clock x operations per unit and cycle."""

    chip: Annotated[str, "key of the chip"]
    figure: Annotated[str, "key of the rate"]
    printed: Annotated[float, "the rate as published", "operations/s"]
    expected: Annotated[float, "what the design gives", "operations/s"]
    deviation: Annotated[float, "printed / expected - 1", "1"]
    passed: Annotated[bool, "whether the two agree within 3 %"]
    formula: Annotated[str, "the product in words"]
    explained: Annotated[str | None, "the sheet's explanation of the deviation"]


def crosscheck_rows(data: Data) -> Iterator[CrosscheckRow]:
    """Yields one row per rate that can be checked."""
    for chip in data.chips:
        for one in crosscheck(chip, data.catalogue):
            yield CrosscheckRow(
                chip=one.chip,
                figure=one.figure,
                printed=one.printed,
                expected=one.expected,
                deviation=one.deviation,
                passed=one.passed,
                formula=one.formula,
                explained=one.explained,
            )


@dataclass(frozen=True)
class ComparisonRow:
    """One figure of one chip beside the baseline's."""

    figure: Annotated[str, "key of the figure, fact or derived figure"]
    title: Annotated[str, "in words"]
    chip: Annotated[str, "key of the chip"]
    baseline: Annotated[str, "key of the baseline chip"]
    value: Annotated[float | None, "the value; empty where there is no number", "unit"]
    unit: Annotated[str | None, "unit of the value; empty for words"]
    as_written: Annotated[str | None, "the value as published, or as derived"]
    ratio: Annotated[float | None, "the value over the baseline's", "1"]
    ratio_low: Annotated[float | None, "the lowest ratio that rival figures give", "1"]
    ratio_high: Annotated[float | None, "the highest ratio that rival figures give", "1"]
    basis: Annotated[str | None, "how the rate, or the least certain one, is known to be dense"]
    origin: Annotated[str, "published, computed for the sheet, or derived from its figures"]
    formula: Annotated[str | None, "how it was derived"]
    why: Annotated[str | None, "why there is no value, or a remark on it"]
    sources: Annotated[str | None, "keys of the sources behind it"]


def comparison_rows(comparison: Comparison) -> Iterator[ComparisonRow]:
    """Yields one row per figure and chip, in the order of the comparison."""
    for row in comparison.rows:
        yield from (_comparison_row(cell, comparison.baseline.id) for cell in row.cells)


def _comparison_row(cell: Cell, baseline: str) -> ComparisonRow:
    entry, ratio = cell.entry, cell.ratio
    return ComparisonRow(
        figure=entry.key.name,
        title=entry.key.title,
        chip=cell.chip,
        baseline=baseline,
        value=entry.value,
        unit=(entry.key.unit or "1") if entry.key.is_number else None,
        as_written=entry.text or None,
        ratio=ratio.value if ratio else None,
        ratio_low=ratio.low if ratio else None,
        ratio_high=ratio.high if ratio else None,
        basis=entry.basis.value if entry.basis else None,
        origin=entry.origin,
        formula=entry.formula or None,
        why=entry.why or cell.why or None,
        sources=joined(entry.sources),
    )
