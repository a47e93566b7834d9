"""The spread between runs of the same code, estimated from a set of runs.

The variance of one measurement over few runs is poorly known, but all measurements together are
informative. So each variance is shrunk towards the common one (moderated variances: Smyth 2004,
Statistical Applications in Genetics and Molecular Biology 3:3), as if ``freedom`` more runs had
shown the common one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from scipy.special import digamma, polygamma

TINY = 1e-12
"""Least variance, about that of a timer's steps: two equal runs do not prove that there is none."""
MOST = 1e4
"""Degrees of freedom if the variances do not differ at all."""


@dataclass(frozen=True)
class Variance:
    """A variance of logarithms and its degrees of freedom."""

    value: float
    freedom: float


def variance_of(values: Sequence[float]) -> Variance | None:
    """Returns the variance of logarithms of one measurement's speeds in several runs."""
    if len(values) < 2:
        return None
    return Variance(max(TINY, variance(values)), len(values) - 1.0)


def common(found: Sequence[Variance]) -> Variance:
    """Returns the common variance of many measurements, with its weight as degrees of freedom."""
    if not found:
        return Variance(TINY, 0.0)
    half = [one.freedom / 2 for one in found]
    logs = [
        math.log(one.value) - float(digamma(each)) + math.log(each)
        for one, each in zip(found, half, strict=True)
    ]
    middle = fmean(logs)
    if len(found) < 3:
        return Variance(math.exp(middle), 0.0)
    excess = variance(logs) - fmean(float(polygamma(1, each)) for each in half)
    if excess <= 0:
        return Variance(math.exp(middle), MOST)
    freedom = min(MOST, 2 * _inverse_trigamma(excess))
    return Variance(math.exp(middle + float(digamma(freedom / 2)) - math.log(freedom / 2)), freedom)


def moderated(own: Variance | None, shared: Variance) -> Variance | None:
    """Returns a measurement's variance shrunk towards the common one; None if nothing is known."""
    if own is None:
        return shared if shared.freedom > 0 else None
    freedom = own.freedom + shared.freedom
    value = (own.value * own.freedom + shared.value * shared.freedom) / freedom
    return Variance(value, freedom)


def _inverse_trigamma(value: float) -> float:
    """Returns the argument at which trigamma is ``value``, by Newton's method on its reciprocal."""
    if value > 1e7:
        return 1 / math.sqrt(value)
    at = 0.5 + 1 / value
    for _ in range(50):
        here = float(polygamma(1, at))
        step = here * (1 - here / value) / float(polygamma(2, at))
        at += step
        if -step / at < 1e-9:
            break
    return at
