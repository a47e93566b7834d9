"""The data dictionary: every column of every table, as Markdown and as rows."""

from collections.abc import Iterable

from bench.report.text.scalar import Scalar
from bench.tables.model import Column, Table

HEADER = ("column", "type", "unit", "may be empty", "meaning")
PREFACE = """\
# Data dictionary

Values are in base units: operations and bytes per second, bytes, hertz, watts, mm². An empty cell
means unknown or not stated, never zero. Several values in one cell are separated by "; ". In CSV, a
text that a spreadsheet would evaluate as a formula (it begins with =, +, - or @, also after blanks
or in full width) has an apostrophe before it.
"""


def as_rows(tables: Iterable[Table]) -> list[dict[str, Scalar]]:
    """Returns one mapping per column."""
    return [
        {
            "table": table.name,
            "column": one.name,
            "type": one.type,
            "unit": one.unit or None,
            "may_be_empty": one.optional,
            "meaning": one.meaning,
        }
        for table in tables
        for one in table.columns
    ]


def as_text(tables: Iterable[Table]) -> str:
    """Returns the dictionary as Markdown, one section per table."""
    sections = [
        f"## {table.name}: {table.title}\n\n{markdown(HEADER, map(_line, table.columns))}"
        for table in tables
    ]
    return "\n".join([PREFACE, *sections])


def _line(column: Column) -> tuple[str, ...]:
    empty = "yes" if column.optional else ""
    return (f"`{column.name}`", column.type, column.unit, empty, column.meaning)


def markdown(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Returns a Markdown table."""
    rows = [tuple(header), *(tuple(line) for line in lines)]
    rows.insert(1, ("---",) * len(rows[0]))
    return "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in rows)


def _cell(text: str) -> str:
    """Returns a text on one line, with its vertical bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")
