"""How the plot of rules shows lines: which segments are visible, threshold values at the edge."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bench.plot.axes import LINE_PT
from bench.plot.lines import Segment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.plot.theme import Theme

SIZE_PT = (520.0, 265.0)
"""Width and height of the axes, points, below a title of three lines and above the long note."""
NEAR_PT = 38.0
"""Labels of TPP thresholds closer than this, in points, are stacked in rows."""
PLACES = 100
"""Number of places along a segment, without its start, in ``points_along``."""


def is_visible(axes: "Axes", segment: Segment) -> bool:
    """Tells whether some part of a segment lies within the limits of the axes."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    if segment.start[0] == segment.end[0]:
        across = left <= segment.start[0] <= right
        return across and max(segment.start[1], low) < min(segment.end[1], high)
    across = low <= segment.start[1] <= high
    return across and max(segment.start[0], left) < min(segment.end[0], right)


def points_along(axes: "Axes", segment: Segment) -> list[tuple[float, float]]:
    """Returns points along the visible part of a segment, close enough to keep names off it."""
    if not is_visible(axes, segment):
        return []
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    start = max(segment.start[0], left), max(segment.start[1], low)
    ratios = min(segment.end[0], right) / start[0], min(segment.end[1], high) / start[1]
    steps = [number / PLACES for number in range(PLACES + 1)]
    return [(start[0] * ratios[0] ** step, start[1] * ratios[1] ** step) for step in steps]


def label_thresholds(axes: "Axes", segments: Sequence[Segment], theme: "Theme") -> None:
    """Labels every threshold at the edge: TPP above, density at the right, without overlap."""
    visible = [segment for segment in segments if is_visible(axes, segment)]
    tpps = {segment.start[0] for segment in visible if segment.start[0] == segment.end[0]}
    densities = {segment.start[1] for segment in visible if segment.start[1] == segment.end[1]}
    for value, row in _in_rows(tpps, axes.get_xlim(), SIZE_PT[0], NEAR_PT):
        axes.annotate(
            f"{value:,g}", (value, 1), (0, 3 + LINE_PT * row), textcoords="offset points",
            xycoords=axes.get_xaxis_transform(), ha="center", size=9, color=theme.ink,
        )  # fmt: skip
    for value, row in _in_rows(densities, axes.get_ylim(), SIZE_PT[1], LINE_PT):
        axes.annotate(
            f"{value:g}", (1, value), (3 + NEAR_PT * row, 0), textcoords="offset points",
            xycoords=axes.get_yaxis_transform(), va="center", size=9, color=theme.ink,
        )  # fmt: skip


def _in_rows(
    values: Iterable[float], view: tuple[float, float], size_pt: float, near_pt: float
) -> Iterator[tuple[float, int]]:
    """Yields each value with its label's row: the first row whose last label is far enough."""
    scale = size_pt / math.log(view[1] / view[0])
    last_in_row: list[float] = []
    for value in sorted(values):
        row = next(
            (
                row
                for row, previous in enumerate(last_in_row)
                if scale * math.log(value / previous) >= near_pt
            ),
            len(last_in_row),
        )
        last_in_row[row : row + 1] = [value]
        yield value, row
