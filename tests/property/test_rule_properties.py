"""Knowing more of a chip never turns a certain answer: what was possible only becomes less."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bench.rules.attributes import KINDS, Attribute, Reading
from bench.rules.judge import status
from bench.rules.load import rulebook
from bench.rules.model import Policy, Rule
from bench.rules.places import Question
from bench.rules.predicate import Compare, Predicate, Subject, Tree, holds
from bench.rules.ruling import rule_on
from bench.rules.timeline import days
from bench.rules.truth import Truth, all_of, any_of

BOOK = rulebook()
PARAGRAPHS = (None, "3A090", "3A090.a.1", "3A090.a.2", "3A090.b.1", "3A090.b.2", "3A090.c")
CHIPS = ("nvidia-a100-sxm-80gb", "nvidia-h20-sxm-96gb", "amd-mi250-oam-128gb", "acme-one")
Known = dict[str, tuple[float | bool, ...]]


def predicates(rule: Rule) -> list[Predicate]:
    """Every predicate of a rule."""
    asked = [*(one.when for one in rule.outcomes), *(one.when for one in rule.policies)]
    doubts = (one.uncertain_when for one in rule.outcomes)
    return [one for one in (*asked, *doubts) if one is not None]


def thresholds(asked: Predicate, key: str) -> list[float]:
    """The values of one attribute at which a predicate turns."""
    if isinstance(asked, Tree):
        return [line for part in asked.parts for line in thresholds(part, key)]
    if not isinstance(asked, Compare) or key not in asked.keys or asked.threshold is None:
        return []
    return [float(asked.threshold)]


ASKED = [one for rule in BOOK.rules.values() for one in predicates(rule)]
LINES = {key: sorted({line for one in ASKED for line in thresholds(one, key)}) for key in KINDS}


def values(key: str) -> st.SearchStrategy[float | bool]:
    """What an attribute may be: on its lines, beside them, or anywhere."""
    if KINDS[key].flag:
        return st.booleans()
    beside = [line * share for line in LINES[key] for share in (0.999, 1.0, 1.001)]
    return st.one_of(st.sampled_from(beside or [1.0]), st.floats(0.0, 1e13))


READINGS = st.fixed_dictionaries(
    {key: st.lists(values(key), max_size=3, unique=True).map(tuple) for key in KINDS}
)


@st.composite
def knowing_more(draw: st.DrawFn) -> tuple[Known, Known]:
    """What is known of a chip, and the same with more known: a value, or fewer readings."""
    before = draw(READINGS)
    after = dict(before)
    for key in draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, unique=True)):
        has = before[key]
        fewer = st.lists(st.sampled_from(has), min_size=1, unique=True) if has else None
        after[key] = tuple(draw(fewer)) if fewer is not None else (draw(values(key)),)
    return before, after


def part(known: Known, chip: str, eccns: tuple[str | None, ...] = (None,)) -> Subject:
    made = {
        key: Attribute(key, tuple(Reading(one, "") for one in has), "" if len(has) == 1 else "open")
        for key, has in known.items()
    }
    return Subject(chip, made, eccns)


KINDS_OF_PART: tuple[Known, ...] = (
    {"standalone_memory": (False,)},
    {"standalone_memory": (True,), "tpp": (1.0,), "io": (1.0,)},
)
"""A processor, and memory sold alone, which no line for processors reaches."""
MADE = st.sampled_from(KINDS_OF_PART)
CHIP = st.sampled_from(CHIPS)
DAY = st.sampled_from(days(BOOK))
PLACE = st.sampled_from(["CN", "HK", "MO", "RU", "VN", "SA", "SG", "US"])


@given(st.lists(st.sampled_from(list(Truth))))
def test_one_no_decides_all_and_one_yes_decides_any(parts: list[Truth]) -> None:
    assert (all_of(parts) is Truth.NO) is (Truth.NO in parts)
    assert (any_of(parts) is Truth.YES) is (Truth.YES in parts)


@given(known=knowing_more(), chip=CHIP, asked=st.sampled_from(ASKED))
def test_knowing_more_never_turns_a_certain_answer(
    known: tuple[Known, Known], chip: str, asked: Predicate
) -> None:
    before, after = (holds(asked, part(one, chip)) for one in known)
    assert after is before or before is Truth.UNKNOWN


@given(
    asked=st.sampled_from(ASKED),
    known=READINGS,
    several=st.lists(st.sampled_from(PARAGRAPHS), min_size=1, unique=True),
    data=st.data(),
)
def test_knowing_the_paragraph_never_turns_a_certain_answer(
    asked: Predicate, known: Known, several: list[str | None], data: st.DataObject
) -> None:
    before = part(known, "acme-one", tuple(several))
    after = replace(before, eccns=(data.draw(st.sampled_from(several)),))
    assert holds(asked, before) in (holds(asked, after), Truth.UNKNOWN)


@given(
    known=knowing_more(),
    chip=CHIP,
    on=DAY,
    rule=st.sampled_from([one for one in BOOK.rules.values() if one.outcomes]),
    eccn=st.sampled_from(PARAGRAPHS),
)
def test_what_a_rule_leaves_possible_was_possible_before(
    known: tuple[Known, Known], chip: str, on: str, rule: Rule, eccn: str | None
) -> None:
    question = Question(on, "CN", "CN")
    before, after = (
        rule_on(rule, part(one, chip, (eccn,)), question, BOOK.places) for one in known
    )
    assert set(after.findings) <= set(before.findings)
    assert after.caught is before.caught or before.caught is Truth.UNKNOWN


@given(
    known=knowing_more(),
    made=MADE,
    chip=CHIP,
    on=DAY,
    where=st.tuples(PLACE, PLACE, st.booleans()),
)
def test_the_policies_that_are_left_were_possible_before(
    known: tuple[Known, Known], made: Known, chip: str, on: str, where: tuple[str, str, bool]
) -> None:
    question = Question(on, *where)
    before, after = (status(part({**one, **made}, chip), question, BOOK) for one in known)
    assert set(after.policies) <= set(before.policies)
    assert set(after.eccns) <= set(before.eccns)
    assert after.needs_licence is before.needs_licence or before.needs_licence is Truth.UNKNOWN


@given(known=READINGS, made=MADE, chip=CHIP, on=DAY, place=PLACE)
def test_where_all_is_known_letters_alone_leave_anything_open(
    known: Known, made: Known, chip: str, on: str, place: str
) -> None:
    sure = {key: has[:1] or (KINDS[key].flag or 1.0,) for key, has in known.items()}
    found = status(part({**sure, **made}, chip), Question(on, place, place), BOOK)
    assert len(found.eccns) == 1
    assert len({*found.policies} - {Policy.LICENCE_REQUIRED}) <= 1
