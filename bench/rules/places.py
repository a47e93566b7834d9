"""Destinations: countries by code or name, and the Country Groups they are in on a date."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Annotated, NoReturn

from pydantic import Field

from bench.chips.names import plain
from bench.errors import UsageError, did_you_mean
from bench.files.strict import Day, Strict
from bench.rules.model import Code, Destination, Key

DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")


class Group(Strict):
    """A Country Group.

    Attributes:
        left: former members, with their first day outside.
        joined: members, also former ones, that were none at first, with their first day inside.
    """

    members: tuple[Code, ...]
    left: dict[Code, Day] = Field(default_factory=dict)
    joined: dict[Code, Day] = Field(default_factory=dict)
    source: Key

    def has(self, code: str, on: str) -> bool:
        """Returns whether a country is a member on a day."""
        if code not in self.members and code not in self.left:
            return False
        return self.joined.get(code, "") <= on < self.left.get(code, "9999")


class Country(Strict):
    """A country's names; ``treated_as`` is the country it counts as (Hong Kong: China)."""

    name: str
    also: tuple[str, ...] = ()
    treated_as: Annotated[Code | None, Field(alias="as")] = None


class Places(Strict):
    """All countries and groups that the rules may name.

    Attributes:
        checked_to: the day up to which rules were collected.
    """

    checked_to: Day = "0000-00-00"
    groups: Mapping[str, Group]
    countries: Mapping[Code, Country]

    @cached_property
    def _names(self) -> dict[str, str]:
        return {
            plain(name): code
            for code, country in self.countries.items()
            for name in (code, country.name, *country.also)
        }

    def find(self, word: str) -> str:
        """Returns the code of a country by code or name.

        Raises:
            UsageError: no such country is known here.
        """
        names, wanted = self._names, plain(word)
        if wanted not in names:
            short = [name for name in names if (len(name) > 2) is (len(wanted) > 2)]
            near = did_you_mean(wanted, short)
            raise UsageError(f"no destination {word!r} in specs/destinations.yaml: {near}")
        return names[wanted]

    def groups_of(self, code: str, on: str) -> set[str]:
        """Returns the groups that a country is in on a day."""
        counted = self.countries[code].treated_as or code
        return {name for name, group in self.groups.items() if group.has(counted, on)}


@dataclass(frozen=True)
class Question:
    """The circumstances of an export, besides the chip.

    Attributes:
        on: the day, YYYY-MM-DD.
        destination: code of the country that the part is exported to.
        headquarters: code of the country of the buyer's ultimate parent.
        from_us: whether it is exported from the United States.
    """

    on: str
    destination: str
    headquarters: str
    from_us: bool = True


def day(on: str | date | None = None) -> str:
    """Returns the day that ``on=`` names, as YYYY-MM-DD; None and ``today`` are today in UTC.

    Month and day may be written without a leading zero.

    Raises:
        UsageError: it is no date, or not in the order year, month, day.
    """
    word = str("today" if on is None else on).strip().lower()
    if word == "today":
        return datetime.now(UTC).date().isoformat()
    found = DAY.fullmatch(word)
    try:
        return date(*map(int, found.groups())).isoformat() if found else _no_day(on)
    except ValueError:
        return _no_day(on)


def _no_day(on: object) -> NoReturn:
    raise UsageError(f"on={on} is no day such as 2025-08-15") from None


def is_d5_or_macau(code: str, on: str, places: Places) -> bool:
    """Returns whether a country is in Country Group D:5 or is Macau."""
    return code == "MO" or "D:5" in places.groups_of(code, on)


def reaches(rule: Destination, question: Question, places: Places) -> bool:
    """Returns whether a rule covers the destination of the question on its day."""
    if rule.from_us_only == "yes" and not question.from_us:
        return False
    if rule.worldwide == "yes" or _listed(rule, question, places):
        return True
    abroad = question.destination != "US"
    return (
        rule.headquarters == "yes"
        and abroad
        and is_d5_or_macau(question.headquarters, question.on, places)
    )


def _listed(rule: Destination, question: Question, places: Places) -> bool:
    code = question.destination
    if code in rule.excluded:
        return False
    same = places.countries[code].treated_as
    named = {code, same} & {*rule.countries, *rule.since}
    if named and question.on >= rule.since.get(code, ""):
        return True
    return not places.groups_of(code, question.on).isdisjoint(rule.groups)
