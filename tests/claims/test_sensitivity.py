"""What verdicts hang on: the margin, rival figures, vendors, users; nothing where nothing flips."""

from collections.abc import Sequence
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.judge import Word
from bench.claims.model import Axis, Relation
from bench.claims.sensitivity import EvidenceBase, Flip
from bench.claims.weigh import Question
from bench.evidence.model import Kind
from bench.evidence.observe import Observation
from bench.evidence.quantities import QUANTITIES
from bench.evidence.weigh import weigh
from bench.units import Dimension
from tests.chips.comparison_cases import MAKER, chip

FREE, VENDOR, USER, GATE = Kind.INDEPENDENT, Kind.VENDOR, Kind.USER, Kind.GATE
GROUPS = range(8)
BIAS = (0.04, -0.03, 0.01, 0.02, -0.05, 0.03, -0.01, -0.01)
"""How far each group lies from the middle, on all chips alike."""


def seen(
    name: str, value: float, by: str = "someone", kind: Kind = FREE, **told: Any
) -> Observation:
    """A measured bf16 product, or what is told instead."""
    weight, why = weigh(kind, (), "A")
    node = {
        "ref": f"{by}:{name}", "chip": name, "quantity": QUANTITIES["matmul_best"],
        "dtype": "bf16", "value": value, "dimension": Dimension.FLOP_RATE, "paper": None,
        "by": by, "under": by, "kind": kind, "count": 1.0, "statistic": "best", "defects": (),
        "quality": "A", "date": "2025", "work": (), "weight": weight, "why": why,
    }  # fmt: skip
    return Observation(**{**node, **told})


def noise(group: int, place: int, size: float = 1e-3) -> float:
    """What repeating it adds: up and down in turn, so that it averages out."""
    return 1 + size * (1 if (group + place) % 2 else -1)


def both(ratio: float, size: float = 1e-3) -> list[Observation]:
    """Two chips measured side by side by eight groups: the first is so much of the second."""
    return [
        seen(name, 1e14 * times * (1 + BIAS[group]) * noise(group, place, size), f"group {group}")
        for group in GROUPS
        for place, (name, times) in enumerate((("a", ratio), ("b", 1.0)))
    ]


def sheet(name: str, *rivals: str, value: str = "100") -> Chip:
    """A chip whose bf16 rate others publish otherwise."""
    others = [{"value": f"{one} TFLOP/s", "source": "wiki"} for one in rivals]
    figure = {"value": f"{value} TFLOP/s", "basis": "dense", "rivals": others}
    return chip(name, {"matrix_bf16": figure})


A, B, C, D = (sheet(one) for one in "abcd")


def evidence(
    found: Sequence[Observation], *chips: Chip, without: tuple[Kind, ...] = ()
) -> EvidenceBase:
    """The evidence, with sheets that stand in the place of the usual ones."""
    known = {one.id: one for one in (A, B, C, D, *chips)}
    return EvidenceBase(tuple(found), Catalogue(known, {"maker": MAKER, "wiki": MAKER}), without)


def asked(
    judge: EvidenceBase,
    relation: Relation = "matches",
    *,
    first: str = "a",
    second: str = "b",
    **told: Any,
) -> Question:
    """What is asked of two chips' bf16 rates."""
    chips = judge.catalogue.chips
    return Question(chips[first], chips[second], Axis(figure="matrix_bf16"), relation, **told)


def flips(judge: EvidenceBase, question: Question) -> list[tuple[str, str, str]]:
    """What would change an answer: the change, before and after."""
    found = judge.flips(judge.finding(question))
    assert all(isinstance(one, Flip) for one in found)
    return [(one.change, one.before, one.after) for one in found]


# margins


@pytest.mark.parametrize(
    ("ratio", "word", "expected"),
    [
        (1.00, "match", []),
        (1.50, "exceeds", []),
        (0.50, "falls short", []),
        (1.07, "match", [("margin 5%", "match", "exceeds")]),
        (0.93, "match", [("margin 5%", "match", "falls short")]),
        (1.15, "exceeds", [("margin 20%", "exceeds", "match")]),
        (0.86, "falls short", [("margin 20%", "falls short", "match")]),
    ],
)
def test_a_verdict_hangs_on_the_margin_or_does_not(
    ratio: float, word: str, expected: list[tuple[str, str, str]]
) -> None:
    judge = evidence(both(ratio))
    assert judge.finding(asked(judge)).word.value == word
    assert flips(judge, asked(judge)) == expected


def test_a_wide_interval_crosses_any_margin() -> None:
    judge = evidence(both(1.0, size=0.4))
    assert judge.finding(asked(judge)).word is Word.INCONCLUSIVE
    assert flips(judge, asked(judge)) == []


def test_a_relation_that_another_margin_settles_is_told_though_the_word_stays() -> None:
    """The 90% interval, 0.875 to 1.38, has its lower bound between 1/1.2 and 1/1.1."""
    judge = evidence(both(1.1, size=0.22))
    found = judge.finding(asked(judge, "at least"))
    wide = judge.finding(asked(judge, "at least", margin=0.2))
    assert (found.holds, wide.holds) == (None, True)
    assert [one[0] for one in flips(judge, asked(judge, "at least"))] == ["margin 20%"]


# classes of evidence


