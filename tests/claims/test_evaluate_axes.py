"""Claims over several axes: all must hold, and one decides; margins, factors, what is unlike."""

import math
from itertools import product

import pytest

from bench.claims.judge import Stands, Word
from bench.claims.model import Relation
from tests.claims.test_evaluate import (
    BF16,
    CAPACITY,
    FP8,
    MEMORY,
    SAID,
    STATES,
    State,
    claim,
    judged,
    kleene,
    one_pair,
)
from tests.claims.test_judge import between

NOBODY = "no admissible measurement of one side or both"

# several axes


@pytest.mark.parametrize("states", [*product(STATES, repeat=3)])
def test_a_claim_holds_where_it_holds_on_each_axis(states: tuple[State, ...]) -> None:
    axes = (BF16, FP8, MEMORY)
    answers = {(axis, "s", "o"): SAID[state] for axis, state in zip(axes, states, strict=True)}
    found = one_pair(*({"figure": axis} for axis in axes), answers=answers)
    assert found.holds is kleene("each", [*states])
    assert found.deciding.deciding.holds is found.holds


@pytest.mark.parametrize(("bf16", "fp8", "capacity"), [*product(STATES, repeat=3)])
def test_a_capacity_decides_nothing_while_a_rate_is_open(
    bf16: State, fp8: State, capacity: State
) -> None:
    """The 910C was refuted as the H100's like by its larger memory, its rates unmeasured."""
    states = {CAPACITY: capacity, BF16: bf16, FP8: fp8}
    answers = {(axis, "s", "o"): SAID[state] for axis, state in states.items()}
    found = one_pair(*({"figure": axis} for axis in states), answers=answers)
    rates = kleene("each", [bf16, fp8])
    assert found.holds is (None if rates is None else kleene("each", [*states.values()]))
    shown = found.deciding.deciding
    assert shown.holds is found.holds
    settled_by_capacity = rates is True and capacity is not True
    assert (shown.question.axis.figure == CAPACITY) is settled_by_capacity


@pytest.mark.parametrize("state", STATES)
def test_a_claim_of_capacity_alone_is_decided_by_it(state: State) -> None:
    found = one_pair({"figure": CAPACITY}, answers={(CAPACITY, "s", "o"): SAID[state]})
    assert found.holds is state


def test_on_paper_a_capacity_decides_nothing_while_a_rate_is_unpublished() -> None:
    axes = ({"figure": "matrix_int8"}, {"figure": CAPACITY, "factor": 2})
    assert one_pair(*axes, answers={}).on_paper is None
    assert one_pair({"figure": BF16}, axes[1], answers={}).on_paper is False


@pytest.mark.parametrize(
    ("bf16", "fp8", "word", "axis"),
    [
        ((0.98, 1.02), (0.5, 0.6), Word.SHORT, FP8),
        ((0.5, 0.6), (0.98, 1.02), Word.SHORT, BF16),
        ((0.5, 0.6), None, Word.SHORT, BF16),
        ((2.0, 3.0), (0.5, 0.6), Word.SHORT, FP8),
        ((0.98, 1.02), None, Word.UNTESTABLE, FP8),
        ((0.8, 1.3), None, Word.INCONCLUSIVE, BF16),
        ((0.98, 1.02), (2.0, 3.0), Word.EXCEEDS, FP8),
    ],
)
def test_the_axis_that_decides_gives_the_verdict(
    bf16: tuple[float, float], fp8: tuple[float, float] | None, word: Word, axis: str
) -> None:
    answers = {(BF16, "s", "o"): bf16} | ({(FP8, "s", "o"): fp8} if fp8 else {})
    found = one_pair({"figure": BF16}, {"figure": FP8}, answers=answers)
    assert (found.word, found.deciding.deciding.question.axis.figure) == (word, axis)


def test_relation_and_factor_may_be_an_axis_own() -> None:
    axes = ({"figure": BF16, "relation": "at least", "factor": 2}, {"work": "decode"})
    answers = {(BF16, "s", "o"): (1.9, 5.0), ("decode", "s", "o"): (0.95, 1.05)}
    found = one_pair(*axes, answers=answers)
    told = [(one.question.relation, one.question.factor) for one in found.pairs[0].findings]
    assert told == [("at least", 2.0), ("matches", 1.0)]
    assert [one.holds for one in found.pairs[0].findings] == [True, True]
    assert found.pairs[0].findings[0].on_paper is False


