"""The mixed model: held beside statsmodels, closed forms of balanced designs and a plain search."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from statsmodels.regression.mixed_linear_model import MixedLM  # type: ignore[import-untyped]

from bench.evidence.mixed import Mixed, Scatter, effects

Array = NDArray[np.float64]


def known(residual: float, group: float) -> Scatter:
    """Variances that are known, not estimated: no doubt of theirs enters a contrast."""
    return Scatter(residual, group, 1e14 * np.eye(2))


@dataclass(frozen=True)
class Design:
    """Values with the columns, groups and the contrast that is asked of them."""

    values: list[float]
    fixed: Array
    groups: list[int]
    asked: Array

    @property
    def model(self) -> Mixed:
        return Mixed(self.values, self.fixed, self.groups)


def drawn(chips: list[int], groups: list[int], spread: tuple[float, float], seed: int) -> Design:
    """Draws values of chips by groups; the contrast is the first chip over the second."""
    rng = np.random.default_rng(seed)
    levels = rng.normal(0, spread[1], max(groups) + 1)
    values = levels[groups] + np.asarray(chips) * 0.3 + rng.normal(0, spread[0], len(chips))
    fixed = effects(chips)
    asked = np.zeros(fixed.shape[1])
    asked[:2] = (1.0, -1.0)
    return Design([float(one) for one in values], np.asarray(fixed, np.float64), groups, asked)


def works(seed: int) -> Design:
    """Draws values as work is compared: a column a work, one for the first chip, group by chip."""
    rng = np.random.default_rng(seed)
    rows = [
        (work, chip) for work in range(9) for chip in (0, 1) for _ in range(2) if rng.random() < 0.8
    ]
    cells = effects([work for work, _ in rows])
    column = np.array([[float(chip)] for _, chip in rows])
    groups = [2 * (work % 3) + chip for work, chip in rows]
    own = rng.normal(0, 0.4, 6)
    values = [0.2 * w + 0.5 * c + own[g] for (w, c), g in zip(rows, groups, strict=True)]
    noisy = [float(one) for one in np.asarray(values) + rng.normal(0, 0.1, len(values))]
    fixed = np.hstack([cells, column])
    return Design(noisy, np.asarray(fixed, np.float64), groups, np.eye(fixed.shape[1])[-1])


def sparse(seed: int, many: int, chips: int, n: int) -> tuple[list[int], list[int]]:
    rng = np.random.default_rng(seed)
    told = [int(one) for one in rng.integers(0, chips, n - chips)]
    groups = [int(one) for one in rng.integers(0, many, n)]
    return [*range(chips), *told], groups


def _turned(design: Design) -> Design:
    """Returns a design with its last column first, so that none of the leading ones sort rows."""
    order = [design.fixed.shape[1] - 1, *range(design.fixed.shape[1] - 1)]
    return replace(design, fixed=design.fixed[:, order], asked=design.asked[order])


def _with_slope(design: Design) -> Design:
    """Returns a design with a column of no noughts and ones before the others."""
    slope = np.linspace(-1, 1, len(design.values))[:, None]
    return replace(
        design,
        fixed=np.hstack([slope**3, design.fixed]),
        asked=np.concatenate([[0.0], design.asked]),
    )


UNBALANCED = {
    "two-chips": drawn([0, 1, 0, 0, 1, 0, 1, 1], [0, 0, 1, 1, 1, 2, 3, 3], (0.1, 0.5), 8),
    "one-group-has-most": drawn([0, 1] * 6 + [0, 1, 1], [0] * 8 + [1, 1, 2, 2, 3, 3, 4], (1, 1), 9),
    "sparse": drawn(*sparse(1, 15, 20, 40), (0.06, 0.2), 11),
    "groups-scatter-little": drawn(*sparse(7, 6, 4, 40), (1.0, 0.8), 4),
    "works": works(6),
    "works-turned": _turned(works(6)),
    "slope": _with_slope(drawn(*sparse(1, 15, 20, 40), (0.06, 0.2), 11)),
}


def _independent(fixed: Array) -> tuple[Array, list[int]]:
    """Returns the columns of which none depends on those before it, and their places."""
    kept: list[int] = []
    for place in range(fixed.shape[1]):
        if np.linalg.matrix_rank(fixed[:, [*kept, place]]) == len(kept) + 1:
            kept.append(place)
    return fixed[:, kept], kept


@pytest.mark.filterwarnings("ignore")  # statsmodels warns of what it tries on the way
@pytest.mark.parametrize("name", UNBALANCED)
def test_variances_and_contrasts_are_those_of_statsmodels(name: str) -> None:
    design = UNBALANCED[name]
    columns, kept = _independent(design.fixed)
    assert set(np.flatnonzero(design.asked)) <= set(kept)
    theirs = MixedLM(design.values, columns, groups=design.groups)
    # Powell first: with derivatives it may step to a group's variance of nought and stay there
    fit = theirs.fit(reml=True, method=["powell", "lbfgs"])
    residual, group = float(fit.scale), float(fit.cov_re[0, 0])
    assert group > 1e-3 * residual, "a design for this test has scatter of both kinds"
    scatter = design.model.scatter
    assert scatter is not None
    assert (scatter.residual, scatter.group) == pytest.approx((residual, group), rel=2e-3)

    asked = design.asked[kept]
    curved, _ = theirs.hessian(fit.params_object)
    cover = np.linalg.inv(-curved[: len(kept), : len(kept)])
    found = design.model.contrast(design.asked, known(residual, group))
    assert found is not None
    assert found.value == pytest.approx(float(asked @ fit.fe_params), rel=1e-6)
    error = found.error / found.widened  # statsmodels does not ask whether cells disagree
    assert error == pytest.approx(math.sqrt(asked @ cover @ asked), rel=1e-6)
    assert found.freedom > 1e6


def restricted(design: Design, weights: Array) -> Callable[[Array], float]:
    """Returns -2 log restricted likelihood, as a textbook writes it: dense and with constants."""
    columns, _ = _independent(design.fixed)
    same = np.equal.outer(design.groups, design.groups).astype(float)

    def deviance(logs: Array) -> float:
        cover = np.exp(logs[0]) * np.diag(1 / weights) + np.exp(logs[1]) * same
        inverse = np.linalg.inv(cover)
        inner = columns.T @ inverse @ columns
        project = inverse - inverse @ columns @ np.linalg.inv(inner) @ columns.T @ inverse
        values = np.asarray(design.values)
        dets = np.linalg.slogdet(cover)[1] + np.linalg.slogdet(inner)[1]
        return float(dets + values @ project @ values)

    return deviance


@pytest.mark.parametrize("name", UNBALANCED)
def test_weighted_variances_are_where_the_restricted_likelihood_is_greatest(name: str) -> None:
    design = UNBALANCED[name]
    weights = np.resize([1.0, 0.5, 0.25, 1.0, 0.5], len(design.values))
    deviance = restricted(design, weights)
    starts = [(-5.0, -2.0), (-1.0, -1.0)]
    options = {"xatol": 1e-6, "fatol": 1e-10}
    best = min(
        (minimize(deviance, one, method="Nelder-Mead", options=options) for one in starts),
        key=lambda one: float(one.fun),
    )
    weighted = Mixed(design.values, design.fixed, design.groups, list(weights))
    scatter = weighted.scatter
    assert scatter is not None
    assert (scatter.residual, scatter.group) == pytest.approx(tuple(np.exp(best.x)), rel=1e-3)

    information = _information(design, weights, (scatter.residual, scatter.group))
    assert scatter.information == pytest.approx(information, rel=1e-6)


def _information(design: Design, weights: Array, at: tuple[float, float]) -> Array:
    """Returns tr(P G P G) / 2 of both variances: their expected information."""
    columns, _ = _independent(design.fixed)
    parts = [np.diag(1 / weights), np.equal.outer(design.groups, design.groups).astype(float)]
    inverse = np.linalg.inv(at[0] * parts[0] + at[1] * parts[1])
    inner = np.linalg.inv(columns.T @ inverse @ columns)
    project = inverse - inverse @ columns @ inner @ columns.T @ inverse
    moved = [project @ part for part in parts]
    return np.array([[0.5 * np.trace(one @ other) for other in moved] for one in moved])


def test_without_scatter_of_groups_the_residual_is_that_of_least_squares() -> None:
    chips, groups = [0, 0, 0, 0, 1, 1, 1, 1], [0, 1, 2, 3, 0, 1, 2, 3]
    values = [1.0, -1.0, 2.0, -2.0, -1.5, 1.5, -2.5, 2.5]  # groups cancel: less than chance between
    scatter = Mixed(values, effects(chips), groups).scatter
    assert scatter is not None
    assert scatter.group == 0.0
    assert scatter.residual == pytest.approx((1 + 1 + 4 + 4 + 2.25 + 2.25 + 6.25 + 6.25) / 6)


@pytest.mark.parametrize("group", [0.0, 0.3], ids=["fixed", "random"])
@pytest.mark.parametrize("times", [2, 3])
def test_a_weight_of_two_is_worth_two_equal_values_of_the_group(times: int, group: float) -> None:
    values, chips, groups = [1.0, 2.5, 1.7, 3.1, 0.4], [0, 1, 0, 1, 1], [0, 0, 1, 1, 2]
    scatter = known(0.2, group)
    for place in range(5):
        weights = [float(times) if one == place else 1.0 for one in range(5)]
        once = Mixed(values, effects(chips), groups, weights)
        more = [place] * (times - 1)
        many = Mixed(
            values + [values[one] for one in more],
            effects(chips + [chips[one] for one in more]),
            groups + [groups[one] for one in more],
        )
        one, other = (model.contrast(np.array([1.0, -1.0]), scatter) for model in (once, many))
        assert one is not None
        assert other is not None
        error, others = one.error / one.widened, other.error / other.widened
        assert (one.value, error) == pytest.approx((other.value, others))
        plain = Mixed(values, effects(chips), groups).contrast(np.array([1.0, -1.0]), scatter)
        assert plain is not None
        assert error < plain.error / plain.widened


def test_chips_that_no_work_joins_have_no_contrast() -> None:
    cells = effects(["a", "a", "b", "b"])
    column = np.array([[1.0], [1.0], [0.0], [0.0]])  # each chip on a work of its own
    model = Mixed([1.0, 1.2, 2.0, 2.1], np.hstack([cells, column]), [0, 1, 2, 3])
    assert model.contrast(np.array([0.0, 0.0, 1.0]), known(0.1, 0.1)) is None
    found = model.contrast(np.array([1.0, -1.0, 1.0]), known(0.1, 0.0))  # mean over mean is asked
    assert found is not None
    assert found.value == pytest.approx(1.1 - 2.05)


def test_a_chip_that_nobody_measured_has_no_contrast() -> None:
    fixed = np.hstack([effects([0, 1, 0, 1]), np.zeros((4, 1))])
    model = Mixed([1.0, 2.0, 1.1, 2.2], fixed, [0, 0, 1, 1])
    assert model.contrast(np.array([1.0, 0.0, -1.0]), known(0.1, 0.1)) is None
    assert model.contrast(np.array([1.0, -1.0, 0.0]), known(0.1, 0.1)) is not None


@pytest.mark.parametrize("chips", [[0], [0, 1], [0, 1, 2, 3]], ids=["1", "2", "4"])
def test_values_that_all_go_into_effects_tell_no_scatter(chips: list[int]) -> None:
    model = Mixed([1.0 + one for one in chips], effects(chips), [0] * len(chips))
    assert (model.freedom, model.scatter, model.informative) == (0, None, (0, 0))


def test_what_tells_scatter_of_groups_and_what_tells_the_rest_are_counted_apart() -> None:
    # Three groups measured both chips: 6 values, 2 effects; 2 differences between groups tell their
    # scatter (and the rest), 2 differences of differences tell the rest alone.
    assert Mixed([1.0] * 6, effects([0, 1] * 3), [0, 0, 1, 1, 2, 2]).informative == (2, 2)
    assert Mixed([1.0] * 6, effects([0, 1] * 3), range(6)).informative == (4, 0)
    assert Mixed([1.0] * 6, effects([0, 1] * 3), [0] * 6).informative == (0, 4)
