"""Aligned text without markup."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from operator import sub

from bench.report.markup import Report
from bench.report.wrap import longest_word, width_of, wrapped

WIDTH = 120
GAP = 2
LEAST, FIRST_MOST = 9, 40
NARROWEST = 2
"""Least width of a column: a Chinese character takes two columns."""


def render(report: Report) -> str:
    """Returns aligned text without markup, no wider than ``WIDTH`` except for URLs."""
    table = report.table
    parts = [*_wrapped((table.title, *table.heading)), ""]
    parts += [_table(table.columns, table.cells), ""] if report.has_first else []
    parts += [*_wrapped(table.summary), ""]
    for one in report.more:
        parts += [*_wrapped((one.title,)), ""]
        parts += [_table(one.columns, one.cells), ""] if one.cells else []
        parts += [*_wrapped(one.lines), ""] if one.lines else []
    parts += _wrapped(table.notes)
    return "\n".join(parts).rstrip() + "\n"


def _wrapped(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield from wrapped(line, WIDTH, 4, addresses=True)


def _address(text: str) -> int:
    """Returns the width of the widest URL in a text, as URLs are not broken; else the least."""
    return max((width_of(word) for word in text.split() if "://" in word), default=NARROWEST)


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    chosen = widths(columns, cells)
    head, *body = (_lines(row, chosen) for row in (columns, *cells))
    rule = (" " * GAP).join("-" * width for width in chosen)
    return "\n".join([*head, rule, *(line for row in body for line in row)])


def _lines(row: Sequence[str], chosen: Sequence[int]) -> list[str]:
    """Returns a row as lines; tabulate would widen a column by its header's padding."""
    parted = [wrapped(cell, width, addresses=True) for cell, width in zip(row, chosen, strict=True)]
    return [
        (" " * GAP).join(map(_padded, parts, chosen)).rstrip()
        for parts in zip_longest(*parted, fillvalue="")
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def widths(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    """Returns one width per column: that of its texts, or else widths that keep rows short.

    The first column names the row and keeps its width up to ``FIRST_MOST``. The others start at
    their longest word; words are broken if these do not fit. The remaining width goes, one
    character at a time, to the column that needs the most lines.
    """
    texts = list(zip(columns, *cells, strict=True))
    longest = [max(map(width_of, text)) for text in texts]
    room = WIDTH - GAP * (len(columns) - 1)
    if sum(longest) <= room:
        return longest
    words = [max(map(longest_word, text)) for text in texts]
    chosen = [min(longest[0], max(FIRST_MOST, words[0])), *(max(LEAST, one) for one in words[1:])]
    least = [max(map(_address, text)) for text in texts]
    while sum(chosen) > room and (spare := max(map(sub, chosen, least))) > 0:
        chosen[list(map(sub, chosen, least)).index(spare)] -= 1
    while sum(chosen) < room:
        needs = [length / width for length, width in zip(longest, chosen, strict=True)]
        chosen[needs.index(max(needs))] += 1
    return chosen
