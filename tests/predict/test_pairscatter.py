"""How far two chips lie apart on one case: found again, told by enough, and covered as told."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from bench.predict.learning.pairscatter import PairScatter, pair_scatter
from bench.predict.learning.pooling import COVERAGES, pooled
from bench.predict.model.facts import Labels

CHIPS, CASES, WORLDS = 10, 4, 150
Rows = tuple[list[int], list[float], list[int]]


def ran(rng: Generator, chips: int, cases: int, scatter: float) -> Rows:
    """Cases on chips: both have effects of their own, ten times what is left."""
    hard, fast = rng.normal(size=cases), rng.normal(size=chips)
    keys = [(chip, case) for chip in range(chips) for case in range(cases)]
    logs = [float(hard[case] + fast[chip] + scatter * rng.normal()) for chip, case in keys]
    return [chip for chip, _ in keys], logs, [case for _, case in keys]


def found(rows: Rows) -> PairScatter:
    """What rows say, which is something."""
    told = pair_scatter(*rows, COVERAGES)
    assert told
    return told


@pytest.mark.parametrize(("chips", "cases"), [(2, 600), (3, 400), (6, 100)])
def test_the_scatter_and_its_quantiles_are_found_again(chips: int, cases: int) -> None:
    """However few chips: what a case has in common is in no distance of two."""
    told = found(ran(default_rng(1), chips, cases, 0.1))
    assert told.spare == (chips - 1) * (cases - 1)
    assert told.scale == pytest.approx(0.1, rel=0.1)
    normal = [math.sqrt(2) * 0.1 * one for one in (1.282, 1.960)]
    assert told.tails == tuple(pytest.approx(one, rel=0.1) for one in normal)


@pytest.mark.parametrize(
    ("chips", "cases", "told"),
    [(2, 15, ()), (2, 16, (0.8,)), (2, 60, (0.8,)), (2, 61, (0.8, 0.95)), (4, 6, (0.8,))],
)
def test_a_quantile_is_told_where_three_distances_lie_beyond_it(
    chips: int, cases: int, told: Sequence[float]
) -> None:
    tails = found(ran(default_rng(2), chips, cases, 0.1)).tails
    assert (
        tuple(one for one, tail in zip(COVERAGES, tails, strict=True) if tail is not None) == told
    )


def test_what_no_two_chips_ran_tells_nothing() -> None:
    assert (
        pair_scatter(["a", "a", "b"], [0.0, 0.1, 0.2], ["one", "one", "other"], COVERAGES) is None
    )
    assert pair_scatter(["a", "b"], [0.0, 0.1], ["one", "one"], COVERAGES) is None


def test_a_case_that_was_run_again_has_its_median() -> None:
    chips, logs, cases = ran(default_rng(3), 3, 20, 0.1)
    once = found((chips, logs, cases))
    odd = [chips[0]] * 2, [logs[0] + 5, logs[0] - 7], [cases[0]] * 2
    again = found((chips + odd[0], logs + odd[1], cases + odd[2]))
    assert again.scale == pytest.approx(once.scale)
    assert again.spare == once.spare


def test_groups_of_chips_that_ran_nothing_in_common_are_taken_by_themselves() -> None:
    rows, others = (ran(default_rng(seed), 2, 20, 0.1) for seed in (4, 5))
    chips, logs, cases = (
        rows[0] + [one + 2 for one in others[0]],
        rows[1] + [one + 9 for one in others[1]],
        rows[2] + [one + 20 for one in others[2]],
    )
    assert found((chips, logs, cases)).spare == 2 * 19


def test_a_distance_that_chips_and_cases_explain_wholly_is_left_out() -> None:
    """A third chip ran one case, with the first alone: both lie there where they must."""
    rows = ran(default_rng(7), 2, 60, 0.1)
    more = found((rows[0] + [0, 2], rows[1] + [1.0, 4.0], rows[2] + [60, 60]))
    assert more.spare == found(rows).spare
    assert more.tails[0] == pytest.approx(found(rows).tails[0])


def test_where_nothing_was_run_on_two_chips_other_evidence_speaks() -> None:
    labels = [Labels("acme", "f", name, name) for name in "aabb"]
    logs, cases = [0.0, 0.3, 0.1, 0.5], [1, 2, 3, 4]
    other = PairScatter(0.05, 20.0, (0.07, None))
    assert pooled(labels, logs, cases, otherwise=other).apart is other
    alone = pooled(labels, logs, cases)
    assert alone.apart == PairScatter(alone.within, 0.0, (None, None))


def kin(chip: int) -> int:
    """Two chips of one family after another."""
    return chip // 2


def test_chips_of_one_family_lie_closer_where_their_cases_have_a_family_effect() -> None:
    rng = default_rng(8)
    ours = rng.normal(size=(3, 400)) * 0.3
    rows = ran(rng, 6, 400, 0.05)
    logs = [
        log + float(ours[kin(chip), case])
        for chip, log, case in zip(rows[0], rows[1], rows[2], strict=True)
    ]
    told = pair_scatter(rows[0], logs, rows[2], COVERAGES, kin)
    assert told
    near, far = (told.between(one_family=one)[0] for one in (True, False))
    assert near == pytest.approx(1.282 * math.sqrt(2) * 0.05, rel=0.1)
    assert far == pytest.approx(1.282 * math.sqrt(2) * math.hypot(0.05, 0.3), rel=0.1)


@pytest.mark.parametrize("chips", [3, 2])
def test_one_pair_of_a_family_does_not_tell_how_near_its_like_lies(chips: int) -> None:
    rows = ran(default_rng(9), chips, 100, 0.1)
    told = pair_scatter(*rows, COVERAGES, kin)
    assert told
    assert told.related == ()
    assert told.between(one_family=True) == told.tails


def test_a_quantile_that_a_family_lacks_is_that_of_any_two() -> None:
    told = PairScatter(0.1, 20.0, (0.2, 0.4), related=(0.1, None))
    assert told.between(one_family=True) == (0.1, 0.4)
    assert told.between(one_family=False) == told.tails


@cache
def covered(heavy: float | None) -> tuple[list[float], list[float]]:
    """Shares of cases on chips left out that lie in their intervals, and of ratios of two."""
    rng = default_rng(6)
    single, both = np.zeros(len(COVERAGES)), np.zeros(len(COVERAGES))
    chips = [Labels("acme", f"{one}", f"{one}", f"{one}") for one in range(CHIPS)]
    for _ in range(WORLDS):
        drawn = rng.normal(size=CHIPS) if heavy is None else rng.standard_t(heavy, size=CHIPS)
        logs = 0.05 * (
            drawn[:, None] + rng.normal(size=(1, CASES)) + rng.normal(size=(CHIPS, CASES))
        )
        flat = [float(one) for one in logs[:-2].ravel()]
        labels = [one for one in chips[:-2] for _ in range(CASES)]
        known = pooled(labels, flat, [*range(CASES)] * (CHIPS - 2))
        means, wide = known.predicted(chips[-2:])
        apart_ = float(wide[0, 0] + wide[1, 1] - 2 * wide[0, 1])
        for place, level in enumerate(COVERAGES):
            away = np.abs(logs[-2] - means[0])
            single[place] += np.mean(away <= known.half(float(wide[0, 0]), level))
            away = np.abs(logs[-2] - logs[-1] - (means[0] - means[1]))
            both[place] += np.mean(away <= known.half_ratio(apart_, level, one_family=False))
    return [float(one) for one in single / WORLDS], [float(one) for one in both / WORLDS]


@pytest.mark.parametrize("heavy", [None, 4.0])
def test_few_cases_on_few_chips_cover_as_told(heavy: float | None) -> None:
    for inner, outer in covered(heavy):
        assert 0.72 < inner < 0.88
        assert outer > 0.93
