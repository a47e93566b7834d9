"""One file a format, all from the same rows; no format computes anything."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Format:
    """What the output of a format is for.

    Attributes:
        reader: who reads it: a person at a terminal, a program, or whoever opens it as a page.
        stacks: whether one report may follow another in one output.
        one_table: whether it has the first table alone, without lines above or below.
    """

    reader: Literal["person", "program", "page"]
    stacks: bool = False
    one_table: bool = False


FORMATS = {
    "terminal": Format("person", stacks=True),
    "github": Format("page", stacks=True),
    "plain": Format("person", stacks=True),
    "csv": Format("program", one_table=True),
    "json": Format("program"),
    "latex": Format("page"),
    "html": Format("page"),
}
"""Every format of a report, by name."""
SAMPLES = Format("program")


def format_of(style: str) -> Format:
    """Returns a format by its name; any other name is of a record's samples, for programs."""
    return FORMATS.get(style, SAMPLES)
