"""Each transcribed line turns the outcome on the side its sign says; each day is first or last."""

import operator
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fnmatch import fnmatch

import pytest
from pydantic import ConfigDict, Field

from bench.files import yamlfile
from bench.files.strict import Strict
from bench.rules.attributes import KINDS, Attribute, Reading
from bench.rules.load import rulebook
from bench.rules.places import Question
from bench.rules.predicate import Subject
from bench.rules.ruling import enforced, is_in_text, rule_on
from bench.rules.timeline import BEFORE, days
from bench.rules.truth import Truth
from tests.folders import DATA

Conjunction = tuple[str, ...]
Values = Mapping[str, float | bool]


class Told(Strict):
    """What is asked here of an outcome as transcribed."""

    model_config = ConfigDict(extra="ignore")
    when: tuple[Conjunction, ...] | None = None
    doubtful: tuple[Conjunction, ...] = ()
    first: str | None = None
    last: str | None = None


class Lines(Strict):
    """What is asked here of a rule as transcribed."""

    model_config = ConfigDict(extra="ignore")
    published: str | None = None
    first: str | None = None
    last: str | None = None
    followed: str | None = None
    enforced: str | None = None
    pause: tuple[str, ...] = ()
    reach: tuple[str, ...] = ()
    outcomes: dict[str, Told] = Field(default_factory=dict)

    @property
    def stands(self) -> str | None:
        """Its first day; of an announcement, which only ends, the day it was made."""
        return self.first or (self.published if self.last else None)


class Transcript(Strict):
    model_config = ConfigDict(extra="ignore")
    left: dict[str, dict[str, str]]
    joined: dict[str, dict[str, str]]
    rules: dict[str, Lines]


FILE = DATA / "rule_lines.yaml"
TRANSCRIPT = Transcript.model_validate(yamlfile.read(FILE))
RULES = TRANSCRIPT.rules
BOOK = rulebook()

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
        return bool(SIGNS[sign](sum(float(values[key]) for key in keys), line))
    kind, _, rest = word.removeprefix("not ").partition(" ")
    if kind in KINDS:
        return values[kind] is (rest == "yes")
    names = rest.split(", ")
    met = any(fnmatch(chip, one) if kind == "chip" else eccn.startswith(one) for one in names)
    return met is not word.startswith("not ")


CHIP, PARAGRAPH = "nvidia-some-part", "3A090.a.1"


def expected(lines: Lines, values: Values, on: str) -> list[str | None]:
    """The ids of the outcomes that the transcript leaves possible."""
    found: list[str | None] = []
    for key, one in lines.outcomes.items():
        if (one.first or "") <= on <= (one.last or "9999") and _any_met(one.when, values):
            found.append(key)
            if not _any_met(one.doubtful, values):
                return found
    return [*found, None]


def _any_met(words: Sequence[Conjunction] | None, values: Values) -> bool:
    return words is None or any(
        all(is_met(word, values, CHIP, PARAGRAPH) for word in each) for each in words
    )


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
        assert outcomes(key, values, on) == expected(lines, values, on)
        found.append(expected(lines, values, on))
    below, at, above = found
    assert below != above
    assert at == (above if sign in (">=", "<") else below)


# each day is the first or the last


def moved(day: str, later: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=later)).isoformat()


DATED = [(key, day, 0) for key, one in RULES.items() for day in (one.stands,) if day] + [
    (key, day, 1) for key, one in RULES.items() for day in (one.last,) if day
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
    start = lines.followed or lines.stands or "2025-01-01"
    after = Truth.NO if lines.enforced == "never" or not lines.stands else Truth.YES
    assert [enforced(rule, moved(start, by)) for by in (-1, 0)] == [Truth.NO, after]
    if lines.last:
        assert [enforced(rule, moved(lines.last, by)) for by in (0, 1)] == [after, Truth.NO]


@pytest.mark.parametrize("key", [key for key, lines in RULES.items() if lines.pause])
def test_a_pause_is_told_with_what_follows_it(key: str) -> None:
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
    assert found == [expected(lines, values, moved(turns, by)) for by in (-1, 0)]
    assert [one == [name] for one in found] == ([True, False] if later else [False, True])


def test_the_days_of_change_are_those_of_the_lines() -> None:
    moves = (*TRANSCRIPT.left.values(), *TRANSCRIPT.joined.values())
    told = {BEFORE, *(day for one in moves for day in one.values())}
    for lines in RULES.values():
        ended = [one.last for one in lines.outcomes.values()]
        starts = [lines.followed, *(one.first for one in lines.outcomes.values())]
        starts += [word[-10:] for word in lines.reach if " from 20" in word]
        if lines.stands:
            ends = (lines.last, *lines.pause[1:2], *ended)
            told |= {one for one in (lines.stands, *starts, *lines.pause[:1]) if one}
            told |= {moved(one, 1) for one in ends if one}
    assert days(BOOK) == sorted(day for day in told if day >= BEFORE)
