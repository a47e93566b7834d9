"""How far chips depart from what their sheets predict, pooled over silicon, design and vendor.

A departure is the median log ratio of measured to predicted time on one chip. Departures of chips
that share silicon or a design are alike to a stated degree, so that a chip nobody measured leans
on its siblings by reason: the H20 of 141 GB on that of 96 GB, a Hopper on other Hoppers. It is the
best linear prediction with an unknown mean (universal kriging; Rasmussen & Williams 2006, 2.7). How
far departures scatter is told by few chips, some of them throttled for reasons no sheet gives: they
are taken to follow Student's distribution, by weights found in turns (Lange, Little & Taylor 1989,
JASA 84:881), so that an outlier widens the interval and does not speak for its siblings.

How far vendors differ is found with the rest, beside what is assumed of it, by expectation and
maximisation of the restricted likelihood (Patterson & Thompson 1971, Biometrika 58:545; Dempster,
Laird & Rubin 1977, JRSS B 39:1). What a vendor's chips have in common is then taken off before
chips' own scatter is told: in both it would be added twice.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.predict.learning.groups import grouped, middle, scatter, tails
from bench.predict.learning.paired import Apart, apart

Floats = NDArray[np.float64]
Labels = tuple[str, str, str, str]
"""Of a chip: vendor, family, silicon, id."""
SHARED = (("family", 1, 0.4), ("silicon", 2, 0.4), ("chip", 3, 0.2))
"""Shares of a departure's variance that lie in what chips have in common, by place in the labels.
Assumed; validation over all chips is what speaks for them."""
VENDOR = 0.177
"""Spread of vendors' effects, log, so that two differ by 0.25: assumed, for most parts have one
vendor's chips and tell none. By two others': one was predicted 20% off; AMD's by others 3 to 33%
(NeuSight, arXiv 2407.13853)."""
TOLD = 2
"""Vendors as which that counts beside those that were measured: those that it was told by."""
HEAVY = (2.0, 3.0, 4.0)
"""Degrees of freedom that departures may have; the likeliest is taken."""
TURNS = 30
LEVELS = (0.8, 0.95)
"""Of the intervals that are told."""
LEAST = 0.02
"""Spread below which few chips cannot tell it."""


@dataclass(frozen=True)
class Departures:
    """Measured chips' departures, and how far such scatter.

    Attributes:
        labels: of each chip.
        means: log of measured over predicted, median over its groups' medians.
        counts: its cases; of a group with several, how many by as many groups they are worth.
        within: standard deviation of cases of one chip, from group to group.
        spread: scale of the departures.
        weights: of each chip; an outlier has little.
        heavy: degrees of freedom of the departures.
        apart: scatter of a case on one chip beside the same case on others.
        tails: quantiles of a case's distance from its chip's middle, at ``LEVELS``; None where
            cases are too few to tell one.
        vendor: spread of the vendors' effects.
    """

    labels: tuple[Labels, ...]
    means: tuple[float, ...]
    counts: tuple[float, ...]
    within: float
    spread: float
    weights: tuple[float, ...]
    heavy: float
    apart: Apart
    tails: tuple[float | None, ...] = (None,) * len(LEVELS)
    vendor: float = VENDOR

    def with_chip(self, chip: Labels, mean: float, count: int) -> "Departures":
        """Returns the same with one chip's departure told anew, by so many cases."""
        kept = [place for place, one in enumerate(self.labels) if one != chip]
        return replace(
            self,
            labels=(*(self.labels[place] for place in kept), chip),
            means=(*(self.means[place] for place in kept), mean),
            counts=(*(self.counts[place] for place in kept), float(count)),
            weights=(*(self.weights[place] for place in kept), 1.0),
        )

    def half(self, variance: float, level: float) -> float:
        """Returns the half-width of the interval of one case of one chip, in log.

        Where cases are many their own quantiles tell the part that is theirs; else it has the same
        heavy tails as the chips' departures.

        Args:
            variance: of the chip's departure, as ``predicted`` gives it.
            level: one of ``LEVELS``.
        """
        return self._wide(variance, level, self.tails, self.within)

    def half_ratio(self, variance: float, level: float) -> float:
        """Returns the same for the ratio of two chips on one case.

        Args:
            variance: of the difference of their departures.
            level: one of ``LEVELS``.
        """
        return self._wide(variance, level, self.apart.tails, math.sqrt(2) * self.apart.scale)

    def _wide(
        self, variance: float, level: float, tails: Sequence[float | None], scale: float
    ) -> float:
        from scipy.special import stdtrit

        freedom = max(1.0, min(self.heavy, len(self.means) - 1.0))
        tail, cases = (float(stdtrit(one, 0.5 + level / 2)) for one in (freedom, self.heavy))
        own = tails[LEVELS.index(level)]
        beside = cases * scale if own is None else own
        return math.hypot(tail * math.sqrt(max(variance, 0.0)), beside)

    def predicted(self, chips: Sequence[Labels]) -> tuple[Floats, Floats]:
        """Returns what to expect of chips: means (n) and covariance (n x n), cases left out."""
        inverse = np.linalg.inv(self._known())
        own = self._far(chips)
        between = self._alike(chips, self.labels) + own
        ones = np.ones(len(self.means))
        weight = float(ones @ inverse @ ones)
        mean = float(ones @ inverse @ np.array(self.means)) / weight
        gain = between @ inverse
        left = 1.0 - gain @ ones
        expected = mean + gain @ (np.array(self.means) - mean)
        same = np.array([[one == other for other in chips] for one in chips], dtype=np.float64)
        beyond = same * np.sum(own, axis=1)[:, None]
        apart = self._alike(chips, chips) + beyond - gain @ between.T
        return expected, apart + np.outer(left, left) / weight

    def _alike(self, first: Sequence[Labels], second: Sequence[Labels]) -> Floats:
        """Returns the covariance of chips' departures, by what they share."""
        pair = tuple(first), tuple(second)
        return self.vendor**2 * _same(*pair, 0) + self.spread**2 * _shared(*pair)

    def _known(self) -> Floats:
        """Returns the covariance of the measured chips' departures."""
        return self._alike(self.labels, self.labels) + np.diag(self._own() + self._noise() + 1e-9)

    def _own(self) -> Floats:
        """Returns by how much each measured chip's own part varies beyond that of most."""
        return _beyond(self.spread, np.array(self.weights))

    def _far(self, chips: Sequence[Labels]) -> Floats:
        """Returns the same by chip asked for and chip measured: it is a chip's alone."""
        return _same(tuple(chips), self.labels, 3) * self._own()

    def _noise(self) -> Floats:
        return self.within**2 / np.array(self.counts)


