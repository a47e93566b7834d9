"""Renders reports; a new format is a file in ``formats`` and a line in its ``FORMATS``."""

from importlib import import_module

from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.judging.verdict import MARGIN, rows
from bench.records.model import Record
from bench.report.formats import format_of
from bench.report.record.figures import build
from bench.report.record.flat import flat
from bench.report.record.sections import ELSEWHERE, sections
from bench.report.text.footnotes import cites, with_hint
from bench.report.text.markup import Report, cleaned

RECORD_FORMATS = {"pytest-benchmark": "bench.report.formats.pytest_benchmark"}
"""Formats of a record's raw samples, with their modules; other reports have no samples."""

IN_FULL = "show record=NAME sources=true"
"""The command that shows a record with its sources in full."""


def render(  # noqa: PLR0913 -- a record, the data and two options
    record: Record,
    catalogue: Catalogue,
    style: str = "github",
    margin: float = MARGIN,
    *,
    trials: bool = False,
    sources: bool = False,
) -> str:
    """Returns a record's report in one of ``FORMATS``, or its samples in a record format.

    CSV has only the measurements.

    Args:
        record: the record.
        catalogue: catalogue in which the chip is looked up.
        style: the format, from ``FORMATS`` or ``RECORD_FORMATS``.
        margin: relative shortfall from a published figure that still counts as reached.
        sources: whether footnotes have sources in full, as they do in any case for programs.
        trials: whether to add the configurations that searches tried; CSV then has only these.
    """
    if style in RECORD_FORMATS:
        samples: str = import_module(RECORD_FORMATS[style]).render(record)
        return samples
    cite = cites(style, sources=sources)
    report = with_hint(report_of(record, catalogue, margin, cite=cite), cite=cite, how=IN_FULL)
    if trials:
        from bench.report.record.trials import (
            trial_sections,  # loads all kernels: only where needed
        )

        tried = tuple(trial_sections(record, rows(record, catalogue, margin)))
        report = Report(report.table, report.flat, (*report.more, *tried))
        if format_of(style).one_table:
            flat_trials = [row for section in tried for row in section.flat]
            return render_report(style, Report(report.table, flat_trials))
    if format_of(style).one_table:  # one header for all lines, also of a sweep
        report = Report(report.table, report.flat)
    return render_report(style, report)


def report_of(
    record: Record, catalogue: Catalogue, margin: float = MARGIN, *, cite: bool = True
) -> Report:
    """Returns a record's report: its table of figures, and all further tables."""
    judged = rows(record, catalogue, margin)
    flats = [flat(record, row) for row in judged]
    table, more = build(record, judged, catalogue, ELSEWHERE, cite=cite)
    return Report(table, flats, (*more, *sections(record, judged, catalogue)))


def render_report(style: str, report: Report) -> str:
    """Returns a report rendered in one of ``FORMATS``.

    Raises:
        UsageError: the format is one for a record's samples only.
    """
    if style in RECORD_FORMATS:
        raise UsageError(f"report={style} is of a record: python -m bench show record=NAME")
    text: str = import_module(f"bench.report.formats.{style}").render(cleaned(report))
    return text
