"""The jobs of a sweep side by side: each figure with the settings that tell the jobs apart.

Of repeated runs, the spread of each figure follows.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.chips.load import Catalogue
from bench.judging.verdict import Row, Verdict, rows
from bench.records.model import Record
from bench.report.record.figures import ENDINGS, cautions, title_of
from bench.report.record.repeats import spread_sections
from bench.report.table import Table
from bench.report.text.digits import percent, with_interval
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar

COLUMNS = (
    "figure", "shape", "job", "measured, sustained (95%)", "achieved (95%)", "verdict", "record",
)  # fmt: skip
ASIDE = ("out=", "quiet=", "report=", "reports=", "runs=")
"""Keys that say nothing about what was measured."""
Job = tuple[Sequence[str], Record]
"""The ``key=value`` words of a job, and its record."""


def sweep_report(
    jobs: Sequence[Job],
    catalogue: Catalogue,
    margin: float,
    *,
    title: str = "",
    summary: tuple[str, ...] = (),
) -> Report:
    """Returns the table of all jobs, grouped by figure, in the order of the jobs.

    Args:
        jobs: two or more jobs.
        catalogue: catalogue in which the records' chips are looked up.
        margin: relative shortfall from a published figure that still counts as reached.
        title: title of the table; by default that of a sweep.
        summary: sentences below the table.
    """
    everywhere = set.intersection(*(set(words) for words, _ in jobs))
    entries = [
        (row, " ".join(word for word in words if word not in everywhere), record)
        for words, record in jobs
        for row in rows(record, catalogue, margin)
    ]
    order = list(dict.fromkeys(row.title for row, _, _ in entries))
    entries.sort(key=lambda one: order.index(one[0].title))
    alike = [word for word in jobs[0][0] if word in everywhere and not word.startswith(ASIDE)]
    table = Table(
        title=title or f"The sweep: {len(jobs)} jobs",
        heading=tuple(_heading([record for _, record in jobs], alike)),
        columns=COLUMNS,
        cells=tuple(_cells(*one) for one in entries),
        summary=summary,
        notes=(),
    )
    repeated = [(row, job) for row, job, _ in entries]
    return Report(table, list(_flat(entries)), spread_sections(repeated))


def _heading(records: Sequence[Record], alike: Sequence[str]) -> Iterator[str]:
    """Yields what was measured, what all jobs have in common, and cautions about some or all."""
    yield from dict.fromkeys(map(title_of, records))
    if alike:
        yield f"All with {' '.join(alike)}"
    told = Counter(line for record in records for line in cautions(record))
    for line, count in told.items():
        some = f"In {count} of {len(records)} jobs: {line[0].lower()}{line[1:]}"
        yield line if count == len(records) else some
    for record in records:
        if record.state in ENDINGS:
            yield f"{ENDINGS[record.state]}: record {record.id} has what was measured before."


def _cells(row: Row, job: str, record: Record) -> tuple[str, ...]:
    return (
        row.title,
        row.shape.partition(", best of ")[0],
        job,
        with_interval(row.measured, row.dimension),
        percent(row.fraction),
        f"failed: {row.reason}" if row.verdict is Verdict.FAILED else row.verdict.value,
        record.id,
    )


def _flat(entries: Sequence[tuple[Row, str, Record]]) -> Iterator[dict[str, Scalar]]:
    for row, job, record in entries:
        yield {
            "figure": row.key,
            "job": job,
            "unit": row.dimension.value,
            "measured": row.measured.value if row.measured else None,
            "achieved": row.fraction.value if row.fraction else None,
            "verdict": row.verdict.value,
            "record": record.id,
            "backend": record.device.backend,
        }
