"""One line a measurement, SI units, parameters first."""

import csv
import io

from bench.report.markup import Report
from bench.report.scalar import Scalar

FORMULA = ("=", "+", "-", "@")
"""A spreadsheet computes a cell that begins so; an apostrophe before it makes it text."""


def render(report: Report) -> str:
    """Returns comma-separated values with a header.

    Where a report has several tables, a first column names the table of each line.
    """
    rows = report.flat
    if report.more:
        tables = [
            (report.table.title, report.flat),
            *((one.title, one.flat) for one in report.more),
        ]
        rows = [{"table": title, **row} for title, found in tables for row in found]
    out = io.StringIO()
    if rows:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Scalar) -> Scalar:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
