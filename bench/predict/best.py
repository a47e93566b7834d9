"""The best way to serve a model on so many chips: how to divide it, and how many requests at once.

Every way is predicted at every number of requests that its memory holds. Of those that keep the
limits the one with most tokens a second is taken. A chip departs from the stack alike in all ways,
so a choice is off only where the stack's parts are out of proportion; validation tells how far.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.chips.model import Chip
from bench.errors import UsageError
from bench.predict.answers import Answer, each
from bench.predict.forecast import Asked, Prediction, forecast
from bench.predict.learning.learn import Learnt
from bench.predict.learning.pooled import LEVELS
from bench.predict.model.capacity import least_chips, room
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.refusals import refuse_split, refuse_unfit
from bench.units import significant
from bench.workloads.model import Workload

MOST = 1024
"""Requests under way in one copy: engines take no more by default (vLLM, ``max_num_seqs``)."""
STEPS = (1.0, 1.25, 1.5, 1.75)
"""Numbers of requests that are tried, between one power of two and the next."""
ALIKE = 0.99
"""Ways that reach this share of the best rate are as good: of these the one that answers first."""


@dataclass(frozen=True)
class Wanted:
    """What is to be served, on how many chips, and how quickly.

    Attributes:
        devices: chips at hand; all of them are used.
        prompt, output: tokens of a request.
        batch: requests under way over all chips; empty: as many as are best.
        tpot, ttft: seconds, at the most; of one prompt by itself.
        engine: as of ``Asked``.
    """

    workload: Workload
    how: Precision
    devices: int
    prompt: int
    output: int
    batch: tuple[int, ...] = ()
    tpot: float = math.inf
    ttft: float = math.inf
    engine: str = ""

    def asked(self, split: Parallel, batch: Sequence[float] | Array) -> Asked:
        """Returns the question of one way, a point for each number of requests."""
        requests = np.asarray(batch, dtype=float)
        prompt, output = (np.full_like(requests, size) for size in (self.prompt, self.output))
        return Asked(
            self.workload, "serve", self.how, split, requests, prompt, output, engine=self.engine
        )

    @property
    def said(self) -> str:
        """Returns the limits in words, or nothing."""
        every = {"TPOT": self.tpot, "TTFT": self.ttft}
        kept = (f"{key} {value * 1e3:g} ms" for key, value in every.items() if value < math.inf)
        return " and ".join(kept)


def ways(workload: Workload, devices: int) -> list[Parallel]:
    """Returns how a model can be divided so that all chips are used.

    Args:
        workload: the model.
        devices: how many chips.
    """
    found = []
    for tp in _divisors(devices):
        for pp in _divisors(devices // tp):
            for ep in _spread(workload, tp, devices // pp):
                split = Parallel(tp, pp, devices // tp // pp, ep)
                if _possible(workload, split):
                    found.append(split)
    return found


def _divisors(number: int) -> list[int]:
    return [one for one in range(1, number + 1) if number % one == 0]


def _spread(workload: Workload, tp: int, chips: int) -> Iterator[int]:
    """Yields over how many chips experts are spread: 1, as the rest, or more than that."""
    yield 1
    if workload.experts:
        yield from (ep for ep in _divisors(chips) if ep > tp and ep % tp == 0)


def _possible(workload: Workload, split: Parallel) -> bool:
    try:
        refuse_split(workload, split)
    except UsageError:
        return False
    return True


def best(
    chips: Sequence[Chip], base: Chip | None, wanted: Wanted, known: Learnt
) -> tuple[list[Answer], int]:
    """Returns each chip's best way as a question of one point and its answer; how many were tried.

    Args:
        chips: which.
        base: the chip, at its own best, that the others are divided by.
        wanted: what is asked.
        known: what was learnt.

    Raises:
        UsageError: no way divides the model, the baseline or every chip has none that fits.
    """
    tried = ways(wanted.workload, wanted.devices)
    if not tried:
        raise UsageError(
            f"devices={wanted.devices}: {wanted.workload.id} cannot be divided over all of them "
            f"({wanted.workload.heads} heads, {wanted.workload.layers} layers)"
        )

    def tell(own: Facts) -> Prediction:
        return _best(own, wanted, known, tried)

    return each(chips, base, tell, known), len(tried)


def _best(chip: Facts, wanted: Wanted, known: Learnt, tried: Sequence[Parallel]) -> Prediction:
    """Returns a chip's best way, or raises for one that has none."""
    refuse_unfit(chip, wanted.asked(tried[0], [1]))
    every = [
        forecast(chip, wanted.asked(split, batch), known)
        for split in tried
        if (batch := _requests(chip, wanted, split))
    ]
    if not every:
        raise UsageError(f"{chip.chip}: {_too_large(chip, wanted)}")
    found = chosen(every, wanted)
    if found is None:
        raise UsageError(f"{chip.chip}: {_too_slow(every, wanted)}")
    way, place = found
    one = forecast(chip, wanted.asked(way.asked.split, [way.asked.batch[place]]), known)
    within = (_within(every, wanted, float(one.half(level)[0])) for level in LEVELS)
    return replace(one, within=tuple(within))


