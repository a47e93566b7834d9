"""The mixed model in closed forms: what textbooks give for balanced designs, and its symmetries."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_ind, ttest_rel

from bench.evidence.mixed import Contrast, Mixed, Scatter, effects
from tests.test_mixed import Array, Design, drawn, known, sparse

LEFT = [5.1, 6.3, 4.2, 7.9, 5.6]
RIGHT = [4.9, 6.2, 3.7, 7.6, 5.5]
LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99]


def _asked(design: Design) -> Contrast:
    scatter = design.model.scatter
    assert scatter is not None
    assert scatter.group > 0
    found = design.model.contrast(design.asked, scatter)
    assert found is not None
    return found


def _of(values: list[float], chips: list[int], groups: list[int]) -> Design:
    fixed = np.asarray(effects(chips), np.float64)
    asked = np.zeros(fixed.shape[1])
    asked[:2] = (1.0, -1.0)
    return Design(values, fixed, groups, asked)


@pytest.mark.parametrize("level", LEVELS)
def test_hands_that_measured_both_give_the_paired_t_interval(level: float) -> None:
    found = _asked(_of([*LEFT, *RIGHT], [0] * 5 + [1] * 5, [*range(5)] * 2))
    told = ttest_rel(LEFT, RIGHT).confidence_interval(level)
    assert found.freedom == pytest.approx(4, rel=1e-4)
    assert found.interval(level) == pytest.approx((told.low, told.high), rel=1e-4)


@pytest.mark.parametrize("level", LEVELS)
def test_hands_that_measured_one_chip_twice_give_the_t_interval_of_their_means(
    level: float,
) -> None:
    halves = (0.03, -0.03)
    values = [one + half for one in (*LEFT, *RIGHT) for half in halves]
    hands = [hand for hand in range(10) for _ in halves]
    found = _asked(_of(values, [0] * 10 + [1] * 10, hands))
    told = ttest_ind(LEFT, RIGHT).confidence_interval(level)
    assert found.freedom == pytest.approx(8, rel=1e-4)
    assert found.interval(level) == pytest.approx((told.low, told.high), rel=1e-4)


def test_a_contrast_across_strata_has_welchs_degrees_of_freedom() -> None:
    # A split plot: hands 0-3 measured chips A and B, hands 4-7 chips C and D. A over C mixes the
    # mean squares of hands (6 degrees of freedom) and of what is left (6), half and half.
    first = np.array([[5.1, 6.3, 4.2, 7.9], [4.8, 6.6, 4.4, 7.2]])
    second = np.array([[3.3, 6.1, 5.2, 2.4], [3.9, 6.0, 4.8, 2.9]])
    sums, gaps = 0.0, 0.0
    for pair in (first, second):
        sums += 2 * float(np.sum((pair.mean(axis=0) - pair.mean()) ** 2))
        away = pair[0] - pair[1]
        gaps += float(np.sum((away - away.mean()) ** 2)) / 2
    between, within = sums / 6, gaps / 6
    values = [float(one) for one in (*first[0], *second[0], *first[1], *second[1])]
    chips = [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    found = _asked(_of(values, chips, [*range(8)] * 2))
    assert found.value == pytest.approx(first[0].mean() - second[0].mean())
    assert found.error**2 == pytest.approx((between + within) / 4, rel=1e-4)
    welch = (between + within) ** 2 / (between**2 / 6 + within**2 / 6)
    assert found.freedom == pytest.approx(welch, rel=1e-4)
    assert 6 < welch < 12


def test_an_interval_is_students() -> None:
    low, high = Contrast(0.2, 0.1, 3.5).interval(0.9)
    half = 0.1 * student.ppf(0.95, 3.5)
    assert (low, high) == pytest.approx((0.2 - half, 0.2 + half))
    low, high = Contrast(0.2, 0.1, math.inf).interval(0.95)
    assert (low, high) == pytest.approx((0.2 - 0.1959964, 0.2 + 0.1959964))


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """Any network of hands and chips with something to spare and scatter of some size."""
    seed = draw(st.integers(0, 10**6))
    hands, chips = draw(st.integers(2, 8)), draw(st.integers(2, 8))
    n = draw(st.integers(chips + hands + 2, 36))
    spread = draw(st.sampled_from([(0.1, 0.1), (0.1, 0.5), (0.5, 0.1)]))
    told, groups = sparse(seed, hands, chips, n)
    return drawn(told, groups, spread, seed)


def _contrast(model: Mixed, asked: Array, scatter: Scatter | None) -> tuple[float, float, float]:
    found = model.contrast(asked, scatter) if scatter else None
    assert found is not None
    return found.value, found.error, found.freedom


@settings(max_examples=60, deadline=None)
@given(designs(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(design: Design, turn: Random) -> None:
    order = list(range(len(design.values)))
    turn.shuffle(order)
    turned = Mixed(
        [design.values[one] for one in order],
        design.fixed[order],
        [design.groups[one] for one in order],
    )
    plain, other = design.model.scatter, turned.scatter
    assert plain is not None
    assert other is not None
    assert (other.residual, other.group) == pytest.approx(
        (plain.residual, plain.group), rel=1e-3, abs=1e-6
    )
    fixed = known(0.2, 0.3)
    assert _contrast(turned, design.asked, fixed) == pytest.approx(
        _contrast(design.model, design.asked, fixed), rel=1e-6
    )


@settings(max_examples=60, deadline=None)
@given(designs(), st.floats(0.5, 50), st.floats(-100, 100))
def test_another_unit_changes_nothing_but_the_scale(
    design: Design, factor: float, shift: float
) -> None:
    values = [factor * one + shift for one in design.values]
    scaled = Mixed(values, design.fixed, design.groups)
    plain, other = design.model.scatter, scaled.scatter
    assert plain is not None
    assert other is not None
    floor = 1e-4 * plain.residual * factor**2
    assert (other.residual, other.group) == pytest.approx(
        (plain.residual * factor**2, plain.group * factor**2), rel=2e-3, abs=floor
    )
    value, error, freedom = _contrast(design.model, design.asked, plain)
    found = _contrast(scaled, design.asked, other)
    assert found[0] == pytest.approx(factor * value, rel=1e-3, abs=1e-3 * factor * error)
    assert found[1:] == pytest.approx((factor * error, freedom), rel=5e-3)
