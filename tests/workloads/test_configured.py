"""Models read from users' configurations: as the shipped files say, or refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.errors import DataError, UsageError
from bench.workloads.architectures import READERS, TYPES
from bench.workloads.configured import asked, configured
from bench.workloads.counts import parameters, rounds_to
from bench.workloads.load import examine, workload
from bench.workloads.model import Workload

Fields = dict[str, Any]
DATA = Path(__file__).parents[1] / "data"
PUBLISHED: dict[str, Fields] = json.loads(
    (DATA / "configurations.json").read_text(encoding="utf-8")
)
"""The published configurations of shipped models, by id; their sources are those of the models."""
DEFAULTS: dict[str, Fields] = json.loads(
    (DATA / "default_configurations.json").read_text(encoding="utf-8")
)
"""Further architectures: what Transformers 5.24 writes of its default configuration, at times with
fewer layers, and the parameters of the model that it makes of it."""
APART = {"id", "name", "aliases", "sources", "parameters", "note", "extended", "file"}
"""Fields that a configuration does not tell."""


def written(folder: Path, fields: object, name: str = "mine") -> Path:
    """A folder with a configuration."""
    (folder / name).mkdir()
    (folder / name / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    return folder / name


def shape(one: Workload) -> Fields:
    """What a configuration tells of a model."""
    return one.model_dump(exclude=APART)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_configuration_gives_the_shipped_model(name: str, tmp_path: Path) -> None:
    shipped, one = workload(name), configured(written(tmp_path, PUBLISHED[name], name))
    assert shape(one) == shape(shipped)
    assert parameters(one) == parameters(shipped)
    assert rounds_to(parameters(one).total, one.parameters)
    assert one.id == name


@pytest.mark.parametrize("kind", DEFAULTS)
def test_a_default_configuration_has_the_parameters_of_the_model_made_of_it(
    kind: str, tmp_path: Path
) -> None:
    one = configured(written(tmp_path, DEFAULTS[kind]["configuration"]))
    assert parameters(one).total == DEFAULTS[kind]["parameters"]


def test_every_architecture_is_tested_and_every_model_type_stands_for_one() -> None:
    known = [*PUBLISHED.values(), *(one["configuration"] for one in DEFAULTS.values())]
    tested = {
        name for one in known for name in one.get("architectures") or [TYPES[one["model_type"]]]
    }
    same_reader = {READERS[name][0] for name in tested}
    untested = {name for name, (reader, _) in READERS.items() if reader not in same_reader}
    assert untested == {"InternLM2ForCausalLM"}
    assert sum(len(kinds) for _, kinds in READERS.values()) == len(TYPES)


LLAMA = PUBLISHED["llama-3.1-8b"]
QWEN, MIXTRAL, DEEPSEEK = (PUBLISHED[name] for name in ("qwen3-8b", "mixtral-8x7b", "deepseek-v3"))
GPT_OSS, GLM, MPT = (PUBLISHED[name] for name in ("gpt-oss-20b", "glm-5.2", "mpt-7b"))
MISTRAL = {**LLAMA, "architectures": ["MistralForCausalLM"], "model_type": "mistral"}
MAVERICK = {**PUBLISHED["llama-4-maverick"]["text_config"], "tie_word_embeddings": False}
OPT, FALCON = (DEFAULTS[name]["configuration"] for name in ("opt", "falcon"))
GEMMA_2, GEMMA_3 = PUBLISHED["gemma-2-9b"], PUBLISHED["gemma-3-27b"]["text_config"]
SWITCHED = {"sliding_window": 4096, "use_sliding_window": True}
MOE, MINIMAX = PUBLISHED["qwen3-30b-a3b"], PUBLISHED["minimax-m2"]
INSTEAD = "describe the model in a file as in specs/workloads instead, and give specs=FOLDER"


def without(fields: Fields, *names: str) -> Fields:
    """A configuration that lacks fields."""
    return {name: value for name, value in fields.items() if name not in names}


# windows


@pytest.mark.parametrize(
    ("fields", "window"),
    [
        ({**MISTRAL, "sliding_window": 4096}, (4096, 32)),
        ({**MISTRAL, "sliding_window": None}, None),
        ({**MISTRAL, "sliding_window": 131072}, None),
        ({**MIXTRAL, "sliding_window": 4096}, (4096, 32)),
        ({**QWEN, "sliding_window": 4096}, None),
        ({**QWEN, **SWITCHED, "max_window_layers": 30}, (4096, 6)),
        ({**QWEN, **SWITCHED, "max_window_layers": 36}, None),
        (without(GPT_OSS, "layer_types"), (128, 12)),
        ({**GPT_OSS, "layer_types": ["full_attention"] * 20 + ["sliding_attention"] * 4}, (128, 4)),
        ({**GPT_OSS, "layer_types": ["full_attention"] * 24}, None),
        ({**LLAMA, "layer_types": ["full_attention"] * 32}, None),
        ({**GEMMA_3, "sliding_window_pattern": 2}, (1024, 31)),
        ({**GEMMA_2, "layer_types": ["sliding_attention"] * 42}, (4096, 42)),
        ({**MAVERICK, "no_rope_layers": [1, 0] * 24}, (8192, 24)),
        ({**MAVERICK, "attention_chunk_size": None}, None),
    ],
)  # fmt: skip
def test_windows_are_those_of_the_layers_that_have_them(
    fields: Fields, window: tuple[int, int] | None, tmp_path: Path
) -> None:
    found = configured(written(tmp_path, fields)).window
    assert (found and (found.tokens, found.layers)) == window


# what a file leaves out, or says otherwise


def test_as_many_heads_of_keys_as_of_queries_where_the_architecture_says_so(
    tmp_path: Path,
) -> None:
    assert configured(written(tmp_path, without(LLAMA, "num_key_value_heads"))).kv_heads == 32
    null = {**QWEN, "num_key_value_heads": None}
    assert configured(written(tmp_path, null, "null")).kv_heads == 32
    with pytest.raises(UsageError, match="lacks num_key_value_heads, which its architecture needs"):
        configured(written(tmp_path, without(QWEN, "num_key_value_heads"), "absent"))


def test_biases_of_all_projections_or_of_those_before_attention(tmp_path: Path) -> None:
    biased = configured(written(tmp_path, {**LLAMA, "attention_bias": True}))
    assert (biased.qkv_bias, biased.o_bias) == (True, True)
    out = {**PUBLISHED["seed-oss-36b"], "attention_out_bias": True, "attention_bias": False}
    seed = configured(written(tmp_path, out, "seed"))
    assert (seed.qkv_bias, seed.o_bias) == (False, True)


def test_plain_blocks_are_counted_wherever_they_are(tmp_path: Path) -> None:
    moe = {**PUBLISHED["qwen3-30b-a3b"], "mlp_only_layers": [0, 1]}
    one = configured(written(tmp_path, moe))
    assert one.experts
    assert (one.experts.dense_layers, one.intermediate) == (2, 6144)
    told = ["dense"] * 5 + ["sparse"] * 73
    listed = configured(
        written(tmp_path, {**GLM, "mlp_layer_types": told, "first_k_dense_replace": 5}, "b")
    )
    assert listed.experts
    assert listed.experts.dense_layers == 5
    every = configured(written(tmp_path, {**MAVERICK, "moe_layers": [3, 7]}, "d")).experts
    assert every
    assert every.dense_layers == 46
    frequent = {**DEEPSEEK, "moe_layer_freq": [0, 0, 0] + [1] * 58}
    assert shape(configured(written(tmp_path, frequent, "c"))) == shape(workload("deepseek-v3"))


def test_the_first_falcons_are_told_apart_by_their_types(tmp_path: Path) -> None:
    """40B with eight heads of keys, 7B with one; both before Transformers had them."""
    fields = without(DEFAULTS["falcon-40b"]["configuration"], "new_decoder_architecture")
    old = {**fields, "architectures": ["RWForCausalLM"], "num_kv_heads": 8}
    found = [
        configured(written(tmp_path, {**old, "model_type": name}, name)).kv_heads
        for name in ("RefinedWeb", "RefinedWebModel")
    ]
    assert found == [8, 1]


def test_indexers_are_counted_by_list_pattern_or_frequency(tmp_path: Path) -> None:
    assert GLM["indexer_types"].count("full") == 21
    rule = without(GLM, "indexer_types")
    pattern = {**rule, "index_topk_pattern": "FF" + "S" * 76}
    found = [
        configured(written(tmp_path, one, name)) for one, name in ((rule, "a"), (pattern, "b"))
    ]
    assert [one.indexer and one.indexer.layers for one in found] == [21, 2]


def test_rope_scaling_extends_the_context(tmp_path: Path) -> None:
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
    one = configured(written(tmp_path, {**QWEN, "rope_scaling": yarn}))
    assert (one.context, one.extended) == (40960, 131072)
    assert configured(written(tmp_path, LLAMA, "llama")).extended is None


def test_a_base_within_rope_parameters_is_read(tmp_path: Path) -> None:
    nested = {"rope_type": "default", "rope_theta": 7e6}
    fields = {**without(QWEN, "rope_theta", "rope_scaling"), "rope_parameters": nested}
    assert configured(written(tmp_path, fields)).rope_theta == 7e6


# number formats of the weights


@pytest.mark.parametrize(
    ("quantization", "name"),
    [
        ({"quant_method": "fp8", "fmt": "e4m3"}, "fp8"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        ({"quant_method": "gptq", "bits": 4}, "w4a16"),
        ({"quant_method": "awq", "bits": 8}, "w8a16"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "w4a16"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({}, "bf16"),
    ],
)
def test_quantized_weights_are_told(quantization: Fields, name: str, tmp_path: Path) -> None:
    one = configured(written(tmp_path, {**LLAMA, "quantization_config": quantization}))
    assert one.published == name
    assert "not understood" not in str(one.note)


@pytest.mark.parametrize(
    ("weights", "more", "name"),
    [
        ({"num_bits": 8, "type": "float"}, {"input_activations": {"num_bits": 8}}, "fp8"),
        ({"num_bits": 8, "type": "int"}, {"input_activations": {"num_bits": 8}}, "int8"),
        ({"num_bits": 4, "type": "int"}, {}, "w4a16"),
        ({"num_bits": 3, "type": "int"}, {}, "bf16"),
    ],
)
def test_groups_of_compressed_tensors_are_told(
    weights: Fields, more: Fields, name: str, tmp_path: Path
) -> None:
    groups = {"group_0": {"weights": weights, **more}}
    told = {"quant_method": "compressed-tensors", "config_groups": groups}
    one = configured(written(tmp_path, {**LLAMA, "quantization_config": told}))
    assert one.published == name
    assert ("quantization_config is not understood" in str(one.note)) is (name == "bf16")


def test_experts_alone_may_be_quantized(tmp_path: Path) -> None:
    groups = {"group_0": {"weights": {"num_bits": 4, "type": "int"}}}
    told = {
        "quant_method": "compressed-tensors",
        "config_groups": groups,
        "ignore": ["re:.*attn.*"],
    }
    one = configured(written(tmp_path, {**DEEPSEEK, "quantization_config": told}))
    assert one.published == "int4-a16"


def test_a_file_beside_tells_the_quantization_of_some_checkpoints(tmp_path: Path) -> None:
    folder = written(tmp_path, LLAMA)
    beside = {"quantization": {"quant_algo": "FP8"}}
    (folder / "hf_quant_config.json").write_text(json.dumps(beside), encoding="utf-8")
    assert configured(folder).published == "fp8"


# models within larger ones


def test_of_a_larger_model_the_language_model_is_taken(tmp_path: Path) -> None:
    larger = {
        "architectures": ["KimiK25ForConditionalGeneration"], "model_type": "kimi_k25",
        "text_config": PUBLISHED["kimi-k2"], "vision_config": {"hidden_size": 1152},
    }  # fmt: skip
    one = configured(written(tmp_path, larger))
    assert shape(one) == shape(workload("kimi-k2"))
    assert "Of the larger model only text_config, the language model, is taken." in str(one.note)


def test_the_larger_model_says_whether_the_embedding_is_shared(tmp_path: Path) -> None:
    inner = without(QWEN, "architectures", "tie_word_embeddings") | {"model_type": "qwen3_vl_text"}
    larger = {"model_type": "qwen3_vl", "text_config": inner, "tie_word_embeddings": True}
    assert configured(written(tmp_path, larger)).tied_embeddings is True
    with pytest.raises(UsageError, match="lacks tie_word_embeddings"):
        configured(written(tmp_path, without(larger, "tie_word_embeddings"), "b"))


def test_a_mistral_within_a_larger_model_has_a_head_of_its_own(tmp_path: Path) -> None:
    """The text_config is that of Mistral Small 3.1 by Transformers 5.24; its shape is that of 3."""
    text = {
        "attention_dropout": 0.0, "head_dim": 128, "hidden_act": "silu", "hidden_size": 5120,
        "initializer_range": 0.02, "intermediate_size": 32768, "max_position_embeddings": 131072,
        "model_type": "mistral", "num_attention_heads": 32, "num_hidden_layers": 40,
        "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 1e9,
        "sliding_window": None, "use_cache": True, "vocab_size": 131072,
    }  # fmt: skip
    larger = {"model_type": "mistral3", "text_config": text}
    one, shipped = configured(written(tmp_path, larger)), workload("mistral-small-24b")
    assert not one.tied_embeddings
    assert parameters(one) == parameters(shipped)


@pytest.mark.parametrize("name", ["llama-3.1-8b", "deepseek-v3", "glm-4.6", "seed-oss-36b"])
def test_fields_that_change_no_time_may_be_absent(name: str, tmp_path: Path) -> None:
    fields = without(PUBLISHED[name], "rms_norm_eps", "rope_theta")
    one, whole = configured(written(tmp_path, fields)), workload(name)
    same = {"norm_eps": whole.norm_eps, "rope_theta": whole.rope_theta}
    assert one.norm_eps > 0
    assert one.rope_theta
    assert shape(one.model_copy(update=same)) == shape(whole)


def test_a_model_with_pictures_in_one_level_is_read_without_them(tmp_path: Path) -> None:
    fields = {
        **PUBLISHED["qwen2.5-7b"], "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "vision_config": {"depth": 32},
    }  # fmt: skip
    one = configured(written(tmp_path, fields))
    assert shape(one) == shape(workload("qwen2.5-7b"))
    assert "encoders of pictures and sounds are left out" in str(one.note)


# names and words


@pytest.mark.parametrize(
    ("path", "more", "name"),
    [
        ("My-Model_v2/config.json", {}, "My-Model_v2"),
        ("other/my model.json", {}, "my model"),
        ("models--Qwen--Qwen3-8B/snapshots/" + "0a" * 20 + "/config.json", {}, "Qwen3-8B"),
    ],
)
def test_a_model_is_named_by_its_folder_or_file(
    path: str, more: Fields, name: str, tmp_path: Path
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({**QWEN, **more}), encoding="utf-8")
    assert configured(file).name == name


@pytest.mark.parametrize(
    ("more", "name"),
    [({"_name_or_path": "org/Tuned-8B"}, "Tuned-8B"), ({"_name_or_path": ""}, "qwen3")],
)
def test_in_the_current_folder_the_configuration_names_the_model(
    more: Fields, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(written(tmp_path, {**QWEN, **more}))
    assert [asked(word).name for word in ("config.json", "./config.json", ".")] == [name] * 3


def test_a_word_is_a_model_before_it_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, QWEN, "llama-3.1-8b")
    written(tmp_path, QWEN, "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert shape(asked("llama-3.1-8b")) == shape(workload("llama-3.1-8b"))
    for word in ("./llama-3.1-8b", "mine", "mine/config.json", "~/mine", str(tmp_path / "mine")):
        assert shape(asked(word)) == shape(workload("qwen3-8b"))


def test_a_word_that_is_neither_is_told_the_nearest_model() -> None:
    with pytest.raises(UsageError, match=r"no workload 'llama-3.1-9b'.*'llama-3.1-8b'"):
        asked("llama-3.1-9b")


def test_what_was_read_is_a_file_of_a_workload_on_one_line(tmp_path: Path) -> None:
    one = configured(written(tmp_path, DEEPSEEK))
    assert one.note
    assert one.note.startswith("mine was read from ")
    assert "The layers of multi-token prediction are left out." in one.note
    text = one.note[one.note.index("{") : one.note.rindex("}") + 1]
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads" / "mine.yaml").write_text(text, encoding="utf-8")
    found, faults = examine(tmp_path)
    assert faults == []
    assert shape(found["mine"]) == shape(one)


# what is refused


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({**LLAMA, "architectures": ["BloomForCausalLM"]}, "the architecture BloomForCausalLM is"),
        ({**LLAMA, "architectures": ["LlamaForCausalLM", "Other"]}, "the architecture LlamaForC"),
        (without(LLAMA, "architectures") | {"model_type": "bloom"}, "the model_type bloom is"),
        (without(LLAMA, "architectures", "model_type"), "names neither architectures nor model"),
        ({**LLAMA, "layer_types": ["linear_attention"] * 32}, "layer_types linear_attention is"),
        ({**GPT_OSS, "layer_types": ["full_attention"]}, "layer_types of 1 layers, where 24 are,"),
        ({**LLAMA, "attention_chunk_size": 8192}, "attention_chunk_size may change the"),
        ({**LLAMA, "num_local_experts": 8, "kv_lora_rank": 9}, "num_local_experts, kv_lora_rank"),
        ({**LLAMA, "sliding_window": 4096}, "sliding_window may change the shape and is not"),
        ({**LLAMA, "mlp_bias": True}, "mlp_bias true is not understood"),
        ({**LLAMA, "hidden_act": "gelu"}, "hidden_act 'gelu' is not understood"),
        ({**DEEPSEEK, "q_lora_rank": None}, "q_lora_rank null, queries without a latent, is not"),
        ({**DEEPSEEK, "attention_bias": True}, "attention_bias true is not understood"),
        ({**DEEPSEEK, "moe_layer_freq": 2}, "moe_layer_freq 2 is not understood"),
        ({**DEEPSEEK, "moe_layer_freq": [1, 0]}, "moe_layer_freq of 2 layers, where 61 are"),
        ({**DEEPSEEK, "topk_method": "new"}, "topk_method 'new' is not understood"),
        ({**MAVERICK, "no_rope_layers": [0]}, "which layers have chunked attention is not"),
        ({**OPT, "do_layer_norm_before": False}, "do_layer_norm_before false is not understood"),
        ({**OPT, "word_embed_proj_dim": 512}, "word_embed_proj_dim 512 is not understood"),
        ({**FALCON, "num_attention_heads": 7}, "num_attention_heads 7 do not divide hidden_size"),
        ({**GLM, "indexer_types": ["full"]}, "which layers have an indexer is not understood"),
        ({**PUBLISHED["deepseek-v4-pro"], "compress_ratios": [7] * 61}, "compress_ratios that"),
        ({**MPT, "attn_config": {"alibi": False}}, "an MPT without alibi or with biases is not"),
        ({**MPT, "n_heads": 7}, "n_heads 7 do not divide d_model 4096; describe"),
        ({**PUBLISHED["chatglm3-6b"], "rmsnorm": False}, "rmsnorm false is not understood"),
        ({**MINIMAX, "shared_intermediate_size": 8}, "shared_intermediate_size 8 is"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_with_another_way(
    fields: Fields, told: str, tmp_path: Path
) -> None:
    folder = written(tmp_path, fields)
    with pytest.raises(UsageError) as error:
        configured(folder)
    text = str(error.value)
    assert text.startswith(f"{folder / 'config.json'}: {told}")
    assert text.endswith(INSTEAD)


def test_state_space_layers_are_refused_without_advice_that_would_not_help(tmp_path: Path) -> None:
    nemotron = {"architectures": ["NemotronHForCausalLM"], "model_type": "nemotron_h"}
    told = r"architecture NemotronHForCausalLM has state-space layers \(Mamba\), not modelled$"
    with pytest.raises(UsageError, match=told):
        configured(written(tmp_path, nemotron))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (without(LLAMA, "hidden_size", "vocab_size"), "lacks hidden_size, vocab_size, which"),
        (without(MISTRAL, "sliding_window"), "lacks sliding_window, which its architecture needs"),
        ({**LLAMA, "hidden_size": -1}, "hidden_size is -1: write a whole number from 1 to 100"),
        ({**LLAMA, "hidden_size": 1e30}, "hidden_size is 1000000000000000019"),
        ({**LLAMA, "hidden_size": "4096"}, "hidden_size is '4096': write a whole number"),
        ({**LLAMA, "hidden_size": True}, "hidden_size is true: write a whole number"),
        ({**LLAMA, "num_hidden_layers": 10**5}, "num_hidden_layers is 100000: write"),
        ({**LLAMA, "rms_norm_eps": 0}, "rms_norm_eps is 0: write a number above 0"),
        ({**LLAMA, "tie_word_embeddings": "no"}, "tie_word_embeddings is 'no': write true"),
        ({**LLAMA, "layer_types": 3}, "layer_types is 3: write a list"),
        ({**MIXTRAL, "num_local_experts": 10**7, "hidden_size": 10**7, "head_dim": 2}, "its shape"),
        ({**DEEPSEEK, "first_k_dense_replace": 99}, "first_k_dense_replace is 99: write a whole"),
    ],
)  # fmt: skip
def test_a_field_that_lacks_or_is_wrong_is_named(fields: Fields, told: str, tmp_path: Path) -> None:
    folder = written(tmp_path, fields)
    with pytest.raises(UsageError) as error:
        configured(folder)
    assert str(error.value).startswith(f"{folder / 'config.json'}: {told}")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({**LLAMA, "num_key_value_heads": 5}, "kv_heads: do not divide the 32 heads; check both"),
        ({**DEEPSEEK, "num_experts_per_tok": 999}, "experts.per_token: is more than are routed"),
        ({**QWEN, "head_dim": 127}, "head_dim: is odd, and cannot be turned; check it"),
    ],
)  # fmt: skip
def test_numbers_that_contradict_each_other_are_a_fault(
    fields: Fields, told: str, tmp_path: Path
) -> None:
    folder = written(tmp_path, fields)
    with pytest.raises(DataError) as error:
        configured(folder)
    assert str(error.value).startswith(f"{folder / 'config.json'}: {told}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not JSON: Expecting value"),
        ('{"hidden_size": ', "is not JSON: Expecting value"),
        ('{"hidden_size": NaN}', "is not JSON: NaN is no finite number"),
        ('{"hidden_size": 1e999}', "is not JSON: 1e999 is no finite number"),
        ('{"hidden_size": ' + "9" * 5000 + "}", "is not JSON: " + "9" * 40 + "... is too long"),
        ("[" * 100_000, "is not JSON: it is nested too deeply"),
        (
            '{"hidden_size": 1, "hidden_size": 2}',
            "is not JSON: an object has the key",
        ),
        ("[1]", "is JSON, but no object as a model's config.json is"),
        ("\udcff", "is not JSON: 'utf-8' codec can't decode"),
    ],
    ids=["empty", "cut", "nan", "inf", "long", "deep", "twice", "list", "bytes"],
)
def test_a_file_that_is_no_configuration_is_told_in_one_line(
    text: str, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as error:
        configured(file)
    assert str(error.value).startswith(f"{file}: {told}")


@pytest.mark.parametrize(
    "word", ["./none", "none.json", ".", "~nobody-of-this-name/x", "/" + "x" * 5000]
)
def test_a_path_without_a_file_is_told(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^workload="):
        asked(word)
