"""The errors a person can act on; each says what, where and what to do next."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 2_000
"""Characters of a message; one that is longer quotes more of the input than anybody reads."""
PIECE = 500
"""Characters of one part of a fault."""
PART = 3
"""Characters of a word from which on a longer one that holds it is near to it."""


def plainly(text: object, most: int = LONGEST) -> str:
    """Returns ``text`` as one line of printable characters, the middle cut out of what is long.

    A message may quote what was read, and that comes from outside: no line break of its may pass
    for another message, no control character may reach a terminal.
    """
    told = str(text)
    if len(told) > most:
        told = f"{told[: most * 2 // 3]} ... {told[len(told) - most // 4 :]}"
    if told.isprintable():
        return told
    return " ".join("".join(one if one.isprintable() else " " for one in told).split())


def first_line(error: object, most: int = 200) -> str:
    """Returns what an error says first, its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:most]


class OnpaperError(Exception):
    """Base of the errors that are printed as one line, without a traceback.

    Attributes:
        exit_code: with which a command ends; 2 is bad input, found before any work.
    """

    exit_code = 1

    def __init__(self, message: object = "") -> None:
        super().__init__(plainly(message))


class UsageError(OnpaperError):
    """A word on the command line that means nothing here; nothing was started."""

    exit_code = 2


Flaw = tuple[str, str, str]
"""Field, problem and fix of a :class:`Fault` whose file is known."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one data file.

    Attributes:
        file: path of the file, relative to the data folder.
        field: dotted path of the field, empty for the file as a whole.
        problem: what is wrong there.
        fix: what would mend it.
    """

    file: str
    field: str
    problem: str
    fix: str

    def __str__(self) -> str:
        """Renders the fault on one line."""
        told = (self.file, self.field, self.problem, self.fix)
        file, field, problem, fix = (plainly(one, PIECE) for one in told)
        place = f"{file}: {field}" if field else file
        return f"{place}: {problem}; {fix}"


FEW = 3
"""So many faults of a file are told one by one; of more the first, and how many there are."""


class DataError(OnpaperError):
    """Faults in data files, all of them, collected before any was raised."""

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        files: dict[str, list[str]] = {}
        for fault in self.faults:
            files.setdefault(fault.file, []).append(str(fault))
        lines = [line for told in files.values() for line in _shortened(told)]
        Exception.__init__(self, "\n".join(lines))  # a line each


def _shortened(lines: list[str]) -> list[str]:
    return lines if len(lines) <= FEW else [lines[0], f"and {len(lines) - 1} more"]


def did_you_mean(word: str, known: Iterable[str], usual: Iterable[str] = ()) -> str:
    """Returns ``did you mean 'x'?`` for the nearest known words, or what there is.

    Args:
        word: what was typed.
        known: the words that would have meant something.
        usual: those that are shown, in this order, where none is near and none holds the word.
    """
    words = sorted(set(known))
    shown = [*usual] or words[:12]
    listed = f"choose from: {', '.join(shown)}{', ...' if len(words) > len(shown) else ''}"
    return nearest(word, words) or listed


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns ``did you mean 'x'?`` for the nearest known words, empty where none is near.

    The nearest is one that begins with the word, where it is long enough and no two do; where none
    is written alike, those that hold the word are near.
    """
    words, wanted = sorted(set(known)), word.lower()
    near = difflib.get_close_matches(wanted, words, n=3, cutoff=0.5)
    begun = [one for one in words if one.startswith(wanted)] if len(wanted) >= PART else []
    if len(begun) == 1:
        near = [*begun, *(one for one in near if one not in begun)][:3]
    if not near and len(wanted) >= PART:
        near = [one for one in words if wanted in one][:3]
    return "did you mean " + " or ".join(repr(one) for one in near) + "?" if near else ""
