"""Reports as blocks of a page: tables of markup, with anchors for rows and footnotes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from bench.claims.judge import Stands
from bench.report.formats.html import MARKS
from bench.report.groups import REMARK, VERDICT
from bench.report.markup import Report, one_line
from bench.report.table import Section
from bench.site.words import Words
from bench.verdict import Verdict

FEW = 60
"""Up to so many rows a table turns into cards on a phone; a longer one is scrolled."""


@dataclass(frozen=True)
class Block:
    """One table with what stands above and below it.

    Attributes:
        id: its anchor.
        title: its heading, empty for none.
        above, below: lines of markup.
        columns: heads.
        rows: cells, the first of which names the row.
        anchors: ids of rows, empty where a row has none.
        notes: footnotes; ``mark`` begins their ids.
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


def blocks(report: Report, words: Words, key: str, anchors: Sequence[str] = ()) -> Iterator[Block]:
    """Yields a report's tables; the last one bears the footnotes of all.

    Args:
        report: the tables as words.
        words: sets them.
        key: begins the ids of its anchors, so that several reports fit on a page.
        anchors: ids of the rows of the first table.
    """
    table, mark = report.table, f"{key}-n"
    found = [
        _block(Section("", table.columns, table.cells, []), words, f"{key}-0", mark)
        if report.has_first
        else None,
        *(_block(one, words, f"{key}-{place}", mark) for place, one in enumerate(report.more, 1)),
    ]
    made = [one for one in found if one]
    notes = [words.text(line.partition(" ")[2], mark) for line in table.notes]
    for place, one in enumerate(made):
        first, last = place == 0, place == len(made) - 1
        yield Block(
            one.id, one.title, one.columns, one.rows,
            above=words.lines((*table.heading, *table.summary), mark) if first else (),
            below=one.below,
            anchors=anchors if first else (),
            notes=notes if last else (),
            mark=mark,
            cards=one.cards,
        )  # fmt: skip


def _block(one: Section, words: Words, key: str, mark: str) -> Block:
    columns = tuple(one_line(column) for column in one.columns)
    cells = [
        [_cell(column, text, words, mark) for column, text in zip(columns, row, strict=True)]
        for row in one.cells
    ]
    below = words.lines(one.lines, mark)
    return Block(key, one_line(one.title), columns, cells, below=below, cards=len(cells) <= FEW)


def _cell(column: str, text: str, words: Words, mark: str) -> Markup:
    """Returns a cell; a verdict stands with its sign and its colour."""
    word, colon, reason = text.partition(":")
    if column in (VERDICT, REMARK, "verdict") and word in tuple(Verdict):
        told = words.text(reason, mark)
        return badge(word) + (Markup("<br>") + told if colon and reason.strip() else Markup(""))
    return words.text(text, mark)


def badge(word: str) -> Markup:
    """Returns a verdict with its sign: told apart by word and sign, and by colour besides."""
    sign = MARKS.get(Verdict(word), "") if word in tuple(Verdict) else SIGNS.get(word, "")
    kind = KINDS.get(word, "open")
    return Markup('<span class="badge {}">{}{}</span>').format(
        kind, f"{sign} " if sign else "", one_line(word)
    )


def held(word: str, stands: Stands) -> Markup:
    """Returns a claim's verdict with whether the claim holds, which alone gives sign and colour.

    A verdict tells one ratio from another: what exceeds a claim that it is small belies it. Where
    nothing is decided the verdict says why.
    """
    if stands is Stands.OPEN:
        return badge(word)
    sign, kind, told = HELD[stands]
    first = Markup('<span class="badge {}">{} {}</span> ').format(kind, sign, told)
    return first + neutral(word)


def neutral(word: str) -> Markup:
    """Returns a verdict on claims, of which it does not say whether they hold."""
    return Markup('<span class="badge open">{}</span>').format(one_line(word))


HELD = {
    Stands.BOTH: ("✓", "good", "holds on paper and measured"),
    Stands.MEASURED: ("✓", "good", "holds measured, not on paper"),
    Stands.PAPER: ("✗", "bad", "holds on paper only"),
    Stands.NEITHER: ("✗", "bad", "does not hold"),
}
SIGNS = {"match": "✓", "exceeds": "✓", "falls short": "✗", "inconclusive": "?"}
KINDS = {
    "reached": "good", "match": "good", "exceeds": "good",
    "short": "bad", "falls short": "bad",
    "undecided": "unsure", "inconclusive": "unsure",
    "implausible": "odd", "failed": "odd",
}  # fmt: skip
"""The colour of each verdict; any other is open."""


def unique(names: Iterable[str]) -> list[str]:
    """Returns names as anchors of one page, each once: a second of a kind is numbered."""
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return made
