"""Helpers for all plots: ticks with units, shortened names, labels that do not overlap."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.records.model import Record
from bench.report.text.markup import one_line
from bench.units import Dimension, binary, scale
from bench.words import some_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from bench.plot.theme import Theme

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
"""One marker per series: colours repeat after six series, markers after ten."""
MULTIPLES = (
    (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0), (1.0, 2.0, 3.0, 5.0), (1.0, 2.0, 5.0), (1.0, 3.0),
    (1.0,),
)  # fmt: skip
"""Candidate ticks within a decade of a log axis: the first set with few enough ticks is used."""
MOST_TICKS = 9
"""Largest number of ticks on an axis."""
MOST_NAMES = 6
"""Largest number of chips that a note names."""
LABELS_PT = 36.0
"""Height of an axis's tick labels and title, points."""
CHARACTER_PT, LINE_PT, GAP_PT = 5.4, 11.0, 7.0
"""Approximate width of one character, height of a line, and gap between a label and its point."""
DOT_PT = 3.0
"""Half the width of a drawn data point."""
DIRECTIONS = ((1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1))
"""Directions from a point in which to try its label, as (right, up)."""
DISTANCES = (1.0, 2.2, 3.6)
"""Distances from a point to try, nearest first, as multiples of the usual gap."""


def short(text: str, most: int = 40) -> str:
    """Returns text on one line, cut to at most ``most`` characters."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def slug(text: str) -> str:
    """Returns text as part of a file name: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "unnamed"


def name_of(record: Record, catalogue: Catalogue) -> str:
    """Returns the name of a record's chip, or the device's own name if the chip is unknown."""
    chip = catalogue.sheet_of(record)
    return short(chip.name if chip else record.device.name)


def short_name(chip: Chip) -> str:
    """Returns a label: the shortest alias made of words of the id, else the first in ASCII."""
    words = set(chip.id.split("-"))
    names = [one for one in chip.aliases if one.isascii()]
    own = [one for one in names if words.issuperset(one.split("-"))]
    return short(min(own, key=len) if own else [*names, chip.name, chip.id][0], 24)


def name_list(chips: Iterable[Chip]) -> str:
    """Returns the names of the first ``MOST_NAMES`` chips and how many more follow, as text."""
    return some_of(list(dict.fromkeys(map(short_name, chips))), MOST_NAMES)


def record_note(record: Record) -> str:
    """Returns the note under a record's plots: device, date, suite, record and program version."""
    fake = "; a FAKE device, simulated" if record.device.is_fake else ""
    limits = f", {short(', '.join(record.device.limits), 60)}" if record.device.limits else ""
    device = f"{short(record.device.name)}{limits}, {record.started_utc[:10]}"
    run = f"suite {short(record.suite, 24)}, record {short(record.id, 60)}{fake}"
    return f"{device}, {run}. Made by onpaper {short(record.program.version, 24)}."


def quantity(value: float, dimension: Dimension) -> str:
    """Returns a tick's value with its unit, at most four significant digits: ``50 TFLOP/s``."""
    number, unit = scale(value, dimension)
    return f"{number:.4g} {unit}".strip()


def log_axis(axis: "Axis", format_value: Callable[[float], str], most: int = MOST_TICKS) -> None:
    """Sets the ticks of a log axis to at most ``most`` round values, labelled with their unit."""
    low, high = sorted(axis.get_view_interval())
    ticks = round_values(low, high, most)
    axis.set_ticks(ticks, labels=[format_value(value) for value in ticks])
    axis.set_ticks([], minor=True)


def round_values(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Returns at most ``most`` round values from ``low`` to ``high``, both above 0."""
    first, last = math.log10(low), math.log10(high)
    powers = range(math.floor(first), math.ceil(last) + 1)
    found: list[float] = []
    for multiples in MULTIPLES:
        candidates = [factor * 10.0**power for power in powers for factor in multiples]
        found = [one for one in candidates if low <= one * (1 + 1e-9) and one <= high * (1 + 1e-9)]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def binary_axis(axis: "Axis") -> None:
    """Sets the ticks of a log axis of sizes in bytes to powers of two: ``256 KiB``."""
    low, high = sorted(axis.get_view_interval())
    first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
    step = max(1, math.ceil((last - first) / MOST_TICKS))
    sizes = [2.0**power for power in range(first, last + 1) if power % step == 0]
    axis.set_ticks(sizes, labels=[binary(size) for size in sizes])
    axis.set_ticks([], minor=True)


def legend_below(axes: "Axes", columns: int, handles: "Sequence[Artist] | None" = None) -> None:
    """Draws the legend below the x axis's label, for ``handles`` or for everything labelled."""
    from matplotlib.transforms import Affine2D, ScaledTranslation

    figure = axes.get_figure(root=True)
    inches = figure.dpi_scale_trans if figure else Affine2D()
    down = ScaledTranslation(0, -LABELS_PT / 72, inches)
    axes.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=columns,
        borderaxespad=0, bbox_transform=axes.transAxes + down,
    )  # fmt: skip


