"""Prints a report, and says beside it what its format has no reader for."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report.markup import Report

READ = ("terminal", "plain")
"""Formats that people read where they are printed: others go to programs, files and pages."""


def printed(report: "Report", style: str, lines: Sequence[str]) -> None:
    """Prints a report under lines that say what a name stood for.

    Rows of csv have no place for them, and what is piped into a file is seen later, or never:
    there they go to stderr, too.
    """
    from bench.report.markup import headed
    from bench.report.registry import set_in

    print(set_in(style, headed(report, lines)), end="")
    if style not in READ:
        for line in lines:
            print(line, file=sys.stderr)
