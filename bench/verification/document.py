"""The content of a report, independent of its format: HTML, PDF or terminal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bench.report.text.markup import one_line
from bench.report.text.scalar import Scalar

MOST_TITLE = 180
"""Maximum length of a title, in characters."""
MOST_CELL = 500
"""Maximum length of a table cell, in characters: a row must fit on a page of paper."""
MOST_TEXT = 4000
"""Maximum length of a paragraph, in characters."""


@dataclass(frozen=True)
class Heading:
    """A heading: level 2 is a section; only the document's title has level 1."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``strong`` marks what no reader may miss."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Facts:
    """Pairs of a term and its value, such as the settings of a run."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Items:
    """A list; with ``notes`` its lines are numbered footnotes, which cells refer to as ``[n]``."""

    lines: tuple[str, ...]
    notes: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first cell in each row names the row, with the same rows as numbers.

    Attributes:
        caption: what the table shows.
        columns, cells: the column headings and the rows of text.
        flat: the rows for programs, with SI units in the keys.
        key: the table's name for programs.
    """

    caption: str
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    flat: tuple[Mapping[str, Scalar], ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Plate:
    """A drawn picture: ``svg`` for HTML, ``png`` for PDF; its caption says what it shows."""

    name: str
    svg: str
    png: bytes
    title: str
    caption: str


@dataclass(frozen=True)
class Blanks:
    """Lines to be filled in by hand, each with a label."""

    labels: tuple[str, ...]


Block = Heading | Paragraph | Facts | Items | Table | Plate | Blanks


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        name: name of its files, without extension.
        title: title on the first page.
        subject: subtitle that says what the report is about.
        blocks: contents in order.
        footer: text at the foot of every page.
        made_utc: when its data were measured, ISO 8601; None for a report without a date.
    """

    name: str
    title: str
    subject: str
    blocks: tuple[Block, ...]
    footer: str
    made_utc: str | None = None


def cleaned(document: Document) -> Document:
    """Returns a document in which each text is one line of printable characters, of limited length.

    Names, reasons and parameters come from a record, which may come from anybody.
    """
    return replace(
        document,
        title=clipped(document.title, MOST_TITLE),
        subject=clipped(document.subject, MOST_TITLE),
        footer=clipped(document.footer, MOST_TITLE),
        blocks=tuple(map(_block, document.blocks)),
    )


def clipped(text: str, most: int = MOST_CELL) -> str:
    """Returns ``text`` on one line; a text that is too long is cut and its length is appended."""
    line = one_line(text)
    if len(line) <= most:
        return line
    return f"{line[: most - 40].rstrip()} ... ({len(line):,} characters)"


def _block(block: Block) -> Block:  # noqa: PLR0911 -- one line a kind of block
    match block:
        case Heading():
            return replace(block, text=clipped(block.text, MOST_TITLE))
        case Paragraph():
            return replace(block, text=clipped(block.text, MOST_TEXT))
        case Facts():
            pairs = tuple((clipped(term), clipped(value, MOST_TEXT)) for term, value in block.pairs)
            return replace(block, pairs=pairs)
        case Items():
            return replace(block, lines=_lines(block.lines, MOST_TEXT))
        case Table():
            cells = tuple(_lines(row) for row in block.cells)
            caption = clipped(block.caption, MOST_TITLE)
            return replace(block, caption=caption, columns=_lines(block.columns), cells=cells)
        case Plate():
            caption = clipped(block.caption, MOST_TEXT)
            return replace(block, title=clipped(block.title), caption=caption)
        case Blanks():
            return replace(block, labels=_lines(block.labels))


def _lines(texts: Iterable[str], most: int = MOST_CELL) -> tuple[str, ...]:
    return tuple(clipped(text, most) for text in texts)


def notes_of(document: Document) -> int:
    """Returns how many numbered notes a document has."""
    return sum(len(one.lines) for one in document.blocks if isinstance(one, Items) and one.notes)
