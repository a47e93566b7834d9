"""Prints a report, with its notes on stderr if the format cannot hold them."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report.markup import Report

READ = ("terminal", "plain")
"""Formats for people at a terminal; others go to programs, files and pages."""


def printed(report: "Report", style: str, lines: Sequence[str]) -> None:
    """Prints a report under notes on what a name stood for.

    CSV has no place for notes, and piped output is read later or never: there they go to stderr
    as well.
    """
    from bench.report.markup import headed
    from bench.report.registry import set_in

    print(set_in(style, headed(report, lines)), end="")
    if style not in READ:
        for line in lines:
            print(line, file=sys.stderr)
