"""Ways to serve, as numbers to choose from: only a chosen way needs its whole prediction."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from bench.predict.forecast import Prediction
from bench.predict.model.operators import Array

ALIKE = 0.99
"""Ways that reach this share of the best rate count as equal: the lowest TPOT wins, then TTFT."""


@dataclass(frozen=True)
class Way:
    """One way, with a point for each number of concurrent requests; arrays are (points,).

    Attributes:
        tpot, ttft: in s; TTFT is 0 where a way has none.
        tokens_per_s: of all chips.
        prediction: returns the prediction that these are of.
    """

    tpot: Array
    ttft: Array
    tokens_per_s: Array
    prediction: Callable[[], Prediction]


def way_of(found: Prediction) -> Way:
    """Returns the numbers of a prediction."""
    first = found.ttft.seconds if found.ttft else np.zeros(1)
    return Way(found.seconds, first, found.tokens_per_s, lambda: found)


class Candidates:
    """The ways to choose from."""

    def __init__(self, ways: Sequence[Way]) -> None:
        self.ways = ways

    def without(self, way: Way) -> "Candidates":
        """Returns all ways but one."""
        return Candidates([*compress(self.ways, (one is not way for one in self.ways))])

    @cached_property
    def _number(self) -> NDArray[np.int_]:
        """Returns the index of the way of each point."""
        counts = [len(one.tokens_per_s) for one in self.ways]
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def _points(self) -> tuple[Array, Array, Array]:
        """Returns TPOT, TTFT and rate of all points of all ways, one after the other."""
        each = [np.broadcast_arrays(one.tokens_per_s, one.tpot, one.ttft) for one in self.ways]
        rate, tpot, ttft = (np.concatenate(parts) for parts in zip(*each, strict=True))
        return tpot, ttft, rate

    def best(self, tpot: float = math.inf, ttft: float = math.inf) -> tuple[Way, int] | None:
        """Returns the best way and the index of its point; None if every way exceeds the limits.

        Args:
            tpot: the most TPOT, s.
            ttft: the most TTFT, s.
        """
        if not self.ways:
            return None
        tpots, ttfts, rates = self._points
        within = rates * ((tpots <= tpot) & (ttfts <= ttft))
        enough = ALIKE * float(within.max())
        if not enough:
            return None
        kept = np.flatnonzero(within >= enough)
        return self._at(kept[np.lexsort((-within[kept], ttfts[kept], tpots[kept]))[0]])  # stable

    def frontier(self, tpot: float, ttft: float) -> Iterator[tuple[Way, int]]:
        """Yields the ways and points within the limits that none surpasses, the fastest first.

        Each has over 1% more tokens/s than all those with a lower TPOT.

        Args:
            tpot: the most TPOT, s.
            ttft: the most TTFT, s.
        """
        tpots, ttfts, rates = self._points
        kept, most = list[int](), 0.0
        for place in np.lexsort((-rates, tpots)):
            within = tpots[place] <= tpot and ttfts[place] <= ttft
            if within and ALIKE * rates[place] > most:
                kept.append(place)
                most = rates[place]
        yield from map(self._at, reversed(kept))

    def _at(self, place: int) -> tuple[Way, int]:
        """Returns the way of a point of all, and the index of the point in it."""
        number = int(self._number[place])
        return self.ways[number], int(place - np.searchsorted(self._number, number))
