"""Converts reports to blocks of a page: HTML tables with anchors for rows and footnotes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from bench.claims.judge import Answer, Stands
from bench.judging.verdict import Verdict
from bench.report.formats.html import MARKS
from bench.report.table import Section
from bench.report.text.groups import REMARK, VERDICT
from bench.report.text.markup import Report, one_line
from bench.site.words import Linker

MOST_CARDS = 60
"""On a phone, a table of at most this many rows is shown as cards; a longer one scrolls."""


@dataclass(frozen=True)
class Block:
    """One table with the lines above and below it.

    Attributes:
        id: anchor of the table.
        title: heading; empty for none.
        columns: column heads.
        rows: cells, row by row; the first cell of a row names it.
        above: lines of markup above the table.
        below: lines of markup below it.
        anchors: ids of the first rows, in order.
        notes: footnotes.
        mark: prefix of the footnotes' ids.
        cards: whether a phone shows the rows as cards.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Markup]]
    above: Sequence[Markup] = ()
    below: Sequence[Markup] = ()
    anchors: Sequence[str] = ()
    notes: Sequence[Markup] = ()
    mark: str = "n"
    cards: bool = field(default=True)


def blocks(
    report: Report, linker: Linker, key: str, anchors: Sequence[str] = ()
) -> Iterator[Block]:
    """Yields a report's tables as blocks; the last one has the footnotes of all.

    Args:
        report: the tables as text.
        linker: converts text to markup.
        key: prefix of the anchors' ids, so that several reports fit on one page.
        anchors: ids of the rows of the first table.
    """
    table, mark = report.table, f"{key}-n"
    candidates = [
        _block(Section("", table.columns, table.cells, []), linker, f"{key}-0", mark)
        if report.has_first
        else None,
        *(
            _block(block, linker, f"{key}-{index}", mark)
            for index, block in enumerate(report.more, 1)
        ),
    ]
    tables = [block for block in candidates if block]
    notes = [linker.text(line.partition(" ")[2], mark) for line in table.notes]
    for index, block in enumerate(tables):
        first, last = index == 0, index == len(tables) - 1
        yield Block(
            block.id, block.title, block.columns, block.rows,
            above=linker.lines((*table.heading, *table.summary), mark) if first else (),
            below=block.below,
            anchors=anchors if first else (),
            notes=notes if last else (),
            mark=mark,
            cards=block.cards,
        )  # fmt: skip


def _block(section: Section, linker: Linker, key: str, mark: str) -> Block:
    columns = tuple(one_line(column) for column in section.columns)
    cells = [
        [_cell(column, text, linker, mark) for column, text in zip(columns, row, strict=True)]
        for row in section.cells
    ]
    below = linker.lines(section.lines, mark)
    return Block(
        key, one_line(section.title), columns, cells, below=below, cards=len(cells) <= MOST_CARDS
    )


def _cell(column: str, text: str, linker: Linker, mark: str) -> Markup:
    """Returns a cell as markup; a verdict gets its sign and its colour."""
    verdict, colon, reason = text.partition(":")
    if column in (VERDICT, REMARK, "verdict") and verdict in tuple(Verdict):
        reason_text = linker.text(reason, mark)
        return badge(verdict) + (
            Markup("<br>") + reason_text if colon and reason.strip() else Markup("")
        )
    return linker.text(text, mark)


def badge(verdict: str) -> Markup:
    """Returns a verdict with its sign and colour; word and sign suffice without the colour."""
    sign = (
        MARKS.get(Verdict(verdict), "")
        if verdict in tuple(Verdict)
        else VERDICT_SIGNS.get(verdict, "")
    )
    css_class = VERDICT_CLASSES.get(verdict, "open")
    return Markup('<span class="badge {}">{}{}</span>').format(
        css_class, f"{sign} " if sign else "", one_line(verdict)
    )


def claim_badge(verdict: str, stands: Stands) -> Markup:
    """Returns whether a claim holds, which decides sign and colour, and the verdict on its ratio.

    A verdict compares two ratios: "exceeds" refutes a claim that a ratio is small. Of an open
    claim it says why nothing is decided.
    """
    sign, css_class, text = CLAIM_MARKS[stands]
    first = Markup('<span class="badge {}">{} {}</span> ').format(css_class, sign, text)
    return first + neutral(verdict)


def answer_badge(answer: Answer) -> Markup:
    """Returns whether a claim holds, fails or is open, with its sign and colour."""
    sign, css_class = ANSWER_MARKS[answer]
    return Markup('<span class="badge {}">{} {}</span>').format(css_class, sign, answer.value)


def neutral(verdict: str) -> Markup:
    """Returns a verdict in a neutral colour, without saying whether a claim holds."""
    return Markup('<span class="badge open">{}</span>').format(one_line(verdict))


ANSWER_MARKS = {
    Answer.HOLDS: ("✓", "good"), Answer.FAILS: ("✗", "bad"), Answer.OPEN: ("?", "unsure"),
}  # fmt: skip
CLAIM_MARKS = {
    Stands.BOTH: ("✓", "good", "holds on paper and measured"),
    Stands.MEASURED: ("✓", "good", "holds measured, not on paper"),
    Stands.PAPER: ("✗", "bad", "fails measured, holds on paper"),
    Stands.NEITHER: ("✗", "bad", "fails"),
    Stands.ON_PAPER: ("✓", "good", "holds on paper"),
    Stands.NOT_ON_PAPER: ("✗", "bad", "fails on paper"),
    Stands.OPEN: ("?", "unsure", "open"),
}
"""Sign, CSS class and text by whether a claim holds."""
VERDICT_SIGNS = {"match": "✓", "exceeds": "✓", "falls short": "✗", "inconclusive": "?"}
VERDICT_CLASSES = {
    "reached": "good", "match": "good", "exceeds": "good",
    "short": "bad", "falls short": "bad",
    "undecided": "unsure", "inconclusive": "unsure",
    "implausible": "odd", "failed": "odd",
}  # fmt: skip
"""CSS class, which gives the colour, of each verdict; all others have the class ``open``."""


def unique(names: Iterable[str]) -> list[str]:
    """Returns names as unique anchors of one page: repeated names get a number."""
    seen: dict[str, int] = {}
    anchors = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        anchors.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return anchors
