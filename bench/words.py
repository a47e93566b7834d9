"""Text between values: counts with their noun, lists, sentences, durations."""

from collections.abc import Iterable, Sequence

from bench.units import significant


def counted(count: float, noun: str) -> str:
    """Formats ``1 request`` or ``2,048 requests``."""
    return f"{count:,.0f} {noun}{'s' if count != 1 else ''}"


def listed(words: Iterable[str], joint: str = "and") -> str:
    """Formats ``a``, ``a and b`` or ``a, b and c``; nothing for no words."""
    *first, last = [*words] or [""]
    return f"{', '.join(first)} {joint} {last}" if first else last


def some_of(
    words: Sequence[str], most: int, between: str = ", ", more: str = " and {} more"
) -> str:
    """Returns the first ``most`` words in a line, and how many more there are.

    Args:
        words: the words.
        most: how many of them are named.
        between: what stands between two words.
        more: the end of a line with words left out, with ``{}`` for their number.
    """
    rest = more.format(len(words) - most) if len(words) > most else ""
    return f"{between.join(words[:most])}{rest}"


def capital(text: str) -> str:
    """Returns a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Returns a text as a sentence: a capital first letter and a full stop."""
    return f"{capital(text)}."


def duration(seconds: float, digits: int = 3) -> str:
    """Formats a time in s, ms or µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{significant(seconds / size, digits)} {unit}"
    return f"{significant(seconds * 1e6, digits)} µs"
