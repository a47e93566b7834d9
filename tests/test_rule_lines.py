"""Every line and day of the rules is as it was transcribed, and turns on the side it should."""

import operator
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fnmatch import fnmatch
from itertools import product
from pathlib import Path

import pytest
from pydantic import Field

from bench import yamlfile
from bench.rules.attributes import KINDS, Attribute, Reading
from bench.rules.judge import enforced, is_in_text, rule_on
from bench.rules.load import rulebook
from bench.rules.model import Destination, Outcome, PolicyRow, Rule
from bench.rules.places import Question, reaches
from bench.rules.predicate import Classified, Compare, Flag, Named, Predicate, Subject, Tree
from bench.rules.timeline import BEFORE, days
from bench.rules.truth import Truth
from bench.strict import Strict
from bench.units import Dimension

Conjunction = tuple[str, ...]
Values = Mapping[str, float | bool]


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
    """The whole file; ``left`` are former members of groups."""

    groups: dict[str, str]
    left: dict[str, tuple[str, ...]]
    rules: dict[str, Lines]


FILE = Path(__file__).parent / "data" / "rule_lines.yaml"
TRANSCRIPT = Transcript.model_validate(yamlfile.read(FILE))
RULES = TRANSCRIPT.rules
BOOK = rulebook()


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
    return ", ".join(one.eccns), part, reach, party[one.headquarters], one.policy.value


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


@pytest.mark.parametrize("group", TRANSCRIPT.groups)
def test_a_country_group_has_the_members_that_were_transcribed(group: str) -> None:
    names = TRANSCRIPT.groups[group].split(", ")
    assert set(BOOK.places.groups[group].members) == {BOOK.places.find(name) for name in names}
    left = TRANSCRIPT.left.get(group)
    days_left = {BOOK.places.find(left[0]): left[1]} if left else {}
    assert BOOK.places.groups[group].left == days_left


# each comparison turns exactly where its sign says

SIGNS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
SIZES = {"GB/s": 1e9, "billion": 1e9}
STEP = 1e-6
SHARE = 0.2
"""The part of a sum that its second attribute has."""
PLAIN: Values = {
    "tpp": 1.0, "pd": 0.001, "io": 1.0, "memory_bandwidth": 1.0, "interconnect": 1.0,
    "transistors": 1e12, "memory_bandwidth_density": 0.1, "datacenter": True, "us_sale": True,
    "chinese_designer": False, "hbm": True, "standalone_memory": False, "nonplanar": True,
}  # fmt: skip
"""What meets none of the lines but what is left."""


def compared(word: str) -> tuple[tuple[str, ...], str, float] | None:
    """The attributes, sign and threshold of a comparison; None for any other condition."""
    for sign in SIGNS:
        name, found, rest = word.partition(f" {sign} ")
        if found and rest != "unknown":
            number, _, unit = rest.partition(" ")
            return tuple(name.split(" + ")), sign, float(number) * SIZES.get(unit, 1.0)
    return None


def meeting(words: Conjunction) -> dict[str, float | bool]:
    """Values that meet a conjunction, as near as can be to its lower lines."""
    values = dict(PLAIN)
    lower = {">=": 1.0, ">": 1 + STEP}
    for word in sorted(words, key=lambda one: "<" not in one):  # upper lines first
        asked = compared(word)
        if asked is not None:
            keys, sign, line = asked
            _put(values, keys, line * lower.get(sign, 1 - STEP))
        elif word.split()[0] in KINDS:
            values[word.split()[0]] = word.endswith("yes")
    return values


def _put(values: dict[str, float | bool], keys: tuple[str, ...], amount: float) -> None:
    shares = (1.0,) if len(keys) == 1 else (1 - SHARE, SHARE)
    values.update({key: amount * share for key, share in zip(keys, shares, strict=True)})


def is_met(word: str, values: Values, chip: str, eccn: str) -> bool:
    """Whether a condition of the transcript holds, by its own words."""
    asked = compared(word)
    if asked is not None:
        keys, sign, line = asked
        return SIGNS[sign](sum(float(values[key]) for key in keys), line)
    kind, _, rest = word.removeprefix("not ").partition(" ")
    if kind in KINDS:
        return values[kind] is (rest == "yes")
    names = rest.split(", ")
    met = any(fnmatch(chip, one) if kind == "chip" else eccn.startswith(one) for one in names)
    return met is not word.startswith("not ")


CHIP, PARAGRAPH = "nvidia-some-part", "3A090.a.1"


def expected(lines: Lines, values: Values, on: str) -> str | None:
    """The id of the outcome that the transcript gives."""
    for key, one in lines.outcomes.items():
        met = one.when is None or any(
            all(is_met(word, values, CHIP, PARAGRAPH) for word in each) for each in one.when
        )
        if met and (one.first or "") <= on <= (one.last or "9999"):
            return key
    return None


def outcomes(key: str, values: Values, on: str) -> list[str | None]:
    """The ids of the outcomes that a rule leaves possible."""
    known = {name: Attribute(name, (Reading(value, ""),)) for name, value in values.items()}
    asked = Subject(CHIP, known, eccns=(PARAGRAPH,))
    found = rule_on(BOOK.rules[key], asked, Question(on, "CN", "CN"), BOOK.places).findings
    return list(dict.fromkeys(one.outcome.id if one.outcome else None for one in found))


TURNING = [
    (rule, outcome, number, word)
    for rule, lines in RULES.items()
    for outcome, one in lines.outcomes.items()
    for number, words in enumerate(one.when or ())
    for word in words
    if compared(word)
]


