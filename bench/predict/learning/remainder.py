"""What a formula leaves of products' times, alike among neighbours in size and from chip to chip.

Kernels are chosen by shape, for one chip much as for the next: where the formula is off on those
that were measured it is likely to be off on one that was not. More so within a family: libraries
have kernels and tables of tiles by compute capability (vLLM one a generation, in
``csrc/quantization/w8a8/cutlass``). Kriging over log m, n and k (Rasmussen & Williams 2006, 2.2),
first of what is left in the median over families, one vote each, then of what a family leaves
beside that; a size that its neighbours speak against counts little, as in ``robust``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench.predict.model.operators import Array

REACH = (1.2, 1.5, 1.5)
"""How far apart in log m, n and k products are alike."""
ROUGH = 0.12
"""Standard deviation of what is alike among neighbours, log: in common, and of a family beside."""
NOISE = 0.15
"""Standard deviation of one voice at one size: a family's in common, a chip's in its family."""
TURNS = 5
"""How often trust is found anew: ten move no mean error of validation by more than 0.02 points."""
Names = NDArray[np.str_]
Left = dict[tuple[float, ...], list[float]]


@dataclass(frozen=True)
class Remainder:
    """What is left, by log sizes.

    Attributes:
        at: log m, n and k.
        weights: of their neighbours' likeness, for what families have in common.
        own: the same for what a family leaves beside that, by its name.
    """

    at: tuple[tuple[float, float, float], ...]
    weights: tuple[float, ...]
    own: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def log(self, sizes: Array, families: Names) -> Array:
        """Returns what is to be added to the log time of products.

        Args:
            sizes: log m, n and k, n x 3.
            families: of the chips that they are on, n; one that is not known adds nothing.
        """
        alike = near(sizes, np.array(self.at))
        found = alike @ np.array(self.weights)
        for name in self.own.keys() & set(families.tolist()):
            found += np.where(families == name, alike @ np.array(self.own[name]), 0.0)
        return np.asarray(found)


def remainder(
    sizes: Sequence[Array],
    logs: Sequence[Array],
    families: Sequence[str],
    wanted: Collection[str] | None = None,
) -> Remainder:
    """Returns what chips' products have left in common, and each family's beside that.

    Args:
        sizes: of each chip, n x 3 log sizes.
        logs: of each chip, log of measured over predicted; its own median is taken off.
        families: of each chip.
        wanted: families whose own are asked for; None: all.
    """
    left: dict[str, Left] = {}
    for places, own, name in zip(sizes, logs, families, strict=True):
        told = left.setdefault(name, {})
        for size, one in zip(np.round(places, 6).tolist(), own - np.median(own), strict=True):
            told.setdefault(tuple(size), []).append(float(one))
    voices: Left = {}
    for told in left.values():
        for size, values in told.items():
            voices.setdefault(size, []).append(median(values))
    at = np.array(list(voices))
    common = _weights(at, list(voices.values()))
    shared = dict(zip(voices, near(at, at) @ common, strict=True))
    kept = {name: told for name, told in left.items() if wanted is None or name in wanted}
    beside = {name: _beside(told, shared) for name, told in kept.items()}
    return Remainder(tuple(map(tuple, at.tolist())), tuple(common.tolist()), beside)


def _beside(told: Left, shared: Mapping[tuple[float, ...], float]) -> tuple[float, ...]:
    """Returns a family's own weights, one a size; nought where it has none."""
    left = [[one - shared[size] for one in values] for size, values in told.items()]
    weights = dict(zip(told, _weights(np.array(list(told)), left).tolist(), strict=True))
    return tuple(weights.get(size, 0.0) for size in shared)


def _weights(at: Array, voices: Sequence[Sequence[float]]) -> Array:
    """Returns the weights of sizes' likeness by the medians of what is said of each."""
    noises = NOISE / np.sqrt([len(one) for one in voices])
    return trusted(at, np.array([median(one) for one in voices]), noises)[0]


def trusted(at: Array, values: Array, noises: Array) -> tuple[Array, Array]:
    """Returns the weights of sizes' likeness, and how far values scatter in the end.

    Args:
        at: log m, n and k, n x 3.
        values: what is left at each, n.
        noises: standard deviation of each; it grows where its neighbours speak against a value.
    """
    alike, trust = near(at, at), np.ones(len(at))
    for _ in range(TURNS):
        scatter = noises / np.sqrt(trust)
        weights = np.linalg.solve(alike + np.diag(scatter**2), values)
        trust = 1 / np.sqrt(1 + ((values - alike @ weights) / noises) ** 2)
    return np.asarray(weights), np.asarray(scatter)


def unseen(sizes: Sequence[Array], logs: Sequence[Array], families: Sequence[str]) -> list[Array]:
    """Returns what of each chip is left beside what the others have in common.

    It is how far a chip will be off that none of it was measured on: beside a remainder that holds
    its own cases they scatter less.

    Args:
        sizes: as of ``remainder``.
        logs: as of ``remainder``; those of a chip alone are left as they are.
        families: as of ``remainder``.
    """
    if len(logs) < 2:
        return list(logs)
    found = []
    for place, name in enumerate(families):
        kept = [one for one in range(len(logs)) if one != place]
        at, left = [sizes[one] for one in kept], [logs[one] for one in kept]
        rest = remainder(at, left, [families[one] for one in kept], [name])
        found.append(logs[place] - rest.log(sizes[place], np.full(len(logs[place]), name)))
    return found


def near(first: Array, second: Array) -> Array:
    """Returns the covariance of what is left at two sets of log sizes."""
    one, two = first / np.array(REACH), second / np.array(REACH)
    squares = np.sum(one**2, axis=1)[:, None] + np.sum(two**2, axis=1) - 2 * one @ two.T
    return np.asarray(ROUGH**2 * np.exp(-0.5 * squares))
