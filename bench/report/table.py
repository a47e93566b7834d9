"""Tables of all reports, and their footnotes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.chips.load import Catalogue
from bench.report.text.scalar import Lazy, Scalar


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
