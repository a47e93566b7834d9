"""A plot before it is drawn: what it finds, what it shows, the rows it is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.report.scalar import Scalar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

WIDTH = 8.0
"""Inches; at 100 dots an inch a plot is 800 pixels wide, and read at that."""


@dataclass(frozen=True)
class Picture:
    """One plot.

    Attributes:
        name: its file's name without an ending, such as ``roofline-bf16``.
        title: what it finds, in a sentence.
        alt: what is to be seen, for those who do not see it.
        note: whence the data come: chip, day, record or source.
        rows: the data that are drawn, a row a point, SI units in the keys where they have a unit.
        paint: draws the rows into an empty figure; it sets no title.
        height: inches.
    """

    name: str
    title: str
    alt: str
    note: str
    rows: Sequence[dict[str, Scalar]]
    paint: "Callable[[Figure, Theme], None]"
    height: float = 4.5
