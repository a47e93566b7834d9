"""Robust least squares over named parameters within bounds, some of them fitted as logarithms.

Outliers count little, and each chip has one vote: the loss of a case with log error e is
2(sqrt(1 + z^2) - 1) with z = e / ``smooth`` (pseudo-Huber loss). Votes weigh losses, not errors, so
that they do not move the point where a case's loss turns from quadratic to linear.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np

from bench.predict.model.operators import Array

Free = Mapping[str, tuple[float, float, bool]]
"""Fitted parameters by name: lower bound, upper bound, and whether the fit uses the logarithm."""
INSIDE = 1e-9
"""Least distance of the first values from the bounds."""
LEAST_SIZE = 0.1
"""Lower bound of the size that a parameter's steps are scaled by."""


def scaled(free: Free, key: str, value: float) -> float:
    """Returns a parameter's value as the fit uses it, some as logarithms."""
    return math.log(value) if free[key][2] else value


def named(free: Free, values: Array) -> dict[str, float]:
    """Returns the parameters by name, from their values as the fit uses them."""
    pairs = zip(free, values, strict=True)
    return {key: math.exp(value) if free[key][2] else float(value) for key, value in pairs}


def best_values(free: Free, start: Array, residuals: Callable[[Array], Array]) -> Array:
    """Returns the values within the bounds for which the sum of squared residuals is least.

    Args:
        free: the parameters.
        start: values to start from, in the scale of the fit.
        residuals: returns the residuals for such values.
    """
    from scipy.optimize import least_squares

    low, high = (
        np.array([scaled(free, key, bounds[place]) for key, bounds in free.items()])
        for place in (0, 1)
    )
    first = np.clip(start, low + INSIDE, high - INSIDE)
    size = np.maximum(np.abs(first), LEAST_SIZE)
    best = least_squares(residuals, first, bounds=(low, high), x_scale=size)
    return np.asarray(best.x)


def chip_votes(chips: Sequence[Hashable], total: float = 1.0) -> Array:
    """Returns the square root of the weight of each case's loss: one vote per chip.

    Args:
        chips: chip of each case.
        total: sum of the weights of a chip's cases.
    """
    counts = Counter(chips)
    return np.array([math.sqrt(total / counts[chip]) for chip in chips])


def robust(errors: Array, smooth: float, votes: Array) -> Array:
    """Returns residuals whose squares are the weighted losses.

    Args:
        errors: log errors.
        smooth: log error up to which the loss is about quadratic.
        votes: square root of the weight of each case's loss.
    """
    scaled = errors / smooth
    loss = 2 * (np.sqrt(1 + scaled**2) - 1)
    return np.asarray(votes * np.sign(scaled) * np.sqrt(loss))


def cauchy(errors: Array, smooth: float, votes: Array) -> Array:
    """Returns residuals of the Cauchy loss log(1 + z^2): distant outliers hardly count at all.

    For data with whole series that have an error of their own, such as a faulty engine version.
    The arguments are those of ``robust``.
    """
    scaled = errors / smooth
    return np.asarray(votes * np.sign(scaled) * np.sqrt(np.log1p(scaled**2)))
