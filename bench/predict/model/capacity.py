"""Whether a model fits in chips' memory: weights, cache and what software reserves."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from bench.predict.model.attention import kept_heads, replicated
from bench.predict.model.facts import Facts
from bench.predict.model.linearattention import chip_state_bytes
from bench.predict.model.operators import ACTIVATION
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.model.recipe import Recipe
from bench.workloads import linear
from bench.workloads.counts import (
    NO_PRODUCT,
    ROUTED,
    attention_shapes,
    kv_sequence_bytes,
    layer_parameters,
    layer_shapes,
    parameters,
    some_layers,
)
from bench.workloads.model import Workload
from bench.workloads.weights import Shapes

RESERVED_B, RESERVED_SHARE = 3.5e9, 0.10
"""Bytes that an engine reserves for contexts, workspaces and activations, and the share of memory
that it leaves free of weights and cache. A rule of thumb that engines' defaults follow."""
TRAINED, STATES = 6.0, 12.0
"""Bytes per parameter in mixed-precision training with Adam. Every chip that holds the parameter
keeps 2 for the weight and 4 for the gradient; 4 for the master weight and 8 for the moments are
sharded over the copies (Rajbhandari et al. 2020, ZeRO, arXiv 1910.02054, 3.1, stage 1, with
gradients in 32 bits)."""
NARROW_TRAINED, NARROW_STATES = 4.0, 8.0
"""The same with gradients and moments in 16 bits (moments: DeepSeek-V3, arXiv 2412.19437, 3.3.3;
torch's and Megatron's optimisers offer both)."""

GATHERED = 6.0
"""Bytes per parameter of a layer that sharded copies gather: 2 for its weight, 2 for that of the
next one, which is gathered ahead, 2 for its gradient (Zhao et al. 2023, FSDP, arXiv 2304.11277)."""


@dataclass(frozen=True)
class Room:
    """Use of one chip's memory, in bytes.

    Attributes:
        capacity: memory that programs find; None if unknown.
        weights: the model's weights on one chip; in training with gradients and optimiser states.
        cache: key-value cache of one sequence on one chip, and its states of linear attention.
        reserved: memory reserved for the engine.
        sequences: number of sequences per copy of the model.
        activations: activations that training keeps for the backward pass.
    """

    capacity: float | None
    weights: float
    cache: float
    reserved: float
    sequences: float
    activations: float = 0.0

    @property
    def free(self) -> float | None:
        """Returns the bytes left over; negative if the model does not fit, None if unknown."""
        if self.capacity is None:
            return None
        used = self.weights + self.activations + self.cache * self.sequences
        return self.capacity - used - self.reserved

    @property
    def fits(self) -> bool | None:
        """Tells whether model and sequences fit; None if the capacity is unknown."""
        return None if self.free is None else self.free >= 0

    @property
    def tight(self) -> bool:
        """Tells whether it fits only by leaving less than ``RESERVED_SHARE`` of the memory free."""
        if self.free is None or self.capacity is None:
            return False
        return self.free < 0 <= self.free + RESERVED_SHARE * self.capacity

    @property
    def word(self) -> str | None:
        """Returns ``fits``, ``tight`` or ``no``; None if the capacity is unknown."""
        if self.fits is None:
            return None
        return "tight" if self.tight else "fits" if self.fits else "no"

    @property
    def max_sequences(self) -> int | None:
        """Returns the most sequences that fit; None if the capacity is unknown."""
        return None if self.capacity is None else self._sequences(self.capacity - self.reserved)

    @property
    def max_sequences_if_full(self) -> int | None:
        """Returns the most sequences that fit if no share of the memory is left free."""
        if self.capacity is None:
            return None
        return self._sequences(self.capacity * (1 + RESERVED_SHARE) - self.reserved)

    def _sequences(self, usable: float) -> int:
        left = usable - self.weights - self.activations
        return max(0, math.floor(left / self.cache)) if self.cache else 0


