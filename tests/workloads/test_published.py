"""More models: what each has, caches and computes, beside numbers worked out apart from this code.

Where a maker or the hub prints a count to the last parameter, or says how many a token passes
through, it is the one here: Mixtral 8x22B 140,620,634,112; gpt-oss 20B 3.6B, DeepSeek-V2 21B and
Mixtral 8x22B 39B a token.
"""

from math import prod

import numpy as np
import pytest

from bench.predict.model.operators import Points, operators
from bench.predict.model.parallel import parallel
from bench.predict.model.precision import precision
from bench.workloads.counts import (
    Phase,
    attention_flop,
    index_shapes,
    kv_sequence_bytes,
    layer_parameters,
    layer_shapes,
    parameters,
    rounds_to,
    spans,
)
from bench.workloads.load import workload, workloads
from tests.workloads.cases import active, kv_bytes, model_flop
from tests.workloads.test_counts import COUNTED

MORE = {
    "baichuan2-7b": (
        7_505_973_248, 6_991_122_432, 524_288, 16_129_196_032, 57_451_585_994_752,
    ),
    "chatglm3-6b": (
        6_243_584_000, 5_977_245_696, 28_672, 13_832_814_592, 50_630_546_685_952,
    ),
    "deepseek-v2": (
        235_741_434_880, 20_851_512_320, 69_120, 110_152_581_120, 207_757_340_835_840,
    ),
    "deepseek-v3.2": (
        671_877_944_064, 37_477_143_296, 78_324, 113_841_799_168, 414_711_127_998_464,
    ),
    "deepseek-v4-flash": (
        284_332_240_471, 13_270_101_591, 50_261, 29_103_226_880, 112_480_640_565_248,
    ),
    "deepseek-v4-pro": (
        1_572_997_201_763, 48_852_402_019, 71_382, 108_561_301_504, 417_836_345_851_904,
    ),
    "ernie-4.5-300b-a47b": (
        298_636_913_856, 47_079_337_152, 221_184, 101_404_639_232, 393_574_646_546_432,
    ),
    "gemma-2-9b": (
        9_241_705_984, 9_241_705_984, 344_064, 21_300_772_864, 73_962_581_131_264,
    ),
    "gemma-3-27b": (
        27_009_346_304, 27_009_346_304, 507_904, 55_559_487_488, 214_206_494_965_760,
    ),
    "glm-4-9b": (
        9_399_951_360, 8_779_194_368, 40_960, 20_241_711_104, 72_329_832_955_904,
    ),
    "glm-4.5": (
        352_797_829_024, 32_856_319_904, 376_832, 84_230_078_464, 300_727_511_547_904,
    ),
    "glm-4.5-air": (
        106_852_251_264, 12_803_372_672, 188_416, 34_865_676_288, 118_763_865_243_648,
    ),
    "glm-4.6": (
        352_797_829_024, 32_856_319_904, 376_832, 84_230_078_464, 300_727_511_547_904,
    ),
    "glm-5": (
        743_911_218_432, 40_833_146_112, 100_152, 106_527_719_424, 400_415_882_477_568,
    ),
    "glm-5.2": (
        743_377_019_904, 40_298_947_584, 92_628, 103_546_748_928, 392_121_881_198_592,
    ),
    "gpt-oss-20b": (
        20_914_757_184, 3_608_307_264, 49_152, 8_044_756_992, 26_557_758_947_328,
    ),
    "hy3-preview": (
        295_033_543_488, 20_180_802_368, 327_680, 51_097_632_768, 183_257_580_699_648,
    ),
    "internlm2-20b": (
        19_861_149_696, 19_292_559_360, 196_608, 43_415_764_992, 163_281_029_824_512,
    ),
    "llama-3.2-3b": (
        3_212_749_824, 3_212_749_824, 114_688, 7_834_435_584, 25_977_454_854_144,
    ),
    "llama-4-maverick": (
        400_711_848_960, 16_150_205_440, 196_608, 36_325_949_440, 132_074_326_589_440,
    ),
    "llama-4-scout": (
        107_769_861_120, 16_138_408_960, 196_608, 36_302_356_480, 131_977_689_825_280,
    ),
    "minimax-m2": (
        228_689_764_864, 10_415_956_480, 253_952, 27_071_348_736, 93_071_996_092_416,
    ),
    "mistral-7b": (
        7_248_023_552, 7_113_805_824, 131_072, 16_374_562_816, 61_573_993_332_736,
    ),
    "mistral-small-24b": (
        23_572_403_200, 22_901_314_560, 163_840, 48_486_154_240, 187_606_855_843_840,
    ),
    "mixtral-8x22b": (
        140_620_634_112, 38_955_423_744, 229_376, 83_546_603_520, 329_054_614_978_560,
    ),
    "phi-4": (
        14_659_507_200, 14_145_704_960, 204_800, 31_646_023_680, 118_543_802_695_680,
    ),
    "qwen1.5-14b": (
        14_167_290_880, 13_388_723_200, 819_200, 30_130_831_360, 110_169_145_999_360,
    ),
    "qwen1.5-72b": (
        72_287_920_128, 71_042_211_840, 2_621_440, 152_815_271_936, 593_744_139_124_736,
    ),
    "qwen1.5-7b": (
        7_721_324_544, 7_098_994_688, 524_288, 16_344_154_112, 57_451_800_952_832,
    ),
    "qwen2.5-0.5b": (
        494_032_768, 494_032_768, 12_288, 1_340_243_968, 3_653_318_115_328,
    ),
    "qwen2.5-1.5b": (
        1_543_714_304, 1_543_714_304, 28_672, 3_791_781_888, 12_177_051_353_088,
    ),
    "qwen2.5-14b": (
        14_770_033_664, 13_991_465_984, 196_608, 32_007_782_400, 116_483_083_468_800,
    ),
    "qwen2.5-32b": (
        32_763_876_352, 31_985_308_672, 262_144, 69_337_088_000, 266_635_811_225_600,
    ),
    "qwen2.5-3b": (
        3_085_938_688, 3_085_938_688, 36_864, 7_379_353_600, 25_204_094_402_560,
    ),
    "qwen3-0.6b": (
        596_049_920, 596_049_920, 114_688, 2_131_492_864, 5_532_698_804_224,
    ),
    "qwen3-1.7b": (
        1_720_574_976, 1_720_574_976, 114_688, 4_380_426_240, 13_470_109_532_160,
    ),
    "qwen3-14b": (
        14_768_307_200, 13_990_394_880, 163_840, 31_335_383_040, 115_108_357_079_040,
    ),
    "qwen3-4b": (
        4_022_468_096, 4_022_468_096, 147_456, 10_460_463_104, 34_713_911_558_144,
    ),
    "qwen3-coder-30b-a3b": (
        30_532_122_624, 3_041_867_776, 98_304, 9_304_539_136, 28_967_492_386_816,
    ),
    "qwen3-coder-480b-a35b": (
        480_154_875_392, 34_541_270_528, 253_952, 81_563_222_016, 300_880_230_875_136,
    ),
    "qwen3-next-80b-a3b": (
        79_674_391_296, 3_563_764_480, 24_576, 8_043_298_816, 29_134_593_458_176,
    ),
    "qwen3.5-0.8b": (
        752_393_024, 752_393_024, 12_288, 1_733_427_200, 4_701_987_799_040,
    ),
    "qwen3.5-27b": (
        26_895_998_464, 25_624_600_064, 65_536, 53_081_014_272, 204_482_446_098_432,
    ),
    "qwen3.5-35b-a3b": (
        34_660_610_688, 2_946_429_568, 20_480, 6_656_000_000, 22_045_943_398_400,
    ),
    "qwen3.5-397b-a17b": (
        396_346_350_336, 16_331_922_176, 30_720, 34_954_772_480, 131_688_751_431_680,
    ),
    "qwen3.5-9b": (
        8_953_803_264, 7_936_684_544, 32_768, 16_483_614_720, 58_345_138_421_760,
    ),
    "seed-oss-36b": (
        36_151_104_512, 35_356_808_192, 262_144, 81_448_140_800, 305_121_434_009_600,
    ),
    "yi-34b": (
        34_388_917_248, 33_930_165_248, 245_760, 74_905_026_560, 288_626_243_010_560,
    ),
}  # fmt: skip
"""Total; of a token, with the head; bytes cached a token in 16 bits; FLOP of a token decoded at a
context of 4,096, and of a prefill of as many."""


