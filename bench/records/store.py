"""Writes a record atomically, reads it back strictly, and finds it by name."""

import json
import math
import os
import tempfile
from pathlib import Path

from pydantic import ValidationError

from bench.errors import DataError, Fault, UsageError, did_you_mean
from bench.records.model import SCHEMA, Record

MAX_BYTES = 200_000_000


def write(record: Record, path: Path) -> None:
    """Writes ``record`` to ``path`` so that a reader sees the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = record.model_dump_json(indent=1) + "\n"
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException:  # Ctrl-C, too, leaves no draft behind
        draft.unlink(missing_ok=True)
        raise


def read(path: Path) -> Record:
    """Reads one record.

    Raises:
        UsageError: there is no such file.
        DataError: it is no record of a schema this program knows; every fault is named.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError([_fault(path, "", "is larger than a record can be", "check the file")])
        text = path.read_text(encoding="utf-8")
        data = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except FileNotFoundError:
        raise UsageError(f"no record at {path}") from None
    except (ValueError, RecursionError) as error:
        fault = _fault(path, "", f"is no JSON: {error}", "use the file a run wrote")
        raise DataError([fault]) from None
    return _validate(data, path)


def _finite(word: str) -> float:
    """Returns a number; NaN, Infinity and what is too large for a float are none of a record."""
    if not math.isfinite(value := float(word)):
        raise ValueError(f"{word} is no number of a record")
    return value


def _validate(data: object, path: Path) -> Record:
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        problem = f"has schema {version!r}, this program reads {SCHEMA}"
        raise DataError([_fault(path, "schema_version", problem, "update onpaper")])
    try:
        return Record.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise DataError(
            _fault(path, ".".join(map(str, one["loc"])), one["msg"], "use the file a run wrote")
            for one in error.errors(include_url=False)
        ) from None


def _fault(path: Path, field: str, problem: str, fix: str) -> Fault:
    return Fault(path.name, field, problem, fix)


def find(word: str, folders: list[Path]) -> Path:
    """Returns the record that ``word`` names: a path, an id, or ``latest``.

    Raises:
        UsageError: nothing answers to ``word``; the message names the nearest.
    """
    direct = Path(word)
    if direct.suffix == ".json" and direct.is_file():
        return direct
    known = {path.stem: path for folder in folders for path in sorted(folder.rglob("*.json"))}
    if word == "latest" and known:
        return max(known.values(), key=lambda path: path.stat().st_mtime)
    if word in known:
        return known[word]
    if not known:
        raise UsageError(f"no record {word!r}: nothing was measured yet, run 'python -m bench'")
    raise UsageError(f"no record {word!r}: {did_you_mean(word, known)}")
