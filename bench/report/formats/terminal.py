"""Tables that fit the terminal, with bars, and verdicts shown by word, mark and colour."""

import re
from collections.abc import Iterable, Iterator, Sequence

from bench.report.formats.html import MARKS, mark_of
from bench.report.text.groups import REMARK, VERDICT
from bench.report.text.layout import AIRY, GAP, Cells, Grid, Layout, choose, details, grid_lines
from bench.report.text.markup import Report
from bench.report.text.screen import ASCII_FULL, EIGHTHS, FULL, Screen, here
from bench.report.text.wrap import GLUE, width_of, wrapped

BOLD, DIM, GREEN, RED, YELLOW, MAGENTA = "1", "2", "32", "31", "33", "35"
STYLES = {
    "reached": GREEN, "match": GREEN, "exceeds": GREEN, "fits": GREEN, "met": GREEN,
    "short": RED, "falls short": RED, "differs": RED, "MISSED": RED,
    "undecided": YELLOW, "inconclusive": YELLOW, "doubtful": YELLOW,
    "implausible": MAGENTA, "failed": MAGENTA, "contradicts": MAGENTA, "impossible": MAGENTA,
    "unrated": DIM, "skipped": DIM, "untestable": DIM, "not comparable": DIM,
}  # fmt: skip
"""Colour of each word that a judgement may begin with."""
JUDGED = (VERDICT, REMARK, "verdict", "finding", "bar")
"""Columns with judgements."""
WORDS = re.compile(rf"(?:[{''.join(set(MARKS.values()))}+x] )?({'|'.join(STYLES)})(?!\w)")
SHARES = ("achieved (95%)", "of it (95%)")
"""Columns of achieved fractions, which are drawn as bars."""
RIVALS = "by rival figures"
PERCENT = re.compile(r"([\d,]+(?:\.\d+)?)%")
RULE, ASCII_RULE = "─", "-"
BAR = 10
"""Width of a bar at 100%, in characters; its end is marked."""


def render(report: Report) -> str:
    """Returns the report as text for the screen it is printed on (``report.text.screen``)."""
    return set_for(report, here())


def set_for(report: Report, screen: Screen) -> str:
    """Returns the report as lines that fit the screen, ended by a line break each."""
    encodable = report.with_texts(screen.encodable)  # before widths are taken
    return "\n".join(_lines(encodable, screen)).rstrip() + "\n"


def folded(lines: Iterable[str], screen: Screen, hang: int = 4) -> Iterator[str]:
    """Yields text wrapped to the screen's width, with continuation lines indented by ``hang``."""
    for line in lines:
        own = len(line) - len(line.lstrip())
        for number, part in enumerate(_wrapped(line.lstrip(), screen, hang, own)):
            yield (" " * own if number or part else "") + part


def _wrapped(text: str, screen: Screen, hang: int = 0, indent: int = 0) -> list[str]:
    return wrapped(text, screen.width - indent, hang, addresses=screen.addresses)


def _lines(report: Report, screen: Screen) -> Iterator[str]:
    """Yields all lines, with an empty line between parts."""
    for number, part in enumerate(filter(None, map(list, _parts(report, screen)))):
        yield from ("", *part) if number else part


def _parts(report: Report, screen: Screen) -> Iterator[Iterable[str]]:
    table = report.table
    title = [_paint(one, BOLD, screen) for one in _wrapped(table.title, screen)]
    yield (*title, *folded(table.heading, screen, 2))
    if report.has_first:
        yield _table(table.columns, table.cells, screen)
    yield folded(table.summary, screen, 2)
    for one in report.more:
        yield (_paint(part, BOLD, screen) for part in _wrapped(one.title, screen))
        if one.cells:
            yield _table(one.columns, one.cells, screen)
        yield folded(one.lines, screen, 2)
    notes = (_wrapped(note, screen, len(note.partition(" ")[0]) + 1) for note in table.notes)
    yield (line for lines in notes for line in lines)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen) -> Iterator[str]:
    names, texts = _with_bars(
        columns,
        [tuple(_marked(*pair, screen) for pair in zip(columns, row, strict=True)) for row in rows],
        screen,
    )
    cells = Cells(names, texts, (*JUDGED, *SHARES), (VERDICT,), addresses=screen.addresses)
    layout = choose(cells, screen.width)
    for number, grid in enumerate(layout.grids):
        if number:
            yield ""
        yield from _head(cells, grid, screen)
        yield from _rows(cells, layout, grid, screen)


