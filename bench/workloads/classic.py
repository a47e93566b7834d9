"""Readers of decoders with ungated blocks and layer norms: MPT, OPT and Falcon."""

from bench.workloads.given import Given

Fields = dict[str, object]
"""Fields of a workload by name."""
LAYERS = 10**4
FIRST_POSITION = 2
"""Embeddings of positions before the first token's (``OPTLearnedPositionalEmbedding``)."""


def mpt(given: Given) -> Fields:
    """Returns the fields of an MPT with ALiBi and without biases."""
    attention = given.part("attn_config")
    attention.never("qk_ln", "kv_n_heads", "rope", "sliding_window_size")
    attention.only("attn_type", "multihead_attention")
    if not attention.yes("alibi") or not given.yes("no_bias", default=True):
        raise given.refused("an MPT without alibi or with biases is not understood")
    hidden, heads = given.whole("d_model"), given.whole("n_heads")
    given.any_of("learned_pos_emb")
    return {
        "layers": given.whole("n_layers", most=LAYERS), "hidden": hidden, "heads": heads,
        "kv_heads": heads, "head_dim": _head(given, hidden, heads, "d_model"),
        "intermediate": hidden * given.whole("expansion_ratio", most=1000),
        "vocabulary": given.whole("vocab_size"), "context": given.whole("max_seq_len"),
        "activation": "gelu", "norm_eps": given.number("layer_norm_epsilon", default=1e-5),
        "tied_embeddings": given.yes("tie_word_embeddings", default=True), "qkv_bias": False,
    }  # fmt: skip


def opt(given: Given) -> Fields:
    """Returns the fields of an OPT with norms before attention and block."""
    hidden, heads = given.whole("hidden_size"), given.whole("num_attention_heads")
    given.only("do_layer_norm_before", True)  # noqa: FBT003 -- the value that is allowed
    given.only("layer_norm_elementwise_affine", True)  # noqa: FBT003 -- the same
    given.only("word_embed_proj_dim", hidden)
    given.only("activation_function", "relu")
    given.never("_remove_final_layer_norm")
    biased, context = given.yes("enable_bias", default=True), given.whole("max_position_embeddings")
    return {
        "layers": given.whole("num_hidden_layers", most=LAYERS), "hidden": hidden, "heads": heads,
        "kv_heads": heads, "head_dim": _head(given, hidden, heads, "hidden_size"),
        "intermediate": given.whole("ffn_dim"), "vocabulary": given.whole("vocab_size"),
        "context": context, "positions": context + FIRST_POSITION, "activation": "relu",
        "mlp_bias": biased, "qkv_bias": biased, "o_bias": biased, "norm_eps": 1e-5,
        "norm_bias": True, "tied_embeddings": given.yes("tie_word_embeddings", default=True),
    }  # fmt: skip


def falcon(given: Given) -> Fields:
    """Returns the fields of a Falcon: attention and block side by side, few heads of keys."""
    hidden, heads = given.whole("hidden_size"), given.whole("num_attention_heads", "n_head")
    given.only("activation", "gelu")
    usual = given.any_of("model_type") == "RefinedWeb"  # as the first 40B is called
    newer = given.yes("new_decoder_architecture", default=usual)
    parallel = given.yes("parallel_attn", default=True)
    one, biased = given.yes("multi_query", default=True), given.yes("bias")
    kv = given.whole("num_kv_heads", "n_head_kv", default=heads)
    norms = given.whole("num_ln_in_parallel_attn", default=2 if newer else 1, most=2)
    alibi, base = given.yes("alibi"), given.number("rope_theta", default=10_000.0)
    return {
        "layers": given.whole("num_hidden_layers", "n_layer", most=LAYERS), "hidden": hidden,
        "heads": heads, "kv_heads": kv if newer else 1 if one else heads,
        "head_dim": _head(given, hidden, heads, "hidden_size"),
        "intermediate": given.whole("ffn_hidden_size", default=4 * hidden),
        "vocabulary": given.whole("vocab_size"), "activation": "gelu", "mlp_bias": biased,
        "context": given.whole("max_position_embeddings", default=2048),
        "norms": norms if parallel else 2, "norm_bias": True, "parallel": parallel,
        "norm_eps": given.number("layer_norm_epsilon", default=1e-5),
        "rope_theta": None if alibi else base, "qkv_bias": biased, "o_bias": biased,
        "tied_embeddings": given.yes("tie_word_embeddings", default=True),
    }  # fmt: skip


def _head(given: Given, hidden: int, heads: int, name: str) -> int:
    """Returns the elements of a head, which divide the hidden state evenly."""
    if hidden % heads and not given.lacking:
        named = "n_heads" if name == "d_model" else "num_attention_heads"
        raise given.refused(f"{named} {heads} do not divide {name} {hidden}")
    return max(1, hidden // heads)
