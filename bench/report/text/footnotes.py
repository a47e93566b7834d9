"""Short footnotes, which name a source, and how to get those in full."""

from dataclasses import replace

from bench.report.formats import format_of
from bench.report.text.markup import Report

KEY = "sources=true"


def cites(style: str, *, sources: bool = False) -> bool:
    """Tells whether footnotes have sources in full: with ``sources=true``, and for programs."""
    return sources or format_of(style).reader == "program"


def with_hint(report: Report, *, cite: bool, how: str = KEY) -> Report:
    """Returns a report that says how to get its sources in full, unless it has them.

    Args:
        report: the report.
        cite: whether its footnotes are in full.
        how: what gives them in full: a key, or a command with it.
    """
    if cite or not report.table.notes:
        return report
    table = report.table
    hint = f"Footnotes are short: {how} gives sources with address and how each was read."
    return replace(report, table=replace(table, summary=(*table.summary, hint)))
