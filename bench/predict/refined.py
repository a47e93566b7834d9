"""One chip's own products: the formula fitted on them, and what it leaves at each of them."""

from dataclasses import dataclass

import numpy as np

from bench.predict.operators import Array
from bench.predict.product import Products, Shapes, fit, seconds
from bench.predict.remainder import ROUGH, near

OWN = 0.06
"""Standard deviation of what the formula leaves of one product beside its neighbours."""


@dataclass(frozen=True)
class OwnProducts:
    """One chip's own products: the formula fitted on them, and what it leaves at each of them."""

    how: Products
    at: tuple[tuple[float, float, float], ...]
    left: tuple[float, ...]

    def seconds(self, one: Shapes) -> tuple[Array, Array]:
        """Returns the time of products, and the standard deviation of its log."""
        known, asked = np.array(self.at), one.sizes
        inverse = np.linalg.inv(near(known, known) + OWN**2 * np.eye(len(known)))
        between = near(asked, known)
        moved = between @ inverse @ np.array(self.left)
        left = ROUGH**2 - np.einsum("ij,jk,ik->i", between, inverse, between)
        spread = np.sqrt(np.maximum(left, 0.0) + OWN**2)
        return seconds(one, self.how) * np.exp(moved), spread


def refined(one: Shapes, times: Array, start: Products) -> OwnProducts:
    """Returns one chip's own fit: the formula from where all chips' stands, and its remainders."""
    how = fit(one, times, np.ones(len(times)), start)
    left = np.log(times / seconds(one, how))
    return OwnProducts(how, tuple(map(tuple, one.sizes.tolist())), tuple(left.tolist()))
