"""Names of chips and countries: how they are compared, and which names are allowed."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from difflib import SequenceMatcher

from bench.chips.groups import APART, GROUPS
from bench.chips.model import Chip
from bench.errors import Fault

TYPED = ("id", "aliases", "local_name")
"""The names that users type; a title may contain a comma, since it can be quoted."""
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]")
"""Printable characters that are invisible: fillers, joiners, variation selectors."""

JOINS = re.compile(r"[ _‐‑–-]")
"""Blanks, hyphens and underscores."""

SHORT, CLOSE = 5, 0.55
"""Characters of a short word, and how similar a name has to be to it, of 1."""


def plain(name: str) -> str:
    """Returns a name normalised for comparison: width, case and blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def loose(name: str) -> str:
    """Returns a name without blanks, hyphens and underscores, which people mix: ``910 C``."""
    return JOINS.sub("", plain(name))


def alike(word: str, names: Iterable[str]) -> list[str]:
    """Returns the names that a normalised word may be a misspelling of.

    Of a short word, such as a model number, only those that begin with the same character and are
    close: ``a16`` is no misspelt ``va16``, nor ``thor`` a ``trn4``.
    """
    if len(word) > SHORT:
        return list(names)
    same = (name for name in names if name[:1] == word[:1])
    return [name for name in same if SequenceMatcher(None, word, name).ratio() >= CLOSE]


def beginning(names: Iterable[str], word: str) -> list[str]:
    """Returns the names that go on after a word and a join: as it is typed, else with any join."""
    every = list(names)
    as_typed = [name for name in every if name.startswith((f"{word}-", f"{word} "))]
    start = f"{JOINS.sub('-', word)}-"
    return as_typed or [name for name in every if JOINS.sub("-", name).startswith(start)]


def pattern(word: str) -> re.Pattern[str]:
    """Returns a regular expression for plain names that match ``*`` and ``?`` as a whole.

    Joining characters may differ or be missing: ``rtx pro*`` is ``rtxpro*``. They count between
    two digits, where they separate numbers, and beside a ``*``: ``*-b200`` is not ``gb200``.
    """
    first, *rest = (_piece(one) for one in re.split(r"\*+", plain(word)))
    middle = "".join(f"(?>.*?{one})" for one in rest[:-1])  # atomic: many stars cost no more
    return re.compile(f"{first}{middle}{f'.*{rest[-1]}' if rest else ''}", re.DOTALL)


def _piece(text: str) -> str:
    """Returns the part of a pattern between two stars as a regular expression."""
    found, left, joined = "", "", False
    for sign in (*text, ""):
        if sign and JOINS.match(sign):
            joined = True
        else:
            found += _between(left, sign, joined=joined)
            found += "." if sign == "?" else re.escape(sign)
            left, joined = sign, False
    return found


def _between(left: str, right: str, *, joined: bool) -> str:
    """Returns what may join two characters of a pattern; an empty one is its edge or a star."""
    edge = not left or not right or "?" in (left, right)
    if not edge and not (left.isdigit() and right.isdigit()):
        return f"{JOINS.pattern}*"
    return f"{JOINS.pattern}+" if joined else ""


def names_of(chip: Chip) -> Iterator[tuple[str, str]]:
    """Yields every name of a chip with the field that gives it, as (field, name)."""
    yield "id", chip.id
    yield from (("aliases", alias) for alias in chip.aliases)
    if chip.local_name is not None:
        yield "local_name", chip.local_name
    yield "name", chip.name


def name_faults(chips: Iterable[Chip], vendors: Collection[str]) -> list[Fault]:
    """Returns the faults of names: shared by two chips, a group's, or impossible to type."""
    owner: dict[str, str] = {}
    found = [
        Fault(f"specs/chips/{chip.id}.yaml", field, problem, fix)
        for chip in chips
        for field, name in names_of(chip)
        for problem, fix in _faults(field, name, chip.id, owner, vendors)
    ]
    return list(dict.fromkeys(found))


def _faults(
    field: str, name: str, chip: str, owner: dict[str, str], vendors: Collection[str]
) -> Iterator[tuple[str, str]]:
    wanted = plain(name)
    if not wanted:
        yield "is empty", "write a name"
        return
    signs = sorted(set(name) & set(",*?[]" if field in TYPED else "*?[]"))
    if signs:
        yield f"{name!r} holds {' '.join(signs)}, which separate or match names", "leave it out"
    if not name.isprintable() or UNSEEN.search(name):
        yield f"{name!r} holds an invisible character", "leave it out"
    if wanted in GROUPS or wanted in APART or wanted in vendors:
        yield f"{name!r} is the word for a group of chips", "give it another name"
    if owner.setdefault(wanted, chip) != chip:
        yield f"{wanted!r} names {owner[wanted]} too", "keep it in one"
