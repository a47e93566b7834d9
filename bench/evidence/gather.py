"""Gathers all evidence: reported values, committed records, and the user's records."""

from pathlib import Path

from bench import paths
from bench.chips.load import Catalogue
from bench.errors import DataError, UsageError
from bench.evidence.load import reports
from bench.evidence.observe import Observation, reported
from bench.evidence.recorded import recorded
from bench.records.model import Record
from bench.records.store import read


def observations(catalogue: Catalogue, records: str | None = None) -> tuple[Observation, ...]:
    """Returns every observation, our own records first.

    Args:
        catalogue: the sheets.
        records: a record, or a folder of records, besides the committed ones.

    Raises:
        UsageError: there is no record at ``records``.
        DataError: a data file has a fault.
    """
    committed = paths.data_dir("results") / "records"
    found = [read(path) for path in sorted(committed.rglob("*.json"))]
    known = {record.id for record in found}
    found += [record for record in _given(records) if record.id not in known]
    return (*recorded(found, catalogue), *reported(reports(), catalogue))


def _given(word: str | None) -> list[Record]:
    if not word:
        return []
    place = Path(word)
    if place.is_file():
        return [read(place)]
    if not place.is_dir():
        raise UsageError(f"records={word}: there is no such record or folder of records")
    found = [record for path in sorted(place.rglob("*.json")) if (record := _readable(path))]
    if not found:
        raise UsageError(f"records={word}: the folder holds no record")
    return found


def _readable(path: Path) -> Record | None:
    """Returns a record of a folder, None if the file is not one."""
    try:
        return read(path)
    except (DataError, UsageError):
        return None
