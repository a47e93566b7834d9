"""Claims over many chips and axes: three-valued logic, the pair that decides, margins, unlike."""

from collections.abc import Collection, Mapping
from itertools import product
from typing import Any, Literal, get_args

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.evaluate import Judgement, either, judgement, together
from bench.claims.judge import Stands, Word
from bench.claims.model import Claim
from bench.evidence.estimate import Estimate
from bench.evidence.pool import Evidence, Test
from tests.chips.comparison_cases import MAKER, chip
from tests.claims.test_judge import between

State = bool | None
Which = Literal["each", "any"]
Answers = Mapping[tuple[str, str, str], tuple[float, float]]
STATES: tuple[State, ...] = (False, None, True)
WHICH: tuple[Which, ...] = get_args(Which)
ROLES = [*product(WHICH, WHICH)]
"""All ways of saying it of each or of any: of the subjects, of the objects."""
BF16, FP8, MEMORY = "matrix_bf16", "matrix_fp8", "memory_bandwidth"
CAPACITY = "memory_capacity"
SAID: dict[State, tuple[float, float]] = {
    True: (0.98, 1.02), False: (0.5, 0.6), None: (0.8, 1.05),
}  # fmt: skip
"""Intervals that make 'matches' hold, fail and stay open."""


class Told(Evidence):
    """Evidence that says what it is told of a figure or work, a first and a second chip."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(())
        self.answers = answers

    def of_figure(
        self, figure: str, first: Collection[str], second: Collection[str]
    ) -> Estimate | None:
        """Returns the estimate with the 90% interval that was told."""
        keys = ((figure, one, other) for one in first for other in second)
        found = next((self.answers[key] for key in keys if key in self.answers), None)
        return between(*found) if found else None

    def of_work(
        self,
        first: Collection[str],
        second: Collection[str],
        family: str,
        fits: Test | None = None,  # noqa: ARG002 -- the real one's
    ) -> Estimate | None:
        """Returns the same for work."""
        return self.of_figure(family, first, second)


def sheet(name: str, bf16: str = "100", fp8: str = "200") -> Chip:
    """A chip with a few figures."""
    fp8_value = fp8 if fp8 == "unsupported" else f"{fp8} TFLOP/s"
    return chip(
        name,
        {
            BF16: {"value": f"{bf16} TFLOP/s", "basis": "dense"},
            FP8: {"value": fp8_value, "basis": None if fp8 == "unsupported" else "dense"},
            MEMORY: {"value": "2 TB/s"},
            CAPACITY: {"value": "80 GB"},
        },
    )


CHIPS = [sheet(one) for one in ("s", "t", "o", "p")]
OLD, HALF = sheet("old", fp8="unsupported"), sheet("half", bf16="50")
SHEETS = Catalogue({one.id: one for one in (*CHIPS, OLD, HALF)}, {"maker": MAKER})


def claim(**told: Any) -> Claim:
    """A claim of s and t over o and p, by default that each matches each in bf16."""
    node = {
        "id": "one", "statement": "So it is.", "speaker": "Somebody", "side": "press",
        "date": "2025", "source": "maker", "subjects": ("s", "t"), "objects": ("o", "p"),
        "axes": ({"figure": BF16},),
    }  # fmt: skip
    return Claim.model_validate({**node, **told})


def judged(said: Claim, answers: Answers, margin: float | None = None) -> Judgement:
    """A claim judged by what the evidence is told."""
    return judgement(said, Told(answers), SHEETS, margin)


def one_pair(*axes: dict[str, Any], answers: Answers, **told: Any) -> Judgement:
    """A claim of s over o alone, on these axes."""
    said = claim(subjects=("s",), objects=("o",), axes=axes, **told)
    return judged(said, answers)


# three-valued logic, by strong Kleene tables

RANK: dict[State, int] = {False: 0, None: 1, True: 2}
LISTS = [found for length in range(4) for found in product(STATES, repeat=length)]


@pytest.mark.parametrize("found", LISTS)
def test_together_is_the_worst_and_either_the_best(found: tuple[State, ...]) -> None:
    assert RANK[together(found)] == min((RANK[one] for one in found), default=2)
    assert RANK[either(found)] == max((RANK[one] for one in found), default=0)


def kleene(which: Which, found: list[State]) -> State:
    """What each or any of some states come to, by their order."""
    pick = min if which == "each" else max
    return pick(found, key=lambda one: RANK[one])


def four(states: tuple[State, ...]) -> Answers:
    """Answers for s/o, s/p, t/o and t/p that have these states."""
    pairs = product(("s", "t"), ("o", "p"))
    return {(BF16, *pair): SAID[state] for pair, state in zip(pairs, states, strict=True)}


@pytest.mark.parametrize(("subjects", "objects"), ROLES)
def test_each_and_any_over_subjects_and_objects(subjects: Which, objects: Which) -> None:
    said = claim(which_subject=subjects, which_object=objects)
    for states in product(STATES, repeat=4):
        found = judged(said, four(states))
        rows = [kleene(objects, [*states[:2]]), kleene(objects, [*states[2:]])]
        assert [pair.holds for pair in found.pairs] == [*states]
        assert found.holds is kleene(subjects, rows), states


@pytest.mark.parametrize(("subjects", "objects"), ROLES)
def test_the_deciding_pair_is_of_a_subject_that_decides(subjects: Which, objects: Which) -> None:
    """A pair of a subject that failed already settles nothing for any of them."""
    said = claim(which_subject=subjects, which_object=objects)
    wrong = []
    for states in product(STATES, repeat=4):
        found = judged(said, four(states))
        place = found.pairs.index(found.deciding)
        row = [*states[:2]] if place < 2 else [*states[2:]]
        if not states[place] is found.holds is kleene(objects, row):
            wrong.append(states)
    assert wrong == []


def test_the_verdict_is_not_of_a_subject_that_failed() -> None:
    """S fails against o, whatever p says; of t nobody measured p: nobody can know."""
    answers = {(BF16, "s", "o"): (0.5, 0.6), (BF16, "s", "p"): (0.8, 1.05)}
    answers[BF16, "t", "o"] = (0.98, 1.02)
    found = judged(claim(which_subject="any"), answers)
    assert (found.holds, found.word) == (None, Word.UNTESTABLE)
    assert (found.deciding.subject, found.deciding.object) == ("t", "p")


def test_the_verdict_is_of_the_subject_that_holds() -> None:
    answers = {(BF16, one, "o"): (0.98, 1.02) for one in ("s", "t")}
    answers |= {(BF16, "s", "p"): (0.98, 1.02), (BF16, "t", "o"): (2.0, 3.0)}
    answers[BF16, "t", "p"] = (0.5, 0.6)
    found = judged(claim(which_subject="any", relation="at least"), answers)
    assert (found.holds, found.word, found.deciding.subject) == (True, Word.MATCH, "s")


# paper


@pytest.mark.parametrize(
    ("subjects", "objects", "which", "on_paper"),
    [
        (("s",), ("o",), {}, True),
        (("half",), ("o",), {}, False),
        (("s", "half"), ("o",), {}, False),
        (("s", "half"), ("o",), {"which_subject": "any"}, True),
        (("half",), ("o", "p"), {"which_object": "any"}, False),
        (("s",), ("half", "o"), {"which_object": "any"}, True),
    ],
)
def test_paper_is_joined_as_measurement_is(
    subjects: tuple[str, ...], objects: tuple[str, ...], which: dict[str, str], on_paper: State
) -> None:
    found = judged(claim(subjects=subjects, objects=objects, **which), {})
    assert (found.on_paper, found.holds, found.stands) == (on_paper, None, Stands.OPEN)


@pytest.mark.parametrize(
    ("subject", "interval", "stands"),
    [
        ("s", (0.98, 1.02), Stands.BOTH),
        ("s", (0.5, 0.6), Stands.PAPER),
        ("half", (0.98, 1.02), Stands.MEASURED),
        ("half", (0.5, 0.6), Stands.NEITHER),
        ("s", (0.8, 1.3), Stands.OPEN),
    ],
)
def test_where_a_claim_stands(subject: str, interval: tuple[float, float], stands: Stands) -> None:
    said = claim(subjects=(subject,), objects=("o",))
    assert judged(said, {(BF16, subject, "o"): interval}).stands is stands


def test_pairs_stand_subject_by_subject() -> None:
    pairs = judged(claim(), {}).pairs
    assert [(one.subject, one.object) for one in pairs] == [*product("st", "op")]
    assert [len(one.findings) for one in pairs] == [1, 1, 1, 1]


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("shown", [("s", "half"), ("half", "s")])
def test_what_is_shown_of_an_open_claim_says_of_paper_what_the_whole_does(
    shown: tuple[str, str], which: Which
) -> None:
    """Nobody measured any of it: a ratio that holds beside 'not on paper' belied it."""
    found = judged(claim(subjects=shown, objects=("o",), which_subject=which), {})
    assert found.word is Word.UNTESTABLE
    assert found.deciding.deciding.on_paper is found.on_paper


@pytest.mark.parametrize("order", [(BF16, MEMORY), (MEMORY, BF16)])
def test_the_axis_shown_of_an_open_claim_is_one_that_fails_on_paper(order: tuple[str, ...]) -> None:
    axes = [{"figure": one} for one in order]
    found = judged(claim(subjects=("half",), objects=("o",), axes=axes), {})
    assert (found.on_paper, found.deciding.deciding.question.axis.figure) == (False, BF16)
