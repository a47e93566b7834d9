"""Values of one chip by several groups: what each tells, and what another group will find."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from bench.evidence.pool import Evidence
from bench.predict.figureshares import FIGURE_TESTS, figure_shares
from bench.predict.learning.figures import Fractions, GroupValue, fractions, group_values
from bench.predict.learning.groups import group_variance, grouped, middle, tails
from bench.predict.learning.pooling import COVERAGES, pooled
from bench.predict.learning.shippeddata import shipped
from bench.predict.model.facts import Labels
from bench.predict.validation.figures import figures_left_out

everything = cache(shipped)
WORLDS = 150
Case = tuple[Labels, str, float]


def world(rng: Generator, own: float, between: float, chips: int = 14) -> list[Case]:
    """Chips of ten families that departed by 0.05, each measured by one to five groups."""
    found: list[Case] = []
    for chip in range(chips):
        labels = Labels("acme", f"{chip % 10}", f"{chip}", f"{chip}")
        departed = 0.05 * rng.normal()
        for group in range(int(rng.integers(1, 6))):
            theirs = departed + between * rng.normal()
            found += [
                (labels, f"group {group}", theirs + own * rng.normal())
                for _ in range(int(rng.integers(1, 5)))
            ]
    return found


def parts(cases: Sequence[Case]) -> tuple[list[Labels], list[float], list[str]]:
    """Labels, logs and groups of cases."""
    return [one[0] for one in cases], [one[2] for one in cases], [one[1] for one in cases]


def test_both_variances_are_found_again() -> None:
    labels, logs, groups = parts(world(default_rng(1), 0.03, 0.1, chips=300))
    found = group_variance(grouped(labels, logs, groups))
    assert math.sqrt(found.within) == pytest.approx(0.03, rel=0.1)
    assert math.sqrt(found.between) == pytest.approx(0.1, rel=0.1)


def test_many_values_by_one_group_are_worth_little_more_than_one() -> None:
    found = group_variance(grouped(*parts(world(default_rng(2), 0.03, 0.1, chips=300))))
    one, ten = np.zeros(1), np.zeros(10)
    assert found.effective_count([ten]) < 1.2 * found.effective_count([one]) < 1.3
    assert found.effective_count([one, one, one]) == pytest.approx(3 * found.effective_count([one]))


def test_a_group_has_one_voice_in_its_chips_middle() -> None:
    loud = [np.full(9, 0.5), np.array([0.0]), np.array([0.1])]
    assert middle(loud) == pytest.approx(0.1)


@pytest.mark.parametrize("logs", [[0.0, 0.0, 0.0], [0.1], []], ids=["alike", "one", "none"])
def test_values_too_few_or_alike_have_finite_variances(logs: list[float]) -> None:
    chips = grouped(["a"] * len(logs), logs)
    found = group_variance(chips)
    assert found.within >= 0
    assert found.between > 0
    assert all(math.isfinite(found.effective_count(one)) for one in chips.values())


def test_without_groups_each_value_is_one_of_its_own() -> None:
    labels, logs, _ = parts(world(default_rng(3), 0.05, 0.0))
    known = pooled(labels, logs)
    for chip, count, mean in zip(known.labels, known.counts, known.means, strict=True):
        own = [log for one, log in zip(labels, logs, strict=True) if one == chip]
        assert count == pytest.approx(len(own))
        assert mean == pytest.approx(float(np.median(own)))


def test_tails_are_those_of_a_group_that_was_not_heard() -> None:
    """Each group's values agree to nought: within groups nothing would be told."""
    rng = default_rng(4)
    chips = {chip: [np.full(3, 0.1 * rng.normal()) for _ in range(4)] for chip in range(200)}
    inner, outer = tails(chips, COVERAGES)
    assert inner == pytest.approx(0.128, rel=0.1)
    assert outer == pytest.approx(0.196, rel=0.1)


def test_values_of_a_chip_with_one_group_make_no_quantile_told() -> None:
    rng = default_rng(6)
    chips = {0: [rng.normal(size=2) for _ in range(4)]}
    alone = {one: [rng.normal(size=20)] for one in range(1, 5)}
    assert tails({**chips, **alone}, COVERAGES) == tails(chips, COVERAGES) == (None, None)


