"""Reports several judged records, such as those of a sweep: a table of each; the worst decides."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.gate.model import Finding
from bench.gate.report import code_line, report
from bench.report.table import Section, Table
from bench.report.text.markup import Report

COLUMNS = ("record", "measured", "outcome", "exit code")
WORST = (1, 3, 0)
"""Exit codes, the worst first."""


@dataclass(frozen=True)
class Outcome:
    """The finding on one record; ``about`` distinguishes it from the others of its sweep."""

    about: str
    finding: Finding


def uncompared(record: str, why: str) -> Finding:
    """Returns the finding on a record that cannot be compared with any other."""
    return Finding("gate: not compared", (f"{why}.",), (), (), record=record, ended="has no like")


def code_of(found: Sequence[Finding]) -> int:
    """Returns the worst exit code; a record that judges nothing counts only if no other judges."""
    judging = [one for one in found if one.judges] or found
    return min((one.code for one in judging), key=WORST.index)


def several(found: Sequence[Outcome], heading: Sequence[str]) -> Report:
    """Returns a table with one row per record, followed by the table of each record."""
    ordered = sorted(found, key=lambda one: WORST.index(one.finding.code))
    findings = [one.finding for one in ordered]
    code, count = code_of(findings), len(found)
    table = Table(
        title=f"gate: {count} records judged, exit code {code}",
        heading=tuple(heading),
        columns=COLUMNS,
        cells=tuple(map(_cells, ordered)),
        summary=(f"Exit code {code}: the worst of {count} records.",),
        notes=(),
    )
    rows = [row for one in findings for row in report(one).flat]
    return Report(table, rows, tuple(map(_section, findings)))


def _cells(one: Outcome) -> tuple[str, ...]:
    found = one.finding
    return found.record, one.about, found.title.removeprefix("gate: "), f"{found.code}"


def _section(finding: Finding) -> Section:
    table = report(finding).table
    lines = (*finding.heading, code_line(finding), *table.notes)
    title = f"{finding.record}: {finding.title.removeprefix('gate: ')}"
    return Section(title, table.columns, table.cells, [], lines, finding.record)
