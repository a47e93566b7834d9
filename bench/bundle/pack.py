"""Packs a record: leaves out names of machine and owner, and adds the current sheet."""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import __version__, paths
from bench.bundle.model import ENVIRONMENT, MOST_BYTES, Bundle, Hashes, Sheet, digest
from bench.bundle.private import changed_fields, masked
from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.files import yamlfile
from bench.records.model import SIZES, Record

KEPT_SETTINGS = frozenset({
    "seconds", "sustained_seconds", "precision", "margin", "data", "kernel", "dtype", "variant",
    *SIZES, "chip", "ranks", "together", "suite.items", "resumed_utc", "series", "run", "runs",
    "group",
})  # fmt: skip
"""Settings that are kept: how a record was measured and, by random names, with which others.

Any other setting may contain text by its owner.
"""
MIN_NAME = 3
"""Shorter host names are not masked, because they occur in ordinary text."""


@dataclass(frozen=True)
class Packed:
    """A bundle as text, and how it differs from the record.

    Attributes:
        text: the bundle.
        dropped: fields that were left out.
        masked: fields in which text was replaced.
        sheet_differs: whether the sheet has changed since the run.
    """

    text: str
    dropped: tuple[str, ...]
    masked: tuple[str, ...]
    sheet_differs: bool


def pack(record: Record, catalogue: Catalogue) -> Packed:
    """Returns the bundle of a record.

    Raises:
        UsageError: it is of a fake device, still being measured, compared with a hypothetical
            chip, or too large.
    """
    _check_packable(record)
    whole: dict[str, Any] = record.model_dump(mode="json")
    dropped = _drop(whole)
    node, uid = record.machine.node, record.device.uid
    names = tuple(filter(None, (node, _short(node or ""), uid, _host())))
    masked_record: Any = masked(whole, names)
    environment = {key: masked_record.pop(key) for key in ENVIRONMENT}
    sheet = _sheet(record, catalogue)
    plain_sheet = sheet.model_dump(mode="json") if sheet else None
    hashes = Hashes(
        record=digest(masked_record), environment=digest(environment), sheet=digest(plain_sheet)
    )
    bundle = Bundle(
        packed_by=f"onpaper {__version__}",
        sha256=hashes,
        record=masked_record,
        environment=environment,
        sheet=sheet,
    )
    text = json.dumps(bundle.model_dump(mode="json"), indent=1) + "\n"
    if len(text) > MOST_BYTES:
        raise UsageError(f"record {record.id} makes a bundle above {MOST_BYTES // 10**6} MB")
    differs = sheet is not None and _sheet_hash(sheet, catalogue) != record.identity.sheet_sha256
    hidden = tuple(changed_fields(whole, {**masked_record, **environment}))
    return Packed(text, tuple(dropped), hidden, differs)


def _check_packable(record: Record) -> None:
    if record.device.is_fake:
        raise UsageError(
            f"record {record.id} is of a fake device and says nothing about any chip: name another "
            "with record=ID; 'python -m bench history' lists them"
        )
    if record.state == "running":
        raise UsageError(f"record {record.id} has not ended: complete it with 'run resume='")


def _drop(whole: dict[str, Any]) -> list[str]:
    """Removes from a record what only its owner needs; returns the names of the removed fields."""
    identifying = [("machine", "node"), ("device", "uid")]
    dropped = [f"{part}.{key}" for part, key in identifying if whole[part].get(key) is not None]
    for part, key in identifying:
        whole[part][key] = None
    other_settings = sorted(set(whole["settings"]) - KEPT_SETTINGS)
    for key in other_settings:
        del whole["settings"][key]
    return dropped + [f"settings.{key}" for key in other_settings]


def _host() -> str | None:
    """Returns this machine's host name; None if it is too short or generic to be masked."""
    return _short(socket.gethostname())


def _short(host: str) -> str | None:
    name = host.partition(".")[0]
    return name if len(name) >= MIN_NAME and name != "localhost" else None


def _sheet(record: Record, catalogue: Catalogue) -> Sheet | None:
    chip = catalogue.sheet_of(record)
    if chip is None:
        return None
    if chip.based_on:
        raise UsageError(
            f"record {record.id} was compared with {chip.id}, a hypothetical chip of your own: "
            f"nobody else can check it; measure again with chip={chip.based_on}"
        )
    alone = Catalogue({chip.id: chip}, catalogue.sources, _design(chip.family, catalogue))
    cited = sorted(alone.cited() & set(catalogue.sources))
    return Sheet(
        chip=chip.id,
        text=yamlfile.text(_layers(f"chips/{chip.id}.yaml")[-1]),
        sources=_entries("sources.yaml", cited),
        architecture=_entries("architectures.yaml", alone.architectures),
    )


def _design(family: str | None, catalogue: Catalogue) -> dict[str, Any]:
    known = catalogue.architectures
    return {family: known[family]} if family and family in known else {}


def _entries(file: str, keys: Iterable[str]) -> dict[str, Any]:
    """Returns entries of a data file, unchanged."""
    nodes: list[Any] = [yamlfile.read(path) for path in _layers(file)]
    node = {key: entry for entries in nodes for key, entry in entries.items()}
    return {key: node[key] for key in keys}


def _layers(file: str) -> list[Path]:
    """Returns the existing paths of a data file: the shipped one, then the user's own."""
    paths_of_layers = [layer / file for layer in paths.layers(paths.data_dir("specs"))]
    return [path for path in paths_of_layers if path.exists()]


def _sheet_hash(sheet: Sheet, catalogue: Catalogue) -> str:
    return catalogue.chips[sheet.chip].sheet_sha256
