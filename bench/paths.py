"""Folders: the shipped data (clone or wheel), the user's own data, records of runs, the cache."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
OWN = "ONPAPER_SPECS"
"""Environment variable with the user's own data folder; ``specs=`` on a command line sets it."""


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


def own_specs() -> Path | None:
    """Returns the user's own data folder, which is read beside ``specs/``; None without one."""
    given = os.environ.get(OWN)
    return Path(given) if given else None


@contextmanager
def using_own_specs(own: Path) -> Iterator[None]:
    """Uses a folder of own data beside the shipped one within the ``with`` block."""
    before = os.environ.get(OWN)
    os.environ[OWN] = str(own)
    try:
        yield
    finally:
        os.environ.pop(OWN)
        if before is not None:
            os.environ[OWN] = before


def layers(folder: Path) -> tuple[Path, ...]:
    """Returns a data folder, followed by the user's own folder if it is the shipped ``specs/``."""
    own = own_specs()
    return (folder, own) if own is not None and folder == data_dir("specs") else (folder,)


def runs_dir() -> Path:
    """Returns the default folder of records: ``results/runs`` of a clone, else in the user's home.

    Outside a clone it is below ``XDG_DATA_HOME``, or ``~/.local/share``.
    """
    clone = PACKAGE.parent
    if (clone / "pyproject.toml").is_file() and (clone / "specs").is_dir():
        return clone / "results" / "runs"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "onpaper" / "runs"


def cache_dir() -> Path | None:
    """Returns the cache folder, below ``XDG_CACHE_HOME`` or ``~/.cache``.

    None where neither exists. A relative ``XDG_CACHE_HOME`` is ignored, as the XDG Base Directory
    specification says.
    """
    given = Path(os.environ.get("XDG_CACHE_HOME") or "")
    if given.is_absolute():
        return given / "onpaper"
    try:
        return Path.home() / ".cache" / "onpaper"
    except RuntimeError:
        return None
