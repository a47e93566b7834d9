"""The report formats, by name; a new one is a file of ``formats`` and a word in ``FORMATS``."""

from importlib import import_module

from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.records.model import Record
from bench.report.flat import flat
from bench.report.markup import Report, cleaned
from bench.report.sections import ELSEWHERE, sections
from bench.report.table import build
from bench.verdict import MARGIN, rows

FORMATS = ("terminal", "github", "plain", "csv", "json", "latex", "html")

OF_A_RECORD = {"pytest-benchmark": "bench.report.formats.pytest_benchmark"}
"""Formats that hold a record's samples, which no other report has."""


def render(
    record: Record,
    catalogue: Catalogue,
    style: str = "github",
    margin: float = MARGIN,
    *,
    trials: bool = False,
) -> str:
    """Returns a record's rows in one of ``FORMATS``; as csv, the measurements alone.

    Or its samples in one of ``OF_A_RECORD``. With ``trials``, what its searches tried is a further
    table, and as csv all that is told.
    """
    if style in OF_A_RECORD:
        samples: str = import_module(OF_A_RECORD[style]).render(record)
        return samples
    found = report_of(record, catalogue, margin)
    if trials:
        from bench.report.trials import trial_sections  # the kernels' formulas, which others spare

        tried = tuple(trial_sections(record, rows(record, catalogue, margin)))
        found = Report(found.table, found.flat, (*found.more, *tried))
        if style == "csv":
            return set_in(style, Report(found.table, [row for one in tried for row in one.flat]))
    if style == "csv":  # one header for all lines, also of a sweep
        found = Report(found.table, found.flat)
    return set_in(style, found)


def report_of(record: Record, catalogue: Catalogue, margin: float = MARGIN) -> Report:
    """Returns a record's rows and every further table that it bears."""
    judged = rows(record, catalogue, margin)
    flats = [flat(record, row) for row in judged]
    table, more = build(record, judged, catalogue, ELSEWHERE)
    return Report(table, flats, (*more, *sections(record, judged, catalogue)))


def set_in(style: str, report: Report) -> str:
    """Returns a report set in one of ``FORMATS``.

    Raises:
        UsageError: the format is of a record's samples, and this is another report.
    """
    if style in OF_A_RECORD:
        raise UsageError(f"report={style} is of a record: python -m bench show record=NAME")
    text: str = import_module(f"bench.report.formats.{style}").render(cleaned(report))
    return text
