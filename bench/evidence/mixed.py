"""A linear model with a random effect a group, and intervals of contrasts in it.

Variances by restricted maximum likelihood (Patterson & Thompson 1971, Biometrika 58:545), degrees
of freedom of a contrast by Satterthwaite's approximation with the expected information
(Giesbrecht & Burns 1985, Biometrics 41:477). This is what network meta-analysis calls a
random-effects model by contrast (Lu & Ades 2004, Statistics in Medicine 23:3105).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
LARGEST = 1e4
"""Largest ratio of the groups' variance to the residual one that is looked for."""
NEGLIGIBLE = 1e-8
"""What counts as nought beside numbers of the order of one."""


@dataclass(frozen=True)
class Contrast:
    """A difference of effects with its standard error and degrees of freedom.

    Attributes:
        value: the difference.
        error: its standard error.
        freedom: degrees of freedom of the t distribution that it follows.
    """

    value: float
    error: float
    freedom: float

    def interval(self, level: float) -> tuple[float, float]:
        """Returns the two-sided interval at a level, such as 0.95."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.freedom, 0.5 + level / 2)) * self.error
        return self.value - half, self.value + half


def effects(labels: Sequence[Hashable]) -> Floats:
    """Returns one column of noughts and ones for each different label, in order of appearance."""
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    columns = np.zeros((len(labels), len(places)))
    columns[np.arange(len(labels)), [places[label] for label in labels]] = 1.0
    return columns


@dataclass(frozen=True)
class Scatter:
    """How far values scatter: within a group for a weight of 1, and from group to group.

    Attributes:
        residual, group: variances.
        information: their expected information, for degrees of freedom; None where they are taken
            from elsewhere as they are.
    """

    residual: float
    group: float
    information: Floats


class Mixed:
    """Values with fixed effects, a random effect a group and weights.

    Args:
        values: n of them.
        fixed: n x p columns of fixed effects; they may depend on one another.
        groups: n labels.
        weights: n; the residual variance of a value is divided by its own.
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
        self.basis = _basis(fixed)
        self.own = np.diag(1.0 / np.asarray(weights or np.ones(len(self.values))))
        members = effects(groups)
        self.shared = members @ members.T

    @property
    def spare(self) -> int:
        """Returns how many values are left to tell scatter from effects."""
        return len(self.values) - int(self.basis.shape[1])

    @cached_property
    def scatter(self) -> Scatter | None:
        """Returns the variances of greatest restricted likelihood; None with nothing to spare."""
        if self.spare < 1:
            return None
        ratio = self._best_ratio()
        _, residual = self._deviance(ratio)
        residual = max(residual, NEGLIGIBLE)
        cover = residual * (self.own + ratio * self.shared)
        return Scatter(residual, ratio * residual, self._information(cover))

    def _best_ratio(self) -> float:
        from scipy.optimize import minimize_scalar

        found = minimize_scalar(
            lambda root: self._deviance(root**2)[0],
            bounds=(0.0, LARGEST**0.5),
            method="bounded",
            options={"xatol": 1e-6},
        )
        tried = (0.0, *(float(one) ** 2 for one in _from(found.x)))
        return min(tried, key=lambda ratio: self._deviance(ratio)[0])

    def _deviance(self, ratio: float) -> tuple[float, float]:
        """Returns -2 log restricted likelihood but for constants, and the residual variance."""
        cover = self.own + ratio * self.shared
        inner, solved = _inner(cover, self.basis)
        rest = self.values - self.basis @ np.linalg.solve(inner, solved.T @ self.values)
        variance = float(rest @ np.linalg.solve(cover, rest)) / self.spare
        logs = _log_det(cover) + _log_det(inner)
        return logs + self.spare * float(np.log(max(variance, NEGLIGIBLE**2))), variance

    def _information(self, cover: Floats) -> Floats:
        """Returns the expected information of the two variances."""
        inverse = np.linalg.inv(cover)
        inner, solved = _inner(cover, self.basis)
        project = inverse - solved @ np.linalg.solve(inner, solved.T)
        parts = (project @ self.own, project @ self.shared)
        return np.array([[0.5 * float(np.sum(a * b.T)) for b in parts] for a in parts])

    def contrast(self, weights: Floats, scatter: Scatter) -> Contrast | None:
        """Returns a sum of fixed effects, weighted; None where the values do not determine it.

        Args:
            weights: p weights of the columns of ``fixed``.
            scatter: this model's, or that of a larger one whose values scatter alike.
        """
        spread, *_ = np.linalg.lstsq(self.fixed.T, weights, rcond=None)
        if not np.allclose(self.fixed.T @ spread, weights, atol=1e-6):
            return None
        cover = scatter.residual * self.own + scatter.group * self.shared
        inner, solved = _inner(cover, self.basis)
        asked = np.linalg.solve(inner, self.basis.T @ spread)
        pull = solved @ asked
        variance = float(pull @ cover @ pull)
        slopes = np.array([pull @ self.own @ pull, pull @ self.shared @ pull])
        doubt = float(slopes @ np.linalg.pinv(scatter.information) @ slopes)
        freedom = 2 * variance**2 / doubt if doubt > 0 else np.inf
        return Contrast(float(pull @ self.values), variance**0.5, max(1.0, float(freedom)))


def _from(root: float) -> tuple[float, ...]:
    """Returns a root and its neighbours, so that a bound is not missed by a hair."""
    return (root, 0.5 * root, 0.9 * root, 1.1 * root)


def _basis(fixed: Floats) -> Floats:
    """Returns orthonormal columns that span those of ``fixed``."""
    left, sizes, _ = np.linalg.svd(fixed, full_matrices=False)
    return left[:, sizes > NEGLIGIBLE * max(sizes.max(initial=0.0), 1.0)]


def _inner(cover: Floats, basis: Floats) -> tuple[Floats, Floats]:
    """Returns B' V^-1 B and V^-1 B."""
    solved: Floats = np.linalg.solve(cover, basis)
    return basis.T @ solved, solved


def _log_det(matrix: Floats) -> float:
    return float(np.linalg.slogdet(matrix)[1])
