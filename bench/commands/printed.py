"""Prints a report, with its notes on stderr if the format cannot hold them; and finds a record."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report.text.markup import Report


def printed(report: "Report", style: str, lines: Sequence[str] = ()) -> None:
    """Prints a report below notes on which chips a name stood for.

    Where the format is not for a terminal the notes also go to stderr: CSV has no place for them,
    and piped output may not be read at once.

    Args:
        report: the report.
        style: its format.
        lines: the notes.
    """
    from bench.report.formats import format_of
    from bench.report.registry import render_report
    from bench.report.text.markup import with_heading

    print(render_report(style, with_heading(report, lines)), end="")
    if format_of(style).reader != "person":
        for line in lines:
            print(line, file=sys.stderr)


def found_to_show(word: str | None, folders: list[Path]) -> Path:
    """Returns the path of a record to show; a note on stderr tells if it is none of the user's.

    Args:
        word: ``record=``; None is ``latest``.
        folders: the user's own folder of records, then others.

    Raises:
        UsageError: there is no such record.
    """
    from bench.records.latest import LATEST, find_to_show

    path, note = find_to_show(word or LATEST, folders)
    if note:
        print(note, file=sys.stderr)
    return path
