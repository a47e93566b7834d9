"""Where shipped data lies (clone or wheel), where own data lies, and where runs are left."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
OWN = "ONPAPER_SPECS"
"""The variable that names a folder of own data; ``specs=`` on a command line sets it."""


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
    """Returns the folder of own data that lies beside the shipped ``specs/``; None without one."""
    given = os.environ.get(OWN)
    return Path(given) if given else None


@contextmanager
def laid(own: Path) -> Iterator[None]:
    """Has a folder of own data lie beside the shipped one meanwhile."""
    before = os.environ.get(OWN)
    os.environ[OWN] = str(own)
    try:
        yield
    finally:
        os.environ.pop(OWN)
        if before is not None:
            os.environ[OWN] = before


def layers(folder: Path) -> tuple[Path, ...]:
    """Returns a data folder, and after it the own one where it is the shipped ``specs/``."""
    own = own_specs()
    return (folder, own) if own is not None and folder == data_dir("specs") else (folder,)


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
