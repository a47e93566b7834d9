"""A record's file while its run lasts: written whole each time, and held against a second run.

The hold is a lock on the file itself: it ends with its process, however that ends, and leaves
nothing behind. Where a file system or a platform knows no such locks, nothing is refused.
"""

import sys
from pathlib import Path
from typing import IO

from bench.errors import UsageError
from bench.records.model import Record
from bench.records.store import write

TAKEN = "another run has taken the record to complete it"


class RecordFile:
    """Where one run writes its record.

    Attributes:
        path: where it lies.
        lacking: how many measurements were made since it was last written.
        lost: whether another run has taken the file; it is written no more.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.lacking, self.lost = path, 0, False
        self._held: IO[bytes] | None = None

    def save(self, record: Record, *, new: int = 0) -> str:
        """Writes the record with ``new`` more measurements; returns what kept it from that.

        A full disk costs the file, not the run: the next write may succeed.
        """
        self.lacking += new
        if self.lost:
            return TAKEN
        try:
            write(record, self.path)
        except OSError as error:
            return error.strerror or str(error)
        self.lacking = 0
        if self._held and not self.take():  # another file lies there now
            self.lost = True
        return ""

    def take(self) -> bool:
        """Holds the file that lies there now; tells False where another run has it."""
        try:
            file = self.path.open("rb+")  # to be written: NFS locks nothing else
        except OSError:
            return True
        if not _locked(file):
            file.close()
            return False
        self.release()
        self._held = file
        return True

    def release(self) -> None:
        """Lets go of it."""
        if self._held:
            self._held.close()
        self._held = None


def unwritable(folder: Path, trouble: str) -> UsageError:
    """Returns the refusal of a run whose first record could not be written."""
    return UsageError(
        f"no record can be written to {folder}: {trouble}: name another folder with out="
    )


def is_held(path: Path) -> bool:
    """Tells whether a run that is under way has a record's file."""
    file = RecordFile(path)
    taken = file.take()
    file.release()
    return not taken


def _locked(file: IO[bytes]) -> bool:
    """Locks a file, or tells False where somebody else has."""
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
