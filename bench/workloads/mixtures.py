"""How configurations on Hugging Face tell feed-forward blocks: plain ones, mixtures of experts."""

from functools import partial

from bench.workloads.given import Given

Fields = dict[str, object]
"""Fields of a workload by name."""
MOST_SHARED = 1000
UNUSED = (
    "layernorm_full_attention_beta", "layernorm_linear_attention_beta", "layernorm_mlp_beta",
    "mlp_intermediate_size", "shared_moe_mode",
)  # fmt: skip
"""Fields of MiniMax-M2 that its architecture does not use."""


def dense(given: Given, layers: int) -> Fields:  # noqa: ARG001 -- as the other readers of blocks
    """Returns the width of the plain block of every layer."""
    return {"intermediate": given.whole("intermediate_size")}


def mixtral(given: Given, layers: int) -> Fields:  # noqa: ARG001 -- as the other readers of blocks
    """Returns experts in every layer, as in Mixtral: their width is ``intermediate_size``."""
    return _experts(given, "intermediate_size", "num_local_experts")


def gpt_oss(given: Given, layers: int) -> Fields:  # noqa: ARG001 -- as the other readers of blocks
    """Returns experts with biases in every layer, and that attention has sinks."""
    given.any_of("experts_per_token")
    width, routed = "intermediate_size", "num_local_experts"
    return {**_experts(given, width, routed, router_bias=True, bias=True), "sinks": True}


def olmoe(given: Given, layers: int) -> Fields:  # noqa: ARG001 -- as the other readers of blocks
    """Returns experts in every layer, as in OLMoE."""
    return _experts(given, "intermediate_size", "num_experts")


def ernie(given: Given, layers: int) -> Fields:
    """Returns experts as in ERNIE 4.5: in every layer of a range, or every so many-th."""
    step = given.whole("moe_layer_interval", default=1)
    first = given.whole("moe_layer_start_index", least=0, most=layers)
    last = given.whole("moe_layer_end_index", default=-1, least=-1)
    end = layers if last < 0 else min(last + 1, layers)
    count = sum((at + 1) % step == 0 for at in range(first, end))
    return _experts(
        given, "moe_intermediate_size", "moe_num_experts", layers - count, router_bias=True,
        shared=given.whole("moe_num_shared_experts", least=0, most=MOST_SHARED),
        per_token=given.whole("moe_k"),
    )  # fmt: skip


def minimax(given: Given, layers: int) -> Fields:
    """Returns experts in every layer, as in MiniMax-M2."""
    given.only("shared_intermediate_size", 0)
    given.only("attn_type_list", [1] * layers)
    given.only("qk_norm_type", "per_layer")
    given.any_of(*UNUSED)
    biased = given.yes("use_routing_bias", default=True)
    return _experts(given, "intermediate_size", "num_local_experts", router_bias=biased)


def qwen(given: Given, layers: int, **more: object) -> Fields:
    """Returns experts as in Qwen3: in every so many-th layer that is not plain.

    ``more`` are further fields of the mixture.
    """
    step, plain = given.whole("decoder_sparse_step", default=1), given.items("mlp_only_layers")
    count = sum(at in plain or (at + 1) % step != 0 for at in range(layers))
    routed = "num_experts" if "num_experts" in given.fields else "num_local_experts"
    return _experts(given, "moe_intermediate_size", routed, count, **more)


