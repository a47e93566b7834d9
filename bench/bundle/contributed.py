"""Checks that a record has to pass to be committed; CI runs them on ``results/records``."""

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from bench.bundle.doubts import contradictions, implausible
from bench.bundle.pack import KEPT
from bench.bundle.private import found
from bench.bundle.take import FOLDER
from bench.chips.load import Catalogue
from bench.errors import DataError, Fault, UsageError
from bench.records.model import IMPORTED_BY, IMPORTED_FROM, Record
from bench.records.store import read

MOST_BYTES = 5_000_000
"""Four times the largest there is; a repository keeps every file for good."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.json")
MARKS = frozenset({IMPORTED_BY, IMPORTED_FROM})
FROM_A_RUN = "use the file a run wrote"
PACK = "pack it with 'bundle' and take it in with 'import', which leave that out"
Wrong = Iterator[tuple[str, str, str]]


def faults(records: Path, catalogue: Catalogue | None) -> Iterator[Fault]:
    """Yields the faults of the records of a folder.

    Args:
        records: the folder, with a folder a day and one for what others measured.
        catalogue: the sheets; None where they are not those that the records are of.
    """
    seen: dict[str, str] = {}
    for path in sorted(records.rglob("*")):
        if path.is_dir() or path.name.startswith("."):
            continue
        name = f"results/records/{path.relative_to(records).as_posix()}"
        try:
            record, wrong = _readable(path, path.stat().st_mtime_ns)
        except UsageError as error:
            yield Fault(name, "", str(error), FROM_A_RUN)
            continue
        except DataError as error:
            yield from (Fault(name, one.field, one.problem, one.fix) for one in error.faults)
            continue
        if other := seen.get(record.id):
            yield Fault(name, "id", f"is that of {other}, too", "keep one of them")
        seen[record.id] = name
        place = path.relative_to(records)
        for field, problem, fix in (*_placed(record, place), *wrong, *_beside(record, catalogue)):
            yield Fault(name, field, problem, fix)


@lru_cache(maxsize=64)
def _readable(path: Path, _changed_ns: int) -> tuple[Record, tuple[tuple[str, str, str], ...]]:
    """Returns a record and what is wrong with it wherever it lies; a file is looked at once."""
    if path.is_symlink() or path.suffix != ".json":
        raise UsageError("is not a record, which is a regular file that ends in .json")
    if path.stat().st_size > MOST_BYTES:
        raise UsageError(f"is larger than {MOST_BYTES // 10**6} MB")
    record = read(path)
    return record, tuple(_of(record))


def _of(record: Record) -> Wrong:
    yield from _run(record)
    yield from _private(record)
    for field, problem in contradictions(record):
        yield field, problem, "a record is never edited: measure again"


def _placed(record: Record, place: Path) -> Wrong:
    """Yields what is wrong with the name and the folder of a file, as seen from ``records``."""
    if not NAME.fullmatch(place.name):
        yield "", "is not named in lower-case letters, digits and '-'", "rename it"
    is_imported = IMPORTED_BY in record.settings
    expected = (*((FOLDER,) if is_imported else ()), _day(record))
    if place.parent.parts != expected:
        told = "/".join(expected)
        yield "started_utc", f"the folder is not its date {told}", f"move the file to {told}/"


def _day(record: Record) -> str:
    try:
        return dt.datetime.fromisoformat(record.started_utc).date().isoformat()
    except ValueError:
        return "of no day"


def _run(record: Record) -> Wrong:
    if record.device.backend == "fake":
        yield "device", "is a fake", "keep it out of results/"
    if record.state == "running":
        yield "state", "the run has not ended", "complete it: run resume="
    if record.program.dirty:
        yield "program.dirty", "was measured by a changed onpaper", "measure from a clean clone"


def _private(record: Record) -> Wrong:
    for field, value in (("machine.node", record.machine.node), ("device.uid", record.device.uid)):
        if value is not None:
            yield field, "identifies a machine", PACK
    for key in sorted(set(record.settings) - KEPT - MARKS):
        yield f"settings.{key[:40]}", "is a setting that others do not need", PACK
    for field, kind in found(record.model_dump(mode="json")):
        yield field, f"seems to reveal {kind}", PACK


def _beside(record: Record, catalogue: Catalogue | None) -> Wrong:
    """Yields what is wrong with a record beside its sheet, where sheets are given."""
    chip = record.identity.chip
    if chip and not record.identity.sheet_sha256:
        yield "identity.sheet_sha256", "is missing", FROM_A_RUN
    if catalogue is None:
        return
    if chip and chip not in catalogue.chips:
        yield "identity.chip", f"there is no sheet {chip[:80]!r}", "add it to specs/chips"
        return
    for title, reason in implausible(record, catalogue):
        yield title, f"implausible: {reason}", "find out why before it is committed"
