"""How a copy of a model processes its share of a batch in training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How a copy processes its sequences.

    Attributes:
        micro: sequences per micro-batch.
        stages: number of parts that a pipeline stage's layers are divided into (interleaved).
        recompute: share of the layers' products that the backward pass recomputes; at 1 it
            recomputes attention, too.
        narrow: whether gradients and Adam's moments are stored in 16 bits instead of 32.
    """

    micro: float = 1.0
    stages: float = 1.0
    recompute: float = 0.0
    narrow: bool = False


PLAIN = Recipe()
"""Micro-batches of one sequence, no recomputation."""
