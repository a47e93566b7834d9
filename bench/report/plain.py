"""A table for a terminal."""

from bench.report.markup import Report, tabulated


def render(report: Report) -> str:
    """Returns aligned text without markup."""
    table = report.table
    parts = [table.title, *table.heading, "", tabulated(table.columns, table.cells, "simple"), ""]
    return "\n".join([*parts, *table.summary, "", *table.notes]).rstrip() + "\n"
