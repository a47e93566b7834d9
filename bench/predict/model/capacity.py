"""Whether chips hold a model: weights, cache and what software keeps, beside the capacity."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from bench.predict.model.attention import kept_heads, replicated
from bench.predict.model.facts import Facts
from bench.predict.model.operators import ACTIVATION
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.model.recipe import Recipe
from bench.workloads.counts import (
    NO_PRODUCT,
    ROUTED,
    kv_sequence_bytes,
    layer_shapes,
    parameters,
    some_layers,
)
from bench.workloads.model import Workload

KEPT_B, KEPT_SHARE = 3.5e9, 0.10
"""What an engine keeps for itself: contexts, workspaces, activations; and the share of the memory
that is left free of weights and cache. A rule of thumb that engines' defaults follow."""
TRAINED, STATES = 6.0, 12.0
"""Bytes a parameter takes in mixed-precision training with Adam: 2 of the weight and 4 of the
gradient on every chip that holds it; 4 of the master weight and 8 of moments, spread over the
copies (Rajbhandari et al. 2020, ZeRO, arXiv 1910.02054, 3.1, stage 1, gradients in 32 bits)."""
NARROW_TRAINED, NARROW_STATES = 4.0, 8.0
"""The same with gradients and moments in 16 bits (DeepSeek-V3, arXiv 2412.19437, 3.3.3, of moments;
torch's and Megatron's optimisers offer both)."""


@dataclass(frozen=True)
class Room:
    """How a chip's memory is taken, in bytes.

    Attributes:
        capacity: published; None where unknown.
        weights: of the model, on one chip.
        cache: of one sequence, on one chip.
        kept: for the engine.
        sequences: asked for, on one chip's copy of the model.
        activations: that backward wants of a forward pass, in training.
    """

    capacity: float | None
    weights: float
    cache: float
    kept: float
    sequences: float
    activations: float = 0.0

    @property
    def free(self) -> float | None:
        """Returns what is left of the capacity; negative: it does not fit."""
        if self.capacity is None:
            return None
        taken = self.weights + self.activations + self.cache * self.sequences
        return self.capacity - taken - self.kept

    @property
    def fits(self) -> bool | None:
        """Tells whether the sequences fit; None where the capacity is unknown."""
        return None if self.free is None else self.free >= 0

    @property
    def tight(self) -> bool:
        """Tells whether it fits only where less than ``KEPT_SHARE`` of the memory is left free."""
        if self.free is None or self.capacity is None:
            return False
        return self.free < 0 <= self.free + KEPT_SHARE * self.capacity

    @property
    def word(self) -> str | None:
        """Returns ``fits``, ``tight`` or ``no``; None where the capacity is unknown."""
        if self.fits is None:
            return None
        return "tight" if self.tight else "fits" if self.fits else "no"

    @property
    def most(self) -> int | None:
        """Returns how many sequences fit."""
        return None if self.capacity is None else self._beside(self.capacity - self.kept)

    @property
    def squeezed(self) -> int | None:
        """Returns how many sequences fit where nothing of the memory is left free."""
        if self.capacity is None:
            return None
        return self._beside(self.capacity * (1 + KEPT_SHARE) - self.kept)

    def _beside(self, usable: float) -> int:
        left = usable - self.weights - self.activations
        return max(0, math.floor(left / self.cache)) if self.cache else 0


def room(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    chip: Facts,
    workload: Workload,
    how: Precision,
    split: Parallel,
    sequences: float,
    length: int,
    recipe: Recipe | None = None,
) -> Room:
    """Returns how a model and its cache fill a chip.

    Args:
        chip: with its capacity.
        workload: the model.
        how: formats.
        split: over how many chips.
        sequences: in all; divided over ``dp``.
        length: tokens of each at its longest.
        recipe: of training, which keeps gradients, moments and activations instead of a cache.
    """
    kept = KEPT_B + KEPT_SHARE * (chip.capacity or 0.0)
    each = sequences / split.dp
    if recipe:
        states = trained_bytes(workload, split, narrow=recipe.narrow)
        passed = activations(workload, split, recipe, length, each)
        return Room(chip.capacity, states, 0.0, kept, each, passed)
    size = {1.0: 1, 2.0: 2, 4.0: 4}[how.cache]
    whole = kv_sequence_bytes(workload, length, size) / kept_heads(workload, split.tp)
    cache = whole * stage(workload, split)
    return Room(chip.capacity, weight_bytes(workload, how, split), cache, kept, each)


def trained_bytes(workload: Workload, split: Parallel, *, narrow: bool = False) -> float:
    """Returns the bytes of weights, gradients and an optimiser's states on one chip."""
    rest, routed = held(workload, split)
    whole, copies = replicas(split)
    shared = rest / whole + routed / copies
    trained, states = (NARROW_TRAINED, NARROW_STATES) if narrow else (TRAINED, STATES)
    return trained * (shared if split.sharded else rest + routed) + states * shared


