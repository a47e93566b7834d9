"""One line a measurement, SI units, parameters first."""

import csv
import io

from bench.report.flat import Scalar
from bench.report.markup import Report

FORMULA = ("=", "+", "-", "@")
"""A spreadsheet computes a cell that begins so; an apostrophe before it makes it text."""


def render(report: Report) -> str:
    """Returns comma-separated values with a header."""
    out = io.StringIO()
    if report.flat:
        writer = csv.DictWriter(out, list(report.flat[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in report.flat)
    return out.getvalue()


def _cell(value: Scalar) -> Scalar:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
