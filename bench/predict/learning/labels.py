"""How far the departures of chips agree because the chips share silicon, a family or a vendor."""

from functools import lru_cache

import numpy as np

from bench.predict.model.facts import Labels
from bench.predict.model.operators import Array

SHARED = (("family", 0.4), ("silicon", 0.4), ("chip", 0.2))
"""Labels that chips may share: name, and share of a departure's variance.
Assumed; only the validation over all chips supports them."""


def excess_variance(spread: float | Array, weights: Array) -> Array:
    """Returns the variance of chips of weight below 1 beyond that of chips of weight 1."""
    return np.asarray(spread**2 * np.maximum(1 / weights - 1, 0.0))


def correlation(first: tuple[Labels, ...], second: tuple[Labels, ...]) -> Array:
    """Returns the correlation (n, m) of chips from the labels in ``SHARED``, vendors left out."""
    shares = (share * same_label(first, second, name) for name, share in SHARED)
    return np.asarray(sum(shares))


@lru_cache(maxsize=64)
def same_label(first: tuple[Labels, ...], second: tuple[Labels, ...], name: str) -> Array:
    """Returns 1 where two chips have the same label ``name``, else 0 (n, m)."""
    one, other = (np.array([getattr(each, name) for each in chips]) for chips in (first, second))
    equal = np.asarray(one[:, None] == other[None, :], dtype=np.float64)
    equal.flags.writeable = False  # all callers get the same array
    return equal
