"""Parameters, cache and FLOP of real models, beside the numbers worked out apart from this program.

The counts are of each model's published configuration: FLOP two a multiply-add, of products and
attention; the head runs on the last token in prefill, on every token in training.
"""

from dataclasses import replace

import numpy as np
import pytest

from bench.predict.learning.experts import touched
from bench.predict.model.attention import AttentionInput
from bench.predict.model.attention import attention_flop as modelled_flop
from bench.workloads.counts import Phase, attention_flop, kv_sequence_bytes, parameters, spans
from bench.workloads.load import workload
from tests.workloads.cases import (
    active,
    attention_products,
    kv_bytes,
    model_flop,
    products,
    training_flop,
)

COUNTED = {
    "llama-3.1-8b": (
        8_030_261_248, 6_979_588_096, 8_030_261_248, 7_504_924_672, 6_979_588_096, 6_979_321_856,
        525_336_576, 41_943_040,
    ),
    "llama-3.1-70b": (
        70_553_706_496, 68_452_360_192, 70_553_706_496, 69_503_033_344, 68_452_360_192,
        68_451_041_280, 1_050_673_152, 150_994_944,
    ),
    "llama-3.1-405b": (
        405_853_388_800, 401_650_696_192, 405_853_388_800, 403_752_042_496, 401_650_696_192,
        401_646_551_040, 2_101_346_304, 570_425_344,
    ),
    "qwen2.5-7b": (
        7_615_616_512, 6_525_621_760, 7_615_616_512, 7_070_619_136, 6_525_621_760, 6_525_288_448,
        544_997_376, 29_360_128,
    ),
    "qwen2.5-72b": (
        72_706_203_648, 70_214_787_072, 72_706_203_648, 71_460_495_360, 70_214_787_072,
        70_212_648_960, 1_245_708_288, 150_994_944,
    ),
    "qwen3-32b": (
        32_762_123_264, 31_206_298_624, 32_762_123_264, 31_984_210_944, 31_206_298_624,
        31_205_621_760, 777_912_320, 94_371_840,
    ),
    "qwen3-235b-a22b": (
        235_093_634_560, 233_848_974_848, 22_190_763_520, 21_568_433_664, 20_946_103_808,
        20_945_305_600, 622_329_856, 71_303_168,
    ),
    "gpt-oss-120b": (
        116_829_156_672, 115_670_889_792, 5_711_982_912, 5_132_849_472, 4_553_716_032,
        4_551_966_720, 579_133_440, 26_542_080,
    ),
    "deepseek-v3": (
        671_026_419_200, 669_173_061_120, 37_552_297_472, 36_625_618_432, 35_698_939_392,
        35_697_917_952, 926_679_040, 187_105_280,
    ),
    "kimi-k2": (
        1_026_408_232_448, 1_024_059_422_208, 32_861_500_928, 31_687_095_808, 30_512_690_688,
        30_511_661_056, 1_174_405_120, 101_122_048,
    ),
    "llama-2-7b": (
        6_738_415_616, 6_476_271_616, 6_738_415_616, 6_607_343_616, 6_476_271_616,
        6_476_005_376, 131_072_000, 67_108_864,
    ),
    "llama-2-13b": (
        13_015_864_320, 12_688_184_320, 13_015_864_320, 12_852_024_320, 12_688_184_320,
        12_687_769_600, 163_840_000, 104_857_600,
    ),
    "llama-2-70b": (
        68_976_648_192, 68_452_360_192, 68_976_648_192, 68_714_504_192, 68_452_360_192,
        68_451_041_280, 262_144_000, 150_994_944,
    ),
    "mixtral-8x7b": (
        46_702_792_704, 46_440_648_704, 12_879_925_248, 12_748_853_248, 12_617_781_248,
        12_617_515_008, 131_072_000, 41_943_040,
    ),
    "qwen3-8b": (
        8_190_735_360, 6_946_075_648, 8_190_735_360, 7_568_405_504, 6_946_075_648,
        6_945_767_424, 622_329_856, 41_943_040,
    ),
    "qwen3-30b-a3b": (
        30_532_122_624, 29_909_792_768, 3_353_032_704, 3_041_867_776, 2_730_702_848,
        2_730_491_904, 311_164_928, 18_874_368,
    ),
    "internlm-7b": (
        7_321_817_088, 6_476_664_832, 7_321_817_088, 6_899_240_960, 6_476_664_832,
        6_476_005_376, 422_576_128, 67_108_864,
    ),
    "mpt-7b": (
        6_649_286_656, 6_442_717_184, 6_649_286_656, 6_649_286_656, 6_442_717_184,
        6_442_450_944, 206_569_472, 67_108_864,
    ),
    "mpt-30b": (
        29_957_200_896, 29_595_704_320, 29_957_200_896, 29_957_200_896, 29_595_704_320,
        29_595_009_024, 361_496_576, 205_520_896,
    ),
}  # fmt: skip
"""Total, non-embedding, active with both embeddings, with the head, with neither, multiplied by,
head, and attention weights of a layer."""
FLOWING = {
    "llama-3.1-8b": (
        131_072, 65_536, 536_870_912, 17_179_869_184, 15_009_841_152, 17_156_800_512,
        32_189_186_048, 14_569_848_176_640, 61_574_775_570_432,
        48.2500,
    ),
    "llama-3.1-70b": (
        327_680, 163_840, 1_342_177_280, 42_949_672_960, 139_006_050_304, 149_740_847_104,
        224_902_774_784, 141_565_565_599_744, 582_748_632_776_704,
        433.1203,
    ),
    "llama-3.1-405b": (
        516_096, 258_048, 2_113_929_216, 67_645_734_912, 807_504_052_224, 841_318_662_144,
        1_078_078_734_336, 826_909_894_115_328, 3_359_578_892_795_904,
        2473.2341,
    ),
    "qwen2.5-7b": (
        57_344, 28_672, 234_881_024, 7_516_192_768, 14_140_973_056, 15_784_738_816,
        27_293_908_992, 13_575_539_654_656, 56_824_329_404_416,
        44.8886,
    ),
    "qwen2.5-72b": (
        327_680, 163_840, 1_342_177_280, 42_949_672_960, 142_919_335_936, 153_654_132_736,
        228_816_060_416, 145_173_728_198_656, 597_180_112_961_536,
        444.8602,
    ),
    "qwen3-32b": (
        262_144, 131_072, 1_073_741_824, 34_359_738_368, 63_969_165_312, 72_557_002_752,
        132_686_544_896, 65_011_254_558_720, 273_234_490_294_272,
        204.7893,
    ),
    "qwen3-235b-a22b": (
        192_512, 96_256, 788_529_152, 25_232_932_864, 43_138_351_104, 55_751_737_344,
        144_067_002_368, 44_513_715_290_112, 197_430_019_620_864,
        148.3351,
    ),
    "gpt-oss-120b": (
        73_728, 36_864, 155_713_536, 4_836_556_800, 10_262_790_144, 11_507_908_608,
        19_963_625_472, 9_514_613_587_968, 39_917_596_557_312,
        32.7105,
    ),
    "deepseek-v3": (
        70_272, 35_136, 287_834_112, 9_210_691_584, 73_266_184_192, 142_841_085_952,
        629_984_329_728, 75_733_677_899_776, 334_368_312_131_584,
        250.4574,
    ),
    "kimi-k2": (
        70_272, 35_136, 287_834_112, 9_210_691_584, 63_380_627_456, 98_168_078_336,
        341_739_700_224, 63_801_474_940_928, 270_918_433_636_352,
        205.4713,
    ),
    "llama-2-7b": (
        524_288, 262_144, 2_147_483_648, 68_719_476_736, 13_214_679_040, 15_361_638_400,
        30_394_023_936, 13_538_267_496_448, 57_450_818_437_120,
        42.8645,
    ),
    "llama-2-13b": (
        819_200, 409_600, 3_355_443_200, 107_374_182_400, 25_704_038_400, 29_058_662_400,
        52_546_764_800, 26_414_795_980_800, 110_812_161_638_400,
        82.1441,
    ),
    "llama-2-70b": (
        327_680, 163_840, 1_342_177_280, 42_949_672_960, 137_428_992_000, 148_163_788_800,
        223_325_716_480, 141_563_988_541_440, 582_747_055_718_400,
        428.3892,
    ),
    "mixtral-8x7b": (
        131_072, 65_536, 536_870_912, 17_179_869_184, 25_497_698_304, 27_644_657_664,
        42_677_043_200, 26_116_079_222_784, 107_762_065_342_464,
        79.7135,
    ),
    "qwen3-8b": (
        147_456, 73_728, 603_979_776, 19_327_352_832, 15_136_784_384, 17_552_113_664,
        34_463_547_392, 14_535_715_979_264, 61_849_981_681_664,
        49.0333,
    ),
    "qwen3-30b-a3b": (
        98_304, 49_152, 402_653_184, 12_884_901_888, 6_084_100_096, 9_304_539_136,
        31_853_117_440, 6_005_389_262_848, 28_967_492_386_816,
        23.0830,
    ),
    "internlm-7b": (
        524_288, 262_144, 2_147_483_648, 68_719_476_736, 13_797_687_296, 15_944_646_656,
        30_977_032_192, 13_538_850_504_704, 57_451_401_445_376,
        44.6135,
    ),
    "mpt-7b": (
        524_288, 262_144, 2_147_483_648, 68_719_476_736, 13_298_565_120, 15_445_524_480,
        30_477_910_016, 13_469_699_014_656, 57_176_091_525_120,
        43.1161,
    ),
    "mpt-30b": (
        1_376_256, 688_128, 5_637_144_576, 180_388_626_432, 59_914_387_456, 65_550_155_776,
        105_010_167_808, 61_333_560_623_104, 253_990_727_581_696,
        188.1968,
    ),
}  # fmt: skip
"""Cache of a token in 16 and 8 bits, of 4,096 and 131,072 tokens; FLOP of a token decoded at
contexts 1, 4,096 and 32,768, of prefills of 1,024 and 4,096; training, GFLOP a token at 4,096."""
TOUCHED = {
    "qwen3-235b-a22b": (8.0000, 51.6199, 111.7710, 125.9423, 127.9669, 128.0000),
    "gpt-oss-120b": (4.0000, 28.7104, 81.6569, 111.2212, 125.8006, 127.9622),
    "deepseek-v3": (8.0000, 57.4208, 163.3138, 222.4425, 251.6011, 255.9244),
    "kimi-k2": (8.0000, 59.5228, 188.2314, 284.1944, 358.0595, 382.2476),
    "mixtral-8x7b": (2.0000, 7.1991, 7.9992, 8.0000, 8.0000, 8.0000),
    "qwen3-30b-a3b": (8.0000, 51.6199, 111.7710, 125.9423, 127.9669, 128.0000),
}
"""Experts that 1, 8, 32, 64, 128 and 256 tokens are expected to reach."""


