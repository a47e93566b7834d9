"""The rows as one JSON document."""

import json

from bench.report.text.markup import Report
from bench.version import __version__


def render(report: Report) -> str:
    """Returns an object with heading, rows in SI units, summary, notes and onpaper's version."""
    table = report.table
    more = {one.key or one.title: one.flat for one in report.more if one.flat}
    document = {
        "title": table.title,
        "heading": table.heading,
        "rows": list(report.flat),
        **({"tables": more} if more else {}),
        "summary": table.summary,
        "notes": table.notes,
        "onpaper": __version__,
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
