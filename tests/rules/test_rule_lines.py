"""Every line, day and place of the rules is as it was transcribed apart from the rule files."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import product

import pytest
from pydantic import Field

from bench.files import yamlfile
from bench.files.strict import Strict
from bench.rules.load import rulebook
from bench.rules.model import Destination, Outcome, PolicyRow, Rule
from bench.rules.places import Question, reaches
from bench.rules.predicate import Classified, Compare, Flag, Named, Predicate, Tree
from bench.units import Dimension
from tests.folders import DATA

Conjunction = tuple[str, ...]


class Told(Strict):
    """An outcome as transcribed."""

    brings: tuple[str, ...]
    when: tuple[Conjunction, ...] | None = None
    doubtful: tuple[Conjunction, ...] = ()
    first: str | None = None
    last: str | None = None


class Lines(Strict):
    """A rule as transcribed."""

    published: str | None = None
    first: str | None = None
    last: str | None = None
    followed: str | None = None
    enforced: str | None = None
    pause: tuple[str, ...] = ()
    reach: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    outcomes: dict[str, Told] = Field(default_factory=dict)
    policies: tuple[Conjunction, ...] = ()
    differs: str | None = None


class Transcript(Strict):
    """The whole file; ``left`` are former members, ``joined`` later ones."""

    groups: dict[str, str]
    left: dict[str, dict[str, str]]
    joined: dict[str, dict[str, str]]
    rules: dict[str, Lines]


FILE = DATA / "rule_lines.yaml"
TRANSCRIPT = Transcript.model_validate(yamlfile.read(FILE))
RULES = TRANSCRIPT.rules
BOOK = rulebook()
MEMBERS = {
    group: {BOOK.places.find(name) for name in names.split(", ")}
    for group, names in TRANSCRIPT.groups.items()
}


# the rule files say what was transcribed


def told(one: Lines) -> Lines:
    """A transcript with what stands in no order put in one."""
    outcomes = {key: _sorted(outcome) for key, outcome in one.outcomes.items()}
    changed = {"outcomes": outcomes, "reach": tuple(sorted(one.reach)), "differs": None}
    return one.model_copy(update=changed)


def _sorted(one: Told) -> Told:
    when = _in_order(one.when) if one.when is not None else None
    return one.model_copy(update={"when": when, "doubtful": _in_order(one.doubtful)})


def _in_order(found: Sequence[Conjunction]) -> tuple[Conjunction, ...]:
    return tuple(sorted(tuple(sorted(set(one))) for one in found))


def in_file(rule: Rule) -> Lines:
    """A rule of the files, written as the transcript is."""
    pause = rule.suspended
    return Lines(
        published=rule.published, first=rule.effective, last=rule.end,
        followed=rule.enforced_since, enforced=rule.enforced_until,
        pause=(pause.since, pause.until, pause.afterwards) if pause else (),
        reach=tuple(sorted(_reach(rule.destination))),
        replaces=tuple(one.value for one in rule.replaces),
        outcomes={one.id: _outcome(one) for one in rule.outcomes},
        policies=tuple(_row(one) for one in rule.policies),
    )  # fmt: skip


def _outcome(one: Outcome) -> Told:
    brings = (one.eccn, one.policy.value if one.policy else None, one.effect)
    return Told(
        brings=tuple(word for word in brings if word),
        when=_in_order(conjunctions(one.when)) if one.when else None,
        doubtful=_in_order(conjunctions(one.uncertain_when)) if one.uncertain_when else (),
        first=one.since, last=one.until,
    )  # fmt: skip


def _row(one: PolicyRow) -> Conjunction:
    party = {None: "any party", "yes": "party of D:5 or Macau", "no": "any other party"}
    part = literal(one.when) if one.when else "any part"
    reach = ", ".join(_reach(one.destination))
    days = [f"{word} {day}" for word, day in (("from", one.since), ("to", one.until)) if day]
    told = (one.policy.value, *(rival.value for rival in one.rivals))
    return ", ".join(one.eccns), part, reach, party[one.headquarters], *days, *told


def _reach(one: Destination) -> Iterator[str]:
    yield from (*one.groups, *(code for code in one.countries if code not in one.since))
    yield from (f"{code} from {day}" for code, day in one.since.items())
    yield from (f"without {code}" for code in one.excluded)
    flags = (one.worldwide, one.headquarters, one.from_us_only)
    words = ("worldwide", "headquarters", "exports from the US")
    yield from (word for word, flag in zip(words, flags, strict=True) if flag == "yes")


def conjunctions(asked: Predicate) -> list[Conjunction]:
    """A predicate as a list of conjunctions, one of which must be met."""
    if not isinstance(asked, Tree) or asked.kind == "not":
        return [(literal(asked),)]
    parts = [conjunctions(part) for part in asked.parts]
    if asked.kind == "any":
        return [one for part in parts for one in part]
    return [tuple(word for one in chosen for word in one) for chosen in product(*parts)]


def literal(asked: Predicate) -> str:
    """One condition in words."""
    match asked:
        case Tree(kind="not", parts=(part,)):
            return f"not {literal(part)}"
        case Compare():
            return f"{' + '.join(asked.keys)} {asked.sign} {_amount(asked)}"
        case Flag():
            return f"{asked.key} {'yes' if asked.wanted else 'no'}"
        case Named():
            return f"chip {', '.join(asked.patterns)}"
        case Classified():
            return f"eccn {', '.join(asked.eccns)}"
        case Tree():
            raise AssertionError(asked)


UNITS = {Dimension.BYTE_RATE: (1e9, " GB/s"), Dimension.COUNT: (1e9, " billion"), None: (1.0, "")}


def _amount(asked: Compare) -> str:
    size, unit = UNITS[asked.dimension]
    return "unknown" if asked.threshold is None else f"{float(asked.threshold) / size:.12g}{unit}"


def test_every_rule_is_transcribed() -> None:
    assert set(RULES) == set(BOOK.rules)


@pytest.mark.parametrize("key", RULES)
def test_a_rule_has_the_days_places_and_lines_that_were_transcribed(key: str) -> None:
    rule, lines = BOOK.rules[key], RULES[key]
    assert in_file(rule) == told(lines)
    assert [one.id for one in rule.outcomes] == list(lines.outcomes)


def _moved(days: dict[str, dict[str, str]], group: str) -> dict[str, str]:
    return {BOOK.places.find(name): day for name, day in days.get(group, {}).items()}


@pytest.mark.parametrize("group", TRANSCRIPT.groups)
def test_a_country_group_has_the_members_that_were_transcribed(group: str) -> None:
    assert set(BOOK.places.groups[group].members) == MEMBERS[group]
    assert BOOK.places.groups[group].left == _moved(TRANSCRIPT.left, group)
    assert BOOK.places.groups[group].joined == _moved(TRANSCRIPT.joined, group)


# where the rules reach


def moved(day: str, later: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=later)).isoformat()


def _reached(lines: Lines, place: str, on: str) -> bool:
    """Whether a place without a buyer from elsewhere is reached, by the words of the transcript."""
    since = [word[-10:] for word in lines.reach if word.startswith(f"{place} from ")]
    if f"without {place}" in lines.reach:
        return False
    if since and since[0] <= on:
        return True
    country = {"HK": "CN"}.get(place, place)
    groups = {group for group in MEMBERS if _inside(group, country, on)}
    follows = "headquarters" in lines.reach and place != "US"
    at_home = follows and ("D:5" in groups or place == "MO")
    listed = {"worldwide", place, country, *groups}
    return at_home or not listed.isdisjoint(lines.reach)


def _inside(group: str, country: str, on: str) -> bool:
    left, joined = _moved(TRANSCRIPT.left, group), _moved(TRANSCRIPT.joined, group)
    belongs = country in MEMBERS[group] or country in left
    return belongs and joined.get(country, "") <= on < left.get(country, "9999")


@pytest.mark.parametrize("key", RULES)
def test_a_rule_reaches_the_places_that_were_transcribed_and_no_other(key: str) -> None:
    lines = RULES[key]
    dated = {word[-10:] for word in lines.reach if " from 20" in word}
    moves = (*TRANSCRIPT.left.values(), *TRANSCRIPT.joined.values())
    gone = {day for days in moves for day in days.values()}
    for day in sorted({"2025-06-01", *dated, *gone}):
        for on, place in product((moved(day, -1), day), BOOK.places.countries):
            there = reaches(BOOK.rules[key].destination, Question(on, place, place), BOOK.places)
            assert there is _reached(lines, place, on), (place, on)
