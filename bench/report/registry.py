"""The report formats, by name; a new one is a file here and a word in ``FORMATS``."""

from importlib import import_module

from bench.chips.load import Catalogue
from bench.records.model import Record
from bench.report.flat import flat
from bench.report.markup import Report, cleaned
from bench.report.sections import ELSEWHERE, sections
from bench.report.table import build
from bench.verdict import MARGIN, rows

FORMATS = ("github", "plain", "csv", "json", "latex", "html")


def render(
    record: Record, catalogue: Catalogue, style: str = "github", margin: float = MARGIN
) -> str:
    """Returns a record's rows in one of ``FORMATS``; as csv, the measurements alone."""
    judged = rows(record, catalogue, margin)
    flats = [flat(record, row) for row in judged]
    table, more = build(record, judged, catalogue, ELSEWHERE)
    if style == "csv":  # one header for all lines, also of a sweep
        return set_in(style, Report(table, flats))
    further = tuple(sections(record, judged, catalogue))
    return set_in(style, Report(table, flats, (*more, *further)))


def set_in(style: str, report: Report) -> str:
    """Returns a report set in one of ``FORMATS``."""
    text: str = import_module(f"bench.report.{style}").render(cleaned(report))
    return text
