"""Reads the rules and the destinations, with every fault of every file."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench import paths
from bench.chips.load import catalogue
from bench.errors import Fault, UsageError, did_you_mean, sound
from bench.files.caches import once
from bench.files.datafile import files, mapping, validated
from bench.rules.faults import place_faults, rule_faults
from bench.rules.model import ECCN, Rule
from bench.rules.places import Places

FOLLOWING = (
    "4A090", "3A001.z", "4A003.z", "4A004.z", "4A005.z", "5A002.z", "5A004.z", "5A992.z",
    "5D002.z", "5D992.z",
)  # fmt: skip
"""Paragraphs on what contains a part of 3A090, or goes with it (Note 4 to 3A090.a and .b)."""
PARAGRAPHS = f"paragraphs are 3A090 and, by its numbers, {', '.join(FOLLOWING)}"
"""What may be asked for by paragraph."""


@dataclass(frozen=True, eq=False)
class Rulebook:
    """All rules by id, in order of their dates, and the places they name; equal only to itself."""

    rules: Mapping[str, Rule]
    places: Places

    def find(self, word: str) -> Rule:
        """Returns a rule by its id.

        Raises:
            UsageError: there is none; the message names the nearest, or the paragraphs.
        """
        by_name = {name.lower(): rule for name, rule in self.rules.items()}
        wanted = word.strip().lower()
        if wanted not in by_name:
            asked_paragraph = re.fullmatch(ECCN, word.strip(), re.IGNORECASE)
            near = PARAGRAPHS if asked_paragraph else did_you_mean(word, by_name)
            raise UsageError(f"no rule {word!r} in specs/rules: {near}")
        return by_name[wanted]

    def of_paragraph(self, word: str) -> list[Rule]:
        """Returns the rules that put parts in a paragraph such as ``3A090`` or ``3a090.a.1``.

        Paragraphs of ``FOLLOWING`` cover what contains such parts, by the same numbers.
        """
        wanted = word.strip().lower()
        if any(f"{wanted}.".startswith(f"{one.lower()}.") for one in FOLLOWING):
            wanted = f"3a090{wanted[5:]}" if wanted.startswith("4a090") else "3a090"
        return [
            rule
            for rule in self.rules.values()
            if any(_within(one.eccn.lower(), wanted) for one in rule.outcomes if one.eccn)
        ]

    def cited(self) -> set[str]:
        """Returns the keys of the sources that rules and groups cite."""
        rows = (row.source for rule in self.rules.values() for row in rule.policies if row.source)
        groups = (group.source for group in self.places.groups.values())
        return {*rows, *groups, *(key for rule in self.rules.values() for key in rule.sources)}


def _within(one: str, other: str) -> bool:
    """Returns whether two paragraphs are the same, or one contains the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


@once
def rulebook() -> Rulebook:
    """Loads the rules of ``specs/``.

    Raises:
        DataError: with every fault of every file, when there is any.
    """
    sources = catalogue().sources if paths.own_specs() else None
    return sound(*examine(paths.data_dir("specs"), sources))


def examine(folder: Path, sources: Container[str] | None = None) -> tuple[Rulebook, list[Fault]]:
    """Loads what can be loaded; with ``sources``, also checks citations against them."""
    places, faults = _places(folder)
    rules: dict[str, Rule] = {}
    for path in files(folder, "rules"):
        name = f"specs/rules/{path.name}"
        data, unread = mapping(path, folder)
        rule, new = validated(Rule, data, name) if not unread else (None, unread)
        faults += new
        if rule is not None:
            faults += [*_twice(rule, name, rules), *rule_faults(rule, path, places)]
            rules[rule.id] = rule
    book = Rulebook(MappingProxyType(rules), places)
    faults += _between(book)
    return book, faults + (_citations(book, sources) if sources is not None else [])


def _places(folder: Path) -> tuple[Places, list[Fault]]:
    """Reads the destinations, which a folder without rules does not need."""
    nowhere = Places(groups={}, countries={})
    path = folder / "destinations.yaml"
    if not path.exists() and not (folder / "rules").is_dir():
        return nowhere, []
    data, faults = mapping(path, folder)
    if faults:
        return nowhere, faults
    places, faults = validated(Places, data, "specs/destinations.yaml")
    return (places, place_faults(places)) if places else (nowhere, faults)


def _twice(rule: Rule, name: str, before: Mapping[str, Rule]) -> list[Fault]:
    if rule.id not in before:
        return []
    return [Fault(name, "id", f"{rule.id!r} stands in two files", "give each its own")]


def _between(book: Rulebook) -> list[Fault]:
    """Returns the faults between rules: references to rules or groups that do not exist."""
    return [
        Fault(f"specs/rules: {rule.id}", where, f"no {what} {name!r}", did_you_mean(name, known))
        for rule in book.rules.values()
        for where, what, named, known in (
            ("modifies", "rule", rule.modifies, list(book.rules)),
            ("destination", "group", _groups(rule, book.places), list(book.places.groups)),
        )
        for name in named
        if name not in known
    ]


def _groups(rule: Rule, places: Places) -> list[str]:
    """Returns the groups that a rule names; none where no destinations could be read."""
    reached = [rule.destination, *(row.destination for row in rule.policies)]
    reached = reached if places.countries else []
    return sorted({group for place in reached for group in place.groups})


def _citations(book: Rulebook, sources: Container[str]) -> list[Fault]:
    return [
        Fault(
            "specs/rules", "sources", f"cite {key!r}, not in specs/sources.yaml", "add the source"
        )
        for key in sorted(book.cited())
        if key not in sources
    ]
