"""Atomic file replacement: a reader sees either the old file or the new one, never a part.

What cannot be written is one line that says so.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import UsageError

STALE_S = 3600.0
"""A draft not written to for so long was left by a killed process; a write takes below a second."""
RANDOM = "?" * 8
"""The part of a draft's name that ``tempfile`` draws, as a pattern."""


def replace(path: Path, content: str | bytes, *, mode: int = 0o644, synced: bool = False) -> None:
    """Writes ``content`` to ``path``, and creates the folder if it is missing.

    Args:
        path: the file to write.
        content: text (written as UTF-8) or bytes.
        mode: the file's permission bits.
        synced: whether the new file is flushed to disk before it replaces the old one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(path)
    except BaseException:  # including Ctrl-C: leave no draft behind
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def writing(what: object) -> Iterator[None]:
    """Turns what keeps a file from being written into one line.

    Args:
        what: the file or folder, as the line names it, such as ``out=plots``.

    Raises:
        UsageError: an OSError was raised inside.
    """
    try:
        yield
    except OSError as error:
        raise UsageError(f"{what} cannot be written to: {error.strerror or error}") from None


def remove_drafts(folder: Path, name: str) -> None:
    """Removes the drafts that killed processes left, and none that may still be written.

    Args:
        folder: where to look, not in its subfolders.
        name: pattern of the files that were to be written, such as ``*.json``.
    """
    before = time.time() - STALE_S
    for draft in folder.glob(f".{name}.{RANDOM}"):
        with suppress(OSError):  # another process has removed it, or the folder is read-only
            if draft.stat().st_mtime < before:
                draft.unlink()
