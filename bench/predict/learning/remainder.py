"""What the formula of matrix products leaves, shared by similar sizes and across chips.

Libraries choose kernels by shape, much the same on one chip as on the next. If the formula is off
on measured chips, it is therefore likely to be off on another chip too. That holds even more within
a family: libraries have kernels and tile tables per compute capability (vLLM has one per
generation, in ``csrc/quantization/w8a8/cutlass``). The remainder is kriged over log m, n and k
(Rasmussen & Williams 2006, 2.2): first the median over families, with one vote each, then what a
family leaves besides. A value that contradicts similar sizes counts little, as in ``robust``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench.predict.model.operators import Array

REACH = (1.2, 1.5, 1.5)
"""Correlation length of the remainder in log m, n and k."""
ROUGH = 0.12
"""Standard deviation (log) of the correlated part: of the common remainder, and of a family's."""
NOISE = 0.15
"""Standard deviation (log) of one vote at one size: a family's vote in the common remainder, or a
chip's in its family's."""
TURNS = 5
"""Iterations of the robust weights; ten change no mean error in validation by more than 0.02
points."""
Names = NDArray[np.str_]
Size = tuple[float, ...]
"""Log m, n and k of a product, rounded."""
Left = dict[Size, list[float]]
"""What the formula leaves (log) at each size, one value per vote."""


@dataclass(frozen=True)
class Remainder:
    """What the formula leaves, by size.

    Attributes:
        at: log m, n and k of each size.
        weights: kriging weight of each size, for the remainder common to all families.
        own: the same for what a family leaves besides, by its name.
    """

    at: tuple[tuple[float, float, float], ...]
    weights: tuple[float, ...]
    own: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def log(self, sizes: Array, families: Names) -> Array:
        """Returns what to add to the log time of products.

        Args:
            sizes: log m, n and k (n, 3).
            families: family of each product's chip (n,); an unknown one adds nothing.
        """
        between = size_covariance(sizes, np.array(self.at))
        total = between @ np.array(self.weights)
        for name in self.own.keys() & set(families.tolist()):
            total += np.where(families == name, between @ np.array(self.own[name]), 0.0)
        return np.asarray(total)


def remainder(
    sizes: Sequence[Array],
    logs: Sequence[Array],
    families: Sequence[str],
    wanted: Collection[str] | None = None,
) -> Remainder:
    """Returns the common remainder of chips' products, and each family's remainder besides.

    Args:
        sizes: log sizes (n, 3) of each chip's products.
        logs: log of measured over predicted time of each chip's products (n,); its median over the
            chip is subtracted.
        families: family of each chip.
        wanted: families whose own remainder is needed; None for all.
    """
    by_family: dict[str, Left] = {}
    for places, values, name in zip(sizes, logs, families, strict=True):
        left = by_family.setdefault(name, {})
        centred = values - np.median(values)
        for size, value in zip(np.round(places, 6).tolist(), centred, strict=True):
            left.setdefault(tuple(size), []).append(float(value))
    votes: Left = {}
    for left in by_family.values():
        for size, found in left.items():
            votes.setdefault(size, []).append(median(found))
    at = np.array(list(votes))
    common = _weights(at, list(votes.values()))
    shared = dict(zip(votes, size_covariance(at, at) @ common, strict=True))
    kept = {name: left for name, left in by_family.items() if wanted is None or name in wanted}
    own = {name: _family_weights(left, shared) for name, left in kept.items()}
    return Remainder(tuple(map(tuple, at.tolist())), tuple(common.tolist()), own)


def _family_weights(left: Left, shared: Mapping[Size, float]) -> tuple[float, ...]:
    """Returns a family's own weights, one per size; 0 for sizes that it does not have."""
    beyond = [[value - shared[size] for value in values] for size, values in left.items()]
    weights = dict(zip(left, _weights(np.array(list(left)), beyond).tolist(), strict=True))
    return tuple(weights.get(size, 0.0) for size in shared)


def _weights(at: Array, votes: Sequence[Sequence[float]]) -> Array:
    """Returns the kriging weights of sizes from the medians of their votes."""
    noises = NOISE / np.sqrt([len(values) for values in votes])
    return robust_weights(at, np.array([median(values) for values in votes]), noises)[0]


def robust_weights(at: Array, values: Array, noises: Array) -> tuple[Array, Array]:
    """Returns robust kriging weights (n,), and the resulting standard deviation of each value (n,).

    Args:
        at: log m, n and k (n, 3).
        values: remainder at each size (n,).
        noises: standard deviation of each value (n,); it grows if similar sizes contradict a value.
    """
    covariance, trust = size_covariance(at, at), np.ones(len(at))
    for _ in range(TURNS):
        scatter = noises / np.sqrt(trust)
        weights = np.linalg.solve(covariance + np.diag(scatter**2), values)
        trust = 1 / np.sqrt(1 + ((values - covariance @ weights) / noises) ** 2)
    return np.asarray(weights), np.asarray(scatter)


def left_out_residuals(
    sizes: Sequence[Array], logs: Sequence[Array], families: Sequence[str]
) -> list[Array]:
    """Returns each chip's logs less the remainder that is fitted without that chip.

    They show how far off a chip will be of which nothing was measured. A remainder that includes a
    chip's own cases would make them scatter less.

    Args:
        sizes: as for ``remainder``.
        logs: as for ``remainder``; with one chip only, its logs are returned unchanged.
        families: as for ``remainder``.
    """
    if len(logs) < 2:
        return list(logs)
    found = []
    for place, name in enumerate(families):
        kept = [other for other in range(len(logs)) if other != place]
        at, left = [sizes[other] for other in kept], [logs[other] for other in kept]
        rest = remainder(at, left, [families[other] for other in kept], [name])
        found.append(logs[place] - rest.log(sizes[place], np.full(len(logs[place]), name)))
    return found


def size_covariance(first: Array, second: Array) -> Array:
    """Returns the covariance (n, m) of the remainder between two sets of log sizes."""
    one, two = first / np.array(REACH), second / np.array(REACH)
    squares = np.sum(one**2, axis=1)[:, None] + np.sum(two**2, axis=1) - 2 * one @ two.T
    return np.asarray(ROUGH**2 * np.exp(-0.5 * squares))