def covered(*, heard: bool) -> list[float]:
    """The share of worlds in which a group that was left out lies in the interval of its chip."""
    rng, hits = default_rng(5), np.zeros(len(COVERAGES))
    for _ in range(WORLDS):
        cases = world(rng, 0.02, 0.1)
        chip, group, log = cases[int(rng.integers(len(cases)))]
        kept = [one for one in cases if one[:2] != (chip, group)]
        labels, logs, groups = parts(kept)
        known = pooled(labels, logs, groups=groups if heard else ())
        means, covariance = known.predicted([chip])
        halves = [known.half(float(covariance[0, 0]), level) for level in COVERAGES]
        hits += [abs(log - float(means[0])) <= half for half in halves]
    return [float(one) for one in hits / WORLDS]


def test_a_group_left_out_lies_in_the_interval_as_often_as_told() -> None:
    """Without knowing who measured what, values by one group pass for as many of several."""
    inner, outer = covered(heard=True)
    assert 0.72 < inner < 0.88
    assert outer > 0.88
    unheard, _ = covered(heard=False)
    assert unheard < inner - 0.05


# what chips reach of their figures


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    found = everything().evidence
    assert found
    return found


@pytest.fixture(scope="module")
def memory(evidence: Evidence) -> Fractions:
    return fractions(group_values(evidence, everything().chips, "memory"), "memory")


def told(chips: Sequence[str], less: Sequence[bool], rng: Generator) -> list[GroupValue]:
    """One group's voices of chips that reach 0.9 of their memory, a tenth less both ways."""
    facts = everything().chips
    return [
        GroupValue(
            facts[chip], "memory_bandwidth", "group", math.log(0.9) - 0.1 * both + noise, 1.0, both
        )
        for chip in chips
        for both, noise in zip(less, 0.01 * rng.normal(size=len(less)), strict=True)
    ]


def test_what_a_stream_both_ways_loses_is_found_again() -> None:
    chips = [one for one in everything().chips if one.startswith("nvidia-")][:12]
    found = fractions(told(chips, [False, True], default_rng(6)), "memory")
    own = everything().chips[chips[0]]
    one_way, _ = found.predicted(own, "memory_bandwidth")
    both, _ = found.predicted(own, "memory_bandwidth", limited=True)
    assert one_way == pytest.approx(0.9, rel=0.02)
    assert both / one_way == pytest.approx(math.exp(-0.1), rel=0.01)


def test_streams_both_ways_reach_less_of_the_memory(memory: Fractions) -> None:
    assert -0.15 < memory.terms[1] < -0.02


def test_each_group_speaks_once_for_a_chip_and_way(evidence: Evidence) -> None:
    found = group_values(evidence, everything().chips, "memory")
    keys = [(one.chip.chip, one.by, one.limited) for one in found]
    assert len(set(keys)) == len(keys)
    assert {one.limited for one in found} == {False, True}


def test_what_a_chip_is_predicted_to_reach_stands_beside_the_best_that_was_measured_of_it(
    evidence: Evidence,
) -> None:
    """The H20 was predicted to reach more than anybody had measured, without a word."""
    from bench.chips.load import catalogue

    found = figure_shares([*catalogue().chips.values()], evidence, everything().chips)
    best = {(one.chip.chip, one.figure, one.measured): one.achieved for one in found}
    by_hand = {
        limited: max(
            math.exp(one.log)
            for one in group_values(evidence, everything().chips, "memory")
            if one.chip.chip == "nvidia-h200-sxm-141gb" and one.limited in limited
        )
        for limited in ((True,), (False, True))
    }
    of_memory = ("nvidia-h200-sxm-141gb", "memory_bandwidth")
    assert best[(*of_memory, "copy or triad")] == by_hand[True,]
    assert best[(*of_memory, "read or write")] == by_hand[False, True] > by_hand[True,]
    chip = "nvidia-h20-sxm-96gb"
    votes = [one.fraction or 0.0 for one in evidence.votes("matrix_bf16") if one.chip == chip]
    assert best[chip, "matrix_bf16", "best product"] == pytest.approx(max(votes))
    nobody = {one.tier for one in found if one.achieved is None and one.figure == "matrix_bf16"}
    assert "fitted on this chip" in {one.tier for one in found if one.achieved}
    assert "sheet only" in nobody


