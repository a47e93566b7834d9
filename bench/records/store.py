"""Writes a record atomically, reads it back strictly, and finds it by name."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from bench.atomic import replace
from bench.errors import DataError, Fault, UsageError, nearest
from bench.records.model import SCHEMA, Record
from bench.records.upgrade import STEPS, upgraded

MAX_BYTES = 200_000_000
HEAD = 2_000
VALUE = "Value error, "
"""What pydantic puts before a message of ours."""
LARGEST = 1e60
"""No number of a record is larger: squares and products of such numbers are still finite."""
DIGITS = 40
"""The longest whole number."""
BUNDLED = ".onpaper.json"
"""How the name of a record ends that was packed for others: :mod:`bench.bundle`."""
ID = re.compile(r'"id":\s*"([0-9A-Za-z._-]+)"')
STARTED = re.compile(r"\d{8}-\d{6}")
FINISHED = re.compile(r'"state":\s*"(?:complete|interrupted)"')


def write(record: Record, path: Path) -> None:
    """Writes ``record`` to ``path`` so that a reader sees the old file or the new one, whole."""
    replace(path, record.model_dump_json(indent=1) + "\n", synced=True)


def read(path: Path) -> Record:
    """Reads one record.

    Raises:
        UsageError: there is no such file.
        DataError: it is no record of a schema this program knows; every fault is named.
    """
    return read_hashed(path)[0]


def read_hashed(path: Path) -> tuple[Record, str]:
    """Reads one record and returns it with the SHA-256 of the very bytes it was read from.

    Raises:
        UsageError: there is no such file.
        DataError: it is no record of a schema this program knows; every fault is named.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError([_fault(path, "", "is larger than a record can be", "check the file")])
        content = path.read_bytes()
        if not content.strip():
            raise DataError([_fault(path, "", "is empty", "use the file a run wrote")])
        text = content.decode("utf-8")
        data = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    except FileNotFoundError:
        raise UsageError(f"no record at {path}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        fault = _fault(path, "", f"is not JSON: {error}", "use the file a run wrote")
        raise DataError([fault]) from None
    return _validate(data, path), hashlib.sha256(content).hexdigest()


def _finite(word: str) -> float:
    """Returns a number; NaN, Infinity and what is beyond all physics are none of a record."""
    if not abs(value := float(word)) <= LARGEST:  # NaN is not, either
        raise ValueError(f"{word[:DIGITS]} is not a number of a record")
    return value


def _whole(word: str) -> int:
    if len(word) > DIGITS:
        raise ValueError(f"{word[:DIGITS]}... is not a number of a record")
    return int(word)


def _validate(data: object, path: Path) -> Record:
    version = data.get("schema_version") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(version, int) or isinstance(version, bool):
        fix = "use the file a run wrote"
        if isinstance(data, dict) and path.name.endswith(BUNDLED):
            fix = f"if it is a bundle, take its record out: import file={path.name} out=FOLDER"
        raise DataError([_fault(path, "", "is not a record of this program", fix)])
    if version != SCHEMA and version not in STEPS:
        problem = f"has schema {version}, this program reads {min(STEPS)} to {SCHEMA}"
        fix = "update onpaper" if version > SCHEMA else "use the file a run wrote"
        raise DataError([_fault(path, "schema_version", problem, fix)])
    try:
        return Record.model_validate_json(json.dumps(upgraded(data, version)))
    except ValidationError as error:
        raise DataError(
            _fault(
                path,
                ".".join(map(str, one["loc"])),
                one["msg"].removeprefix(VALUE),
                "use the file a run wrote",
            )
            for one in error.errors(include_url=False)
        ) from None


def _fault(path: Path, field: str, problem: str, fix: str) -> Fault:
    return Fault(path.name, field, problem, fix)


def find(word: str, folders: list[Path]) -> Path:
    """Returns the record that ``word`` names.

    Args:
        word: a path, the record's id or its file's name, the beginning of either, ``latest``, or
            a folder, of which the newest is meant.
        folders: where records lie; no more than their first lines are read.

    Raises:
        UsageError: nothing answers to ``word``, or more than one; the message names the nearest.
    """
    direct = Path(word)
    if word and _is_folder(direct):
        if not (inside := newest([direct])):
            raise UsageError(f"record={word}: the folder holds no record")
        return inside[0]
    called_a_file = direct.suffix == ".json" or len(direct.parts) > 1
    if called_a_file and direct.is_file():
        return direct
    if called_a_file:
        raise UsageError(f"no record {word!r}: there is no such file")
    known = _known(folders)
    if not known:
        raise UsageError(f"no record {word!r}: nothing was measured yet, run 'python -m bench'")
    if word == "latest":
        return newest(folders)[0]
    return known[word] if word in known else _called(word, known)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a word too long for any name
        return False


def newest(folders: list[Path]) -> list[Path]:
    """Returns the records whose runs have ended, the last begun first; if none has, all others."""
    known = _known(folders).values()
    finished = [path for path in known if FINISHED.search(_head(path))]
    return sorted(finished or known, key=_started, reverse=True)


def begun(folder: Path) -> list[Path]:
    """Returns the records of a folder, the last begun first, whether their runs ended or not."""
    return sorted(_known([folder]).values(), key=_started, reverse=True)


def _known(folders: list[Path]) -> dict[str, Path]:
    """Returns the records of folders by the names of their files."""
    return {path.stem: path for folder in folders for path in sorted(folder.rglob("*.json"))}


def _called(word: str, known: Mapping[str, Path]) -> Path:
    """Returns the record of an id, or of the beginning of an id or of a file's name.

    Raises:
        UsageError: there is none, or more than one.
    """
    named = [*known.items(), *_ids(known)]
    exact = [one for one in named if one[0] == word]
    begun = exact or [one for one in named if one[0].startswith(word)]
    if len({path for _, path in begun}) == 1:
        return begun[0][1]
    if begun:
        told = [name if name == path.stem else f"{name} ({path.stem})" for name, path in begun]
        shown = ", ".join(sorted(told)[:4]) + (", ..." if len(told) > 4 else "")
        raise UsageError(f"record {word!r} fits {len(told)}: {shown}")
    some = ", ".join(["latest", *sorted(known, reverse=True)[:2]])
    listed = f"choose from {len(known)}, such as {some}; 'python -m bench history' lists them"
    raise UsageError(f"no record {word!r}: {nearest(word, [name for name, _ in named]) or listed}")


def _ids(known: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Yields the id of each record that is not its file's name, nor that of another."""
    for path in known.values():
        told = ID.search(_head(path))
        if told and told[1] not in known:
            yield told[1], path


def every(folders: list[Path], chip: str) -> Iterator[Record]:
    """Yields the readable records of a chip; a file that does not name it is not parsed."""
    for path in (path for folder in folders for path in sorted(folder.rglob("*.json"))):
        try:
            record = read(path) if chip in path.read_text(encoding="utf-8") else None
        except (DataError, OSError, UnicodeDecodeError):
            continue
        if record and record.identity.chip == chip:
            yield record


def _started(path: Path) -> tuple[str, float, str]:
    """Returns when the run of a record started: its id tells, or else the folder of its day."""
    inside = ID.search(_head(path))
    told = STARTED.match(path.stem) or (STARTED.match(inside[1]) if inside else None)
    moment = told[0].replace("-", "") if told else path.parent.name.replace("-", "")
    return moment, path.stat().st_mtime, path.stem


def _head(path: Path) -> str:
    """Returns a record's first lines, where its id and its state are; empty if unreadable."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(HEAD)
    except OSError:
        return ""
