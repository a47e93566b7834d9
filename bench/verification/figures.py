"""Each published figure beside the measured one, and the measurements that test no figure."""

from collections.abc import Sequence
from dataclasses import replace

from bench.judging.verdict import Row
from bench.report.record.figures import COLUMNS, build
from bench.report.record.flat import flat
from bench.report.record.identity import identity_sections
from bench.report.record.sections import ELSEWHERE, MAKERS
from bench.report.table import Section
from bench.report.table import Table as ReportTable
from bench.report.text.groups import VERDICT, trimmed, without_empty
from bench.verification.case import Case
from bench.verification.document import Block, Paragraph, Table

PLACE = COLUMNS.index(VERDICT)
"""Index of the column "others usually", which is inserted before the verdict."""


class Figures:
    """The table of a record's rows, split into those that test a figure and those that do not."""

    def __init__(self, case: Case) -> None:
        self._case = case
        built, groups = build(case.record, list(case.judged), case.catalogue, ELSEWHERE)
        self._built: ReportTable = built
        self._groups: tuple[Section, ...] = groups
        shown = [row for row in case.judged if _is_in_first_table(row)]
        self._pairs = list(zip(shown, built.cells, strict=True))

    @property
    def notes(self) -> tuple[str, ...]:
        """Returns the notes that the table refers to by number, without their numbers."""
        return tuple(line.partition(" ")[2] for line in self._built.notes)

    def blocks(self) -> list[Block]:
        """Returns the table of published and measured figures, with an explanation."""
        rated = [(row, cells) for row, cells in self._pairs if _is_rated(row)]
        if not rated:
            return [Paragraph("The record has no measurement to compare with a published figure.")]
        return [
            self._beside_others(rated),
            Paragraph(
                "Sustained: the rate of the median call time with its 95% interval. Burst: that of "
                "the best short window. Achieved: sustained over published. Others usually: the "
                "middle of the best shares that other chips reach of the same figure of their own "
                "sheets, measured or reported, with how many chips there are; most of these are "
                "bursts. Numbers in brackets are those of the sources and notes below."
            ),
        ]

    def _beside_others(self, rated: Sequence[tuple[Row, tuple[str, ...]]]) -> Table:
        """Returns the table of rated rows, with what other chips usually reach of each figure."""
        usual = self._case.usual
        columns = (*COLUMNS[:PLACE], "others usually", *COLUMNS[PLACE:])
        pairs = [
            (row, (*cells[:PLACE], str(usual.get(row.key, "–")), *cells[PLACE:]))
            for row, cells in rated
        ]
        table = self._table("Published and measured figures", columns, pairs, "figures")
        flat = tuple(
            {**numbers, "others_usually": usual[row.key].share if row.key in usual else None}
            for numbers, (row, _) in zip(table.flat, rated, strict=True)
        )
        return replace(table, flat=flat)

    def others(self) -> list[Block]:
        """Returns the measurements that test no figure, table by table."""
        rest = [(row, cells) for row, cells in self._pairs if not _is_rated(row)]
        blocks: list[Block] = []
        if rest:
            rows = [row for row, _ in rest]
            columns, cells = trimmed(COLUMNS, tuple(cells for _, cells in rest), rows)
            pairs = list(zip(rows, cells, strict=True))
            caption = "Measured, without a published figure to compare with"
            blocks.append(self._table(caption, columns, pairs, "unrated"))
        makers = [make for make in MAKERS if make is not identity_sections]
        case = self._case
        further = [one for make in makers for one in make(case.record, case.judged, case.catalogue)]
        for section in (*self._groups, *further):
            blocks += _section(section)
        return blocks

    def _table(
        self,
        caption: str,
        columns: Sequence[str],
        pairs: Sequence[tuple[Row, tuple[str, ...]]],
        key: str,
    ) -> Table:
        names, cells = without_empty(columns, tuple(cells for _, cells in pairs))
        numbers = tuple(flat(self._case.record, row) for row, _ in pairs)
        return Table(caption, names, cells, numbers, key)


def _is_in_first_table(row: Row) -> bool:
    """Tells whether ``build`` puts a row into its first table."""
    measurement = row.measurement
    return not row.apart and measurement.kernel not in ELSEWHERE and not measurement.group


def _is_rated(row: Row) -> bool:
    """Tells whether a row is compared with a published figure."""
    return row.paper is not None and row.measurement.decides


def _section(section: Section) -> list[Block]:
    if not section.cells:
        return []
    cells, flats = tuple(section.cells), tuple(section.flat)
    return [
        Table(section.title, section.columns, cells, flats, section.key),
        *(Paragraph(line) for line in section.lines),
    ]
