"""Index of folders of records: summaries are cached, and unchanged files are not read again.

The cache is a database in the user's cache folder, by path, size and time of change; it can be
deleted at any time. If it cannot be written or is broken, all files are read again.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from bench.archive.entry import Entry, Head, Line, What, entry
from bench.archive.packing import heads_of, lines_of, pack, what_of
from bench.errors import UsageError
from bench.paths import PACKAGE, cache_dir

DERIVED_WITH = (
    "archive/entry.py", "archive/index.py", "archive/packing.py", "archive/slim.py",
    "chips/figures.py", "judging/plausible.py", "judging/rates.py", "judging/sizes.py",
    "judging/throttle.py", "judging/titles.py", "records/model.py", "units.py",
)  # fmt: skip
"""Modules that determine a record's summary; a change in any of them invalidates the cache."""
CHUNK = 500
"""Number of files or records that are handled at once."""
FILES_PER_PROCESS = 2_000
"""With fewer files to read, starting more processes takes longer than it saves."""
MAX_PROCESSES = 8
"""More processes than this would wait for the disk."""

CREATE = (
    "CREATE TABLE IF NOT EXISTS entries (path TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, "
    "fault TEXT, head TEXT, lines TEXT) WITHOUT ROWID"
)
WRITE = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)"
CREATE_WHATS = "CREATE TABLE IF NOT EXISTS whats (name TEXT PRIMARY KEY, what TEXT) WITHOUT ROWID"
WRITE_WHAT = "INSERT OR REPLACE INTO whats VALUES (?, ?)"
StoredRow = tuple[str, int, int, str, str, str]
"""Columns of the table ``entries``: path, size, time of change, fault, head, lines."""


class File(NamedTuple):
    """A file that may be a record; its size and time show whether it changed since it was read."""

    path: str
    size: int
    changed_ns: int


class StoredRecord(NamedTuple):
    """A record's summary as it is cached: head and lines are still JSON."""

    path: str
    head: str
    lines: str


@dataclass(frozen=True)
class Index:
    """All records of some folders.

    Attributes:
        records: the records' summaries, in the order of their paths.
        unread: files that could not be read as records, with the reason.
        fresh: number of files that had to be read; the others were in the cache.
        whats: what was measured, by the hash in the lines.
    """

    records: tuple[StoredRecord, ...]
    unread: tuple[tuple[str, str], ...]
    fresh: int
    whats: Mapping[str, What] = field(repr=False)

    def heads(self) -> list[Head]:
        """Returns the head of every record."""
        return heads_of([record.head for record in self.records])

    def walk(self) -> Iterator[tuple[Head, list[Line]]]:
        """Yields each record's head with its lines, one per measurement."""
        for start in range(0, len(self.records), CHUNK):
            chunk = self.records[start : start + CHUNK]
            lines = lines_of([record.lines for record in chunk], self.whats)
            yield from zip(heads_of([record.head for record in chunk]), lines, strict=True)


def index(folders: Sequence[Path], cache: Path | None = None, *, heads: bool = False) -> Index:
    """Returns the index of the records in folders and their subfolders.

    Args:
        folders: the folders; a missing one counts as empty.
        cache: folder of the cache; by default the user's.
        heads: whether heads suffice; records from the cache then have no lines.
    """
    files = list(dict.fromkeys(file for folder in folders for file in sorted(_files(folder))))
    cache_folder = cache or cache_dir()
    try:
        return (
            _with_database(cache_folder, folders, files, heads=heads)
            if cache_folder
            else _build(files, {}, _NewlyRead([], {}))
        )
    except (sqlite3.Error, OSError, ValueError) as error:
        if cache_folder and not _is_busy(error):
            with suppress(OSError):
                _database(cache_folder).unlink(missing_ok=True)
    return _build(files, {}, _NewlyRead([], {}))


