"""A training step: what a chip does on its share of a batch, and how long it takes.

A copy of the model works off its sequences in micro-batches; in a pipeline the stages wait for the
first and after the last one. Every product is done three times over, forward and for two gradients;
attention's backward does its scores again (Dao 2023, arXiv 2307.08691, 3.1.2: five products for the
forward's two). With recomputation each layer's forward is done once more. Gradients are summed over
the copies, and sharded weights are gathered, while products run: only what is longer is waited for
(Narayanan et al. 2021, arXiv 2104.04473; Zhao et al. 2023, arXiv 2304.11277).
"""

from dataclasses import dataclass, replace

import numpy as np

from bench.predict.capacity import held, through
from bench.predict.facts import Facts
from bench.predict.operators import ACTIVATION, Array, Operator, Points, operator, operators
from bench.predict.parallel import Parallel
from bench.predict.precision import Precision
from bench.predict.recipe import PLAIN, Recipe
from bench.predict.stack import Stack
from bench.predict.step import Rates, Step, Timed, rates, timed
from bench.workloads.counts import parameters
from bench.workloads.model import Workload

PASSES = {"attention": 3.5, "link": 2.0}
"""Forward passes that a forward and a backward one take, by kind; all others take ``USUAL``."""
USUAL = 3.0
DISPATCH = 4 / 3
"""Bytes of a token to its experts and back, both in 16 bits, over those of serving."""
UPDATED = 16.0
"""Bytes that an optimiser step reads and writes a parameter."""
LOGIT = 8.0
"""Bytes a logit: written, read by the loss, and read and written as its gradient, in 16 bits."""
CAST = 4.0
"""Bytes an element that is made narrower for a product: read in 16 bits, written twice in 8."""
PERMUTED = 8.0
"""Bytes an element of a token that goes to an expert: gathered, and put back, in 16 bits."""
KIND = {
    "product": "product", "head": "product", "experts": "experts", "attention": "attention",
    "stream": "stream", "link": "link", "layer": "fixed", "expert layer": "fixed",
}  # fmt: skip
"""By kind of operator, which factor of a ``Trainer`` it has."""


@dataclass(frozen=True)
class Trainer:
    """How well software trains: factors on the times that the stack of steps tells.

    Attributes:
        product: of products, forward and backward.
        experts: of those of routed experts.
        attention: of attention.
        stream: of norms, activations and casts.
        link: of collectives in a layer, which are hidden in part.
        fixed: of what lies between kernels, which queues hide.
        engines: log spread of engines about the middle one, for which the factors are.
    """

    product: float = 1.0
    experts: float = 1.0
    attention: float = 1.0
    stream: float = 1.0
    link: float = 1.0
    fixed: float = 1.0
    engines: float = 0.2


@dataclass(frozen=True)
class Taken:
    """What a step's work takes by the stack of steps, in s; arrays over the points.

    Attributes:
        micro: of one micro-batch, each operator with its factor's name in ``Trainer``.
        rounds, idle: as of ``Work``.
        gathered: in each round; ``gradients``, ``update``: once.
    """

    micro: tuple[tuple[str, Timed], ...]
    rounds: Array
    idle: Array
    gathered: Timed
    gradients: Timed
    update: Timed

    def step(self, trainer: Trainer) -> Step:
        """Returns the step, with what is hidden left out."""
        micro = [one.times(getattr(trainer, kind)) for kind, one in self.micro]
        round_ = np.asarray(np.sum([one.seconds for one in micro], axis=0))
        return Step(
            (
                *(one.times(self.rounds) for one in micro),
                _waited("pipeline's ends", self.idle * round_),
                _exposed(self.gathered, round_).times(self.rounds),
                _exposed(self.gradients, round_),
                self.update.times(trainer.stream),
            )
        )


def _waited(name: str, seconds: Array) -> Timed:
    none = np.zeros_like(seconds)
    return Timed(name, none, none, none, seconds, "stages")


def _exposed(one: Timed, beside: Array) -> Timed:
    """Returns a transfer's time beyond the products that run meanwhile."""
    return replace(one, seconds=np.maximum(one.seconds - beside, 0.0))


@dataclass(frozen=True)
class Work:
    """What one chip does in a step; arrays over the points.

    Attributes:
        every: operators of one micro-batch in its layers, all passes.
        rounds: micro-batches.
        idle: micro-batches that a pipeline's ends take beside them.
        once: weights gathered in a round, gradients over the copies, the optimiser's update.
        copies: chips that hold the same part of the model, or share it.
        apart: chips from one of them to the next: the size of a tensor-parallel group.
    """

    every: tuple[Operator, ...]
    rounds: Array
    idle: Array
    once: tuple[Operator, Operator, Operator]
    copies: Array
    apart: Array


