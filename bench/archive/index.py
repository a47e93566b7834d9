"""Reads folders of records once: what was read is kept, and a file that is unchanged stays unread.

What is kept can be made again: a database in the user's cache folder, by path, size and time of
change. Where it cannot be written or is broken, everything is read anew.
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

from bench.archive.entry import Entry, Head, Line, What, entry, heads_of, lines_of, packed, what_of
from bench.errors import UsageError
from bench.paths import PACKAGE, cache_dir

MADE_BY = (
    "archive/entry.py", "archive/index.py", "archive/slim.py", "chips/figures.py", "fixed.py",
    "plausible.py", "rates.py", "records/model.py", "throttle.py", "units.py",
)  # fmt: skip
"""The modules that make of a record what is kept: what others than these made is made anew."""
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
CREATE_WHATS = "CREATE TABLE IF NOT EXISTS whats (name TEXT PRIMARY KEY, what TEXT) WITHOUT ROWID"
WRITE_WHAT = "INSERT OR REPLACE INTO whats VALUES (?, ?)"
Row = tuple[str, int, int, str, str, str]


class File(NamedTuple):
    """A file that may be a record: its state tells whether it was read before."""

    path: str
    size: int
    changed_ns: int


class Kept(NamedTuple):
    """A record as it is kept: packed, until somebody asks for its parts."""

    path: str
    head: str
    lines: str


@dataclass(frozen=True)
class Index:
    """All records of some folders.

    Attributes:
        records: in the order of their paths.
        unread: files that are no readable records, with the reason.
        fresh: how many files had to be read; the others were known.
        whats: what the lines name.
    """

    records: tuple[Kept, ...]
    unread: tuple[tuple[str, str], ...]
    fresh: int
    whats: Mapping[str, What] = field(repr=False)

    def heads(self) -> list[Head]:
        """Returns what ran where, of every record."""
        return heads_of([one.head for one in self.records])

    def walk(self) -> Iterator[tuple[Head, list[Line]]]:
        """Yields each record's head with its lines, a line a measurement."""
        for start in range(0, len(self.records), CHUNK):
            some = self.records[start : start + CHUNK]
            lines = lines_of([one.lines for one in some], self.whats)
            yield from zip(heads_of([one.head for one in some]), lines, strict=True)


def index(folders: Sequence[Path], cache: Path | None = None, *, heads: bool = False) -> Index:
    """Reads the records of folders and those below them.

    Args:
        folders: a folder that is not there holds nothing.
        cache: the folder for what is kept; by default the user's.
        heads: whether heads are enough: the records that were known have no lines then.
    """
    files = list(dict.fromkeys(one for folder in folders for one in sorted(_files(folder))))
    place = cache or cache_dir()
    try:
        return (
            _through(place, folders, files, heads=heads) if place else _of(files, {}, _Read([], {}))
        )
    except (sqlite3.Error, OSError, ValueError) as error:
        if place and not _is_busy(error):
            with suppress(OSError):
                _database(place).unlink(missing_ok=True)
    return _of(files, {}, _Read([], {}))


