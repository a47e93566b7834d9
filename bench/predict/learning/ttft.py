"""The time to a request's first token: what an engine makes of a prompt's prefill.

Beside others it takes ``host_s + prefill * predicted * (1 + queue * others)``: what a request costs
before and after its prefill; a prefill as the engine runs it, in pieces, between decode steps of
others and mostly without a replayed graph; and a share of one for each other request under way,
most of it from the time when all begin at once. It is waiting, for the most part, and no work of
the chips: what prefills take of the time between tokens is what their operators do (``serving``).
A request that has an engine to itself waits for nothing but its own prefill.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.robust import robust
from bench.predict.learning.tables import Row, decoding
from bench.predict.model.operators import Array

LIGHT = 16.0
"""Requests under way to a group of chips up to which little more than each other is waited for."""
ALONE_S = 6e-3
"""What a request costs beside its prefill where no other is under way, s: no row that is fitted has
such. It was set on 22 first tokens of one request at a time (lmdeploy's table of the A100, NVIDIA's
of NIM, tt-inference-server 125, 143 and 340, yobitelcomm/bench), which test it no more."""
OWN = "nvidia"
"""Origin of rows by the vendor: they begin in step, so that each waits for all."""
SMOOTH = 0.2
FREE = {"host_s": (1e-4, 1.0), "prefill": (1.0, 10.0), "queue": (1e-3, 1.0)}
"""Bounds of what is fitted: no first token comes before its prefill is done."""


@dataclass(frozen=True)
class Ttft:
    """What engines make of a prefill beside others.

    Attributes:
        host_s: fixed time of a request, s.
        prefill: factor on the prefill that was predicted.
        queue: share of a prefill that each other request under way adds.
    """

    host_s: float = 0.05
    prefill: float = 1.5
    queue: float = 0.05

    def seconds(self, prefill_s: Array, others: Array | float = 0.0) -> Array:
        """Returns the time to the first token.

        Args:
            prefill_s: predicted of one prompt, the chips to itself.
            others: further requests under way to the same group of chips.
        """
        return np.asarray(self.host_s + self.prefill * prefill_s * (1 + self.queue * others))


def alone(prefill_s: Array) -> Array:
    """Returns the time to the first token of a request that has the chips to itself, s."""
    return np.asarray(ALONE_S + prefill_s)


def light(rows: Iterable[Row]) -> list[Row]:
    """Returns rows of serving in which a first token waits for little but its own prefill."""
    return [
        row
        for row in decoding(rows)
        if row["ttft_ms"] and row.words.get("origin") != OWN and others(row) < LIGHT
    ]


def others(row: Row) -> float:
    """Returns how many further requests were under way to a group of chips, at the most."""
    return max(row["concurrency"] / max(row["dp"], 1.0) - 1.0, 0.0)


def fit(rows: Sequence[Row], prefill_s: Array) -> Ttft:
    """Returns what explains the rows best, each chip with one vote.

    Args:
        rows: of serving.
        prefill_s: predicted of each row's prompt.
    """
    from scipy.optimize import least_squares

    bounds = tuple(np.log([FREE[key][place] for key in FREE]) for place in (0, 1))
    logs = np.log([row["ttft_ms"] * 1e-3 for row in rows])
    beside = np.array([others(row) for row in rows])
    chips = [row.chip for row in rows]
    votes = np.array([chips.count(one) ** -0.5 for one in chips])

    def errors(values: Array) -> Array:
        told = _of(values).seconds(prefill_s, beside)
        return robust(np.log(told) - logs, SMOOTH, votes)

    first = np.log([getattr(Ttft(), key) for key in FREE])
    return _of(least_squares(errors, first, bounds=bounds).x)


def _of(values: Array) -> Ttft:
    return Ttft(**dict(zip(FREE, np.exp(values).tolist(), strict=True)))


def departures(rows: Sequence[Row], prefill_s: Array, how: Ttft) -> Array:
    """Returns log of measured over predicted time of each row."""
    beside = np.array([others(row) for row in rows])
    told = how.seconds(prefill_s, beside)
    return np.asarray(np.log([row["ttft_ms"] * 1e-3 for row in rows]) - np.log(told))
