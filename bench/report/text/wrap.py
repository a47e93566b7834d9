"""Wraps text into lines of limited width, counted in columns of a terminal, not in characters."""

import re
from collections.abc import Iterator

GLUE = "\N{NO-BREAK SPACE}"
"""Stands between a number and its unit while a text is wrapped."""
UNIT = re.compile(
    r"(?<=\d) (?=(?:[kKMGTPE]i?)?(?:FLOP|OP|B|Hz|W|bit|s|ms|µs|ns|h|USD|CNY|mm²|°C)(?![A-Za-z]))"
)
"""The blank between a number and its unit, where a line is broken only as a last resort."""
JOINT = re.compile(r"(?<=[-_/.,;:=&?+])(?=[^-_/.,;:=&?+])")
"""The places at which a word that is too long is broken: after a punctuation mark within it."""


def width_of(text: str) -> int:
    """Returns how many columns a text takes: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def glued(text: str) -> str:
    """Returns ``text`` with no-break spaces between numbers and their units."""
    return UNIT.sub(GLUE, text)


def wrapped(text: str, width: int, hang: int = 0, *, addresses: bool = False) -> list[str]:
    """Returns a text as lines of at most ``width`` columns; an empty text as one empty line.

    Args:
        text: one line of text.
        width: width in columns, at least two.
        hang: indentation of all lines but the first, which is part of the width.
        addresses: whether web addresses stay whole, however wide, so that they can be copied.
    """
    indent = " " * min(hang, width // 2)
    lines, line = [], ""
    for gap, word in _fitting(glued(text), width - len(indent), addresses=addresses):
        longer = f"{line}{gap}{word}" if line.strip() else f"{line}{word}"
        if line.strip() and width_of(longer) > width:
            lines.append(line)
            longer = f"{indent}{word}"
        line = longer
    return [one.replace(GLUE, " ") for one in (*lines, line)]


def longest_word(text: str) -> int:
    """Returns the width in columns of the longest part of a text that is better not broken."""
    return max(map(width_of, glued(text).split(" ")), default=0)


def _fitting(text: str, width: int, *, addresses: bool) -> Iterator[tuple[str, str]]:
    """Yields the words of a text, each with the gap before it; words that are too long in parts."""
    for word in text.split(" "):
        if width_of(word) <= width or (addresses and "://" in word):
            yield " ", word
        elif GLUE in word:
            yield from _fitting(word.replace(GLUE, " "), width, addresses=addresses)
        else:
            yield from ((" " if not number else "", part) for number, part in _parts(word, width))


def _parts(word: str, width: int) -> Iterator[tuple[int, str]]:
    """Yields a word in numbered parts, broken after a punctuation mark within it if possible."""
    part, number = "", 0
    for piece in JOINT.split(word):
        if part and width_of(part) + width_of(piece) > width:
            yield number, part
            part, number = "", number + 1
        part += piece
        while width_of(part) > width:
            first = head(part, width)
            yield number, first
            part, number = part[len(first) :], number + 1
    if part:
        yield number, part


def head(text: str, width: int) -> str:
    """Returns the beginning of a text that fits into ``width`` columns, at least one character."""
    if text[:width].isascii():
        return text[:width]
    end, used = 0, 0
    for character in text:
        used += width_of(character)
        if used > width:
            break
        end += 1
    return text[: max(end, 1)]
