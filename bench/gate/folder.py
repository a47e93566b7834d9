"""What of a folder is to be judged: its newest record, with those of the same sweep or machine."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.errors import DataError, UsageError
from bench.gate.read import is_pytest
from bench.gate.recorded import ASKED, together
from bench.records.model import Record
from bench.records.store import begun, find, read

GROUP = "group"
"""The setting that records of one run over several devices share."""
CHOSEN = (*ASKED, "data", "seconds", "sustained_seconds", "precision")
"""The settings of which a sweep has several values."""
APART_S = 3600.0
"""Runs of one sweep follow one another; a pause as long as this ends it."""


@dataclass(frozen=True)
class Judged:
    """What is judged: files, the newest first, and how many records their folder has."""

    paths: tuple[Path, ...]
    among: int = 1

    @property
    def told(self) -> str:
        """Returns how many records of a folder are judged, empty where that is all."""
        count = len(self.paths)
        if count == self.among:
            return ""
        why = "the newest" if count == 1 else "those of the newest sweep or run over devices"
        are = "is" if count == 1 else "are"
        return f"{count} of {self.among} records of this folder {are} judged: {why}."


def judged_in(word: str, folders: list[Path]) -> Judged:
    """Returns what a word names; of a folder the newest record with those it was measured with.

    Raises:
        UsageError: there is none.
    """
    place = Path(word)
    if not place.is_dir():
        return Judged((find(word, folders),))
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
    """Returns a record, None for what is none: whoever judges it says why."""
    try:
        return None if is_pytest(path) else read(path)
    except (DataError, UsageError):
        return None


def _goes_with(one: Record, later: Record) -> bool:
    """Tells whether a record may be of the sweep, or is of the run over devices, of a later one."""
    if GROUP in one.settings or GROUP in later.settings:
        return one.settings.get(GROUP) == later.settings.get(GROUP)
    pause_s = (_at(later) - _at(one)).total_seconds() - one.took_s
    return one.suite == later.suite and pause_s < APART_S


def _at(record: Record) -> datetime:
    return datetime.fromisoformat(record.started_utc)


def _kind(one: Record) -> tuple[object, ...]:
    """Returns what no two records of one sweep share: what was asked for, of which device."""
    asked = tuple(str(one.settings.get(name)) for name in CHOSEN)
    return asked, together(one), one.machine.node, one.device.backend, one.device.index
