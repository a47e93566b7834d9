"""The shape of a bundle."""

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from bench.strict import Strict

FORMAT: Final = "onpaper bundle"
MOST_BYTES = 20_000_000
ENVIRONMENT = ("program", "machine", "device")
"""The parts of a record that tell where it was measured; the rest is what was measured."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Sheet(Strict):
    """The published figures that a record was set beside, as they were when it was packed.

    ``text`` is the sheet's YAML as it is; its SHA-256 is what ``identity.sheet_sha256`` of a
    record tells. ``sources`` are those that it cites, ``architecture`` the design it is of.
    """

    chip: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)]
    text: Annotated[str, Field(max_length=500_000)]
    sources: dict[str, dict[str, Any]]
    architecture: dict[str, dict[str, Any]] = Field(default_factory=dict)


class Hashes(Strict):
    """The SHA-256 of each part, as ``digest`` makes it."""

    record: Digest
    environment: Digest
    sheet: Digest


class Bundle(Strict):
    """A record in its parts, with their hashes.

    ``record`` and ``environment`` have no key in common and make one record.
    """

    format: Literal["onpaper bundle"] = FORMAT
    bundle_version: Literal[1] = 1
    packed_by: Annotated[str, Field(max_length=100)]
    sha256: Hashes
    record: dict[str, Any]
    environment: dict[str, Any]
    sheet: Sheet | None


def digest(part: object) -> str:
    """Returns the SHA-256 of a part: as JSON in ASCII, keys sorted, no blanks."""
    text = json.dumps(part, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
