"""Loads all sheets and sources, and reports every fault at once."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from bench import paths
from bench.chips.based import KEY, base_flaw, inherited
from bench.chips.faults import (
    architecture_faults,
    chip_faults,
    family_faults,
    member_faults,
    set_faults,
)
from bench.chips.groups import APART, GROUPS, ROMANISED
from bench.chips.model import Architecture, Chip, Source
from bench.chips.names import alike, beginning, loose, plain
from bench.chips.variants import informed
from bench.errors import DataError, Fault, UsageError, nearest
from bench.files import yamlfile
from bench.files.caches import once
from bench.files.datafile import as_mapping, at_home, entries, files, relative, validated
from bench.files.parsecache import Parsed
from bench.words import some_of

if TYPE_CHECKING:
    from bench.records.model import Record

LISTED = "'python -m bench chips' lists them, find= searches"
SHOWN = 5
"""Most chips of a vendor that a message names."""


@dataclass(frozen=True)
class Catalogue:
    """All chip sheets, the sources that they cite and the architectures that they share, by id.

    Attributes:
        listed: keys of all sources, those with a fault included.
    """

    chips: Mapping[str, Chip]
    sources: Mapping[str, Source]
    architectures: Mapping[str, Architecture] = field(default_factory=dict)
    listed: Container[str] = ()

    def cited(self) -> set[str]:
        """Returns the keys of the sources that sheets and designs cite."""
        designs = self.architectures.values()
        figures = [one for design in designs for one in (*design.cycle.values(), design.l1_cache)]
        sheets = {key for chip in self.chips.values() for key in chip.cited()}
        return sheets | {one.source for one in figures if one}

    def sheet_of(self, record: "Record") -> Chip | None:
        """Returns the sheet that a record's device was matched with, None if there is none."""
        return self.chips.get(record.identity.chip or "")

    def find(self, word: str) -> Chip:
        """Returns the chip with this id (its vendor may be left out), alias, local name or name.

        Raises:
            UsageError: no chip has this name; the message names those that begin with it, else
                the nearest.
        """
        wanted, names, found = plain(word), self.names, self.named(word)
        if found is None:
            forms = beginning(names, wanted)
            near = self._made_by(wanted) or nearest(wanted, forms or alike(wanted, names)) or LISTED
            several = "," in word or wanted in {**GROUPS, **APART}
            remedy = "one chip is asked for here, not several" if several else near
            raise UsageError(f"no chip {word!r} in specs/chips: {remedy}")
        return found

    def _made_by(self, word: str) -> str:
        """Returns the chips of the vendor with this romanised name, as a suggestion; else ''."""
        vendor = ROMANISED.get(word)
        found = [_bare(chip) for chip in self.chips.values() if chip.vendor == vendor]
        return f"{word} is {vendor}: {some_of(found, SHOWN)}" if found else ""

    def named(self, word: str) -> Chip | None:
        """Returns the chip with this name, None if there is none.

        Blanks, hyphens and underscores are ignored if that leaves a single chip.
        """
        meant = self.names.get(plain(word)) or self._loosely.get(loose(word))
        return self.chips[meant] if meant else None

    @cached_property
    def _loosely(self) -> Mapping[str, str]:
        """Maps names without blanks, hyphens and underscores to ids; empty if several share one."""
        known: dict[str, str] = {}
        for name, chip in self.names.items():
            if known.setdefault(loose(name), chip) != chip:
                known[loose(name)] = ""
        return MappingProxyType(known)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Maps every name of a chip, in lower case, to its id; an alias takes precedence.

        An id without its vendor is included if it is unambiguous.
        """
        bare = [(plain(_bare(chip)), chip.id) for chip in self.chips.values()]
        owners: dict[str, set[str]] = {}
        for name, chip in (*self._given.items(), *bare):
            owners.setdefault(loose(name), set()).add(chip)
        vendors = {chip.vendor for chip in self.chips.values()}
        short_names = {
            name: chip for name, chip in bare
            if len(owners[loose(name)]) == 1 and name not in {*GROUPS, *APART, *vendors}
        }  # fmt: skip
        return MappingProxyType({**short_names, **self._given})

    @cached_property
    def _given(self) -> Mapping[str, str]:
        """Maps the names that sheets give to ids."""
        titles = {plain(chip.name): chip.id for chip in self.chips.values()}
        given = {
            plain(name): chip.id
            for chip in self.chips.values()
            for name in (chip.id, *chip.aliases, chip.local_name or chip.id)
        }
        return {**titles, **given}


def _bare(chip: Chip) -> str:
    """Returns a chip's id without its vendor."""
    return chip.id.removeprefix(f"{chip.vendor}-")


