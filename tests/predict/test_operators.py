"""Operators of a step sum to the model: FLOP, weights, cache and messages, however divided."""

from math import prod

import numpy as np
import pytest

from bench.predict.learning.experts import touched
from bench.predict.model.attention import LOGIT, replicated
from bench.predict.model.operators import PARTS, Operator, Points, operators
from bench.predict.model.parallel import Parallel, parallel
from bench.predict.model.precision import precision
from bench.workloads.counts import (
    ROUTED,
    Phase,
    index_key_bytes,
    kv_sequence_bytes,
    layer_shapes,
    parameters,
)
from bench.workloads.load import workload, workloads
from tests.predict.cases import PAPER
from tests.workloads.cases import index_flop, index_products, model_flop, products

MODELS = tuple(workloads())
EXPERTS = tuple(name for name, one in workloads().items() if one.experts)
INDEXED = tuple(name for name, one in workloads().items() if one.indexer)
SELECTED = tuple(name for name in INDEXED if not workload(name).compressed)
FLOORS: dict[tuple[str, str, int, int], tuple[float, float, dict[str, float]]] = {
    ("llama-3.1-8b", "bf16", 1, 1): (15_546_187_776, 17_156_800_512, {
        "h20": 3.8865, "h800": 4.6407, "h100": 4.6407, "h200": 3.2388, "a100": 7.6244}),
    ("llama-3.1-8b", "bf16", 64, 1): (49_369_055_232, 1_098_035_232_768, {
        "h20": 12.3423, "h800": 14.7370, "h100": 14.7370, "h200": 10.2852, "a100": 24.2124}),
    ("llama-3.1-70b", "bf16", 1, 8): (140_345_606_144, 149_740_847_104, {
        "h20": 4.3858, "h800": 5.2368, "h100": 5.2368, "h200": 3.6548, "a100": 8.6038}),
    ("llama-3.1-70b", "bf16", 64, 8): (224_902_774_784, 9_583_414_214_656, {
        "h20": 8.0941, "h800": 8.3919, "h100": 8.3919, "h200": 5.8568, "a100": 13.7876}),
    ("qwen3-32b", "bf16", 16, 2): (81_146_937_344, 1_160_912_044_032, {
        "h20": 10.1434, "h800": 12.1115, "h100": 12.1115, "h200": 8.4528, "a100": 19.8987}),
    ("qwen3-235b-a22b", "fp8", 64, 8): (281_908_037_508, 3_568_111_190_016, {
        "h20": 8.8096, "h800": 10.5190, "h100": 10.5190, "h200": 7.3414}),
    ("deepseek-v3", "fp8", 1, 8): (37_839_110_144, 142_841_085_952, {
        "h20": 1.1825, "h800": 1.4119, "h100": 1.4119, "h200": 0.9854}),
    ("deepseek-v3", "fp8", 128, 16): (696_632_034_274, 18_283_659_001_856, {
        "h20": 10.8849, "h800": 12.9969, "h100": 12.9969, "h200": 9.0707}),
}  # fmt: skip
"""Model, format, batch and chips at context 4,096: bytes and FLOP a step, and ms on each chip."""


def points(batch: float, length: float, squares: float | None = None) -> Points:
    """One point."""
    more = None if squares is None else np.array([squares])
    return Points(np.array([float(batch)]), np.array([float(length)]), more)


def made(
    name: str, phase: str, batch: float, length: float, dtype: str = "bf16", split: str = "1"
) -> dict[str, Operator]:
    """The operators of one point by name."""
    how, over = precision(dtype), parallel(split)
    found = operators(workload(name), phase, points(batch, length), how, over)
    return {one.name: one for one in found}


def total(found: dict[str, Operator], part: str, without: tuple[str, ...] = ()) -> float:
    """The sum of one part over operators."""
    return sum(float(getattr(o, part)[0]) for name, o in found.items() if name not in without)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_flop_are_those_of_the_counts_to_the_last_one(name: str, phase: Phase) -> None:
    for length in (1, 100, 128, 129, 4096):
        flop = model_flop(workload(name), phase, length)
        assert total(made(name, phase, 1, length), "flop") == flop
        assert total(made(name, phase, 3, length), "flop") == 3 * flop


