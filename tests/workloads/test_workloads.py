"""The shapes of models are sound and sourced, and what follows from them is counted right."""

from math import comb
from pathlib import Path

import pytest

from bench import paths
from bench.checks import check
from bench.chips.load import Catalogue
from bench.errors import DataError, sound
from bench.predict.learning.experts import touched
from bench.workloads.counts import (
    attention_flop,
    dense,
    layer_flop,
    layer_parameters,
    layer_shapes,
    rounds_to,
    token_products,
)
from bench.workloads.load import cited, examine, workload
from tests.workloads.file_cases import ONE, written

SHIPPED = (
    "baichuan2-7b", "chatglm3-6b", "deepseek-v2", "deepseek-v3.2", "deepseek-v3",
    "deepseek-v4-flash", "deepseek-v4-pro", "ernie-4.5-300b-a47b", "gemma-2-9b", "gemma-3-27b",
    "glm-4-9b", "glm-4.5-air",
    "glm-4.5", "glm-4.6", "glm-5.2", "glm-5", "gpt-oss-120b", "gpt-oss-20b", "hy3-preview",
    "internlm-7b", "internlm2-20b", "kimi-k2", "llama-2-13b", "llama-2-70b", "llama-2-7b",
    "llama-3.1-405b", "llama-3.1-70b", "llama-3.1-8b", "llama-3.2-3b",
    "llama-4-maverick", "llama-4-scout", "minimax-m2",
    "mistral-7b", "mistral-small-24b", "mixtral-8x22b", "mixtral-8x7b", "mpt-30b", "mpt-7b",
    "phi-4", "qwen1.5-14b", "qwen1.5-72b", "qwen1.5-7b", "qwen2.5-0.5b", "qwen2.5-1.5b",
    "qwen2.5-14b", "qwen2.5-32b", "qwen2.5-3b", "qwen2.5-72b", "qwen2.5-7b", "qwen3-0.6b",
    "qwen3-1.7b", "qwen3-14b", "qwen3-235b-a22b", "qwen3-30b-a3b", "qwen3-32b", "qwen3-4b",
    "qwen3-8b", "qwen3-coder-30b-a3b", "qwen3-coder-480b-a35b", "qwen3-next-80b-a3b",
    "qwen3.5-0.8b", "qwen3.5-27b", "qwen3.5-35b-a3b", "qwen3.5-397b-a17b", "qwen3.5-9b",
    "seed-oss-36b", "yi-34b",
)  # fmt: skip
SPECS = paths.data_dir("specs")
EXPERTS = """\
experts: {routed: "8", shared: "1", per_token: "2", intermediate: "4", dense_layers: "1"}
"""
WINDOW = "window: {tokens: 4, layers: 1}\n"
INDEXER = 'indexer: {heads: "2", head_dim: "4", top_k: "8", layers: "2"}\n'
MORE_INDEXERS = INDEXER.replace('"2"}', '"3"}')
COMPRESSED = """\
compressed: {q_lora: "4", o_lora: "2", o_groups: "2", window: "4", sparse_layers: "1",
  sparse_per: "2", heavy_layers: "1", heavy_per: "8"}
"""
THRICE = COMPRESSED.replace('heavy_layers: "1"', 'heavy_layers: "2"')
UNEVEN = COMPRESSED.replace('o_groups: "2"', 'o_groups: "3"')
LINEAR = """\
linear: {layers: "1", key_heads: "2", value_heads: "4", key_dim: "4", value_dim: "2", kernel: "2"}
"""
MLA = 'mla: {q_lora: "4", kv_lora: "4", nope: "2", rope: "2", v: "2"}\n'


def test_the_shipped_workloads_are_sound_and_sourced(sheets: Catalogue) -> None:
    found, faults = examine(SPECS, sheets.sources)
    assert [str(fault) for fault in faults] == []
    assert tuple(found) == SHIPPED
    assert cited(found) <= set(sheets.sources)


