"""One line a measurement, SI units, parameters first."""

import csv
import io

from bench.report.markup import Report


def render(report: Report) -> str:
    """Returns comma-separated values with a header."""
    out = io.StringIO()
    if report.flat:
        writer = csv.DictWriter(out, list(report.flat[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(report.flat)
    return out.getvalue()
