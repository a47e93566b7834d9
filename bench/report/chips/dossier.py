"""All that is known of a chip: sheet, derived figures, export rules and measurements."""

from collections.abc import Sequence

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.judging.verdict import Row, Verdict, rows
from bench.records.model import IMPORTED_BY, Record
from bench.report.chips.sheet import sheet
from bench.report.rules.timeline import history
from bench.report.table import Notes, Section
from bench.report.text.digits import percent
from bench.report.text.markup import Report
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.subject import subject
from bench.rules.timeline import timeline
from bench.theory.crosscheck import Crosscheck, crosscheck
from bench.theory.derived import derived
from bench.theory.systems import complete
from bench.units import show

CHINA = Question("", "CN", "CN")
"""The destination for which a sheet shows the history of export rules."""


def dossier(
    chip: Chip,
    catalogue: Catalogue,
    book: Rulebook,
    records: Sequence[Record],
    *,
    cite: bool = True,
) -> Report:
    """Returns a chip's sheet with everything derived from it or measured of the chip.

    Args:
        chip: the chip or system.
        catalogue: all sheets, designs and sources.
        book: the export rules.
        records: runs; those of other chips are left out.
        cite: whether footnotes have sources in full; else they are named only.
    """
    whole = complete(chip, catalogue)

    def more(notes: Notes) -> tuple[Section, ...]:
        sections = (
            _members(chip, catalogue),
            _derived(chip, catalogue, notes),
            _checked(crosscheck(chip, catalogue)),
            _history(chip, catalogue, book, notes),
            _evidence(chip, catalogue, records),
        )
        return tuple(one for one in sections if one.cells)

    return sheet(whole, catalogue, more, cite=cite)


def _members(chip: Chip, catalogue: Catalogue) -> Section:
    """Returns the chips that a system is built of; no rows for a single chip."""
    names = [catalogue.chips[one.chip].name for one in chip.members]
    pairs = list(zip(chip.members, names, strict=True))
    cells = tuple((f"{one.count} x", one.chip, name) for one, name in pairs)
    return Section("Built of", ("count", "chip", "name"), cells, [
        {"chip": chip.id, "member": one.chip, "count": one.count, "name": name}
        for one, name in pairs
    ])  # fmt: skip


def _derived(chip: Chip, catalogue: Catalogue, notes: Notes) -> Section:
    """Returns the figures derived from the sheet; the note of one without a value says why."""
    found = derived(chip, catalogue)
    cells = tuple(
        (
            one.title,
            one.text,
            one.formula,
            " ".join(notes.source(key, catalogue) for key in one.sources),
            one.why,
        )
        for one in found
    )
    columns = ("derived figure", "value", "formula", "sources", "note")
    return Section("Derived figures", columns, cells, [
        {
            "chip": chip.id, "figure": one.key, "value": one.value, "unit": one.unit,
            "formula": one.formula, "sources": " ".join(one.sources), "note": one.why,
        }
        for one in found
    ])  # fmt: skip


def _checked(found: Sequence[Crosscheck]) -> Section:
    """Returns each printed rate beside the product of units, clock and operations per cycle."""
    cells = tuple(
        (
            FIGURES[one.figure].title,
            show(one.printed, FIGURES[one.figure].dimension, 4),
            show(one.expected, FIGURES[one.figure].dimension, 4),
            f"{one.deviation:+.1%}",
            one.formula,
            "" if one.passed else one.explained or "not explained",
        )
        for one in found
    )
    columns = ("figure", "printed", "units x clock x cycle", "deviation", "product", "explained")
    return Section("Cross-check of the printed rates", columns, cells, [
        {
            "chip": one.chip, "figure": one.figure, "value": one.printed,
            "expected": one.expected, "deviation": one.deviation, "formula": one.formula,
        }
        for one in found
    ])  # fmt: skip


def _history(chip: Chip, catalogue: Catalogue, book: Rulebook, notes: Notes) -> Section:
    """Returns the history of export rules for the chip; no rows for a CPU."""
    if chip.kind == "cpu":
        return Section("", (), (), [])
    found = timeline(subject(chip, catalogue), CHINA, book)
    return history(chip, found, catalogue, notes)


def _evidence(chip: Chip, catalogue: Catalogue, records: Sequence[Record]) -> Section:
    """Returns what the records measured of the chip: the best row per figure and record."""
    of_chip = [one for one in records if _is_of(one, chip)]
    best = [(one, row) for one in of_chip for row in _best(rows(one, catalogue))]
    cells = tuple(
        (
            record.started_utc[:10],
            _named(record),
            row.title,
            _measured(row),
            percent(row.fraction),
            row.verdict.value,
        )
        for record, row in best
    )
    columns = ("date", "record", "figure", "measured", "of paper", "verdict")
    return Section("Measured here", columns, cells, [
        {
            "chip": chip.id, "record": record.id, "figure": row.key,
            "by": record.settings.get(IMPORTED_BY),
            "measured": row.measured.value if row.measured else None,
            "achieved": row.fraction.value if row.fraction else None,
            "verdict": row.verdict.value,
        }
        for record, row in best
    ])  # fmt: skip


def _named(record: Record) -> str:
    """Returns the id of a record; for an imported record also who measured it."""
    by = record.settings.get(IMPORTED_BY)
    return f"{record.id}, imported: measured by {by}" if by else record.id


def _is_of(record: Record, chip: Chip) -> bool:
    """Tells whether a record measured the chip; a fake device measured nothing."""
    return record.identity.chip == chip.id and not record.device.is_fake


def _best(found: Sequence[Row]) -> list[Row]:
    """Returns the fastest row of each figure, of those that decide it and are plausible."""
    best: dict[str, Row] = {}
    for row in found:
        measurement = row.measurement
        decides = row.key and measurement.decides and not measurement.group and not row.apart
        if row.measured and decides and row.tests and row.verdict is not Verdict.IMPLAUSIBLE:
            so_far = best.get(row.key)
            if so_far is None or not so_far.measured or row.measured.value > so_far.measured.value:
                best[row.key] = row
    return list(best.values())


def _measured(row: Row) -> str:
    return show(row.measured.value, row.dimension) if row.measured else "–"
