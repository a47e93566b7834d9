"""Selects the records of a folder to judge: the newest, with its sweep or multi-device run."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.errors import DataError, UsageError
from bench.gate.read import is_pytest
from bench.gate.recorded import ASKED, together
from bench.records.latest import find_own
from bench.records.model import Record
from bench.records.store import begun, read

GROUP = "group"
"""The setting shared by the records of one run over several devices."""
CHOSEN = (*ASKED, "data", "seconds", "sustained_seconds", "precision")
"""The settings that a sweep varies."""
APART_S = 3600.0
"""A pause this long between runs ends a sweep."""


@dataclass(frozen=True)
class Judged:
    """The files to judge, the newest first, and the number of records in their folder."""

    paths: tuple[Path, ...]
    among: int = 1

    @property
    def note(self) -> str:
        """Returns a note on how many records of a folder are judged; empty if all are."""
        count = len(self.paths)
        if count == self.among:
            return ""
        why = "the newest" if count == 1 else "those of the newest sweep or run over devices"
        are = "is" if count == 1 else "are"
        return f"{count} of {self.among} records of this folder {are} judged: {why}."


def judged_in(word: str, folders: list[Path]) -> Judged:
    """Returns the record that a word names; for a folder, the newest with its companions.

    Raises:
        UsageError: there is no record.
    """
    place = Path(word)
    if not place.is_dir():
        return Judged((find_own(word, folders),))
    found = begun(place)
    if not found:
        raise UsageError(f"record={word}: the folder holds no record")
    return Judged(tuple(_together(found)), len(found))


def _together(found: list[Path]) -> list[Path]:
    """Returns the newest record and those before it of the same sweep, or run over devices."""
    first, kept, kinds = _record(found[0]), found[:1], set[object]()
    if first is None:
        return kept
    later, kinds = first, {_kind(first)}
    for path in found[1:]:
        one = _record(path)
        if one is None or not _goes_with(one, later) or _kind(one) in kinds:
            break
        kept.append(path)
        later = one
        kinds.add(_kind(one))
    return kept


def _record(path: Path) -> Record | None:
    """Returns a record, None if the file is not one; judging it later reports why."""
    try:
        return None if is_pytest(path) else read(path)
    except (DataError, UsageError):
        return None


def _goes_with(one: Record, later: Record) -> bool:
    """Returns whether a record may belong to the sweep or multi-device run of a later one."""
    if GROUP in one.settings or GROUP in later.settings:
        return one.settings.get(GROUP) == later.settings.get(GROUP)
    pause_s = (_at(later) - _at(one)).total_seconds() - one.took_s
    return one.suite == later.suite and pause_s < APART_S


def _at(record: Record) -> datetime:
    return datetime.fromisoformat(record.started_utc)


def _kind(one: Record) -> tuple[object, ...]:
    """Returns what differs between any two records of a sweep: the items and the device."""
    asked = tuple(str(one.settings.get(name)) for name in CHOSEN)
    return asked, together(one), one.machine.node, one.device.backend, one.device.index
