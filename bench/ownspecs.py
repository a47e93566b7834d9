"""The key ``specs=``: a user's own folder of sheets, rules, claims and workloads."""

import os
from pathlib import Path

from bench import paths
from bench.errors import UsageError
from bench.words import counted

KINDS = ("chips", "rules", "claims", "workloads")
KEY = "specs="


def own_folder(word: str) -> Path:
    """Returns the user's folder that ``specs=`` names, as an absolute path.

    Raises:
        UsageError: the folder is missing, or has none of the subfolders that data is read from.
    """
    folder = Path(word)
    if not any((folder / kind).is_dir() for kind in KINDS):
        others = ", ".join(f"{kind}/" for kind in KINDS[1:])
        raise UsageError(f"specs={word}: there is no chips/ folder in it, nor any of {others}")
    return folder.resolve()


def use_own_specs(words: list[str]) -> tuple[list[str], str]:
    """Applies ``specs=``; returns the other words, and a message on what the folder adds.

    The folder is put into the environment, so that worker processes read it, too. The message is
    empty without such a folder.

    Raises:
        UsageError: ``specs=`` names no such folder, or is given twice.
    """
    message = ""
    given = [word.removeprefix(KEY) for word in words if word.startswith(KEY)]
    if len(given) > 1:
        raise UsageError("specs= is given twice: which one?")
    if given or paths.own_specs():
        folder = own_folder(given[0] if given else str(paths.own_specs()))
        os.environ[paths.OWN] = str(folder)
        message = _message(folder)
    return [word for word in words if not word.startswith(KEY)], message


def _message(folder: Path) -> str:
    """Returns how many own files are read, and which of them replace a shipped file."""
    found = [path for kind in KINDS for path in sorted((folder / kind).glob("*.yaml"))]
    shipped = paths.data_dir("specs")
    replaced = [path.name for path in found if (shipped / path.relative_to(folder)).exists()]
    text = f"{counted(len(found), 'file')} of {folder} beside the shipped data"
    return f"{text}, in the place of {', '.join(replaced)}" if replaced else text