@pytest.mark.parametrize("name", COUNTED)
def test_parameters_are_counted_to_the_last_one(name: str) -> None:
    one = workload(name)
    whole, own = parameters(one), active(one)
    both = whole.total - whole.non_embedding
    told = (both + own, whole.head + own, own, products(one), whole.head, attention_products(one))
    assert (whole.total, whole.non_embedding, *told) == COUNTED[name]


@pytest.mark.parametrize("name", FLOWING)
def test_what_a_model_caches_is_counted_to_the_last_byte(name: str) -> None:
    one = workload(name)
    sequences = [kv_sequence_bytes(one, length) for length in (4096, 131_072)]
    assert (kv_bytes(one), kv_bytes(one, 1), *sequences) == FLOWING[name][:4]


@pytest.mark.parametrize("name", FLOWING)
def test_flop_are_counted_to_the_last_one(name: str) -> None:
    one = workload(name)
    decode = [model_flop(one, "decode", context) for context in (1, 4096, 32_768)]
    prefill = [model_flop(one, "prefill", length) for length in (1024, 4096)]
    assert (*decode, *prefill) == FLOWING[name][4:9]


@pytest.mark.parametrize("name", FLOWING)
def test_training_costs_three_forward_passes(name: str) -> None:
    found = training_flop(workload(name), 4096) / 4096 / 1e9
    assert found == pytest.approx(FLOWING[name][9], abs=5e-5)


