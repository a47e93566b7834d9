"""The architectures of Hugging Face configurations that can be read, with what reads each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from bench.errors import UsageError
from bench.workloads import classic, latent, mixtures
from bench.workloads.families import (
    ALWAYS,
    BIASED,
    EPSILON,
    LAYERS,
    Family,
    Fields,
    common,
    ends,
    theta,
)
from bench.workloads.given import Given

Reader = Callable[[Given], Fields]
"""Returns the fields of ``Workload`` that a configuration tells."""


def mla(given: Given, block: Callable[[Given, int], Fields] = mixtures.deepseek) -> Fields:
    """Returns the fields of a model with multi-head latent attention: DeepSeek, Kimi K2, GLM-5."""
    layers, hidden, heads = common(given)
    given.never("attention_bias")
    given.only("layer_types", *([kind] * layers for kind in latent.KINDS))
    given.any_of("head_dim", "qk_head_dim", "num_key_value_heads")
    if "q_lora_rank" in given.fields and given.any_of("q_lora_rank") is None:
        raise given.refused("q_lora_rank null, queries without a latent, is not understood")
    given.only("hidden_act", "silu")
    sizes = {
        "q_lora": given.whole("q_lora_rank"), "kv_lora": given.whole("kv_lora_rank"),
        "nope": given.whole("qk_nope_head_dim"), "rope": given.whole("qk_rope_head_dim"),
        "v": given.whole("v_head_dim"),
    }  # fmt: skip
    return {
        "layers": layers, "hidden": hidden, "heads": heads, "kv_heads": heads,
        "head_dim": sizes["nope"] + sizes["rope"], **ends(given), "activation": "silu",
        "norm_eps": given.number("rms_norm_eps", default=EPSILON),
        "rope_theta": theta(given, 10_000.0),
        "qkv_bias": False, "mla": sizes, "indexer": latent.indexer(given, layers),
        **block(given, layers),
    }  # fmt: skip


def deepseek_v2(given: Given) -> Fields:
    """Returns the fields of a DeepSeek-V2, whose experts are selected otherwise than in V3."""
    return mla(given, mixtures.deepseek_v2)


def deepseek_v4(given: Given) -> Fields:
    """Returns the fields of a DeepSeek-V4."""
    layers, hidden, heads = common(given)
    given.never("attention_bias")
    given.only("num_key_value_heads", 1)
    given.only("hidden_act", "silu")
    return {
        "layers": layers, "hidden": hidden, "heads": heads, "kv_heads": 1,
        "head_dim": given.whole("head_dim"), **ends(given), "activation": "silu",
        "norm_eps": given.number("rms_norm_eps", default=EPSILON),
        "rope_theta": theta(given, 10_000.0),
        "rotary": given.whole("qk_rope_head_dim"), "qkv_bias": False, "sinks": True,
        "streams": given.whole("hc_mult"), **latent.compressed(given, layers),
        **mixtures.deepseek_v4(given, layers),
    }  # fmt: skip


def chatglm(given: Given) -> Fields:
    """Returns the fields of ChatGLM2, ChatGLM3 or GLM-4 as their maker's own code reads them."""
    given.never("add_bias_linear", "apply_residual_connection_post_layernorm")
    for field in ("multi_query_attention", "rmsnorm", "post_layer_norm", "original_rope"):
        given.only(field, True)  # noqa: FBT003 -- the value that is allowed
    heads, head = given.whole("num_attention_heads"), given.whole("kv_channels")
    layers = given.whole("num_layers", most=LAYERS)
    given.only("num_hidden_layers", layers)
    return {
        "layers": layers, "hidden": given.whole("hidden_size"), "heads": heads,
        "kv_heads": given.whole("multi_query_group_num"), "head_dim": head,
        "intermediate": given.whole("ffn_hidden_size"),
        "vocabulary": given.whole("padded_vocab_size"), "context": given.whole("seq_length"),
        "activation": "silu", "norm_eps": given.number("layernorm_epsilon", default=EPSILON),
        "rope_theta": 10_000.0 * given.number("rope_ratio", default=1.0), "rotary": head // 2,
        "tied_embeddings": given.yes("tie_word_embeddings"),
        "qkv_bias": given.yes("add_qkv_bias"),
    }  # fmt: skip


