"""Finds a record by name, where ``latest`` means the user's own: the newest of the own folder.

The committed records are of other people's machines. Their names are found, too, but only commands
that just show a record fall back on the latest of them.
"""

from pathlib import Path

from bench import paths
from bench.errors import UsageError
from bench.records.store import find, newest, read

LATEST = "latest"


def record_folders(own: Path | None = None) -> list[Path]:
    """Returns the folders in which records are looked up: the user's own, then the committed ones.

    Args:
        own: the folder of the user's records; default: that of runs without ``out=``.
    """
    return [own or paths.runs_dir(), paths.data_dir("results") / "records"]


def find_own(word: str, folders: list[Path]) -> Path:
    """Returns the path of the record that ``word`` names.

    Args:
        word: as for :func:`bench.records.store.find`; ``latest`` is the user's newest record.
        folders: the user's own folder, then others.

    Raises:
        UsageError: there is no such record.
    """
    if word != LATEST:
        return find(word, folders)
    own = newest(folders[:1])
    if own:
        return own[0]
    find(LATEST, folders)  # says what to do where there is no record at all
    raise UsageError(
        f"no record {word!r}: none of yours is in {folders[0]}; name the out= folder of your "
        "run, or a record by its path or id ('python -m bench history' lists them)"
    )


def find_to_show(word: str, folders: list[Path]) -> tuple[Path, str]:
    """Returns the path of a record to show, and a note where ``latest`` is none of the user's.

    Args:
        word: as for :func:`find_own`, but ``latest`` falls back on the other folders.
        folders: the user's own folder, then others.

    Raises:
        UsageError: there is no such record.
    """
    if word != LATEST or newest(folders[:1]):
        return find_own(word, folders), ""
    path = find(word, folders)
    record = read(path)
    day, name = record.started_utc[:10], record.device.name
    return path, f"no record of yours: the committed one of {day}, {name}"
