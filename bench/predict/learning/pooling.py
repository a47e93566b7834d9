"""How far chips depart from what their sheets predict, pooled over silicon, family and vendor.

A chip's departure is the median log ratio of measured to predicted time on it. Departures of chips
that share silicon or a family are correlated, so a chip that nobody measured is estimated from its
siblings: the H20 with 141 GB from the one with 96 GB, a Hopper chip from other Hoppers. This is the
best linear unbiased prediction with an unknown mean (universal kriging; Rasmussen & Williams 2006,
2.7). The spread of departures rests on few chips, some of them throttled for reasons that no sheet
gives: departures are taken to follow Student's t distribution, fitted by iteratively reweighted
estimates (Lange, Little & Taylor 1989, JASA 84:881). An outlier therefore widens the interval, but
hardly shifts the estimate for its siblings.

The spread of vendor effects is estimated together with the rest, starting from a prior, by
expectation-maximisation of the restricted likelihood (Patterson & Thompson 1971, Biometrika 58:545;
Dempster, Laird & Rubin 1977, JRSS B 39:1). The vendor effect is removed before the spread of chips
is estimated: counted in both, it would be added twice.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from bench.predict.learning.groups import group_variance, grouped, middle, tails
from bench.predict.learning.labels import correlation, excess_variance, same_label
from bench.predict.learning.pairscatter import PairScatter, pair_scatter
from bench.predict.model.facts import Labels
from bench.predict.model.operators import Array

VENDOR_SPREAD = 0.177
"""Prior spread (log) of vendor effects, so that two vendors differ by 0.25. Assumed, because most
parts have chips of one vendor only and so no data on it. Two outside results support it: one vendor
was predicted 20% off; others' for AMD chips 3 to 33% (NeuSight, arXiv 2407.13853)."""
PRIOR_VENDORS = 2
"""How many measured vendors the prior spread counts as."""
FREEDOMS = (2.0, 3.0, 4.0)
"""Candidate degrees of freedom of the t distribution of departures; the likeliest is taken."""
ITERATIONS = 30
COVERAGE_80, COVERAGE_95 = COVERAGES = (0.8, 0.95)
"""Nominal coverages of the intervals that are reported."""
LEAST_SPREAD = 0.02
"""Lower bound of the chips' spread (log): a few chips cannot establish a smaller one."""


