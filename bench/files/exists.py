"""Whether there is a file or a folder at a path that may be any word."""

from pathlib import Path


def is_file(path: Path) -> bool:
    """Tells whether there is a file; a path that no file can have, such as a long word, is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Tells whether there is a folder; a path that no folder can have is none."""
    try:
        return path.is_dir()
    except OSError:
        return False