def test_a_layer_of_llama_has_the_parameters_that_a_hand_counts() -> None:
    d, f = 4096, 14336
    by_hand = d * d + 2 * d * 1024 + d * d + 3 * d * f + 2 * d
    assert layer_parameters(workload("llama-3.1-8b")) == by_hand == 218_112_000
    assert layer_flop(workload("llama-3.1-8b"), "decode", 3, 100) == 3 * (
        2 * (by_hand - 2 * d) + 4 * 32 * 128 * 100
    )


def test_an_ungated_block_has_two_matrices() -> None:
    one, d = workload("mpt-7b"), 4096
    assert layer_shapes(one)["up"] == (4 * d, d)
    assert layer_shapes(one)["down"] == (d, 4 * d)
    assert layer_parameters(one) == 4 * d * d + 2 * d * 4 * d + 2 * d == 201_334_784
    assert token_products(one) == 12 * d * d


def test_a_layer_of_experts_multiplies_a_token_by_eight_of_them_and_the_shared_one() -> None:
    one = workload("deepseek-v3")
    expert = 3 * 7168 * 2048
    assert token_products(one) == 187_105_280 + 9 * expert + 256 * 7168
    assert token_products(dense(one)) == 187_105_280 + 3 * 7168 * 18432
    assert set(layer_shapes(one)) - set(layer_shapes(dense(one))) >= {"router", "shared_down"}


@pytest.mark.parametrize("name", SHIPPED)
def test_prefill_attends_to_each_key_up_to_its_own(name: str) -> None:
    one = workload(name)
    value = one.mla.v if one.mla else one.head_dim
    for length in (1, 2, 7):
        pairs = sum(query + 1 for query in range(length))
        flop = pairs * one.heads * 2 * (one.head_dim + value)
        assert attention_flop(one, "prefill", length) == flop


def test_experts_touched_are_the_mean_over_all_draws() -> None:
    shape = workload("deepseek-v3").experts
    assert shape is not None
    missed = (comb(255, 8) / comb(256, 8)) ** 64
    assert touched(shape.routed, shape.per_token, 64) == pytest.approx(256 * (1 - missed))


