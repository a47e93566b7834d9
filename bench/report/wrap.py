"""Words into lines that are never too wide: by columns of a terminal, not by characters."""

import re
from collections.abc import Iterator

GLUE = "\N{NO-BREAK SPACE}"
UNIT = re.compile(
    r"(?<=\d) (?=(?:[kKMGTPE]i?)?(?:FLOP|OP|B|Hz|W|bit|s|ms|µs|ns|h|USD|CNY|mm²|°C)(?![A-Za-z]))"
)
"""The blank between a number and its unit, at which a line is broken last of all."""
JOINT = re.compile(r"(?<=[-_/.,;:=&?+])(?=[^-_/.,;:=&?+])")
"""Where a word that is too long is best broken: after a sign within it."""


def width_of(text: str) -> int:
    """Returns how many columns a text takes: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def glued(text: str) -> str:
    """Returns ``text`` with its numbers bound to their units."""
    return UNIT.sub(GLUE, text)


def wrapped(text: str, width: int, hang: int = 0, *, addresses: bool = False) -> list[str]:
    """Returns a text as lines of at most ``width`` columns; no line is lost if it is empty.

    Args:
        text: one line.
        width: columns, two at least.
        hang: blanks before every line but the first, counted in.
        addresses: whether those of pages are left whole, however wide, to be copied.
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
    """Returns the columns of the longest part of a text that is better not broken."""
    return max(map(width_of, glued(text).split(" ")), default=0)


def _fitting(text: str, width: int, *, addresses: bool) -> Iterator[tuple[str, str]]:
    """Yields the words of a text with what stands before them, those too long in parts."""
    for word in text.split(" "):
        if width_of(word) <= width or (addresses and "://" in word):
            yield " ", word
        elif GLUE in word:
            yield from _fitting(word.replace(GLUE, " "), width, addresses=addresses)
        else:
            yield from ((" " if not number else "", part) for number, part in _parts(word, width))


def _parts(word: str, width: int) -> Iterator[tuple[int, str]]:
    """Yields a word in numbered parts, broken after a sign within it if there is one."""
    held, number = "", 0
    for piece in JOINT.split(word):
        if held and width_of(held) + width_of(piece) > width:
            yield number, held
            held, number = "", number + 1
        held += piece
        while width_of(held) > width:
            first = head(held, width)
            yield number, first
            held, number = held[len(first) :], number + 1
    if held:
        yield number, held


def head(text: str, width: int) -> str:
    """Returns as much of a text as fits, one character at least."""
    if text[:width].isascii():
        return text[:width]
    end, used = 0, 0
    for one in text:
        used += width_of(one)
        if used > width:
            break
        end += 1
    return text[: max(end, 1)]
