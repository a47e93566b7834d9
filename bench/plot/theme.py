"""Colours of a plot: light, dark, and a theme whose colours are CSS variables of a web page."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import check_known


@dataclass(frozen=True)
class Theme:
    """The colours of one plot, as matplotlib takes them.

    Attributes:
        name: name of the theme.
        paper: background; ``none`` for a transparent one.
        ink: text, axes and published values.
        muted: less prominent text: tick labels, remarks.
        grid: grid lines.
        series: measured values, one colour per series; distinguishable with impaired colour vision
            (Okabe and Ito's set, lightened or darkened for contrast with the paper).
        names: CSS variable that replaces each colour; empty if the colours are final.
    """

    name: str
    paper: str
    ink: str
    muted: str
    grid: str
    series: tuple[str, ...]
    names: Mapping[str, str]


LIGHT = Theme(
    "light", "#ffffff", "#1b1f24", "#57606a", "#d8dee4",
    ("#0067a3", "#c24a00", "#007a5a", "#9a4f83", "#8a6a00", "#2f7fb5"), {},
)  # fmt: skip
DARK = Theme(
    "dark", "#0d1117", "#e6edf3", "#9da7b1", "#30363d",
    ("#56b4e9", "#f0883e", "#2fc59a", "#e0a0cc", "#e8c33c", "#9ecbff"), {},
)  # fmt: skip
PAGE = Theme(
    "page", "none", "#010001", "#010002", "#010003",
    ("#020001", "#020002", "#020003", "#020004", "#020005", "#020006"),
    {
        "#010001": "var(--ink)", "#010002": "var(--muted)", "#010003": "var(--line)",
        **{f"#02000{number}": f"var(--series-{number})" for number in range(1, 7)},
    },
)  # fmt: skip
"""Theme of web pages: unique placeholder colours, each replaced by a CSS variable of the page."""

THEMES = {one.name: one for one in (LIGHT, DARK)}


def theme(name: str) -> Theme:
    """Returns the theme with this name.

    Raises:
        UsageError: there is no such theme.
    """
    check_known("theme", name, THEMES)
    return THEMES[name]
