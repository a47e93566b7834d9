"""Draws a picture with matplotlib: SVG and PNG, in a theme; and its rows as CSV."""

import csv
import hashlib
import io
import re
import textwrap
import warnings
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.plot.picture import WIDTH, Picture
from bench.plot.theme import Theme
from bench.report.markup import one_line
from bench.report.scalar import Scalar
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
SURROUNDINGS = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>",
    re.DOTALL,
)
"""What stands around a drawing in a file; the style would be that of every drawing of a page."""
WIDE = 0x2E80
"""From this sign on signs are Chinese, or as wide."""
UNIT = re.compile(r"(?<=\d) (?=(?:[kMGTPE]?(?:FLOP|OP|B)/|[kMGTPE]i?B\b|k?W\b|[MG]Hz\b))")
"""Where a line of a title must not end: between a number and its unit."""
ROOT = re.compile(r"<svg\b[^>]*>")
TAG = re.compile(r"<[a-zA-Z][^>]*>")
ID = re.compile(r"""(\bid="|href="\#|url\(\#)""")
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "PingFang SC",
         "Microsoft YaHei", "SimHei", "Arial Unicode MS")  # fmt: skip
"""Fonts that have the Chinese signs which matplotlib's own lacks, where one is there."""


def svg(picture: Picture, theme: Theme) -> str:
    """Returns a picture as an ``<svg>`` element; text stays text, the same rows the same bytes.

    It is as wide as what it stands in, says what is to be seen, and may stand in a page beside
    others: its ids begin with the picture's name and a digest of what it shows.
    """
    out = io.StringIO()
    with _figure(picture, theme) as figure:
        figure.savefig(out, format="svg", dpi=72, metadata={"Date": None, "Creator": None})
    text = SURROUNDINGS.sub("", out.getvalue()).strip()
    prefix = f"{picture.name}-{_digest(picture)}-"
    text = TAG.sub(lambda found: ID.sub(rf"\g<1>{prefix}", found[0]), text)
    text = ROOT.sub(lambda found: _root(found[0], picture), text, count=1)
    for colour, variable in theme.names.items():
        text = text.replace(colour, variable)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def _root(tag: str, picture: Picture) -> str:
    """Returns the opening tag without a fixed size, with what a reader who sees nothing is told."""
    free = re.sub(r'\s(?:width|height)="[^"]*"', "", tag)
    told = escape(one_line(picture.alt))
    style = "stroke-linejoin: round; stroke-linecap: butt"
    return f'{free[:-1]} width="100%" role="img" aria-label="{told}" style="{style}">'


def _digest(picture: Picture) -> str:
    """Returns a digest of what is shown; the last digits, which differ by library, are not."""
    rows = [{key: _short(value) for key, value in row.items()} for row in picture.rows]
    shown = f"{picture.title}\n{picture.note}\n{rows}"
    return hashlib.sha256(shown.encode()).hexdigest()[:8]


def _short(value: Scalar) -> Scalar:
    return f"{value:.6g}" if isinstance(value, float) else value


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
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in picture.rows)
    return out.getvalue()


def _cell(value: Scalar) -> Scalar:
    return guarded(one_line(value)) if isinstance(value, str) else value


def _wrapped(text: str, characters: int) -> list[str]:
    """Returns text in lines; Chinese signs are twice as wide as others."""
    return textwrap.wrap(text, characters if _is_narrow(text) else characters // 2)


def needed() -> None:
    """Sees whether there is what plots are drawn with.

    Raises:
        UsageError: there is not; the message names what to install.
    """
    if find_spec("matplotlib") is None:
        raise UsageError("plots need matplotlib: pip install 'onpaper[plot]'")


@contextmanager
def _figure(picture: Picture, theme: Theme) -> "Iterator[Figure]":
    """Yields the figure drawn: its title above, whence the data come beneath.

    A page whose colours it takes sets both in its own letters.
    """
    needed()
    import matplotlib as mpl
    from matplotlib.figure import Figure

    words = picture if not theme.names else replace(picture, title="", note="")  # the page tells
    title = _wrapped(UNIT.sub("\N{NO-BREAK SPACE}", one_line(words.title)), TITLE_CHARACTERS)
    note = _wrapped(one_line(words.note), NOTE_CHARACTERS)
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from")  # shown as a box
        mpl.rcdefaults()  # whatever a user's own style says
        mpl.rcParams.update(_style(theme, foreign=not _is_latin(picture)))
        height = picture.height + LINE_IN * (len(title) + 0.8 * len(note))
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        if title:
            figure.suptitle("\n".join(title), x=0.012, ha="left", size=12, weight="bold")
        if note:
            figure.supxlabel("\n".join(note), x=0.012, ha="left", size=9, color=theme.muted)
        picture.paint(figure, theme)
        yield figure


def _is_latin(picture: Picture) -> bool:
    words = (str(one) for row in picture.rows for one in row.values() if isinstance(one, str))
    return all(map(_is_narrow, (picture.title, picture.note, *words)))


def _is_narrow(text: str) -> bool:
    return all(ord(sign) < WIDE for sign in text)


def _fonts(*, foreign: bool) -> list[str]:
    """Returns matplotlib's own font, and one that has Chinese signs where there are any."""
    if not foreign:
        return ["DejaVu Sans"]
    from matplotlib.font_manager import fontManager

    there = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(one for one in FONTS if one in there)]


def _style(theme: Theme, *, foreign: bool) -> Any:  # noqa: ANN401 -- typed by the one key at a time
    from cycler import cycler

    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "onpaper",
        "font.family": "sans-serif",
        "font.sans-serif": _fonts(foreign=foreign),
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
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.unicode_minus": False,
        "hatch.linewidth": 0.7,
        "patch.edgecolor": theme.ink,
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
        "legend.fontsize": 9,
        "legend.labelcolor": theme.ink,
        "lines.linewidth": 1.6,
    }
