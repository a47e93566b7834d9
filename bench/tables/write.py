"""Writes an export: only files of earlier exports are replaced, and no file is half written."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from bench.errors import UsageError
from bench.files.atomic import replace, writing
from bench.files.jsonfile import Json
from bench.tables.package import DESCRIPTION, MAKER, File

MAX_NAME_BYTES = 255
"""Longest file name that file systems allow."""


def output_folder(out: str) -> Path:
    """Returns the folder that ``out=`` names, with ``~`` expanded; it need not exist yet.

    Raises:
        UsageError: it exists and is no folder, or cannot be created.
    """
    try:
        folder = Path(out).expanduser()
        _check_reachable(folder)
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"out={_short(out)} cannot be a folder: {why}") from None
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"out={folder} is a file: out= is a folder")
    return folder


def names_folder(out: str) -> bool:
    """Tells whether ``out=`` names a folder, which may not exist yet.

    It does if it ends with a slash, or is no file and its name has no ending.
    """
    path = Path(out).expanduser()
    return out.endswith(("/", os.sep)) or not (path.suffix or os.path.lexists(path))


def write_new(text: str, path: Path) -> None:
    """Writes a new text file, whole or not at all; its folder is created, too.

    Args:
        text: content of the file.
        path: where to write it.

    Raises:
        UsageError: the file exists already, or cannot be written.
    """
    if os.path.lexists(path):
        raise UsageError(f"{path} exists already: name another; nothing is overwritten")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file, _whole(path):
            file.write(text)
            file.flush()


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Deletes a half-written file if writing fails or is interrupted."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _check_reachable(path: Path) -> None:
    """Checks that a path exists or could be created.

    Raises:
        OSError: it could not be created, or cannot be accessed.
        ValueError: it has a character that no path can have.
    """
    if any(len(os.fsencode(part)) > MAX_NAME_BYTES for part in path.parts):
        raise OSError(0, "a name in it is too long")
    try:
        path.lstat()
    except FileNotFoundError:
        parent = next(one for one in path.absolute().parents if os.path.lexists(one))
        if not os.access(parent, os.W_OK | os.X_OK) or not parent.is_dir():
            raise OSError(0, f"{parent} is not a folder that can be written to") from None


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:60]}..."


def listed(folder: Path) -> dict[str, Json]:
    """Returns the entries of an earlier export into ``folder``, by path; empty without one.

    Raises:
        UsageError: the folder has a description that onpaper did not write.
    """
    path = folder / DESCRIPTION
    if not os.path.lexists(path):
        return {}
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError):
        package = None
    if not isinstance(package, dict) or package.get("generator") != MAKER:
        raise UsageError(f"{path} was not written by onpaper: choose another folder")
    entries = package.get("resources")
    return _by_path(entries, folder) if isinstance(entries, list) else {}


def _by_path(entries: list[Any], folder: Path) -> dict[str, Json]:
    named = (one for one in entries if isinstance(one, dict))
    return {one["path"]: one for one in named if _is_in(folder, one.get("path"))}


def _is_in(folder: Path, name: object) -> bool:
    """Tells whether a name is that of an existing file inside the folder."""
    if not isinstance(name, str) or "\0" in name or "\\" in name:
        return False
    pure, path = PurePosixPath(name), folder / name
    if pure.is_absolute() or ".." in pure.parts or str(pure) != name:
        return False
    exists = os.path.isfile(path)  # noqa: PTH113 -- Path.is_file raises where a name is too long
    return exists and path.parent.resolve().is_relative_to(folder.resolve())


def write(folder: Path, files: Sequence[File], earlier: Mapping[str, Json]) -> None:
    """Writes files into ``folder``, each whole or not at all.

    The description is written first, so that an interrupted export can be run again.

    Args:
        folder: where to write.
        files: the files of the export, with the description.
        earlier: entries of an earlier export, by path; only these files are replaced.

    Raises:
        UsageError: a file exists that no earlier export wrote, or the folder cannot be written to.
    """
    for file in files:
        path = folder / file.name
        if file.name not in (DESCRIPTION, *earlier) and os.path.lexists(path):
            raise UsageError(f"{path} was not written by onpaper: move it away")
        if os.path.lexists(path.parent) and not path.parent.is_dir():
            raise UsageError(f"{path.parent} was not written by onpaper: move it away")
    with writing(f"out={_short(str(folder))}"):
        for file in files:
            _check_reachable(folder / f".{file.name}.12345678")  # as long as its draft's name
        folder.mkdir(parents=True, exist_ok=True)
        for file in _description_first(files):
            replace(folder / file.name, file.content)


def _description_first(files: Iterable[File]) -> list[File]:
    return sorted(files, key=lambda file: file.name != DESCRIPTION)
