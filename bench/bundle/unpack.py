"""Reads an untrusted bundle: nothing in it is trusted, executed, or used as a path.

Invalid structure is refused here; contradicting numbers are found in ``doubts``.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from bench.bundle.model import ENVIRONMENT, FORMAT, MOST_BYTES, Bundle, Sheet, digest
from bench.chips.load import Catalogue
from bench.chips.model import Architecture, Chip, Source
from bench.errors import DataError, UsageError
from bench.files import yamlfile
from bench.files.datafile import validated
from bench.files.jsonfile import strict
from bench.records.model import Record
from bench.records.store import VALUE, parsed

MAX_DEPTH = 16
"""Largest depth of nesting; a record has ten levels."""
AS_PACKED = "ask for the file as 'bundle' wrote it"


@dataclass(frozen=True)
class OpenedBundle:
    """The content of a bundle.

    Attributes:
        record: the record, without names.
        catalogue: its sheet with sources, as they were when it was packed; empty without a sheet.
        sha256: SHA-256 of the bundle's text.
        sheet_matches: whether the sheet is the one with which the record was compared.
    """

    record: Record
    catalogue: Catalogue
    sha256: str
    sheet_matches: bool


def recognises(text: str) -> bool:
    """Tells whether a text looks like a bundle."""
    return text.lstrip().startswith("{") and f'"format": "{FORMAT}"' in text[:2_000]


def open_bundle(text: str, name: str) -> OpenedBundle:
    """Returns the content of a bundle.

    Args:
        text: the whole file.
        name: name of the file in errors.

    Raises:
        UsageError: it is too large, no bundle, changed since it was packed, or of a fake device.
    """
    bundle = _bundle(text, name)
    _check_hashes(bundle, name)
    whole = {**bundle.record, **bundle.environment}
    if set(bundle.record) & set(bundle.environment) or set(bundle.environment) != set(ENVIRONMENT):
        raise UsageError(f"{name}: record and environment are not the parts of a record")
    record = _record(whole, name)
    if record.device.is_fake:
        raise UsageError(f"{name}: is of a fake device, which says nothing about any chip")
    sheets = _catalogue(bundle.sheet, name)
    chip = sheets.sheet_of(record)
    matches = chip is not None and chip.sheet_sha256 == record.identity.sheet_sha256
    return OpenedBundle(record, sheets, sha256(text.encode()).hexdigest(), matches)


def _bundle(text: str, name: str) -> Bundle:
    if len(text) > MOST_BYTES:
        raise UsageError(f"{name}: is larger than {MOST_BYTES // 10**6} MB, which no bundle is")
    try:
        return Bundle.model_validate(strict(text, depth=MAX_DEPTH))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        problem = first["msg"].removeprefix(VALUE)
        raise UsageError(f"{name}: {place or 'it'}: {problem}; {AS_PACKED}") from None
    except ValueError as error:
        raise UsageError(f"{name}: is not a bundle: {str(error)[:200]}; {AS_PACKED}") from None


def _check_hashes(bundle: Bundle, name: str) -> None:
    sheet = bundle.sheet.model_dump(mode="json") if bundle.sheet else None
    parts = {"record": bundle.record, "environment": bundle.environment, "sheet": sheet}
    for part, value in parts.items():
        expected = getattr(bundle.sha256, part)
        if digest(value) != expected:
            raise UsageError(
                f"{name}: its {part} is not what was packed: SHA-256 is not {expected}"
            )


def _record(data: dict[str, Any], name: str) -> Record:
    """Returns the record, read with all checks of stored records."""
    try:
        return parsed(json.dumps(data).encode(), name)
    except DataError as error:
        first = error.faults[0]
        place = f"{first.field[:80]}: " if first.field else ""
        raise UsageError(f"{name}: {place}{first.problem[:300]}; {AS_PACKED}") from None


def _catalogue(sheet: Sheet | None, name: str) -> Catalogue:
    """Returns a catalogue of the bundle's sheet alone, without any file of this installation."""
    if sheet is None:
        return Catalogue({}, {})
    digest_ = sha256(sheet.text.encode()).hexdigest()
    try:
        node: Any = yamlfile.parse(sheet.text)
    except yamlfile.YamlError as error:
        raise UsageError(f"{name}: its sheet cannot be read: {error}; {AS_PACKED}") from None
    if not isinstance(node, dict) or {"id", "sheet_sha256"} & set(node):
        raise UsageError(f"{name}: its sheet is none; {AS_PACKED}")
    chip = _validated(Chip, {**node, "id": sheet.chip, "sheet_sha256": digest_}, name)
    sources = {key: _validated(Source, entry, name) for key, entry in sheet.sources.items()}
    designs = {
        key: _validated(Architecture, entry, name) for key, entry in sheet.architecture.items()
    }
    catalogue = Catalogue({chip.id: chip}, sources, designs)
    if missing := catalogue.cited() - set(sources):
        raise UsageError(f"{name}: its sheet cites {min(missing)[:60]!r}, which is not in it")
    return catalogue


def _validated(model: Any, node: object, name: str) -> Any:  # noqa: ANN401 -- a sheet, source or design
    valid, faults = validated(model, node, name)
    if valid is None:
        raise UsageError(f"{name}: its sheet: {faults[0].field[:80]}: {faults[0].problem[:200]}")
    return valid
