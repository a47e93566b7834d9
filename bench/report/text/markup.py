"""The report that every output format renders, and helpers that the formats share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from bench.report.table import Section, Table
from bench.report.text.scalar import Lazy, Rows, Scalar


@dataclass(frozen=True)
class Report:
    """A table as text and as numbers, with further tables below it.

    Attributes:
        table: the first table, with the title, the heading and the notes.
        flat: its rows for programs.
        more: further tables.
    """

    table: Table
    flat: list[dict[str, Scalar]] | Rows
    more: tuple[Section, ...] = ()

    @property
    def has_first(self) -> bool:
        """Returns whether the first table is shown: not if it is empty and others follow."""
        return bool(self.table.cells) or not self.more


def with_heading(report: Report, lines: Sequence[str]) -> Report:
    """Returns a report with further lines above its first table."""
    table = replace(report.table, heading=(*report.table.heading, *lines))
    return replace(report, table=table) if lines else report


def tabulated(columns: Sequence[str], cells: Sequence[Sequence[str]], style: str) -> str:
    """Returns a table in a style of tabulate, which leaves texts that look like numbers as is."""
    return tabulate(cells, columns, tablefmt=style, disable_numparse=True)


def cleaned(report: Report) -> Report:
    """Returns a report in which each text is one line of printable characters.

    A device's name and an error's text come from outside: their line breaks must not end a row, and
    their control characters must not reach a terminal.
    """
    table = report.table
    clean = Table(
        title=one_line(table.title),
        heading=_lines(table.heading),
        columns=_lines(table.columns),
        cells=Lazy(lambda: (_row(table.columns, row) for row in table.cells)),
        summary=_lines(table.summary),
        notes=_lines(table.notes),
    )
    return Report(clean, Rows(lambda: _flat(report.flat)), tuple(map(_section, report.more)))


def _section(section: Section) -> Section:
    cells = tuple(_row(section.columns, row) for row in section.cells)
    title, columns = one_line(section.title), _lines(section.columns)
    return Section(title, columns, cells, _flat(section.flat), _lines(section.lines), section.key)


def _flat(rows: Iterable[dict[str, Scalar]]) -> list[dict[str, Scalar]]:
    return [{key: _scalar(value) for key, value in row.items()} for row in rows]


def one_line(text: str) -> str:
    """Returns ``text`` with each run of blanks and unprintable characters replaced by a space."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """Returns ``text`` with a space for each unprintable character, such as a control character."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def _row(columns: Sequence[str], cells: Sequence[str]) -> tuple[str, ...]:
    """Returns the cells of a row, each on one line; a cell too many would shift all after it."""
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells in {len(columns)} columns: {cells}")
    return _lines(cells)


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(one_line(text) for text in texts)


def _scalar(value: Scalar) -> Scalar:
    return one_line(value) if isinstance(value, str) else value
