"""What to serve within which limits, and the ways to divide a model over a number of chips."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.chips.model import Chip
from bench.errors import UsageError
from bench.predict.model.capacity import room
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.refusals import refuse_split
from bench.predict.scenario import Prefill, Scenario
from bench.workloads.model import Workload

MOST = 1024
"""Largest number of concurrent requests per copy: the default of vLLM (``max_num_seqs``)."""
REQUEST_FACTORS = (1.0, 1.25, 1.5, 1.75)
"""Numbers of requests to try, as multiples of each power of two."""
ALL = 0
"""Stands for all ways that none surpasses in both TPOT and tokens/s, as a number of ways wanted."""
TOGETHER, DISAGGREGATED, EITHER = "together", "apart", "any"
"""Where prefill runs: on the chips that decode, on chips of its own, or on either."""


@dataclass(frozen=True)
class ServingGoal:
    """What to serve, on how many chips, and within which latency limits.

    Attributes:
        devices: number of chips; all of them are used.
        prompt, output: tokens per request.
        batch: numbers of concurrent requests, over all chips, to choose from; empty means any.
        tpot: upper limit of TPOT in s.
        ttft: upper limit of the TTFT of a single prompt in s.
        engine: as in ``Scenario``.
        top: number of ways wanted per chip; or ``ALL``.
        prefill: where prefill runs: ``TOGETHER`` with decode, ``DISAGGREGATED`` on chips of its
            own, or ``EITHER``, whichever is better.
        prefill_chip: the sheet of the chips for prefill; None: the same chip as decodes.
    """

    workload: Workload
    precision: Precision
    devices: int
    prompt: int
    output: int
    batch: tuple[int, ...] = ()
    tpot: float = math.inf
    ttft: float = math.inf
    engine: str = ""
    top: int = 1
    prefill: str = TOGETHER
    prefill_chip: Chip | None = None

    def scenario(
        self, split: Parallel, batch: Sequence[float] | Array, prefill: Prefill | None = None
    ) -> Scenario:
        """Returns the scenario of one way, with a point for each number of requests."""
        requests = np.asarray(batch, dtype=float)
        prompt, output = (np.full_like(requests, size) for size in (self.prompt, self.output))
        model, formats, engine = self.workload, self.precision, self.engine
        return Scenario(
            model, "serve", formats, split, requests, prompt, output, engine=engine, prefill=prefill
        )

    @property
    def limits(self) -> str:
        """Returns the latency limits in words; empty if there are none."""
        values = {"TPOT": self.tpot, "TTFT": self.ttft}
        finite = (f"{key} {value * 1e3:g} ms" for key, value in values.items() if value < math.inf)
        return " and ".join(finite)


def ways(workload: Workload, devices: int) -> list[Parallel]:
    """Returns the ways to divide a model over exactly this number of chips."""
    found = []
    for tp in _divisors(devices):
        for pp in _divisors(devices // tp):
            for ep in _expert_widths(workload, tp, devices // pp):
                split = Parallel(tp, pp, devices // tp // pp, ep)
                if _possible(workload, split):
                    found.append(split)
    return found


def workers(workload: Workload, chips: int) -> list[Parallel]:
    """Returns the ways to divide a model over this number of chips that no smaller copies make."""
    return [one for one in ways(workload, chips) if one.dp == 1 or one.ep == one.tp * one.dp]


def _divisors(number: int) -> list[int]:
    """Returns all divisors, from 1 to the number itself."""
    return [one for one in range(1, number + 1) if number % one == 0]


def _expert_widths(workload: Workload, tp: int, chips: int) -> Iterator[int]:
    """Yields values of ``ep`` to try: 1 (as ``tp``), and multiples of ``tp`` above it."""
    yield 1
    if workload.experts:
        yield from (ep for ep in _divisors(chips) if ep > tp and ep % tp == 0)


def _possible(workload: Workload, split: Parallel) -> bool:
    """Tells whether a model can be divided this way."""
    try:
        refuse_split(workload, split, copies=True)
    except UsageError:
        return False
    return True


def requests(
    chip: Facts, goal: ServingGoal, split: Parallel, *, if_full: bool = False
) -> list[int]:
    """Returns the numbers of concurrent requests, over all copies, to try for one way.

    Args:
        chip: with its memory capacity.
        goal: what to serve.
        split: the way.
        if_full: whether no share of the memory is left free.
    """
    length = goal.prompt + goal.output
    one = room(chip, goal.workload, goal.precision, split, split.dp, length)
    fitting = one.max_sequences_if_full if if_full else one.max_sequences
    if fitting is None:
        raise UsageError(f"{chip.chip}: unknown, because its sheet has no memory capacity")
    most = min(fitting, MOST)
    if goal.batch:
        return [one for one in goal.batch if split.dp <= one <= most * split.dp]
    return [split.dp * count for count in sorted({*_counts(), most}) if 0 < count <= most]


def _counts() -> list[int]:
    """Returns the numbers of concurrent requests per copy to try."""
    powers = range(MOST.bit_length())
    found = {int(step * 2**power) for power in powers for step in REQUEST_FACTORS}
    return sorted(one for one in found if one <= MOST)