def test_every_shipped_model_is_counted_apart() -> None:
    assert {*COUNTED, *MORE} == set(workloads())


@pytest.mark.parametrize("name", MORE)
def test_a_model_is_counted_to_the_last_parameter_byte_and_flop(name: str) -> None:
    one = workload(name)
    whole, of_a_token = parameters(one), active(one) + parameters(one).head
    flop = (model_flop(one, "decode", 4096), model_flop(one, "prefill", 4096))
    assert (whole.total, of_a_token, kv_bytes(one), *flop) == MORE[name]


def test_gemma_3_has_the_parameters_that_keras_tells_with_64_tokens_fewer() -> None:
    fewer = workload("gemma-3-27b").model_copy(update={"vocabulary": 262_144})
    assert parameters(fewer).total == 27_009_002_240


def test_an_indexers_keys_are_cached_as_engines_tell() -> None:
    """SGLang, pull request 30531: 47,702 bytes a token in 8 bits, 55,225 with 78 indexers' keys."""
    few, every = (kv_bytes(workload(name), 1) for name in ("glm-5.2", "glm-5"))
    assert (few, every) == (47_700, 55_224)


@pytest.mark.parametrize(
    ("name", "ends", "count"),
    [("deepseek-v3.2", 2, "685.4B"), ("glm-5.2", 0, "753B")],
)
def test_with_the_layer_that_predicts_more_tokens_it_is_the_hubs_count(
    name: str, ends: int, count: str
) -> None:
    """A layer with experts and an indexer, a product of both inputs, three norms.

    DeepSeek's has an embedding and a head of its own.
    """
    one, whole = workload(name), parameters(workload(name))
    indexer = sum(map(prod, index_shapes(one).values()))
    more = layer_parameters(one) + indexer + 2 * one.hidden**2 + 3 * one.hidden
    assert rounds_to(whole.total + more + ends * whole.head, count)