def _is_busy(error: Exception) -> bool:
    """Tells whether another process holds the database, which is then whole, and stays."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def folder_of(word: str) -> Path:
    """Returns the folder that ``records=`` names.

    Raises:
        UsageError: there is none.
    """
    folder = Path(word).expanduser()
    if not folder.is_dir():
        raise UsageError(f"records={word[:80]} is not a folder: give one that holds records")
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
                    yield _file(one)


def _file(one: os.DirEntry[str]) -> File:
    """Returns a file and its state; a link to nothing has none, and its reading will say so.

    A file may be written anew with its old size and time; the time of its inode tells that.
    """
    try:
        told = one.stat()
    except OSError:
        return File(one.path, 0, 0)
    return File(one.path, told.st_size, max(told.st_mtime_ns, told.st_ctime_ns))


def _database(place: Path) -> Path:
    return place / f"records-{made_by(PACKAGE)}.sqlite"


@cache
def made_by(package: Path) -> str:
    """Returns the beginning of a hash of the modules that make of a record what is kept."""
    found = hashlib.sha256()
    for name in MADE_BY:
        found.update(hashlib.sha256((package / name).read_bytes()).digest())
    return found.hexdigest()[:12]


@dataclass
class _Read:
    """What had to be read: rows, and what their lines are of, packed."""

    rows: list[Row]
    whats: dict[str, str]


def _through(place: Path, folders: Sequence[Path], files: Sequence[File], *, heads: bool) -> Index:
    place.mkdir(parents=True, exist_ok=True)
    name = _database(place)
    if not name.exists():
        _forget_others(place)
    with closing(sqlite3.connect(name, timeout=10.0)) as database:
        database.execute(CREATE)
        database.execute(CREATE_WHATS)
        known = _known(database, folders, heads=heads)
        fresh = _Read([], dict(database.execute("SELECT name, what FROM whats")))
        found = _of(files, known, fresh)
        gone = known.keys() - {one.path for one in files}
        if fresh.rows or gone:
            with database:
                database.executemany(WRITE, [row for row in fresh.rows if _is_text(row[0])])
                database.executemany(WRITE_WHAT, fresh.whats.items())
                database.executemany("DELETE FROM entries WHERE path = ?", [(g,) for g in gone])
        return found


def _forget_others(place: Path) -> None:
    """Deletes what other versions of the program kept."""
    for one in place.glob("records-*.sqlite"):
        with suppress(OSError):
            one.unlink()


def _is_text(path: str) -> bool:
    """Tells whether a path is a text that a database keeps: names may be any bytes."""
    return path.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in path)


def _known(database: sqlite3.Connection, folders: Sequence[Path], *, heads: bool) -> dict[str, Row]:
    """Returns what is kept of folders."""
    columns = f"path, size, changed_ns, fault, head, {repr('[]') if heads else 'lines'}"
    asked = f"SELECT {columns} FROM entries WHERE path BETWEEN ? AND ?"  # noqa: S608 -- fixed words
    spans = [
        (f"{one.absolute()}{os.sep}", f"{one.absolute()}{os.sep}\U0010ffff") for one in folders
    ]
    return {row[0]: row for span in spans for row in database.execute(asked, span)}


def _of(files: Sequence[File], known: Mapping[str, Row], fresh: _Read) -> Index:
    """Returns the index of files; what had to be read is put into ``fresh``."""
    unknown = [one for one in files if known.get(one.path, ())[:3] != one]
    for rows, named in _read_all(unknown):
        fresh.rows += rows
        fresh.whats |= named
    now = {row[0]: row for row in fresh.rows}
    every = [now.get(one.path) or known[one.path] for one in files]
    return Index(
        records=tuple(Kept(row[0], row[4], row[5]) for row in every if not row[3]),
        unread=tuple((row[0], row[3]) for row in every if row[3]),
        fresh=len(fresh.rows),
        whats={name: what_of(text) for name, text in fresh.whats.items()},
    )


def _read_all(files: Sequence[File]) -> Iterator[tuple[list[Row], dict[str, str]]]:
    """Yields rows of files and what their lines are of; several processes read where many are."""
    if len(files) < ALONE:
        yield _read(files)
        return
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    workers = min(HELD, os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(_read, chunks)


def _read(files: Sequence[File]) -> tuple[list[Row], dict[str, str]]:
    whats: dict[str, str] = {}
    return [_row(one, whats) for one in files], whats


def _row(file: File, whats: dict[str, str]) -> Row:
    try:
        found = entry(Path(file.path).read_bytes())
    except OSError as error:
        found = Entry(None, fault=f"cannot be read: {error.strerror}")
    if found.head is None:
        return (*file, found.fault, "", "")
    head, lines, named = packed(found)
    whats |= named
    return (*file, "", head, lines)
