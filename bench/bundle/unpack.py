"""Reads an untrusted bundle: nothing in it is trusted, run, or used as a path.

Faults of form are refused at once; contradicting numbers are found in ``doubts``.
"""

import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from pydantic import ValidationError

from bench import yamlfile
from bench.bundle.model import ENVIRONMENT, FORMAT, MOST_BYTES, Bundle, Sheet, digest
from bench.chips.load import Catalogue
from bench.chips.model import Architecture, Chip, Source
from bench.datafile import validated
from bench.errors import DataError, UsageError
from bench.records.model import Record
from bench.records.store import VALUE, read

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
DEEPEST = 16
"""Levels of nesting; a record has ten."""
AS_PACKED = "ask for the file as 'bundle' wrote it"


@dataclass(frozen=True)
class Opened:
    """What a bundle holds.

    Attributes:
        record: as its packer gave it, without names.
        catalogue: its one sheet with sources, as they were then; empty where it has none.
        sha256: of the bundle's text.
        sheet_matches: whether the sheet is the very one that the record was set beside.
    """

    record: Record
    catalogue: Catalogue
    sha256: str
    sheet_matches: bool


def recognises(text: str) -> bool:
    """Tells whether a text looks like a bundle."""
    return text.lstrip().startswith("{") and f'"format": "{FORMAT}"' in text[:2_000]


def opened(text: str, name: str) -> Opened:
    """Returns what a bundle holds.

    Args:
        text: the whole file.
        name: how errors name it.

    Raises:
        UsageError: it is too large, no bundle, changed since it was packed, or of a fake device.
    """
    bundle = _bundle(text, name)
    _hold_against_hashes(bundle, name)
    whole = {**bundle.record, **bundle.environment}
    if set(bundle.record) & set(bundle.environment) or set(bundle.environment) != set(ENVIRONMENT):
        raise UsageError(f"{name}: record and environment are not the parts of a record")
    record = _record(whole, name)
    if record.device.backend == "fake":
        raise UsageError(f"{name}: is of a fake device, which says nothing about any chip")
    sheets = _catalogue(bundle.sheet, name)
    chip = sheets.chips.get(record.identity.chip or "")
    matches = chip is not None and chip.sheet_sha256 == record.identity.sheet_sha256
    return Opened(record, sheets, sha256(text.encode()).hexdigest(), matches)


def _bundle(text: str, name: str) -> Bundle:
    if len(text) > MOST_BYTES:
        raise UsageError(f"{name}: is larger than {MOST_BYTES // 10**6} MB, which no bundle is")
    try:
        data = strict_json(text)
        return Bundle.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        problem = first["msg"].removeprefix(VALUE)
        raise UsageError(f"{name}: {place or 'it'}: {problem}; {AS_PACKED}") from None
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise UsageError(f"{name}: is not a bundle: {why}; {AS_PACKED}") from None


def strict_json(text: str) -> Json:
    """Returns the JSON that a text is.

    Raises:
        ValueError: it is none, a key stands twice, a number is none, or it is nested too deeply.
        RecursionError: it is nested far too deeply.
    """
    data: Json = json.loads(
        text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite
    )
    if _depth(data) > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object has a key twice")
    return made


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(word: str) -> float:
    if not math.isfinite(value := float(word)):
        raise ValueError(f"{word[:40]} is no number")
    return value


def _depth(data: Json) -> int:
    level, depth = [data], 0
    while level:
        level = [inner for one in level for inner in _inside(one)]
        depth += 1
    return depth


def _inside(one: Json) -> Iterator[Json]:
    if isinstance(one, dict):
        yield from one.values()
    elif isinstance(one, list):
        yield from one


def _hold_against_hashes(bundle: Bundle, name: str) -> None:
    plain = bundle.sheet.model_dump(mode="json") if bundle.sheet else None
    parts = {"record": bundle.record, "environment": bundle.environment, "sheet": plain}
    for part, value in parts.items():
        told = getattr(bundle.sha256, part)
        if digest(value) != told:
            raise UsageError(f"{name}: its {part} is not what was packed: SHA-256 is not {told}")


def _record(data: dict[str, Any], name: str) -> Record:
    """Returns the record, read by the reader that all records are read by."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        try:
            return read(path)
        except DataError as error:
            first = error.faults[0]
            place = f"{first.field[:80]}: " if first.field else ""
            raise UsageError(f"{name}: {place}{first.problem[:300]}; {AS_PACKED}") from None


def _catalogue(sheet: Sheet | None, name: str) -> Catalogue:
    """Returns the catalogue of the one sheet, which no file of this installation enters."""
    if sheet is None:
        return Catalogue({}, {})
    digest_ = sha256(sheet.text.encode()).hexdigest()
    try:
        node: Any = yamlfile.parse(sheet.text)
    except yamlfile.YamlError as error:
        raise UsageError(f"{name}: its sheet cannot be read: {error}; {AS_PACKED}") from None
    if not isinstance(node, dict) or {"id", "sheet_sha256"} & set(node):
        raise UsageError(f"{name}: its sheet is none; {AS_PACKED}")
    chip = _of(Chip, {**node, "id": sheet.chip, "sheet_sha256": digest_}, name)
    sources = {key: _of(Source, one, name) for key, one in sheet.sources.items()}
    designs = {key: _of(Architecture, one, name) for key, one in sheet.architecture.items()}
    made = Catalogue({chip.id: chip}, sources, designs)
    if missing := made.cited() - set(sources):
        raise UsageError(f"{name}: its sheet cites {min(missing)[:60]!r}, which is not in it")
    return made


def _of(model: Any, node: object, name: str) -> Any:  # noqa: ANN401 -- a sheet, source or design
    made, faults = validated(model, node, name)
    if made is None:
        raise UsageError(f"{name}: its sheet: {faults[0].field[:80]}: {faults[0].problem[:200]}")
    return made
