"""Work of linear attention on one chip, and what layers read and write between products.

Tensor parallelism divides value heads, and with them states, by whole heads.
"""

import math

from bench.predict.model.attention import Array, AttentionInput
from bench.predict.model.parallel import Parallel
from bench.workloads import linear
from bench.workloads.model import Workload


def kept_states(workload: Workload, tp: int) -> float:
    """Returns the factor by which ``tp`` divides states; 1 without linear attention."""
    if workload.linear is None:
        return 1.0
    heads = workload.linear.value_heads
    return heads / math.ceil(heads / tp)


def chip_state_bytes(workload: Workload, tp: int) -> float:
    """Returns the bytes of all layers' states of one sequence on one chip of ``tp``."""
    return linear.state_bytes(workload) / kept_states(workload, tp)


def recurrence(workload: Workload, inputs: AttentionInput, split: Parallel) -> tuple[Array, Array]:
    """Returns FLOP and bytes of all layers' linear attention on one chip, (points,) each.

    A decoded token reads and writes each state. A prompt writes it once, besides what its chunks
    write and read.
    """
    one, sequences = workload.linear, inputs.batch / split.dp
    if one is None:
        return 0.0 * sequences, 0.0 * sequences
    parts, states = kept_states(workload, split.tp), chip_state_bytes(workload, split.tp)
    tokens = sequences * inputs.length if inputs.prefill else sequences
    flop = one.layers * linear.token_flop(one, prefill=inputs.prefill) * tokens / parts
    if not inputs.prefill:
        return flop, 2 * states * sequences
    return flop, one.layers * linear.chunk_bytes(one) * tokens / parts + states * sequences


def streamed(workload: Workload) -> float:
    """Returns the elements per token that a layer's attention reads and writes between products.

    These are an average over all layers. Rotary embedding reads and writes what it turns. A gate
    and what it multiplies are read, and the product is written. With linear attention, the
    convolution reads and writes queries, keys and values, and the output is gated.
    """
    gated = 3 * workload.heads * workload.head_dim if workload.o_gate else 0
    elements = linear.other_layers(workload) * (2 * _rotated(workload) + gated)
    if one := workload.linear:
        gated = 3 * one.value_heads * one.value_dim
        elements += one.layers * (2 * linear.channels(one) + gated)
    return elements / workload.layers


def _rotated(workload: Workload) -> int:
    """Returns the elements of a token's queries and keys that rotary embedding turns."""
    if workload.rope_theta is None:
        return 0
    if workload.mla:
        return (workload.heads + 1) * workload.mla.rope
    return (workload.heads + workload.kv_heads) * (workload.rotary or workload.head_dim)
