"""Help of commands, fitted to the width of a terminal: hanging columns stay, examples are whole."""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from bench.report.text.screen import NARROWEST, WIDEST, is_terminal

ENTRY = re.compile(r"( *\S.* {2,})(?=\S)")
"""All before the last column of a line: a key, and in a list within its text a word, too."""
WHOLE = ("python -m bench", "torchrun")


@dataclass
class _Block:
    """Lines that are one text: the first is ``prefix`` and text, the others hang below it."""

    prefix: str
    hang: int
    lines: list[str]

    def takes(self, line: str, width: int) -> bool:
        """Adds a line if it belongs to this text; returns whether it does."""
        indent = _indent(line)
        is_second = len(self.lines) == 1 and len(self.lines[0]) > width
        hangs = indent == self.hang or (is_second and indent > _indent(self.lines[0]))
        if ENTRY.match(line) or not hangs:
            return False
        self.hang = indent
        self.lines.append(line)
        return True

    def fitted(self, width: int) -> Iterator[str]:
        """Yields the lines as they are if they fit, else wrapped anew."""
        if all(len(line) <= width for line in self.lines):
            yield from self.lines
            return
        first, *others = self.lines
        yield from textwrap.wrap(
            " ".join([first[len(self.prefix) :], *map(str.strip, others)]),
            width,
            initial_indent=self.prefix,
            subsequent_indent=" " * self.hang,
            break_long_words=False,
            break_on_hyphens=False,
        )


def print_help(text: str) -> None:
    """Prints a command's help, on a terminal in its width."""
    if is_terminal(sys.stdout):
        text = fitted(text, shutil.get_terminal_size((WIDEST, 24)).columns)
    print(text, end="")


def fitted(text: str, width: int) -> str:
    """Returns help in ``width`` characters, at least 60; commands and examples stay whole."""
    width = max(NARROWEST, width)
    return "".join(f"{line}\n" for line in _lines(text.splitlines(), width))


def _lines(lines: list[str], width: int) -> Iterator[str]:
    block, examples = None, False
    for line in lines:
        examples = bool(line) and (examples or line == "Examples")
        if block and line and not examples and block.takes(line, width):
            continue
        if block:
            yield from block.fitted(width)
        is_whole = not line or examples or line.startswith(WHOLE)
        block = None if is_whole else _begun(line)
        if is_whole:
            yield line
    if block:
        yield from block.fitted(width)


def _begun(line: str) -> _Block:
    entry = ENTRY.match(line)
    prefix = entry[0] if entry else " " * _indent(line)
    return _Block(prefix, len(prefix), [line])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