@pytest.mark.parametrize(
    ("count", "text", "right"),
    [
        (8_030_261_248, "8.03B", True),
        (8_030_261_248, "8.0B", True),
        (8_030_261_248, "8B", True),
        (8_030_261_248, "8.04B", False),
        (1_026_408_232_448, "1T", True),
        (1_026_408_232_448, "1.04T", False),
        (8_035_000_000, "8.03B", True),
        (8_036_000_000, "8.03B", False),
    ],
)
def test_a_count_is_held_against_its_makers_to_the_last_digit(
    count: int, text: str, *, right: bool
) -> None:
    assert rounds_to(count, text) is right


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("parameters: 0.00B", "parameters: 8B"), "parameters: 8B, but the shape makes 2,152"),
        (("parameters: 0.00B", "parameters: eight"), "parameters: 'eight' is not of its form"),
        (('kv_heads: "2"', 'kv_heads: "3"'), "kv_heads: do not divide the 4 heads"),
        (('head_dim: "4"', 'head_dim: "5"'), "head_dim: is odd, and cannot be turned"),
        (('layers: "2"', 'layers: "0"'), "layers: Input should be greater than or equal to 1"),
        (('layers: "2"', 'layers: "1e9"'), "layers: is not a whole number"),
        (('hidden: "8"', 'hidden: "99999999999999"'), "hidden: Input should be less than"),
        (('hidden: "8"', 'hidden: "-8"'), "hidden: Input should be greater than"),
        (('norm_eps: "1e-05"', 'norm_eps: "nan"'), "norm_eps: Input should be"),
        (("activation: silu", "activation: magic"), "activation: 'magic' is not a word for it"),
        (('hidden: "8"\n', ""), "hidden: is missing"),
        (('context: "64"\n', ""), "context: is missing"),
        (
            ('context: "64"', 'context: "64"\nextended: "64"'),
            "extended: is no more than the context, 64",
        ),
        (("name: One", "name: One\nwidth: 3"), "width: is no key of it"),
        (("name: One", "id: one\nname: One"), "id: is given by the file name"),
        (("sources: [sheet-a]", "sources: []"), "sources: is empty"),
        (("sources: [sheet-a]", "sources: [other]"), "sources: cites 'other', not in specs/"),
        (('qkv_bias: "yes"\n', 'qkv_bias: "yes"\n' + MLA), "qkv_bias: is not known of mla"),
        (
            ('qkv_bias: "yes"\n', 'qkv_bias: "no"\n' + MLA.replace('"2", v', '"4", v')),
            "head_dim: is not nope and rope of mla together",
        ),
        (('qkv_bias: "yes"\n', 'qkv_bias: "no"\nqk_norm: "yes"\n' + MLA), "qk_norm: is not known"),
        (('qkv_bias: "yes"\n', f"qkv_bias: no\n{WINDOW}{MLA}"), "window: is not known of mla"),
        (('qkv_bias: "yes"\n', f'qkv_bias: no\nrotary: "2"\n{MLA}'), "rotary: is not known of mla"),
        (('qkv_bias: "yes"\n', f"qkv_bias: yes\n{INDEXER}"), "indexer: is known of mla and of"),
        (
            ('qkv_bias: "yes"\n', f"qkv_bias: no\n{MLA}{MORE_INDEXERS}"),
            "indexer.layers: are more than there are",
        ),
        (("kv_heads: \"2\"", f"kv_heads: \"2\"\n{COMPRESSED}"), "compressed: has one head of keys"),
        (('kv_heads: "2"', f'kv_heads: "1"\n{COMPRESSED}'), "indexer.layers: are not the sparse"),
        (('kv_heads: "2"', f'kv_heads: "1"\n{COMPRESSED}'), "qkv_bias: is not known of compressed"),
        (
            ('kv_heads: "2"', f'kv_heads: "1"\n{THRICE}'),
            "compressed: has more layers than there are",
        ),
        (
            ('kv_heads: "2"', f'kv_heads: "1"\n{UNEVEN}'),
            "compressed.o_groups: do not divide the 4 heads",
        ),
        (
            ('qkv_bias: "yes"\n', 'qkv_bias: "yes"\n' + EXPERTS.replace("}", ', hashed: "2"}')),
            "experts.hashed: are more layers than have experts",
        ),
        (('head_dim: "4"', 'head_dim: "4"\nrotary: "3"'), "rotary: is odd, and cannot be turned"),
        (('head_dim: "4"', 'head_dim: "4"\nrotary: "6"'), "rotary: is more than the head_dim, 4"),
        (
            ('rope_theta: "10000"', 'rotary: "2"'),
            "rope_theta: is missing, and rotary elements are turned",
        ),
        (
            ("name: One", "name: One\nqk_norm_over: heads"),
            "qk_norm_over: is given, and nothing is normalised",
        ),
        (("name: One", "name: One\naliases: [Two!]"), "aliases.0: 'Two!' is not of its form"),
        (
            ('qkv_bias: "yes"\n', f'qkv_bias: "yes"\n{WINDOW.replace("layers: 1", "layers: 3")}'),
            "window.layers: are more than there are",
        ),
        (('intermediate: "16"\n', ""), "intermediate: is missing, and a layer has a plain block"),
        (('intermediate: "16"\n', EXPERTS), "intermediate: is missing, and a layer has a plain"),
        (
            ('qkv_bias: "yes"\n', 'qkv_bias: "yes"\n' + EXPERTS.replace('"2"', '"9"')),
            "experts.per_token: is more than are routed",
        ),
        (
            ('qkv_bias: "yes"\n', 'qkv_bias: "yes"\n' + EXPERTS.replace('"1"}', '"2"}')),
            "experts.dense_layers: leaves no layer with experts",
        ),
        (
            ('qkv_bias: "yes"\n', 'qkv_bias: "yes"\n' + EXPERTS.replace("}", ', groups: "3"}')),
            "experts.groups: do not divide the 8 experts",
        ),
        (
            (
                'qkv_bias: "yes"\n',
                'qkv_bias: "yes"\n' + EXPERTS.replace("}", ', groups_per_token: "2"}'),
            ),
            "experts.groups_per_token: is more than there are groups",
        ),
        (
            ("activation: silu\n", f"activation: gelu\n{EXPERTS}"),
            "activation: is not known of experts, which are gated",
        ),
        (
            ('rope_theta: "10000"\n', MLA),
            "rope_theta: is missing, and mla turns a part of each key",
        ),
        (
            ('qkv_bias: "yes"\n', 'qkv_bias: "yes"\n' + LINEAR.replace('"1"', '"2"')),
            "linear.layers: leaves no layer with attention",
        ),
        (
            ('qkv_bias: "yes"\n', 'qkv_bias: "yes"\n' + LINEAR.replace('s: "4"', 's: "5"')),
            "linear.key_heads: do not divide the 5 value_heads",
        ),
        (('qkv_bias: "yes"\n', f"qkv_bias: yes\n{LINEAR}{WINDOW}"), "window: is not known beside"),
        (('qkv_bias: "yes"\n', f"qkv_bias: no\no_gate: yes\n{MLA}"), "o_gate: is not known of mla"),
        (
            (
                'qkv_bias: "yes"\n',
                'qkv_bias: "yes"\n'
                + EXPERTS.replace('shared: "1"', 'shared: "0"').replace("}", ", shared_gate: yes}"),
            ),
            "experts.shared_gate: is given, and no expert is shared",
        ),
        (("name: One", "- name"), "not a mapping"),
        (("name: One", "name: &x One"), "line 1"),
    ],
    ids=lambda told: told if isinstance(told, str) else None,
)  # fmt: skip
def test_a_fault_names_its_file_and_field(
    change: tuple[str, str], fault: str, tmp_path: Path
) -> None:
    text = "- name\n" if change[1] == "- name" else ONE.replace(*change)
    _, faults = examine(written(tmp_path, text), {"sheet-a"})
    assert any(str(one).startswith("specs/workloads/one.yaml") for one in faults)
    assert any(fault in str(one) for one in faults), [str(one) for one in faults]


