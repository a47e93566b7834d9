"""What every format is given, and the calls that set it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from bench.report.scalar import Made, Rows, Scalar
from bench.report.table import Section, Table


@dataclass(frozen=True)
class Report:
    """Rows as words and as numbers, with further tables beneath the first where there are any."""

    table: Table
    flat: list[dict[str, Scalar]] | Rows
    more: tuple[Section, ...] = ()

    @property
    def has_first(self) -> bool:
        """Tells whether the first table is worth its header: an empty one before others is not."""
        return bool(self.table.cells) or not self.more


def headed(report: Report, lines: Sequence[str]) -> Report:
    """Returns a report with further lines above its first table."""
    table = replace(report.table, heading=(*report.table.heading, *lines))
    return replace(report, table=table) if lines else report


def tabulated(columns: Sequence[str], cells: Sequence[Sequence[str]], style: str) -> str:
    """Returns cells set by tabulate, as written: no number is read into them."""
    return tabulate(cells, columns, tablefmt=style, disable_numparse=True)


def cleaned(report: Report) -> Report:
    """Returns a report whose every text is one line of printable characters.

    A device's name and an error's text come from outside: no line break of theirs may end a row,
    no control character may reach a terminal.
    """
    table = report.table
    lines = Table(
        title=one_line(table.title),
        heading=_lines(table.heading),
        columns=_lines(table.columns),
        cells=Made(lambda: (_lines(row) for row in table.cells)),
        summary=_lines(table.summary),
        notes=_lines(table.notes),
    )
    return Report(lines, Rows(lambda: _flat(report.flat)), tuple(map(_section, report.more)))


def _section(one: Section) -> Section:
    cells = tuple(_lines(row) for row in one.cells)
    title, columns = one_line(one.title), _lines(one.columns)
    return Section(title, columns, cells, _flat(one.flat), _lines(one.lines), one.key)


def _flat(rows: Iterable[dict[str, Scalar]]) -> list[dict[str, Scalar]]:
    return [{key: _scalar(value) for key, value in row.items()} for row in rows]


def one_line(text: str) -> str:
    """Returns ``text`` with each run of blanks and unprintable characters as one space."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """Returns ``text`` with a space for each character that a terminal would obey, not show."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else " " for one in text)


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(one_line(text) for text in texts)


def _scalar(value: Scalar) -> Scalar:
    return one_line(value) if isinstance(value, str) else value