@pytest.mark.parametrize("name", [name for name in MODELS if name not in INDEXED])
def test_decoding_reads_the_cache_of_its_sequences(name: str) -> None:
    for length in (1, 100, 4096):
        moved = made(name, "decode", 5, length)["attention"].moved[0]
        assert moved == 5 * kv_sequence_bytes(workload(name), length)


def test_a_cache_of_eight_bits_is_half_as_long() -> None:
    model, how = workload("llama-3.1-70b"), precision("bf16", "fp8")
    found = operators(model, "decode", points(2, 4096), how, Parallel())
    attention = next(one for one in found if one.name == "attention")
    assert attention.moved[0] == 2 * 4096 * 163_840


@pytest.mark.parametrize("name", [name for name in MODELS if name not in EXPERTS])
def test_a_dense_step_reads_every_product_once(name: str) -> None:
    model = workload(name)
    for dtype, size, batch in (("bf16", 2, 1), ("bf16", 2, 64), ("fp8", 1, 1), ("fp8", 1, 64)):
        read = total(made(name, "decode", batch, 10, dtype), "weights")
        assert read == size * products(model) + 2 * parameters(model).head


def test_experts_in_four_bits_leave_the_rest_at_sixteen() -> None:
    model = workload("gpt-oss-120b")
    found = made("gpt-oss-120b", "decode", 1, 10, "mxfp4")
    one = 3 * 2880 * 2880
    assert found["experts"].weights[0] == pytest.approx(36 * 4 * one * 0.53125, rel=1e-12)
    rest = products(model) - 36 * 4 * one
    read = total(found, "weights", without=("experts", "head"))
    assert read == 2 * rest


@pytest.mark.parametrize("name", EXPERTS)
def test_a_step_reads_the_experts_that_it_touches(name: str) -> None:
    model = workload(name)
    assert model.experts is not None
    shapes = layer_shapes(model)
    one = sum(prod(shapes[key]) for key in ROUTED) / model.experts.routed
    layers = model.layers - model.experts.dense_layers
    for tokens in (1, 8, 128, 4096):
        read = touched(model.experts.routed, model.experts.per_token, tokens)
        found = made(name, "decode", tokens, 10, "fp8")["experts"]
        assert found.weights[0] == pytest.approx(layers * one * read, rel=1e-12)
        assert found.tokens[0] == pytest.approx(tokens * model.experts.per_token / read, rel=1e-12)


def test_deepseek_in_eight_bits_reads_37_839_110_144_bytes() -> None:
    found = made("deepseek-v3", "decode", 1, 4096, "fp8")
    read = total(found, "weights") + found["attention"].moved[0]
    assert read == pytest.approx(37_839_110_144, abs=1)


@pytest.mark.parametrize("case", FLOORS, ids=lambda one: "-".join(map(str, one)))
def test_the_roofline_table_comes_out_of_the_operators(case: tuple[str, str, int, int]) -> None:
    """Everything at its rate, ideally divided, no messages; worked out apart from this program."""
    name, dtype, batch, count = case
    read, flop, floors = FLOORS[case]
    found = made(name, "decode", batch, 4096, dtype)
    moved = total(found, "weights") + found["attention"].moved[0]
    assert moved == pytest.approx(read, rel=1e-9)
    assert total(found, "flop") == pytest.approx(flop, rel=1e-9)
    for chip, told in floors.items():
        paper = PAPER[chip]
        assert paper.bandwidth is not None
        seconds = max(total(found, "flop") / paper.peak(dtype), moved / paper.bandwidth) / count
        assert 1e3 * seconds == pytest.approx(told, abs=5.1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_the_work_of_all_chips_together_is_the_models(name: str) -> None:
    """But for what each chip keeps whole."""
    model, one = workload(name), workload(name).indexer
    alone = total(made(name, "decode", 16, 4096), "weights")
    for count in (2, 8, 16):
        found = made(name, "decode", 16, 4096, split=f"tp{count}")
        again = count * model.layers * replicated(model, count)
        scores = (count - 1) * one.layers * index_flop(model, "decode", 4096) if one else 0
        flop = 16 * (model_flop(model, "decode", 4096) + 2 * again + scores)
        assert count * total(found, "flop") == pytest.approx(flop, rel=1e-12)
        whole = alone + 2 * again
        assert count * total(found, "weights") == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "tp", "elements"),
    [
        ("llama-3.1-70b", 8, 0),
        ("llama-3.1-70b", 16, 2 * 8192 * 128 / 2),
        ("qwen3-235b-a22b", 8, 2 * 4096 * 128 / 2),
        ("deepseek-v3", 1, 0),
        ("deepseek-v3", 8, 7168 * (1536 + 576) * 7 / 8),
    ],
)
def test_latents_and_heads_of_keys_are_kept_whole(name: str, tp: int, elements: float) -> None:
    """Eight, four and no heads of keys; a latent of 1,536 for queries, of 512 and 64 for keys."""
    assert replicated(workload(name), tp) == pytest.approx(elements)


