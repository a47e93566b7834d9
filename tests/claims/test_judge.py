"""What an interval says: edges to the last digit, three-valued relations, devices by hand."""

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.claims.judge import (
    CERTAIN,
    MANY,
    Bounds,
    Stands,
    Word,
    at_limit,
    bounds,
    devices_needed,
    holds,
    limits,
    stands,
    word,
)
from bench.claims.model import Relation
from bench.evidence.estimate import Estimate
from bench.evidence.mixed import Contrast, Scatter
from bench.evidence.quantities import QUANTITIES
from tests.claims.test_sensitivity import seen

MATCH, EXCEEDS, SHORT = Word.MATCH, Word.EXCEEDS, Word.SHORT
INCONCLUSIVE = Word.INCONCLUSIVE
EDGE = 1.1
LOWER = 1 / 1.1
RELATIONS: tuple[Relation, ...] = get_args(Relation)
QUANTILE = 1.6448536269514722
"""The normal quantile of 95%, from a table."""


def estimate(ratio: float, error: float = 0.0, *, scatter: float = 0.05) -> Estimate:
    """A measured ratio whose logarithm has this standard error; ``scatter`` is one value's."""
    contrast = Contrast(math.log(ratio), error, math.inf)
    return Estimate(contrast, (), (), 0, Scatter(scatter**2, 0.0, np.zeros((2, 2))))


def between(low: float, high: float) -> Estimate:
    """A measured ratio whose 90% interval is this."""
    middle, half = math.sqrt(low * high), math.log(high / low) / 2
    return estimate(middle, half / QUANTILE)


# the interval


def test_the_bounds_are_those_of_90_percent_over_the_factor() -> None:
    """With 5 degrees of freedom the two-sided 90% of t is 2.015048."""
    contrast = Contrast(math.log(2.4), 0.1, 5.0)
    found = bounds(Estimate(contrast, (), (), 0, Scatter(1.0, 0.0, np.zeros((2, 2)))), 1.2)
    half = 0.1 * 2.0150483733
    assert (found.low, found.high) == pytest.approx((2 * math.exp(-half), 2 * math.exp(half)))


def test_the_test_has_its_level_at_the_edge_of_the_margin() -> None:
    """A true ratio of 1.10 is called a match in 5% of trials, and a true 1 nearly always."""
    dice, error, trials = np.random.default_rng(3), 0.01 * math.sqrt(2 / 5), 4000
    called = {
        true: sum(
            word(bounds(estimate(math.exp(dice.normal(math.log(true), error)), error), 1.0), 0.1)
            is MATCH
            for _ in range(trials)
        )
        for true in (1.0, 1.1)
    }
    assert called[1.0] == trials
    assert 0.038 * trials < called[1.1] < 0.062 * trials


# words


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (LOWER, EDGE, MATCH),
        (EDGE, EDGE, MATCH),
        (LOWER, LOWER, MATCH),
        (0.95, 1.05, MATCH),
        (1.01, 1.05, MATCH),
        (math.nextafter(LOWER, 0), EDGE, INCONCLUSIVE),
        (LOWER, math.nextafter(EDGE, 2), INCONCLUSIVE),
        (0.5, 2.0, INCONCLUSIVE),
        (EDGE, 1.3, INCONCLUSIVE),
        (0.5, LOWER, INCONCLUSIVE),
        (math.nextafter(EDGE, 2), 1.3, EXCEEDS),
        (5.0, 9.0, EXCEEDS),
        (0.5, math.nextafter(LOWER, 0), SHORT),
        (0.01, 0.9, SHORT),
    ],
)
def test_a_word_at_inside_and_outside_the_edges(low: float, high: float, said: Word) -> None:
    assert word(Bounds(low, high), 0.10) is said


def test_the_margin_is_one_of_ratios_and_not_symmetric_about_1() -> None:
    """0.91 is within 1/1.1 and 0.905 is not, though both are within ten hundredths of 1."""
    assert word(Bounds(0.91, 1.0), 0.10) is MATCH
    assert word(Bounds(0.905, 1.0), 0.10) is INCONCLUSIVE