class Turns:
    """What is found in turns, by each degree of freedom of ``HEAVY`` at once: one a row.

    Args:
        labels: of n chips.
        means: of their departures, n.
        noise: variance of each mean by its cases alone, n.

    Attributes:
        spread: scale of the departures.
        weights: of the chips, rows x n.
        vendor: spread of the vendors' effects.
    """

    def __init__(self, labels: tuple[Labels, ...], means: Floats, noise: Floats) -> None:
        self.spread: Floats = np.full(len(HEAVY), 0.1)
        self.weights: Floats = np.ones((len(HEAVY), len(means)))
        self.vendor: Floats = np.full(len(HEAVY), VENDOR)
        self._means, self._noise, self._heavy = means, noise, np.array(HEAVY)[:, None]
        self._count = len({one[0] for one in labels})
        self._same = _same(labels, labels, 0)
        self._shared = _shared(labels, labels)

    def turn(self) -> None:
        """Finds scales and weights by those of the last turn."""
        vendors, vendor, taken = self._vendors()
        away = self._away(vendors)
        squares = np.maximum(away**2 - self._noise, 0.0) * self.weights
        spare = np.maximum(len(self._means) - 1 - taken, 1.0)
        self.spread = np.maximum(LEAST, np.sqrt(np.sum(squares, axis=1) / spare))
        far = away**2 / (self.spread[:, None] ** 2 + self._noise)
        self.weights, self.vendor = (self._heavy + 1) / (self._heavy + far), vendor

    def likelihoods(self) -> Floats:
        """Returns the log likelihood of the means, by Student's distribution."""
        from scipy.stats import t as student

        scale = np.sqrt(self.spread[:, None] ** 2 + self._noise)
        away = self._away(self._vendors()[0])
        return np.asarray(np.sum(student.logpdf(away, self._heavy, scale=scale), axis=1))

    def _vendors(self) -> tuple[Floats, Floats, Floats]:
        """Returns what vendors' chips have in common.

        Returns:
            of each mean the part that is its vendor's; the vendors' spread by one more turn; how
            many degrees of freedom of the means such parts take. Of one vendor: noughts, and the
            spread as it was.
        """
        if self._count == 1:
            return np.zeros_like(self.weights), self.vendor, np.zeros_like(self.vendor)
        inverse, variance = np.linalg.inv(self._known()), self.vendor**2
        sums = inverse.sum(axis=2)
        whole = sums.sum(axis=1)  # with it the mean is taken out
        pull = inverse @ self._means - sums * (sums @ self._means / whole)[:, None]
        both = np.sum((sums @ self._same) * sums, axis=1) / whole
        taken = variance * (np.sum(inverse * self._same, axis=(1, 2)) - both)
        theirs = variance[:, None] * (pull @ self._same)
        squares = variance * (self._count - taken + np.sum(pull * theirs, axis=1))
        spread = np.sqrt((TOLD * VENDOR**2 + squares) / (TOLD + self._count))
        return np.asarray(theirs), np.asarray(spread), np.asarray(taken)

    def _known(self) -> Floats:
        """Returns the covariance of the means, rows x n x n."""
        spread, vendor = self.spread[:, None, None] ** 2, self.vendor[:, None, None] ** 2
        found = vendor * self._same + spread * self._shared
        own = _beyond(self.spread[:, None], self.weights) + self._noise + 1e-9
        each = np.arange(len(self._means))
        found[:, each, each] += own
        return np.asarray(found)

    def _away(self, vendors: Floats) -> Floats:
        """Returns how far each mean is from its vendor's middle."""
        values = self._means - vendors
        middles = np.sum(self.weights * values, axis=1) / np.sum(self.weights, axis=1)
        return np.asarray(values - middles[:, None])


