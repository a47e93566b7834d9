"""Residuals for robust least squares: outliers count little, and each chip has one vote.

The loss of a case with log error e is 2(sqrt(1 + z^2) - 1) with z = e / ``smooth`` (pseudo-Huber
loss). Votes weigh losses, not errors, so that they do not move the point where a case's loss turns
from quadratic to linear.
"""

import numpy as np

from bench.predict.model.operators import Array


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
