"""Share of its published figures that a chip reaches, learnt from everybody's measurements.

The share of a matrix rate depends on TFLOP/s per watt, on the number format, and on whether the
best shape was searched for. The share of the memory bandwidth depends on whether bytes move one way
(read, write, dot) or both (copy, scale, add, triad), as a memory that turns from reading to writing
loses time. These terms are fitted with a smoothed absolute loss. Chips depart from that fit, and
siblings are estimated from one another (``pooled``).
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.evidence.observe import ABOVE, Observation, most_published
from bench.evidence.pool import Evidence
from bench.predict.learning.pooling import COVERAGES, Departures, pooled
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.step import headroom

FAMILIES = ("matrix", "memory")
FORMATS = ("bf16", "fp16", "fp8", "tf32")
"""Formats whose matrix rates were measured on enough chips."""
OWN_TERM = ("matrix_fp8", "matrix_tf32")
"""Figures whose share has a term of its own."""
BOTH_WAYS = ("memory_copy", "memory_scale", "memory_add", "memory_triad")
"""Streams that read and write at once."""
SMOOTH = 0.05
"""Log error up to which the loss is about quadratic."""
HEADROOM_SPREAD = 0.7
"""Standard deviation of log2 TFLOP/s per watt over accelerators: the uncertainty if a chip's board
power is unknown."""


@dataclass(frozen=True)
class GroupValue:
    """One group's best value for one figure of one chip; for memory, one for each kind of stream.

    Attributes:
        chip: facts of the chip.
        figure: key of the figure.
        by: who measured.
        log: log of measured over published value.
        weight: weight of the value as evidence.
        limited: whether the measurement cannot reach the best: one shape instead of the best shape
            found, or a stream both ways instead of one way.
        most: highest value that any source publishes, over the published value in ``log``.
    """

    chip: Facts
    figure: str
    by: str
    log: float
    weight: float
    limited: bool
    most: float = 1.0


@dataclass(frozen=True)
class Share:
    """Share of a figure that a chip is predicted to reach, as shown to users and as validated.

    Attributes:
        learnt: share according to the fit on all chips.
        halves: half-widths of its log, one per level in ``COVERAGES``.
        most: upper bound of the share: the highest value that any source publishes, or a higher one
            that was measured in the family and is believed. No chip is predicted to reach more; the
            interval may exceed it by ``ABOVE``.
    """

    learnt: float
    halves: tuple[float, ...]
    most: float

    @property
    def value(self) -> float:
        """Returns the predicted share."""
        return min(self.learnt, self.most)

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Returns the lowest and the highest share, one pair per level."""
        factors, most = [math.exp(half) for half in self.halves], ABOVE * self.most
        return tuple(
            (min(self.learnt / factor, self.value), min(self.learnt * factor, most))
            for factor in factors
        )


@dataclass(frozen=True)
class Fractions:
    """Fit of the shares that chips reach of one family of figures.

    Attributes:
        family: family of figures, one of ``FAMILIES``.
        terms: coefficients of the log share, in the order of ``_terms``.
        departures: departures of chips from that fit.
        believed: highest measured share that is believed, by family of chips. GeForce boards run
            above the clock on their sheets, as several groups found.
    """

    family: str
    terms: tuple[float, ...]
    departures: Departures
    believed: Mapping[str, float]

    def share(self, chip: Facts, figure: str, published: float, *, limited: bool = False) -> Share:
        """Returns the share of a figure that a chip is predicted to reach.

        Args:
            chip: the chip.
            figure: key of the figure.
            published: highest value that any source publishes, over the figure.
            limited: as for ``predicted``.
        """
        learnt, halves = self.predicted(chip, figure, limited=limited)
        return Share(learnt, halves, max(published, self.believed.get(chip.family, 0.0)))

    def predicted(
        self, chip: Facts, figure: str, *, limited: bool = False
    ) -> tuple[float, tuple[float, ...]]:
        """Returns the share of a figure without an upper bound, and half-widths of its log.

        Args:
            chip: the chip.
            figure: key of the figure.
            limited: whether to predict the share of one shape, or of streams both ways.
        """
        means, covariance = self.departures.predicted([chip.labels])
        log = float(
            _terms(chip, figure, limited=limited, family=self.family) @ np.array(self.terms)
        )
        variance = float(covariance[0, 0])
        measured = chip.labels in self.departures.labels  # its departure includes its power
        if self.family == "matrix" and chip.tdp is None and not measured:
            variance += (HEADROOM_SPREAD * self.terms[1]) ** 2
        halves = tuple(self.departures.half(variance, level) for level in COVERAGES)
        return math.exp(log + float(means[0])), halves