def room(  # noqa: PLR0913, PLR0917 -- chip, workload and stack kept apart
    chip: Facts,
    workload: Workload,
    formats: Precision,
    split: Parallel,
    sequences: float,
    length: int,
    recipe: Recipe | None = None,
) -> Room:
    """Returns how a model and its cache fill a chip.

    Args:
        chip: with its memory capacity.
        workload: the model.
        formats: number formats of weights and cache.
        split: how the model is divided over chips.
        sequences: number of sequences in total, divided over ``dp``.
        length: tokens of each sequence at its longest.
        recipe: for training, which keeps gradients, moments and activations instead of a cache.
    """
    reserved = RESERVED_B + RESERVED_SHARE * (chip.capacity or 0.0)
    per_copy = sequences / split.dp
    if recipe:
        states = trained_bytes(workload, split, narrow=recipe.narrow)
        saved = activations(workload, split, recipe, length, per_copy)
        return Room(chip.capacity, states, 0.0, reserved, per_copy, saved)
    keys = kv_sequence_bytes(workload, length, int(formats.cache)) / kept_heads(workload, split.tp)
    states = chip_state_bytes(workload, split.tp)
    cache = (keys + states) * largest_stage(workload, split)
    return Room(chip.capacity, weight_bytes(workload, formats, split), cache, reserved, per_copy)


def trained_bytes(workload: Workload, split: Parallel, *, narrow: bool = False) -> float:
    """Returns the bytes of weights, gradients and optimiser states on one chip.

    Copies that gather sharded weights hold the largest unit whole: a layer, or the head.
    """
    dense, routed = chip_parameters(workload, split)
    dense_copies, routed_copies = replicas(split)
    shard = dense / dense_copies + routed / routed_copies
    trained, states = (NARROW_TRAINED, NARROW_STATES) if narrow else (TRAINED, STATES)
    if not split.gathers:
        return trained * (dense + routed) + states * shard
    unit = max(_layer_parameters(workload, split), parameters(workload).head / split.tp)
    return (trained + states) * shard + GATHERED * unit


def _layer_parameters(workload: Workload, split: Parallel) -> float:
    """Returns the parameters of a layer on one chip, for the kind that most layers are."""
    shapes = layer_shapes(workload)
    routed = sum(math.prod(shapes[name]) for name in ROUTED if name in shapes)
    held = routed * _redundancy(workload, split) / split.shards
    return (layer_parameters(workload) - routed) / split.tp + held


def replicas(split: Parallel) -> tuple[float, float]:
    """Returns how many chips train the same weights: those outside routed experts, and inside."""
    copies = float(split.dp * split.cp)
    return copies, max(1.0, split.tp * copies / split.shards)


def largest_stage(workload: Workload, split: Parallel, parts: float = 1.0) -> float:
    """Returns the share of the layers in the pipeline stage that has the most.

    Args:
        workload: the model.
        split: with the number of stages.
        parts: number of parts of whole layers that an interleaved stage is divided into.
    """
    return parts * math.ceil(workload.layers / (split.pp * parts)) / workload.layers


def activations(
    workload: Workload, split: Parallel, recipe: Recipe, length: int, sequences: float
) -> float:
    """Returns the bytes of activations that one chip keeps for the backward pass, in 16 bits.

    These are the inputs and outputs of each product, for as many micro-batches as are in flight in
    the first stage of a pipeline: as many as there are stages, and more if they are interleaved
    (Narayanan et al. 2021, arXiv 2104.04473, 2.2). With recomputation, they are the input of each
    layer, and the activations of one layer. The logits and their gradient are added. Scores of
    attention are never kept: flash attention computes them again by itself, so that selective
    recomputation of attention saves nothing (Megatron Bridge, Activation Recomputation).

    Args:
        workload: the model.
        split: how the model is divided over chips.
        recipe: how a copy processes its sequences.
        length: tokens of each sequence.
        sequences: number of sequences per copy and step.
    """
    rounds = max(1, math.ceil(sequences / recipe.micro))
    depth = split.pp + (split.pp - 1) / recipe.stages if recipe.stages > 1 else float(split.pp)
    tokens = recipe.micro * length / split.cp / split.tp
    elements, in_flight = activation_elements(workload), min(float(rounds), depth)
    share = largest_stage(workload, split, recipe.stages) * in_flight
    if recipe.recompute >= 1:
        width = workload.streams * workload.hidden
        kept = share * width * workload.layers + elements / workload.layers
    else:
        kept = share * elements
    return ACTIVATION * tokens * (kept + 2 * workload.vocabulary)


