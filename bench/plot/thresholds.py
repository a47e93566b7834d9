"""The lines of rules as a plot shows them: their pieces in view, their values at the rim."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bench.plot.axes import LINE_PT
from bench.plot.lines import Segment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.plot.theme import Theme

SIZE_PT = (520.0, 330.0)
"""About how wide and how high the axes are."""
NEAR_PT = 38.0
"""Thresholds of TPP nearer than this are told in rows above each other."""
STEPS = 100


def is_seen(axes: "Axes", one: Segment) -> bool:
    """Tells whether a piece of a line lies within the view."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    if one.start[0] == one.end[0]:
        across = left <= one.start[0] <= right
        return across and max(one.start[1], low) < min(one.end[1], high)
    across = low <= one.start[1] <= high
    return across and max(one.start[0], left) < min(one.end[0], right)


def along(axes: "Axes", one: Segment) -> list[tuple[float, float]]:
    """Returns places along what is seen of a piece of a line, near enough to keep names off it."""
    if not is_seen(axes, one):
        return []
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    start = max(one.start[0], left), max(one.start[1], low)
    ratios = min(one.end[0], right) / start[0], min(one.end[1], high) / start[1]
    steps = [number / STEPS for number in range(STEPS + 1)]
    return [(start[0] * ratios[0] ** step, start[1] * ratios[1] ** step) for step in steps]


def tell(axes: "Axes", edges: Sequence[Segment], theme: "Theme") -> None:
    """Tells every threshold at the rim, of TPP above, of density at the right, none on another."""
    seen = [one for one in edges if is_seen(axes, one)]
    totals = {one.start[0] for one in seen if one.start[0] == one.end[0]}
    dense = {one.start[1] for one in seen if one.start[1] == one.end[1]}
    for value, row in _rows_of(totals, axes.get_xlim(), SIZE_PT[0], NEAR_PT):
        axes.annotate(
            f"{value:,g}", (value, 1), (0, 3 + LINE_PT * row), textcoords="offset points",
            xycoords=axes.get_xaxis_transform(), ha="center", size=9, color=theme.ink,
        )  # fmt: skip
    for value, row in _rows_of(dense, axes.get_ylim(), SIZE_PT[1], LINE_PT):
        axes.annotate(
            f"{value:g}", (1, value), (3 + NEAR_PT * row, 0), textcoords="offset points",
            xycoords=axes.get_yaxis_transform(), va="center", size=9, color=theme.ink,
        )  # fmt: skip


def _rows_of(
    values: Iterable[float], view: tuple[float, float], size_pt: float, near_pt: float
) -> Iterator[tuple[float, int]]:
    """Yields values with the row that each is told in: the first whose last one is far enough."""
    scale = size_pt / math.log(view[1] / view[0])
    last: list[float] = []
    for one in sorted(values):
        row = next(
            (row for row, held in enumerate(last) if scale * math.log(one / held) >= near_pt),
            len(last),
        )
        last[row : row + 1] = [one]
        yield one, row
