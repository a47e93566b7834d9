"""Finds a record by name, where ``latest`` means the user's own: the newest of the own folder.

The committed records are of other people's machines. Their names are found, too, but only commands
that just show a record fall back on the latest of them.
"""

from contextlib import suppress
from pathlib import Path

from bench import paths
from bench.errors import DataError, UsageError
from bench.records.store import find, newest, read

LATEST = "latest"
WHOLE = "full"
"""The suite whose records show the most: the first choice where none is the user's."""

MOST_READ = 200
"""How many records are searched for one of a real device."""


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


def find_real(word: str, folders: list[Path]) -> tuple[Path, str]:
    """Returns the path of a record of a real device, and a note where newer ones were passed over.

    Args:
        word: as for :func:`find_own`; ``latest`` and a folder pass over records of fake devices.
        folders: the user's own folder, then others.

    Raises:
        UsageError: there is no such record, or it is of a fake device; the message names the
            user's newest one of a real device.
    """
    path = find_own(word, folders)
    if not _is_fake(path):
        return path, ""
    is_folder = Path(word).is_dir()
    real = newest_real(Path(word) if is_folder else folders[0])
    if real and (is_folder or word == LATEST):
        return real, _passed_over(word, real)
    others = (
        f"your newest of a real device is record={real.stem}"
        if real
        else "there is none of a real device here: 'python -m bench' measures this machine"
    )
    raise UsageError(
        f"record {path.stem} is of a fake device and says nothing about any chip; {others}"
    )


def newest_real(folder: Path) -> Path | None:
    """Returns a folder's newest readable record that is not of a fake device, if any."""
    for path in newest([folder])[:MOST_READ]:
        with suppress(DataError, UsageError):
            if not _is_fake(path):
                return path
    return None


def _is_fake(path: Path) -> bool:
    return read(path).device.is_fake


def find_to_show(word: str, folders: list[Path]) -> tuple[Path, str]:
    """Returns the path of a record to show, and a note where ``latest`` is not what one expects.

    Args:
        word: as for :func:`find_own`, but ``latest`` passes over the user's records of fake
            devices if there is one of a real device, and where there is none of the user's falls
            back on the other folders: on the newest record of the suite ``full`` there, or else on
            the newest.
        folders: the user's own folder, then others.

    Raises:
        UsageError: there is no such record.
    """
    if word != LATEST:
        return find_own(word, folders), ""
    if own := newest(folders[:1]):
        return _real_first(own[0], folders[0])
    newest_one = find(word, folders)
    path = next((one for one in newest(folders) if read(one).suite == WHOLE), newest_one)
    record = read(path)
    day, name = record.started_utc[:10], record.device.name
    return path, f"no record of yours: the committed one of {day}, {name}"


def _real_first(latest: Path, folder: Path) -> tuple[Path, str]:
    """Returns a user's latest record, or before one of a fake device that of a real one."""
    with suppress(DataError, UsageError):  # what is wrong with it is told where it is read
        if _is_fake(latest):
            real = newest_real(folder)
            if real is None:
                return latest, f"record={LATEST} is of a fake device: its figures are simulated"
            return real, _passed_over(LATEST, real)
    return latest, ""


def _passed_over(word: str, real: Path) -> str:
    return f"record={word} is {real.stem}: newer ones are of fake devices"
