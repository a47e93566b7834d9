"""Prints a report, with its notes on stderr if the format cannot hold them."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report.markup import Report

FOR_TERMINALS = ("terminal", "plain")
"""Formats for people at a terminal; the others go to programs, files and pages."""


def printed(report: "Report", style: str, lines: Sequence[str]) -> None:
    """Prints a report below notes on which chips a name stood for.

    Where the format is not for a terminal the notes also go to stderr: CSV has no place for them,
    and piped output may not be read at once.
    """
    from bench.report.markup import with_heading
    from bench.report.registry import render_report

    print(render_report(style, with_heading(report, lines)), end="")
    if style not in FOR_TERMINALS:
        for line in lines:
            print(line, file=sys.stderr)
