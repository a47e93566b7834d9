"""The best way to serve a model on a number of chips: how to divide it, and how many requests.

Every way is predicted at every number of concurrent requests that fits in memory. Of those within
the latency limits, the one with the most tokens/s is chosen. A chip's departure is the same for all
ways, so a choice is wrong only where the stack's parts are out of proportion; validation shows by
how much.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.chips.model import Chip
from bench.errors import UsageError
from bench.predict.answers import Answer, each
from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt
from bench.predict.learning.pooled import LEVELS
from bench.predict.model.capacity import least_chips, room
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.refusals import refuse_split, refuse_unfit
from bench.predict.scenario import Scenario
from bench.units import significant
from bench.workloads.model import Workload

MOST = 1024
"""Largest number of concurrent requests per copy: the default of vLLM (``max_num_seqs``)."""
STEPS = (1.0, 1.25, 1.5, 1.75)
"""Numbers of requests to try, as multiples of each power of two."""
ALIKE = 0.99
"""Ways that reach this share of the best rate count as equal; the one with the lowest TPOT wins."""


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
        top: number of ways wanted per chip.
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

    def scenario(self, split: Parallel, batch: Sequence[float] | Array) -> Scenario:
        """Returns the scenario of one way, with a point for each number of requests."""
        requests = np.asarray(batch, dtype=float)
        prompt, output = (np.full_like(requests, size) for size in (self.prompt, self.output))
        model, formats, engine = self.workload, self.precision, self.engine
        return Scenario(model, "serve", formats, split, requests, prompt, output, engine=engine)

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
        refuse_split(workload, split)
    except UsageError:
        return False
    return True


def best(
    chips: Sequence[Chip], base: Chip | None, goal: ServingGoal, known: Learnt
) -> tuple[list[Answer], int]:
    """Returns each chip's best ways, as answers with one point, and how many ways were tried.

    Args:
        chips: the chips to predict.
        base: the chip, at its own best, that the others are divided by.
        goal: what to serve.
        known: the fitted model.

    Raises:
        UsageError: the model cannot be divided over the chips, or no way fits on the baseline or on
            any chip.
    """
    tried = ways(goal.workload, goal.devices)
    if not tried:
        raise UsageError(
            f"devices={goal.devices}: {goal.workload.id} cannot be divided over all of them "
            f"({goal.workload.heads} heads, {goal.workload.layers} layers)"
        )

    def predict(chip: Facts) -> list[Prediction]:
        return _best(chip, goal, known, tried)

    return each(chips, base, predict, known), len(tried)


def _best(
    chip: Facts, goal: ServingGoal, known: Learnt, tried: Sequence[Parallel]
) -> list[Prediction]:
    """Returns a chip's best ways, best first, or raises ``UsageError`` if it has none."""
    refuse_unfit(chip, goal.scenario(tried[0], [1]))
    predicted = [
        forecast(chip, goal.scenario(split, batch), known)
        for split in tried
        if (batch := _requests(chip, goal, split))
    ]
    if not predicted:
        raise UsageError(f"{chip.chip}: {_too_large(chip, goal)}")
    found = list(_ranked(chip, predicted, goal, known))
    if not found:
        raise UsageError(f"{chip.chip}: {_too_slow(predicted, goal)}")
    return found


def _ranked(
    chip: Facts, predicted: Sequence[Prediction], goal: ServingGoal, known: Learnt
) -> Iterator[Prediction]:
    """Yields the best ways: each is the best of those that are not ranked before it."""
    left = list(predicted)
    for _ in range(min(goal.top, len(predicted))):
        found = chosen(left, goal)
        if found is None:
            return
        way, place = found
        scenario = way.scenario
        single = forecast(chip, goal.scenario(scenario.split, [scenario.batch[place]]), known)
        halves = (float(single.half(level)[0]) for level in LEVELS)
        yield replace(single, rate_bounds=tuple(_rate_bounds(left, goal, one) for one in halves))
        left = [one for one in left if one is not way]


def _rate_bounds(
    predicted: Sequence[Prediction], goal: ServingGoal, half: float
) -> tuple[float, float]:
    """Returns tokens/s per chip within the limits if the chip is slower, and if it is faster.

    A chip that is slower than predicted meets a limit only with fewer requests, so it loses more
    throughput than its times alone suggest. The rate is 0 where no way meets the limits.

    Args:
        predicted: all ways of one chip.
        goal: the limits.
        half: log of the factor by which all times are longer, or shorter.
    """
    rates = []
    for factor in (math.exp(half), math.exp(-half)):
        found = chosen(predicted, replace(goal, tpot=goal.tpot / factor, ttft=goal.ttft / factor))
        rates.append(float(found[0].per_chip()[found[1]]) / factor if found else 0.0)
    return rates[0], rates[1]


def chosen(predicted: Sequence[Prediction], goal: ServingGoal) -> tuple[Prediction, int] | None:
    """Returns the best way and the index of its point; None if every way exceeds the limits."""
    kept = [
        (float(one.tokens_per_s[place]), float(one.seconds[place]), one, int(place))
        for one in predicted
        for place in np.flatnonzero(one.seconds <= goal.tpot)
        if one.ttft is None or one.ttft.seconds[place] <= goal.ttft
    ]
    if not kept:
        return None
    enough = ALIKE * max(rate for rate, *_ in kept)
    _, _, way, place = min((one for one in kept if one[0] >= enough), key=lambda one: one[1])
    return way, place


def _requests(chip: Facts, goal: ServingGoal, split: Parallel) -> list[int]:
    """Returns the numbers of concurrent requests, over all copies, to try for one way."""
    length = goal.prompt + goal.output
    fitting = room(chip, goal.workload, goal.precision, split, split.dp, length).max_sequences
    if fitting is None:
        raise UsageError(f"{chip.chip}: unknown, because its sheet has no memory capacity")
    most = min(fitting, MOST) * split.dp
    if goal.batch:
        return [one for one in goal.batch if split.dp <= one <= most]
    return [one for one in (split.dp * count for count in _counts()) if one <= most]


def _counts() -> list[int]:
    """Returns the numbers of concurrent requests per copy to try."""
    powers = range(MOST.bit_length())
    found = {int(step * 2**power) for power in powers for step in STEPS}
    return sorted(one for one in found if one <= MOST)


def _too_large(chip: Facts, goal: ServingGoal) -> str:
    """Returns why no way fits: the model is too large, or too large with that many requests."""
    length = goal.prompt + goal.output
    least = least_chips(chip, goal.workload, goal.precision, Parallel(), 1.0, length)
    chips = "1 chip" if goal.devices == 1 else f"{goal.devices} chips"
    problem = f"does not fit on {chips}"
    if goal.batch and least is not None and least <= goal.devices:
        return f"{problem} with batch={min(goal.batch)}"
    return problem + (f", needs {least}" if least else " nor at any tp")


def _too_slow(predicted: Sequence[Prediction], goal: ServingGoal) -> str:
    """Returns why no way meets the limits: the lowest value reached of each limit that is set."""
    firsts = [float(one.ttft.seconds.min()) for one in predicted if one.ttft]
    least = {
        "TPOT": (goal.tpot, min(float(one.seconds.min()) for one in predicted)),
        "TTFT": (goal.ttft, min(firsts)),
    }
    words = " and ".join(
        f"the lowest {key} is {significant(value * 1e3, 2)} ms"
        for key, (limit, value) in least.items()
        if limit < math.inf
    )
    return f"no way stays within {goal.limits}: {words}"
