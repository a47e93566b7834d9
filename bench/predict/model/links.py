"""What a chip's links carry to the chips that it exchanges with."""

import numpy as np

from bench.predict.model.operators import Array


def carried(link: Array | float, pair: Array | float, chips: Array | float) -> Array:
    """Returns what a chip sends in one direction to the others of so many on a board, B/s.

    Behind a switch it is all that the chip's links carry. In a full mesh each link leads to one
    chip, and those to chips that take no part stay idle: n of N chips have n - 1 of N - 1 links.
    AMD says so of eight MI300X (README of RCCL), and Huawei's model of its chips counts so
    (Ascend/msmodeling, comm_analytic.py). It is derived, not fitted.

    Args:
        link: published, all links of a chip together.
        pair: published, of two chips of a mesh; infinite where the sheet gives none.
        chips: that exchange with one another at once.
    """
    return np.minimum(link, pair * np.maximum(chips - 1, 1.0))
