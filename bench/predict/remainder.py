"""What a formula leaves of products' times, alike among neighbours in size and from chip to chip.

Kernels are chosen by shape, for one chip much as for the next: where the formula is off on those
that were measured it is likely to be off on one that was not. Kriging over log m, n and k
(Rasmussen & Williams 2006, 2.2) of what is left in the median over chips.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from bench.predict.operators import Array

REACH = (1.2, 1.5, 1.5)
"""How far apart in log m, n and k products are alike."""
ROUGH = 0.12
"""Standard deviation of what is alike among neighbours, log."""
NOISE = 0.15
"""Standard deviation of one chip's at one size."""


@dataclass(frozen=True)
class Remainder:
    """What is left, by log sizes; ``weights`` are those of its neighbours' likeness."""

    at: tuple[tuple[float, float, float], ...]
    weights: tuple[float, ...]

    def log(self, sizes: Array) -> Array:
        """Returns what is to be added to the log time of products, n x 3 log sizes."""
        return np.asarray(near(sizes, np.array(self.at)) @ np.array(self.weights))


def remainder(sizes: Sequence[Array], logs: Sequence[Array]) -> Remainder:
    """Returns what chips' products have left in common.

    Args:
        sizes: of each chip, n x 3 log sizes.
        logs: of each chip, log of measured over foretold; its own median is taken off.
    """
    found: dict[tuple[float, ...], list[float]] = {}
    for places, left in zip(sizes, logs, strict=True):
        for size, one in zip(np.round(places, 6).tolist(), left - np.median(left), strict=True):
            found.setdefault(tuple(size), []).append(float(one))
    at = np.array(list(found))
    middles = np.array([median(one) for one in found.values()])
    noise = NOISE**2 / np.array([len(one) for one in found.values()])
    weights = np.linalg.solve(near(at, at) + np.diag(noise), middles)
    return Remainder(tuple(map(tuple, at.tolist())), tuple(weights.tolist()))


def unseen(sizes: Sequence[Array], logs: Sequence[Array]) -> list[Array]:
    """Returns what of each chip is left beside what the others have in common.

    It is how far a chip will be off that none of it was measured on: beside a remainder that holds
    its own cases they scatter less.

    Args:
        sizes: as of ``remainder``.
        logs: as of ``remainder``; those of a chip alone are left as they are.
    """
    if len(logs) < 2:
        return list(logs)
    places = range(len(logs))
    rest = [[one for one in places if one != place] for place in places]
    return [
        logs[place]
        - remainder([sizes[one] for one in kept], [logs[one] for one in kept]).log(sizes[place])
        for place, kept in enumerate(rest)
    ]


def near(first: Array, second: Array) -> Array:
    """Returns the covariance of what is left at two sets of log sizes."""
    one, two = first / np.array(REACH), second / np.array(REACH)
    squares = np.sum(one**2, axis=1)[:, None] + np.sum(two**2, axis=1) - 2 * one @ two.T
    return np.asarray(ROUGH**2 * np.exp(-0.5 * squares))
