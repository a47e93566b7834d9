"""A training step: forward and backward passes, gradients over the copies, the optimiser."""

import numpy as np

from bench.errors import UsageError
from bench.predict.capacity import held
from bench.predict.facts import Facts
from bench.predict.links import carried
from bench.predict.operators import ACTIVATION, Array, Points
from bench.predict.parallel import Parallel
from bench.predict.precision import Precision
from bench.predict.stack import Stack
from bench.predict.step import NODE, WORDS, Step, Timed, rates, step
from bench.workloads.counts import parameters
from bench.workloads.model import Workload

PASSES = 3.0
"""Forward passes that a forward and a backward one take: the latter does two products for each."""
UPDATED = 16.0
"""Bytes that an optimiser step reads and writes a parameter."""


def training(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    chip: Facts, workload: Workload, points: Points, how: Precision, split: Parallel, stack: Stack
) -> Step:
    """Returns a step over a batch; the head is asked for every token, not for the last ones only.

    Pipeline stages work at once on parts of the batch, without bubbles; optimiser states are spread
    over the copies. Attention's backward is taken as twice its forward.

    Raises:
        UsageError: the sheet lacks a figure that this needs.
    """
    forward = step(chip, workload, "prefill", points, how, split, stack)
    kept = [one.times(PASSES / split.pp) for one in forward.parts]
    return Step((*kept, *_beside(chip, workload, points, how, split, stack)))


def _beside(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    chip: Facts, workload: Workload, points: Points, how: Precision, split: Parallel, stack: Stack
) -> list[Timed]:
    """Returns the head on the other tokens, the gradients and the optimiser."""
    promised = rates(chip, how, split)
    rate = promised.attention * stack.fraction(promised.attention_headroom)
    tokens = points.batch * (points.length - 1) / split.dp
    head = PASSES * 2 * tokens * parameters(workload).head / split.tp / split.pp / rate
    rest, routed = held(workload, split)
    copies = split.tp * split.dp / split.shards
    own = rest / split.dp + routed / copies
    update = UPDATED * own / (stack.stream * stack.carried(promised.bandwidth, promised.coded))
    shared = _shared(chip, rest, split.dp, split, stack) + _shared(
        chip, routed, copies, split, stack
    )
    return [
        _timed("head, every token", "compute", head),
        _timed("gradients over copies", "link", shared + 0 * head),
        _timed("optimiser", "memory", update + 0 * head),
    ]


def _shared(chip: Facts, own: float, copies: float, split: Parallel, stack: Stack) -> float:
    """Returns the time of summing gradients of so many parameters over their copies, in a ring."""
    if copies <= 1 or not own:
        return 0.0
    if chip.link is None and not chip.unrated:
        raise UsageError(f"{chip.chip}: unknown, for its sheet has no {WORDS['link']}")
    promised = rates(chip, Precision("bf16", 2.0, "bf16"), Parallel(tp=2))
    within = float(carried(promised.link, promised.pair, copies))
    wire = within if split.chips <= NODE else min(promised.link, promised.network)
    return float(2 * (copies - 1) / copies * own * ACTIVATION / (stack.link * wire))


def _timed(name: str, resource: str, seconds: Array) -> Timed:
    none = np.zeros_like(seconds)
    told = {key: seconds if key == resource else none for key in ("compute", "memory", "link")}
    return Timed(name, **told, seconds=seconds)