# a relation that is settled has a verdict that says so


@pytest.mark.parametrize(
    ("relation", "interval", "holds"),
    [
        ("at least", (0.95, 3.0), True), ("at most", (0.3, 1.05), True),
        ("exceeds", (1.05, 3.0), True), ("exceeds", (0.5, 0.98), False),
    ],
)  # fmt: skip
def test_what_is_settled_is_not_called_inconclusive(
    relation: Relation, interval: tuple[float, float], holds: State
) -> None:
    """One bound settles such a relation: that the interval crosses the other opens nothing."""
    found = one_pair({"figure": BF16}, answers={(BF16, "s", "o"): interval}, relation=relation)
    assert (found.holds, found.deciding.deciding.needed) == (holds, None)
    assert found.word is not Word.INCONCLUSIVE


# margins


@pytest.mark.parametrize(
    ("own", "instead", "word"),
    [
        (0.10, None, Word.INCONCLUSIVE), (0.25, None, Word.MATCH), (0.10, 0.25, Word.MATCH),
        (0.25, 0.10, Word.INCONCLUSIVE), (0.25, 0.01, Word.INCONCLUSIVE),
    ],
)  # fmt: skip
def test_the_margin_is_the_claims_own_or_another(
    own: float, instead: float | None, word: Word
) -> None:
    said = claim(subjects=("s",), objects=("o",), margin=own)
    found = judged(said, {(BF16, "s", "o"): (0.85, 1.15)}, instead)
    assert (found.word, found.deciding.deciding.question.margin) == (word, instead or own)


def test_the_factor_moves_what_counts_as_equal() -> None:
    answers = {(BF16, "s", "o"): (1.95, 2.05)}
    found = one_pair({"figure": BF16}, answers=answers, factor=2)
    assert (found.word, found.holds, found.on_paper) == (Word.MATCH, True, False)


# what cannot be compared


def test_quantities_that_are_not_alike_are_not_compared() -> None:
    answers = {(BF16, "s", "o"): (0.98, 1.02)}
    found = one_pair({"figure": BF16}, answers=answers, unlike="sparse against dense")
    finding = found.deciding.deciding
    assert (found.word, found.holds, found.on_paper) == (Word.UNLIKE, None, None)
    assert (found.stands, finding.measured, finding.needed) == (Stands.OPEN, None, None)
    assert finding.reason == "sparse against dense"


@pytest.mark.parametrize("pair", [("s", "old"), ("old", "s")])
def test_a_figure_that_a_chip_has_no_unit_for_is_not_compared(pair: tuple[str, str]) -> None:
    said = claim(subjects=pair[:1], objects=pair[1:], axes=({"figure": FP8},))
    found = judged(said, {(FP8, *pair): (0.98, 1.02)})
    assert (found.word, found.holds) == (Word.UNLIKE, None)
    assert found.deciding.deciding.reason == "Old has no such unit"


@pytest.mark.parametrize(
    ("axis", "reason"),
    [
        ({"figure": BF16}, NOBODY),
        ({"work": "decode"}, "nobody measured the same work on both"),
        (
            {"figure": "tdp"},
            f"{NOBODY}; S has no sourced figure for board power",
        ),
    ],
)
def test_without_measurement_a_claim_is_untestable_whatever_the_sheets_say(
    axis: dict[str, str], reason: str
) -> None:
    found = one_pair(axis, answers={})
    finding = found.deciding.deciding
    assert (found.word, found.holds, finding.needed) == (Word.UNTESTABLE, None, None)
    assert finding.reason == reason


def test_an_open_question_says_how_many_devices_would_settle_it() -> None:
    """At a ratio of 1 with a scatter of 5%, six of each."""
    found = one_pair({"figure": BF16}, answers={(BF16, "s", "o"): (1 / 1.3, 1.3)})
    assert found.deciding.deciding.needed == 6
    assert math.isclose(between(1 / 1.3, 1.3).ratio, 1.0)
