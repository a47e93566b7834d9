"""What a table of training predictions says beneath it: memory, uneven batches, use of the peak."""

from collections.abc import Iterator

import numpy as np

from bench.predict.scenario import Scenario
from bench.words import listed

MEMORY = (
    "Tokens are those of the batch; a step is forward, backward and update. MFU: three times the "
    "forward pass's FLOP, none of it recomputed, over the sheet's dense rate. Memory: weights, "
    "gradients, Adam's states sharded over the copies{}, activations kept for backward; gradients "
    "and moments in 32 bits unless states=bf16."
)
"""Explains the terms of the columns, with a place for what ``fsdp`` shards."""
FSDP = {
    True: " (with fsdp all three, but for the layer at work)",
    False: " (fsdp as dp: a pipeline's stages keep the weights that they gathered)",
}
"""What ``fsdp`` shards, by whether the copies gather weights anew for each micro-batch."""
MOST_NAMED = 3
"""At most this many uneven batches are named."""


def column_notes(scenario: Scenario) -> str:
    """Returns what the columns of training mean."""
    split = scenario.split
    return MEMORY.format(FSDP[split.gathers] if split.sharded else "")


def uneven_lines(scenario: Scenario) -> Iterator[str]:
    """Yields which batches leave copies without work in the last round of micro-batches."""
    each = int(scenario.recipe.micro) * scenario.split.dp
    uneven = [int(one) for one in np.unique(scenario.batch) if one % each]
    for batch in uneven[:MOST_NAMED]:
        full = -(-batch // each) * each
        yield (
            f"batch={batch} is no multiple of {each} (copies x micro-batch): the last round lacks "
            f"{full - batch}, and the step takes as long as that of batch={full}."
        )
    if more := uneven[MOST_NAMED:]:
        yield f"Nor are {listed(str(one) for one in more)}."
