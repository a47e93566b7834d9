"""Errors that a user can act on: each says what is wrong, where, and what to do next."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Loaded = TypeVar("Loaded")

LONGEST = 2_000
"""Most characters of a message; a longer one quotes more of the input than anybody reads."""
PIECE = 500
"""Most characters of one part of a fault."""
PART = 3
"""Fewest characters of a word for which longer words that contain it are suggested."""


def plainly(text: object, most: int = LONGEST) -> str:
    """Returns ``text`` as one line of printable characters; long text loses its middle.

    A message may quote input from outside: a line break in it must not pass for another message,
    and no control character may reach a terminal.
    """
    line = str(text)
    if len(line) > most:
        line = f"{line[: most * 2 // 3]} ... {line[len(line) - most // 4 :]}"
    if line.isprintable():
        return line
    return " ".join("".join(sign if sign.isprintable() else " " for sign in line).split())


def first_line(error: object, most: int = 200) -> str:
    """Returns the first line of an error's message, or its class name if it has none."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:most]


class OnpaperError(Exception):
    """Base class of errors that are printed as one line, without a traceback.

    Attributes:
        exit_code: exit code of the command; 2 means bad input, found before any work.
    """

    exit_code = 1

    def __init__(self, message: object = "") -> None:
        super().__init__(plainly(message))


class UsageError(OnpaperError):
    """An invalid word on the command line; nothing was started."""

    exit_code = 2


Flaw = tuple[str, str, str]
"""Field, problem and fix of a :class:`Fault`, without the file."""


@dataclass(frozen=True)
class Fault:
    """One error in one data file.

    Attributes:
        file: path of the file, relative to the data folder.
        field: dotted path of the field; empty for the file as a whole.
        problem: what is wrong there.
        fix: what would correct it.
    """

    file: str
    field: str
    problem: str
    fix: str

    def __str__(self) -> str:
        """Renders the fault on one line."""
        parts = (self.file, self.field, self.problem, self.fix)
        file, field, problem, fix = (plainly(part, PIECE) for part in parts)
        place = f"{file}: {field}" if field else file
        return f"{place}: {problem}; {fix}"


FEW = 3
"""Up to this many faults of a file are listed; of more, the first and the number of the others."""


class DataError(OnpaperError):
    """All faults of the data files, collected before any was raised."""

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        files: dict[str, list[str]] = {}
        for fault in self.faults:
            files.setdefault(fault.file, []).append(str(fault))
        lines = [line for texts in files.values() for line in _shortened(texts)]
        Exception.__init__(self, "\n".join(lines))  # plainly() would join them into one line


def sound(loaded: Loaded, faults: Sequence[Fault]) -> Loaded:
    """Returns what was loaded.

    Raises:
        DataError: with every fault, when there is any.
    """
    if faults:
        raise DataError(faults)
    return loaded


def _shortened(lines: list[str]) -> list[str]:
    return lines if len(lines) <= FEW else [lines[0], f"and {len(lines) - 1} more"]


def first_of(lines: Sequence[str]) -> str:
    """Returns the first line, and in brackets how many more there are."""
    return f"{lines[0]} (and {len(lines) - 1} more)" if len(lines) > 1 else lines[0]


def check_known(name: str, word: str | None, known: Iterable[str]) -> None:
    """Raises, naming the nearest known word, if ``word`` is given and is not a known one.

    Raises:
        UsageError: ``word`` is none of ``known``.
    """
    known = tuple(known)
    if word is not None and word not in known:
        raise UsageError(f"no {name} {word!r}: {did_you_mean(word, known)}")


def did_you_mean(word: str, known: Iterable[str], usual: Iterable[str] = ()) -> str:
    """Returns ``did you mean 'x'?`` for the nearest known words, or else a list of the choices.

    Args:
        word: what was typed.
        known: the valid words.
        usual: the choices to list, in this order, if no known word is near.
    """
    words = sorted(set(known))
    shown = [*usual] or words[:12]
    listed = f"choose from: {', '.join(shown)}{', ...' if len(words) > len(shown) else ''}"
    return nearest(word, words) or listed


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns ``did you mean 'x'?`` for the nearest known words; empty if none is near.

    A word that starts with the typed one comes first, if it is the only such word and at least
    ``PART`` characters were typed. If no word has a similar spelling, those that contain the typed
    one are suggested.
    """
    words, wanted = sorted(set(known)), word.lower()
    near = difflib.get_close_matches(wanted, words, n=3, cutoff=0.5)
    begun = [one for one in words if one.startswith(wanted)] if len(wanted) >= PART else []
    if len(begun) == 1:
        near = [*begun, *(one for one in near if one not in begun)][:3]
    if not near and len(wanted) >= PART:
        near = [one for one in words if wanted in one][:3]
    return "did you mean " + " or ".join(repr(one) for one in near) + "?" if near else ""
