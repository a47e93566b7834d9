"""The main table of a record's report: its figures, with heading and footnotes."""

from collections.abc import Container

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper
from bench.judging.shortfall import FLATTERING
from bench.judging.titles import FAKE, PLAIN, inputs, own_inputs
from bench.judging.verdict import Row
from bench.records.model import IMPORTED_BY, Record, at_once
from bench.report.record.summary import summary
from bench.report.table import Notes, Section, Table, source_line
from bench.report.text.digits import beside, percent, with_interval
from bench.report.text.groups import VERDICT, trimmed
from bench.words import capital, counted

COLUMNS = (
    "figure", "published (dense)", "measured, sustained (95%)", "burst", "achieved (95%)",
    VERDICT, "shape",
)  # fmt: skip

KNOWN = {
    "inferred": " (inferred)",
    "halved": " (half of sparse)",
    "unspecified": " (sparsity not said)",
}
"""How a rate is known to be dense, by its basis; nothing if its source says so."""

ENDINGS = {"running": "The run did not finish", "interrupted": "The run was interrupted"}
"""States of a record that is not complete, in words."""


def build(
    record: Record,
    judged: list[Row],
    catalogue: Catalogue,
    elsewhere: Container[str] = (),
    *,
    cite: bool = True,
) -> tuple[Table, tuple[Section, ...]]:
    """Returns the main table of a record, and a table for each group of rows, such as a curve.

    Args:
        record: the record.
        judged: its rows; those with other inputs than the run's are left out.
        catalogue: catalogue in which chip and sources are looked up.
        elsewhere: kernels that are left out because they have tables of their own.
        cite: whether footnotes have sources in full.
    """
    notes = Notes(brief=not cite)
    chip = catalogue.sheet_of(record)
    shown: dict[str, list[Row]] = {"": []}
    for row in judged:
        if not row.apart and row.measurement.kernel not in elsewhere:
            shown.setdefault(row.measurement.group, []).append(row)

    def cells(group: str) -> tuple[tuple[str, ...], ...]:
        return tuple(_cells(row, chip, catalogue, notes) for row in shown[group])

    main = cells("")
    tables = {group: trimmed(COLUMNS, cells(group), rows) for group, rows in shown.items() if group}
    more = [Section(capital(group), *table, []) for group, table in tables.items()]
    table = Table(
        title=title_of(record),
        heading=tuple(_heading(record)),
        columns=COLUMNS,
        cells=main,
        summary=tuple(summary(judged)),
        notes=notes.lines(),
    )
    return table, tuple(more)


def title_of(record: Record) -> str:
    """Returns a report's title: the device and the sheet that it is compared with."""
    chip = record.identity.chip
    beside = f"compared with the sheet {chip}" if chip else "without a sheet to compare with"
    return f"{record.device.name} {beside}"


def suite_words(record: Record) -> str:
    """Returns the suite in words, with the keys that restrict it, and if its items are custom."""
    selected = [(key, record.settings.get(key)) for key in ("kernel", "dtype", "variant")]
    custom = " (custom items)" if record.settings.get("suite.items") else ""
    words = [f"{key} {value}" for key, value in selected if value]
    return ", ".join([f"suite {record.suite}{custom}", *words])


def _heading(record: Record) -> list[str]:
    machine, device = record.machine, record.device
    word = "core" if device.backend == "cpu" else "compute unit"
    units = counted(device.units, word) if device.units else f"{word}s unknown"
    software = f"torch {machine.torch or 'not used'}, onpaper {record.program.version}"
    run = f"{record.started_utc[:10]}, {suite_words(record)}"
    lines = [
        f"{run}, {units}, {software}, record {record.id}",
        _identity(record),
    ]
    if record.identity.near:
        lines.append(f"Near: {', '.join(record.identity.near)}")
    lines += cautions(record)
    if record.state in ENDINGS:
        lines.append(f"{ENDINGS[record.state]}: what was measured before is shown.")
    return lines


def _identity(record: Record) -> str:
    """Returns how the chip was recognised, or that it was chosen, and with which words."""
    found = record.identity
    state = found.chip if found.chip and found.state == "chosen" else found.state
    return f"Chip {state}: {'; '.join(found.reasons)}"


def cautions(record: Record) -> list[str]:
    """Returns the unusual conditions under which a whole record was measured."""
    lines = []
    if record.device.limits:
        lines.append(f"Limits: {', '.join(record.device.limits)}")
    if (data := own_inputs(record)) != PLAIN:
        effect = ": such inputs let a power-limited chip run faster" if data in FLATTERING else ""
        lines.append(f"Inputs: {inputs(data)} in the whole run{effect}.")
    if (count := at_once(record)) > 1:
        lines.append(f"Measured with {count} devices at once: one alone may reach more.")
    if IMPORTED_BY in record.settings:
        lines.append(f"Imported: measured by {record.settings[IMPORTED_BY]}, not here.")
    if record.device.is_fake:
        lines.append(FAKE)
    return lines


def _cells(row: Row, chip: Chip | None, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    text = row.paper.text if row.paper else ""
    measured, burst = row.measured, row.burst
    return (
        row.title,
        _published(row, chip, catalogue, notes),
        with_interval(measured, row.dimension, text),
        beside(burst, measured, row.dimension, text) if burst and measured else "–",
        _achieved(row, catalogue, notes),
        row.judgement,
        row.shape,
    )


def _published(row: Row, chip: Chip | None, catalogue: Catalogue, notes: Notes) -> str:
    paper = row.paper
    if paper is None:
        return "–"
    basis = " (derived)" if paper.formula else ""
    basis += KNOWN.get(paper.basis or "", "")
    marks = "".join(notes.source(source, catalogue) for source in paper.sources)
    remarks = (f"The sheet says: {remark}" for remark in _remarks(paper, chip))
    marks += "".join(map(notes.mark, remarks))
    return f"{paper.text}{basis} {marks}"


def _remarks(paper: Paper, chip: Chip | None) -> list[str]:
    """Returns the sheet's remarks on a figure: its note, and what explains it or casts doubt."""
    figure = chip.figures.get(paper.key) if chip else None
    published = figure if figure and figure.number is not None else None
    remarks = (published and published.note, chip and chip.explained.get(paper.key))
    return [remark for remark in remarks if remark]


def _achieved(row: Row, catalogue: Catalogue, notes: Notes) -> str:
    if row.fraction is None:
        return "–"
    parts = [percent(row.fraction)]
    for rival, fraction in row.rivals:
        source = source_line(rival.source, catalogue, brief=notes.brief)
        mark = notes.mark(f"{source}. {rival.note}" if rival.note else source)
        refuted = ", refuted" if "refuted: " in (rival.note or "") else ""
        over = ", which it rules out" if fraction.low > 1 else refuted
        parts.append(f"{fraction.value:.1%} of rival {rival.text}{over} {mark}")
    return "; ".join(parts)
