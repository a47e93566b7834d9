"""A record's file during its run: rewritten atomically, and locked against a second run.

The lock is an advisory lock on the file itself, which ends with its process and leaves nothing
behind. Where a file system or a platform has no such locks, nothing is refused.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from bench.errors import UsageError
from bench.paths import cache_dir
from bench.records.model import Record
from bench.records.store import write

TAKEN = "another run has taken the record to complete it"


class RecordFile:
    """Where one run writes its record.

    Attributes:
        path: the file's path.
        lacking: number of measurements since it was last written.
        lost: whether another run has taken over the file, which is then no longer written.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.lacking, self.lost = path, 0, False
        self._held: IO[bytes] | None = None

    def save(self, record: Record, *, new: int = 0) -> str:
        """Writes the record, which has ``new`` more measurements; returns an error message or "".

        A full disk does not end the run: the next write may succeed.
        """
        self.lacking += new
        if self.lost:
            return TAKEN
        try:
            write(record, self.path)
        except OSError as error:
            return error.strerror or str(error)
        self.lacking = 0
        if self._held and not self.take():  # writing has replaced the locked file
            self.lost = True
        return ""

    def elsewhere(self, record: Record) -> Path | None:
        """Writes a record that could not be saved to the folder for temporary files, or the cache.

        Returns:
            The path; None if it could be written to neither, or another run has taken it.
        """
        for folder in () if self.lost else _other_folders():
            path = folder / self.path.name
            try:
                write(record, path)
            except OSError:
                continue
            return path
        return None

    def take(self) -> bool:
        """Locks the file currently at the path; returns False if another run holds it."""
        try:
            file = self.path.open("rb+")  # writable: NFS requires that for an exclusive lock
        except OSError:
            return True
        if not _locked(file):
            file.close()
            return False
        self.release()
        self._held = file
        return True

    def release(self) -> None:
        """Unlocks the file."""
        if self._held:
            self._held.close()
        self._held = None


def _other_folders() -> Iterator[Path]:
    """Yields the folder for temporary files, ``TMPDIR`` if that can be written, and the cache."""
    with suppress(OSError):
        yield Path(tempfile.gettempdir())
    if cache := cache_dir():
        yield cache


def unwritable(folder: Path, trouble: str) -> UsageError:
    """Returns the refusal of a run whose first record could not be written."""
    return UsageError(
        f"no record can be written to {folder}: {trouble}: name another folder with out="
    )


def is_held(path: Path) -> bool:
    """Returns whether a run in progress holds a record's file."""
    file = RecordFile(path)
    taken = file.take()
    file.release()
    return not taken


def _locked(file: IO[bytes]) -> bool:
    """Locks a file; returns False if another process has locked it."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
