"""What a chip will reach of its printed figures: fractions learnt from all that measured one.

A fraction hangs on TFLOP/s a watt, on the number format, and on whether the best shape was looked
for; chips depart from that, and lend to their siblings (``pooled``). Least absolute deviations.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.evidence.observe import Observation
from bench.evidence.pool import Evidence
from bench.predict.facts import Facts
from bench.predict.operators import Array
from bench.predict.pooled import LEVELS, Departures, pooled
from bench.predict.step import headroom

FAMILIES = ("matrix", "memory")
FORMATS = ("bf16", "fp16", "fp8", "tf32")
"""Formats whose matrix rates were measured on chips enough; others are too few to tell."""
APART = ("matrix_fp8", "matrix_tf32")
"""Figures whose fraction is a matter of its own."""
SMOOTH = 0.05
HEADROOM_SPREAD = 0.7
"""Spread of log2 TFLOP/s a watt over accelerators: what an unknown board power leaves open."""


@dataclass(frozen=True)
class Voice:
    """One hand's best value of one figure of one chip.

    Attributes:
        log: of measured over published.
        shaped: whether one shape was measured, not the best looked for.
    """

    chip: Facts
    figure: str
    by: str
    log: float
    weight: float
    shaped: bool


@dataclass(frozen=True)
class Fractions:
    """What chips reach of a family of figures: terms of the log fraction, and departures."""

    family: str
    terms: tuple[float, ...]
    departures: Departures

    def foretold(self, chip: Facts, figure: str) -> tuple[float, tuple[float, ...]]:
        """Returns the fraction of a figure's best value, and half-widths of its log by level."""
        means, covariance = self.departures.foretold([chip.labels])
        log = float(_row(chip, figure, shaped=False, family=self.family) @ np.array(self.terms))
        variance = float(covariance[0, 0])
        if self.family == "matrix" and chip.tdp is None:
            variance += (HEADROOM_SPREAD * self.terms[1]) ** 2
        halves = tuple(self.departures.half(variance, level) for level in LEVELS)
        return math.exp(log + float(means[0])), halves

    def of(self, voices: Sequence[Voice]) -> Array:
        """Returns the log fraction foretold of each voice, departures of chips left out."""
        rows = [_row(one.chip, one.figure, shaped=one.shaped, family=self.family) for one in voices]
        return np.asarray(np.array(rows) @ np.array(self.terms))


def voices(evidence: Evidence, chips: Mapping[str, Facts], family: str) -> list[Voice]:
    """Returns every admitted voice on a family's figures."""
    found: list[Voice] = []
    for figure in _figures(evidence, family):
        told = [one for one in evidence.voices(figure) if one.chip in chips and one.fraction]
        found += [_voice(one, chips[one.chip], figure) for one in told]
    return found


def _figures(evidence: Evidence, family: str) -> Collection[str]:
    if family == "matrix":
        return [f"matrix_{one}" for one in FORMATS]
    admitted = (one for one in evidence.admitted if one.quantity.family == family)
    return sorted({one.figure for one in admitted if one.figure})


def _voice(one: Observation, chip: Facts, figure: str) -> Voice:
    shaped = one.quantity.ranks > 0
    return Voice(chip, figure, one.by, math.log(one.fraction or 1.0), one.weight, shaped)


def _row(chip: Facts, figure: str, *, shaped: bool, family: str) -> Array:
    if family != "matrix":
        return np.array([1.0])
    rate = chip.peaks.get(figure.removeprefix("matrix_"))
    away = headroom(chip, rate) if rate else 0.0
    apart = [float(figure == one) for one in APART]
    return np.array([1.0, away, float(shaped), *apart])


def fractions(told: Sequence[Voice], family: str) -> Fractions:
    """Returns what voices say of a family of figures."""
    from scipy.optimize import least_squares

    rows = np.array([_row(one.chip, one.figure, shaped=one.shaped, family=family) for one in told])
    logs = np.array([one.log for one in told])
    weights = np.sqrt([one.weight for one in told]) / SMOOTH

    def away(terms: Array) -> Array:
        return np.asarray(weights * (rows @ terms - logs))

    terms = least_squares(away, np.zeros(rows.shape[1]), loss="soft_l1").x
    left = logs - rows @ terms
    departures = pooled([one.chip.labels for one in told], [float(one) for one in left])
    return Fractions(family, tuple(float(one) for one in terms), departures)