def qwen_shared(given: Given, layers: int) -> Fields:
    """Returns experts as in Qwen3-Next and Qwen3.5, with a shared one that a score scales."""
    width, shared = (
        given.whole(name) for name in ("moe_intermediate_size", "shared_expert_intermediate_size")
    )
    if not given.lacking and shared % width:
        raise given.refused(
            f"shared_expert_intermediate_size {shared}, no multiple of moe_intermediate_size "
            f"{width}, is not understood"
        )
    return qwen(given, layers, shared=max(1, shared // width), shared_gate=True)


def llama4(given: Given, layers: int) -> Fields:
    """Returns experts as in Llama 4: in every so many-th layer, and one that all tokens share."""
    step, listed = given.whole("interleave_moe_layer_step", default=1), given.items("moe_layers")
    plain = layers - (len(listed) or layers // step)
    width = given.whole("intermediate_size_mlp")
    found = _experts(given, "intermediate_size", "num_local_experts", plain, shared=1)
    return {**found, "intermediate": width if plain else None}


def hunyuan(given: Given, layers: int) -> Fields:
    """Returns experts as in Hy3: in all layers but the first, and shared ones."""
    plain = _plain_layers(given, layers, default=1)
    return _experts(
        given, "moe_intermediate_size", "num_experts", plain, router_bias=True,
        shared=given.whole("num_shared_experts", default=1, least=0, most=MOST_SHARED),
        scale=given.number("router_scaling_factor"),
    )  # fmt: skip


def deepseek_v4(given: Given, layers: int) -> Fields:
    """Returns experts in every layer, which a table selects in the first layers."""
    given.only("topk_method", "noaux_tc")
    return _experts(
        given, "moe_intermediate_size", "n_routed_experts", router_bias=True,
        shared=given.whole("n_shared_experts", least=0, most=MOST_SHARED),
        scale=given.number("routed_scaling_factor"),
        hashed=given.whole("num_hash_layers", least=0, most=layers),
    )  # fmt: skip


def _grouped(given: Given, layers: int, *, method: str, groups: int | None) -> Fields:
    """Returns experts as in DeepSeek and GLM-4.5; plain blocks if there are none.

    Args:
        given: the configuration.
        layers: number of layers.
        method: how experts are selected without a field.
        groups: number of groups without a field; None if it is needed.
    """
    if given.any_of("n_routed_experts") is None:
        return dense(given, layers)
    given.only("topk_method", "noaux_tc", "greedy", "group_limited_greedy")
    given.only("num_experts", given.whole("n_routed_experts"))
    method = str(given.any_of("topk_method") or method)
    grouped, chosen = (
        given.whole(name, default=1 if name in given.fields else groups)
        for name in ("n_group", "topk_group")
    )
    free = method == "greedy"
    return _experts(
        given, "moe_intermediate_size", "n_routed_experts", _plain_layers(given, layers, None),
        shared=given.whole("n_shared_experts", default=0, least=0, most=MOST_SHARED),
        scale=given.number("routed_scaling_factor", default=1.0),
        router_bias=method == "noaux_tc",
        groups=1 if free else grouped, groups_per_token=1 if free else chosen,
    )  # fmt: skip


deepseek_v2 = partial(_grouped, method="greedy", groups=None)
deepseek = partial(_grouped, method="noaux_tc", groups=None)
glm = partial(_grouped, method="noaux_tc", groups=1)


def _plain_layers(given: Given, layers: int, default: int | None) -> int:
    """Returns the number of layers that have a plain block."""
    found = {
        "mlp_layer_types": [one == "dense" for one in given.items("mlp_layer_types")],
        "moe_layer_freq": [],
    }
    given.any_of("moe_layer_freq")
    if isinstance(frequency := given.fields.get("moe_layer_freq"), list):
        found["moe_layer_freq"] = [one == 0 for one in frequency]
    else:
        given.only("moe_layer_freq", 1)
    for name, flags in found.items():
        if len(flags) not in (0, layers):
            raise given.refused(f"{name} of {len(flags)} layers, where {layers} are, is wrong")
        if flags:
            given.any_of("first_k_dense_replace")
            return sum(flags)
    return given.whole("first_k_dense_replace", default=default, least=0, most=layers)


def _experts(given: Given, width: str, routed: str, plain: int = 0, **more: object) -> Fields:
    """Returns the mixture of experts, and the width of the plain blocks of other layers.

    Args:
        given: the configuration.
        width: the field with the width of an expert.
        routed: the field with the number of experts.
        plain: number of layers with a plain block.
        more: further fields of the mixture.
    """
    given.any_of("intermediate_size")
    chosen = {} if "per_token" in more else {"per_token": given.whole("num_experts_per_tok")}
    return {
        "intermediate": given.whole("intermediate_size") if plain else None,
        "experts": {
            "routed": given.whole(routed), "shared": 0, "intermediate": given.whole(width),
            "dense_layers": plain, **chosen, **more,
        },
    }  # fmt: skip