# limits


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_relation_changes_at_its_limits(relation: Relation) -> None:
    low, high = limits(relation, 0.10)
    assert (low is None, high is None) == (
        relation == "at most",
        relation in ("at least", "exceeds"),
    )
    for limit, inside, outside in ((low, 1.001, 0.999), (high, 0.999, 1.001)):
        if limit is not None:
            assert holds(relation, Bounds(limit * inside, limit * inside), 0.10) is True
            assert holds(relation, Bounds(limit * outside, limit * outside), 0.10) is False
            assert at_limit(relation, math.nextafter(limit, 2), 0.10)
            assert not at_limit(relation, limit * 1.001, 0.10)


# relations


@pytest.mark.parametrize(
    ("relation", "low", "high", "found"),
    [
        ("matches", LOWER, EDGE, True),
        ("matches", 0.95, 1.2, None),
        ("matches", 0.5, 1.0, None),
        ("matches", 1.2, 1.4, False),
        ("matches", 0.2, 0.4, False),
        ("at least", LOWER, 50.0, True),
        ("at least", 0.95, 1.2, True),
        ("at least", 0.90, 50.0, None),
        ("at least", 0.50, LOWER, None),
        ("at least", 0.50, 0.909, False),
        ("at most", 0.02, EDGE, True),
        ("at most", 0.8, 1.05, True),
        ("at most", 0.02, 1.11, None),
        ("at most", EDGE, 3.0, None),
        ("at most", 1.11, 3.0, False),
        ("exceeds", 1.01, 1.05, True),
        ("exceeds", 1.2, 3.0, True),
        ("exceeds", 0.99, 3.0, None),
        ("exceeds", 0.95, 1.05, None),
        ("exceeds", 0.93, 0.99, False),
        ("exceeds", 0.3, 0.4, False),
    ],
)
def test_a_relation_holds_fails_or_stays_open(
    relation: Relation, low: float, high: float, found: bool | None
) -> None:
    assert holds(relation, Bounds(low, high), 0.10) is found


def test_what_is_equal_does_not_exceed() -> None:
    """Two sheets that print one figure: neither chip is above the other on paper."""
    assert holds("exceeds", Bounds(1.0, 1.0), 0.10) is False


@pytest.mark.parametrize("on_paper", [True, False, None])
@pytest.mark.parametrize("measured", [True, False, None])
def test_where_a_relation_stands(on_paper: bool | None, measured: bool | None) -> None:
    told = {
        (True, True): "on paper and measured",
        (True, False): "on paper only",
        (False, True): "measured only",
        (None, True): "measured only",
        (False, False): "neither",
        (None, False): "neither",
    }
    expected = Stands.OPEN if measured is None else Stands(told[on_paper, measured])
    assert stands(on_paper=on_paper, measured=measured) is expected


# laws

logs = st.floats(-1.5, 1.5)
margins = st.floats(0.01, 0.9)


def span(one: float, other: float) -> Bounds:
    """An interval between the exponentials of two numbers."""
    low, high = sorted((one, other))
    return Bounds(math.exp(low), math.exp(high))


def off_edge(found: Bounds, margin: float) -> None:
    """Leaves out what the last digit of a reciprocal decides."""
    edges = (1 + margin, 1 / (1 + margin), 1.0)
    assume(all(abs(one / edge - 1) > 1e-9 for one in (found.low, found.high) for edge in edges))


@given(st.lists(logs, min_size=4, max_size=4), margins)
def test_a_narrower_interval_never_takes_back_a_decision(four: list[float], margin: float) -> None:
    outer_low, low, high, outer_high = sorted(four)
    outer, inner = span(outer_low, outer_high), span(low, high)
    if word(outer, margin) is not INCONCLUSIVE:
        assert word(inner, margin) is word(outer, margin)
    for relation in RELATIONS:
        decided = holds(relation, outer, margin)
        if decided is not None:
            assert holds(relation, inner, margin) is decided


