"""Where shipped data lies (clone or wheel) and where runs are left."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """Returns the shipped folder ``name`` (``specs``, ``configs`` or ``results``).

    Raises:
        FileNotFoundError: neither the wheel's nor the clone's folder exists.
    """
    shipped = PACKAGE / "_data" / name
    cloned = PACKAGE.parent / name
    for folder in (shipped, cloned):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no {name}/ folder at {shipped} nor at {cloned}: reinstall onpaper")


def runs_dir() -> Path:
    """Returns where records go: ``results/runs`` of a clone, else the user's data folder."""
    clone = PACKAGE.parent
    if (clone / "pyproject.toml").is_file() and (clone / "specs").is_dir():
        return clone / "results" / "runs"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "onpaper" / "runs"


def cache_dir() -> Path | None:
    """Returns where what can be made again is kept: ``XDG_CACHE_HOME`` or ``~/.cache``.

    None where neither is to be had; a relative ``XDG_CACHE_HOME`` is none (XDG Base Directory).
    """
    given = Path(os.environ.get("XDG_CACHE_HOME") or "")
    if given.is_absolute():
        return given / "onpaper"
    try:
        return Path.home() / ".cache" / "onpaper"
    except RuntimeError:
        return None
