"""Draws measured values with their intervals: filled where believed, hollow where not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bench.judging.rates import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.plot.theme import Theme


class MeasuredPoint(NamedTuple):
    """A measured value at ``x``; not believed if it was disturbed or is implausible."""

    x: float
    value: Interval
    is_believed: bool


def draw_measured(
    axes: "Axes",
    points: Sequence[MeasuredPoint],
    labels: tuple[str, str],
    size: int,
    theme: "Theme",
) -> None:
    """Draws points with error bars.

    Args:
        axes: the axes to draw in.
        points: the points.
        labels: names in the legend, of believed points and of the others.
        size: size of a marker, points.
        theme: colours of the plot.
    """
    for wanted, face, label in zip(
        (True, False), (theme.series[0], theme.paper), labels, strict=True
    ):
        shown = [point for point in points if point.is_believed is wanted]
        if not shown:
            continue
        errors = [
            [value.value - value.low for _, value, _ in shown],
            [value.high - value.value for _, value, _ in shown],
        ]
        axes.errorbar(
            [point.x for point in shown], [point.value.value for point in shown], errors, fmt="o",
            ms=size, capsize=size // 2, color=theme.series[0], mfc=face, label=label, zorder=3,
        )  # fmt: skip
