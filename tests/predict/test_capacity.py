"""What chips hold of a model, what power they draw, and what an hour of one costs."""

import math

import pytest

from bench.chips.load import Catalogue
from bench.predict.learning.servingrows import as_served
from bench.predict.learning.shippeddata import shipped
from bench.predict.model.attention import replicated
from bench.predict.model.capacity import (
    RESERVED_B,
    RESERVED_SHARE,
    Room,
    chip_parameters,
    least_chips,
    room,
    weight_bytes,
)
from bench.predict.model.parallel import Parallel, parallel
from bench.predict.model.power import HOURS, Band, Prices, hourly, watts
from bench.predict.model.precision import precision
from bench.predict.model.recipe import PLAIN
from bench.workloads.counts import kv_sequence_bytes, parameters
from bench.workloads.load import workload, workloads
from tests.chips.comparison_cases import chip
from tests.predict.cases import made

BF16, FP8 = precision("bf16"), precision("fp8")


@pytest.mark.parametrize("name", workloads())
def test_weights_in_sixteen_bits_are_two_bytes_a_parameter(name: str) -> None:
    model = workload(name)
    total = 2 * parameters(model).total
    assert weight_bytes(model, BF16, Parallel()) == pytest.approx(total, rel=1e-12)
    for word in ("tp8", "tp4,pp2", "tp8,ep8"):
        over = parallel(word)
        most = -(-model.layers // over.pp) / model.layers
        again = 2 * model.layers * replicated(model, over.tp)
        told = weight_bytes(model, BF16, over)
        assert told == pytest.approx(most * (total / over.tp + again), rel=1e-12)


def test_llama_70b_takes_a_known_share_of_eight_chips() -> None:
    told = weight_bytes(workload("llama-3.1-70b"), BF16, Parallel(tp=8))
    assert told == pytest.approx(70_553_706_496 * 2 / 8, rel=1e-12)
    eight = weight_bytes(workload("llama-3.1-70b"), FP8, Parallel())
    assert eight == pytest.approx(68_452_360_192 + 2 * 2 * 1_050_673_152, rel=1e-12)


def test_experts_in_four_bits_fit_gpt_oss_on_one_chip_of_80_gb() -> None:
    model = workload("gpt-oss-120b")
    told = weight_bytes(model, precision("mxfp4"), Parallel())
    assert 60e9 < told < 66e9
    assert told < weight_bytes(model, precision("w4a16"), Parallel()) + 3e9
    assert room(made(capacity=80e9), model, precision("mxfp4"), Parallel(), 1, 4096).fits


def test_deepseek_v4_takes_nearly_what_its_files_do() -> None:
    """159,609,485,896 bytes, 3.9 billion of them a module that predicts more tokens.

    What makes one key of many comes in 16 bits there.
    """
    model, how = workload("deepseek-v4-flash"), precision("mxfp4-a8")
    told = weight_bytes(model, how, Parallel())
    assert told == pytest.approx(159_609_485_896 - 3.9e9, rel=0.01)


def test_experts_are_spread_and_the_rest_is_copied() -> None:
    model = workload("deepseek-v3")
    one = weight_bytes(model, FP8, Parallel())
    copied = weight_bytes(model, FP8, Parallel(dp=32, ep=32))
    routed = 58 * 256 * 3 * 7168 * 2048
    assert copied == pytest.approx(one - routed + routed / 32)


@pytest.mark.parametrize("name", ["llama-3.1-70b", "deepseek-v3", "gpt-oss-120b"])
def test_room_adds_up(name: str) -> None:
    told = room(made(capacity=141e9), workload(name), FP8, Parallel(tp=8), 32, 8192)
    assert told.reserved == pytest.approx(RESERVED_B + RESERVED_SHARE * 141e9)
    assert told.free == pytest.approx(141e9 - told.weights - 32 * told.cache - told.reserved)


@pytest.mark.parametrize(
    ("name", "split", "cache", "size"),
    [
        ("llama-3.1-70b", "1", "bf16", 1_342_177_280),
        ("llama-3.1-70b", "tp8", "bf16", 1_342_177_280 / 8),
        ("llama-3.1-70b", "tp16", "bf16", 1_342_177_280 / 8),
        ("llama-3.1-70b", "tp8,pp2", "bf16", 1_342_177_280 / 16),
        ("llama-3.1-70b", "1", "fp8", 1_342_177_280 / 2),
        ("qwen3-235b-a22b", "tp8", "bf16", 788_529_152 / 4),
        ("deepseek-v3", "tp8", "bf16", 287_834_112),
        ("gpt-oss-120b", "1", "bf16", 155_713_536),
        ("deepseek-v3.2", "tp8", "bf16", 4096 * (61 * 576 * 2 + 61 * 132)),
        (
            "deepseek-v4-flash",
            "tp8",
            "fp8",
            43 * 128 * 512 + 1024 * 21 * (512 + 132) + 32 * 20 * 512,
        ),
        ("glm-5.2", "tp4", "fp8", 4096 * (78 * 576 + 21 * 132)),
    ],
)
def test_a_sequence_of_4096_tokens_takes_a_known_cache(
    name: str, split: str, cache: str, size: float
) -> None:
    how = precision("bf16", cache)
    assert room(made(), workload(name), how, parallel(split), 1, 4096).cache == size


def test_the_most_sequences_fit_and_one_more_does_not() -> None:
    model, chip_ = workload("llama-3.1-8b"), made(capacity=80e9)
    most = room(chip_, model, BF16, Parallel(), 1, 4096).max_sequences
    assert most is not None
    assert most > 50
    fits = [room(chip_, model, BF16, Parallel(), n, 4096).fits for n in (most, most + 1)]
    assert fits == [True, False]
    copies = [
        room(chip_, model, BF16, Parallel(dp=4), n, 4096).fits for n in (4 * most, 4 * most + 4)
    ]
    assert copies == [True, False]


def test_a_model_too_large_has_no_room_for_any() -> None:
    told = room(made(capacity=80e9), workload("llama-3.1-70b"), BF16, Parallel(), 1, 4096)
    assert told.fits is False
    assert told.max_sequences == 0
    assert (told.free or 0.0) < -60e9


def test_no_split_that_others_served_a_model_with_is_called_too_small() -> None:
    """Sheets' GB were billions of bytes: DeepSeek-V3 in fp8 did not fit on eight H20, but tightly.

    The Ascend 310P is on cards of 24 and 48 GB; the sheet has the smaller, others ran the larger.
    """
    world = shipped()
    found: dict[str, set[tuple[str, str, Parallel]]] = {"fits": set(), "tight": set(), "no": set()}
    for row in (*world.serving, *world.unfitted_serving, *world.reported_serving):
        on, model = world.chips[row.chip], world.models[row.words["model"]]
        formats = as_served(row.words["dtype"], on, model)
        split = Parallel(int(row["tp"]), 1, int(row["dp"]), int(row["ep"]))
        length = int(row["input"] + row["output"])
        word = room(on, model, formats, split, split.dp, length).word
        found[word or "fits"].add((row.chip, model.id, split))
    assert {chip for chip, *_ in found["no"]} <= {"huawei-ascend-310p"}
    assert len(found["tight"]) < 0.02 * len(found["fits"]) + 2
    assert ("nvidia-h20-sxm-96gb", "deepseek-v3", Parallel(tp=8)) in found["fits"] - found["tight"]


def test_a_capacity_that_nobody_gives_leaves_it_open() -> None:
    told = room(made(capacity=None), workload("llama-3.1-8b"), BF16, Parallel(), 1, 4096)
    assert (told.fits, told.free, told.max_sequences) == (None, None, None)


def test_a_tight_fit_has_sequences() -> None:
    """Those that were asked for are among those that fit where nothing is kept free."""
    for asked in (1, 32, 200):
        told = room(made(capacity=96e9), workload("deepseek-v3"), FP8, Parallel(tp=8), asked, 2560)
        assert (told.fits, told.max_sequences) == (False, 0)
        assert told.max_sequences_if_full is not None
        assert told.tight == (asked <= told.max_sequences_if_full)
    roomy = room(made(capacity=141e9), workload("deepseek-v3"), FP8, Parallel(tp=8), 32, 2560)
    assert (roomy.max_sequences or 0) < (roomy.max_sequences_if_full or 0)


@pytest.mark.parametrize(
    ("name", "capacity", "wanted"),
    [("llama-3.1-8b", 80e9, 1), ("llama-3.1-70b", 80e9, 4), ("llama-3.1-70b", 192e9, 1),
     ("llama-3.1-405b", 80e9, 16), ("llama-3.1-405b", 1e9, None)],
)  # fmt: skip
def test_the_least_chips_that_hold_a_model(name: str, capacity: float, wanted: int | None) -> None:
    told = least_chips(made(capacity=capacity), workload(name), BF16, Parallel(), 1, 4096)
    assert told == wanted
    if told is not None and told > 1:
        half = Parallel(tp=told // 2)
        assert not room(made(capacity=capacity), workload(name), BF16, half, 1, 4096).fits


def test_training_keeps_eighteen_bytes_a_parameter_and_no_cache() -> None:
    """Six of them on every copy, twelve spread over the copies."""
    model = workload("llama-3.1-8b")
    told = room(made(), model, BF16, Parallel(tp=2), 8, 4096, PLAIN)
    assert told.weights == pytest.approx(18 * 8_030_261_248 / 2)
    told = room(made(), model, BF16, Parallel(tp=2, dp=4), 8, 4096, PLAIN)
    assert told.weights == pytest.approx((6 + 12 / 4) * 8_030_261_248 / 2)
    assert told.cache == 0
    assert room(made(capacity=80e9), model, BF16, Parallel(), 1, 4096, PLAIN).fits is False
    assert room(made(capacity=80e9), model, BF16, Parallel(dp=8), 8, 4096, PLAIN).fits is False


def test_sharded_copies_hold_the_largest_layer_whole_and_those_of_a_pipeline_all() -> None:
    """The head is larger than a layer; its weight twice, once gathered ahead, and its gradient."""
    model, head, layer = workload("llama-3.1-8b"), 128_256 * 4096, 218_112_000
    told = room(made(), model, BF16, Parallel(dp=4, sharded=True), 8, 4096, PLAIN)
    assert told.weights == pytest.approx(18 * 8_030_261_248 / 4 + 6 * head)
    slim = model.model_copy(update={"vocabulary": 1000})
    told = room(made(), slim, BF16, Parallel(tp=2, dp=4, sharded=True), 8, 4096, PLAIN)
    assert told.weights == pytest.approx(18 * parameters(slim).total / 8 + 6 * layer / 2)
    kept = [
        room(made(), model, BF16, Parallel(pp=2, dp=4, sharded=one), 8, 4096, PLAIN).weights
        for one in (True, False)
    ]
    assert kept[0] == kept[1]


def test_training_spreads_experts_and_what_belongs_to_them() -> None:
    """Experts over 32 chips have no copies to spread their states over."""
    model = workload("deepseek-v3")
    rest, routed = chip_parameters(model, Parallel(dp=32, ep=32))
    assert rest + 32 * routed == pytest.approx(parameters(model).total)
    told = room(made(), model, BF16, Parallel(dp=32, ep=32), 32, 4096, PLAIN)
    assert told.weights == pytest.approx((6 + 12 / 32) * rest + 18 * routed)


def test_what_is_left_is_told_to_the_byte() -> None:
    exact = Room(100.0, 60.0, 10.0, 20.0, 2.0)
    assert (exact.free, exact.fits, exact.max_sequences) == (0.0, True, 2)


@pytest.mark.parametrize("busy", [0.0, 0.1, 0.5, 1.0])
def test_power_is_a_band_below_the_boards(busy: float) -> None:
    told = watts(700.0, busy)
    assert 0 < told.low < told.middle < told.high <= 700.0


def test_waiting_for_memory_takes_a_fraction_and_arithmetic_nearly_all() -> None:
    waiting, working = watts(700.0, 0.0), watts(700.0, 1.0)
    assert waiting.low <= 140
    assert 290 < waiting.high <= 310
    assert working.low == pytest.approx(0.85 * 700)
    told = [watts(700.0, busy) for busy in (0.0, 0.3, 0.6, 1.0)]
    for key in ("low", "middle", "high"):
        assert [getattr(one, key) for one in told] == sorted(getattr(one, key) for one in told)


def test_what_is_not_known_of_a_rate_widens_what_a_token_takes() -> None:
    power = Band(200.0, 300.0, 450.0)
    sure, unsure, far = (
        power.each(100.0, (100.0 * math.exp(-half), 100.0 * math.exp(half)))
        for half in (0.0, 0.4, 50.0)
    )
    assert (sure.low, sure.middle, sure.high) == pytest.approx((2.0, 3.0, 4.5))
    assert unsure.middle == sure.middle
    logs = [math.log(unsure.middle / unsure.low), math.log(unsure.high / unsure.middle)]
    assert logs == pytest.approx([math.sqrt(math.log(1.5) ** 2 + 0.16)] * 2)
    assert math.log(far.high / far.middle) == pytest.approx(50.0, rel=1e-3)
    assert power.each(100.0, (0.0, 200.0)).high == math.inf


def priced(*rivals: str) -> dict[str, object]:
    """A price of $10,000, and rivals."""
    return {"price_usd": {"value": "10000 USD", "rivals": [
        {"value": one, "source": "wiki"} for one in rivals]}}  # fmt: skip


def test_an_hour_costs_the_price_written_off_and_the_power() -> None:
    told = hourly(chip("sold", priced()), Band(500.0, 600.0, 700.0), Prices(4.0, 0.1, 1.5))
    assert told is not None
    price = 10_000 / (4 * HOURS)
    assert (told.low, told.middle, told.high) == pytest.approx(
        tuple(price + kw * 1.5 * 0.1 for kw in (0.5, 0.6, 0.7))
    )


def test_rival_prices_widen_it_unless_refuted() -> None:
    none = Band(0.0, 0.0, 0.0)
    told = hourly(chip("torn", priced("8000 USD", "15000 USD")), none, Prices(years=1.0))
    assert told is not None
    assert [told.low * HOURS, told.middle * HOURS, told.high * HOURS] == pytest.approx(
        [8_000, 10_000, 15_000]
    )
    figures = priced("99000 USD")
    figures["price_usd"]["rivals"][0]["refuted"] = "a jest"  # type: ignore[index]
    one = hourly(chip("sure", figures), none, Prices())
    assert one is not None
    assert one.low == one.middle == one.high


def test_ones_own_price_or_rent_stands_before_what_sources_give() -> None:
    sold, power = chip("sold", priced("8000 USD")), Band(0.0, 0.0, 0.0)
    bought = hourly(sold, power, Prices(years=1.0, paid={"sold": 5_000.0}))
    assert bought is not None
    assert [bought.low * HOURS, bought.high * HOURS] == pytest.approx([5_000, 5_000])
    rented = hourly(chip("free", {}), None, Prices(rents={"free": 1.5}))
    assert rented == Band(1.5, 1.5, 1.5)


def test_a_chip_of_unknown_power_costs_its_price_without_energy() -> None:
    sold, at = chip("sold", priced()), Prices(years=1.0)
    assert hourly(sold, None, at) == hourly(sold, Band(0.0, 0.0, 0.0), at)
    assert hourly(chip("free", {}), None, at) is None


def test_prices_in_yuan_count_only_at_a_rate_and_then_stand_first() -> None:
    none = Band(0.0, 0.0, 0.0)
    yuan = {"value": "80000 CNY", "rivals": [{"value": "96000 CNY", "source": "wiki"}]}
    alone = chip("yuan", {"price_cny": yuan})
    assert hourly(alone, none, Prices(years=1.0)) is None
    told = hourly(alone, none, Prices(years=1.0, cny=8.0))
    assert told is not None
    assert [told.low * HOURS, told.high * HOURS] == pytest.approx([10_000, 12_000])
    both = chip("both", {**priced("15000 USD"), "price_cny": {**yuan, "value": "88000 CNY"}})
    told = hourly(both, none, Prices(years=1.0, cny=8.0))
    assert told is not None
    assert [told.low * HOURS, told.middle * HOURS, told.high * HOURS] == pytest.approx(
        [10_000, 11_000, 15_000]
    ), "the range covers the prices in both currencies"


def test_no_price_is_no_cost(sheets: Catalogue) -> None:
    assert hourly(chip("free", {}), Band(1.0, 1.0, 1.0), Prices()) is None
    told = {hourly(one, Band(1.0, 2.0, 3.0), Prices()) is None for one in sheets.chips.values()}
    assert told == {True, False}


def test_every_shipped_price_makes_an_ordered_band(sheets: Catalogue) -> None:
    for one in sheets.chips.values():
        told = hourly(one, Band(1.0, 2.0, 3.0), Prices())
        assert told is None or 0 < told.low <= told.middle <= told.high < math.inf


def test_a_chip_keeps_whole_heads_of_keys_and_values() -> None:
    """Of eight heads a fifth is two, as a quarter is."""
    model = workload("qwen2.5-14b")
    four, five, eight, forty = (
        room(made(), model, BF16, Parallel(tp=tp), 1, 4096).cache for tp in (4, 5, 8, 40)
    )
    assert five == four == 2 * eight
    assert forty == eight == kv_sequence_bytes(model, 4096) / 8