@given(logs, logs, margins)
def test_swapping_the_chips_turns_exceeds_into_falls_short(
    one: float, other: float, margin: float
) -> None:
    found = span(one, other)
    off_edge(found, margin)
    swapped = Bounds(1 / found.high, 1 / found.low)
    turned = {EXCEEDS: SHORT, SHORT: EXCEEDS}
    said = word(found, margin)
    assert word(swapped, margin) is turned.get(said, said)
    assert holds("matches", swapped, margin) is holds("matches", found, margin)
    assert holds("at most", swapped, margin) is holds("at least", found, margin)


@given(logs, logs, margins)
def test_a_match_needs_both_bounds(one: float, other: float, margin: float) -> None:
    found = span(one, other)
    off_edge(found, margin)
    both = [holds(side, found, margin) for side in ("at least", "at most")]
    assert (word(found, margin) is MATCH) == (both == [True, True])
    assert (holds("matches", found, margin) is True) == (both == [True, True])


@given(logs, logs, margins, margins)
def test_a_match_stays_one_with_a_wider_margin(
    one: float, other: float, margin: float, more: float
) -> None:
    found = span(one, other)
    narrow, wide = sorted((margin, more))
    if word(found, narrow) is MATCH:
        assert word(found, wide) is MATCH


# devices


@pytest.mark.parametrize(("percent", "needed"), [(3, 3), (5, 6), (8, 16)])
def test_devices_for_a_true_ratio_of_1(percent: int, needed: int) -> None:
    """2 (z + z)^2 s^2 / ln(1.1)^2 with z of 95%: 2.1, 6.0 and 15.2, rounded up; never below two."""
    one = estimate(1.0, scatter=percent / 100)
    assert devices_needed(one, 1.0, 0.10, "matches") == needed


@pytest.mark.parametrize(
    ("ratio", "factor", "relation", "needed"),
    [
        (2.0, 2.0, "matches", 16),
        (1.05, 1.0, "matches", 65),
        (1 / 1.05, 1.0, "matches", 65),
        (1.05, 1.0, "at most", 65),
        (1.05, 1.0, "at least", 7),
        (1.05, 1.0, "exceeds", 59),
        (2.1, 2.0, "exceeds", 59),
        (0.5, 1.0, "exceeds", 2),
    ],
)
def test_devices_are_counted_from_the_nearest_edge_of_the_relation(
    ratio: float, factor: float, relation: Relation, needed: int
) -> None:
    """2 x 3.29² x 0.08² = 0.138548, over the square of the logarithm to the edge."""
    one = estimate(ratio, scatter=0.08)
    assert devices_needed(one, factor, 0.10, relation) == needed


def test_the_quantile_is_that_of_the_table() -> None:
    assert pytest.approx(QUANTILE, abs=2e-4) == CERTAIN


@pytest.mark.parametrize(
    ("ratio", "relation"), [(1.1, "at most"), (1.0999, "matches"), (1.0, "exceeds")]
)
def test_at_an_edge_no_number_of_devices_is_enough(ratio: float, relation: Relation) -> None:
    assert devices_needed(estimate(ratio), 1.0, 0.10, relation) == MANY + 1


def test_never_fewer_than_two_devices() -> None:
    assert devices_needed(estimate(1.0, scatter=1e-4), 1.0, 0.10, "matches") == 2


@given(st.floats(0.3, 3.0), st.floats(0.01, 0.2), st.floats(1.0, 3.0))
def test_more_scatter_never_needs_fewer_devices(ratio: float, scatter: float, more: float) -> None:
    fewer, many = (
        devices_needed(estimate(ratio, scatter=one), 1.0, 0.10, "matches")
        for one in (scatter, scatter * more)
    )
    assert fewer <= many


@pytest.mark.parametrize(("quantity", "needed"), [("matmul_best", 6), ("decode", 12)])
def test_a_groups_own_level_counts_for_work_alone(quantity: str, needed: int) -> None:
    """For a figure it falls out side by side; 2 x 3.29² x (0.05² + 0.05²) / ln(1.1)² = 11.9."""
    value = (seen("a", 1.0, quantity=QUANTITIES[quantity]),)
    scatter = Scatter(0.05**2, 0.05**2, np.zeros((2, 2)))
    one = Estimate(Contrast(0.0, 0.1, math.inf), value, value, 1, scatter)
    assert devices_needed(one, 1.0, 0.10, "matches") == needed