def _within(every: Sequence[Prediction], wanted: Wanted, half: float) -> tuple[float, float]:
    """Returns tokens a second and chip that limits leave if the chip is slower, or quicker.

    What turns out slower than predicted stays within a limit with fewer requests only: it loses
    more than its times say. Nought where none of its ways does.

    Args:
        every: the ways of one chip.
        wanted: with the limits.
        half: log of by how much all times are longer, or shorter.
    """
    rates = []
    for factor in (math.exp(half), math.exp(-half)):
        found = chosen(every, replace(wanted, tpot=wanted.tpot / factor, ttft=wanted.ttft / factor))
        rates.append(float(found[0].per_chip()[found[1]]) / factor if found else 0.0)
    return rates[0], rates[1]


def chosen(every: Sequence[Prediction], wanted: Wanted) -> tuple[Prediction, int] | None:
    """Returns the best of ways and the place of its number of requests; None: all are too slow."""
    kept = [
        (float(one.tokens[place]), float(one.seconds[place]), one, int(place))
        for one in every
        for place in np.flatnonzero(one.seconds <= wanted.tpot)
        if one.first is None or one.first.seconds[place] <= wanted.ttft
    ]
    if not kept:
        return None
    enough = ALIKE * max(tokens for tokens, *_ in kept)
    _, _, way, place = min((one for one in kept if one[0] >= enough), key=lambda one: one[1])
    return way, place


def _requests(chip: Facts, wanted: Wanted, split: Parallel) -> list[int]:
    """Returns the numbers of requests, over all copies, that a way can be asked of."""
    length = wanted.prompt + wanted.output
    held = room(chip, wanted.workload, wanted.how, split, split.dp, length).most
    if held is None:
        raise UsageError(f"{chip.chip}: unknown, because its sheet has no memory capacity")
    most = min(held, MOST) * split.dp
    if wanted.batch:
        return [one for one in wanted.batch if split.dp <= one <= most]
    return [one for one in (split.dp * count for count in _counts()) if one <= most]


def _counts() -> list[int]:
    """Returns the numbers of requests in a copy that are tried."""
    powers = range(MOST.bit_length())
    found = {int(step * 2**power) for power in powers for step in STEPS}
    return sorted(one for one in found if one <= MOST)


def _too_large(chip: Facts, wanted: Wanted) -> str:
    """Returns why no way can be asked: the model does not fit, or not with so many requests."""
    length = wanted.prompt + wanted.output
    least = least_chips(chip, wanted.workload, wanted.how, Parallel(), 1.0, length)
    chips = "1 chip" if wanted.devices == 1 else f"{wanted.devices} chips"
    told = f"does not fit on {chips}"
    if wanted.batch and least is not None and least <= wanted.devices:
        return f"{told} with batch={min(wanted.batch)}"
    return told + (f", needs {least}" if least else " nor at any tp")


def _too_slow(every: Sequence[Prediction], wanted: Wanted) -> str:
    """Returns why no way keeps the limits: how quick the quickest is, of each that is set."""
    least = {
        "TPOT": (wanted.tpot, min(float(one.seconds.min()) for one in every)),
        "TTFT": (wanted.ttft, min(float(one.first.seconds.min()) for one in every if one.first)),
    }
    told = " and ".join(
        f"the lowest {key} is {significant(value * 1e3, 2)} ms"
        for key, (limit, value) in least.items()
        if limit < math.inf
    )
    return f"no way stays within {wanted.said}: {told}"
