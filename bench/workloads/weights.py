"""The weights of a layer's parts by name.

A matrix is outputs x inputs, as a linear layer keeps it; products of one input are one.
"""

from bench.workloads.model import Compressed, Experts, Mla, Workload

Shapes = dict[str, tuple[int, ...]]


def grouped(workload: Workload) -> Shapes:
    """Returns the weights of attention with heads of keys and values."""
    rows = (workload.heads + 2 * workload.kv_heads) * workload.head_dim
    out = (workload.hidden, workload.heads * workload.head_dim)
    queries, keys = (
        (workload.heads, workload.kv_heads) if workload.qk_norm_over == "heads" else (1, 1)
    )
    more: Shapes = {
        "qkv_bias": (rows,) if workload.qkv_bias else (),
        "o_bias": (workload.hidden,) if workload.o_bias else (),
        "q_norm": (queries * workload.head_dim,) if workload.qk_norm else (),
        "k_norm": (keys * workload.head_dim,) if workload.qk_norm else (),
        "sinks": (workload.heads,) if workload.sinks else (),
    }
    had = {name: shape for name, shape in more.items() if shape}
    return {"qkv": (rows, workload.hidden), **had, "o": out}


def latent(workload: Workload, mla: Mla) -> Shapes:
    """Returns those of multi-head latent attention."""
    return {
        "q_a": (mla.q_lora, workload.hidden),
        "q_a_norm": (mla.q_lora,),
        "q_b": (workload.heads * (mla.nope + mla.rope), mla.q_lora),
        "kv_a": (mla.kv_lora + mla.rope, workload.hidden),
        "kv_a_norm": (mla.kv_lora,),
        "kv_b": (workload.heads * (mla.nope + mla.v), mla.kv_lora),
        "o": (workload.hidden, workload.heads * mla.v),
    }


def compressed(workload: Workload, one: Compressed) -> Shapes:
    """Returns those of attention to a window and to compressed keys."""
    wide = workload.heads * workload.head_dim
    sinks: Shapes = {"sinks": (workload.heads,)} if workload.sinks else {}
    return {
        "q_a": (one.q_lora, workload.hidden),
        "q_a_norm": (one.q_lora,),
        "q_b": (wide, one.q_lora),
        "kv_a": (workload.head_dim, workload.hidden),
        "kv_norm": (workload.head_dim,),
        **sinks,
        "o_a": (one.o_groups * one.o_lora, wide // one.o_groups),
        "o_b": (workload.hidden, one.o_groups * one.o_lora),
    }


def folding(workload: Workload, head: int, per: int, doubled: int = 1) -> Shapes:
    """Returns what makes one key of several tokens: keys, weights, places, a norm."""
    return {
        "fold_kv": (doubled * head, workload.hidden),
        "fold_gate": (doubled * head, workload.hidden),
        "fold_places": (per * doubled * head,),
        "fold_norm": (head,),
    }


def streams(workload: Workload) -> Shapes:
    """Returns what mixes n hidden states for attention and for the block: n * (n + 2) sums each."""
    n = workload.streams
    if n == 1:
        return {}
    mixed = (n * (n + 2), n * workload.hidden)
    return {"streams_attention": mixed, "streams_mlp": mixed, "streams_bias": (2 * (mixed[0] + 3),)}


def last_streams(workload: Workload) -> int:
    """Returns the parameters that make one of the hidden states before the head."""
    n = workload.streams
    return n * n * workload.hidden + n + 1 if n > 1 else 0


def plain(workload: Workload, name: str = "", width: int = 0) -> Shapes:
    """Returns those of a plain block, or of the experts that all tokens pass through."""
    width = width or workload.intermediate or 0
    first = ("gate_up", 2 * width) if workload.activation == "silu" else ("up", width)
    return {
        f"{name}{first[0]}": (first[1], workload.hidden),
        f"{name}down": (workload.hidden, width),
    }


def experts(workload: Workload, experts: Experts) -> Shapes:
    """Returns those of a mixture of experts."""
    width = experts.intermediate
    bias: Shapes = {"router_bias": (experts.routed,)} if experts.router_bias else {}
    if experts.bias:
        bias["experts_gate_up_bias"] = (experts.routed, 2 * width)
        bias["experts_down_bias"] = (experts.routed, workload.hidden)
    shared = plain(workload, "shared_", experts.shared * width) if experts.shared else {}
    return {
        "router": (experts.routed, workload.hidden),
        **bias,
        "experts_gate_up": (experts.routed, 2 * width, workload.hidden),
        "experts_down": (experts.routed, workload.hidden, width),
        **shared,
    }