def _beyond(spread: float | Floats, weights: Floats) -> Floats:
    """Returns by how much each measured chip's own part varies beyond that of most."""
    return np.asarray(spread**2 * np.maximum(1 / weights - 1, 0.0))


def _shared(first: tuple[Labels, ...], second: tuple[Labels, ...]) -> Floats:
    """Returns the covariance of what chips share beside their vendor, of a spread of 1 (n x m)."""
    shares = (share * _same(first, second, place) for _, place, share in SHARED)
    return np.asarray(sum(shares))


@lru_cache(maxsize=64)
def _same(first: tuple[Labels, ...], second: tuple[Labels, ...], place: int) -> Floats:
    """Returns 1 where two chips share a label, by its place, and 0 elsewhere (n x m)."""
    one, other = (np.array([each[place] for each in chips]) for chips in (first, second))
    found = np.asarray(one[:, None] == other[None, :], dtype=np.float64)
    found.flags.writeable = False  # all callers have the same array
    return found


def pooled(
    labels: Sequence[Labels],
    logs: Sequence[float],
    same: Sequence[Hashable] = (),
    groups: Sequence[Hashable] = (),
    otherwise: Apart | None = None,
) -> Departures:
    """Returns the departures of chips.

    Args:
        labels: of the chip of each case.
        logs: log of measured over predicted, of each case.
        same: what was measured; equal for one case on several chips. Without it cases of two chips
            are taken to share nothing.
        groups: who measured each case; without it each case is a group of its own.
        otherwise: how far cases lie apart where none was run on two chips; without it as far as
            any two.
    """
    chips = grouped(labels, logs, groups)
    wide = scatter(chips)
    within = wide.both**0.5
    alone = Apart(within, 0.0, (None,) * len(LEVELS))
    means, counts = (np.array([of(one) for one in chips.values()]) for of in (middle, wide.count))
    turns = Turns(tuple(chips), means, wide.both / counts)
    for _ in range(TURNS):
        turns.turn()
    best = int(np.argmax(turns.likelihoods()))
    return Departures(
        labels=tuple(chips),
        means=tuple(means.tolist()),
        counts=tuple(counts.tolist()),
        within=within,
        spread=float(turns.spread[best]),
        weights=tuple(turns.weights[best].tolist()),
        heavy=HEAVY[best],
        apart=(apart(labels, logs, same, LEVELS) if same else None) or otherwise or alone,
        tails=tails(chips, LEVELS),
        vendor=float(turns.vendor[best]),
    )
