"""A linear model with a random effect per group, and intervals of contrasts in it.

Variances are estimated by restricted maximum likelihood (Patterson & Thompson 1971, Biometrika
58:545). The error of a contrast is corrected for the variances being estimates (Kenward & Roger
1997, Biometrics 53:983); its degrees of freedom are Satterthwaite's approximation with the expected
information (Giesbrecht & Burns 1985, Biometrics 41:477). Network meta-analysis calls this a
contrast-based random-effects model (Lu & Ades 2004, Statistics in Medicine 23:3105).

If the groups' variance may be zero, those intervals are too wide. Integrating over the ratio of the
two variances avoids that: given the ratio, an effect follows Student's t (Harville 1974, Biometrika
61:383).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np

from bench.evidence.directions import NEGLIGIBLE, Floats, cells, complement, within_cells

LARGEST = 1e4
"""Largest ratio of the groups' variance to the residual variance in the search."""
DISAGREE = 0.05
"""Values of one cell disagree if scatter makes them differ as much less often than this."""
STEPS, FINER = 200, 32
"""Even steps of x / (1 + x) in the coarse and in the final grid of ``posterior``."""
LEVELS = np.array([0.90, 0.95])
"""Levels at which a t distribution approximates a mixture of others."""


@dataclass(frozen=True)
class Contrast:
    """A difference of effects, with the standard error and degrees of freedom of its t.

    Attributes:
        widened: factor, at least 1, by which values of a published figure that disagree widened
            the error; 1 for work.
    """

    value: float
    error: float
    freedom: float
    widened: float = 1.0

    def interval(self, level: float) -> tuple[float, float]:
        """Returns the two-sided interval at a level, such as 0.95."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.freedom, 0.5 + level / 2)) * self.error
        return self.value - half, self.value + half


def effects(labels: Sequence[Hashable]) -> Floats:
    """Returns an indicator column (0 or 1) per distinct label, in order of appearance."""
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    columns = np.zeros((len(labels), len(places)))
    columns[np.arange(len(labels)), [places[label] for label in labels]] = 1.0
    return columns


@dataclass(frozen=True)
class Scatter:
    """The residual variance (for weight 1), that of groups, and their expected information."""

    residual: float
    group: float
    information: Floats = field(compare=False)

    @cached_property
    def covariance(self) -> Floats:
        """Returns the covariance of the two estimates: the inverse of the information."""
        return np.linalg.pinv(self.information)


class Mixed:
    """A linear mixed model: values with fixed effects, a random effect per group, and weights.

    Args:
        values: the observations, (n,).
        fixed: the columns of the fixed effects, (n, p); they may be linearly dependent.
        groups: the group of each observation, n labels.
        weights: n weights, by which the residual variance of each observation is divided.
    """

    def __init__(
        self,
        values: Sequence[float],
        fixed: Floats,
        groups: Sequence[Hashable],
        weights: Sequence[float] | None = None,
    ) -> None:
        self.values = np.asarray(values, dtype=np.float64)
        self.fixed = fixed
        self.members = effects(groups)
        self.variances = 1.0 / np.asarray(weights or np.ones(len(self.values)))
        self._at: tuple[Scatter, tuple[Floats, Floats, Floats]] | None = None

    @cached_property
    def _rest(self) -> tuple[Floats, Floats]:
        """Returns group shares and values along independent directions free of fixed effects.

        The variance along a direction is the residual one plus ``share`` times that of groups, so
        that the restricted likelihood is a sum (Harville 1977, JASA 72:320).
        """
        shares, left = self._free_of(self.fixed, self.values)
        return shares, left[0]

    def _free_of(self, fixed: Floats, *columns: Floats) -> tuple[Floats, Floats]:
        """Returns the group shares of directions orthogonal to effects, and columns along them."""
        scale = 1 / np.sqrt(self.variances)[:, None]
        width = cells(fixed)
        free = within_cells(scale[:, 0], fixed[:, :width])
        if width < fixed.shape[1]:
            free = complement(free @ (scale * fixed[:, width:])) @ free
        grouped = free @ (scale * self.members)
        shares, turn = np.linalg.eigh(grouped @ grouped.T)
        along = turn.T @ (free @ (scale * np.column_stack(columns)))
        return np.maximum(shares, 0.0), along.T

    @property
    def freedom(self) -> int:
        """Returns the residual degrees of freedom: the number of values beyond the effects."""
        return len(self._rest[0])

    @property
    def informative(self) -> tuple[int, int]:
        """Returns degrees of freedom with the groups' variance, and purely residual ones."""
        grouped = int(np.sum(self._rest[0] > NEGLIGIBLE))
        return grouped, self.freedom - grouped

    @cached_property
    def scatter(self) -> Scatter | None:
        """Returns the variances of greatest restricted likelihood; None without freedom."""
        if self.freedom < 1:
            return None
        ratio = self._best_ratio()
        residual = max(float(self._residuals(np.array([ratio]))[0]), NEGLIGIBLE)
        shares = self._rest[0]
        variances = residual * (1 + ratio * shares)
        parts = np.array([np.ones_like(shares), shares]) / variances
        return Scatter(residual, ratio * residual, 0.5 * parts @ parts.T)

    def _best_ratio(self) -> float:
        tried = np.concatenate([[0.0], np.geomspace(1e-4, LARGEST, 60)])
        for _ in range(8):  # each grid is six times as fine, about the best of the last one
            place = int(np.argmin(self._deviance(tried)))
            low, high = max(place - 1, 0), min(place + 1, len(tried) - 1)
            tried = np.linspace(tried[low], tried[high], 13)
        return float(tried[np.argmin(self._deviance(tried))])

    def _residuals(self, ratios: Floats) -> Floats:
        shares, left = self._rest
        found: Floats = np.mean(left**2 / (1 + np.outer(ratios, shares)), axis=1)
        return found

    def _deviance(self, ratios: Floats) -> Floats:
        """Returns -2 log restricted likelihood up to a constant, one value per ratio."""
        spans = np.log1p(np.outer(ratios, self._rest[0]))
        spread = np.maximum(self._residuals(ratios), NEGLIGIBLE**2)
        deviance: Floats = np.sum(spans, axis=1) + self.freedom * np.log(spread)
        return deviance

    @cached_property
    def posterior(self) -> tuple[Floats, Floats, Floats]:
        """Returns ratios of the variances, the posterior weight of each, and residual variances.

        The prior is flat in x, the root of the groups' standard deviation over the residual one
        (``sqrt`` of Roever 2020, J. Stat. Software 93(6)), and in the logarithm of the latter.
        """
        coarse, depth = self._depths(0.0, 1.0, STEPS)
        near = coarse[depth > depth.max() - 16]
        steps, depth = self._depths(near[0] - 0.5 / STEPS, near[-1] + 0.5 / STEPS, FINER)
        ratios = (steps / (1 - steps)) ** 4
        weights = np.exp(depth - depth.max())
        return ratios, weights / weights.sum(), np.maximum(self._residuals(ratios), NEGLIGIBLE)

    def _depths(self, low: float, high: float, count: int) -> tuple[Floats, Floats]:
        steps = low + (high - low) * (np.arange(count) + 0.5) / count
        depths = -0.5 * self._deviance((steps / (1 - steps)) ** 4) - 2 * np.log1p(-steps)
        return steps, depths

    def last_effect(self, model: "Mixed") -> Contrast | None:
        """Returns the effect of the last fixed column; None if the values do not determine it.

        Args:
            model: the model whose posterior of the variances is used: this or a larger one.
        """
        shares, (pull, left) = self._free_of(self.fixed[:, :-1], self.fixed[:, -1], self.values)
        if pull @ pull < NEGLIGIBLE:
            return None
        ratios, posterior, residuals = model.posterior
        spans = 1 + np.outer(ratios, shares)
        firm = np.sum(pull**2 / spans, axis=1)
        values = np.sum(pull * left / spans, axis=1) / firm
        return _blended(posterior, values, np.sqrt(residuals / firm), model.freedom)

    def contrast(self, weights: Floats, scatter: Scatter) -> Contrast | None:
        """Returns a weighted sum of fixed effects; None if the values do not determine it.

        Args:
            weights: weights of the columns of ``fixed``, (p,).
            scatter: variances of this model, or of a larger one whose values scatter alike.
        """
        free, pulls, excess = self._solved(scatter)
        pull = pulls @ weights
        if np.max(np.abs(self.fixed.T @ pull - weights)) > 1e-5:
            return None
        moved = np.column_stack([self.variances * pull, self.members @ (self.members.T @ pull)])
        value = float(pull @ self.values)
        found = _widened(value, pull @ moved, moved.T @ (free @ moved), scatter)
        widened = math.sqrt(1 + float(pull**2 @ excess) / found.error**2)
        return replace(found, error=widened * found.error, widened=widened)

    def _solved(self, scatter: Scatter) -> tuple[Floats, Floats, Floats]:
        """Returns what any contrast needs.

        They are V^-1 projected off the effects, V^-1 X (X' V^-1 X)^-1, and ``_excess``.
        """
        if self._at is None or self._at[0] is not scatter:
            cover = np.diag(scatter.residual * self.variances)
            cover += scatter.group * (self.members @ self.members.T)
            inverse = np.linalg.inv(cover)
            solved = inverse @ self.fixed
            pulls = solved @ np.linalg.pinv(self.fixed.T @ solved, hermitian=True)
            free = inverse - pulls @ solved.T
            self._at = scatter, (free, pulls, self._excess(free, scatter))
        return self._at[1]

    def _excess(self, free: Floats, scatter: Scatter) -> Floats:
        """Returns the variance of each value beyond the model's, of cells whose values disagree.

        Cochran's Q (1954, Biometrics 10:101), given all other cells, tests whether they do. The
        variance of such a cell is Q over its degrees of freedom times the model's (Birge 1932,
        Phys. Rev. 40:207).
        """
        from scipy.special import chdtrc

        left, ratios = free @ self.values, np.ones(len(self.values))
        for column in self.fixed[:, : cells(self.fixed)].T:
            members = np.flatnonzero(column)
            inner = np.linalg.pinv(free[np.ix_(members, members)], hermitian=True)
            q, freedom = float(left[members] @ inner @ left[members]), len(members) - 1
            if freedom and chdtrc(freedom, q) < DISAGREE:
                ratios[members] = q / freedom
        found: Floats = (ratios - 1) * (scatter.residual * self.variances + scatter.group)
        return found


