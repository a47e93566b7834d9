"""What the plots share: ticks with units, names cut short, labels that do not lie on each other."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.records.model import Record
from bench.report.curve import binary
from bench.report.markup import one_line
from bench.units import Dimension, scale

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from bench.plot.theme import Theme

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
"""Colours come again after six series, these do not."""
MULTIPLES = (
    (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0), (1.0, 2.0, 3.0, 5.0), (1.0, 2.0, 5.0), (1.0, 3.0),
    (1.0,),
)  # fmt: skip
"""What a log axis tells between powers of ten: the finest of which there is room for."""
MOST_TICKS = 9
LABELS_PT = 36.0
"""Height of an axis's ticks and label."""
SIGN_PT, LINE_PT, GAP_PT = 5.4, 11.0, 7.0
"""About how wide and how high a sign of a label is, and how far a label stands off its point."""
DOT_PT = 3.0
TURNS = ((1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1))
REACHES = (1.0, 2.2, 3.6)


def short(text: str, most: int = 40) -> str:
    """Returns text on one line, cut where it is too long for a plot."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def slug(text: str) -> str:
    """Returns text as a part of a file's name: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "unnamed"


def name_of(record: Record, catalogue: Catalogue) -> str:
    """Returns the name of a record's chip, or what its device calls itself."""
    chip = catalogue.chips.get(record.identity.chip or "")
    return short(chip.name if chip else record.device.name)


def called(chip: Chip) -> str:
    """Returns the shortest of a chip's own names, as a label beside its point."""
    return short(min((*chip.aliases, chip.name), key=len), 24)


def listed(chips: Iterable[Chip], most: int = 6) -> str:
    """Returns what chips are called, the first of them and how many more; empty of none."""
    names = list(dict.fromkeys(map(called, chips)))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def whence(record: Record) -> str:
    """Returns the note of a record's plots."""
    fake = "; a FAKE device, simulated" if record.device.backend == "fake" else ""
    limits = f", {short(', '.join(record.device.limits), 60)}" if record.device.limits else ""
    told = f"{short(record.device.name)}{limits}, {record.started_utc[:10]}"
    run = f"suite {short(record.suite, 24)}, record {short(record.id, 60)}{fake}"
    return f"{told}, {run}. Made by onpaper {short(record.program.version, 24)}."


def quantity(value: float, dimension: Dimension) -> str:
    """Returns a tick's value with its unit and no more digits than it has: ``50 TFLOP/s``."""
    number, unit = scale(value, dimension)
    return f"{number:.4g} {unit}".strip()


def log_axis(axis: "Axis", text: Callable[[float], str], most: int = MOST_TICKS) -> None:
    """Has a log axis tell round values, ``most`` at most, in words with their unit."""
    low, high = sorted(axis.get_view_interval())
    told = rounds(low, high, most)
    axis.set_ticks(told, labels=[text(one) for one in told])
    axis.set_ticks([], minor=True)


def rounds(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Returns round values from ``low`` to ``high``, both above 0, ``most`` at most."""
    first, last = math.log10(low), math.log10(high)
    powers = range(math.floor(first), math.ceil(last) + 1)
    found: list[float] = []
    for multiples in MULTIPLES:
        every = [one * 10.0**power for power in powers for one in multiples]
        found = [one for one in every if low <= one * (1 + 1e-9) and one <= high * (1 + 1e-9)]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def binary_axis(axis: "Axis") -> None:
    """Has a log axis of sizes tell powers of two: ``256 KiB``."""
    low, high = sorted(axis.get_view_interval())
    first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
    step = max(1, math.ceil((last - first) / MOST_TICKS))
    told = [2.0**power for power in range(first, last + 1) if power % step == 0]
    axis.set_ticks(told, labels=[binary(one) for one in told])
    axis.set_ticks([], minor=True)


def legend_below(axes: "Axes", columns: int, told: "Sequence[Artist] | None" = None) -> None:
    """Writes the legend beneath the axes' own label, of all that is labelled or of ``told``."""
    from matplotlib.transforms import Affine2D, ScaledTranslation

    figure = axes.get_figure(root=True)
    inches = figure.dpi_scale_trans if figure else Affine2D()
    down = ScaledTranslation(0, -LABELS_PT / 72, inches)
    axes.legend(
        handles=told, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=columns, borderaxespad=0,
        bbox_transform=axes.transAxes + down,
    )  # fmt: skip


def linear_axis(axis: "Axis", text: Callable[[float], str]) -> None:
    """Has a linear axis tell its values in words with their unit."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))


@dataclass(frozen=True)
class Label:
    """A name at a point of the data."""

    x: float
    y: float
    text: str


Box = tuple[float, float, float, float]


def place(
    axes: "Axes",
    labels: Sequence[Label],
    points: Sequence[tuple[float, float]],
    theme: "Theme",
    size_pt: tuple[float, float],
) -> None:
    """Writes names beside their points on a log-log plot, where no name and no point is.

    A name for which there is no room is left out: the rows have it.

    Args:
        axes: with its limits set.
        labels: the most important first.
        points: all that is drawn.
        theme: the colours.
        size_pt: about how wide and how high the axes are.
    """
    dots = [
        (x - DOT_PT, y - DOT_PT, x + DOT_PT, y + DOT_PT)
        for x, y in {_spot(axes, *one, size_pt) for one in points}
    ]
    names: list[Box] = []
    for one in labels:
        found = _room(_spot(axes, one.x, one.y, size_pt), one.text, (dots, names), size_pt)
        if found is None:
            continue
        (dx, dy), box = found
        names.append(box)
        side = "center" if dx == 0 else "left" if dx > 0 else "right"
        axes.annotate(
            one.text, (one.x, one.y), (dx, dy), textcoords="offset points", size=9, ha=side,
            va="center", color=theme.ink,
            arrowprops={"arrowstyle": "-", "color": theme.muted, "lw": 0.6, "shrinkB": 3},
        )  # fmt: skip


def _spot(axes: "Axes", x: float, y: float, size_pt: tuple[float, float]) -> tuple[float, float]:
    """Returns where a point is on the axes, in points from their lower left corner."""
    shares = [
        (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
        for value, (low, high) in ((x, axes.get_xlim()), (y, axes.get_ylim()))
    ]
    return shares[0] * size_pt[0], shares[1] * size_pt[1]


def _room(
    spot: tuple[float, float],
    text: str,
    taken: tuple[list[Box], list[Box]],
    size_pt: tuple[float, float],
) -> tuple[tuple[float, float], Box] | None:
    """Returns the nearest offset at which a name lies on nothing, and the box it then takes.

    Neither does the line that joins them cross another name; ``taken`` are points and names.
    """
    wide = SIGN_PT * len(text)
    for reach in REACHES:
        for right, up in TURNS:
            dx, dy = right * GAP_PT * reach, up * (GAP_PT + LINE_PT / 2) * reach
            left = spot[0] + dx - {1: 0.0, 0: wide / 2, -1: wide}[right]
            low = spot[1] + dy - LINE_PT / 2
            box = (left, low, left + wide, low + LINE_PT)
            inside = left >= 0 and low >= 0 and box[2] <= size_pt[0] and box[3] <= size_pt[1]
            joins = any(_crosses(spot, (dx, dy), name) for name in taken[1])
            if inside and not joins and not any(_meet(box, one) for each in taken for one in each):
                return (dx, dy), box
    return None


def _crosses(spot: tuple[float, float], offset: tuple[float, float], box: Box) -> bool:
    steps = [number / 8 for number in range(9)]
    line = [(spot[0] + step * offset[0], spot[1] + step * offset[1]) for step in steps]
    return any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in line)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
