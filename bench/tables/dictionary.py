"""The data dictionary: every column of every table, for people and for programs."""

from collections.abc import Iterable

from bench.tables.model import Column, Scalar, Table

HEADER = ("column", "type", "unit", "may be empty", "meaning")
PREFACE = """\
# Data dictionary

Values are in SI base units: operations and bytes a second, bytes, hertz, watts, mm². An empty cell
means unknown or not said, never nought. Texts that hold several words part them by "; ". In CSV a
text that a spreadsheet would compute (it begins with =, +, - or @, blanks and width aside) has an
apostrophe before it.
"""


def as_rows(tables: Iterable[Table]) -> list[dict[str, Scalar]]:
    """Returns one mapping a column."""
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
    """Returns the dictionary as Markdown, a section a table."""
    sections = [
        f"## {table.name}: {table.title}\n\n{markdown(HEADER, map(_line, table.columns))}"
        for table in tables
    ]
    return "\n".join([PREFACE, *sections])


def _line(one: Column) -> tuple[str, ...]:
    return (f"`{one.name}`", one.type, one.unit, "yes" if one.optional else "", one.meaning)


def markdown(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Returns a Markdown table."""
    rows = [tuple(header), *(tuple(line) for line in lines)]
    rows.insert(1, ("---",) * len(rows[0]))
    return "".join(f"| {' | '.join(_cell(one) for one in row)} |\n" for row in rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