def apart(kind: Kind, ratio: float) -> list[Observation]:
    """One class says something else of the first chip, eight times; one stranger agrees not."""
    usual = [seen("a", 1e14 * noise(0, 0), "lone"), seen("b", 1e14 * noise(0, 1), "lone")]
    told = [seen("a", 1e14 * ratio * noise(one, 0), f"{kind} {one}", kind) for one in GROUPS]
    other = [seen("b", 1e14 * noise(one, 1), f"{kind} {one}", kind) for one in GROUPS]
    rest = [
        seen(name, 1e14 * noise(group, place), f"rest {group}")
        for group in GROUPS
        for place, name in enumerate("cd")
    ]
    return [*usual, *told, *other, *rest]


@pytest.mark.parametrize(
    ("kind", "change"),
    [(VENDOR, "without vendor claims"), (USER, "without user submissions")],
)
def test_a_verdict_hangs_on_a_class_that_says_something_else(kind: Kind, change: str) -> None:
    judge = evidence(apart(kind, 1.5))
    assert judge.finding(asked(judge)).word is Word.EXCEEDS
    assert flips(judge, asked(judge)) == [(change, "exceeds", "match")]


@pytest.mark.parametrize(
    ("kind", "change"),
    [(VENDOR, "without vendor claims"), (USER, "without user submissions")],
)
def test_what_only_one_class_measured_is_untestable_without_it(kind: Kind, change: str) -> None:
    judge = evidence([one for one in apart(kind, 1.0) if one.by != "lone"])
    assert flips(judge, asked(judge)) == [(change, "match", "untestable")]


def test_a_class_that_agrees_changes_nothing() -> None:
    judge = evidence([*apart(VENDOR, 1.0), *both(1.0)])
    assert flips(judge, asked(judge)) == []


def test_a_class_that_was_left_out_stays_out_of_every_part() -> None:
    judge = evidence([*apart(VENDOR, 1.5), *apart(USER, 1.5)], without=(VENDOR,))
    kinds = {name: {one.kind for one in part.admitted} for name, part in judge.parts.items()}
    assert kinds == {
        "without vendor claims": {FREE, USER}, "without user submissions": {FREE},
    }  # fmt: skip
    assert {one.kind for one in judge.whole.admitted} == {FREE, USER}
    assert len(judge.whole.every) == 2 * len(apart(VENDOR, 1.5))


def test_a_pass_mark_is_of_the_vendor_and_judges_nothing() -> None:
    marks = [seen(one, 9e14, "maker", GATE) for one in "ab"]
    judge = evidence([*both(1.0), *marks])
    assert not {one.kind for one in judge.whole.admitted} & {GATE}
    assert flips(judge, asked(judge)) == []


# rival figures


@pytest.mark.parametrize(
    ("rivals", "value", "found", "expected"),
    [
        (("200",), "100", [], [("highest published ratio 2.00", "open", "does not hold on paper")]),
        (("50",), "100", [], [("lowest published ratio 0.500", "open", "does not hold on paper")]),
        (
            ("50", "200"), "100", [],
            [
                ("lowest published ratio 0.500", "open", "does not hold on paper"),
                ("highest published ratio 2.00", "open", "does not hold on paper"),
            ],
        ),
        (("100",), "200", [], [("lowest published ratio 1.00", "open", "holds on paper")]),
        (
            ("200",), "100", both(1.0),
            [("highest published ratio 2.00", "on paper and measured", "measured only")],
        ),
        (
            ("100",), "200", both(0.5),
            [("lowest published ratio 1.00", "neither", "on paper only")],
        ),
        (("105",), "100", [], []),
        (("300",), "200", both(1.0), []),
    ],
)  # fmt: skip
def test_rival_figures_may_turn_the_paper_side(
    rivals: tuple[str, ...],
    value: str,
    found: list[Observation],
    expected: list[tuple[str, str, str]],
) -> None:
    judge = evidence(found, sheet("a", *rivals, value=value))
    assert flips(judge, asked(judge)) == expected


def test_a_rival_is_held_against_the_factor_that_is_claimed() -> None:
    judge = evidence([], sheet("a", "200"))
    told = flips(judge, asked(judge, factor=2.0))
    assert told == [("highest published ratio 2.00", "open", "holds on paper")]


def test_a_rival_ratio_close_to_the_limit_is_told_from_it() -> None:
    """796 over 1000 is below 1 / 1.25 = 0.800, though both round to 0.80."""
    judge = evidence([], sheet("a", "796", value="800"), sheet("b", value="1000"))
    found = asked(judge, relation="at least", margin=0.25)
    assert judge.finding(found).at_limit
    rival = ("lowest published ratio 0.796", "open", "does not hold on paper")
    assert flips(judge, found)[-1] == rival


@pytest.mark.parametrize(("relation", "holds"), [("at least", True), ("exceeds", False)])
def test_a_ratio_at_its_limit_is_judged_whatever_its_last_bit(
    relation: Relation, holds: bool
) -> None:
    """1 / 1.1 is the limit of "at least", and 100 over 110 its equal but for rounding."""
    value = "110" if relation == "at least" else "100"
    judge = evidence([], sheet("a", value="100"), sheet("b", value=value))
    found = judge.finding(asked(judge, relation=relation))
    assert found.at_limit
    assert found.on_paper is holds


def test_what_is_not_comparable_hangs_on_nothing() -> None:
    """Paper says nothing of quantities that are not alike, so rivals cannot change what it says."""
    judge = evidence(both(1.07), sheet("a", "200"))
    unlike = asked(judge, unlike="a sparse rate against a dense one")
    assert judge.finding(unlike).on_paper is None
    assert flips(judge, unlike) == []


def test_a_flip_is_told_in_words() -> None:
    assert str(Flip("margin 20%", "exceeds", "match")) == "margin 20%: match"
