"""The spread of each figure over repeated runs."""

import re
from collections.abc import Iterator, Sequence
from statistics import fmean, median, stdev

from bench.judging.verdict import Row
from bench.report.table import Section
from bench.report.text.digits import NONE
from bench.report.text.scalar import Scalar
from bench.units import show

COLUMNS = ("figure", "job", "runs", "median", "minimum", "maximum", "coefficient of variation")
JOB = COLUMNS.index("job")
RUN = re.compile(r"(?:^| )run \d+$")
"""The end of a job's words that numbers it among repeated runs."""
NOTE = "The coefficient of variation is the standard deviation (n - 1) over the mean, of the runs."
Group = tuple[str, str, Sequence[Row]]
"""A figure's title, the job that was repeated, and the rows of its runs."""


def spread_sections(entries: Sequence[tuple[Row, str]]) -> tuple[Section, ...]:
    """Returns the table of the spread over runs; nothing where nothing was repeated.

    Args:
        entries: each row with the words of its job, such as ``m=512 run 1``.
    """
    groups = list(_groups(entries))
    if not groups:
        return ()
    has_jobs = any(job for _, job, _ in groups)
    kept = [place for place in range(len(COLUMNS)) if has_jobs or place != JOB]
    cells = [_cells(group) for group in groups]
    return (
        Section(
            "Spread over runs",
            tuple(COLUMNS[place] for place in kept),
            tuple(tuple(row[place] for place in kept) for row in cells),
            list(map(_flat, groups)),
            (NOTE,),
            "spread",
        ),
    )


def _groups(entries: Sequence[tuple[Row, str]]) -> Iterator[Group]:
    """Yields the figures of repeated jobs, in the order of the entries."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row, job in entries:
        if RUN.search(job):
            found.setdefault((row.title, RUN.sub("", job)), []).append(row)
    for (title, job), same in found.items():
        yield title, job, same


def _values(same: Sequence[Row]) -> list[float]:
    return [row.measured.value for row in same if row.measured]


def _variation(values: Sequence[float]) -> float | None:
    """Returns the coefficient of variation; None of fewer than two values."""
    return stdev(values) / fmean(values) if len(values) > 1 else None


def _cells(group: Group) -> tuple[str, ...]:
    title, job, same = group
    values, dimension = _values(same), same[0].dimension
    some = f"{len(values)} of {len(same)}" if len(values) < len(same) else f"{len(same)}"
    if not values:
        return (title, job, some, *[NONE] * 4)
    variation = _variation(values)
    return (
        title, job, some,
        *(show(one, dimension, 4) for one in (median(values), min(values), max(values))),
        NONE if variation is None else f"{variation:.2%}",
    )  # fmt: skip


def _flat(group: Group) -> dict[str, Scalar]:
    _, job, same = group
    values = _values(same)
    return {
        "figure": same[0].key,
        "job": job,
        "unit": same[0].dimension.value,
        "runs": len(values),
        "median": median(values) if values else None,
        "minimum": min(values, default=None),
        "maximum": max(values, default=None),
        "variation": _variation(values),
    }
