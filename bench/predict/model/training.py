"""The time of a training step: the work of ``trainwork`` on the stack that was fitted on steps.

Summing gradients over the copies and gathering sharded weights overlap with products, and passing
keys and values from chip to chip overlaps with attention (Narayanan et al. 2021, arXiv 2104.04473;
Zhao et al. 2023, arXiv 2304.11277; Liu et al. 2023, arXiv 2310.01889). Sums of activations within a
layer overlap with a part of its products, which engines split for that (Wang et al. 2023, DOI
10.1145/3567955.3567959). Only the time beyond the overlap counts.
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
from bench.predict.model.step import OperatorTime, Rates, Step, rates, timed
from bench.predict.model.trainwork import TrainingWork, training_work
from bench.workloads.model import Workload

KIND = {
    "product": "product", "head": "product", "experts": "experts", "attention": "attention",
    "indexer": "attention", "stream": "stream", "link": "link", "layer": "fixed",
    "expert layer": "fixed",
}  # fmt: skip
"""The factor of a ``Trainer`` that applies to each kind of operator."""
SUM, SUM_OVERLAP = "all-reduce", 0.3
"""Name of the sums of activations over the chips of a layer, and the share of a micro-batch's other
work with which they overlap. Between 0.2 and 1 it hardly changes the error on chips left out."""


@dataclass(frozen=True)
class Trainer:
    """How well software trains: factors on the times of the stack that was fitted on steps.

    Attributes:
        product: factor on products, forward and backward.
        experts: factor on products of routed experts.
        attention: factor on attention.
        stream: factor on norms, activations and casts.
        link: factor on collectives within a layer, which are partly overlapped.
        fixed: factor on launch overhead, which queues hide.
        slowest: log factor on a step's time for each doubling of the chips beyond one node, because
            all chips wait for the slowest.
        middle: mean of engines' log factors on a step's time, beyond the factors above.
        engines: standard deviation of engines' log factors about that mean.
        known: by name of a fitted engine, its log factor and the standard deviation of that.
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
        """Returns an engine's log factor and its standard deviation.

        For an engine that was not fitted or not named, these are the mean of engines and their
        spread.
        """
        return self.known.get(engine, (self.middle, self.engines))


@dataclass(frozen=True)
class TrainingTimes:
    """Times of a training step's work on the fitted stack, before a ``Trainer`` applies.

    Attributes:
        micro: operators of one micro-batch, each with the name of its factor in ``Trainer``.
        ring: exchange of keys and values, which attention overlaps.
        rounds, doublings, idle: as in ``TrainingWork`` (points,).
        gathered: gathering of weights, in each round.
        gradients: summing of gradients, once per step.
        update: the optimiser's update, once per step.
    """

    micro: tuple[tuple[str, OperatorTime], ...]
    ring: OperatorTime
    rounds: Array
    doublings: Array
    idle: Array
    gathered: OperatorTime
    gradients: OperatorTime
    update: OperatorTime

    def step(self, trainer: Trainer) -> Step:
        """Returns the time of the step, without what is overlapped."""
        scaled = [(kind, one.times(getattr(trainer, kind))) for kind, one in self.micro]
        attention_s = _sum(one for kind, one in scaled if kind == "attention")
        beside_s = SUM_OVERLAP * _sum(one for kind, one in scaled if kind != "link")
        micro = [
            *(_exposed(one, beside_s) if one.name == SUM else one for _, one in scaled),
            _exposed(self.ring, attention_s),
        ]
        micro_s = _sum(micro)
        parts = (
            *(one.times(self.rounds) for one in micro),
            _waiting("pipeline's ends", self.idle * micro_s),
            _exposed(self.gathered, micro_s).times(self.rounds),
            _exposed(self.gradients, micro_s),
            self.update.times(trainer.stream),
        )
        waiting_s = np.expm1(trainer.slowest * self.doublings) * _sum(parts)
        return Step((*parts, _waiting("slowest of many chips", waiting_s, "other chips")))


def _sum(times: Iterable[OperatorTime]) -> Array:
    """Returns the total time of operators, s (points,)."""
    return np.asarray(np.sum([one.seconds for one in times], axis=0))


def _waiting(name: str, seconds: Array, idle: str = "stages") -> OperatorTime:
    """Returns time in which no resource is busy, because ``idle`` is waited for."""
    zero = np.zeros_like(seconds)
    return OperatorTime(name, zero, zero, zero, seconds, idle)


def _exposed(transfer: OperatorTime, overlapped_s: Array) -> OperatorTime:
    """Returns a transfer with only the time beyond what overlaps with other work."""
    return replace(transfer, seconds=np.maximum(transfer.seconds - overlapped_s, 0.0))


def training(  # noqa: PLR0913, PLR0917 -- chip, workload and stack kept apart
    chip: Facts,
    workload: Workload,
    points: Points,
    formats: Precision,
    split: Parallel,
    stack: Stack,
    recipe: Recipe = PLAIN,
    trainer: Trainer | None = None,
) -> Step:
    """Returns the time of a training step over a batch.

    Args:
        chip: the facts of its sheet.
        workload: the model.
        points: sequences in the whole batch, and their length.
        formats: number formats.
        split: how the model and the batch are divided.
        stack: parameters fitted on steps.
        recipe: how a copy processes its sequences.
        trainer: factors fitted on training; all 1 if it is not given.

    Raises:
        UsageError: the sheet lacks a figure that this needs.
    """
    work = training_work(workload, points, formats, split, recipe)
    published = rates(chip, formats, linked=split.chips > 1)  # gradients need a link, too
    return training_times(work, published, stack).step(trainer or Trainer())


def training_times(work: TrainingWork, chip: Rates, stack: Stack) -> TrainingTimes:
    """Returns the times of a training step's work on the fitted stack."""
    micro = timed(work.micro, chip, stack).parts
    once = timed(work.once, _between_copies(chip, work), stack).parts
    names = (KIND[one.kind] for one in work.micro)
    (ring,) = timed((work.ring,), chip, stack).parts
    return TrainingTimes(
        tuple(zip(names, micro, strict=True)), ring, work.rounds, work.doublings, work.idle, *once
    )


def _between_copies(chip: Rates, work: TrainingWork) -> Rates:
    """Returns the rates for exchanges between copies, whose chips are ``stride`` apart.

    What they exchange enters and leaves a node through the ports of all copies' chips in it.
    """
    linked, node = chip.linked // work.stride, chip.node // work.stride
    in_node = np.clip(work.copies, 1.0, np.maximum(node, 1.0))
    return replace(chip, network=chip.network * in_node, linked=linked, node=node)
