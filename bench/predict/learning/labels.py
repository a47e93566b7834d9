"""How far the departures of chips agree because the chips share silicon, a family or a vendor."""

from functools import lru_cache

import numpy as np

from bench.predict.model.operators import Array

Labels = tuple[str, str, str, str]
"""Labels of a chip: vendor, family, silicon, id."""
SHARED = (("family", 1, 0.4), ("silicon", 2, 0.4), ("chip", 3, 0.2))
"""Labels that chips may share: name, index in ``Labels``, and share of a departure's variance.
Assumed; only the validation over all chips supports them."""


def excess_variance(spread: float | Array, weights: Array) -> Array:
    """Returns the variance of chips of weight below 1 beyond that of chips of weight 1."""
    return np.asarray(spread**2 * np.maximum(1 / weights - 1, 0.0))


def correlation(first: tuple[Labels, ...], second: tuple[Labels, ...]) -> Array:
    """Returns the correlation (n, m) of chips from the labels in ``SHARED``, vendors left out."""
    shares = (share * same_label(first, second, place) for _, place, share in SHARED)
    return np.asarray(sum(shares))


@lru_cache(maxsize=64)
def same_label(first: tuple[Labels, ...], second: tuple[Labels, ...], place: int) -> Array:
    """Returns 1 where two chips have the same label at index ``place``, else 0 (n, m)."""
    one, other = (np.array([each[place] for each in chips]) for chips in (first, second))
    equal = np.asarray(one[:, None] == other[None, :], dtype=np.float64)
    equal.flags.writeable = False  # all callers get the same array
    return equal
