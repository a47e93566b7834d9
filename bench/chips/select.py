"""Selects chips by words: names in any script, groups such as ``export-tier``, patterns."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from bench.chips.groups import APART, GROUPS, ROMANISED, Test
from bench.chips.load import LISTED, Catalogue
from bench.chips.model import Chip
from bench.chips.names import alike, beginning, loose, pattern, plain
from bench.errors import UsageError, check_known, nearest
from bench.words import listed

LONGEST = 200
"""Most characters of a word; translating a pattern takes quadratic time."""


def spread(names: Iterable[Iterable[str]]) -> list[str]:
    """Returns words for :func:`select` that are given one by one or in lists.

    Raises:
        UsageError: there are lists and all are empty, which must not stand for all chips.
    """
    lists = [[one] if isinstance(one, str) else list(one) for one in names]
    if lists and not any(lists):
        raise UsageError("which chips? the list is empty")
    return [word for one in lists for word in one]


def select(words: Iterable[str], catalogue: Catalogue, vendor: str | None = None) -> list[Chip]:
    """Returns the chips asked for, in that order, each once.

    Args:
        words: ids, aliases, local names, groups, vendors, or patterns with ``*`` and ``?``.
        catalogue: the sheets.
        vendor: keeps this vendor's chips only; a key of the sheets or of ``ROMANISED``.

    Raises:
        UsageError: a word is unknown (the message names the nearest), or selects no chip.
    """
    vendor = ROMANISED.get(vendor or "", vendor)
    check_known("vendor", vendor, _vendors(catalogue))
    selected = [chip for word in words for chip in _meant(word, catalogue, catalogue.names)]
    found = {chip.id: chip for chip in selected if vendor in (None, chip.vendor)}
    if selected and not found:
        raise UsageError(f"none of the chips asked for is of vendor={vendor}")
    return list(found.values())


def covered(words: Iterable[str], catalogue: Catalogue) -> list[str]:
    """Returns a note for each word that stands for several chips: which are shown, which not."""
    notes = []
    for word in words:
        found = catalogue.named(word)
        if found and found.variants:
            rest = others(found, catalogue)
            more = f"; not shown: {', '.join(rest)}" if rest else ""
            notes.append(f"{word} covers several chips; shown: {', '.join(found.variants)}{more}.")
    return list(dict.fromkeys(notes))


def others(chip: Chip, catalogue: Catalogue) -> list[str]:
    """Returns the sheets whose id extends a chip's id without being one of its variants."""
    near = (one for one in catalogue.chips if one.startswith(chip.id) and one != chip.id)
    return [one for one in near if one not in chip.variants]


def _vendors(catalogue: Catalogue) -> set[str]:
    return {chip.vendor for chip in catalogue.chips.values()}


def _meant(word: str, catalogue: Catalogue, names: Mapping[str, str]) -> list[Chip]:
    """Returns the chips that one word selects: as a name, else a pattern, else a group.

    A name that several chips share selects all of them.
    """
    wanted, chips = plain(word), catalogue.chips
    if found := catalogue.named(word):
        return [chips[variant] for variant in found.variants] or [found]
    if len(word) > LONGEST:
        raise UsageError(f"{word[:LONGEST]!r} ... is longer than any name or pattern of chips")
    if {"*", "?"} & set(wanted):
        loosely = pattern(word)
        fitting = {
            chip for name, chip in names.items()
            if loosely.fullmatch(name) or fnmatchcase(name, wanted)
        }  # fmt: skip
        return _some(word, [chip for chip in chips.values() if chip.id in fitting])
    return _of_group(word, catalogue, names)


def _of_group(word: str, catalogue: Catalogue, names: Mapping[str, str]) -> list[Chip]:
    """Returns the chips of a group, written as names may be: ``export tier``."""
    wanted, chips = loose(word), catalogue.chips.values()
    apart = {loose(key): test for key, test in APART.items()}
    if wanted in apart:
        return _some(word, [chip for chip in chips if apart[wanted](chip)])
    groups = {**GROUPS, **{key: _is_of(key) for key in _vendors(catalogue)}}
    groups |= {key: _is_of(vendor) for key, vendor in ROMANISED.items()}
    test = {loose(key): one for key, one in groups.items()}.get(wanted)
    if test is None:
        raise _unknown(word, names, *groups, *APART)
    usual = (chip for chip in chips if not any(one(chip) for one in APART.values()))
    return _some(word, [chip for chip in usual if test(chip)])


def _is_of(vendor: str) -> Test:
    return lambda chip: chip.vendor == vendor


def _some(word: str, found: list[Chip]) -> list[Chip]:
    if not found:
        apart = listed((f"'{name}'" for name in APART), "or")
        raise UsageError(f"{word!r} holds no chip: ask for {apart}, or for a name or a pattern")
    return found


def _unknown(word: str, names: Mapping[str, str], *groups: str) -> UsageError:
    """Returns the error that names what begins with the word, else what is nearest to it."""
    wanted = plain(word)
    known = [*names, *groups]
    forms = beginning(known, wanted)
    listed = f"{LISTED}; groups are {', '.join((*GROUPS, *APART))} and vendors"
    found = nearest(wanted, forms or alike(wanted, known)) or listed
    several = len({names.get(name) for name in forms}) > 1
    every = f" {word}* takes them all" if several else ""
    return UsageError(f"no chip or group {word!r}: {found}{every}")
