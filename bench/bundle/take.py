"""Imports an untrusted bundle: verifies it, marks its record as imported, and judges it again."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.bundle.doubts import contradictions, implausible
from bench.bundle.unpack import OpenedBundle, open_bundle
from bench.chips.load import Catalogue
from bench.errors import UsageError, first_of
from bench.files.atomic import writing
from bench.judging.verdict import rows
from bench.records.model import IMPORTED_BY, IMPORTED_FROM, Record
from bench.records.store import write
from bench.units import Quantity

FOLDER = "imported"
MAX_ID = 100


def verified(text: str, name: str) -> OpenedBundle:
    """Returns the content of a bundle without contradictions.

    Raises:
        UsageError: it is no bundle, was changed, or contradicts itself.
    """
    bundle = open_bundle(text, name)
    problems = [f"{field} {problem}" for field, problem in contradictions(bundle.record)]
    if len(bundle.record.id) > MAX_ID:
        problems.append("id is too long")
    if problems:
        raise UsageError(f"{name}: contradicts itself: {first_of(problems)}; it is refused")
    return bundle


def doubts(bundle: OpenedBundle) -> Iterator[str]:
    """Yields doubts about a record without contradictions."""
    record = bundle.record
    for title, reason in implausible(record, bundle.catalogue):
        yield f"{title}: implausible: {reason}"
    if bundle.catalogue.chips and not bundle.sheet_matches:
        yield "the sheet packed in it is not the one that the run was compared with"
    if record.program.dirty:
        yield "it was measured by a modified onpaper"
    if record.state != "complete":
        yield "it was interrupted"


def summary_lines(bundle: OpenedBundle, today: Catalogue) -> Iterator[str]:
    """Yields lines on the content of a bundle, and on changes in its sheet since it was packed."""
    record = bundle.record
    chip = record.identity.chip or "no sheet"
    yield (
        f"{record.device.name} ({chip}), suite {record.suite}, {record.started_utc[:10]}, "
        f"{len(record.measurements)} measurements by onpaper {record.program.version}"
    )
    yield f"by the sheet packed in it: {_verdicts(record, bundle.catalogue)}"
    yield f"by today's sheet: {_verdicts(record, today)}"
    yield from _sheet_changes(bundle, today)


def _verdicts(record: Record, catalogue: Catalogue) -> str:
    counts = Counter(row.verdict.value for row in rows(record, catalogue))
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) or "nothing"


def _sheet_changes(bundle: OpenedBundle, today: Catalogue) -> Iterator[str]:
    for chip in bundle.catalogue.chips.values():
        current = today.chips.get(chip.id)
        if current is None:
            yield f"there is no sheet {chip.id} here"
            continue
        for key, figure in chip.figures.items():
            current_figure = current.figures.get(key)
            before, after = (
                _text(figure.value),
                _text(current_figure.value) if current_figure else "gone",
            )
            if before != after:
                yield f"changed since in the sheet: {key} was {before}, is {after}"


def _text(value: object) -> str:
    return value.text if isinstance(value, Quantity) else str(value)


def store_record(bundle: OpenedBundle, folder: Path, by: str) -> Path:
    """Writes the record into a folder for imported records; returns its path.

    Args:
        bundle: content of a verified bundle.
        folder: folder of records.
        by: who measured, as stated by the user who imports it.

    Raises:
        UsageError: the record exists already, or cannot be written.
    """
    record = bundle.record
    day = dt.datetime.fromisoformat(record.started_utc).date().isoformat()
    path = folder / FOLDER / day / f"{record.id}.json"
    if path.exists():
        raise UsageError(f"{path} exists already: nothing is overwritten")
    marks = {IMPORTED_BY: by or "not told", IMPORTED_FROM: bundle.sha256}
    with writing(path):
        write(record.model_copy(update={"settings": {**record.settings, **marks}}), path)
    return path
