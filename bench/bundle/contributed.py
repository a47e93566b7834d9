"""Checks that a record must pass to be committed; CI runs them on ``results/records``."""

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from bench.bundle.doubts import contradictions, implausible
from bench.bundle.pack import KEPT_SETTINGS
from bench.bundle.private import private_texts
from bench.bundle.take import FOLDER
from bench.chips.load import Catalogue
from bench.errors import DataError, Fault, UsageError
from bench.records.model import IMPORTED_BY, IMPORTED_FROM, Record
from bench.records.store import read

MOST_BYTES = 5_000_000
"""Largest file, bytes: four times the largest record so far; a repository keeps files forever."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.json")
MARKS = frozenset({IMPORTED_BY, IMPORTED_FROM})
USE_RUN_FILE = "use the file a run wrote"
USE_BUNDLE = "pack it with 'bundle' and take it in with 'import', which leave that out"
Problems = Iterator[tuple[str, str, str]]
"""Field, problem and remedy."""


def faults(records: Path, catalogue: Catalogue | None) -> Iterator[Fault]:
    """Yields the faults of the records in a folder.

    Args:
        records: the folder, with a subfolder per day and one for imported records.
        catalogue: the sheets; None if they are not those with which the records were compared.
    """
    names_by_id: dict[str, str] = {}
    for path in sorted(records.rglob("*")):
        if path.is_dir() or path.name.startswith("."):
            continue
        name = f"results/records/{path.relative_to(records).as_posix()}"
        try:
            record, problems = _checked_record(path, path.stat().st_mtime_ns)
        except UsageError as error:
            yield Fault(name, "", str(error), USE_RUN_FILE)
            continue
        except DataError as error:
            yield from (
                Fault(name, fault.field, fault.problem, fault.fix) for fault in error.faults
            )
            continue
        if other := names_by_id.get(record.id):
            yield Fault(name, "id", f"is that of {other}, too", "keep one of them")
        names_by_id[record.id] = name
        path_in_folder = path.relative_to(records)
        for field, problem, fix in (
            *_place_problems(record, path_in_folder),
            *problems,
            *_sheet_problems(record, catalogue),
        ):
            yield Fault(name, field, problem, fix)


@lru_cache(maxsize=64)
def _checked_record(
    path: Path, _changed_ns: int
) -> tuple[Record, tuple[tuple[str, str, str], ...]]:
    """Returns a record and its problems apart from its place; cached for unchanged files."""
    if path.is_symlink() or path.suffix != ".json":
        raise UsageError("is not a record, which is a regular file that ends in .json")
    if path.stat().st_size > MOST_BYTES:
        raise UsageError(f"is larger than {MOST_BYTES // 10**6} MB")
    record = read(path)
    return record, tuple(_record_problems(record))


def _record_problems(record: Record) -> Problems:
    yield from _run_problems(record)
    yield from _private_problems(record)
    for field, problem in contradictions(record):
        yield field, problem, "a record is never edited: measure again"


def _place_problems(record: Record, path_in_folder: Path) -> Problems:
    """Yields the problems of a file's name and folder, given its path within ``records``."""
    if not NAME.fullmatch(path_in_folder.name):
        yield "", "is not named in lower-case letters, digits and '-'", "rename it"
    is_imported = IMPORTED_BY in record.settings
    expected = (*((FOLDER,) if is_imported else ()), _day(record))
    if path_in_folder.parent.parts != expected:
        folder = "/".join(expected)
        yield "started_utc", f"the folder is not its date {folder}", f"move the file to {folder}/"


def _day(record: Record) -> str:
    try:
        return dt.datetime.fromisoformat(record.started_utc).date().isoformat()
    except ValueError:
        return "of no day"


def _run_problems(record: Record) -> Problems:
    if record.device.is_fake:
        yield "device", "is a fake", "keep it out of results/"
    if record.state == "running":
        yield "state", "the run has not ended", "complete it: run resume="
    if record.program.dirty:
        yield "program.dirty", "was measured by a changed onpaper", "measure from a clean clone"


def _private_problems(record: Record) -> Problems:
    for field, value in (("machine.node", record.machine.node), ("device.uid", record.device.uid)):
        if value is not None:
            yield field, "identifies a machine", USE_BUNDLE
    for key in sorted(set(record.settings) - KEPT_SETTINGS - MARKS):
        yield f"settings.{key[:40]}", "is a setting that others do not need", USE_BUNDLE
    for field, kind in private_texts(record.model_dump(mode="json")):
        yield field, f"seems to reveal {kind}", USE_BUNDLE


def _sheet_problems(record: Record, catalogue: Catalogue | None) -> Problems:
    """Yields the problems of a record in comparison with its sheet, if sheets are given."""
    chip = record.identity.chip
    if chip and not record.identity.sheet_sha256:
        yield "identity.sheet_sha256", "is missing", USE_RUN_FILE
    if catalogue is None:
        return
    if chip and chip not in catalogue.chips:
        yield "identity.chip", f"there is no sheet {chip[:80]!r}", "add it to specs/chips"
        return
    for title, reason in implausible(record, catalogue):
        yield title, f"implausible: {reason}", "find out why before it is committed"