@pytest.mark.parametrize(
    "more",
    [
        "",
        EXPERTS,
        MLA + EXPERTS,
        MLA + INDEXER,
        COMPRESSED + INDEXER.replace('"2"}', '"1"}'),
        LINEAR,
    ],
    ids=["plain", "experts", "mla", "indexer", "compressed", "linear"],
)
def test_a_sound_workload_has_no_fault(more: str, tmp_path: Path) -> None:
    one = ONE.replace('kv_heads: "2"', 'kv_heads: "1"') if "compressed" in more else ONE
    text = one.replace('"yes"', '"no"') + more
    found, faults = examine(written(tmp_path, text), {"sheet-a"})
    assert [str(one) for one in faults] == []
    assert set(found) == {"one"}


def test_a_head_that_is_not_turned_may_be_odd(tmp_path: Path) -> None:
    text = ONE.replace('head_dim: "4"', 'head_dim: "5"').replace('rope_theta: "10000"\n', "")
    _, faults = examine(written(tmp_path, text), {"sheet-a"})
    assert [str(one) for one in faults] == []


def test_a_broken_workload_is_a_fault_of_the_check(tmp_path: Path) -> None:
    (tmp_path / "chips").mkdir()
    (tmp_path / "sources.yaml").write_text(
        'sheet-a: {url: "https://example.com/", kind: press, accessed: "2026-11-24"}\n'
    )
    (tmp_path / "vendors.yaml").write_text("{}\n")
    written(tmp_path, ONE.replace('heads: "4"', 'heads: "four"'))
    found = check(tmp_path, tmp_path / "none")
    told = [str(fault) for fault in found.faults]
    assert told == ["specs/workloads/one.yaml: heads: is not a whole number; write a whole number"]
    assert found.counts["workloads"] == 0
    (tmp_path / "workloads" / "one.yaml").write_text(ONE)
    mended = check(tmp_path, tmp_path / "none")
    assert (mended.faults, mended.counts["workloads"]) == ((), 1)


def test_a_fault_stops_those_who_need_the_workloads(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="heads: is not a whole number"):
        sound(*examine(written(tmp_path, ONE.replace('heads: "4"', 'heads: "four"'))))
