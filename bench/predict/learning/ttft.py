"""TTFT: what an engine adds to the prefill of a request's prompt.

With other requests under way, TTFT is ``host_s + prefill * predicted * (1 + queue * others)``.
``host_s`` is what a request costs before and after its prefill. ``prefill`` is the cost of running
the prefill in chunks between decode steps of other requests, mostly without a captured graph.
``queue`` is a share of one prefill for each other request under way; most of it stems from the
start, when all requests arrive at once. It is mainly waiting and not work of the chips: the time
that prefills take between tokens follows from their operators (``serving``). A request that has an
engine to itself waits only for its own prefill; on models with experts, that runs less slowly.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.leastsquares import cauchy
from bench.predict.learning.tables import Row, decoding
from bench.predict.model.operators import Array

LIGHT = 16.0
"""Number of other requests on a group of chips below which requests wait for little but one
another."""
ALONE_S = 6e-3
"""Cost of a request besides its prefill if no other is under way, s; no fitted row is of that kind.
It was set on 22 TTFT values of one request at a time (lmdeploy's table of the A100, NVIDIA's of
NIM, tt-inference-server 125, 143 and 340, yobitelcomm/bench), which therefore no longer test it."""
EXPERTS_ALONE = (60e-3, 1.5)
"""For models with experts: the cost of a request by itself, s, and the factor on its prefill, which
runs less slowly than between decode steps of others. They were set on 40 single requests that
others reported and on 61 disaggregated runs with few requests, which therefore no longer test them;
what fits either best improves the other, too."""
OWN = "nvidia"
"""Origin of rows by the vendor, in which all requests start at once, so that each waits for all."""
SMOOTH = 0.2
"""Log error up to which the loss is about quadratic."""
FREE = {"host_s": (1e-4, 1.0), "prefill": (1.0, 10.0), "queue": (1e-3, 1.0)}
"""Bounds of the fitted parameters; no first token comes before its prefill is done."""


@dataclass(frozen=True)
class Ttft:
    """What engines add to a prefill when other requests are under way.

    Attributes:
        host_s: fixed time of a request, s.
        prefill: factor on the predicted prefill.
        queue: share of a prefill that each other request under way adds.
        alone_s: fixed time of a request that has the chips to itself, s.
        alone_prefill: factor on its prefill.
    """

    host_s: float = 0.05
    prefill: float = 1.5
    queue: float = 0.05
    alone_s: float = ALONE_S
    alone_prefill: float = 1.5

    def seconds(self, prefill_s: Array, others: Array | float = 0.0) -> Array:
        """Returns TTFT, s.

        Args:
            prefill_s: predicted prefill of one prompt that has the chips to itself, s.
            others: other requests under way on the same group of chips.
        """
        return np.asarray(self.host_s + self.prefill * prefill_s * (1 + self.queue * others))

    def alone(self, prefill_s: Array) -> Array:
        """Returns the TTFT of a request by itself, s: at most that with others under way."""
        alone = self.alone_s + self.alone_prefill * prefill_s
        return np.minimum(alone, self.seconds(prefill_s))


def light(rows: Iterable[Row]) -> list[Row]:
    """Returns the rows of serving in which a first token waits for little but its own prefill."""
    return [
        row
        for row in decoding(rows)
        if row["ttft_ms"] and row.words.get("origin") != OWN and other_requests(row) < LIGHT
    ]


def other_requests(row: Row) -> float:
    """Returns the largest number of other requests under way on a row's group of chips."""
    return max(row["concurrency"] / max(row["dp"], 1.0) - 1.0, 0.0)


def fit(rows: Sequence[Row], prefill_s: Array) -> Ttft:
    """Returns the parameters that explain the rows best, with one vote per chip.

    Some engine versions took up to 20 times as long as the others (SGLang 0.5.10.post1 on B300).
    The loss hardly counts such outliers, and the engines of a chip share its vote equally.

    Args:
        rows: rows of serving.
        prefill_s: predicted prefill of each row's prompt, s.
    """
    from scipy.optimize import least_squares

    bounds = tuple(np.log([FREE[key][place] for key in FREE]) for place in (0, 1))
    logs = np.log([row["ttft_ms"] * 1e-3 for row in rows])
    waiting = np.array([other_requests(row) for row in rows])
    votes = _votes(rows) ** 0.5

    def errors(values: Array) -> Array:
        predicted = _from_logs(values).seconds(prefill_s, waiting)
        return cauchy(np.log(predicted) - logs, SMOOTH, votes)

    first = np.log([getattr(Ttft(), key) for key in FREE])
    return _from_logs(least_squares(errors, first, bounds=bounds).x)


def _votes(rows: Sequence[Row]) -> Array:
    """Returns each row's share of its chip's vote; a chip's engines have equal shares of it."""
    rows_of = Counter((row.chip, row.words["stack"]) for row in rows)
    engines_of = Counter(chip for chip, _ in rows_of)
    return np.array(
        [1 / engines_of[row.chip] / rows_of[row.chip, row.words["stack"]] for row in rows]
    )


def _from_logs(values: Array) -> Ttft:
    return Ttft(**dict(zip(FREE, np.exp(values).tolist(), strict=True)))


def departures(rows: Sequence[Row], prefill_s: Array, model: Ttft) -> Array:
    """Returns log of measured over predicted TTFT of each row."""
    waiting = np.array([other_requests(row) for row in rows])
    predicted = model.seconds(prefill_s, waiting)
    return np.asarray(np.log([row["ttft_ms"] * 1e-3 for row in rows]) - np.log(predicted))