def replicas(split: Parallel) -> tuple[float, float]:
    """Returns how many chips train the same weights: outside of the routed experts, and in them."""
    whole = float(split.dp * split.cp)
    return whole, max(1.0, split.tp * whole / split.shards)


def stage(workload: Workload, split: Parallel, parts: float = 1.0) -> float:
    """Returns the share of the layers that the stage of a pipeline has that has most.

    Args:
        workload: with its layers.
        split: with the number of stages.
        parts: that a stage is taken in (interleaved), each of whole layers.
    """
    return parts * math.ceil(workload.layers / (split.pp * parts)) / workload.layers


def activations(
    workload: Workload, split: Parallel, recipe: Recipe, length: int, sequences: float
) -> float:
    """Returns the bytes that backward wants of a forward pass on one chip, all 16 bits wide.

    What goes into each product and comes out of it, of as many micro-batches as are under way in
    the first stage of a pipeline: as many as there are stages, and more where they are interleaved
    (Narayanan et al. 2021, arXiv 2104.04473, 2.2). With recomputation each layer's input, and one
    layer. The logits with their gradient.

    Args:
        workload: the model.
        split: over how many chips.
        recipe: how a copy works off its sequences.
        length: tokens of each.
        sequences: of a copy, in a step.
    """
    rounds = max(1, math.ceil(sequences / recipe.micro))
    deep = split.pp + (split.pp - 1) / recipe.stages if recipe.stages > 1 else float(split.pp)
    tokens = recipe.micro * length / split.cp / split.tp
    each, under_way = through(workload), min(float(rounds), deep)
    share = stage(workload, split, recipe.stages) * under_way
    if recipe.recompute >= 1:
        width = workload.streams * workload.hidden
        kept = share * width * workload.layers + each / workload.layers
    else:
        kept = share * each
    return ACTIVATION * tokens * (kept + 2 * workload.vocabulary)


def through(workload: Workload) -> float:
    """Returns the elements that go into the layers' products a token, and come out of them."""
    experts = workload.experts
    routed = experts.per_token if experts else 1
    each = sum(
        (routed if name in ROUTED else 1) * (shape[-1] + shape[-2])
        for name, shape in layer_shapes(workload).items()
        if name not in NO_PRODUCT and len(shape) > 1
    )
    some = sum(
        layers * sum(sum(shape) for shape in shapes.values() if len(shape) > 1)
        for layers, shapes in some_layers(workload)
    )
    return float(each * workload.layers + some)


def held(workload: Workload, split: Parallel) -> tuple[float, float]:
    """Returns the parameters on one chip: outside of the routed experts, and in them."""
    counted, share = parameters(workload), stage(workload, split)
    routed = _routed(workload)
    return (counted.total - routed) * share / split.tp, routed * share / split.shards


def _routed(workload: Workload) -> int:
    if workload.experts is None:
        return 0
    shapes = layer_shapes(workload)
    layers = workload.layers - workload.experts.dense_layers
    return layers * sum(math.prod(shapes[name]) for name in ROUTED)


@lru_cache(maxsize=1024)
def weight_bytes(workload: Workload, how: Precision, split: Parallel) -> float:
    """Returns the bytes of weights on one chip: embedding and head 16 bits wide."""
    counted, routed = parameters(workload), _routed(workload)
    rest = (
        counted.non_embedding - routed + split.tp * workload.layers * replicated(workload, split.tp)
    )
    ends = ACTIVATION * (counted.total - counted.non_embedding)
    shared = (rest * how.beside + ends) / split.tp + routed * how.weight / split.shards
    return shared * stage(workload, split)


def least_chips(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    chip: Facts,
    workload: Workload,
    how: Precision,
    split: Parallel,
    sequences: float,
    length: int,
    recipe: Recipe | None = None,
) -> int | None:
    """Returns the fewest chips that hold what ``room`` counts; see ``widths``."""
    most = sequences / (recipe.micro if recipe else 1.0)
    for wider in widths(workload, split, most):
        if room(chip, workload, how, wider, sequences, length, recipe).fits:
            return wider.chips
    return None


def widths(workload: Workload, split: Parallel, most: float = math.inf) -> list[Parallel]:
    """Returns the splits with ``tp`` doubled, as far as the model's heads divide by it.

    Where copies share their weights, the split with ever more of them, each with a sequence.

    Args:
        workload: the model.
        split: as it was asked for.
        most: copies that have a micro-batch.
    """
    if split.sharded:
        copies = (2**power for power in range(1, 13))
        every = [replace(split, dp=count) for count in copies if count <= most]
    else:
        every = [replace(split, tp=2**power) for power in range(9)]
    return [one for one in every if workload.heads % one.tp == 0 and one.tp * one.dp % one.ep == 0]
