"""What every format is given, and the call that sets it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tabulate import tabulate

from bench.report.flat import Scalar
from bench.report.table import Table


@dataclass(frozen=True)
class Report:
    """One record's rows, as words and as numbers."""

    table: Table
    flat: list[dict[str, Scalar]]


def tabulated(columns: Sequence[str], cells: Sequence[Sequence[str]], style: str) -> str:
    """Returns cells set by tabulate, as written: no number is read into them."""
    return tabulate(cells, columns, tablefmt=style, disable_numparse=True)