LLAMA = Family(all_heads=True, qkv_bias=BIASED, o_bias=BIASED)
OLMO = replace(LLAMA, qk_norm=ALWAYS, over="heads")
SCALES = ("attention_multiplier", "embedding_multiplier", "residual_multiplier", "logits_scaling")
QWEN2 = Family(qkv_bias=ALWAYS, window="late", switched=True)
QWEN3 = Family(
    even=False, qkv_bias=BIASED, o_bias=BIASED, qk_norm=ALWAYS, window="late", switched=True
)
QWEN3_MOE = Family(
    qkv_bias=BIASED, o_bias=BIASED, qk_norm=ALWAYS, window="all", switched=True, block=mixtures.qwen
)
QWEN3_5 = Family(
    even=False, qkv_bias=BIASED, o_bias=BIASED, qk_norm=ALWAYS, rotary=0.25,
    o_gate=("attn_output_gate", True), linear=True,
)  # fmt: skip
QWEN3_5_MOE = replace(QWEN3_5, block=mixtures.qwen_shared)
UNCOUNTED = (
    "query_pre_attn_scalar", "attn_logit_softcapping", "final_logit_softcapping",
    "sliding_window_size", "rope_local_base_freq",
)  # fmt: skip
GEMMA = Family(even=False, tied=True, activation="geglu", unused=UNCOUNTED)
GEMMA_2 = replace(GEMMA, norms=4, window=2)
GEMMA_3 = replace(
    GEMMA, theta=1e6, norms=4, window=6, qk_norm=ALWAYS,
    assumed={
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262_208,
        "max_position_embeddings": 131_072, "rms_norm_eps": 1e-6, "tie_word_embeddings": True,
    },
)  # fmt: skip
LLAMA_4 = Family(  # its norms of queries and keys have no weights
    theta=5e5, even=False, window="chunks", block=mixtures.llama4,
    unused=("use_qk_norm", "attn_temperature_tuning", "attn_scale"),
    assumed={"tie_word_embeddings": False},
)  # fmt: skip
READERS: Mapping[str, tuple[Reader, tuple[str, ...]]] = {
    "LlamaForCausalLM": (LLAMA, ("llama",)),
    "MistralForCausalLM": (
        Family(window="all", needs_window=True, assumed={"tie_word_embeddings": False}),
        ("mistral",),
    ),
    "MixtralForCausalLM": (Family(theta=1e6, window="all", block=mixtures.mixtral), ("mixtral",)),
    "Qwen2ForCausalLM": (QWEN2, ("qwen2", "qwen2_5_vl_text", "qwen2_vl_text")),
    "Qwen2VLForConditionalGeneration": (QWEN2, ("qwen2_vl",)),
    "Qwen2_5_VLForConditionalGeneration": (QWEN2, ("qwen2_5_vl",)),
    "Qwen3ForCausalLM": (QWEN3, ("qwen3", "qwen3_vl_text")),
    "Qwen3MoeForCausalLM": (QWEN3_MOE, ("qwen3_moe", "qwen3_vl_moe_text")),
    "Qwen3NextForCausalLM": (replace(QWEN3_5_MOE, o_gate=ALWAYS), ("qwen3_next",)),
    "Qwen3_5ForCausalLM": (QWEN3_5, ("qwen3_5_text",)),
    "Qwen3_5ForConditionalGeneration": (QWEN3_5, ("qwen3_5",)),
    "Qwen3_5MoeForCausalLM": (QWEN3_5_MOE, ("qwen3_5_moe_text",)),
    "Qwen3_5MoeForConditionalGeneration": (QWEN3_5_MOE, ("qwen3_5_moe",)),
    "DeepseekV2ForCausalLM": (deepseek_v2, ("deepseek_v2",)),
    "DeepseekV3ForCausalLM": (mla, ("deepseek_v3", "kimi_k2")),
    "DeepseekV32ForCausalLM": (mla, ("deepseek_v32",)),
    "DeepseekV4ForCausalLM": (deepseek_v4, ("deepseek_v4",)),
    "GlmMoeDsaForCausalLM": (mla, ("glm_moe_dsa",)),
    "ChatGLMModel": (chatglm, ("chatglm",)),
    "ChatGLMForConditionalGeneration": (chatglm, ()),
    "GlmForCausalLM": (Family(even=False, qkv_bias=("attention_bias", True), rotary=0.5), ("glm",)),
    "Glm4MoeForCausalLM": (
        Family(
            qkv_bias=BIASED, qk_norm=("use_qk_norm", False), rotary=0.5, block=mixtures.glm
        ),
        ("glm4_moe",),
    ),
    "GptOssForCausalLM": (
        Family(
            theta=150_000.0, even=False, qkv_bias=("attention_bias", True),
            o_bias=("attention_bias", True), window=2, block=mixtures.gpt_oss,
        ),
        ("gpt_oss",),
    ),
    "Glm4MoeLiteForCausalLM": (partial(mla, block=mixtures.glm), ("glm4_moe_lite",)),
    "Dots1ForCausalLM": (
        Family(
            qkv_bias=BIASED, o_bias=BIASED, qk_norm=ALWAYS, window="late", block=mixtures.glm
        ),
        ("dots1",),
    ),
    "GraniteForCausalLM": (replace(LLAMA, unused=SCALES), ("granite",)),
    "SmolLM3ForCausalLM": (
        replace(LLAMA, theta=2e6, tied=True, unused=("no_rope_layers", "no_rope_layer_interval")),
        ("smollm3",),
    ),
    "Ministral3ForCausalLM": (Family(theta=1e6, even=False, window="all"), ("ministral3",)),
    "Olmo2ForCausalLM": (OLMO, ("olmo2",)),
    "Olmo3ForCausalLM": (replace(OLMO, theta=5e5), ("olmo3",)),
    "OlmoeForCausalLM": (replace(OLMO, block=mixtures.olmoe), ("olmoe",)),
    "Ernie4_5ForCausalLM": (Family(theta=5e5, even=False, tied=True), ("ernie4_5",)),
    "Ernie4_5_MoeForCausalLM": (
        Family(theta=5e5, tied=True, unused=("moe_gate", "moe_norm_min"), block=mixtures.ernie),
        ("ernie4_5_moe", "ernie_moe"),
    ),
    "Phi3ForCausalLM": (
        Family(all_heads=True, window="all", unused=("full_attn_mod",)), ("phi3",),
    ),
    "MiniMaxM2ForCausalLM": (
        Family(
            theta=5e6, even=False, qk_norm=("use_qk_norm", True), over="heads",
            block=mixtures.minimax,
        ),
        ("minimax_m2",),
    ),
    "SeedOssForCausalLM": (
        Family(
            even=False, qkv_bias=("attention_bias", True), o_bias=("attention_out_bias", False)
        ),
        ("seed_oss",),
    ),
    "HYV3ForCausalLM": (
        Family(
            theta=11_158_840.0, even=False, qkv_bias=BIASED, o_bias=BIASED, qk_norm=ALWAYS,
            unused=("enable_moe_fp32_combine",), block=mixtures.hunyuan,
        ),
        ("hy_v3",),
    ),
    "InternLM2ForCausalLM": (
        Family(all_heads=True, qkv_bias=("bias", None), o_bias=("bias", None)),
        ("internlm2",),
    ),
    "BaichuanForCausalLM": (Family(all_heads=True), ("baichuan",)),
    "GemmaForCausalLM": (GEMMA, ("gemma",)),
    "Gemma2ForCausalLM": (GEMMA_2, ("gemma2",)),
    "Gemma3ForCausalLM": (GEMMA_3, ("gemma3_text",)),
    "Gemma3ForConditionalGeneration": (GEMMA_3, ("gemma3",)),
    "Llama4ForCausalLM": (LLAMA_4, ("llama4_text",)),
    "Llama4ForConditionalGeneration": (LLAMA_4, ("llama4",)),
    "MPTForCausalLM": (classic.mpt, ("mpt",)),
    "MptForCausalLM": (classic.mpt, ()),
    "OPTForCausalLM": (classic.opt, ("opt",)),
    "FalconForCausalLM": (classic.falcon, ("falcon",)),
    "RWForCausalLM": (classic.falcon, ("RefinedWeb", "RefinedWebModel")),
}  # fmt: skip
"""By architecture: what reads its configuration, and the model types that stand for it where a
configuration names no architecture."""
STATE_SPACE = re.compile("(?i)mamba|nemotron_?h|jamba|falcon_?h1|granitemoe_?hybrid|zamba")
"""Names of architectures and of their types with layers that the model of time does not know."""
TYPES = {kind: architecture for architecture, (_, kinds) in READERS.items() for kind in kinds}
"""The architecture of a model type."""


def architecture(given: Given) -> str:
    """Returns the architecture of a configuration: what it names, or what its model type has.

    Raises:
        UsageError: it cannot be read, or there is none.
    """
    named = given.items("architectures")
    kind = given.any_of("model_type")
    found = str(named[0]) if named else TYPES.get(str(kind), "")
    if found in READERS and len(named) < 2:
        return found
    if not named and kind is None:
        raise given.refused("names neither architectures nor model_type")
    what = f"architecture {', '.join(map(str, named))[:80]}" if named else f"model_type {kind}"[:80]
    if STATE_SPACE.search(what):
        raise UsageError(f"{given.file}: the {what} has state-space layers (Mamba), not modelled")
    raise given.refused(f"the {what} is not understood")
