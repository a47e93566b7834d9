"""How wide the columns of a table are on paper, and how high its rows come out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.verification.document import Table

if TYPE_CHECKING:
    from fpdf import FPDF

ROW_MM, PADDING_MM = 3.2, 0.8
"""Height of a line of a cell, and the room around it."""
LEAST_SHARE = 0.07
"""Of the width, for the narrowest column: a long word still has a dozen letters a line."""


def rows_mm(pdf: "FPDF", shares: Sequence[float], rows: Sequence[Sequence[str]]) -> float:
    """Returns the height in mm of rows together, in the font that is set."""
    unit = pdf.epw / sum(shares)
    return sum(_row_mm(pdf, [unit * share for share in shares], row) for row in rows)


def _row_mm(pdf: "FPDF", widths_mm: Sequence[float], row: Sequence[str]) -> float:
    return 2 * PADDING_MM + ROW_MM * max(
        _lines(pdf, width, cell) for width, cell in zip(widths_mm, row, strict=True)
    )


def _lines(pdf: "FPDF", width_mm: float, cell: str) -> int:
    inner = width_mm - 2 * PADDING_MM
    found = pdf.multi_cell(inner, ROW_MM, cell, align="L", dry_run=True, output="LINES")
    return len(found) if isinstance(found, list) else 1


def widths(block: Table) -> tuple[float, ...]:
    """Returns the columns' shares of the width, by what they hold: long ones get more, not all."""
    columns = list(zip(block.columns, *block.cells, strict=True))
    wanted = [_wanted(column) for column in columns]
    least = LEAST_SHARE * sum(wanted)
    return tuple(max(one, least) for one in wanted)


def _wanted(column: tuple[str, ...]) -> float:
    bold = 1.2 * max(len(word) for word in (column[0].split() or [""]))
    longest_word = max(bold, *(len(word) for cell in column for word in (cell.split() or [""])))
    longest_word += 2.0  # of padding
    lengths = sorted(len(cell) for cell in column)
    usual = lengths[(9 * len(lengths)) // 10 if len(lengths) > 9 else -1]
    return max(min(longest_word, 24.0), float(min(usual, 160) ** 0.75), 4.0)
