"""What a table of training predictions says beneath it: memory, uneven batches, use of the peak."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.predict.forecast import Prediction
from bench.predict.scenario import Scenario
from bench.words import counted, listed

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
"""At most this many uneven batches, or chips with a larger micro-batch, are named."""


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


def micro_lines(found: Sequence[Prediction]) -> Iterator[str]:
    """Yields on which chips a larger micro-batch fits and is faster, the largest gain first."""
    larger = [(one.larger_micro, one.chip.chip) for one in found if one.larger_micro]
    larger.sort(key=lambda one: -one[0][1])
    named = [f"micro={micro} on {chip} ({gain - 1:.0%})" for (micro, gain), chip in larger]
    if more := named[MOST_NAMED:]:
        named[MOST_NAMED:] = [f"others on {counted(len(more), 'more chip')}, with smaller gains"]
    if named:
        yield f"A larger micro-batch fits, and trains faster: {listed(named)}."
