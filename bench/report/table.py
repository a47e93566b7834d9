"""The main table of a record's report, with heading and footnotes; and tables of all reports."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper
from bench.judging.shortfall import FLATTERING
from bench.judging.titles import FAKE, PLAIN, inputs, own_inputs
from bench.judging.verdict import Row
from bench.records.model import IMPORTED_BY, Record, at_once
from bench.report.record.summary import summary
from bench.report.text.digits import beside, percent, with_interval
from bench.report.text.groups import VERDICT, trimmed
from bench.report.text.scalar import Lazy, Scalar
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


@dataclass(frozen=True)
class Table:
    """The first table of a report, independent of the output format.

    Attributes:
        title: what the report is about.
        heading: lines above the table, such as device and conditions.
        columns, cells: the column headings and the rows of text.
        summary: sentences below the table.
        notes: numbered footnotes.
    """

    title: str
    heading: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Sequence[tuple[str, ...]]
    summary: tuple[str, ...]
    notes: tuple[str, ...]

    def with_texts(self, of: Callable[[str], str]) -> "Table":
        """Returns the table with what ``of`` makes of each text; cells when they are first read."""
        return Table(
            title=of(self.title),
            heading=tuple(map(of, self.heading)),
            columns=tuple(map(of, self.columns)),
            cells=Lazy(lambda: _rows(of, self)),
            summary=tuple(map(of, self.summary)),
            notes=tuple(map(of, self.notes)),
        )


@dataclass(frozen=True)
class Section:
    """A further table of a report with its own title, as text and as numbers.

    Attributes:
        title, columns, cells: the title, the column headings and the rows of text.
        flat: the rows for programs.
        lines: sentences below the table.
        key: the table's name for programs, if its title depends on the result.
    """

    title: str
    columns: tuple[str, ...]
    cells: Sequence[tuple[str, ...]]
    flat: list[dict[str, Scalar]]
    lines: tuple[str, ...] = ()
    key: str = ""

    def with_texts(self, of: Callable[[str], str]) -> "Section":
        """Returns the table with what ``of`` makes of each text; rows for programs stay."""
        return replace(
            self,
            title=of(self.title),
            columns=tuple(map(of, self.columns)),
            cells=tuple(_rows(of, self)),
            lines=tuple(map(of, self.lines)),
        )


def _rows(of: Callable[[str], str], table: Table | Section) -> Iterator[tuple[str, ...]]:
    """Yields the rows of cells; one cell too many would shift all after it."""
    for row in table.cells:
        if len(row) != len(table.columns):
            raise ValueError(f"{len(row)} cells in {len(table.columns)} columns: {row}")
        yield tuple(map(of, row))


class Notes:
    """The footnotes of a report, numbered in the order of first use.

    Attributes:
        brief: whether sources are named only, without address and how they were read.
    """

    def __init__(self, *, brief: bool = False) -> None:
        self.brief = brief
        self._numbers: dict[str, int] = {}
        self._marks: dict[str, str] = {}

    def mark(self, text: str) -> str:
        """Returns the mark ``[n]`` of a footnote; equal texts have one mark."""
        return f"[{self._numbers.setdefault(text, len(self._numbers) + 1)}]"

    def source(self, key: str, catalogue: Catalogue) -> str:
        """Returns the mark of the footnote on a source."""
        return self.mark(source_line(key, catalogue, brief=self.brief))

    def once(self, key: str, make: Callable[[], str]) -> str:
        """Returns the mark of the footnote named ``key``, whose text is made on first use."""
        if key not in self._marks:
            self._marks[key] = self.mark(make())
        return self._marks[key]

    def lines(self) -> tuple[str, ...]:
        """Returns the footnotes with their marks, in order."""
        return tuple(f"[{number}] {text}" for text, number in self._numbers.items())


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


def source_line(key: str, catalogue: Catalogue, *, brief: bool = False) -> str:
    """Returns a source as a footnote: title, kind, address, how it was read, why it is weak.

    A brief one has title, kind and whether it is weak.
    """
    source = catalogue.sources[key]
    words = [source.title or key, f"({source.kind})"]
    if brief:
        return " ".join([*words, *(["[weak]"] if source.weak else [])])
    words.append(source.url)
    if source.read_via:
        words.append(f"[read: {source.read_via}]")
    if source.weak:
        words.append(f"[weak: {source.weak}]")
    return " ".join(words)
