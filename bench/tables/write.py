"""Writes an export: nothing of somebody else's is replaced, and no file is ever half written."""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.tables.package import DESCRIPTION, MAKER, File, Json


def listed(folder: Path) -> dict[str, Json]:
    """Returns the entries of an earlier export into ``folder``, by path; empty if there is none.

    Raises:
        UsageError: the folder's description is not ours, or ``folder`` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"out={folder} is a file: out= is a folder")
    path = folder / DESCRIPTION
    if not path.exists():
        return {}
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        package = None
    if not isinstance(package, dict) or package.get("generator") != MAKER:
        raise UsageError(f"{path} was not written by onpaper: choose another folder")
    entries = package.get("resources")
    return _by_path(entries) if isinstance(entries, list) else {}


def _by_path(entries: list[Any]) -> dict[str, Json]:
    named = (one for one in entries if isinstance(one, dict))
    return {one["path"]: one for one in named if isinstance(one.get("path"), str)}


def write(folder: Path, made: Sequence[File], ours: Mapping[str, Json]) -> None:
    """Writes files into ``folder``, each whole or not at all.

    The description comes first, so that an export that is cut short may be run again.

    Raises:
        UsageError: a file is there already that no earlier export wrote, or nothing can be
            written there.
    """
    for one in made:
        if one.name not in (DESCRIPTION, *ours) and (folder / one.name).exists():
            raise UsageError(f"{folder / one.name} was not written by onpaper: move it away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in _description_first(made):
            replace(folder / one.name, one.content)
    except OSError as error:
        raise UsageError(f"out={folder} cannot be written to: {error.strerror}") from None


def _description_first(made: Iterable[File]) -> list[File]:
    return sorted(made, key=lambda one: one.name != DESCRIPTION)


def replace(path: Path, content: bytes) -> None:
    """Puts ``content`` at ``path``; a reader sees the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException:  # Ctrl-C, too, leaves no draft behind
        draft.unlink(missing_ok=True)
        raise
