"""Atomic file replacement: a reader sees either the old file or the new one, never a part."""

import os
import tempfile
from pathlib import Path


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