def linear_axis(axis: "Axis", format_value: Callable[[float], str]) -> None:
    """Labels the ticks of a linear axis with values and their unit."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value)))


@dataclass(frozen=True)
class Label:
    """Text that names the point at (x, y), in data coordinates."""

    x: float
    y: float
    text: str


Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points from the axes' lower left corner."""


def place_labels(
    axes: "Axes",
    labels: Sequence[Label],
    points: Sequence[tuple[float, float]],
    theme: "Theme",
    size_pt: tuple[float, float],
) -> None:
    """Writes names beside their points on a log-log plot without covering points or names.

    A name that does not fit is left out: the picture's rows still have it.

    Args:
        axes: axes whose limits are set already.
        labels: names to place, most important first.
        points: every point drawn, in data coordinates.
        theme: colours of the plot.
        size_pt: approximate width and height of the axes, points.
    """
    dots = [
        (x - DOT_PT, y - DOT_PT, x + DOT_PT, y + DOT_PT)
        for x, y in {_position(axes, *point, size_pt) for point in points}
    ]
    names: list[Box] = []
    for label in labels:
        spot = _position(axes, label.x, label.y, size_pt)
        found = _free_offset(spot, label.text, (dots, names), size_pt)
        if found is None:
            continue
        (dx, dy), box = found
        names.append(box)
        side = "center" if dx == 0 else "left" if dx > 0 else "right"
        axes.annotate(
            label.text, (label.x, label.y), (dx, dy), textcoords="offset points", size=9, ha=side,
            va="center", color=theme.ink,
            arrowprops={"arrowstyle": "-", "color": theme.muted, "lw": 0.6, "shrinkB": 3},
        )  # fmt: skip


def _position(
    axes: "Axes", x: float, y: float, size_pt: tuple[float, float]
) -> tuple[float, float]:
    """Returns a data point's position, in typographic points from the axes' lower left corner."""
    fractions = [
        (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
        for value, (low, high) in ((x, axes.get_xlim()), (y, axes.get_ylim()))
    ]
    return fractions[0] * size_pt[0], fractions[1] * size_pt[1]


def _free_offset(
    spot: tuple[float, float],
    text: str,
    taken: tuple[list[Box], list[Box]],
    size_pt: tuple[float, float],
) -> tuple[tuple[float, float], Box] | None:
    """Returns the nearest offset at which a name covers nothing, and its box; None if none fits.

    The line from point to name does not cross another name either. ``taken`` are the boxes of
    points and of names placed before.
    """
    wide = CHARACTER_PT * len(text)
    for reach in DISTANCES:
        for right, up in DIRECTIONS:
            dx, dy = right * GAP_PT * reach, up * (GAP_PT + LINE_PT / 2) * reach
            left = spot[0] + dx - {1: 0.0, 0: wide / 2, -1: wide}[right]
            low = spot[1] + dy - LINE_PT / 2
            box = (left, low, left + wide, low + LINE_PT)
            inside = left >= 0 and low >= 0 and box[2] <= size_pt[0] and box[3] <= size_pt[1]
            crosses = any(_crosses(spot, (dx, dy), name) for name in taken[1])
            covers = any(_overlap(box, one) for boxes in taken for one in boxes)
            if inside and not crosses and not covers:
                return (dx, dy), box
    return None


def _crosses(spot: tuple[float, float], offset: tuple[float, float], box: Box) -> bool:
    """Tells whether a straight line from ``spot`` to ``spot + offset`` crosses a box."""
    steps = [number / 8 for number in range(9)]
    line = [(spot[0] + step * offset[0], spot[1] + step * offset[1]) for step in steps]
    return any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in line)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
