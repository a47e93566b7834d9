"""The report that every output format renders, and helpers that the formats share."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from bench.report.table import Section, Table
from bench.report.text.scalar import Rows, Scalar


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

    def with_texts(self, of: Callable[[str], str]) -> "Report":
        """Returns the report with what ``of`` makes of each text; rows for programs stay."""
        more = tuple(one.with_texts(of) for one in self.more)
        return Report(self.table.with_texts(of), self.flat, more)


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
    clean = report.with_texts(one_line)
    more = tuple(replace(one, flat=_flat(one.flat)) for one in clean.more)
    return Report(clean.table, Rows(lambda: _flat(report.flat)), more)


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


def _scalar(value: Scalar) -> Scalar:
    return one_line(value) if isinstance(value, str) else value
