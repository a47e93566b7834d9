"""A file written so that a reader sees the old one or the new one, whole."""

import os
import tempfile
from pathlib import Path


def replace(path: Path, content: str | bytes, *, mode: int = 0o644, synced: bool = False) -> None:
    """Puts ``content`` at ``path``, whose folder is made where it is not there.

    Args:
        path: the file.
        content: a text is written in UTF-8.
        mode: who may read and write it.
        synced: whether it is on the disk before the old file is given up.
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
    except BaseException:  # Ctrl-C, too, leaves no draft behind
        draft.unlink(missing_ok=True)
        raise
