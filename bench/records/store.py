"""Writes a record atomically, reads it back strictly, and finds it by name."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from bench.errors import DataError, Fault, UsageError, nearest
from bench.files.atomic import remove_drafts, replace
from bench.files.exists import is_file, is_folder
from bench.files.jsonfile import strict
from bench.records.model import SCHEMA, Record
from bench.records.upgrade import UPGRADES, upgraded

MAX_BYTES = 200_000_000
HEAD = 2_000
DAYS, RUNS = "20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]", "20[0-9]*-[0-9]*-*.json"
"""Patterns of the folders and files that runs write."""
VALUE = "Value error, "
"""The prefix that pydantic puts before our own messages."""
LARGEST = 1e60
"""The largest number allowed in a record, so that squares and products stay finite."""
BUNDLED = ".onpaper.json"
"""The file name suffix of a bundle, :mod:`bench.bundle`."""
ID = re.compile(r'"id":\s*"([0-9A-Za-z._-]+)"')
STARTED = re.compile(r"\d{8}-\d{6}")
FINISHED = re.compile(r'"state":\s*"(?:complete|interrupted)"')


def write(record: Record, path: Path) -> None:
    """Writes ``record`` to ``path`` atomically: a reader sees the old file or the new one."""
    replace(path, record.model_dump_json(indent=1) + "\n", synced=True)


def remove_drafts_of_runs(folder: Path) -> None:
    """Removes the drafts that killed runs left in a folder of records, which has one per day."""
    for day in folder.glob(DAYS):
        remove_drafts(day, RUNS)


def read(path: Path) -> Record:
    """Reads one record.

    Raises:
        UsageError: there is no such file.
        DataError: it is not a valid record of a known schema; every fault is listed.
    """
    return read_hashed(path)[0]


def read_hashed(path: Path) -> tuple[Record, str]:
    """Reads one record and returns it with the SHA-256 of the bytes it was parsed from.

    Raises:
        UsageError: there is no such file.
        DataError: it is not a valid record of a known schema; every fault is listed.
    """
    content = _content(path)
    return parsed(content, path.name), hashlib.sha256(content).hexdigest()


def parsed(content: bytes, name: str) -> Record:
    """Returns the record in the bytes of a file, which ``name`` names in errors.

    Raises:
        DataError: it is not a valid record of a known schema; every fault is listed.
    """
    if not content.strip():
        raise DataError([_fault(name, "", "is empty", "use the file a run wrote")])
    try:
        data = strict(content.decode("utf-8"), largest=LARGEST)
    except ValueError as error:
        fault = _fault(name, "", f"is not JSON: {error}", "use the file a run wrote")
        raise DataError([fault]) from None
    return _validate(data, name)


def _content(path: Path) -> bytes:
    """Returns the bytes of a file.

    Raises:
        UsageError: there is no such file, or it cannot be read.
        DataError: it is too large to be a record.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(
                [_fault(path.name, "", "is larger than a record can be", "check the file")]
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"no record at {path}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _validate(data: object, name: str) -> Record:
    version = data.get("schema_version") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(version, int) or isinstance(version, bool):
        fix = "use the file a run wrote"
        if isinstance(data, dict) and name.endswith(BUNDLED):
            fix = f"if it is a bundle, take its record out: import file={name} out=FOLDER"
        raise DataError([_fault(name, "", "is not a record of this program", fix)])
    if version != SCHEMA and version not in UPGRADES:
        problem = f"has schema {version}, this program reads {min(UPGRADES)} to {SCHEMA}"
        fix = "update onpaper" if version > SCHEMA else "use the file a run wrote"
        raise DataError([_fault(name, "schema_version", problem, fix)])
    try:
        return Record.model_validate_json(json.dumps(upgraded(data, version)))
    except ValidationError as error:
        raise DataError(
            _fault(
                name,
                ".".join(map(str, one["loc"])),
                one["msg"].removeprefix(VALUE),
                "use the file a run wrote",
            )
            for one in error.errors(include_url=False)
        ) from None


def _fault(name: str, field: str, problem: str, fix: str) -> Fault:
    return Fault(name, field, problem, fix)


def find(word: str, folders: list[Path]) -> Path:
    """Returns the path of the record that ``word`` names.

    Args:
        word: a path, a record's id or file name or a prefix of either, ``latest``, or a folder,
            which stands for its newest record.
        folders: folders to search; only the first lines of each file are read.

    Raises:
        UsageError: no record matches, or several do; the message names the nearest.
    """
    direct = Path(word)
    if word and is_folder(direct):
        if not (inside := newest([direct])):
            raise UsageError(f"record={word}: the folder holds no record")
        return inside[0]
    called_a_file = direct.suffix == ".json" or len(direct.parts) > 1
    if called_a_file and is_file(direct):
        return direct
    if called_a_file:
        raise UsageError(f"no record {word!r}: there is no such file")
    known = _known(folders)
    if is_file(direct) and not any(name.startswith(word) for name in [*known, *dict(_ids(known))]):
        return direct  # reading it tells what is wrong with it
    if not known:
        raise UsageError(f"no record {word!r}: nothing was measured yet, run 'python -m bench'")
    if word == "latest":
        return newest(folders)[0]
    return known[word] if word in known else _called(word, known)


def newest(folders: list[Path]) -> list[Path]:
    """Returns finished records, most recently started first; if there are none, all records."""
    heads = {path: _head(path) for path in _known(folders).values()}
    finished = [path for path, head in heads.items() if FINISHED.search(head)]
    return sorted(finished or heads, key=lambda path: _started(path, heads[path]), reverse=True)


def begun(folder: Path) -> list[Path]:
    """Returns all records of a folder, finished or not, most recently started first."""
    known = _known([folder]).values()
    return sorted(known, key=lambda path: _started(path, _head(path)), reverse=True)


def _known(folders: list[Path]) -> dict[str, Path]:
    """Returns the paths of all records in folders, by file name without suffix."""
    return {path.stem: path for folder in folders for path in sorted(folder.rglob("*.json"))}


def _called(word: str, known: Mapping[str, Path]) -> Path:
    """Returns the record with an id, or with a prefix of an id or of a file name.

    Raises:
        UsageError: there is none, or more than one.
    """
    named = [*known.items(), *_ids(known)]
    exact = [pair for pair in named if pair[0] == word]
    matches = exact or [pair for pair in named if pair[0].startswith(word)]
    if len({path for _, path in matches}) == 1:
        return matches[0][1]
    if matches:
        names = [name if name == path.stem else f"{name} ({path.stem})" for name, path in matches]
        shown = ", ".join(sorted(names)[:4]) + (", ..." if len(names) > 4 else "")
        raise UsageError(f"record {word!r} fits {len(names)}: {shown}")
    examples = ", ".join(["latest", *sorted(known, reverse=True)[:2]])
    listed = f"choose from {len(known)}, such as {examples}; 'python -m bench history' lists them"
    raise UsageError(f"no record {word!r}: {nearest(word, [name for name, _ in named]) or listed}")


def _ids(known: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Yields id and path of each record whose id is not the name of any file."""
    for path in known.values():
        match = ID.search(_head(path))
        if match and match[1] not in known:
            yield match[1], path


def every(folders: list[Path], chip: str) -> Iterator[Record]:
    """Yields the readable records of a chip; files that do not mention it are not parsed."""
    for path in (path for folder in folders for path in sorted(folder.rglob("*.json"))):
        try:
            content = _content(path)
            record = parsed(content, path.name) if chip.encode() in content else None
        except (DataError, UsageError):
            continue
        if record and record.identity.chip == chip:
            yield record


def _started(path: Path, head: str) -> tuple[str, float, str]:
    """Returns a sort key: start time by the name or id, or else by the day's folder; then mtime."""
    inside = ID.search(head)
    started = STARTED.match(path.stem) or (STARTED.match(inside[1]) if inside else None)
    moment = started[0].replace("-", "") if started else path.parent.name.replace("-", "")
    return moment, path.stat().st_mtime, path.stem


def _head(path: Path) -> str:
    """Returns the beginning of a record, which holds its id and state; empty if unreadable."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(HEAD)
    except OSError:
        return ""