@once
def catalogue() -> Catalogue:
    """Loads the catalogue of ``specs/``.

    Raises:
        DataError: with every fault of every file, when there is any.
    """
    loaded, faults = examine(paths.data_dir("specs"))
    if faults:
        raise DataError(map(at_home, faults))
    return loaded


def examine(folder: Path, *, fresh: bool = False) -> tuple[Catalogue, list[Fault]]:
    """Loads what can be loaded from ``folder`` and returns it with all faults found.

    Args:
        folder: the data folder.
        fresh: whether every file is parsed anew, without the store of parsed files.
    """
    sources, faults, listed = entries(Source, folder / "sources.yaml", folder)
    file = folder / "architectures.yaml"
    architectures, new, designs = entries(Architecture, file, folder, optional=True)
    faults += new + architecture_faults(architectures, listed)
    chips: dict[str, Chip] = {}
    parsed = Parsed(folder, fresh=fresh)
    sheets = files(folder, "chips")
    for path in sheets:
        chip, new = _chip(path, folder, parsed)
        faults += new
        if chip is not None:
            chips[chip.id] = chip
            faults += chip_faults(chip, listed, relative(path, folder))
            faults += [] if chip.family in designs else family_faults(chip, architectures)
    parsed.keep()
    faults += set_faults(chips.values())
    faults += member_faults(chips, [path.stem for path in sheets])
    known = MappingProxyType(informed(chips))
    tables = known, MappingProxyType(sources), MappingProxyType(architectures)
    return Catalogue(*tables, listed), faults


def _chip(path: Path, folder: Path, parsed: Parsed) -> tuple[Chip | None, list[Fault]]:
    name, (data, digest, faults) = relative(path, folder), _sheet(path, folder, parsed)
    if not faults and ("sheet_sha256" in data or "id" in data):
        faults = [Fault(name, "id", "is given by the file name", "remove it")]
    if not faults and KEY in data:
        data, digest, faults = _based(path, folder, parsed)
    if faults:
        return None, faults
    return validated(Chip, {**data, "id": path.stem, "sheet_sha256": digest}, name)


def _sheet(
    path: Path, folder: Path, parsed: Parsed
) -> tuple[dict[str, yamlfile.Node], str, list[Fault]]:
    """Returns a sheet as written, its SHA-256, and its faults."""
    digest = ""

    def read() -> yamlfile.Node:
        nonlocal digest
        node, digest = parsed.read(path)
        return node

    data, faults = as_mapping(read, relative(path, folder))
    return data, digest, faults


def _based(
    path: Path, folder: Path, parsed: Parsed
) -> tuple[dict[str, yamlfile.Node], str, list[Fault]]:
    """Returns a sheet completed by that which it is based on, a SHA-256 of both, and its faults."""
    data, digest, _ = _sheet(path, folder, parsed)
    known = {one.stem: one for one in files(folder, "chips")}
    own = any(path.is_relative_to(one) for one in paths.layers(folder)[1:])
    if flaw := base_flaw(data[KEY], path.stem, [*known], own=own):
        return {}, "", [Fault(relative(path, folder), *flaw)]
    base, other, faults = _sheet(known[str(data[KEY])], folder, parsed)
    if KEY in base:
        flaw = (KEY, f"{data[KEY]!r} is based on {base[KEY]!r} itself", f"write {base[KEY]}")
        return {}, "", [Fault(relative(path, folder), *flaw)]
    both = sha256(f"{digest} {other}".encode()).hexdigest()
    return inherited(data, base, path.stem), both, faults
