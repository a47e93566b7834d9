"""Markdown tables that can be pasted into an issue."""

import re
from collections.abc import Iterable, Sequence

from bench.report.text.markup import Report, tabulated

MARKUP = re.compile(r"[\\`*~<|]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|(?<=\])\(")
"""What GitHub would read as markup; an underscore within a word, as in a URL, is not."""


def escape(text: str) -> str:
    """Returns ``text`` escaped: without emphasis, code, tags, entities, links or cell ends."""
    return MARKUP.sub(r"\\\g<0>", text)


def render(report: Report) -> str:
    """Returns GitHub-flavoured Markdown."""
    table = report.table
    heading = [f"**{escape(table.title)}**", *map(escape, table.heading)]
    parts = _broken(heading)
    parts += ["", _table(table.columns, table.cells)] if report.has_first else []
    parts += ["", *_broken(map(escape, table.summary))] if table.summary else []
    for one in report.more:
        parts += ["", f"**{escape(one.title)}**"]
        parts += ["", _table(one.columns, one.cells)] if one.cells else []
        parts += ["", *_broken(map(escape, one.lines))] if one.lines else []
    parts += ["", *_broken(map(escape, table.notes))] if table.notes else []
    return "\n".join(parts) + "\n"


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    return tabulated(columns, [[escape(cell) for cell in row] for row in cells], "github")


def _broken(lines: Iterable[str]) -> list[str]:
    """Ends lines with the two spaces that Markdown breaks a line at."""
    return [f"{line}  " for line in lines]