@dataclass(frozen=True)
class Departures:
    """Departures of the measured chips, and how far departures scatter.

    Attributes:
        labels: labels of each chip.
        means: departure of each chip: log of measured over predicted time, median over the medians
            of its measuring groups.
        counts: cases of each chip; several cases by one group count as the number of single-case
            groups that give the same precision.
        within: standard deviation (log) of single cases of one chip, across groups.
        spread: scale (log) of the departures.
        weights: weight of each chip in the fit; low for an outlier.
        heavy: degrees of freedom of the departures' t distribution.
        apart: scatter of the same case between chips.
        tails: quantiles (log) of a case's distance from its chip's middle, one per level in
            ``COVERAGES``; None if there are too few cases.
        vendor: standard deviation (log) of the vendor effects.
    """

    labels: tuple[Labels, ...]
    means: tuple[float, ...]
    counts: tuple[float, ...]
    within: float
    spread: float
    weights: tuple[float, ...]
    heavy: float
    apart: PairScatter
    tails: tuple[float | None, ...] = (None,) * len(COVERAGES)
    vendor: float = VENDOR_SPREAD

    def with_chip(self, chip: Labels, mean: float, count: int) -> "Departures":
        """Returns a copy in which ``chip`` has the departure ``mean``, from ``count`` cases."""
        kept = [place for place, one in enumerate(self.labels) if one != chip]
        return replace(
            self,
            labels=(*(self.labels[place] for place in kept), chip),
            means=(*(self.means[place] for place in kept), mean),
            counts=(*(self.counts[place] for place in kept), float(count)),
            weights=(*(self.weights[place] for place in kept), 1.0),
        )

    def half(self, variance: float, level: float) -> float:
        """Returns the half-width (log) of the interval for one case on one chip.

        The scatter of cases enters by its empirical quantiles if there are enough cases, otherwise
        by a t distribution as heavy-tailed as that of the chips' departures.

        Args:
            variance: variance of the chip's departure, as ``predicted`` gives it.
            level: one of ``COVERAGES``.
        """
        return self._half_width(variance, level, self.tails, self.within)

    def half_ratio(self, variance: float, level: float, *, one_family: bool) -> float:
        """Returns the half-width (log) of the interval for the ratio of two chips on one case.

        Args:
            variance: variance of the difference of their departures.
            level: one of ``COVERAGES``.
            one_family: whether the chips are of one family.
        """
        tails = self.apart.between(one_family=one_family)
        return self._half_width(variance, level, tails, math.sqrt(2) * self.apart.scale)

    def _half_width(
        self, variance: float, level: float, tails: Sequence[float | None], scale: float
    ) -> float:
        from scipy.special import stdtrit

        freedom = max(1.0, min(self.heavy, len(self.means) - 1.0))
        of_chips, of_cases = (float(stdtrit(one, 0.5 + level / 2)) for one in (freedom, self.heavy))
        empirical = tails[COVERAGES.index(level)]
        cases = of_cases * scale if empirical is None else empirical
        return math.hypot(of_chips * math.sqrt(max(variance, 0.0)), cases)

    def predicted(self, chips: Sequence[Labels]) -> tuple[Array, Array]:
        """Returns the expected departures of n chips: means (n,) and their covariance (n, n).

        The scatter of single cases is not included.
        """
        inverse = np.linalg.inv(self._covariance())
        excess = self._asked_excess(chips)
        between = self._shared_covariance(chips, self.labels) + excess
        ones = np.ones(len(self.means))
        weight = float(ones @ inverse @ ones)
        mean = float(ones @ inverse @ np.array(self.means)) / weight
        gain = between @ inverse
        left = 1.0 - gain @ ones
        expected = mean + gain @ (np.array(self.means) - mean)
        same = np.array([[one == other for other in chips] for one in chips], dtype=np.float64)
        own = same * np.sum(excess, axis=1)[:, None]
        posterior = self._shared_covariance(chips, chips) + own - gain @ between.T
        return expected, posterior + np.outer(left, left) / weight

    def _shared_covariance(self, first: Sequence[Labels], second: Sequence[Labels]) -> Array:
        """Returns the covariance (n, m) of chips' departures that their shared labels imply."""
        pair = tuple(first), tuple(second)
        return self.vendor**2 * same_label(*pair, "vendor") + self.spread**2 * correlation(*pair)

    def _covariance(self) -> Array:
        """Returns the covariance of the measured chips' departures."""
        own = np.diag(self._excess() + self._noise() + 1e-9)
        return self._shared_covariance(self.labels, self.labels) + own

    def _excess(self) -> Array:
        return excess_variance(self.spread, np.array(self.weights))

    def _asked_excess(self, chips: Sequence[Labels]) -> Array:
        """Returns the extra variance (asked x measured chips): no two chips share it."""
        return same_label(tuple(chips), self.labels, "chip") * self._excess()

    def _noise(self) -> Array:
        return self.within**2 / np.array(self.counts)


