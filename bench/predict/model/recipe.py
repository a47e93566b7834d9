"""How a copy of a model works off its share of a batch in training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How a copy works off its sequences.

    Attributes:
        micro: sequences that pass at once.
        stages: parts of its layers that a chip of a pipeline takes in turn (interleaved).
        recompute: share of the layers' products that backward does again: 1 of all, attention too.
        narrow: whether gradients and Adam's moments are kept in 16 bits instead of 32.
    """

    micro: float = 1.0
    stages: float = 1.0
    recompute: float = 0.0
    narrow: bool = False


PLAIN = Recipe()
"""One sequence at a time, everything kept."""
