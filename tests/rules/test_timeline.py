"""A chip's status through time: periods that join, and the histories that are known."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chips.load import Catalogue, catalogue
from bench.report.rules.timeline import periods
from bench.rules.judge import status
from bench.rules.judged import judged
from bench.rules.load import Rulebook, rulebook
from bench.rules.model import Policy, Rule
from bench.rules.places import Question
from bench.rules.subject import subject
from bench.rules.timeline import BEFORE, Period, days, timeline

NONE = (Policy.NONE,)
NAC = (Policy.NAC_NOTIFICATION,)
CASE_BY_CASE = (Policy.CASE_BY_CASE,)
LICENCE = (Policy.LICENCE_REQUIRED,)
DENIAL = (Policy.PRESUMPTION_OF_DENIAL,)
NICARAGUA, CAMBODIA, UAE = "2024-03-15", "2025-11-07", "2026-07-10"
"""The days on which a country joined groups, and two left one."""
OPEN = (Policy.LICENCE_REQUIRED, Policy.NONE)


def of(chip: str, sheets: Catalogue, book: Rulebook, destination: str = "CN") -> list[Period]:
    """The periods of a chip."""
    question = Question("", destination, destination)
    return timeline(subject(sheets.find(chip), sheets), question, book)


def told(one: Period) -> tuple[object, ...]:
    """What a period says: paragraphs, policies, and the words of every rule that tells of it."""
    words = {(found.rule.id, found.words, found.caught) for found in one.rulings}
    return one.status.eccns, one.status.policies, words


def day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


CHIPS = [
    "h20", "a800-sxm", "h800-sxm", "h200", "rtx4090", "mi308x", "biren-br104", "v100",
    "nvidia-hgx-h20-8",
]  # fmt: skip


@pytest.mark.parametrize("destination", ["CN", "MO", "SG", "AE"])
@pytest.mark.parametrize("chip", CHIPS)
def test_periods_join_without_gap_or_overlap(
    chip: str, destination: str, sheets: Catalogue, book: Rulebook
) -> None:
    found = of(chip, sheets, book, destination)
    assert found[0].since == BEFORE
    assert found[-1].until is None
    ends = [one.until or "" for one in found[:-1]]
    assert [day_after(end) for end in ends] == [one.since for one in found[1:]]
    assert all(one.since <= (one.until or "9999") for one in found)


@pytest.mark.parametrize("destination", ["CN", "MO", "SG", "AE"])
@pytest.mark.parametrize("chip", CHIPS)
def test_neighbouring_periods_differ(
    chip: str, destination: str, sheets: Catalogue, book: Rulebook
) -> None:
    found = of(chip, sheets, book, destination)
    assert all(told(one) != told(other) for one, other in pairwise(found))


HISTORIES: dict[str, list[tuple[str, tuple[Policy, ...]]]] = {
    "h20": [
        ("2022-08-25", NONE),
        ("2022-10-21", NONE),
        ("2023-11-17", NONE),
        ("2025-03-26", NONE),
        ("2025-04-09", LICENCE),
        ("2025-07-15", LICENCE),
        ("2025-07-31", LICENCE),
        ("2025-08-08", LICENCE),
        ("2025-08-12", LICENCE),
        ("2025-10-01", LICENCE),
        ("2025-11-04", LICENCE),
        ("2025-11-05", LICENCE),
    ],
    "a800-sxm": [
        ("2022-08-25", NONE),
        ("2022-08-26", OPEN),
        ("2022-10-21", NONE),
        ("2023-10-23", LICENCE),
        ("2023-11-17", DENIAL),
        ("2025-04-09", DENIAL),
        ("2025-05-13", DENIAL),
        ("2025-11-04", DENIAL),
        ("2025-11-05", DENIAL),
        ("2026-01-15", DENIAL),
    ],
    "h200": [
        ("2022-08-25", NONE),
        ("2022-08-26", LICENCE),
        ("2022-10-21", DENIAL),
        ("2023-10-23", DENIAL),
        ("2023-11-17", DENIAL),
        ("2025-04-09", DENIAL),
        ("2025-05-13", DENIAL),
        ("2025-11-04", DENIAL),
        ("2025-11-05", DENIAL),
        ("2025-12-08", DENIAL),
        ("2026-01-13", DENIAL),
        ("2026-01-15", CASE_BY_CASE),
        ("2026-01-28", CASE_BY_CASE),
        ("2026-02-01", CASE_BY_CASE),
        ("2026-08-01", CASE_BY_CASE),
    ],
    "rtx4090": [
        ("2022-08-25", NONE),
        ("2022-10-21", NONE),
        ("2023-11-17", NAC),
        ("2025-05-13", NAC),
        ("2025-11-04", NAC),
        ("2025-11-05", NAC),
    ],
}
HISTORIES["h800-sxm"] = HISTORIES["a800-sxm"]


@pytest.mark.parametrize("chip", HISTORIES)
def test_a_history_comes_out_as_it_is_known(chip: str, sheets: Catalogue, book: Rulebook) -> None:
    found = [(one.since, one.status.policies) for one in of(chip, sheets, book)]
    assert found == HISTORIES[chip]


def test_a_period_names_the_rules_that_begin_and_end_with_it(
    sheets: Catalogue, book: Rulebook
) -> None:
    found = {
        one.since: ([rule.id for rule in one.began], [rule.id for rule in one.ended])
        for one in of("a800-sxm", sheets, book)
    }
    assert found["2022-08-25"] == ([], [])
    assert found["2022-10-21"] == (["US-2022-3A090"], ["US-2022-LETTER-NVDA"])
    assert found["2023-10-23"] == (["US-2023-LETTER-EARLY"], [])
    assert found["2023-11-17"] == (["US-2023-3A090"], ["US-2022-3A090", "US-2023-LETTER-EARLY"])


def test_every_later_period_of_every_chip_says_what_changed(
    sheets: Catalogue, book: Rulebook
) -> None:
    silent = [
        (chip, one.since)
        for chip in sheets.chips
        for one in of(chip, sheets, book)[1:]
        if not one.began and not one.ended
    ]
    assert silent == []


def test_bills_are_never_part_of_a_history(sheets: Catalogue, book: Rulebook) -> None:
    kinds = {rule.kind for one in of("h20", sheets, book) for rule in (*one.began, *one.ended)}
    assert "bill" not in kinds


def test_the_day_of_the_question_is_not_looked_at(sheets: Catalogue, book: Rulebook) -> None:
    part = subject(sheets.find("h20"), sheets)
    found = [timeline(part, Question(on, "CN", "CN"), book) for on in ("", "2024-06-01")]
    assert [one.since for one in found[0]] == [one.since for one in found[1]]


SHEETS, BOOK = catalogue(), rulebook()
STARTS = days(BOOK)
ANY_DAY = st.dates(date(2022, 8, 25), date(2029, 12, 31)).map(date.isoformat)
EDGES = st.sampled_from([*STARTS, *(day_after(day) for day in STARTS)])


@given(chip=st.sampled_from(sorted(SHEETS.chips)), day=st.one_of(ANY_DAY, EDGES))
def test_the_status_of_any_day_is_that_of_its_period(chip: str, day: str) -> None:
    found = of(chip, SHEETS, BOOK)
    held = next(one for one in found if one.since <= day <= (one.until or "9999"))
    part = subject(SHEETS.chips[chip], SHEETS)
    now = status(part, Question(day, "CN", "CN"), BOOK)
    assert (now.eccns, now.policies) == (held.status.eccns, held.status.policies)
    assert told(Period(day, None, now, (), ())) == told(held)


@given(place=st.sampled_from(sorted(BOOK.places.countries)), day=st.one_of(ANY_DAY, EDGES))
def test_the_status_of_any_day_is_that_of_its_period_wherever_it_goes(place: str, day: str) -> None:
    found = of("h100-sxm", SHEETS, BOOK, place)
    held = next(one for one in found if one.since <= day <= (one.until or "9999"))
    now = status(
        subject(SHEETS.find("h100-sxm"), SHEETS), Question(day, place, place), BOOK
    )  # fmt: skip
    assert told(Period(day, None, now, (), ())) == told(held)


def rule(**told: object) -> Rule:
    """A control of everything for China."""
    node = {
        "id": "ONE", "title": "one", "jurisdiction": "US", "kind": "eccn_control", "citation": "x",
        "destination": {"countries": ["CN"]}, "confidence": "press", "sources": ["x"], **told,
    }  # fmt: skip
    return Rule.model_validate(node)


def test_a_rule_begins_pauses_resumes_and_ends_on_days_of_its_own(book: Rulebook) -> None:
    one = rule(
        effective="2024-01-01", enforced_since="2024-02-01", end="2025-12-31",
        enforced_until="2025-06-30", suspended={"since": "2024-05-01", "until": "2024-05-31"},
        outcomes=[{"id": "a", "policy": "none", "since": "2024-03-01", "until": "2024-03-31"}],
    )  # fmt: skip
    assert days(Rulebook({"ONE": one}, book.places)) == [
        BEFORE, "2024-01-01", "2024-02-01", "2024-03-01", NICARAGUA, "2024-04-01", "2024-05-01",
        "2024-06-01", "2025-07-01", CAMBODIA, "2026-01-01", UAE,
    ]  # fmt: skip


def test_what_never_took_force_has_no_day(book: Rulebook) -> None:
    bill = rule(kind="bill", published="2025-01-01")
    unused = rule(id="TWO", effective="2025-01-13", enforced_until="never")
    found = days(Rulebook({"ONE": bill, "TWO": unused}, book.places))
    assert found == [BEFORE, NICARAGUA, "2025-01-13", CAMBODIA, UAE]


def test_a_rule_whose_outcome_changes_is_told_as_the_same_rule(
    sheets: Catalogue, book: Rulebook
) -> None:
    outcomes = [
        {"id": "a", "eccn": "3A090", "policy": "case_by_case", "until": "2024-12-31"},
        {"id": "b", "eccn": "3A090", "policy": "presumption_of_denial"},
    ]
    ours = Rulebook({"ONE": rule(effective="2024-01-01", outcomes=outcomes)}, book.places)
    chip, asked = sheets.find("h20"), Question("", "CN", "CN")
    found = timeline(subject(chip, sheets), asked, ours)
    assert [(one.since, one.status.policies) for one in found] == [
        (BEFORE, NONE), ("2024-01-01", CASE_BY_CASE), ("2025-01-01", DENIAL),
    ]  # fmt: skip
    last = judged(chip, replace(asked, on=found[-1].since), sheets, ours)
    shown = periods(last, found[:1] + found[2:], ours, sheets).table.cells
    assert [row[-1] for row in shown] == [
        "no rule in force reaches it", "the same rules, with another outcome",
    ]  # fmt: skip


def test_a_control_that_is_silent_casts_no_doubt_on_another_that_is_sure_of_some_paragraph(
    sheets: Catalogue, book: Rulebook
) -> None:
    either = [
        {"id": "a", "eccn": "3A090.a", "when": {"tpp": ">= unknown"}, "policy": "case_by_case"},
        {"id": "b", "eccn": "3A090.b", "policy": "case_by_case"},
    ]
    sure = rule(effective="2024-01-01", outcomes=either)
    silent = rule(id="TWO", effective="2024-06-01", outcomes=[{"id": "none", "policy": "none"}])
    ours = Rulebook({"ONE": sure, "TWO": silent}, book.places)
    found = timeline(subject(sheets.find("h20"), sheets), Question("", "CN", "CN"), ours)
    either_paragraph = ("3A090.a", "3A090.b")
    assert [one.status.eccns for one in found] == [(None,), either_paragraph, either_paragraph]
    assert [rule.id for rule in found[-1].began] == ["TWO"]