def activation_elements(workload: Workload) -> float:
    """Returns the elements per token that enter and leave the products of all layers."""
    experts = workload.experts
    routed = experts.per_token if experts else 1
    each = sum(
        (routed if name in ROUTED else 1) * (shape[-1] + shape[-2])
        for name, shape in layer_shapes(workload).items()
        if name not in NO_PRODUCT and len(shape) > 1
    )
    some = sum(layers * _ends(shapes) for layers, shapes in some_layers(workload))
    beyond = _ends(linear.shapes(workload)) - _ends(attention_shapes(workload))
    return float(each * workload.layers + some + linear.layers(workload) * beyond)


def _ends(shapes: Shapes) -> int:
    """Returns the elements that enter and leave products with some weights."""
    return sum(sum(shape) for shape in shapes.values() if len(shape) > 1)


def chip_parameters(workload: Workload, split: Parallel) -> tuple[float, float]:
    """Returns the parameters on one chip: those outside routed experts, and those inside."""
    counted, share = parameters(workload), largest_stage(workload, split)
    routed = _routed(workload)
    held = routed * _redundancy(workload, split)
    return (counted.total - routed) * share / split.tp, held * share / split.shards


def _redundancy(workload: Workload, split: Parallel) -> float:
    """Returns how often a routed expert is held by the chips of one set, on average."""
    experts = workload.experts
    return split.expert_slots(experts.routed) / experts.routed if experts else 1.0


def _routed(workload: Workload) -> int:
    """Returns the parameters of all routed experts."""
    if workload.experts is None:
        return 0
    shapes = layer_shapes(workload)
    layers = workload.layers - workload.experts.dense_layers
    return layers * sum(math.prod(shapes[name]) for name in ROUTED)


@lru_cache(maxsize=1024)
def weight_bytes(workload: Workload, formats: Precision, split: Parallel) -> float:
    """Returns the bytes of weights on one chip, with embedding and head in 16 bits."""
    counted, routed = parameters(workload), _routed(workload)
    extra = split.tp * workload.layers * replicated(workload, split.tp)
    dense = counted.non_embedding - routed + extra
    ends = ACTIVATION * (counted.total - counted.non_embedding)
    held = routed * _redundancy(workload, split) * formats.weight
    size = (dense * formats.dense_weight + ends) / split.tp + held / split.shards
    return size * largest_stage(workload, split)


def least_chips(  # noqa: PLR0913, PLR0917 -- chip, workload and stack kept apart
    chip: Facts,
    workload: Workload,
    formats: Precision,
    split: Parallel,
    sequences: float,
    length: int,
) -> int | None:
    """Returns the fewest chips that hold what ``room`` counts, of the splits in ``widths``."""
    for wider in widths(workload, split):
        if room(chip, workload, formats, wider, sequences, length).fits:
            return wider.chips
    return None


def widths(workload: Workload, split: Parallel) -> list[Parallel]:
    """Returns the split with ``tp`` = 1, 2, 4, ..., as far as it divides the model's heads."""
    found = [replace(split, tp=2**power) for power in range(9)]
    return [one for one in found if workload.heads % one.tp == 0 and one.tp * one.dp % one.ep == 0]
