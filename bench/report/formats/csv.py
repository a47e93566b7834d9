"""The rows as comma-separated values, in SI units."""

import csv
import io

from bench.files.spreadsheet import guarded
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar


def render(report: Report) -> str:
    """Returns comma-separated values with a header."""
    rows = lines(report)
    out = io.StringIO()
    if rows:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: guarded(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def lines(report: Report) -> list[dict[str, Scalar]]:
    """Returns the rows of all tables; of several, the first column names the table of each row."""
    rows = list(report.flat)
    if any(one.flat for one in report.more):
        tables = [
            (report.table.title, report.flat),
            *((one.title, one.flat) for one in report.more),
        ]
        rows = [{"table": title, **row} for title, found in tables for row in found]
    return rows