def _rows(cells: Cells, layout: Layout, grid: Grid, screen: Screen) -> Iterator[str]:
    """Yields the rows, with empty lines between them if most take several lines."""
    blocks = [[*_row(cells, layout, grid, row, screen)] for row in cells.rows]
    airy = sum(map(len, blocks)) > AIRY * len(blocks)
    for number, block in enumerate(blocks):
        if airy and number:
            yield ""
        yield from block


def _row(
    cells: Cells, layout: Layout, grid: Grid, row: Sequence[str], screen: Screen
) -> Iterator[str]:
    begun: set[int] = set()
    for parts in grid_lines(cells, grid, row):
        painted = [
            part if place in begun else _painted(part, cells.columns[place], screen)
            for part, place in zip(parts, grid.indices, strict=True)
        ]
        begun |= {place for part, place in zip(parts, grid.indices, strict=True) if part}
        yield _joined(parts, painted, grid)
    for line in details(cells, layout, row, screen.width):
        yield _painted(line, VERDICT, screen)


def _head(cells: Cells, grid: Grid, screen: Screen) -> Iterator[str]:
    for parts in grid_lines(cells, grid, cells.columns):
        yield _joined(parts, [_paint(part, BOLD, screen) for part in parts], grid)
    yield (" " * GAP).join((RULE if screen.blocks else ASCII_RULE) * one for one in grid.widths)


def _joined(parts: Sequence[str], painted: Sequence[str], grid: Grid) -> str:
    """Returns the cells of a line side by side, each padded to its column's width."""
    padded = (
        shown + " " * (wide - width_of(part))
        for part, shown, wide in zip(parts, painted, grid.widths, strict=True)
    )
    return (" " * GAP).join(padded).rstrip()


def _painted(text: str, column: str, screen: Screen) -> str:
    """Returns a text with the judgement at its beginning, if any, in colour."""
    bare = text.lstrip()
    found = WORDS.match(bare) if screen.colour and column in JUDGED else None
    if not found:
        return text
    indent = text[: len(text) - len(bare)]
    return indent + _paint(found[0], STYLES[found[1]], screen) + bare[found.end() :]


def _paint(text: str, code: str, screen: Screen) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if screen.colour and text else text


def _marked(column: str, text: str, screen: Screen) -> str:
    """Returns a verdict with its mark before it, so that colour is not the only sign."""
    mark = mark_of(column, text) if screen.drawn else ""
    return f"{screen.encodable(mark)} {text}" if mark else text


def _with_bars(
    columns: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Returns a table with bars for achieved fractions, and a column of its own for rivals'."""
    place = next((columns.index(one) for one in SHARES if one in columns), None)
    if place is None or not screen.drawn:
        return tuple(columns), [tuple(row) for row in rows]
    halves = [row[place].partition("; ") for row in rows]
    rivals = any(rest for _, _, rest in halves)
    made = [
        (*row[:place], _drawn(share, screen), *([rest] if rivals else []), *row[place + 1 :])
        for row, (share, _, rest) in zip(rows, halves, strict=True)
    ]
    names = (*columns[: place + 1], *([RIVALS] if rivals else []), *columns[place + 1 :])
    return names, made


def _drawn(share: str, screen: Screen) -> str:
    """Returns the text of a fraction with its bar before it."""
    found = PERCENT.match(share)
    return f"{bar(float(found[1].replace(',', '')) / 100, screen)}{GLUE}{share}" if found else share


def bar(share: float, screen: Screen) -> str:
    """Returns a fraction as a bar with a mark at 100%, an arrow if it is above."""
    held = max(0.0, min(1.0, share))
    if not screen.blocks:
        drawn, end = ASCII_FULL * int(held * BAR), ">" if share > 1 else "|"
    else:
        whole, eighths = divmod(int(held * BAR * 8), 8)
        drawn, end = FULL * whole + EIGHTHS[eighths].strip(), "▶" if share > 1 else "│"
    return drawn + GLUE * (BAR - len(drawn)) + end
