"""One chip's own products: the formula fitted on them, and what it leaves at each of them.

A short run tells little of some parameters, so all chips' formula is known beside it: how far each
parameter of a chip lies from it, and how far products scatter, is told by fits of every chip by
itself (empirical Bayes; Rasmussen & Williams 2006, 5.2). What is left is kriged among neighbours.
"""

from dataclasses import dataclass

import numpy as np

from bench.predict.learning.product import Products, Shapes, seconds
from bench.predict.learning.productfit import Prior, fit
from bench.predict.learning.remainder import ROUGH, near, trusted
from bench.predict.model.operators import Array


@dataclass(frozen=True)
class OwnProducts:
    """One chip's own products: the formula fitted on them, and what it leaves at each of them.

    Attributes:
        how: the formula.
        at: log m, n and k of each product.
        weights: of their neighbours' likeness, for what is left.
        noises: standard deviation of each product's own scatter, log; more where its neighbours
            speak against it.
        noise: that of a product that was not measured.
    """

    how: Products
    at: tuple[tuple[float, float, float], ...]
    weights: tuple[float, ...]
    noises: tuple[float, ...]
    noise: float

    def seconds(self, one: Shapes) -> tuple[Array, Array]:
        """Returns the time of products, and the standard deviation of its log."""
        known, asked = np.array(self.at), one.sizes
        inverse = np.linalg.inv(near(known, known) + np.diag(np.square(self.noises)))
        between = near(asked, known)
        left = ROUGH**2 - np.einsum("ij,jk,ik->i", between, inverse, between)
        spread = np.sqrt(np.maximum(left, 0.0) + self.noise**2)
        return seconds(one, self.how) * np.exp(between @ np.array(self.weights)), spread


def refined(one: Shapes, times: Array, start: Products, usual: Prior) -> OwnProducts:
    """Returns one chip's own fit: the formula from where all chips' stands, and its remainders."""
    how = fit(one, times, np.ones(len(times)), start, usual)
    left = np.log(times / seconds(one, how))
    weights, noises = trusted(one.sizes, left, np.full(len(left), usual.noise))
    places = tuple(map(tuple, one.sizes.tolist()))
    return OwnProducts(how, places, tuple(weights.tolist()), tuple(noises.tolist()), usual.noise)
