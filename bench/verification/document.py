"""A report before it is set: one model that the page, the PDF and the terminal are made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bench.report.markup import one_line
from bench.report.scalar import Scalar

MOST_TITLE = 180
MOST_CELL = 500
"""Characters of a cell; a row must fit on a page of paper."""
MOST_TEXT = 4000


@dataclass(frozen=True)
class Heading:
    """A heading; level 2 is a section, the title alone is of level 1."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Sentences; ``strong`` for what no reader may miss."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Facts:
    """Terms with what is to be said of each, such as the settings of a run."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Items:
    """A list; ``notes`` are numbered footnotes, which cells refer to as ``[n]``."""

    lines: tuple[str, ...]
    notes: bool = False


@dataclass(frozen=True)
class Table:
    """A table of words, the first cell of a row naming it, with its rows as numbers.

    Attributes:
        caption: what it shows.
        columns, cells: the table.
        flat: its rows for programs, SI units in the keys.
        key: its name for programs.
    """

    caption: str
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    flat: tuple[Mapping[str, Scalar], ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Plate:
    """A picture drawn: ``svg`` for the page, ``png`` for paper; its caption says what it shows."""

    name: str
    svg: str
    png: bytes
    title: str
    caption: str


@dataclass(frozen=True)
class Blanks:
    """Lines to be filled in by hand, each with what belongs there."""

    labels: tuple[str, ...]


Block = Heading | Paragraph | Facts | Items | Table | Plate | Blanks


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        name: of its files, without an ending.
        title: what it is of.
        subject: what it is, in a sentence.
        blocks: its contents in order.
        footer: what stands at the foot of every page.
        made_utc: when what it tells was measured, ISO 8601; None for what has no date.
    """

    name: str
    title: str
    subject: str
    blocks: tuple[Block, ...]
    footer: str
    made_utc: str | None = None


def cleaned(document: Document) -> Document:
    """Returns a document whose every text is one line of printable characters, and not endless.

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
    """Returns ``text`` on one line, and of one that is too long the beginning and its length."""
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
            pairs = tuple((clipped(term), clipped(told, MOST_TEXT)) for term, told in block.pairs)
            return replace(block, pairs=pairs)
        case Items():
            return replace(block, lines=_lines(block.lines, MOST_TEXT))
        case Table():
            cells = tuple(_lines(row) for row in block.cells)
            caption = clipped(block.caption, MOST_TITLE)
            return replace(block, caption=caption, columns=_lines(block.columns), cells=cells)
        case Plate():
            told = clipped(block.caption, MOST_TEXT)
            return replace(block, title=clipped(block.title), caption=told)
        case Blanks():
            return replace(block, labels=_lines(block.labels))


def _lines(texts: Iterable[str], most: int = MOST_CELL) -> tuple[str, ...]:
    return tuple(clipped(text, most) for text in texts)


def notes_of(document: Document) -> int:
    """Returns how many numbered notes a document has."""
    return sum(len(one.lines) for one in document.blocks if isinstance(one, Items) and one.notes)
