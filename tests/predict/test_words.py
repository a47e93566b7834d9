"""How a division over chips and a number format are asked for, and what each word means."""

import pytest

from bench.errors import UsageError
from bench.predict.model.parallel import Parallel, parallel
from bench.predict.model.precision import precision


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("1", Parallel()),
        ("8", Parallel(tp=8)),
        ("tp8", Parallel(tp=8)),
        ("tp=8", Parallel(tp=8)),
        ("tp8,ep8", Parallel(tp=8, ep=8)),
        ("tp8, pp2", Parallel(tp=8, pp=2)),
        ("tp8xpp2", Parallel(tp=8, pp=2)),
        ("ep8 dp8", Parallel(dp=8, ep=8)),
        ("tp2,dp4,ep8", Parallel(tp=2, dp=4, ep=8)),
        (" tp4 ", Parallel(tp=4)),
        ("tp8,pp4,vp5", Parallel(tp=8, pp=4, vp=5)),
        ("cp2,fsdp4", Parallel(dp=4, cp=2, sharded=True)),
    ],
)
def test_divisions_are_read(word: str, wanted: Parallel) -> None:
    assert parallel(word) == wanted


@pytest.mark.parametrize(
    "word",
    ["", "0", "tp0", "tp8,ep0", "-1", "1.5", "tp", "xp8", "tp8,tp4", "tp8;ep8", "ep8", "tp4,ep3",
     "tp2,dp2,ep8", "tp8,sp2", "eight", "tp8,vp5", "pp4,vp0"],
)  # fmt: skip
def test_words_that_divide_nothing_are_refused_by_name(word: str) -> None:
    with pytest.raises(UsageError, match=f"^parallel={word}"):
        parallel(word)


@pytest.mark.parametrize("word", ["²", "tp²", "①"])
def test_a_digit_that_is_no_number_is_refused_like_any_word(word: str) -> None:
    with pytest.raises(UsageError):
        parallel(word)


@pytest.mark.parametrize("word", ["tp1", "tp8", "tp8 ep8", "tp8 pp2", "pp2", "tp2 dp4 ep8", "tp16",
                                  "tp8 pp4 vp5", "pp2 fsdp4 cp2"])  # fmt: skip
def test_a_division_is_written_as_it_is_read(word: str) -> None:
    assert str(parallel(word)) == word


def test_chips_and_shards_of_experts() -> None:
    split = parallel("tp2,pp3,dp4,ep8")
    assert (split.chips, split.shards) == (24, 8)
    assert parallel("tp2,pp4,vp5").chips == 8
    assert (parallel("tp8").shards, parallel("tp8,ep2").shards) == (8, 8)


@pytest.mark.parametrize(
    ("word", "weight", "rate"),
    [
        ("fp32", 4, "fp32"),
        ("bf16", 2, "bf16"),
        ("fp16", 2, "fp16"),
        ("fp8", 1, "fp8"),
        ("int8", 1, "int8"),
        ("mxfp8", 1 + 1 / 32, "fp8"),
        ("nvfp4", 0.5 + 1 / 16, "fp4"),
        ("mxfp4", 0.5 + 1 / 32, "mxfp4"),
        ("w8a16", 1, "bf16"),
        ("w4a16", 0.5 + 1 / 32, "bf16"),
        ("mxfp4-a16", 0.5 + 1 / 32, "bf16"),
        ("int4-a16", 0.5 + 1 / 32, "bf16"),
        ("mxfp4-a8", 0.5 + 1 / 32, "fp8"),
    ],
)
def test_bytes_a_weight_and_the_rate_it_is_multiplied_at(
    word: str, weight: float, rate: str
) -> None:
    told = precision(word)
    assert (told.name, told.weight, told.rate, told.cache) == (word, weight, rate, 2.0)


@pytest.mark.parametrize("word", ["mxfp4", "mxfp4-a16", "int4-a16"])
def test_formats_of_experts_leave_the_rest_at_sixteen_bits(word: str) -> None:
    told = precision(word)
    assert (told.dense_weight, told.dense) == (2.0, "bf16")
    dense = precision(word, experts=False)
    assert (dense.dense_weight, dense.dense) == (dense.weight, dense.rate)


def test_experts_in_four_bits_may_leave_the_rest_at_eight() -> None:
    told = precision("mxfp4-a8")
    assert (told.dense_weight, told.dense, told.attention) == (1.0, "fp8", "bf16")
    assert precision("mxfp4-a8", experts=False).dense_weight == told.weight


@pytest.mark.parametrize("word", ["bf16", "fp16", "fp8", "int8", "nvfp4"])
def test_other_formats_are_those_of_all_layers(word: str) -> None:
    told = precision(word)
    assert (told.dense_weight, told.dense) == (told.weight, told.rate)


def test_attention_is_computed_in_sixteen_bits() -> None:
    every = ("bf16", "fp16", "fp8", "nvfp4", "w8a16")
    assert [precision(word).attention for word in every] == ["bf16", "fp16", "bf16", "bf16", "bf16"]


def test_the_cache_has_a_format_of_its_own() -> None:
    assert [precision("bf16", cache).cache for cache in ("bf16", "fp8", "fp32")] == [2.0, 1.0, 4.0]


@pytest.mark.parametrize(
    ("word", "cache", "told"),
    [("bf61", "bf16", "bf16"), ("fp4", "bf16", "nvfp4"), ("", "bf16", "precision"),
     ("bf16", "fp9", "cache format 'fp9'.*fp8"), ("bf16", "nvfp4", "cache format")],
)  # fmt: skip
def test_unknown_formats_are_refused_with_the_nearest(word: str, cache: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        precision(word, cache)