def unread_note(unread: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yields a sentence on files that could not be read, without a full stop, if there are any."""
    if unread:
        path, reason = unread[0]
        files = "file cannot be read as a record"
        if len(unread) > 1:
            files = "files cannot be read as records"
        yield f"{len(unread):,} {files}: {path}: {reason}"


def _is_busy(error: Exception) -> bool:
    """Tells whether another process has locked the database, which is then intact and is kept."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def folder_of(word: str) -> Path:
    """Returns the folder that ``records=`` names.

    Raises:
        UsageError: it is not a folder.
    """
    folder = Path(word).expanduser()
    if not folder.is_dir():
        raise UsageError(f"records={word[:80]} is not a folder: give one that holds records")
    return folder


def _files(folder: Path) -> Iterator[File]:
    """Yields the JSON files of a folder and its subfolders; links to folders are not followed."""
    pending = [str(folder.absolute())]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as entries:
            for item in entries:
                if item.is_dir(follow_symlinks=False):
                    pending.append(item.path)
                elif item.name.endswith(".json") and not item.name.startswith("."):
                    yield _file_state(item)


def _file_state(item: os.DirEntry[str]) -> File:
    """Returns a file with its size and time of change; both are 0 for a broken link.

    The later of mtime and ctime counts, because a file can be rewritten with its old size and
    mtime.
    """
    try:
        status = item.stat()
    except OSError:
        return File(item.path, 0, 0)
    return File(item.path, status.st_size, max(status.st_mtime_ns, status.st_ctime_ns))


def _database(folder: Path) -> Path:
    return folder / f"records-{code_hash(PACKAGE)}.sqlite"


@cache
def code_hash(package: Path) -> str:
    """Returns the first digits of a hash of the modules that determine a record's summary."""
    digest = hashlib.sha256()
    for name in DERIVED_WITH:
        digest.update(hashlib.sha256((package / name).read_bytes()).digest())
    return digest.hexdigest()[:12]


@dataclass
class _NewlyRead:
    """Files that had to be read: their rows, and what their lines measured, as JSON by hash."""

    rows: list[StoredRow]
    whats: dict[str, str]


def _with_database(
    folder: Path, folders: Sequence[Path], files: Sequence[File], *, heads: bool
) -> Index:
    folder.mkdir(parents=True, exist_ok=True)
    name = _database(folder)
    if not name.exists():
        _delete_other_versions(folder)
    with closing(sqlite3.connect(name, timeout=10.0)) as database:
        database.execute(CREATE)
        database.execute(CREATE_WHATS)
        stored = _stored_rows(database, folders, heads=heads)
        new = _NewlyRead([], dict(database.execute("SELECT name, what FROM whats")))
        result = _build(files, stored, new)
        deleted = stored.keys() - {file.path for file in files}
        if new.rows or deleted:
            with database:
                database.executemany(WRITE, [row for row in new.rows if _is_text(row[0])])
                database.executemany(WRITE_WHAT, new.whats.items())
                database.executemany("DELETE FROM entries WHERE path = ?", [(g,) for g in deleted])
        return result


def _delete_other_versions(folder: Path) -> None:
    """Deletes the caches of other versions of the program."""
    for database in folder.glob("records-*.sqlite"):
        with suppress(OSError):
            database.unlink()


def _is_text(path: str) -> bool:
    """Tells whether a path is valid Unicode, which the database needs: file names may not be."""
    return path.isascii() or not any("\ud800" <= character <= "\udfff" for character in path)


def _stored_rows(
    database: sqlite3.Connection, folders: Sequence[Path], *, heads: bool
) -> dict[str, StoredRow]:
    """Returns the cached rows of the files below folders, by path."""
    columns = f"path, size, changed_ns, fault, head, {repr('[]') if heads else 'lines'}"
    query = f"SELECT {columns} FROM entries WHERE path BETWEEN ? AND ?"  # noqa: S608 -- fixed words
    ranges = [
        (f"{folder.absolute()}{os.sep}", f"{folder.absolute()}{os.sep}\U0010ffff")
        for folder in folders
    ]
    return {row[0]: row for bounds in ranges for row in database.execute(query, bounds)}


def _build(files: Sequence[File], stored: Mapping[str, StoredRow], new: _NewlyRead) -> Index:
    """Returns the index of files; rows that had to be read are added to ``new``."""
    to_read = [file for file in files if stored.get(file.path, ())[:3] != file]
    for rows, new_whats in _read_all(to_read):
        new.rows += rows
        new.whats |= new_whats
    new_rows = {row[0]: row for row in new.rows}
    rows = [new_rows.get(file.path) or stored[file.path] for file in files]
    return Index(
        records=tuple(StoredRecord(row[0], row[4], row[5]) for row in rows if not row[3]),
        unread=tuple((row[0], row[3]) for row in rows if row[3]),
        fresh=len(new.rows),
        whats={name: what_of(text) for name, text in new.whats.items()},
    )


def _read_all(files: Sequence[File]) -> Iterator[tuple[list[StoredRow], dict[str, str]]]:
    """Yields rows of files and what their lines measured; many files are read by processes."""
    if len(files) < FILES_PER_PROCESS:
        yield _read(files)
        return
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    workers = min(MAX_PROCESSES, os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(_read, chunks)


def _read(files: Sequence[File]) -> tuple[list[StoredRow], dict[str, str]]:
    whats: dict[str, str] = {}
    return [_row(file, whats) for file in files], whats


def _row(file: File, whats: dict[str, str]) -> StoredRow:
    try:
        summary = entry(Path(file.path).read_bytes())
    except OSError as error:
        summary = Entry(None, fault=f"cannot be read: {error.strerror}")
    if summary.head is None:
        return (*file, summary.fault, "", "")
    head, lines, new_whats = pack(summary)
    whats |= new_whats
    return (*file, "", head, lines)
