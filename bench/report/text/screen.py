"""The properties of an output stream that decide how text is rendered: width, encoding, colour."""

import codecs
import os
import shutil
import sys
from dataclasses import dataclass
from typing import TextIO

NARROWEST, WIDEST = 60, 100
"""Limits of the width, in columns."""
FULL, ASCII_FULL = "█", "#"
"""A column of a bar, and its ASCII replacement."""
EIGHTHS = " ▏▎▍▌▋▊▉"
"""Bars of zero to seven eighths of a column."""


@dataclass(frozen=True)
class Screen:
    """Properties of a stream on which text is shown.

    Attributes:
        width: maximum width of a line, in columns.
        colour: whether colours may be used.
        encoding: the stream's encoding.
        errors: the stream's codec error handler, for characters that the encoding lacks.
        drawn: whether there are bars, marks and lines drawn of block characters.
        addresses: whether web addresses stay whole, however wide, so that they can be copied.
    """

    width: int = WIDEST
    colour: bool = False
    encoding: str = "utf-8"
    errors: str = "replace"
    drawn: bool = True
    addresses: bool = False

    def encodable(self, text: str) -> str:
        """Returns ``text`` as it will be printed, so that its width is known beforehand."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            handler = "replace" if self.errors == "strict" else self.errors
            return text.encode(self.encoding, handler).decode(self.encoding)
        return text

    @property
    def blocks(self) -> bool:
        """Returns whether the encoding has the block characters of bars, down to 1/8 column."""
        if not self.drawn:
            return False
        try:
            f"{FULL}{EIGHTHS}│▶─".encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True


def screen_of(stream: TextIO | None) -> Screen:
    """Returns the properties of a stream; one that is not a terminal has ``WIDEST`` columns."""
    terminal = is_terminal(stream)
    columns = shutil.get_terminal_size((WIDEST, 24)).columns if terminal else WIDEST
    return Screen(
        max(NARROWEST, min(WIDEST, columns)),
        _in_colour(terminal=terminal),
        _known(getattr(stream, "encoding", None)),
        getattr(stream, "errors", None) or "replace",
    )


def here() -> Screen:
    """Returns the properties of standard output."""
    return screen_of(sys.stdout)


def is_terminal(stream: TextIO | None) -> bool:
    """Tells whether a stream is a terminal; a closed stream, or none, is not."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def _in_colour(*, terminal: bool) -> bool:
    """Tells whether to use colours: by NO_COLOR, then FORCE_COLOR, then the terminal's type."""
    if os.environ.get("NO_COLOR"):
        return False
    if forced := os.environ.get("FORCE_COLOR"):
        return forced not in ("0", "false")
    return terminal and os.environ.get("TERM", "") not in ("dumb", "")


def _known(encoding: str | None) -> str:
    """Returns the codec's name of an encoding, UTF-8 if Python does not know it."""
    try:
        return codecs.lookup(encoding or "utf-8").name
    except LookupError:
        return "utf-8"
