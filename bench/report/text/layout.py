"""Layout of a text table for a given width in characters.

Columns stand side by side; some may move beneath their row, or the table may be split into several
tables. Nothing is left out. The layout with the fewest lines is chosen, where lines that separate a
value from the others of its column cost extra.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from bench.report.text.groups import SAYS_NOTHING
from bench.report.text.wrap import longest_word, width_of, wrapped

GAP = 2
"""Characters between two columns."""
INDENT = 4
"""Characters by which lines beneath a row are indented."""
MIN_WIDTH = 8
"""Fewest characters of a column, unless its texts are all shorter."""
MAX_WORD, MAX_NAME = 18, 36
"""Longer words may be broken; the second is for the first column, which names the row."""
EARLY_COST, KEPT_COST = 1.2, 1.0
"""Cost, in lines per row, of moving the first column beneath it, and a column that should stay."""
SPLIT_WEIGHT, FAR_WEIGHT = 1.5, 2.0
"""Weight of each line of a split table, and of one whose parts are more than a screen apart."""
SCREEN_ROWS = 40
"""With more rows than this, the parts of a split table are more than a screen apart."""
AIRY = 2.2
"""Rows that take more lines than this on average are separated by empty lines."""

BETWEEN = "   "
"""Separates two values on a line beneath a row."""

Texts = Sequence[str]


@dataclass(frozen=True)
class Grid:
    """Columns side by side.

    Attributes:
        indices: index of each column in the table.
        widths: width of each column in characters.
    """

    indices: tuple[int, ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """How a table is set.

    Attributes:
        grids: one grid, or several that each repeat the first column.
        beneath: indices of the columns whose values stand beneath their row, each after its name.
    """

    grids: tuple[Grid, ...]
    beneath: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cells:
    """The texts of a table, with cached widths.

    Attributes:
        columns: names of the columns.
        rows: texts of each row.
        kept: names of columns that should rather stay in the table than move beneath a row.
        bare: names of columns whose values need no name before them.
        addresses: whether web addresses stay whole.
    """

    columns: Texts
    rows: Sequence[Texts]
    kept: Texts = ()
    bare: Texts = ()
    addresses: bool = False

    @cached_property
    def lengths(self) -> list[list[int]]:
        """Returns, for each column, the widths in characters of its cells and then of its name."""
        return [
            [width_of(row[index]) for row in self.rows] + [width_of(name)]
            for index, name in enumerate(self.columns)
        ]

    @cached_property
    def words(self) -> list[int]:
        """Returns, for each column, the length of its longest word in characters."""
        return [
            max(longest_word(text) for text in (name, *(row[index] for row in self.rows)))
            for index, name in enumerate(self.columns)
        ]

    def least(self, index: int) -> int:
        """Returns the smallest width in characters at which a column can be read."""
        longest = min(self.words[index], MAX_NAME if index == 0 else MAX_WORD)
        return min(max(self.lengths[index]), max(MIN_WIDTH, longest))


def choose(cells: Cells, width: int) -> Layout:
    """Returns the layout of a table with the lowest cost.

    Args:
        cells: the table.
        width: characters of a line.
    """
    with_details = (_detailed(cells, beneath, width) for beneath in _beneath(cells))
    layouts = [one for one in (*with_details, _split(cells, width)) if one]
    return min(layouts, key=lambda one: _cost(cells, one, width))


def _beneath(cells: Cells) -> Iterator[tuple[int, ...]]:
    """Yields sets of columns to try beneath the rows: from none to all but the first.

    The widest columns move first, or the last ones; those in ``kept`` move after the others.
    """
    indices = range(1, len(cells.columns))
    kept = [name in cells.kept for name in cells.columns]
    orders = (
        sorted(indices, key=lambda index: -_demand(cells, index)),
        sorted(indices, key=lambda index: (kept[index], -_demand(cells, index))),
        sorted(indices, key=lambda index: (kept[index], -index)),
    )
    tried = {tuple(sorted(order[:count])) for order in orders for count in range(len(order) + 1)}
    yield from sorted(tried)


def _demand(cells: Cells, index: int) -> int:
    """Returns how much room a column needs: by all its texts, and by its longest word."""
    return sum(cells.lengths[index]) + 3 * len(cells.rows) * cells.words[index]


def _detailed(cells: Cells, beneath: tuple[int, ...], width: int) -> Layout | None:
    """Returns the layout with some columns beneath their rows; None if the others do not fit."""
    indices = tuple(index for index in range(len(cells.columns)) if index not in beneath)
    widths = _widths(cells, indices, width)
    return Layout((Grid(indices, widths),), beneath) if widths else None


def _split(cells: Cells, width: int) -> Layout | None:
    """Returns the layout as several tables whose columns are in order and need no line breaks.

    None if one table would do, or if a column does not fit.
    """
    first = min(max(cells.lengths[0]), MAX_NAME, width // 2)
    groups: list[list[int]] = [[]]
    used = first
    for index in range(1, len(cells.columns)):
        wanted = min(max(cells.lengths[index]), width - first - GAP)
        if groups[-1] and used + GAP + wanted > width:
            groups.append([])
            used = first
        groups[-1].append(index)
        used += GAP + wanted
    found = [(group, _widths(cells, (0, *group), width)) for group in groups]
    grids = tuple(Grid((0, *group), widths) for group, widths in found if widths)
    return Layout(grids) if len(grids) == len(groups) > 1 else None


def _widths(cells: Cells, indices: tuple[int, ...], width: int) -> tuple[int, ...] | None:
    """Returns the width of each column in characters; None if they do not fit.

    Room beyond the smallest widths goes, character by character, to the tallest column.
    """
    room = width - GAP * (len(indices) - 1)
    full = [max(cells.lengths[index]) for index in indices]
    if sum(full) <= room:
        return tuple(full)
    chosen = [max(1, min(cells.least(index), room)) for index in indices]
    if sum(chosen) > room:
        chosen[0] = min(chosen[0], max(MIN_WIDTH * 2, chosen[0] - (sum(chosen) - room)))
    if sum(chosen) > room:
        return None
    heights = [_height(cells, *pair) for pair in zip(indices, chosen, strict=True)]
    for _ in range(room - sum(chosen)):
        growing = [
            height if now < most else -1
            for height, now, most in zip(heights, chosen, full, strict=True)
        ]
        tallest = growing.index(max(growing))
        chosen[tallest] += 1
        heights[tallest] = _height(cells, indices[tallest], chosen[tallest])
    return tuple(chosen)


def _height(cells: Cells, index: int, width: int) -> int:
    """Returns how tall a column is at a width: squares of its cells' lines, twice for the first."""
    height = sum((length > width) * (-(-length // width)) ** 2 for length in cells.lengths[index])
    return height if index else height * 2


def _cost(cells: Cells, layout: Layout, width: int) -> float:
    """Returns the number of lines of a layout, more if values are away from their column."""
    rows = range(len(cells.rows))
    lines = sum(_grid_lines(cells, grid, row) for grid in layout.grids for row in rows)
    if len(layout.grids) > 1:
        return lines * (SPLIT_WEIGHT if len(rows) <= SCREEN_ROWS else FAR_WEIGHT)
    room = width - INDENT
    beneath = sum(-(-_detail_length(cells, layout, row) // room) for row in rows)
    return lines + beneath + sum(_penalty(cells, index) for index in layout.beneath)


def _penalty(cells: Cells, index: int) -> float:
    """Returns the cost, in lines, of moving a column beneath the rows: more for earlier ones."""
    filled = sum(row[index] not in SAYS_NOTHING for row in cells.rows)
    early = EARLY_COST * (1 - index / len(cells.columns))
    return filled * (early + (KEPT_COST if cells.columns[index] in cells.kept else 0.0))


def _detail_length(cells: Cells, layout: Layout, row: int) -> int:
    """Returns the characters that the values beneath a row take, with names and separators."""
    return sum(
        len(cells.columns[index]) + cells.lengths[index][row] + 5
        for index in layout.beneath
        if cells.rows[row][index] not in SAYS_NOTHING
    )


def _grid_lines(cells: Cells, grid: Grid, row: int) -> float:
    """Estimates the lines of a row from its lengths: wrapping wastes a tenth of each line."""
    return max(
        1 if cells.lengths[index][row] <= width else -(-1.1 * cells.lengths[index][row] // width)
        for index, width in zip(grid.indices, grid.widths, strict=True)
    )


def details(cells: Cells, layout: Layout, row: Texts, width: int) -> Iterator[str]:
    """Yields the lines beneath a row; short values share a line."""
    line = ""
    for index in layout.beneath:
        if row[index] in SAYS_NOTHING:
            continue
        name = cells.columns[index]
        text = row[index] if name in cells.bare else f"{name}: {row[index]}"
        longer = f"{line}{BETWEEN}{text}" if line else text
        if line and width_of(longer) > width - INDENT:
            yield from _indented(cells, line, width)
            longer = text
        line = longer
    if line:
        yield from _indented(cells, line, width)


def _indented(cells: Cells, line: str, width: int) -> Iterator[str]:
    parts = wrapped(line, width - INDENT, 2, addresses=cells.addresses)
    yield from (" " * INDENT + part for part in parts)


def grid_lines(cells: Cells, grid: Grid, row: Texts) -> Iterator[tuple[str, ...]]:
    """Yields the lines of one row: the part of each column, not padded.

    A name without blanks that is wider than the first column has a line of its own, so that it can
    be copied; only one that is wider than the table is broken.
    """
    name, table = row[0], sum(grid.widths) + GAP * (len(grid.widths) - 1)
    if " " not in name and grid.widths[0] < width_of(name) <= table:
        yield (name, *("" for _ in grid.indices[1:]))
        row = ("", *row[1:])
    parts = [
        wrapped(row[index], width, addresses=cells.addresses)
        for index, width in zip(grid.indices, grid.widths, strict=True)
    ]
    yield from zip_longest(*parts, fillvalue="")
