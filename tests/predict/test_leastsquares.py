"""The loss of the fits: square near nought, linear far off, and votes are weights."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from bench.predict.learning.leastsquares import robust
from bench.predict.model.operators import Array


def centre(found: Array, votes: Array, smooth: float = 1e-3) -> float:
    """The one value that fits best."""
    best = least_squares(lambda x: robust(x[0] - found, smooth, votes), [float(np.mean(found))])
    return float(best.x[0])


def test_small_errors_count_by_their_square_and_large_ones_by_their_size() -> None:
    near, far = np.array([1e-4, 2e-4]), np.array([100.0, 200.0])
    one = np.ones(2)
    small, large = robust(near, 1.0, one) ** 2, robust(far, 1.0, one) ** 2
    assert small[1] / small[0] == pytest.approx(4, rel=1e-6)
    assert large[1] / large[0] == pytest.approx(2, rel=1e-2)
    assert np.array_equal(np.sign(robust(-far, 1.0, one)), [-1, -1])


def test_one_that_is_far_off_does_not_bend_the_rest() -> None:
    found = np.array([0.0, 0.01, -0.01, 0.02, 5.0])
    assert centre(found, np.ones(5)) == pytest.approx(0.01, abs=2e-3)


@pytest.mark.parametrize("many", [3, 100])
def test_a_vote_is_the_weight_of_a_loss_and_moves_no_turn(many: int) -> None:
    """A case of ``many`` times the weight counts as that many cases, near and far alike."""
    found = np.array([-0.2, 0.3, 4.0])
    weighed = centre(found, np.sqrt(np.array([1.0, many, 1.0])), 0.5)
    counted = centre(np.repeat(found, [1, many, 1]), np.ones(many + 2), 0.5)
    assert weighed == pytest.approx(counted, abs=1e-5)
