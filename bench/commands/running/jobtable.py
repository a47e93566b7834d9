"""Prints the records of a sweep, or of repeated runs, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.commands.running.several import is_several
from bench.report.formats import format_of
from bench.shapes import RunConfig

JSON = "json"
"""The format in which the reports of all records are one array."""


@dataclass(frozen=True)
class Job:
    """The record of one job, complete or not.

    Attributes:
        words: the settings that distinguish the job from the others.
        path: the record's file.
    """

    words: tuple[str, ...]
    path: Path


def hides(configs: Sequence[RunConfig], count: int) -> bool:
    """Returns whether a final table, or array, replaces the reports of this many records."""
    styles = {config.report.format for config in configs}
    if styles == {JSON}:
        return not any(map(is_several, configs))
    wanted = any(config.reports for config in configs)
    stacks = len(styles) == 1 and format_of(*styles).stacks
    return count > 1 and stacks and not wanted


def print_table(jobs: Sequence[Job], config: RunConfig, title: str = "", *, hidden: bool) -> None:
    """Prints the table of two or more records; for a single one its report, if that was hidden.

    JSON is one array of all reports, if these were hidden. Other formats for programs get nothing.

    Args:
        jobs: the jobs.
        config: a run's config, for the margin and the format.
        title: the table's title, if it is not a sweep's.
        hidden: whether the reports of the records were not printed.
    """
    from bench.chips.load import catalogue
    from bench.records.store import read
    from bench.report.record.sweep import sweep_report
    from bench.report.registry import render, render_report

    if config.report.format == JSON and hidden:
        _print_array(jobs, config)
    if not format_of(config.report.format).stacks:
        return
    if len(jobs) > 1:
        found = [(job.words, read(job.path)) for job in jobs]
        show = f"A record in full: python -m bench show record={jobs[-1].path}"
        report = sweep_report(found, catalogue(), config.margin, title=title, summary=(show,))
        print("" if hidden else "\n", render_report(config.report.format, report), sep="", end="")
    elif jobs and hidden:
        record = read(jobs[0].path)
        print(render(record, catalogue(), config.report.format, config.margin), end="")


def _print_array(jobs: Sequence[Job], config: RunConfig) -> None:
    """Prints the reports of all records as one JSON array; each by the margin of its own job."""
    from bench.chips.load import catalogue
    from bench.records.store import read
    from bench.report.registry import render

    sheets, reports = catalogue(), []
    for record in (read(job.path) for job in jobs):
        margin = record.settings.get("margin")
        own = float(margin) if isinstance(margin, int | float) else config.margin
        reports.append(render(record, sheets, JSON, own).rstrip("\n"))
    print("[", ",\n".join(reports), "]", sep="\n")
