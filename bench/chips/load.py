"""Reads all sheets and sources, and reports every fault of the set at once."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bench import paths, yamlfile
from bench.chips.faults import (
    architecture_faults,
    chip_faults,
    cited_by,
    family_faults,
    member_faults,
    set_faults,
)
from bench.chips.model import Architecture, Chip, Source
from bench.errors import DataError, Fault, UsageError, did_you_mean
from bench.strict import Strict

Model = TypeVar("Model", bound=Strict)
QUANTITY = "write a quantity such as '148 TFLOP/s', or unknown or unsupported"
SIZE = "write a size such as '97871 MiB'"
FIXES = {
    "missing": ("is missing", "add it"),
    "extra_forbidden": ("is no key of it", "remove it"),
    "string_type": ("is not a piece of text", "write a word or a sentence"),
    "int_parsing": ("is not a whole number", "write a whole number"),
    "int_type": ("is not a whole number", "write a whole number"),
    "tuple_type": ("is not a list", "write a list such as [a, b]"),
    "dict_type": ("is not a mapping", "write 'key: value' lines"),
    "model_type": ("is not a mapping", "write 'key: value' lines"),
}
PATTERNS = {
    r"^[a-z0-9][a-z0-9._-]*$": "write small letters, digits, '.', '_' and '-'",
    r"^[0-9a-f]{4}:[0-9a-f]{4}$": "write vendor:device in small hexadecimal, such as 10de:2329",
    r"^\d{4}-\d{2}-\d{2}$": "write a date such as 2026-11-24",
}


@dataclass(frozen=True)
class Catalogue:
    """Every chip sheet with the sources they cite and the designs they share, keyed by id."""

    chips: Mapping[str, Chip]
    sources: Mapping[str, Source]
    architectures: Mapping[str, Architecture] = field(default_factory=dict)

    def cited(self) -> set[str]:
        """Returns the keys of the sources that sheets and designs cite."""
        cycles = (one for design in self.architectures.values() for one in design.cycle.values())
        return cited_by(self.chips.values()) | {one.source for one in cycles}

    def find(self, word: str) -> Chip:
        """Returns the chip with this id, alias or local name.

        Raises:
            UsageError: no sheet answers to ``word``; the message names those that begin with it,
                else the nearest.
        """
        wanted = word.strip().lower()
        names = self.names()
        if wanted not in names:
            forms = [name for name in names if name.startswith((f"{wanted}-", f"{wanted} "))]
            near = did_you_mean(wanted, forms or names)
            raise UsageError(f"no chip {word!r} in specs/chips: {near}")
        return self.chips[names[wanted]]

    def names(self) -> dict[str, str]:
        """Maps every id, alias and local name, in lower case, to its chip id."""
        return {
            name.lower(): chip.id
            for chip in self.chips.values()
            for name in (chip.id, *chip.aliases, chip.local_name or chip.id)
        }


@cache
def catalogue(folder: Path | None = None) -> Catalogue:
    """Loads the catalogue from ``folder`` (default: the shipped ``specs/``).

    Raises:
        DataError: with every fault of every file, when there is any.
    """
    loaded, faults = examine(folder or paths.data_dir("specs"))
    if faults:
        raise DataError(faults)
    return loaded


def examine(folder: Path) -> tuple[Catalogue, list[Fault]]:
    """Loads what can be loaded from ``folder`` and returns it with all faults found."""
    sources, faults = _entries(Source, folder / "sources.yaml", folder)
    architectures, new = _entries(Architecture, folder / "architectures.yaml", folder)
    faults += new + architecture_faults(architectures, sources)
    chips: dict[str, Chip] = {}
    for path in sorted((folder / "chips").glob("*.yaml")):
        chip, new = _chip(path, folder)
        faults += new
        if chip is not None:
            chips[chip.id] = chip
            faults += chip_faults(chip, sources, _relative(path, folder))
            faults += family_faults(chip, architectures)
    faults += set_faults(chips.values())
    faults += member_faults(chips)
    return Catalogue(chips, sources, architectures), faults


def _entries(
    model: type[Model], path: Path, folder: Path
) -> tuple[dict[str, Model], list[Fault]]:
    """Reads a file of many entries, each by its key."""
    data, faults = _read(path, folder)
    entries: dict[str, Model] = {}
    for key, entry in data.items():
        made, new = _validate(model, entry, _relative(path, folder), key)
        faults += new
        if made is not None:
            entries[key] = made
    return entries, faults


def _chip(path: Path, folder: Path) -> tuple[Chip | None, list[Fault]]:
    data, faults = _read(path, folder)
    if faults:
        return None, faults
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if "sheet_sha256" in data or "id" in data:
        fault = Fault(_relative(path, folder), "id", "is given by the file name", "remove it")
        return None, [fault]
    entry = {**data, "id": path.stem, "sheet_sha256": digest}
    return _validate(Chip, entry, _relative(path, folder))


def _read(path: Path, folder: Path) -> tuple[dict[str, yamlfile.Node], list[Fault]]:
    name = _relative(path, folder)
    try:
        data = yamlfile.read(path)
    except FileNotFoundError:
        return {}, [Fault(name, "", "is missing", "add it")]
    except yamlfile.YamlError as error:
        return {}, [Fault(name, "", str(error), "write it as plain YAML")]
    if not isinstance(data, dict):
        return {}, [Fault(name, "", "is not a mapping", "start with 'key: value' lines")]
    return data, []


def _validate(
    model: type[Model], entry: object, file: str, prefix: str = ""
) -> tuple[Model | None, list[Fault]]:
    try:
        return model.model_validate(entry), []
    except ValidationError as error:
        return None, list(_as_faults(error, file, prefix))


def _as_faults(error: ValidationError, file: str, prefix: str) -> Iterable[Fault]:
    for one in error.errors(include_url=False):
        place = ".".join(str(part) for part in (prefix, *one["loc"]) if part != "")
        yield Fault(file, place, *_told(one))


def _told(error: ErrorDetails) -> tuple[str, str]:
    """Returns the problem and the fix of one error, in words for who writes the sheet."""
    kind, limits = error["type"], error.get("ctx", {})
    problem = error["msg"].removeprefix("Value error, ")
    if kind in ("literal_error", "enum"):
        return f"{error['input']!r} is not a word for it", f"write {limits['expected']}"
    if kind == "value_error":
        return problem, QUANTITY if "figures" in error["loc"] else SIZE
    if kind == "string_pattern_mismatch":
        form = limits["pattern"]
        return f"{error['input']!r} is not of its form", PATTERNS.get(form, f"write {form}")
    if kind == "string_too_short":
        return "is too short", f"write at least {limits['min_length']} characters"
    return FIXES.get(kind, (problem, "write it as the other sheets do"))


def _relative(path: Path, folder: Path) -> str:
    return f"specs/{path.relative_to(folder).as_posix()}"
