"""Names of chips and countries: how two are compared, and what a name on a command line may be."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator

from bench.chips.groups import APART, GROUPS
from bench.chips.model import Chip
from bench.errors import Fault

TYPED = ("id", "aliases", "local_name")
"""The names that are typed; a title may hold a comma, since it can be put in quotes."""
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]")
"""Characters that count as printable and show nothing: fillers, joiners, variation selectors."""

JOINS = re.compile(r"[ _‐‑–-]")
"""Blanks, hyphens and underscores."""


def plain(name: str) -> str:
    """Returns a name as names are compared: width, case and blanks aside."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def loose(name: str) -> str:
    """Returns a name without what joins its parts, as people leave out or mix it: ``910 C``."""
    return JOINS.sub("", plain(name))


def pattern(word: str) -> re.Pattern[str]:
    """Returns what a pattern of ``*`` and ``?`` fits whole among plain names.

    What joins its parts may differ or lack as in a name, ``rtx pro*`` is ``rtxpro*``; not between
    two digits, where it tells numbers apart, nor beside a ``*``: ``*-b200`` is no ``gb200``.
    """
    first, *rest = (_piece(one) for one in re.split(r"\*+", plain(word)))
    middle = "".join(f"(?>.*?{one})" for one in rest[:-1])  # atomic: many stars cost no more
    return re.compile(f"{first}{middle}{f'.*{rest[-1]}' if rest else ''}", re.DOTALL)


def _piece(text: str) -> str:
    """Returns what lies between two stars as a regular expression."""
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
    """Returns what may join two signs of a pattern, of which an empty one is its edge or a star."""
    edge = not left or not right or "?" in (left, right)
    if not edge and not (left.isdigit() and right.isdigit()):
        return f"{JOINS.pattern}*"
    return f"{JOINS.pattern}+" if joined else ""


def names_of(chip: Chip) -> Iterator[tuple[str, str]]:
    """Returns everything that a chip answers to, each with the field that says so."""
    yield "id", chip.id
    yield from (("aliases", alias) for alias in chip.aliases)
    if chip.local_name is not None:
        yield "local_name", chip.local_name
    yield "name", chip.name


def name_faults(chips: Iterable[Chip], vendors: Collection[str]) -> list[Fault]:
    """Returns the faults of names: two chips' one, a group's, or one that cannot be typed."""
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
        yield f"{name!r} holds {' '.join(signs)}, which part or match names", "leave it out"
    if not name.isprintable() or UNSEEN.search(name):
        yield f"{name!r} holds a character that nobody sees", "leave it out"
    if wanted in GROUPS or wanted in APART or wanted in vendors:
        yield f"{name!r} is the word for a group of chips", "give it another name"
    if owner.setdefault(wanted, chip) != chip:
        yield f"{wanted!r} names {owner[wanted]} too", "keep it in one"
