"""The shape of a bundle."""

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from bench.files.strict import Strict

FORMAT: Final = "onpaper bundle"
MOST_BYTES = 20_000_000
ENVIRONMENT = ("program", "machine", "device")
"""Parts of a record that describe where it was measured; the rest is what was measured."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Sheet(Strict):
    """The sheet with which a record was compared, as it was when the record was packed.

    Attributes:
        chip: id of the sheet.
        text: the sheet's YAML, unchanged; its SHA-256 is a record's ``identity.sheet_sha256``.
        sources: entries of the sources that it cites, by key.
        architecture: entries of the designs that it refers to, by key.
    """

    chip: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)]
    text: Annotated[str, Field(max_length=500_000)]
    sources: dict[str, dict[str, Any]]
    architecture: dict[str, dict[str, Any]] = Field(default_factory=dict)


class Hashes(Strict):
    """The SHA-256 of each part, as computed by ``digest``."""

    record: Digest
    environment: Digest
    sheet: Digest


class Bundle(Strict):
    """A record in parts, with their hashes.

    ``record`` and ``environment`` have no key in common and together are the whole record.
    """

    format: Literal["onpaper bundle"] = FORMAT
    bundle_version: Literal[1] = 1
    packed_by: Annotated[str, Field(max_length=100)]
    sha256: Hashes
    record: dict[str, Any]
    environment: dict[str, Any]
    sheet: Sheet | None


def digest(part: object) -> str:
    """Returns the SHA-256 of a part, serialised as ASCII JSON with sorted keys and no blanks."""
    text = json.dumps(part, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
