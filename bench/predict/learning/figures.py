"""What a chip will reach of its printed figures: fractions learnt from all that measured one.

A fraction of a matrix rate hangs on TFLOP/s a watt, on the number format, and on whether the best
shape was looked for; that of the memory on whether bytes go one way (read, write, dot) or both
(copy, scale, add, triad), for a memory that turns from reading to writing loses time. Chips depart
from that, and lend to their siblings (``pooled``). Least absolute deviations.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.evidence.observe import ABOVE, Observation, most_published
from bench.evidence.pool import Evidence
from bench.predict.learning.pooled import LEVELS, Departures, pooled
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.step import headroom

FAMILIES = ("matrix", "memory")
FORMATS = ("bf16", "fp16", "fp8", "tf32")
"""Formats whose matrix rates were measured on chips enough; others are too few to tell."""
APART = ("matrix_fp8", "matrix_tf32")
"""Figures whose fraction is a matter of its own."""
BOTH_WAYS = ("memory_copy", "memory_scale", "memory_add", "memory_triad")
"""Streams that read and write at once."""
SMOOTH = 0.05
HEADROOM_SPREAD = 0.7
"""Spread of log2 TFLOP/s a watt over accelerators: what an unknown board power leaves open."""


@dataclass(frozen=True)
class Voice:
    """One group's best value of one figure of one chip; of the memory one for either way.

    Attributes:
        log: of measured over published.
        less: whether less is to be had of what was measured: of one shape than of the best that is
            looked for, of a stream both ways than of one way.
        most: the highest that anybody publishes, over the figure that ``log`` is of.
    """

    chip: Facts
    figure: str
    by: str
    log: float
    weight: float
    less: bool
    most: float = 1.0


@dataclass(frozen=True)
class Share:
    """What a chip is predicted to reach of a figure, as a share: to users and to validation.

    Attributes:
        learnt: what fractions of all chips tell; ``halves`` those of its log by level.
        most: the highest figure that anybody publishes, or that was believed of its family where
            it was measured above that: no chip is predicted to reach more, nor to be measured to,
            but for ``ABOVE``.
    """

    learnt: float
    halves: tuple[float, ...]
    most: float

    @property
    def value(self) -> float:
        """Returns the share that is predicted."""
        return min(self.learnt, self.most)

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Returns the lowest and the highest share by level."""
        outs, most = [math.exp(half) for half in self.halves], ABOVE * self.most
        return tuple(
            (min(self.learnt / out, self.value), min(self.learnt * out, most)) for out in outs
        )


@dataclass(frozen=True)
class Fractions:
    """What chips reach of a family of figures.

    Attributes:
        family: of figures.
        terms: of the log fraction.
        departures: of chips from that.
        believed: by family of chips, the highest share that was measured and is believed. Boards of
            GeForce run above the clock that their sheets print, as several groups found.
    """

    family: str
    terms: tuple[float, ...]
    departures: Departures
    believed: Mapping[str, float]

    def share(self, chip: Facts, figure: str, published: float, *, less: bool = False) -> Share:
        """Returns what a chip is predicted to reach of a figure.

        Args:
            chip: whose.
            figure: its key.
            published: the highest value that anybody publishes, over the figure.
            less: see ``predicted``.
        """
        learnt, halves = self.predicted(chip, figure, less=less)
        return Share(learnt, halves, max(published, self.believed.get(chip.family, 0.0)))

    def predicted(
        self, chip: Facts, figure: str, *, less: bool = False
    ) -> tuple[float, tuple[float, ...]]:
        """Returns the fraction of a figure, and half-widths of its log by level.

        Args:
            chip: whose.
            figure: its key.
            less: whether that of one shape, or of streams both ways, is asked for.
        """
        means, covariance = self.departures.predicted([chip.labels])
        log = float(_row(chip, figure, less=less, family=self.family) @ np.array(self.terms))
        variance = float(covariance[0, 0])
        known = chip.labels in self.departures.labels  # then its own departure has it
        if self.family == "matrix" and chip.tdp is None and not known:
            variance += (HEADROOM_SPREAD * self.terms[1]) ** 2
        halves = tuple(self.departures.half(variance, level) for level in LEVELS)
        return math.exp(log + float(means[0])), halves


def voices(evidence: Evidence, chips: Mapping[str, Facts], family: str) -> list[Voice]:
    """Returns every admitted voice on a family's figures; of the memory one for either way."""
    found = _of_memory(evidence) if family == "memory" else _of_matrix(evidence)
    return [_voice(one, chips[one.chip]) for one in found if one.chip in chips and one.fraction]


def _of_matrix(evidence: Evidence) -> list[Observation]:
    return [one for dtype in FORMATS for one in evidence.voices(f"matrix_{dtype}")]


def _of_memory(evidence: Evidence) -> list[Observation]:
    best: dict[Hashable, Observation] = {}
    for one in evidence.admitted:
        if one.quantity.family == "memory" and one.figure:
            key = (one.figure, one.by, one.chip, _less(one))
            best[key] = max(best.get(key, one), one, key=lambda each: each.rate)
    return list(best.values())


def _voice(one: Observation, chip: Facts) -> Voice:
    log = math.log(one.fraction or 1.0)
    most = most_published(one.paper) / one.paper.value if one.paper else 1.0
    return Voice(chip, one.figure or "", one.by, log, one.weight, _less(one), most)


def _less(one: Observation) -> bool:
    return one.quantity.ranks > 0 or one.quantity.key in BOTH_WAYS


def _row(chip: Facts, figure: str, *, less: bool, family: str) -> Array:
    if family != "matrix":
        return np.array([1.0, float(less)])
    rate = chip.peaks.get(figure.removeprefix("matrix_"))
    away = headroom(chip, rate) if rate else 0.0
    apart = [float(figure == one) for one in APART]
    return np.array([1.0, away, float(less), *apart])


def fractions(told: Sequence[Voice], family: str) -> Fractions:
    """Returns what voices say of a family of figures."""
    from scipy.optimize import least_squares

    rows = np.array([_row(one.chip, one.figure, less=one.less, family=family) for one in told])
    logs = np.array([one.log for one in told])
    weights = np.sqrt([one.weight for one in told]) / SMOOTH

    def away(terms: Array) -> Array:
        return np.asarray(weights * (rows @ terms - logs))

    terms = least_squares(away, np.zeros(rows.shape[1]), loss="soft_l1").x
    left = logs - rows @ terms
    labels, groups = [one.chip.labels for one in told], [one.by for one in told]
    departures = pooled(labels, [float(one) for one in left], groups=groups)
    believed: dict[str, float] = {}
    for one in told:
        believed[one.chip.family] = max(believed.get(one.chip.family, 0.0), math.exp(one.log))
    return Fractions(family, tuple(float(one) for one in terms), departures, believed)
