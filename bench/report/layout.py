"""A table set for a width: some columns side by side, others beneath their row, or in turns.

Nothing is left out. What is chosen is what takes the fewest lines, where lines that part a value
from its column's others count more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from bench.report.groups import SAYS_NOTHING
from bench.report.wrap import longest_word, width_of, wrapped

GAP = 2
INDENT = 4
SLIVER, WORD = 8, 18
"""No column is narrower than the first, if its text is not; none needs more for a single word."""
NAME = 36
"""The first column names the row: so much of it is not broken if there is room."""
EARLY, KEPT = 1.2, 1.0
"""What it costs a row if its first column is set beneath, and one that is better kept: in lines."""
APART, FAR = 1.5, 2.0
"""What a line counts in several tables, and where one is out of sight of the next."""
SCREEN = 40
"""Of more rows than this, the second of two tables is out of sight of the first."""
AIRY = 2.2
"""Rows that take more lines than this on the average have an empty line between them."""

BETWEEN = "   "
"""What parts two values beneath a row."""

Texts = Sequence[str]


@dataclass(frozen=True)
class Grid:
    """Columns side by side.

    Attributes:
        places: which columns of the table.
        widths: of each.
    """

    places: tuple[int, ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """How a table is set.

    Attributes:
        grids: one, or several tables that repeat the first column.
        beneath: the columns that stand beneath their row, each after its name.
    """

    grids: tuple[Grid, ...]
    beneath: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cells:
    """A table's texts by column, and what is asked of them many times.

    Attributes:
        columns: names of columns.
        rows: their cells.
        kept: names of columns that had better stay in the table.
        bare: names of columns whose cells need no name before them.
    """

    columns: Texts
    rows: Sequence[Texts]
    kept: Texts = ()
    bare: Texts = ()

    @cached_property
    def lengths(self) -> list[list[int]]:
        """Returns the columns that each text of a column takes, its cells first."""
        return [
            [width_of(row[place]) for row in self.rows] + [width_of(name)]
            for place, name in enumerate(self.columns)
        ]

    @cached_property
    def words(self) -> list[int]:
        """Returns the longest word of each column."""
        return [
            max(longest_word(text) for text in (name, *(row[place] for row in self.rows)))
            for place, name in enumerate(self.columns)
        ]

    def least(self, place: int) -> int:
        """Returns the fewest columns in which a column can be read."""
        most = NAME if place == 0 else WORD
        return min(max(self.lengths[place]), max(SLIVER, min(self.words[place], most)))


def choose(cells: Cells, width: int) -> Layout:
    """Returns the layout in which a table is read best at a width."""
    details = (_detailed(cells, beneath, width) for beneath in _beneath(cells))
    found = [one for one in (*details, _in_turns(cells, width)) if one]
    return min(found, key=lambda one: _cost(cells, one, width))


def _beneath(cells: Cells) -> Iterator[tuple[int, ...]]:
    """Yields what might stand beneath a row: nothing, long columns, late ones, all but the name."""
    places = range(1, len(cells.columns))
    kept = [cells.columns[place] in cells.kept for place in range(len(cells.columns))]
    orders = (
        sorted(places, key=lambda place: -_amount(cells, place)),
        sorted(places, key=lambda place: (kept[place], -_amount(cells, place))),
        sorted(places, key=lambda place: (kept[place], -place)),
    )
    seen = {tuple(sorted(order[:count])) for order in orders for count in range(len(order) + 1)}
    yield from sorted(seen)


def _amount(cells: Cells, place: int) -> int:
    """Returns how much room a column asks for: its texts, and its words, which cannot be broken."""
    return sum(cells.lengths[place]) + 3 * len(cells.rows) * cells.words[place]


def _detailed(cells: Cells, beneath: tuple[int, ...], width: int) -> Layout | None:
    """Returns the table with some columns beneath their rows, None where the rest has no room."""
    places = tuple(place for place in range(len(cells.columns)) if place not in beneath)
    widths = _widths(cells, places, width)
    return Layout((Grid(places, widths),), beneath) if widths else None


def _in_turns(cells: Cells, width: int) -> Layout | None:
    """Returns the columns as they come, in as many tables as it takes to keep their texts whole."""
    first = min(max(cells.lengths[0]), NAME, width // 2)
    groups: list[list[int]] = [[]]
    used = first
    for place in range(1, len(cells.columns)):
        wide = min(max(cells.lengths[place]), width - first - GAP)
        if groups[-1] and used + GAP + wide > width:
            groups.append([])
            used = first
        groups[-1].append(place)
        used += GAP + wide
    found = [(group, _widths(cells, (0, *group), width)) for group in groups]
    grids = tuple(Grid((0, *group), widths) for group, widths in found if widths)
    return Layout(grids) if len(grids) == len(groups) > 1 else None


def _widths(cells: Cells, places: tuple[int, ...], width: int) -> tuple[int, ...] | None:
    """Returns a width a column, None if they have no room: what is left goes to the tallest."""
    room = width - GAP * (len(places) - 1)
    whole = [max(cells.lengths[place]) for place in places]
    if sum(whole) <= room:
        return tuple(whole)
    chosen = [max(1, min(cells.least(place), room)) for place in places]
    if sum(chosen) > room:
        chosen[0] = min(chosen[0], max(SLIVER * 2, chosen[0] - (sum(chosen) - room)))
    if sum(chosen) > room:
        return None
    heights = [_height(cells, *pair) for pair in zip(places, chosen, strict=True)]
    for _ in range(room - sum(chosen)):
        growing = [
            height if wide < full else -1
            for height, wide, full in zip(heights, chosen, whole, strict=True)
        ]
        one = growing.index(max(growing))
        chosen[one] += 1
        heights[one] = _height(cells, places[one], chosen[one])
    return tuple(chosen)


def _height(cells: Cells, place: int, wide: int) -> int:
    """Returns how tall a column is, tall cells more than many, names more than others."""
    taller = sum((length > wide) * (-(-length // wide)) ** 2 for length in cells.lengths[place])
    return taller if place else taller * 2


def _cost(cells: Cells, layout: Layout, width: int) -> float:
    """Returns the lines a table takes, those told more dearly that are not beside their column."""
    rows = range(len(cells.rows))
    lines = sum(_grid_lines(cells, grid, row) for grid in layout.grids for row in rows)
    if len(layout.grids) > 1:
        return lines * (APART if len(rows) <= SCREEN else FAR)
    room = width - INDENT
    beneath = sum(-(-_detail_columns(cells, layout, row) // room) for row in rows)
    return lines + beneath + sum(_penalty(cells, place) for place in layout.beneath)


def _penalty(cells: Cells, place: int) -> float:
    """Returns what it costs to take a column out of the table: the first ones tell most."""
    told = sum(row[place] not in SAYS_NOTHING for row in cells.rows)
    early = EARLY * (1 - place / len(cells.columns))
    return told * (early + (KEPT if cells.columns[place] in cells.kept else 0.0))


def _detail_columns(cells: Cells, layout: Layout, row: int) -> int:
    return sum(
        len(cells.columns[place]) + cells.lengths[place][row] + 5
        for place in layout.beneath
        if cells.rows[row][place] not in SAYS_NOTHING
    )


def _grid_lines(cells: Cells, grid: Grid, row: int) -> float:
    """Returns the lines of a row, by its lengths: wrapping loses a tenth at its lines' ends."""
    return max(
        1 if cells.lengths[place][row] <= wide else -(-1.1 * cells.lengths[place][row] // wide)
        for place, wide in zip(grid.places, grid.widths, strict=True)
    )


def details(cells: Cells, layout: Layout, row: Texts, width: int) -> Iterator[str]:
    """Yields the lines beneath a row: short ones share a line."""
    line = ""
    for place in layout.beneath:
        if row[place] in SAYS_NOTHING:
            continue
        name = cells.columns[place]
        text = row[place] if name in cells.bare else f"{name}: {row[place]}"
        longer = f"{line}{BETWEEN}{text}" if line else text
        if line and width_of(longer) > width - INDENT:
            yield from _hung(line, width)
            longer = text
        line = longer
    if line:
        yield from _hung(line, width)


def _hung(line: str, width: int) -> Iterator[str]:
    yield from (" " * INDENT + one for one in wrapped(line, width - INDENT, 2))


def grid_lines(grid: Grid, row: Texts) -> Iterator[tuple[str, ...]]:
    """Yields the lines of one row: of each column its part, not padded."""
    parts = [
        wrapped(row[place], wide) for place, wide in zip(grid.places, grid.widths, strict=True)
    ]
    yield from zip_longest(*parts, fillvalue="")
