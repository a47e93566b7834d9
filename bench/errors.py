"""The errors a person can act on; each says what, where and what to do next."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class OnpaperError(Exception):
    """Base of the errors that are printed as one line, without a traceback."""

    exit_code = 1


class UsageError(OnpaperError):
    """A word on the command line that means nothing here; nothing was started."""

    exit_code = 2


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
        place = f"{self.file}: {self.field}" if self.field else self.file
        return f"{place}: {self.problem}; {self.fix}"


class DataError(OnpaperError):
    """Faults in data files, all of them, collected before any was raised."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns ``did you mean 'x'?`` for the nearest known word, or the list of known words."""
    words = sorted(set(known))
    near = difflib.get_close_matches(word.lower(), words, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(repr(one) for one in near) + "?"
    shown = ", ".join(words[:12])
    return f"choose from: {shown}{', ...' if len(words) > 12 else ''}"