@pytest.mark.parametrize(
    "split", ["dp8,ep8", "tp2,dp4,ep8", "tp8,ep8", "dp8", "tp2,dp4", "dp8,ep4"]
)
def test_experts_spread_over_copies_or_not_do_the_models_work_once(split: str) -> None:
    model, over = workload("qwen3-235b-a22b"), parallel(split)
    found = made("qwen3-235b-a22b", "decode", 64, 4096, split=split)
    again = over.tp * model.layers * replicated(model, over.tp)
    flop = 64 * (model_flop(model, "decode", 4096) + 2 * again)
    assert over.chips * total(found, "flop") == pytest.approx(flop, rel=1e-12)


def test_copies_without_expert_parallel_are_each_as_one_alone() -> None:
    copies = made("qwen3-235b-a22b", "decode", 64, 4096, split="dp8")
    alone = made("qwen3-235b-a22b", "decode", 8, 4096)
    for part in ("flop", "weights", "moved"):
        assert total(copies, part) == pytest.approx(total(alone, part), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("llama-3.1-70b", {"tp2": 2, "tp4": 4, "tp8": 8, "tp16": 8}),
        ("qwen3-235b-a22b", {"tp2": 2, "tp4": 4, "tp8": 4}),
        ("deepseek-v3", {"tp2": 1, "tp8": 1, "tp16": 1, "dp8,ep8": 8}),
        ("kimi-k2", {"tp8": 1}),
    ],
)
def test_the_cache_is_divided_to_its_heads_and_a_latent_one_not_at_all(
    name: str, shares: dict[str, int]
) -> None:
    whole = made(name, "decode", 16, 1000)["attention"].moved[0]
    for split, share in shares.items():
        assert made(name, "decode", 16, 1000, split=split)["attention"].moved[0] == whole / share


def test_spreading_experts_divides_their_weights_and_sends_tokens_about() -> None:
    alone = made("deepseek-v3", "decode", 64, 1000)
    spread = made("deepseek-v3", "decode", 64, 1000, split="dp16,ep16")
    assert spread["experts"].weights[0] == pytest.approx(alone["experts"].weights[0] / 16)
    assert "all-to-all" not in alone
    elements = 58 * (15 / 16) * 8 * (64 / 16) * 7168
    assert spread["all-to-all"].sent[0] == pytest.approx(elements * (2 + 2))
    narrow = made("deepseek-v3", "decode", 64, 1000, "fp8", "dp16,ep16")
    assert narrow["all-to-all"].sent[0] == pytest.approx(elements * (1 + 2))
    assert (spread["all-to-all"].calls[0], spread["all-to-all"].ranks[0]) == (2 * 58, 16)
    assert "all-to-all" not in made("llama-3.1-8b", "decode", 64, 10, split="dp16,ep16")


def test_two_all_reduces_a_layer_send_the_rings_bytes() -> None:
    found = made("llama-3.1-70b", "prefill", 2, 1000, split="tp8")["all-reduce"]
    assert found.sent[0] == pytest.approx(2 * 80 * 2 * 7 / 8 * 2000 * 8192 * 2)
    assert (found.calls[0], found.ranks[0]) == (160, 8)
    assert "all-reduce" not in made("llama-3.1-70b", "prefill", 2, 1000)


def test_stages_of_a_pipeline_are_as_long_as_one_and_pass_the_hidden_state() -> None:
    one, four = (made("llama-3.1-70b", "decode", 8, 1000, split=word) for word in ("tp1", "pp4"))
    assert set(four) - set(one) == {"stage to stage"}
    assert four["stage to stage"].sent[0] == 3 * 8 * 8192 * 2
    for name, part in ((name, part) for name in one for part in PARTS):
        assert getattr(one[name], part) == getattr(four[name], part)


