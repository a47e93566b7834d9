"""Claims about paper: published figures decide, rival ones included, and measurement does not."""

from pathlib import Path

import pytest

from bench.claims.judge import Stands, Word
from tests.claims.test_evaluate import BF16, CAPACITY, FP8, MEMORY, judged, one_pair
from tests.claims.test_evaluate import claim as claim_of
from tests.claims.test_load import faults, written
from tests.claims.test_sensitivity import asked, both, evidence, flips, sheet


def test_paper_decides_a_claim_about_paper_whatever_was_measured() -> None:
    said = claim_of(subjects=("s",), objects=("o",), scope="paper")
    for answers in ({}, {(BF16, "s", "o"): (0.5, 0.6)}):
        found = judged(said, answers)
        assert (found.word, found.stands, found.decided) == (Word.MATCH, Stands.ON_PAPER, True)
        assert found.deciding.deciding.reason == "the published ratio lies within 10%"
        assert found.deciding.deciding.needed is None


def test_it_fails_on_paper_where_measurement_would_bear_it_out() -> None:
    said = claim_of(subjects=("half",), objects=("o",), scope="paper")
    found = judged(said, {(BF16, "half", "o"): (0.98, 1.02)})
    assert (found.word, found.stands) == (Word.SHORT, Stands.NOT_ON_PAPER)
    assert (found.holds, found.on_paper) == (True, False)


def test_every_axis_must_hold_on_paper() -> None:
    axes = ({"figure": MEMORY}, {"figure": CAPACITY}, {"figure": BF16, "factor": 2})
    found = one_pair(*axes, answers={}, scope="paper")
    assert (found.stands, found.word) == (Stands.NOT_ON_PAPER, Word.SHORT)
    assert found.deciding.deciding.question.axis.figure == BF16


def test_without_a_published_figure_it_is_untestable() -> None:
    found = one_pair({"figure": "link_bandwidth"}, answers={}, scope="paper")
    assert (found.word, found.stands) == (Word.UNTESTABLE, Stands.OPEN)
    assert "no sourced figure" in found.deciding.deciding.reason


def test_a_unit_that_a_chip_lacks_is_not_comparable() -> None:
    said = claim_of(subjects=("s",), objects=("old",), axes=({"figure": FP8},), scope="paper")
    assert judged(said, {}).word is Word.UNLIKE


@pytest.mark.parametrize(
    ("rivals", "word", "stands", "changes"),
    [
        (("105",), Word.MATCH, Stands.ON_PAPER, []),
        (
            ("200",), Word.INCONCLUSIVE, Stands.OPEN,
            [
                ("lowest published ratio 1.00", "open", "holds on paper"),
                ("highest published ratio 2.00", "open", "does not hold on paper"),
            ],
        ),
    ],
)  # fmt: skip
def test_rival_figures_on_both_sides_of_the_margin_leave_it_open(
    rivals: tuple[str, ...], word: Word, stands: Stands, changes: list[tuple[str, str, str]]
) -> None:
    judge = evidence(both(1.0), sheet("a", *rivals, value="100"))
    question = asked(judge, scope="paper")
    found = judge.finding(question)
    assert (found.word, found.stands) == (word, stands)
    margins = [one for one in flips(judge, question) if not one[0].startswith("margin")]
    assert margins == changes


def test_work_has_no_published_figure(tmp_path: Path) -> None:
    written(tmp_path, axes=[{"work": "decode"}], scope="paper")
    (line,) = faults(tmp_path)
    assert "axes.0.work" in line
    assert "scope is paper" in line


@pytest.mark.parametrize(
    ("figure", "word"), [("tpp", Word.MATCH), ("tpp_matrix_bf16", Word.EXCEEDS)]
)
def test_a_derived_figure_can_be_claimed_of_paper(figure: str, word: Word) -> None:
    axes = ({"figure": figure},)
    said = claim_of(subjects=("s",), objects=("half",), axes=axes, scope="paper")
    assert judged(said, {}).word is word


@pytest.mark.parametrize("figure", ["tpp", "performance_density", "memory_bandwidth_per_watt"])
def test_a_derived_figure_is_for_claims_about_paper(figure: str, tmp_path: Path) -> None:
    written(tmp_path, axes=[{"figure": figure}], scope="paper")
    assert faults(tmp_path) == []
    written(tmp_path, axes=[{"figure": figure}])
    (line,) = faults(tmp_path)
    assert f"{figure!r} is derived from published figures, and nothing measures it" in line
    assert "write scope: paper" in line
