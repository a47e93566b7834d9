"""Guards CSV cells against formula injection in spreadsheets."""

from typing import TypeVar

Cell = TypeVar("Cell")
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""A spreadsheet evaluates a cell that starts with one of these after blanks."""


def guarded(cell: Cell) -> Cell | str:
    """Returns a cell, with an apostrophe before text that would be evaluated as a formula."""
    is_formula = isinstance(cell, str) and cell.lstrip().startswith(FORMULA)
    return f"'{cell}" if is_formula else cell
