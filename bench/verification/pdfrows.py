"""The widths of a table's columns in the PDF, and the height of its rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.verification.document import Table

if TYPE_CHECKING:
    from fpdf import FPDF

ROW_MM, PADDING_MM = 3.2, 0.8
"""Height of a line in a cell, and the padding around the cell's text."""
LEAST_SHARE = 0.07
"""Least share of the width per column: a long word still gets a dozen letters per line."""


def rows_mm(pdf: "FPDF", shares: Sequence[float], rows: Sequence[Sequence[str]]) -> float:
    """Returns the total height of rows in mm, in the current font."""
    unit = pdf.epw / sum(shares)
    return sum(_row_mm(pdf, [unit * share for share in shares], row) for row in rows)


def _row_mm(pdf: "FPDF", widths_mm: Sequence[float], row: Sequence[str]) -> float:
    return 2 * PADDING_MM + ROW_MM * max(
        _lines(pdf, width, cell) for width, cell in zip(widths_mm, row, strict=True)
    )


def _lines(pdf: "FPDF", width_mm: float, cell: str) -> int:
    inner = width_mm - 2 * PADDING_MM
    lines = pdf.multi_cell(inner, ROW_MM, cell, align="L", dry_run=True, output="LINES")
    return len(lines) if isinstance(lines, list) else 1


def widths(block: Table) -> tuple[float, ...]:
    """Returns the columns' relative widths, by the lengths of their texts."""
    columns = list(zip(block.columns, *block.cells, strict=True))
    wanted = [_wanted(column) for column in columns]
    least = LEAST_SHARE * sum(wanted)
    return tuple(max(width, least) for width in wanted)


def _wanted(column: tuple[str, ...]) -> float:
    """Returns a column's width by its longest word and its usual length; the heading comes first.

    The usual length enters with an exponent below 1, so that long texts get more room, but not all.
    """
    bold = 1.2 * max(len(word) for word in (column[0].split() or [""]))
    longest_word = max(bold, *(len(word) for cell in column for word in (cell.split() or [""])))
    longest_word += 2.0  # of padding
    lengths = sorted(len(cell) for cell in column)
    usual = lengths[(9 * len(lengths)) // 10 if len(lengths) > 9 else -1]
    return max(min(longest_word, 24.0), float(min(usual, 160) ** 0.75), 4.0)
