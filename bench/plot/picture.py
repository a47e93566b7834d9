"""A plot before it is drawn: its finding, its texts and the rows of its data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.report.text.scalar import Scalar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

WIDTH = 8.0
"""Width of every plot, inches: 800 pixels at 100 dots per inch, the size at which it is shown."""


@dataclass(frozen=True)
class Picture:
    """One plot.

    Attributes:
        name: file name without extension, such as ``roofline-bf16``.
        title: the finding, in one sentence.
        alt: description of the plot, for readers who cannot see it.
        note: origin of the data: chip, day, record or source.
        rows: the data drawn, one row per point; keys of values with a unit name the SI unit.
        paint: function that draws the rows into an empty figure; it sets no title.
        height: height of the plot without title and note, inches.
    """

    name: str
    title: str
    alt: str
    note: str
    rows: Sequence[dict[str, Scalar]]
    paint: "Callable[[Figure, Theme], None]"
    height: float = 4.5
