"""Judges a ratio by its interval: match, exceeds, falls short, or inconclusive.

Equivalence is tested, never read off a point: two one-sided tests at 5% reject both that the ratio
lies below the margin and that it lies above, which is so where the 90% interval lies within it
(Schuirmann 1987, J. Pharmacokinet. Biopharm. 15:657).
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from bench.claims.model import Relation
from bench.evidence.estimate import EQUIVALENCE, Estimate

CERTAIN = 1.645
"""The normal quantile of 95%, one-sided: of the test, and of a power of 90% (two-sided beta)."""
MANY = 1000
"""Above this number of devices the answer is 'more than that'."""


class Word(StrEnum):
    """The verdict of measurement on one chip against another."""

    MATCH = "match"
    EXCEEDS = "exceeds"
    SHORT = "falls short"
    INCONCLUSIVE = "inconclusive"
    UNTESTABLE = "untestable"
    UNLIKE = "not comparable"


class Answer(StrEnum):
    """Whether a claim holds by what it is about: measurement, or published figures alone.

    A word says where a ratio lies, and not this: "exceeds" refutes a claim that a ratio is small.
    """

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"


class Stands(StrEnum):
    """Where a relation holds; ``open`` while measurement has not decided.

    ``ON_PAPER`` and ``NOT_ON_PAPER`` are of claims about published figures alone.
    """

    BOTH = "on paper and measured"
    PAPER = "on paper only"
    MEASURED = "measured only"
    NEITHER = "neither"
    ON_PAPER = "on paper"
    NOT_ON_PAPER = "not on paper"
    OPEN = "open"


@dataclass(frozen=True)
class Bounds:
    """The bounds of a ratio divided by the claimed factor."""

    low: float
    high: float


def bounds(estimate: Estimate, factor: float) -> Bounds:
    """Returns the 90% interval over the factor."""
    low, high = estimate.interval(EQUIVALENCE)
    return Bounds(low / factor, high / factor)


def word(found: Bounds, margin: float) -> Word:
    """Returns the verdict of an interval, with the margin around 1."""
    limit = 1 + margin
    if found.low > limit:
        return Word.EXCEEDS
    if found.high < 1 / limit:
        return Word.SHORT
    if found.low >= 1 / limit and found.high <= limit:
        return Word.MATCH
    return Word.INCONCLUSIVE


def holds(relation: Relation, found: Bounds, margin: float) -> bool | None:
    """Returns whether a relation holds; None if the interval leaves it open.

    ``matches`` needs both bounds within the margin, ``at least`` and ``at most`` one of them
    (non-inferiority), ``exceeds`` a ratio above 1.
    """
    limit = 1 + margin
    if relation == "matches":
        decided = {Word.MATCH: True, Word.EXCEEDS: False, Word.SHORT: False}
        return decided.get(word(found, margin))
    if relation == "at most":
        return _beyond(1 / found.high, 1 / found.low, 1 / limit)
    above = math.nextafter(1.0, 2.0)  # what is equal does not exceed
    return _beyond(found.low, found.high, above if relation == "exceeds" else 1 / limit)


def limits(relation: Relation, margin: float) -> tuple[float | None, float | None]:
    """Returns the lowest and the highest ratio over the factor at which a relation holds.

    None where there is no limit. ``exceeds`` does not hold at its limit, the others do.
    """
    return {
        "matches": (1 / (1 + margin), 1 + margin),
        "at least": (1 / (1 + margin), None),
        "at most": (None, 1 + margin),
        "exceeds": (1.0, None),
    }[relation]


def at_limit(relation: Relation, ratio: float, margin: float) -> bool:
    """Returns whether a ratio over the factor equals a limit, apart from rounding."""
    return any(one and math.isclose(ratio, one) for one in limits(relation, margin))


def one_sided(relation: Relation, *, holds: bool) -> Word:
    """Returns the verdict for a relation that is settled although the ratio's size is not."""
    if holds:
        return Word.EXCEEDS if relation == "exceeds" else Word.MATCH
    return Word.EXCEEDS if relation == "at most" else Word.SHORT


def _beyond(low: float, high: float, line: float) -> bool | None:
    if low >= line:
        return True
    return False if high < line else None


def answer(*, holds: bool | None) -> Answer:
    """Returns a decision as a word."""
    return {True: Answer.HOLDS, False: Answer.FAILS, None: Answer.OPEN}[holds]


def stands(*, on_paper: bool | None, measured: bool | None) -> Stands:
    """Returns where a relation holds."""
    if measured is None:
        return Stands.OPEN
    if on_paper:
        return Stands.BOTH if measured else Stands.PAPER
    return Stands.MEASURED if measured else Stands.NEITHER


def stands_on_paper(*, holds: bool | None) -> Stands:
    """Returns where a relation holds that is about published figures alone."""
    return {True: Stands.ON_PAPER, False: Stands.NOT_ON_PAPER, None: Stands.OPEN}[holds]


def devices_needed(estimate: Estimate, factor: float, margin: float, relation: Relation) -> int:
    """Returns how many devices of each chip, measured side by side, would settle it.

    n = 2 (z + z)^2 s^2 / d^2 per arm (Julious 2004, Statistics in Medicine 23:1921),
    with d from the measured ratio to the nearest edge and s the scatter of one side's values.
    More than ``MANY`` is ``MANY`` + 1.
    """
    limit = math.log1p(margin)
    offset = estimate.contrast.value - math.log(factor)
    edges = (-limit, limit) if relation == "matches" else (_edge(relation, limit),)
    distance = min(abs(offset - edge) for edge in edges)
    if distance == 0:
        return MANY + 1
    needed = 2 * (2 * CERTAIN) ** 2 * estimate.noise / distance**2
    return max(2, min(MANY + 1, math.ceil(needed)))


def _edge(relation: Relation, limit: float) -> float:
    return {"at least": -limit, "at most": limit}.get(relation, 0.0)