@pytest.mark.parametrize("name", TOUCHED)
def test_tokens_reach_the_experts_that_chance_gives(name: str) -> None:
    experts = workload(name).experts
    assert experts
    drawn = (1, 8, 32, 64, 128, 256)
    found = [touched(experts.routed, experts.per_token, tokens) for tokens in drawn]
    assert found == pytest.approx(TOUCHED[name], abs=5e-5)


def test_heads_may_be_wider_or_narrower_than_the_model() -> None:
    wide, narrow = workload("qwen3-235b-a22b"), workload("gpt-oss-120b")
    assert (wide.heads * wide.head_dim, wide.hidden) == (8192, 4096)
    assert (narrow.heads * narrow.head_dim, narrow.hidden) == (4096, 2880)


def test_what_is_latent_is_cached_whatever_the_heads() -> None:
    assert kv_bytes(workload("kimi-k2")) == kv_bytes(workload("deepseek-v3"))


def test_a_window_keeps_no_more_than_itself() -> None:
    one = workload("gpt-oss-120b")
    assert one.window
    full, half = kv_bytes(one), kv_bytes(one) // 2
    assert kv_sequence_bytes(one, 128) == 128 * full
    assert kv_sequence_bytes(one, 129) == 129 * half + 128 * half


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("length", [1, 8191, 8192, 8193, 16_384, 20_001])
def test_a_chunk_is_seen_up_to_the_token_itself(phase: Phase, length: int) -> None:
    one = workload("llama-4-scout")
    tokens = range(1, length + 1) if phase == "prefill" else (length,)
    seen = sum(12 * token + 36 * ((token - 1) % 8192 + 1) for token in tokens)
    told = sum(span.layers * attention_flop(one, phase, length, span) for span in spans(one))
    assert told == 4 * 40 * 128 * seen
    inputs = AttentionInput(phase == "prefill", *map(np.asarray, ([1.0], [float(length)], [0.0])))
    inputs = replace(inputs, pairs=inputs.length * (inputs.length + 1) / 2)
    assert modelled_flop(one, inputs) == pytest.approx(told, rel=1e-12)
    kept = 12 * length + 36 * min(length, 8192)
    assert kv_sequence_bytes(one, length) == kept * 2 * 8 * 128 * 2