@pytest.mark.parametrize(
    ("name", "flop", "cache"), [("deepseek-v4-pro", 0.27, 0.10), ("deepseek-v4-flash", 0.10, 0.07)]
)
def test_compressed_attention_takes_what_its_maker_says_of_a_million_tokens(
    name: str, flop: float, cache: float
) -> None:
    """Of DeepSeek-V3.2's FLOP a token and of its cache; its maker counts 4-bit scores for less."""
    one, dense = workload(name), workload("deepseek-v3.2")
    flops = [model_flop(model, "decode", 2**20) for model in (one, dense)]
    kept = [kv_sequence_bytes(model, 2**20, 1) for model in (one, dense)]
    assert flops[0] / flops[1] == pytest.approx(flop, abs=0.025)
    assert kept[0] / kept[1] == pytest.approx(cache, abs=0.016)


@pytest.mark.parametrize(("name", "count"), [("flash", "13B"), ("pro", "49B")])
def test_as_many_parameters_work_on_a_token_as_its_maker_says(name: str, count: str) -> None:
    one = workload(f"deepseek-v4-{name}")
    assert rounds_to(active(one) + parameters(one).head, count)


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("length", [1, 3, 4, 127, 128, 129, 2051, 2052, 2500, 9001])
def test_compressed_keys_are_counted_token_by_token(phase: Phase, length: int) -> None:
    """A window of 128; 21 layers of 512 at most of one in four, 20 of one in 128."""
    one = workload("deepseek-v4-flash")
    tokens = range(1, length + 1) if phase == "prefill" else (length,)
    near, sparse, heavy = (
        sum(min(t, 128) for t in tokens),
        sum(min(t // 4, 512) for t in tokens),
        sum(t // 128 for t in tokens),
    )
    told = sum(span.layers * attention_flop(one, phase, length, span) for span in spans(one))
    assert told == 4 * 64 * 512 * (43 * near + 21 * sparse + 20 * heavy)


def test_norms_over_all_heads_have_an_element_for_each_of_a_token() -> None:
    one = workload("minimax-m2")
    shapes = layer_shapes(one)
    assert (shapes["q_norm"], shapes["k_norm"]) == ((48 * 128,), (8 * 128,))
    each = layer_shapes(one.model_copy(update={"qk_norm_over": "head"}))
    assert (each["q_norm"], each["k_norm"]) == ((128,), (128,))


def test_a_layer_whose_parts_are_added_at_once_sums_over_chips_once() -> None:
    points, model = Points(np.array([4.0]), np.array([1000.0]), None), workload("mpt-7b")
    both = (model, model.model_copy(update={"parallel": True}))
    work = [operators(one, "decode", points, precision("bf16"), parallel("tp8")) for one in both]
    sums = [next(one for one in found if one.name == "all-reduce") for found in work]
    assert [one.calls[0] for one in sums] == [64, 32]
    assert sums[0].sent[0] == 2 * sums[1].sent[0]


def test_norms_after_attention_and_block_are_moved_and_launched() -> None:
    points, model = Points(np.array([4.0]), np.array([1000.0]), None), workload("gemma-2-9b")
    both = (model, model.model_copy(update={"norms": 2}))
    work = [operators(one, "decode", points, precision("bf16"), parallel("1")) for one in both]
    moved, launched = (
        [next(one for one in found if one.name == name) for found in work]
        for name in ("norms and activations", "launches")
    )
    assert moved[0].moved[0] - moved[1].moved[0] == 42 * 2 * 4 * 4 * 3584
    assert launched[0].calls[0] - launched[1].calls[0] == pytest.approx(42 * 2 / 9)


def test_what_is_not_turned_of_a_head_is_not_moved_to_turn_it() -> None:
    points = Points(np.array([4.0]), np.array([1000.0]), None)
    found = operators(workload("glm-4-9b"), "decode", points, precision("bf16"), parallel("1"))
    moved = next(one.moved[0] for one in found if one.name == "norms and activations")
    assert moved == 40 * 2 * 4 * (8 * 4096 + 2 * (32 + 2) * 64 + 3 * 13696)
