"""Writes an export: nothing of somebody else's is replaced, and no file is ever half written."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from bench.atomic import replace
from bench.errors import UsageError
from bench.tables.package import DESCRIPTION, MAKER, File, Json

LONGEST = 255
"""Bytes that a file system lets a name have."""


def place(out: str) -> Path:
    """Returns the folder that ``out=`` names, with ``~`` spelt out; it need not be there yet.

    Raises:
        UsageError: there is something else, or no folder can be made there.
    """
    try:
        folder = Path(out).expanduser()
        _reached(folder)
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"out={_short(out)} cannot be a folder: {_reason(error)}") from None
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"out={folder} is a file: out= is a folder")
    return folder


def names_folder(out: str) -> bool:
    """Tells whether ``out=`` can be a folder only, which need not be there yet."""
    return out.endswith(("/", os.sep))


def write_new(text: str, place: Path, *, make: bool = False) -> None:
    """Writes a text file that is not there yet, whole or not at all.

    Args:
        text: of the file.
        place: of the file.
        make: whether its folder is made, too.

    Raises:
        UsageError: there is one already, or none can be made.
    """
    try:
        if make:
            place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file, _whole(place):
            file.write(text)
            file.flush()
    except FileExistsError:
        raise UsageError(f"{place} exists already: name another; nothing is overwritten") from None
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror or error}") from None


@contextmanager
def _whole(place: Path) -> Iterator[None]:
    """Leaves no beginning of a file where its disk is full, or Ctrl-C ends the writing."""
    try:
        yield
    except BaseException:
        place.unlink(missing_ok=True)
        raise


def _reached(path: Path) -> None:
    """Looks at a path, of which the end need not be there.

    Raises:
        OSError: nothing can be there, or it cannot be looked at.
        ValueError: it holds a character that no path has.
    """
    if any(len(os.fsencode(part)) > LONGEST for part in path.parts):
        raise OSError(0, "a name in it is too long")
    try:
        path.lstat()
    except FileNotFoundError:
        there = next(one for one in path.absolute().parents if os.path.lexists(one))
        if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
            raise OSError(0, f"{there} is not a folder that can be written to") from None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:60]}..."


def listed(folder: Path) -> dict[str, Json]:
    """Returns the entries of an earlier export into ``folder``, by path; empty if there is none.

    Raises:
        UsageError: the folder's description is not ours.
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
    """Tells whether a name is that of a file in the folder, and not one that leads elsewhere."""
    if not isinstance(name, str) or "\0" in name or "\\" in name:
        return False
    pure, path = PurePosixPath(name), folder / name
    if pure.is_absolute() or ".." in pure.parts or str(pure) != name:
        return False
    there = os.path.isfile(path)  # noqa: PTH113 -- Path.is_file raises where a name is too long
    return there and path.parent.resolve().is_relative_to(folder.resolve())


def write(folder: Path, made: Sequence[File], ours: Mapping[str, Json]) -> None:
    """Writes files into ``folder``, each whole or not at all.

    The description comes first, so that an export that is cut short may be run again.

    Raises:
        UsageError: a file is there already that no earlier export wrote, or nothing can be
            written there.
    """
    for one in made:
        path = folder / one.name
        if one.name not in (DESCRIPTION, *ours) and os.path.lexists(path):
            raise UsageError(f"{path} was not written by onpaper: move it away")
        if os.path.lexists(path.parent) and not path.parent.is_dir():
            raise UsageError(f"{path.parent} was not written by onpaper: move it away")
    try:
        for one in made:
            _reached(folder / f".{one.name}.12345678")  # as long as its draft will be
        folder.mkdir(parents=True, exist_ok=True)
        for one in _description_first(made):
            replace(folder / one.name, one.content)
    except OSError as error:
        told = f"out={_short(str(folder))} cannot be written to: {_reason(error)}"
        raise UsageError(told) from None


def _description_first(made: Iterable[File]) -> list[File]:
    return sorted(made, key=lambda one: one.name != DESCRIPTION)
