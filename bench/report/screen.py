"""What a text is set for: how wide, with which signs, in colour or not."""

import codecs
import os
import shutil
import sys
from dataclasses import dataclass
from typing import TextIO

NARROWEST, WIDEST = 60, 100
FULL, ASCII_FULL = "█", "#"
EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Screen:
    """Where text is shown.

    Attributes:
        width: columns of a line, the longest that is printed.
        colour: whether colours may be used.
        encoding: of the stream.
        errors: what is done with a sign that the encoding lacks, as Python's codecs name it.
    """

    width: int = WIDEST
    colour: bool = False
    encoding: str = "utf-8"
    errors: str = "replace"

    def spelled(self, text: str) -> str:
        """Returns ``text`` as it will be printed, so that its width can be told beforehand."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            told = "replace" if self.errors == "strict" else self.errors
            return text.encode(self.encoding, told).decode(self.encoding)
        return text

    @property
    def blocks(self) -> bool:
        """Tells whether bars can be drawn of blocks as fine as an eighth of a column."""
        try:
            f"{FULL}{EIGHTHS}│▶─".encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True


def screen_of(stream: TextIO | None) -> Screen:
    """Returns the screen that a stream is shown on; what is no terminal has ``WIDEST`` columns."""
    shown = is_terminal(stream)
    columns = shutil.get_terminal_size((WIDEST, 24)).columns if shown else WIDEST
    return Screen(
        max(NARROWEST, min(WIDEST, columns)),
        _in_colour(shown=shown),
        _known(getattr(stream, "encoding", None)),
        getattr(stream, "errors", None) or "replace",
    )


def here() -> Screen:
    """Returns the screen that standard output is shown on."""
    return screen_of(sys.stdout)


def is_terminal(stream: TextIO | None) -> bool:
    """Tells whether somebody looks at a stream; one that is closed, or none, is no terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def _in_colour(*, shown: bool) -> bool:
    """Tells whether colours are wanted: NO_COLOR, then FORCE_COLOR, then what the terminal is."""
    if os.environ.get("NO_COLOR"):
        return False
    if forced := os.environ.get("FORCE_COLOR"):
        return forced not in ("0", "false")
    return shown and os.environ.get("TERM", "") not in ("dumb", "")


def _known(encoding: str | None) -> str:
    try:
        return codecs.lookup(encoding or "utf-8").name
    except LookupError:
        return "utf-8"