def group_values(evidence: Evidence, chips: Mapping[str, Facts], family: str) -> list[GroupValue]:
    """Returns every group's best admitted values for a family of figures."""
    found = _of_memory(evidence) if family == "memory" else _of_matrix(evidence)
    return [
        _group_value(one, chips[one.chip]) for one in found if one.chip in chips and one.fraction
    ]


def _of_matrix(evidence: Evidence) -> list[Observation]:
    return [one for dtype in FORMATS for one in evidence.votes(f"matrix_{dtype}")]


def _of_memory(evidence: Evidence) -> list[Observation]:
    """Returns each group's best value per figure, chip and kind of stream."""
    best: dict[Hashable, Observation] = {}
    for one in evidence.admitted:
        if one.quantity.family == "memory" and one.figure:
            key = (one.figure, one.by, one.chip, _is_limited(one))
            best[key] = max(best.get(key, one), one, key=lambda each: each.rate)
    return list(best.values())


def _group_value(value: Observation, chip: Facts) -> GroupValue:
    log = math.log(value.fraction or 1.0)
    most = most_published(value.paper) / value.paper.value if value.paper else 1.0
    return GroupValue(
        chip, value.figure or "", value.by, log, value.weight, _is_limited(value), most
    )


def _is_limited(value: Observation) -> bool:
    """Tells whether a measurement cannot reach the best; see ``GroupValue``."""
    return value.quantity.ranks > 0 or value.quantity.key in BOTH_WAYS


def _terms(chip: Facts, figure: str, *, limited: bool, family: str) -> Array:
    """Returns the regressors of a log share.

    For memory they are 1 and ``limited``; for matrix rates 1, headroom (log2 of TFLOP/s per watt),
    ``limited`` and one indicator for each figure in ``OWN_TERM``.
    """
    if family != "matrix":
        return np.array([1.0, float(limited)])
    rate = chip.peaks.get(figure.removeprefix("matrix_"))
    power_headroom = headroom(chip, rate) if rate else 0.0
    indicators = [float(figure == one) for one in OWN_TERM]
    return np.array([1.0, power_headroom, float(limited), *indicators])


def fractions(values: Sequence[GroupValue], family: str) -> Fractions:
    """Returns the fit of a family of figures on groups' values."""
    from scipy.optimize import least_squares

    rows = np.array(
        [_terms(one.chip, one.figure, limited=one.limited, family=family) for one in values]
    )
    logs = np.array([one.log for one in values])
    weights = np.sqrt([one.weight for one in values]) / SMOOTH

    def errors(terms: Array) -> Array:
        return np.asarray(weights * (rows @ terms - logs))

    terms = least_squares(errors, np.zeros(rows.shape[1]), loss="soft_l1").x
    residuals = logs - rows @ terms
    labels, groups = [one.chip.labels for one in values], [one.by for one in values]
    departures = pooled(labels, [float(log) for log in residuals], groups=groups)
    believed: dict[str, float] = {}
    for one in values:
        believed[one.chip.family] = max(believed.get(one.chip.family, 0.0), math.exp(one.log))
    return Fractions(family, tuple(float(term) for term in terms), departures, believed)
