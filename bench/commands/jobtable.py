"""Prints the records of a sweep, or of repeated runs, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.shapes import RunConfig

READ = frozenset(("terminal", "github", "plain"))
"""Formats for people, in which one report may follow another."""


@dataclass(frozen=True)
class Job:
    """A record of one job, complete or not.

    Attributes:
        words: the settings that distinguish it from the others.
        path: its file.
    """

    words: tuple[str, ...]
    path: Path


def hides(configs: Sequence[RunConfig], count: int) -> bool:
    """Tells whether a final table replaces the reports of this many records."""
    styles = {config.report.format for config in configs}
    asked = any(config.reports for config in configs)
    return count > 1 and len(styles) == 1 and styles <= READ and not asked


def tell(jobs: Sequence[Job], config: RunConfig, title: str = "", *, hidden: bool) -> None:
    """Prints the table of two or more records; for a single one its report, if that was hidden.

    Formats for programs get no table.

    Args:
        jobs: the records.
        config: gives the margin and the format.
        title: of the table, if it is not a sweep's.
        hidden: whether their reports were not printed.
    """
    from bench.chips.load import catalogue
    from bench.records.store import read
    from bench.report.registry import render, set_in
    from bench.report.sweep import sweep_report

    if config.report.format not in READ:
        return
    if len(jobs) > 1:
        found = [(job.words, read(job.path)) for job in jobs]
        show = f"A record in full: python -m bench show record={jobs[-1].path}"
        report = sweep_report(found, catalogue(), config.margin, title=title, summary=(show,))
        print("" if hidden else "\n", set_in(config.report.format, report), sep="", end="")
    elif jobs and hidden:
        record = read(jobs[0].path)
        print(render(record, catalogue(), config.report.format, config.margin), end="")
