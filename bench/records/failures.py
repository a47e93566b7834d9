"""The measurements of a finished run that failed, which decide its exit code."""

from collections.abc import Iterable, Iterator

from bench.errors import first_of
from bench.records.model import Record


def failures(record: Record) -> Iterator[str]:
    """Yields a line for each failed measurement, with its reason.

    If all were skipped, which suggests a broken installation, yields one line.
    """
    statuses = {measurement.status for measurement in record.measurements}
    for measurement in record.measurements:
        if measurement.status == "failed":
            reason = measurement.reason or "failed"
            yield f"{measurement.kernel} {measurement.dtype}: {reason}"
    if statuses == {"skipped"}:
        yield f"nothing could be measured: {record.measurements[0].reason or 'all was skipped'}"


def summary(records: Iterable[Record]) -> str:
    """Returns in one line why a run ends with exit code 1; empty if nothing failed."""
    lines = [line for record in records for line in failures(record)]
    return f"exit code 1: {first_of(lines)}" if lines else ""
