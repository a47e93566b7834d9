"""A document as a report for the terminal, in any of its formats; pictures are left out."""

from collections.abc import Iterable

from bench.report.table import Section
from bench.report.table import Table as ReportTable
from bench.report.text.markup import Report
from bench.verification.document import Block, Document, Facts, Heading, Items, Paragraph, Table


def as_report(document: Document) -> Report:
    """Returns a document as a report; the blocks before its first section become the heading."""
    chapters = _chapters(document.blocks)
    opening = chapters[0][1]
    notes = [line for one in document.blocks if isinstance(one, Items) and one.notes
             for line in one.lines]  # fmt: skip
    first = ReportTable(
        title=document.title,
        heading=(*_lines(opening), document.footer),
        columns=(),
        cells=(),
        summary=(),
        notes=tuple(f"[{number}] {line}" for number, line in enumerate(notes, 1)),
    )
    sections = [one for title, blocks in chapters for one in _sections(title, blocks)]
    return Report(first, [], tuple(sections))


def _chapters(blocks: Iterable[Block]) -> list[tuple[str, list[Block]]]:
    """Returns the blocks per section with its title; the first has none."""
    chapters: list[tuple[str, list[Block]]] = [("", [])]
    for block in blocks:
        if isinstance(block, Heading):
            chapters.append((block.text, []))
        else:
            chapters[-1][1].append(block)
    return chapters


def _lines(blocks: Iterable[Block]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            lines.append(block.text)
        elif isinstance(block, Items) and not block.notes:
            lines += block.lines
    return lines


def _sections(title: str, blocks: list[Block]) -> list[Section]:
    """Returns the tables of a chapter, with its sentences below the last table.

    A chapter without tables becomes one table of sentences.
    """
    lines = _lines(blocks) if title else []
    found = [_section(title, one) for one in blocks if isinstance(one, Table | Facts)]
    if not found:
        cells = tuple((line,) for line in lines)
        return [Section(title, ("statement",), cells, [])] if cells else []
    last = found[-1]
    closing = Section(last.title, last.columns, last.cells, last.flat, tuple(lines), last.key)
    return [*found[:-1], closing]


def _section(title: str, block: Table | Facts) -> Section:
    if isinstance(block, Table):
        name = f"{title}: {block.caption}" if title else block.caption
        return Section(
            name, block.columns, block.cells, [dict(row) for row in block.flat], key=block.key
        )
    return Section(title or "Summary", ("what", "value"), block.pairs, [])
