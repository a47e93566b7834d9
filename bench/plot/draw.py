"""Draws a picture with matplotlib as SVG or PNG in a theme, and writes its rows as CSV."""

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
from bench.files.spreadsheet import guarded
from bench.plot.picture import WIDTH, Picture
from bench.plot.theme import Theme
from bench.report.text.markup import one_line
from bench.report.text.scalar import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

DPI = 100
SHARP_DPI = 200
"""Resolution of PNG files, dots per inch: twice the displayed one, for sharp screens."""
TITLE_CHARACTERS = 74
NOTE_CHARACTERS = 110
"""Characters per line of the title and of the note."""
LINE_IN = 0.24
"""Height of one line of the title, inches."""
NOT_DRAWING = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>",
    re.DOTALL,
)
"""Parts of an SVG file outside the drawing; in a page, the style would apply to every drawing."""
FIRST_WIDE = 0x2E80
"""Code point from which characters are Chinese, or as wide as Chinese characters."""
UNIT_SPACE = re.compile(r"(?<=\d) (?=(?:[kMGTPE]?(?:FLOP|OP|B)/|[kMGTPE]i?B\b|k?W\b|[MG]Hz\b))")
"""The space between a number and its unit, where a title's line must not break."""
ROOT_TAG = re.compile(r"<svg\b[^>]*>")
TAG = re.compile(r"<[a-zA-Z][^>]*>")
ID = re.compile(r"""(\bid="|href="\#|url\(\#)""")
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "PingFang SC",
         "Microsoft YaHei", "SimHei", "Arial Unicode MS")  # fmt: skip
"""Fonts with the Chinese characters that matplotlib's own font lacks; installed ones are used."""


def svg(picture: Picture, theme: Theme) -> str:
    """Returns a picture as an ``<svg>`` element; text stays text, equal rows give equal bytes.

    The element fills the width of its container and has a text description. Several fit in one
    page: their ids begin with the picture's name and a digest of its content.
    """
    out = io.StringIO()
    with _figure(picture, theme) as figure:
        figure.savefig(out, format="svg", dpi=72, metadata={"Date": None, "Creator": None})
    text = NOT_DRAWING.sub("", out.getvalue()).strip()
    prefix = f"{picture.name}-{_digest(picture)}-"
    text = TAG.sub(lambda found: ID.sub(rf"\g<1>{prefix}", found[0]), text)
    text = ROOT_TAG.sub(lambda found: _root_tag(found[0], picture), text, count=1)
    for colour, variable in theme.names.items():
        text = text.replace(colour, variable)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def _root_tag(tag: str, picture: Picture) -> str:
    """Returns the ``<svg>`` tag without a fixed size, with a description for screen readers."""
    free = re.sub(r'\s(?:width|height)="[^"]*"', "", tag)
    description = escape(one_line(picture.alt))
    style = "stroke-linejoin: round; stroke-linecap: butt"
    return f'{free[:-1]} width="100%" role="img" aria-label="{description}" style="{style}">'


def _digest(picture: Picture) -> str:
    """Returns a digest of title, note and rows, without last digits, which differ by library."""
    rows = [{key: _rounded(value) for key, value in row.items()} for row in picture.rows]
    shown = f"{picture.title}\n{picture.note}\n{rows}"
    return hashlib.sha256(shown.encode()).hexdigest()[:8]


def _rounded(value: Scalar) -> Scalar:
    return f"{value:.6g}" if isinstance(value, float) else value


def png(picture: Picture, theme: Theme) -> bytes:
    """Returns a picture as PNG, 1,600 pixels wide, to be displayed at 800."""
    out = io.BytesIO()
    with _figure(picture, theme) as figure:
        figure.savefig(out, format="png", dpi=SHARP_DPI, metadata={"Software": None})
    return out.getvalue()


def table(picture: Picture) -> str:
    """Returns a picture's rows as CSV, with a column for each key that any row has."""
    names = list(dict.fromkeys(name for row in picture.rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in picture.rows)
    return out.getvalue()


def _cell(value: Scalar) -> Scalar:
    return guarded(one_line(value)) if isinstance(value, str) else value


def _wrapped(text: str, characters: int) -> list[str]:
    """Returns text wrapped into lines, half as many characters each if some are Chinese."""
    return textwrap.wrap(text, characters if _is_narrow(text) else characters // 2)


def require_matplotlib() -> None:
    """Checks that matplotlib is installed.

    Raises:
        UsageError: it is not; the message says what to install.
    """
    if find_spec("matplotlib") is None:
        raise UsageError("plots need matplotlib: pip install 'onpaper[plot]'")


@contextmanager
def _figure(picture: Picture, theme: Theme) -> "Iterator[Figure]":
    """Yields the drawn figure, with the title above it and the note on the data's origin below.

    With a page's theme title and note are left out, because the page itself prints them.
    """
    require_matplotlib()
    import matplotlib as mpl
    from matplotlib.figure import Figure

    captioned = replace(picture, title="", note="") if theme.names else picture
    unbroken = UNIT_SPACE.sub("\N{NO-BREAK SPACE}", one_line(captioned.title))
    title = _wrapped(unbroken, TITLE_CHARACTERS)
    note = _wrapped(one_line(captioned.note), NOTE_CHARACTERS)
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from")  # shown as a box
        mpl.rcdefaults()  # whatever a user's own style says
        mpl.rcParams.update(_style_of(theme, wide=not _is_latin(picture)))
        height = picture.height + LINE_IN * (len(title) + 0.8 * len(note))
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        if title:
            figure.suptitle("\n".join(title), x=0.012, ha="left", size=12, weight="bold")
        if note:
            figure.supxlabel("\n".join(note), x=0.012, ha="left", size=9, color=theme.muted)
        picture.paint(figure, theme)
        yield figure


def _is_latin(picture: Picture) -> bool:
    texts = (str(value) for row in picture.rows for value in row.values() if isinstance(value, str))
    return all(map(_is_narrow, (picture.title, picture.note, *texts)))


def _is_narrow(text: str) -> bool:
    return all(ord(character) < FIRST_WIDE for character in text)


def _fonts(*, wide: bool) -> list[str]:
    """Returns matplotlib's own font, followed by installed Chinese fonts if they are needed."""
    if not wide:
        return ["DejaVu Sans"]
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(one for one in FONTS if one in installed)]


LAYOUT: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "onpaper",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.parse_math": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.unicode_minus": False,
    "hatch.linewidth": 0.7,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
}
"""matplotlib's settings that are the same in every theme."""


def _style_of(theme: Theme, *, wide: bool) -> Any:  # noqa: ANN401 -- the keys' types differ
    """Returns matplotlib's settings for a theme, with Chinese fonts if text is wide."""
    from cycler import cycler

    return {
        **LAYOUT,
        "font.sans-serif": _fonts(wide=wide),
        "text.color": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.edgecolor": theme.muted,
        "axes.facecolor": theme.paper,
        "patch.edgecolor": theme.ink,
        "axes.prop_cycle": cycler(color=list(theme.series)),
        "figure.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "grid.color": theme.grid,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink,
        "legend.labelcolor": theme.ink,
    }
