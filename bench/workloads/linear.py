"""Layers, state, FLOP and bytes of linear attention (Gated DeltaNet), as whole numbers.

A prompt is computed in chunks of ``CHUNK`` tokens, and a decoded token by the recurrence (Yang et
al. 2024, arXiv 2412.06464). Of both only products are counted, and neither the convolution nor the
solution of each chunk's triangular system: together about 1%.
"""

from math import prod

from bench.workloads import weights
from bench.workloads.model import Linear, Workload
from bench.workloads.weights import Shapes

CHUNK = 64
"""Tokens per chunk (flash-linear-attention, ``gated_delta_rule/chunk.py``)."""
STATE, ITEM = 4, 2
"""Bytes per element of a state, kept in 32 bits (``mamba_ssm_dtype`` of published configurations),
and of what prefill writes and reads, and of the tokens that the convolution keeps, in 16."""


def layers(workload: Workload) -> int:
    """Returns the number of layers with linear attention."""
    return workload.linear.layers if workload.linear else 0


def other_layers(workload: Workload) -> int:
    """Returns the number of layers that attend to cached keys."""
    return workload.layers - layers(workload)


def shapes(workload: Workload) -> Shapes:
    """Returns the weights of one layer's linear attention; none without it."""
    return weights.linear(workload, workload.linear) if workload.linear else {}


def products(workload: Workload) -> int:
    """Returns the elements of one layer's linear attention that each token is multiplied by."""
    return sum(prod(shape) for shape in shapes(workload).values() if len(shape) > 1)


def parameters_beyond(workload: Workload, attention: Shapes) -> int:
    """Returns the parameters of one layer's linear attention beyond those of other attention."""
    return sum(map(prod, shapes(workload).values())) - sum(map(prod, attention.values()))


def channels(one: Linear) -> int:
    """Returns the elements of queries, keys and values of a token, which the convolution mixes."""
    return 2 * one.key_heads * one.key_dim + one.value_heads * one.value_dim


def state_bytes(workload: Workload) -> int:
    """Returns the bytes that all layers keep of one sequence, whatever its length.

    These are the states, and what the convolution has yet to see of the last tokens.
    """
    one = workload.linear
    if one is None:
        return 0
    states = one.value_heads * one.key_dim * one.value_dim
    return one.layers * (STATE * states + ITEM * (one.kernel - 1) * channels(one))


def token_flop(one: Linear, *, prefill: bool) -> int:
    """Returns the FLOP per token of one layer.

    A decoded token reads the state twice, with its key and with its query, and writes it. In a
    chunk, states are read and written alike, but for all its tokens at once. In addition, its keys
    are multiplied by keys and by queries, and the resulting C x C matrices by keys and values:
    three products with the size of a key, two with that of a value.
    """
    within = CHUNK * (3 * one.key_dim + 2 * one.value_dim) if prefill else 0
    return 2 * one.value_heads * (3 * one.key_dim * one.value_dim + within)


def chunk_bytes(one: Linear) -> int:
    """Returns the bytes per token that one layer writes and reads between the kernels of a prefill.

    As in ``chunk_gated_delta_rule_fwd`` of flash-linear-attention, per value head: queries, values
    and outputs (once each), keys (4 times), rescaled keys, rescaled and corrected values (written
    and read), the C x C matrix of keys by keys (written and read in 32 bits, then in 16), and each
    chunk's state (written and read).
    """
    elements = 7 * one.key_dim + 6 * one.value_dim + 6 * CHUNK
    states = 2 * one.key_dim * one.value_dim // CHUNK
    return ITEM * one.value_heads * (elements + states)
