"""Shapes of the weights of a layer's parts, by name.

A matrix is outputs x inputs, as in a linear layer; products with the same input are merged.
"""

from bench.workloads.model import Compressed, Experts, Linear, Mla, Workload

Shapes = dict[str, tuple[int, ...]]
"""Shapes of weights, by name."""
NORMS = ("attention_norm", "mlp_norm", "attention_out_norm", "mlp_out_norm")
"""Norms of a layer, as far as it has them."""


def grouped(workload: Workload) -> Shapes:
    """Returns the weights of multi-head, grouped-query or multi-query attention.

    Gates of its output are rows of ``qkv``, as many as those of queries.
    """
    queries = (2 if workload.o_gate else 1) * workload.heads
    rows = (queries + 2 * workload.kv_heads) * workload.head_dim
    out = (workload.hidden, workload.heads * workload.head_dim)
    normed, keys = (
        (workload.heads, workload.kv_heads) if workload.qk_norm_over == "heads" else (1, 1)
    )
    optional: Shapes = {
        "qkv_bias": (rows,) if workload.qkv_bias else (),
        "o_bias": (workload.hidden,) if workload.o_bias else (),
        "q_norm": (normed * workload.head_dim,) if workload.qk_norm else (),
        "k_norm": (keys * workload.head_dim,) if workload.qk_norm else (),
        "sinks": (workload.heads,) if workload.sinks else (),
    }
    present = {name: shape for name, shape in optional.items() if shape}
    return {"qkv": (rows, workload.hidden), **present, "o": out}


def linear(workload: Workload, one: Linear) -> Shapes:
    """Returns the weights of linear attention (Gated DeltaNet).

    These project to queries, keys, values and gates, and to a decay and a writing strength per
    value head; mix tokens; hold two parameters of the decay per head; norm; and project out.
    """
    keys, values = one.key_heads * one.key_dim, one.value_heads * one.value_dim
    return {
        "linear_in": (2 * keys + 2 * values, workload.hidden),
        "linear_decay": (2 * one.value_heads, workload.hidden),
        "linear_mixing": ((2 * keys + values) * one.kernel,),
        "linear_rates": (2 * one.value_heads,),
        "linear_norm": (one.value_dim,),
        "linear_o": (workload.hidden, values),
    }


def latent(workload: Workload, mla: Mla) -> Shapes:
    """Returns the weights of multi-head latent attention (MLA)."""
    return {
        "q_a": (mla.q_lora, workload.hidden),
        "q_a_norm": (mla.q_lora,),
        "q_b": (workload.heads * (mla.nope + mla.rope), mla.q_lora),
        "kv_a": (mla.kv_lora + mla.rope, workload.hidden),
        "kv_a_norm": (mla.kv_lora,),
        "kv_b": (workload.heads * (mla.nope + mla.v), mla.kv_lora),
        "o": (workload.hidden, workload.heads * mla.v),
    }


def compressed(workload: Workload, attention: Compressed) -> Shapes:
    """Returns the weights of attention to a window and to compressed keys."""
    width = workload.heads * workload.head_dim
    sinks: Shapes = {"sinks": (workload.heads,)} if workload.sinks else {}
    return {
        "q_a": (attention.q_lora, workload.hidden),
        "q_a_norm": (attention.q_lora,),
        "q_b": (width, attention.q_lora),
        "kv_a": (workload.head_dim, workload.hidden),
        "kv_norm": (workload.head_dim,),
        **sinks,
        "o_a": (attention.o_groups * attention.o_lora, width // attention.o_groups),
        "o_b": (workload.hidden, attention.o_groups * attention.o_lora),
    }


def folding(workload: Workload, head: int, per: int, doubled: int = 1) -> Shapes:
    """Returns the weights that fold several tokens into one key: keys, gates, positions, a norm.

    Args:
        workload: the model.
        head: elements of the compressed key.
        per: tokens per compressed key.
        doubled: 2 if each key is made of twice as many tokens, else 1.
    """
    return {
        "fold_kv": (doubled * head, workload.hidden),
        "fold_gate": (doubled * head, workload.hidden),
        "fold_places": (per * doubled * head,),
        "fold_norm": (head,),
    }


def streams(workload: Workload) -> Shapes:
    """Returns the weights that mix n hidden states, n * (n + 2) sums for attention and block each.

    The result is empty for a single hidden state.
    """
    n = workload.streams
    if n == 1:
        return {}
    mixed = (n * (n + 2), n * workload.hidden)
    return {"streams_attention": mixed, "streams_mlp": mixed, "streams_bias": (2 * (mixed[0] + 3),)}


def last_streams(workload: Workload) -> int:
    """Returns the number of parameters that merge the hidden states into one before the head."""
    n = workload.streams
    return n * n * workload.hidden + n + 1 if n > 1 else 0


def norms(workload: Workload) -> Shapes:
    """Returns the weights of a layer's norms, each with its biases."""
    return {name: (norm_width(workload),) for name in NORMS[: workload.norms]}


def norm_width(workload: Workload) -> int:
    """Returns the number of weights and biases of a norm of the hidden state."""
    return (2 if workload.norm_bias else 1) * workload.hidden


def plain(workload: Workload, name: str = "", width: int = 0) -> Shapes:
    """Returns the weights of a plain feed-forward block, or of shared experts.

    Args:
        workload: the model.
        name: prefix of the names.
        width: width of the block; that of a plain block if it is not given.
    """
    width = width or workload.intermediate or 0
    up, rows = ("gate_up", 2 * width) if workload.gated else ("up", width)
    biased = workload.mlp_bias and not name
    bias: Shapes = {"mlp_bias": (rows + workload.hidden,)} if biased else {}
    return {
        f"{name}{up}": (rows, workload.hidden),
        f"{name}down": (workload.hidden, width),
        **bias,
    }


def experts(workload: Workload, experts: Experts) -> Shapes:
    """Returns the weights of a mixture of experts: router, biases, routed and shared experts."""
    width = experts.intermediate
    bias: Shapes = {"router_bias": (experts.routed,)} if experts.router_bias else {}
    if experts.bias:
        bias["experts_gate_up_bias"] = (experts.routed, 2 * width)
        bias["experts_down_bias"] = (experts.routed, workload.hidden)
    shared = plain(workload, "shared_", experts.shared * width) if experts.shared else {}
    if experts.shared_gate:
        shared["shared_gate"] = (1, workload.hidden)
    return {
        "router": (experts.routed, workload.hidden),
        **bias,
        "experts_gate_up": (experts.routed, 2 * width, workload.hidden),
        "experts_down": (experts.routed, workload.hidden, width),
        **shared,
    }