@pytest.mark.parametrize(("key", "outcome", "number", "word"), TURNING)
def test_a_comparison_turns_the_outcome_just_where_its_sign_says(
    key: str, outcome: str, number: int, word: str
) -> None:
    lines = RULES[key]
    one = lines.outcomes[outcome]
    on = one.first or lines.first or lines.published or ""
    values = meeting((one.when or ())[number])
    asked = compared(word)
    assert asked is not None
    keys, sign, line = asked
    found = []
    for amount in (line * (1 - STEP), line, line * (1 + STEP)):
        _put(values, keys, amount)
        assert outcomes(key, values, on) == [expected(lines, values, on)]
        found.append(expected(lines, values, on))
    below, at, above = found
    assert below != above
    assert at == (above if sign in (">=", "<") else below)


# each day is the first or the last


def moved(day: str, later: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=later)).isoformat()


DATED = [(key, day, 0) for key, one in RULES.items() for day in (one.first,) if day] + [
    (key, day, 1) for key, one in RULES.items() for day in (one.last,) if day and one.first
]


@pytest.mark.parametrize(("key", "day", "later"), DATED)
def test_a_rule_stands_in_the_text_from_its_first_day_to_its_last(
    key: str, day: str, later: int
) -> None:
    turns = moved(day, later)
    found = [is_in_text(BOOK.rules[key], moved(turns, by)) for by in (-1, 0)]
    assert found == ([True, False] if later else [False, True])


@pytest.mark.parametrize("key", RULES)
def test_a_rule_is_enforced_from_the_day_it_must_be_followed(key: str) -> None:
    lines, rule = RULES[key], BOOK.rules[key]
    start = lines.followed or lines.first
    never = lines.enforced == "never" or lines.first is None
    after = Truth.NO if never else Truth.YES
    for day, met in ((start or "2025-01-01", after), (moved(start or "2025-01-01", -1), Truth.NO)):
        assert enforced(rule, day) is met
    for day in (lines.last,) if lines.last else ():
        assert [enforced(rule, day), enforced(rule, moved(day, 1))] == [after, Truth.NO]


def test_a_pause_is_told_with_what_follows_it() -> None:
    (key,) = (key for key, lines in RULES.items() if lines.pause)
    first, last, _ = RULES[key].pause
    found = [
        enforced(BOOK.rules[key], day) for day in (moved(first, -1), first, last, moved(last, 1))
    ]
    assert found == [Truth.YES, Truth.NO, Truth.NO, Truth.UNKNOWN]


BETWEEN = [
    (key, name, day, later)
    for key, lines in RULES.items()
    for name, one in lines.outcomes.items()
    for day, later in ((one.first, 0), (one.last, 1))
    if day
]


@pytest.mark.parametrize(("key", "name", "day", "later"), BETWEEN)
def test_an_outcome_of_some_days_begins_and_ends_with_them(
    key: str, name: str, day: str, later: int
) -> None:
    lines = RULES[key]
    values = meeting((lines.outcomes[name].when or ((),))[0])
    turns = moved(day, later)
    found = [outcomes(key, values, moved(turns, by)) for by in (-1, 0)]
    assert found == [[expected(lines, values, moved(turns, by))] for by in (-1, 0)]
    assert [one == [name] for one in found] == ([True, False] if later else [False, True])


def _reached(lines: Lines, place: str, on: str) -> bool:
    """Whether a place without a buyer from elsewhere is reached, by the words of the transcript."""
    since = [word[-10:] for word in lines.reach if word.startswith(f"{place} from ")]
    if f"without {place}" in lines.reach or since:
        return bool(since) and since[0] <= on
    country = {"HK": "CN"}.get(place, place)
    groups = {
        group
        for group, names in TRANSCRIPT.groups.items()
        if country in {BOOK.places.find(name) for name in names.split(", ")}
        or (place == "AE" and group in TRANSCRIPT.left and on < TRANSCRIPT.left[group][1])
    }
    follows = "headquarters" in lines.reach and place != "US"
    at_home = follows and ("D:5" in groups or place == "MO")
    listed = {"worldwide", place, country, *groups}
    return at_home or not listed.isdisjoint(lines.reach)


@pytest.mark.parametrize("key", RULES)
def test_a_rule_reaches_the_places_that_were_transcribed_and_no_other(key: str) -> None:
    lines = RULES[key]
    dated = {word[-10:] for word in lines.reach if " from 20" in word}
    gone = {day for _, day in TRANSCRIPT.left.values()}
    for day in sorted({"2025-06-01", *dated, *gone}):
        for on, place in product((moved(day, -1), day), BOOK.places.countries):
            there = reaches(BOOK.rules[key].destination, Question(on, place, place), BOOK.places)
            assert there is _reached(lines, place, on), (place, on)


def test_the_days_of_change_are_those_of_the_lines() -> None:
    told = {BEFORE, *(day for _, day in TRANSCRIPT.left.values())}
    for lines in RULES.values():
        ended = [one.last for one in lines.outcomes.values()]
        starts = [lines.followed, *(one.first for one in lines.outcomes.values())]
        starts += [word[-10:] for word in lines.reach if " from 20" in word]
        if lines.first:
            ends = (lines.last, *lines.pause[1:2], *ended)
            told |= {one for one in (lines.first, *starts, *lines.pause[:1]) if one}
            told |= {moved(one, 1) for one in ends if one}
    assert days(BOOK) == sorted(told)