def test_copies_share_the_requests() -> None:
    half, whole = (made("llama-3.1-8b", "decode", 8 * n, 100, split=f"dp{n}") for n in (1, 4))
    for name, part in ((name, part) for name in half for part in PARTS):
        assert getattr(half[name], part) == getattr(whole[name], part)


def test_squares_tell_prompts_of_unequal_length() -> None:
    model, lengths = workload("llama-3.1-8b"), (100, 300, 2000)
    mean, squares = sum(lengths) / 3, float(sum(one**2 for one in lengths))
    found = operators(model, "prefill", points(3, mean, squares), precision("bf16"), Parallel())
    flop = sum(float(one.flop[0]) for one in found)
    assert flop == pytest.approx(sum(model_flop(model, "prefill", s) for s in lengths), rel=1e-12)


@pytest.mark.parametrize("squares", [None, [3e4, 3.5e6]], ids=["equal", "unequal"])
def test_a_point_does_not_depend_on_those_beside_it(squares: list[float] | None) -> None:
    """A prompt inside of the window, and one beyond it."""
    batch, length = np.array([2.0, 3.0]), np.array([100.0, 1000.0])
    model, how = workload("gpt-oss-120b"), precision("bf16")
    given = None if squares is None else np.array(squares)
    both = operators(model, "prefill", Points(batch, length, given), how, Parallel())
    for place in (0, 1):
        own = None if squares is None else squares[place]
        asked = points(batch[place], length[place], own)
        alone = operators(model, "prefill", asked, how, Parallel())
        for one, other in zip(both, alone, strict=True):
            assert one.flop[place] == pytest.approx(other.flop[0], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "each"),
    [
        ("llama-3.1-8b", 8 * 4096 + 2 * (32 + 8) * 128 + 3 * 14336),
        ("mpt-7b", 8 * 4096 + 2 * 16384),
        (
            "deepseek-v3",
            8 * 7168 + 2 * (128 + 1) * 64 + 3 * (3 * 18432 + 58 * 9 * 2048) / 61,
        ),
    ],
    ids=["turned and gated", "neither", "one turned key for all heads"],
)
def test_an_activation_without_a_gate_reads_one_width(name: str, each: int) -> None:
    found = made(name, "decode", 4, 1000)["norms and activations"]
    layers = workload(name).layers
    assert found.moved[0] == pytest.approx(layers * 2 * each * 4, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "kernels"),
    [
        ("llama-3.1-8b", 32 * (6 + 3)),
        ("gpt-oss-120b", 36 * (6 + 1)),
        ("qwen3-235b-a22b", 94 * (6 + 1)),
        ("deepseek-v3", 3 * (10 + 3) + 58 * (10 + 1 + 3)),
        ("mpt-7b", 32 * (5 + 3)),
    ],
)
def test_fixed_time_goes_by_the_kernels_between_a_layers_ends(name: str, kernels: int) -> None:
    """A layer with experts has no plain block; latents need products that heads do not.

    Where nothing is turned there is a kernel less; an ungated block has as many as a gated one.
    """
    found = made(name, "decode", 4, 1000)
    assert found["launches"].calls[0] == pytest.approx(kernels / 9)
    experts = workload(name).experts
    assert ("launches of experts" in found) == (experts is not None)
    if experts:
        routed = workload(name).layers - experts.dense_layers
        assert found["launches of experts"].calls[0] == routed


@pytest.mark.parametrize("name", SELECTED)
@pytest.mark.parametrize(
    ("length", "seen"), [(100, 100), (2048, 2048), (2049, 2048), (131_072, 2048)]
)
def test_decoding_reads_all_keys_of_an_indexer_and_the_chosen_of_attention(
    name: str, length: int, seen: int
) -> None:
    model, found = workload(name), made(name, "decode", 5, length)
    assert model.indexer
    keys = 5 * length * model.indexer.layers * index_key_bytes(model.indexer)
    assert found["attention"].moved[0] == 5 * seen * model.layers * 576 * 2
    assert found["indexer"].moved[0] == keys + 5 * length * model.indexer.layers * LOGIT
    assert 5 * kv_sequence_bytes(model, seen) - found["attention"].moved[0] == keys * seen / length