def _widened(value: float, slopes: Floats, bends: Floats, scatter: Scatter) -> Contrast:
    """Returns a contrast whose error allows for the variances being estimates.

    ``slopes`` are the derivatives of the contrast's variance by the two variances; ``bends`` is
    Q - P Phi P in Kenward and Roger's notation.
    """
    covariance = scatter.covariance
    variance = float(slopes @ (scatter.residual, scatter.group))
    doubt = float(slopes @ covariance @ slopes)
    freedom = 2 * variance**2 / doubt if doubt > 0 else math.inf
    wider = variance + 2 * max(0.0, float(np.sum(covariance * bends)))
    return Contrast(value, wider**0.5, max(1.0, freedom))


def _blended(posterior: Floats, values: Floats, errors: Floats, freedom: int) -> Contrast:
    """Returns a t distribution with the mean and the intervals of a mixture of t distributions."""
    from scipy.special import stdtr, stdtrit

    middle = float(posterior @ values)
    sides = np.concatenate([values - middle, middle - values])
    errors, posterior = np.tile(errors, 2), np.tile(posterior, 2)
    halves = stdtrit(freedom, 0.5 + LEVELS / 2) * np.exp(posterior @ np.log(errors) / 2)
    for _ in range(50):  # Newton's steps in logarithms, in which tails are nearly straight
        tried = np.outer([1.0, 1.0001], halves)[:, :, None]
        tails, beyond = stdtr(freedom, (sides - tried) / errors) @ posterior
        step = np.log(tails / (1 - LEVELS)) / np.log(tails / beyond) * 1e-4
        halves = halves * np.exp(np.clip(step, -1, 1))
        if np.max(np.abs(step)) < 1e-6:
            break
    logs, stretches = _stretches()
    found = math.exp(float(np.interp(-halves[1] / halves[0], stretches, logs)))
    return Contrast(middle, float(halves[1] / stdtrit(found, 0.5 + LEVELS[1] / 2)), found)


@cache
def _stretches() -> tuple[Floats, Floats]:
    """Returns logarithms of degrees of freedom, and minus the ratio of each one's two intervals."""
    from scipy.special import stdtrit

    logs = np.linspace(0.0, math.log(1e6), 400)
    low, high = (stdtrit(np.exp(logs), 0.5 + level / 2) for level in LEVELS)
    return logs, -high / low
