"""A folder of own sheets, rules, claims and workloads, laid beside the shipped ones."""

import os
from pathlib import Path

from bench import paths
from bench.errors import UsageError

KINDS = ("chips", "rules", "claims", "workloads")
KEY = "specs="


def own(word: str) -> Path:
    """Returns the folder of own data that a word names.

    Raises:
        UsageError: there is none, or none of the folders in it that data are read from.
    """
    folder = Path(word)
    if not any((folder / kind).is_dir() for kind in KINDS):
        others = ", ".join(f"{kind}/" for kind in KINDS[1:])
        raise UsageError(f"specs={word}: there is no chips/ folder in it, nor any of {others}")
    return folder.resolve()


def lay(words: list[str]) -> tuple[list[str], str]:
    """Returns the words without ``specs=``, and what its folder lays beside the shipped data.

    It goes into the environment, so that worker processes read it, too.

    Raises:
        UsageError: it names no such folder, or is given twice.
    """
    told = ""
    given = [word.removeprefix(KEY) for word in words if word.startswith(KEY)]
    if len(given) > 1:
        raise UsageError("specs= is given twice: which one?")
    if given or paths.own_specs():
        folder = own(given[0] if given else str(paths.own_specs()))
        os.environ[paths.OWN] = str(folder)
        told = _told(folder)
    return [word for word in words if not word.startswith(KEY)], told


def _told(folder: Path) -> str:
    """Returns how many own files are read, and which take the place of a shipped one."""
    found = [path for kind in KINDS for path in sorted((folder / kind).glob("*.yaml"))]
    shipped = paths.data_dir("specs")
    instead = [path.name for path in found if (shipped / path.relative_to(folder)).exists()]
    told = f"{len(found)} file{'' if len(found) == 1 else 's'} of {folder} beside the shipped data"
    return f"{told}, in the place of {', '.join(instead)}" if instead else told