def test_no_figure_is_predicted_above_all_that_is_published_or_believed(evidence: Evidence) -> None:
    """A rate above that is taken for a fault, not for a measurement."""
    from bench.chips.load import catalogue

    found = figure_shares([*catalogue().chips.values()], evidence, everything().chips)
    assert {one.measured for one in found} == {
        each for ways in FIGURE_TESTS.values() for each in ways
    }
    assert any(one.prediction.learnt > one.prediction.most for one in found)
    for one in found:
        assert one.prediction.most >= 1
        for low, high in one.bounds:
            assert 0 < low <= one.share <= one.prediction.most
            assert one.share <= high <= 1.02 * one.prediction.most


def test_boards_that_run_above_their_sheet_are_predicted_above_it(evidence: Evidence) -> None:
    """Intervals of GeForce boards ended below what several groups had measured of them."""
    from bench.chips.load import catalogue

    names = ("nvidia-rtx5090-32gb", "nvidia-h20-sxm-96gb")
    chips = [catalogue().chips[one] for one in names]
    found = {
        one.chip.chip: one
        for one in figure_shares(chips, evidence, everything().chips)
        if one.figure == "matrix_bf16"
    }
    board, sold = (found[one] for one in names)
    every = group_values(evidence, everything().chips, "matrix")
    most = max(math.exp(one.log) for one in every if one.chip.family == board.chip.family)
    assert 1.02 < board.share < most < board.bounds[0][1]
    assert sold.share <= 1.0
    assert sold.bounds[1][1] == pytest.approx(1.02)


@pytest.mark.parametrize("family", ["matrix", "memory"])
def test_figures_are_held_to_what_users_are_told(evidence: Evidence, family: str) -> None:
    """Users' shares end at what is published; those that were validated did not."""
    chips, left = everything().chips, "nvidia-rtx5090-32gb"
    every = group_values(evidence, chips, family)
    learnt = fractions([one for one in every if one.chip.chip != left], family)
    asked = [one for one in every if one.chip.chip == left]
    cases = figures_left_out(evidence, chips, family, lambda one: one.chip.chip, {left})
    assert len(cases) == len(asked) > 1
    for voice, case in zip(asked, cases, strict=True):
        told = learnt.share(voice.chip, voice.figure, voice.most, limited=voice.limited)
        assert case.measured is not None
        assert case.measured * math.exp(case.error) == pytest.approx(told.value)
        for place, bounds in enumerate(told.bounds):
            ends = [case.measured * math.exp(end) for end in case.bounds(place)]
            assert ends == pytest.approx(bounds)
            assert case.inside(place) == (bounds[0] <= case.measured <= bounds[1])


def test_what_a_chip_of_no_told_power_rests_on(evidence: Evidence) -> None:
    """Its own values, where there are any; of the memory what its family reaches."""
    from bench.chips.load import catalogue

    chips = [catalogue().find(one) for one in ("910b2", "910b3")]
    told = {
        (one.chip.chip[-3:], one.figure): one.tier
        for one in figure_shares(chips, evidence, everything().chips)
    }
    assert told["0b2", "matrix_bf16"] == told["0b2", "memory_bandwidth"] == "fitted on this chip"
    assert told["0b3", "matrix_bf16"] == "sheet only"
    assert told["0b3", "memory_bandwidth"] == "from its family"


def test_a_figure_of_a_chip_of_no_told_power_is_held_to_the_wider_interval_too(
    evidence: Evidence,
) -> None:
    chip = "huawei-ascend-910b2"
    known = {**everything().chips, chip: replace(everything().chips[chip], tdp=None)}
    powered = replace(known[chip], tdp=400.0)
    told = [
        next(
            case.halves
            for case in figures_left_out(
                evidence, {**known, chip: one}, "matrix", lambda voice: voice.chip.chip, {chip}
            )
        )
        for one in (powered, known[chip])
    ]
    assert all(narrow < wide for narrow, wide in zip(*told, strict=True))


def test_a_chip_that_was_measured_is_as_sure_without_its_board_power(evidence: Evidence) -> None:
    """What its power would tell is in its own departure."""
    matrix = fractions(group_values(evidence, everything().chips, "matrix"), "matrix")
    own = everything().chips["huawei-ascend-910b2"]
    assert own.tdp is None
    stranger = replace(own, chip="new", silicon="new")
    powered = replace(stranger, tdp=400.0)
    widths = [matrix.predicted(one, "matrix_bf16")[1][0] for one in (own, powered, stranger)]
    assert widths == sorted(widths)
    assert widths[0] < 0.95 * widths[1]
