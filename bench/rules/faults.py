"""Faults of rules and destinations that the schema does not catch: days, places, names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bench.chips.names import plain
from bench.errors import Fault, Flaw, did_you_mean
from bench.rules.model import ECCN, Destination, Outcome, PolicyRow, Rule
from bench.rules.places import Places
from bench.rules.predicate import Classified, Named, Predicate, Tree

SUPPOSED = "supposed-"
"""Prefix of the ids of supposed parts, which have no sheet."""
LISTED = "specs/destinations.yaml"
CHECK = "check the dates"


def rule_faults(rule: Rule, path: Path, places: Places) -> list[Fault]:
    """Returns the faults of one rule: its file's name, order of days, codes, empty rows."""
    flaws = [
        *_day_faults(rule, path),
        *_outcome_faults(rule),
        *_policy_faults(rule),
        *_code_faults(rule, places),
        *_eccn_faults(rule),
    ]
    return [Fault(f"specs/rules/{path.name}", *one) for one in flaws]


def _day_faults(rule: Rule, path: Path) -> Iterator[Flaw]:
    day = rule.effective or rule.published
    if day and not path.stem.startswith(day):
        yield "", f"is not named for its day {day}", f"name it {day}-....yaml"
    if rule.kind == "licence_policy" and not rule.replaces:
        yield "replaces", "a licence policy replaces none", "name those it stands for"
    last = None if rule.enforced_until == "never" else rule.enforced_until
    followed = {"enforced_since": rule.enforced_since, "enforced_until": last}
    if day and rule.end and rule.end < day:
        yield "end", f"{rule.end} is before {day}", CHECK
        return
    yield from _within(rule, followed)
    if rule.suspended:
        stood = rule.suspended
        yield from _within(rule, {"suspended.since": stood.since, "suspended.until": stood.until})


def _within(rule: Rule, days: Mapping[str, str | None]) -> Iterator[Flaw]:
    """Returns a fault for each day that is out of order or outside those of the rule."""
    first, before = rule.effective or rule.published or "", ""
    for field, day in days.items():
        if day and day < max(first, before):
            yield field, f"{day} is before {max(first, before)}", CHECK
        if day and rule.end and day > rule.end:
            yield field, f"{day} is after the rule's end {rule.end}", CHECK
        before = day or before


def _outcome_faults(rule: Rule) -> Iterator[Flaw]:
    ids = [outcome.id for outcome in rule.outcomes]
    for place, outcome in enumerate(rule.outcomes):
        field = f"outcomes.{place}"
        yield from _within(rule, {f"{field}.since": outcome.since, f"{field}.until": outcome.until})
        if outcome.id in ids[:place]:
            yield f"{field}.id", f"{outcome.id!r} stands twice", "give each its own"
        if place < len(ids) - 1 and not (outcome.when or outcome.since or outcome.until):
            problem = "has no 'when', so that none after it is ever reached"
            yield field, problem, "put it last"


def _policy_faults(rule: Rule) -> Iterator[Flaw]:
    for place, row in enumerate(rule.policies):
        field = f"policies.{place}"
        yield from _within(rule, {f"{field}.since": row.since, f"{field}.until": row.until})
        if row.destination == Destination():
            fix = "name groups or countries, or write worldwide"
            yield f"{field}.destination", "reaches nowhere", fix
        if row.rivals and not row.why:
            yield f"{field}.rivals", "are not explained", "say in 'why' which source reads what"


def _code_faults(rule: Rule, places: Places) -> Iterator[Flaw]:
    rows = {f"policies.{place}.": row.destination for place, row in enumerate(rule.policies)}
    for before, one in {"": rule.destination, **rows}.items():
        named = {"countries": one.countries, "excluded": one.excluded, "since": one.since}
        for field, codes in named.items():
            yield from _unknown(f"{before}destination.{field}", codes, places)


def _unknown(field: str, codes: Iterable[str], places: Places) -> Iterator[Flaw]:
    for code in codes if places.countries else ():  # where none was read, all would be faults
        if code not in places.countries:
            near = did_you_mean(code, places.countries)
            yield field, f"no country {code!r} in {LISTED}", near


def _eccn_faults(rule: Rule) -> Iterator[Flaw]:
    for field, one in conditions(rule):
        for eccn in one.eccns if isinstance(one, Classified) else ():
            if not re.match(ECCN, eccn):
                fix = "write a paragraph such as 3A090.a.1"
                yield field, f"{eccn!r} is not of its form", fix


def conditions(rule: Rule) -> Iterator[tuple[str, Predicate]]:
    """Returns every condition of a rule and all that they are made of, each with its field."""
    rows: list[tuple[str, Outcome | PolicyRow]] = [
        *((f"outcomes.{place}", outcome) for place, outcome in enumerate(rule.outcomes)),
        *((f"policies.{place}", row) for place, row in enumerate(rule.policies)),
    ]
    for field, row in rows:
        for name in ("when", "uncertain_when"):
            condition = getattr(row, name, None)
            if condition is not None:
                yield from ((f"{field}.{name}", part) for part in _parts(condition))


def _parts(condition: Predicate) -> Iterator[Predicate]:
    yield condition
    for part in condition.parts if isinstance(condition, Tree) else ():
        yield from _parts(part)


def pattern_faults(rules: Iterable[Rule], chips: Iterable[str]) -> list[Fault]:
    """Returns the chip patterns that match no sheet; those of supposed parts need none."""
    known = sorted(chips)
    return [
        Fault(f"specs/rules: {rule.id}", field, f"no chip is {name!r}", did_you_mean(name, known))
        for rule in rules
        for field, one in conditions(rule)
        for name in (one.patterns if isinstance(one, Named) else ())
        if not name.startswith(SUPPOSED) and not any(map(Named((name,)).names, known))
    ]


def place_faults(places: Places) -> list[Fault]:
    """Returns the faults of the destinations: unknown codes, and names of two countries."""
    flaws = [*_group_faults(places), *_name_faults(places)]
    return [Fault(LISTED, *one) for one in flaws]


def _group_faults(places: Places) -> Iterator[Flaw]:
    for name, group in places.groups.items():
        yield from _unknown(f"groups.{name}.members", group.members, places)
        yield from _unknown(f"groups.{name}.left", group.left, places)
        for code in sorted(set(group.left) & set(group.members)):
            yield f"groups.{name}.left", f"{code} is a member, too", "take it out of one"
        for code in sorted(set(group.joined) - set(group.members) - set(group.left)):
            yield f"groups.{name}.joined", f"{code} is no member", "add it to the members"
        for code in sorted(set(group.joined) & set(group.left)):
            if group.left[code] <= group.joined[code]:
                yield f"groups.{name}.left", f"{code} left before it joined", CHECK
    for code, country in places.countries.items():
        treated = [country.treated_as] if country.treated_as else []
        yield from _unknown(f"countries.{code}.as", treated, places)


def _name_faults(places: Places) -> Iterator[Flaw]:
    owner = {plain(code): code for code in places.countries}
    for code, country in places.countries.items():
        for field, names in (("name", (country.name,)), ("also", country.also)):
            for name in names:
                if not plain(name):
                    yield f"countries.{code}.{field}", "is empty", "write a name"
                elif owner.setdefault(plain(name), code) != code:
                    problem = f"{name!r} names {owner[plain(name)]} too"
                    yield f"countries.{code}.{field}", problem, "keep it in one"
