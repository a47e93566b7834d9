"""Draws a picture with matplotlib: SVG and PNG, in a theme; and its rows as CSV."""

import csv
import io
import re
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.plot.picture import WIDTH, Picture
from bench.plot.theme import Theme
from bench.spreadsheet import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

DPI = 100
SHARP_DPI = 200
"""Twice the dots of the width that it is read at, for sharp screens."""
TITLE_CHARACTERS = 74
NOTE_CHARACTERS = 110
LINE_IN = 0.24
"""Height of a line of the title."""
DOCTYPE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>", re.DOTALL)


def svg(picture: Picture, theme: Theme) -> str:
    """Returns a picture as an ``<svg>`` element; text stays text, the same rows the same bytes."""
    out = io.StringIO()
    with _figure(picture, theme) as figure:
        figure.savefig(out, format="svg", dpi=72, metadata={"Date": None, "Creator": None})
    text = DOCTYPE.sub("", out.getvalue()).strip()
    for colour, variable in theme.names.items():
        text = text.replace(colour, variable)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def png(picture: Picture, theme: Theme) -> bytes:
    """Returns a picture as PNG, 1,600 pixels wide, read at 800."""
    out = io.BytesIO()
    with _figure(picture, theme) as figure:
        figure.savefig(out, format="png", dpi=SHARP_DPI, metadata={"Software": None})
    return out.getvalue()


def table(picture: Picture) -> str:
    """Returns a picture's rows as CSV, as many columns as any row has."""
    names = list(dict.fromkeys(name for row in picture.rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: guarded(value) for key, value in row.items()} for row in picture.rows)
    return out.getvalue()


@contextmanager
def _figure(picture: Picture, theme: Theme) -> "Iterator[Figure]":
    """Yields the figure drawn: its title above, whence the data come beneath."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("plots need matplotlib: pip install 'onpaper[plot]'") from None
    title = textwrap.wrap(picture.title, TITLE_CHARACTERS)
    note = textwrap.wrap(picture.note, NOTE_CHARACTERS)
    with mpl.rc_context(_style(theme)):
        height = picture.height + LINE_IN * (len(title) + 0.8 * len(note))
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        figure.suptitle("\n".join(title), x=0.012, ha="left", size=12, weight="bold")
        figure.supxlabel("\n".join(note), x=0.012, ha="left", size=7.5, color=theme.muted)
        picture.paint(figure, theme)
        yield figure


def _style(theme: Theme) -> Any:  # noqa: ANN401 -- typed by the one key at a time
    from cycler import cycler

    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "onpaper",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "text.color": theme.ink,
        "text.parse_math": False,
        "axes.labelcolor": theme.ink,
        "axes.edgecolor": theme.muted,
        "axes.facecolor": theme.paper,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=list(theme.series)),
        "figure.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "lines.linewidth": 1.6,
    }