class SpreadFit:
    """Iterative estimate of spreads and weights, for all of ``FREEDOMS`` at once: one row each.

    Args:
        labels: labels of n chips.
        means: their departures (n,).
        noise: variance of each mean from the scatter of its cases (n,).

    Attributes:
        spread: scale of the departures (rows,).
        weights: weight of each chip (rows, n).
        vendor: standard deviation of the vendor effects (rows,).
    """

    def __init__(self, labels: tuple[Labels, ...], means: Array, noise: Array) -> None:
        self.spread: Array = np.full(len(FREEDOMS), 0.1)
        self.weights: Array = np.ones((len(FREEDOMS), len(means)))
        self.vendor: Array = np.full(len(FREEDOMS), VENDOR_SPREAD)
        self._means, self._noise, self._freedoms = means, noise, np.array(FREEDOMS)[:, None]
        self._vendor_count = len({one.vendor for one in labels})
        self._same = same_label(labels, labels, "vendor")
        self._shared = correlation(labels, labels)

    def iterate(self) -> None:
        """Updates spreads and weights from those of the last iteration."""
        effects, vendor, used = self._vendor_effects()
        residuals = self._residuals(effects)
        squares = np.maximum(residuals**2 - self._noise, 0.0) * self.weights
        spare = np.maximum(len(self._means) - 1 - used, 1.0)
        self.spread = np.maximum(LEAST_SPREAD, np.sqrt(np.sum(squares, axis=1) / spare))
        scaled = residuals**2 / (self.spread[:, None] ** 2 + self._noise)
        self.weights, self.vendor = (self._freedoms + 1) / (self._freedoms + scaled), vendor

    def likelihoods(self) -> Array:
        """Returns the log likelihood of the means under the t distribution (rows,)."""
        from scipy.stats import t as student

        scale = np.sqrt(self.spread[:, None] ** 2 + self._noise)
        residuals = self._residuals(self._vendor_effects()[0])
        return np.asarray(np.sum(student.logpdf(residuals, self._freedoms, scale=scale), axis=1))

    def _vendor_effects(self) -> tuple[Array, Array, Array]:
        """Returns the estimated vendor effects and what follows from them.

        Returns:
            the vendor effect in each mean (rows, n); the updated spread of vendors (rows,); the
            degrees of freedom that the effects use (rows,). With one vendor, the effects are zero.
        """
        if self._vendor_count == 1:
            return np.zeros_like(self.weights), self.vendor, np.zeros_like(self.vendor)
        inverse, variance = np.linalg.inv(self._covariance()), self.vendor**2
        sums = inverse.sum(axis=2)
        total = sums.sum(axis=1)  # dividing by it takes the mean out
        pull = inverse @ self._means - sums * (sums @ self._means / total)[:, None]
        both = np.sum((sums @ self._same) * sums, axis=1) / total
        used = variance * (np.sum(inverse * self._same, axis=(1, 2)) - both)
        effects = variance[:, None] * (pull @ self._same)
        squares = variance * (self._vendor_count - used + np.sum(pull * effects, axis=1))
        squares += PRIOR_VENDORS * VENDOR_SPREAD**2
        spread = np.sqrt(squares / (PRIOR_VENDORS + self._vendor_count))
        return np.asarray(effects), np.asarray(spread), np.asarray(used)

    def _covariance(self) -> Array:
        """Returns the covariance of the means (rows, n, n)."""
        spread, vendor = self.spread[:, None, None] ** 2, self.vendor[:, None, None] ** 2
        covariance = vendor * self._same + spread * self._shared
        own = excess_variance(self.spread[:, None], self.weights) + self._noise + 1e-9
        diagonal = np.arange(len(self._means))
        covariance[:, diagonal, diagonal] += own
        return np.asarray(covariance)

    def _residuals(self, effects: Array) -> Array:
        """Returns the distance of each mean, less its vendor's effect, from their weighted mean."""
        values = self._means - effects
        middles = np.sum(self.weights * values, axis=1) / np.sum(self.weights, axis=1)
        return np.asarray(values - middles[:, None])


def pooled(
    labels: Sequence[Labels],
    logs: Sequence[float],
    same: Sequence[Hashable] = (),
    groups: Sequence[Hashable] = (),
    otherwise: PairScatter | None = None,
) -> Departures:
    """Returns the departures of chips.

    Args:
        labels: labels of each case's chip.
        logs: log of measured over predicted time of each case.
        same: what was measured in each case; equal if several chips ran the same case. Without it,
            no two chips are taken to share a case.
        groups: who measured each case; without it, each case is a group of its own.
        otherwise: scatter of the same case between chips, used if no case was run on two chips;
            without it, that of any two cases.
    """
    chips = grouped(labels, logs, groups)
    variance = group_variance(chips)
    within = variance.total**0.5
    alone = PairScatter(within, 0.0, (None,) * len(COVERAGES))
    means = np.array([middle(one) for one in chips.values()])
    counts = np.array([variance.effective_count(one) for one in chips.values()])
    fit = SpreadFit(tuple(chips), means, variance.total / counts)
    for _ in range(ITERATIONS):
        fit.iterate()
    best = int(np.argmax(fit.likelihoods()))
    return Departures(
        labels=tuple(chips),
        means=tuple(means.tolist()),
        counts=tuple(counts.tolist()),
        within=within,
        spread=float(fit.spread[best]),
        weights=tuple(fit.weights[best].tolist()),
        heavy=FREEDOMS[best],
        apart=_apart(labels, logs, same) or otherwise or alone,
        tails=tails(chips, COVERAGES),
        vendor=float(fit.vendor[best]),
    )


def _apart(
    labels: Sequence[Labels], logs: Sequence[float], same: Sequence[Hashable]
) -> PairScatter | None:
    """Returns how far chips lie apart on the same case; None if it is not said what is the same."""
    return pair_scatter(labels, logs, same, COVERAGES, attrgetter("family")) if same else None
