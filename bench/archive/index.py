"""Reads folders of records once: what was read is kept, and a file that is unchanged stays unread.

What is kept can be made again: a database in the user's cache folder, by path, size and time of
change. Where it cannot be written or is broken, everything is read anew.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from bench.archive.entry import Entry, Head, Line, entry, head_of, lines_of, packed
from bench.errors import UsageError
from bench.paths import cache_dir
from bench.records.model import SCHEMA

LAYOUT = 1
"""Version of what is kept; raised whenever ``Entry`` or how it is packed changes."""
CHUNK = 500
ALONE = 2_000
"""So many files are read before a second process is worth its start."""
HELD = 8
"""More processes than this wait for the disk."""

CREATE = (
    "CREATE TABLE IF NOT EXISTS entries (path TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, "
    "fault TEXT, head TEXT, lines TEXT) WITHOUT ROWID"
)
WRITE = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)"
Row = tuple[str, int, int, str, str, str]


class File(NamedTuple):
    """A file that may be a record: its state tells whether it was read before."""

    path: str
    size: int
    changed_ns: int


@dataclass(frozen=True)
class Kept:
    """A record as it is kept: packed, until somebody asks for its parts."""

    path: str
    packed_head: str
    packed_lines: str

    @property
    def head(self) -> Head:
        """Returns what ran where."""
        return head_of(self.packed_head)

    @property
    def lines(self) -> list[Line]:
        """Returns a line a measurement."""
        return lines_of(self.packed_lines)


@dataclass(frozen=True)
class Index:
    """All records of some folders.

    Attributes:
        records: in the order of their paths.
        unread: files that are no readable records, with the reason.
        fresh: how many files had to be read; the others were known.
    """

    records: tuple[Kept, ...]
    unread: tuple[tuple[str, str], ...]
    fresh: int


def index(folders: Sequence[Path], cache: Path | None = None) -> Index:
    """Reads the records of folders and those below them.

    Args:
        folders: a folder that is not there holds nothing.
        cache: the folder for what is kept; by default the user's.
    """
    files = [one for folder in folders for one in sorted(_files(folder))]
    place = cache or cache_dir()
    try:
        return _through(place, files) if place else _of(files, {}, [])
    except (sqlite3.Error, OSError):
        if place:
            with suppress(OSError):
                _database(place).unlink(missing_ok=True)
        return _of(files, {}, [])


def folder_of(word: str) -> Path:
    """Returns the folder that ``records=`` names.

    Raises:
        UsageError: there is none.
    """
    folder = Path(word).expanduser()
    if not folder.is_dir():
        raise UsageError(f"records={word[:80]} is no folder: give one that holds records")
    return folder


def _files(folder: Path) -> Iterator[File]:
    """Yields the JSON files of a folder and those below; links to folders are not followed."""
    open_ones = [str(folder.absolute())]
    while open_ones:
        with suppress(OSError), os.scandir(open_ones.pop()) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    open_ones.append(one.path)
                elif one.name.endswith(".json") and not one.name.startswith("."):
                    told = one.stat()
                    yield File(one.path, told.st_size, told.st_mtime_ns)


def _database(place: Path) -> Path:
    return place / f"records-{LAYOUT}-{SCHEMA}.sqlite"


def _through(place: Path, files: Sequence[File]) -> Index:
    place.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(_database(place), timeout=10.0)) as database:
        database.execute(CREATE)
        known = _known(database, files)
        fresh: list[Row] = []
        found = _of(files, known, fresh)
        with database:
            database.executemany(WRITE, fresh)
            gone = known.keys() - {one.path for one in files}
            database.executemany("DELETE FROM entries WHERE path = ?", [(one,) for one in gone])
        return found


def _known(database: sqlite3.Connection, files: Sequence[File]) -> dict[str, Row]:
    """Returns what is kept of the folders that hold the files."""
    if not files:
        return {}
    root = os.path.commonpath([one.path for one in files])
    span = (root, f"{root}\U0010ffff")
    found = database.execute("SELECT * FROM entries WHERE path BETWEEN ? AND ?", span)
    return {row[0]: row for row in found}


def _of(files: Sequence[File], known: Mapping[str, Row], fresh: list[Row]) -> Index:
    """Returns the index of files; what had to be read is put into ``fresh``."""
    unknown = [one for one in files if known.get(one.path, ())[:3] != one]
    fresh += _read_all(unknown)
    now = {row[0]: row for row in fresh}
    rows = [now.get(one.path) or known[one.path] for one in files]
    return Index(
        records=tuple(Kept(row[0], row[4], row[5]) for row in rows if not row[3]),
        unread=tuple((row[0], row[3]) for row in rows if row[3]),
        fresh=len(fresh),
    )


def _read_all(files: Sequence[File]) -> Iterable[Row]:
    """Returns the rows of files, read by several processes where they are many."""
    if len(files) < ALONE:
        return _read(files)
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    workers = min(HELD, os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        return [row for rows in pool.map(_read, chunks) for row in rows]


def _read(files: Sequence[File]) -> list[Row]:
    return [_row(one) for one in files]


def _row(file: File) -> Row:
    try:
        found = entry(Path(file.path).read_bytes())
    except OSError as error:
        found = Entry(None, fault=f"cannot be read: {error.strerror}")
    head, lines = packed(found) if found.head else ("", "")
    return (*file, found.fault, head, lines)
