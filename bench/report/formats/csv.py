"""The rows as comma-separated values, in SI units."""

import csv
import io

from bench.report.markup import Report
from bench.spreadsheet import guarded


def render(report: Report) -> str:
    """Returns comma-separated values with a header.

    If a report has several tables, the first column names the table of each line.
    """
    rows = list(report.flat)
    if any(one.flat for one in report.more):
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
        writer.writerows({key: guarded(value) for key, value in row.items()} for row in rows)
    return out.getvalue()
