"""Pipeline stages at work on several micro-batches at the same time.

Engines with pipeline parallelism keep as many micro-batches under way as there are stages (vLLM's
virtual engines, TensorRT-LLM's and Megatron's schedules), so that stages wait only while a pipeline
fills and drains, or if there is too little to share out. A micro-batch passes all stages one after
the other.
"""

import numpy as np

from bench.predict.model.operators import Array, Points
from bench.predict.model.parallel import Parallel

CHUNK = 8192
"""Prompt tokens that a copy processes in a step when prompts wait: the default of SGLang on H100,
H20 and H200 (server_args.py) and of vLLM's server on 70 GiB or more (engine/arg_utils.py). Each
step takes at least one whole prompt."""


def prompts_at_once(prompt: Array) -> Array:
    """Returns the number of prompts that a copy processes in a step (points,)."""
    return np.maximum(1.0, np.floor(CHUNK / prompt))


def micro_batches(phase: str, points: Points, split: Parallel) -> Array:
    """Returns the number of micro-batches that a copy's sequences are divided into (points,).

    In decode there are as many as stages if there are enough sequences; prompts are divided into
    steps of ``CHUNK`` tokens.
    """
    sequences = points.batch / split.dp
    if split.pp == 1:
        return np.ones_like(sequences, np.float64)
    if phase == "decode":
        return np.clip(sequences, 1.0, float(split.pp))
    return np.maximum(1.0, np.ceil(sequences / prompts_at_once(points.length)))


def micro_batch(phase: str, points: Points, split: Parallel) -> Points:
    """Returns one micro-batch of every copy."""
    count = micro_batches(phase, points, split)
    squares = None if points.squares is None else points.squares / count
    return Points(points.batch / count, points.length, squares)


def passes(phase: str, points: Points, split: Parallel) -> Array:
    """Returns the time of a step over that of one micro-batch through all stages (points,).

    In decode, all micro-batches get their token within one pass. Prompts follow one another, each
    micro-batch a stage behind the one before.
    """
    count = micro_batches(phase, points, split)
    if phase == "decode":
        return np.ones_like(count)
    return np.asarray((count + split.pp - 1) / split.pp)


def working(phase: str, points: Points, split: Parallel) -> Array:
    """Returns the share of a step's time in which a stage has work (points,)."""
    count = micro_batches(phase, points, split)
    return np.asarray(count / split.pp / passes(phase, points, split))
