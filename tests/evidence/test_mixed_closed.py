"""The mixed model in closed forms: what textbooks give for balanced designs, and its symmetries."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import t as student
from scipy.stats import ttest_ind, ttest_rel

from bench.evidence.mixed import Contrast, Mixed, Scatter, effects
from tests.evidence.test_mixed import Array, Design, drawn, known, restricted, sparse, works

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
def test_groups_that_measured_both_give_the_paired_t_interval(level: float) -> None:
    found = _asked(_of([*LEFT, *RIGHT], [0] * 5 + [1] * 5, [*range(5)] * 2))
    told = ttest_rel(LEFT, RIGHT).confidence_interval(level)
    assert found.freedom == pytest.approx(4, rel=1e-4)
    assert found.interval(level) == pytest.approx((told.low, told.high), rel=1e-4)


@pytest.mark.parametrize("level", LEVELS)
def test_groups_that_measured_one_chip_twice_give_the_t_interval_of_their_means(
    level: float,
) -> None:
    halves = (0.03, -0.03)
    values = [one + half for one in (*LEFT, *RIGHT) for half in halves]
    groups = [group for group in range(10) for _ in halves]
    found = _asked(_of(values, [0] * 10 + [1] * 10, groups))
    told = ttest_ind(LEFT, RIGHT).confidence_interval(level)
    assert found.freedom == pytest.approx(8, rel=1e-4)
    assert found.interval(level) == pytest.approx((told.low, told.high), rel=1e-4)


def test_a_contrast_across_strata_has_welchs_degrees_of_freedom() -> None:
    # A split plot: groups 0-3 measured chips A and B, groups 4-7 chips C and D. A over C mixes the
    # mean squares of groups (6 degrees of freedom) and of what is left (6), half and half.
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


def _mass(design: Design, weights: Array, low: float, high: float) -> float:
    """Returns how likely the last effect lies between two numbers, by a plain double sum.

    Both variances are gone through, dense and far beyond where the likelihood is worth a thought;
    the prior is flat in the residual one's logarithm and in x, the group's being x^4 times that.
    """
    deviance = restricted(design, weights)
    same = np.equal.outer(design.groups, design.groups).astype(float)
    sizes, sums = [], []
    for step in (np.arange(60) + 0.5) / 60:
        ratio = (step / (1 - step)) ** 4
        cover = np.diag(1 / weights) + ratio * same
        inverse = np.linalg.inv(cover)
        inner = np.linalg.pinv(design.fixed.T @ inverse @ design.fixed, hermitian=True)
        value = (inner @ design.fixed.T @ inverse @ np.asarray(design.values))[-1]
        for log in np.linspace(-9, 2, 111):
            error = math.exp(log / 2) * inner[-1, -1] ** 0.5
            depth = deviance(np.array([log, log + math.log(ratio)]))
            sizes.append(-depth / 2 - 2 * math.log(1 - step))
            sums.append(ndtr((high - value) / error) - ndtr((low - value) / error))
    likely = np.exp(np.array(sizes) - max(sizes))
    return float(likely @ np.array(sums) / likely.sum())


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("seed", [6, 7, 8])
def test_the_interval_of_a_last_effect_holds_what_both_variances_together_say(
    seed: int, level: float
) -> None:
    design = works(seed)
    weights = np.resize([1.0, 0.5, 0.25, 1.0, 0.5], len(design.values))
    model = Mixed(design.values, design.fixed, design.groups, list(weights))
    found = model.last_effect(model)
    assert found is not None
    assert _mass(design, weights, *found.interval(level)) == pytest.approx(level, abs=1e-3)


@pytest.mark.parametrize("spread", [(0.1, 0.4), (0.1, 0.1)])
def test_many_values_tell_the_same_either_way(spread: tuple[float, float]) -> None:
    rng = np.random.default_rng(3)
    groups = [group for group in range(120) for _ in range(6)]
    fixed = np.hstack([np.ones((720, 1)), np.array([[group % 2.0] for group in groups])])
    own = rng.normal(0, spread[1], 120)
    values = [float(own[group] + rng.normal(0, spread[0])) for group in groups]
    model = Mixed(values, fixed, groups)
    found, other = (
        model.last_effect(model),
        _asked(Design(values, fixed, groups, np.array([0.0, 1.0]))),
    )
    assert found is not None
    assert found.value == pytest.approx(other.value)
    assert found.interval(0.95) == pytest.approx(other.interval(0.95), abs=0.02 * other.error)


def test_a_last_effect_that_no_work_joins_is_none() -> None:
    column = np.array([[1.0], [1.0], [0.0], [0.0]])  # each chip on a work of its own
    fixed = np.hstack([effects(["a", "a", "b", "b"]), column])
    teller = works(6).model
    assert Mixed([1.0, 1.2, 2.0, 2.1], fixed, [0, 1, 2, 3]).last_effect(teller) is None
    joined = np.hstack([effects(["a", "b", "a", "b"]), column])
    assert Mixed([1.0, 1.2, 2.0, 2.1], joined, [0, 1, 2, 3]).last_effect(teller) is not None


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """Any network of groups and chips with something to spare and scatter of some size."""
    seed = draw(st.integers(0, 10**6))
    many, chips = draw(st.integers(2, 8)), draw(st.integers(2, 8))
    n = draw(st.integers(chips + many + 2, 36))
    spread = draw(st.sampled_from([(0.1, 0.1), (0.1, 0.5), (0.5, 0.1)]))
    told, groups = sparse(seed, many, chips, n)
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


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.5, 50), st.floats(-100, 100))
def test_another_unit_of_a_last_effect_changes_nothing_but_the_scale(
    seed: int, factor: float, shift: float
) -> None:
    design = works(seed)
    moved = [factor * one + shift for one in design.values]
    plain, scaled = design.model, Mixed(moved, design.fixed, design.groups)
    found, other = plain.last_effect(plain), scaled.last_effect(scaled)
    assert found is not None
    assert other is not None
    expected = (factor * found.value, factor * found.error, found.freedom)
    assert (other.value, other.error, other.freedom) == pytest.approx(expected, rel=1e-6, abs=1e-6)
