"""How long a training step takes: the work of ``trainwork`` by the stack of steps.

Gradients are summed over the copies, and sharded weights are gathered, while products run, and keys
and values pass from chip to chip while attention does: only what is longer is waited for (Narayanan
et al. 2021, arXiv 2104.04473; Zhao et al. 2023, arXiv 2304.11277; Liu et al. 2023, arXiv
2310.01889).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.model.recipe import PLAIN, Recipe
from bench.predict.model.stack import Stack
from bench.predict.model.step import Rates, Step, Timed, rates, timed
from bench.predict.model.trainwork import Work, works
from bench.workloads.model import Workload

KIND = {
    "product": "product", "head": "product", "experts": "experts", "attention": "attention",
    "indexer": "attention", "stream": "stream", "link": "link", "layer": "fixed",
    "expert layer": "fixed",
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
        slowest: log by which each doubling of the chips beyond a node's makes a step longer: all
            wait for the slowest.
        middle: log by which the middle engine is slower than the factors say.
        engines: log spread of engines about the middle one.
        known: of engines that were fitted, the log by which one is slower than the factors say, and
            the standard deviation of that.
    """

    product: float = 1.0
    experts: float = 1.0
    attention: float = 1.0
    stream: float = 1.0
    link: float = 1.0
    fixed: float = 1.0
    slowest: float = 0.0
    middle: float = 0.0
    engines: float = 0.2
    known: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def of(self, engine: str) -> tuple[float, float]:
        """Returns by how much an engine is slower than the factors say, log, and its deviation.

        Of one that was not fitted, or that nobody named, it is the middle and all engines' spread.
        """
        return self.known.get(engine, (self.middle, self.engines))


@dataclass(frozen=True)
class Taken:
    """What a step's work takes by the stack of steps, in s; arrays over the points.

    Attributes:
        micro: of one micro-batch, each operator with its factor's name in ``Trainer``.
        round_: of keys and values, hidden by attention.
        rounds, doublings, idle: as of ``Work``.
        gathered: in each round; ``gradients``, ``update``: once.
    """

    micro: tuple[tuple[str, Timed], ...]
    round_: Timed
    rounds: Array
    doublings: Array
    idle: Array
    gathered: Timed
    gradients: Timed
    update: Timed

    def step(self, trainer: Trainer) -> Step:
        """Returns the step, with what is hidden left out."""
        told = [(kind, one.times(getattr(trainer, kind))) for kind, one in self.micro]
        attending = _sum(one for kind, one in told if kind == "attention")
        micro = [*(one for _, one in told), _exposed(self.round_, attending)]
        once = _sum(micro)
        parts = (
            *(one.times(self.rounds) for one in micro),
            _waited("pipeline's ends", self.idle * once),
            _exposed(self.gathered, once).times(self.rounds),
            _exposed(self.gradients, once),
            self.update.times(trainer.stream),
        )
        waited = np.expm1(trainer.slowest * self.doublings) * _sum(parts)
        return Step((*parts, _waited("slowest of many chips", waited, "other chips")))


def _sum(every: Iterable[Timed]) -> Array:
    return np.asarray(np.sum([one.seconds for one in every], axis=0))


def _waited(name: str, seconds: Array, idle: str = "stages") -> Timed:
    none = np.zeros_like(seconds)
    return Timed(name, none, none, none, seconds, idle)


def _exposed(one: Timed, beside: Array) -> Timed:
    """Returns a transfer's time beyond the products that run meanwhile."""
    return replace(one, seconds=np.maximum(one.seconds - beside, 0.0))


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
    """Returns the time of a training step over a batch.

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
    promised = rates(chip, how, linked=split.chips > 1)  # gradients need a link, too
    return taken(work, promised, stack).step(trainer or Trainer())


def taken(work: Work, chip: Rates, stack: Stack) -> Taken:
    """Returns the times that the stack of steps tells of a step's work."""
    micro = timed(work.every, chip, stack).parts
    once = timed(work.once, _together(chip, work), stack).parts
    names = (KIND[one.kind] for one in work.every)
    (round_,) = timed((work.round_,), chip, stack).parts
    return Taken(
        tuple(zip(names, micro, strict=True)), round_, work.rounds, work.doublings, work.idle, *once
    )


def _together(chip: Rates, work: Work) -> Rates:
    """Returns rates as the copies' chips have them, which lie so far apart.

    What they sum enters and leaves a node by the ports of all of them that are there.
    """
    linked, node = chip.linked // work.apart, chip.node // work.apart
    inside = np.clip(work.copies, 1.0, np.maximum(node, 1.0))
    return replace(chip, network=chip.network * inside, linked=linked, node=node)
