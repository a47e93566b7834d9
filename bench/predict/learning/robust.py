"""Residuals for least squares by which outliers count little and each chip has one vote.

The loss of a case is 2(sqrt(1 + z^2) - 1) of its log error over ``smooth`` (Huber's pseudo loss);
votes weigh losses, not errors, so that they move no case's turn from square to linear.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def robust(away: Array, smooth: float, votes: Array) -> Array:
    """Returns residuals whose squares are the weighted losses.

    Args:
        away: log errors.
        smooth: log error up to which errors count by their square.
        votes: weight of each case's loss, squared.
    """
    scaled = away / smooth
    loss = 2 * (np.sqrt(1 + scaled**2) - 1)
    return np.asarray(votes * np.sign(scaled) * np.sqrt(loss))
