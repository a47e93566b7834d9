"""A table for a terminal."""

import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from unicodedata import east_asian_width

from bench.report.markup import Report

WIDTH = 120
GAP = 2
LEAST, FIRST_MOST = 9, 40


def render(report: Report) -> str:
    """Returns aligned text without markup, no wider than ``WIDTH`` but for addresses."""
    table = report.table
    parts = [*_wrapped((table.title, *table.heading)), ""]
    parts += [_table(table.columns, table.cells), ""] if report.has_first else []
    parts += [*_wrapped(table.summary), ""]
    for one in report.more:
        parts += [one.title, ""]
        parts += [_table(one.columns, one.cells), ""] if one.cells else []
        parts += [*_wrapped(one.lines), ""] if one.lines else []
    parts += _wrapped(table.notes)
    return "\n".join(parts).rstrip() + "\n"


def _wrapped(lines: Sequence[str]) -> list[str]:
    return [
        textwrap.fill(
            line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
        for line in lines
    ]


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    chosen = widths(columns, cells)
    head, *body = (_lines(row, chosen) for row in (columns, *cells))
    rule = (" " * GAP).join("-" * width for width in chosen)
    return "\n".join([*head, rule, *(line for row in body for line in row)])


def _lines(row: Sequence[str], chosen: Sequence[int]) -> list[str]:
    """Returns a row as lines; tabulate would widen a column by its header's padding."""
    wrapped = [textwrap.wrap(cell, width) for cell, width in zip(row, chosen, strict=True)]
    return [
        (" " * GAP)
        .join(_padded(part, width) for part, width in zip(parts, chosen, strict=True))
        .rstrip()
        for parts in zip_longest(*wrapped, fillvalue="")
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    """Returns how many columns a text takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def widths(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    """Returns a width a column: as the texts are, or else what makes the tallest cell lowest.

    The first column names the row and keeps its width up to ``FIRST_MOST``; the others start at
    their longest word. What is left is given always to the one that needs the most lines.
    """
    texts = list(zip(columns, *cells, strict=True))
    longest = [max(map(_cells, text)) for text in texts]
    room = WIDTH - GAP * (len(columns) - 1)
    if sum(longest) <= room:
        return longest
    first = min(longest[0], max(FIRST_MOST, _longest_word(texts[0])))
    chosen = [first, *(max(LEAST, _longest_word(text)) for text in texts[1:])]
    while sum(chosen) < room:
        needs = [length / width for length, width in zip(longest, chosen, strict=True)]
        chosen[needs.index(max(needs))] += 1
    return chosen


def _longest_word(text: Sequence[str]) -> int:
    return max((_cells(word) for cell in text for word in cell.split()), default=0)
