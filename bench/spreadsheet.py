"""Cells as a spreadsheet reads them: what it would compute is made text."""

from typing import TypeVar

Cell = TypeVar("Cell")
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""A spreadsheet computes a cell that begins so, blanks aside; the full-width signs, too."""


def guarded(cell: Cell) -> Cell | str:
    """Returns a cell with an apostrophe before text that would be computed; numbers stay so."""
    is_formula = isinstance(cell, str) and cell.lstrip().startswith(FORMULA)
    return f"'{cell}" if is_formula else cell
