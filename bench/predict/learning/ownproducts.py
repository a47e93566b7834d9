"""One chip's own matrix products: the formula fitted on them, and its remainder at each of them.

A short run says little about some parameters, so the formula of all chips serves as a prior. How
far a chip's parameters lie from it, and how far single products scatter, is estimated by fitting
every chip by itself (empirical Bayes; Rasmussen & Williams 2006, 5.2). The remainder is kriged over
similar sizes.
"""

from dataclasses import dataclass

import numpy as np

from bench.predict.learning.product import Products, Shapes, seconds
from bench.predict.learning.productfit import Prior, fit
from bench.predict.learning.remainder import ROUGH, robust_weights, size_covariance
from bench.predict.model.operators import Array


@dataclass(frozen=True)
class OwnProducts:
    """One chip's own products: the formula fitted on them, and its remainder at each of them.

    Attributes:
        how: parameters of the formula.
        at: log m, n and k of each product.
        weights: kriging weight of each product's remainder.
        noises: standard deviation (log) of each product's scatter; larger if it contradicts
            products of similar size.
        noise: standard deviation (log) of a product that was not measured.
    """

    how: Products
    at: tuple[tuple[float, float, float], ...]
    weights: tuple[float, ...]
    noises: tuple[float, ...]
    noise: float

    def seconds(self, work: Shapes) -> tuple[Array, Array]:
        """Returns the time of products in s, and the standard deviation of its log."""
        known, asked = np.array(self.at), work.sizes
        inverse = np.linalg.inv(size_covariance(known, known) + np.diag(np.square(self.noises)))
        between = size_covariance(asked, known)
        variance = ROUGH**2 - np.einsum("ij,jk,ik->i", between, inverse, between)
        spread = np.sqrt(np.maximum(variance, 0.0) + self.noise**2)
        return seconds(work, self.how) * np.exp(between @ np.array(self.weights)), spread


def fit_own_products(work: Shapes, times: Array, start: Products, usual: Prior) -> OwnProducts:
    """Returns the fit on one chip's own products.

    Args:
        work: the products.
        times: their measured times, s.
        start: formula of all chips.
        usual: how far chips lie from it.
    """
    params = fit(work, times, np.ones(len(times)), start, usual)
    left = np.log(times / seconds(work, params))
    weights, noises = robust_weights(work.sizes, left, np.full(len(left), usual.noise))
    sizes = tuple(map(tuple, work.sizes.tolist()))
    return OwnProducts(params, sizes, tuple(weights.tolist()), tuple(noises.tolist()), usual.noise)
