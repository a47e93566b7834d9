"""What of a finished run did not succeed, by which its exit code is told."""

from collections.abc import Iterable, Iterator

from bench.records.model import Record


def failures(record: Record) -> Iterator[str]:
    """Yields the measurements that failed, each with its reason.

    A single line where all were skipped: a broken installation may do no better.
    """
    statuses = {one.status for one in record.measurements}
    for one in record.measurements:
        if one.status == "failed":
            yield f"{one.kernel} {one.dtype}: {one.reason or 'failed'}"
    if statuses == {"skipped"}:
        yield f"nothing could be measured: {record.measurements[0].reason or 'all was skipped'}"


def summary(records: Iterable[Record]) -> str:
    """Returns in one line why a run ends with exit code 1; empty where nothing failed."""
    found = [line for record in records for line in failures(record)]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"exit code 1: {found[0]}{more}" if found else ""
