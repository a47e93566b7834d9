"""Imports an untrusted bundle: verified, marked as imported, and compared anew."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.bundle.doubts import contradictions, implausible
from bench.bundle.unpack import Opened, opened
from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.records.model import IMPORTED_BY, IMPORTED_FROM, Record
from bench.records.store import write
from bench.units import Quantity
from bench.verdict import rows

FOLDER = "imported"
LONGEST_ID = 100


def verified(text: str, name: str) -> Opened:
    """Returns what a bundle holds, once nothing in it contradicts anything else in it.

    Raises:
        UsageError: it is no bundle, was changed, or contradicts itself.
    """
    found = opened(text, name)
    wrong = [f"{field} {problem}" for field, problem in contradictions(found.record)]
    if len(found.record.id) > LONGEST_ID:
        wrong.append("id is too long")
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise UsageError(f"{name}: contradicts itself: {wrong[0]}{more}; it is refused")
    return found


def doubts(found: Opened) -> Iterator[str]:
    """Yields doubts about a record without contradictions."""
    record = found.record
    for title, reason in implausible(record, found.catalogue):
        yield f"{title}: implausible: {reason}"
    if found.catalogue.chips and not found.sheet_matches:
        yield "the sheet packed in it is not the one that the run was compared with"
    if record.program.dirty:
        yield "it was measured by a modified onpaper"
    if record.state != "complete":
        yield "it was interrupted"


def summary_lines(found: Opened, today: Catalogue) -> Iterator[str]:
    """Yields what a bundle holds, and what has been published since, a line each."""
    record = found.record
    chip = record.identity.chip or "no sheet"
    yield (
        f"{record.device.name} ({chip}), suite {record.suite}, {record.started_utc[:10]}, "
        f"{len(record.measurements)} measurements by onpaper {record.program.version}"
    )
    yield f"by the sheet packed in it: {_verdicts(record, found.catalogue)}"
    yield f"by today's sheet: {_verdicts(record, today)}"
    yield from _since(found, today)


def _verdicts(record: Record, catalogue: Catalogue) -> str:
    counts = Counter(row.verdict.value for row in rows(record, catalogue))
    return ", ".join(f"{number} {word}" for word, number in counts.most_common()) or "nothing"


def _since(found: Opened, today: Catalogue) -> Iterator[str]:
    for chip in found.catalogue.chips.values():
        now = today.chips.get(chip.id)
        if now is None:
            yield f"there is no sheet {chip.id} here"
            continue
        for key, figure in chip.figures.items():
            new = now.figures.get(key)
            before, after = _text(figure.value), _text(new.value) if new else "gone"
            if before != after:
                yield f"changed since in the sheet: {key} was {before}, is {after}"


def _text(value: object) -> str:
    return value.text if isinstance(value, Quantity) else str(value)


def keep(found: Opened, folder: Path, by: str) -> Path:
    """Writes the record into a folder for imported records; returns its path.

    Args:
        found: what was verified.
        folder: where records lie.
        by: who measured, as whoever imports it knows.

    Raises:
        UsageError: it is there already, or cannot be written.
    """
    record = found.record
    day = dt.datetime.fromisoformat(record.started_utc).date().isoformat()
    path = folder / FOLDER / day / f"{record.id}.json"
    if path.exists():
        raise UsageError(f"{path} exists already: nothing is overwritten")
    marks = {IMPORTED_BY: by or "not told", IMPORTED_FROM: found.sha256}
    try:
        write(record.model_copy(update={"settings": {**record.settings, **marks}}), path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
    return path