def training(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    chip: Facts,
    workload: Workload,
    points: Points,
    how: Precision,
    split: Parallel,
    stack: Stack,
    recipe: Recipe = PLAIN,
    trainer: Trainer | None = None,
) -> Step:
    """Returns a training step over a batch.

    Args:
        chip: the facts.
        workload: the model.
        points: sequences of the whole batch, and their length.
        how: formats.
        split: how the model and the batch are divided.
        stack: of steps.
        recipe: how a copy works off its sequences.
        trainer: of training.

    Raises:
        UsageError: the sheet lacks a figure that this needs.
    """
    work = works(workload, points, how, split, recipe)
    spanned = replace(split, tp=2) if split.chips > 1 else split  # gradients need a link, too
    return taken(work, rates(chip, how, spanned), stack).step(trainer or Trainer())


def works(
    workload: Workload, points: Points, how: Precision, split: Parallel, recipe: Recipe
) -> Work:
    """Returns what a chip does in a step over a batch."""
    inner = replace(split, dp=split.dp * split.cp, cp=1)
    micro = np.asarray(recipe.micro * split.dp + 0 * points.batch)
    small = Points(micro, points.length)
    every = (
        *operators(workload, "prefill", small, how, inner),
        *_beside(workload, small, how, inner),
    )
    rounds = np.maximum(points.batch / micro, 1.0)
    return Work(
        every=tuple(_over(one, split, recipe) for one in every),
        rounds=rounds,
        idle=np.asarray((split.pp - 1) / recipe.stages + 0 * rounds),
        once=_once(workload, inner, rounds),
        copies=inner.dp + 0 * rounds,
        apart=inner.tp + 0 * rounds,
    )


def _once(
    workload: Workload, split: Parallel, rounds: Array
) -> tuple[Operator, Operator, Operator]:
    """Returns what copies send one another, and the update of the weights."""
    own, routed = held(workload, split)
    copies = split.tp * split.dp / split.shards
    sums = _ring(own, split.dp) + _ring(routed, copies)
    among = {"over": float(split.dp), "among": float(split.dp)}
    gathers, gradients = (1.5 * sums, 0.0) if split.sharded else (0.0, sums)
    return (
        operator("weights gathered", "link", rounds, sent=gathers, **among),
        operator("gradients over copies", "link", rounds, sent=gradients, **among),
        operator("optimiser", "stream", rounds, moved=UPDATED * (own / split.dp + routed / copies)),
    )


def _ring(elements: float, copies: float) -> float:
    """Returns the bytes that a chip sends to sum gradients of elements, and to hand them round."""
    return 2 * ACTIVATION * elements * max(copies - 1, 0.0) / max(copies, 1.0)


def _over(one: Operator, split: Parallel, recipe: Recipe) -> Operator:
    """Returns a forward pass's work as that of all passes, on one stage."""
    again = recipe.recompute if one.kind != "attention" else float(recipe.recompute >= 1)
    passes = PASSES.get(one.kind, USUAL) + (again if one.kind != "head" else 0.0)
    factor = passes * (DISPATCH if one.name == "all-to-all" else 1.0) / split.pp
    counts = {key: getattr(one, key) * factor for key in COUNTS}
    return replace(one, **counts)


COUNTS = ("flop", "weights", "moved", "sent", "calls")


def _beside(workload: Workload, small: Points, how: Precision, split: Parallel) -> list[Operator]:
    """Returns what a forward pass of training has beside one of a prompt."""
    rows = small.batch * small.length / split.dp
    others = rows - small.batch / split.dp
    kept = parameters(workload).head / split.tp
    told = [
        operator("head, every token", "head", others, tokens=rows, flop=2 * others * kept),
        operator(
            "loss", "stream", rows, moved=LOGIT / USUAL * rows * workload.vocabulary / split.tp
        ),
    ]
    if workload.experts:
        routed = workload.layers - workload.experts.dense_layers
        each = PERMUTED * workload.experts.per_token * workload.hidden * routed
        told.append(operator("tokens to experts", "stream", rows, moved=rows * each / split.tp))
    if how.rate not in ("bf16", "fp16", "fp32"):
        cast = CAST / USUAL * rows * through(workload) / split.tp
        told.append(operator("casts", "stream", rows, moved=cast))
    return told


def taken(work: Work, chip: Rates, stack: Stack) -> Taken:
    """Returns the times that the stack of steps tells of a step's work."""
    micro = timed(work.every, chip, stack).parts
    once = timed(work.once, _together(chip, work), stack).parts
    names = (KIND[one.kind] for one in work.every)
    return Taken(tuple(zip(names, micro, strict=True)), work.rounds, work.idle, *once)


def _together(chip: Rates, work: Work) -> Rates:
    """Returns rates as the copies' chips have them, which lie so far apart.

    What they sum enters and leaves a node by the ports of all of them that are there.
    """
    linked = chip.linked // work.apart
    inside = np.clip(work.copies, 1.0, np.maximum(linked, 1.0))
    return replace(chip, network=chip.network * inside, linked=linked)