@pytest.mark.parametrize("split", ["tp2", "tp8"])
def test_every_chip_of_a_group_does_all_that_an_indexer_does(split: str) -> None:
    alone, one = (made("deepseek-v3.2", "decode", 16, 50_000, split=word) for word in ("1", split))
    for name in ("indexer", "indexer products"):
        assert alone[name].flop[0] > 0
        assert [getattr(one[name], part) for part in PARTS] == [
            getattr(alone[name], part) for part in PARTS
        ]
    copies = made("deepseek-v3.2", "decode", 16, 50_000, split="dp4,ep4")
    assert copies["indexer"].flop[0] == alone["indexer"].flop[0] / 4


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("length", [100, 2048])
def test_below_what_is_chosen_all_else_is_as_without_an_indexer(phase: str, length: int) -> None:
    without, found = (made(name, phase, 3, length) for name in ("deepseek-v3", "deepseek-v3.2"))
    for name in without.keys() - {"launches"}:
        for part in PARTS:
            assert getattr(found[name], part) == getattr(without[name], part)
    assert found.keys() - without.keys() == {"indexer", "indexer products"}
    more = found["launches"].calls[0] - without["launches"].calls[0]
    assert more == pytest.approx(61 * 7 / 9)
    assert (found["indexer"].flop[0] > 0) == (phase == "decode")


def test_a_longer_prompt_attends_to_the_chosen_in_latents_by_tiles_of_heads() -> None:
    short, long = (made("glm-5", "prefill", 1, n, split="tp8")["attention"] for n in (2048, 8192))
    pairs = 2048 * 2049 / 2 + (8192 - 2048) * 2048
    assert long.flop[0] == 78 * 2 * 64 * (2 * 512 + 64) * pairs / 8
    assert (short.tokens[0], long.tokens[0]) == (0, 8)
    assert made("deepseek-v3", "prefill", 1, 8192, split="tp8")["attention"].tokens[0] == 0


def test_layers_that_take_a_choice_have_no_indexer() -> None:
    every, few = (made(name, "decode", 4, 30_000) for name in ("glm-5", "glm-5.2"))
    for part in ("flop", "moved"):
        share = getattr(few["indexer"], part)[0] / getattr(every["indexer"], part)[0]
        assert share == pytest.approx(21 / 78)
    assert few["indexer products"].weights[0] == 2 * 21 * index_products(workload("glm-5.2"))
    assert few["attention"].moved[0] == every["attention"].moved[0]


def test_of_compressed_attention_decoding_reads_the_window_and_the_keys_that_it_sees() -> None:
    """Of 21 layers 512 keys of four tokens, of 20 all of 128; the indexer all of its own."""
    found = made("deepseek-v4-flash", "decode", 3, 10_000)
    keys = 43 * 128 + 21 * 512 + 20 * (10_000 // 128)
    assert found["attention"].moved[0] == 3 * keys * 512 * 2
    assert found["indexer"].moved[0] == 3 * 21 * 2500 * (132 + LOGIT)
    short = made("deepseek-v4-flash", "decode", 3, 100)["attention"].moved[0]
    assert short == 3 * (43 * 100 + 21 * 25) * 512 * 2


def test_what_folds_keys_is_whole_on_every_chip() -> None:
    one, eight = (
        made("deepseek-v4-flash", "decode", 4, 5000, split=word)["attention products"].weights[0]
        for word in ("1", "tp8")
    )
    folds = 21 * 4 * 512 * 4096 + 20 * 2 * 512 * 4096
    whole = 43 * (4096 * (1024 + 512) + 2 * 24 * 4 * 4096)
    assert eight == 2 * (folds + whole) + (one - 2 * (folds + whole)) / 8


def test_mixed_hidden_states_are_read_and_written_again() -> None:
    found = made("deepseek-v4-flash", "decode", 4, 1000)
    mixed = 2 * ((3 * 4 + 1) + (4 + 1)) * 4096
    each = 8 * 4096 + mixed + 2 * 65 * 64 + 3 * 2048 * 7
    assert found["norms and activations"].moved[0] == 43 * 2 * 4 * each
    kernels = 43 * (10 + 4 + 1 + 3) + 21 * 7 + 41 * 2
    assert found["launches"].calls[0] == pytest.approx(kernels / 9)


def test_a_stage_sends_all_hidden_states_that_run_beside_one_another() -> None:
    one, four = (
        made(name, "decode", 4, 1000, split="pp2")["stage to stage"].sent[0] / workload(name).hidden
        for name in ("deepseek-v3", "deepseek-v4-pro")
    )
    assert four == 4 * one > 0
