"""A forecast holds what was measured, says what it rests on, and is unsure where figures lack."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.errors import UsageError
from bench.predict.assumptions import no_network
from bench.predict.forecast import Prediction, forecast, part_of
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt, load
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import parallel
from bench.predict.model.precision import precision
from bench.predict.model.serving import serve
from bench.predict.model.stack import IDEAL
from bench.predict.model.training import Trainer
from bench.predict.ratio import ratio
from bench.predict.refusals import refuse_unfit
from bench.predict.scenario import PHASES, Scenario
from bench.predict.tiers import Tier, tier
from bench.workloads.counts import parameters
from bench.workloads.load import workload
from tests.predict.cases import chips, made
from tests.workloads.cases import attention, training_flop

__all__ = ["chips"]
H20, H800 = "nvidia-h20-sxm-96gb", "nvidia-h800-sxm-80gb"


def asked(
    phase: str = "prefill", batch: float = 8, model: str = "qwen2.5-14b", dtype: str = "bf16",
    split: str = "1", prompt: float = 3496, output: float = 122,
) -> Scenario:  # fmt: skip
    """One question: eight prompts of 3,496 tokens, 122 tokens to each."""
    numbers = np.array([float(batch)]), np.array([float(prompt)]), np.array([float(output)])
    return Scenario(workload(model), phase, precision(dtype), parallel(split), *numbers)


def bounds(told: Prediction, level: float = 0.95) -> tuple[float, float]:
    """The interval of the first point's time."""
    seconds, half = float(told.seconds[0]), float(told.half(level)[0])
    return seconds * math.exp(-half), seconds * math.exp(half)


def within(value: float, edges: tuple[float | Array, float | Array]) -> bool:
    """Tells whether an interval holds a value."""
    return bool(edges[0] <= value <= edges[1])


@pytest.mark.parametrize(
    ("phase", "h20", "h800"), [("prefill", 5.74, 1.217), ("decode", 18.05e-3, 14.55e-3)]
)
def test_intervals_hold_what_was_measured_on_h20_and_h800(
    phase: str, h20: float, h800: float, chips: dict[str, Facts]
) -> None:
    first, second = (forecast(chips[one], asked(phase), load()) for one in (H20, H800))
    assert within(h20, bounds(first))
    assert within(h800, bounds(second))
    assert first.tier == second.tier == Tier.CHIP


@pytest.mark.parametrize(("phase", "measured"), [("prefill", 0.21), ("decode", 0.81)])
def test_the_ratio_holds_what_was_measured_whatever_bandwidths_say(
    phase: str, measured: float, chips: dict[str, Facts]
) -> None:
    assert (chips[H20].bandwidth or 0) / (chips[H800].bandwidth or 1) == pytest.approx(
        1.19, abs=0.01
    )
    first, second = (forecast(chips[one], asked(phase), load()) for one in (H20, H800))
    told = ratio(first, second, load())
    low, high = told.bounds(0.95)
    assert within(measured, (low, high))
    assert high[0] / low[0] < 4.5  # a ratio that holds everything says nothing
    assert told.middle[0] < 1


@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_a_chip_that_was_measured_is_told_by_its_own_times(phase: str) -> None:
    """Else ``fitted on this chip`` is said of an interval that its own times lie outside of."""
    part = load().parts[phase]
    for labels, mean in zip(part.labels, part.means, strict=True):
        (middle,), covariance = part.predicted([labels])
        assert abs(mean - middle) <= part.half(float(covariance[0, 0]), 0.95), labels[3]


@pytest.mark.parametrize("phase", PHASES)
def test_without_board_power_it_is_less_sure_and_no_error(phase: str) -> None:
    known = load()
    sure, unsure = (forecast(made(tdp=tdp), asked(phase), known) for tdp in (1000.0, None))
    for level in (0.8, 0.95):
        assert (unsure.half(level) > sure.half(level)).all()
    assert list(Tier).index(unsure.tier) > list(Tier).index(sure.tier)
    assert (unsure.tier, unsure.missing) == (Tier.SHEET, ("board power",))


def test_units_and_cache_change_no_step_and_a_slower_clock_does() -> None:
    told, plain, slow = (
        forecast(made(**more), asked(), load()).seconds[0]
        for more in ({"units": 100.0, "cache": 1e8}, {}, {"clock": 1e9})
    )
    assert told == plain < slow


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (("nvidia", "hopper", "any", H20), Tier.CHIP),
        (("nvidia", "hopper", "nvidia hopper 78 units 1.5e+02", "new"), Tier.SILICON),
        (("nvidia", "hopper", "new", "new"), Tier.FAMILY),
        (("nvidia", "new", "new", "new"), Tier.VENDOR),
        (("acme", "new", "new", "new"), Tier.OTHER),
    ],
)
def test_the_tier_is_the_nearest_chip_that_was_measured(
    labels: tuple[str, str, str, str], wanted: Tier
) -> None:
    vendor, family, silicon, name = labels
    chip = made(name, vendor=vendor, family=family, silicon=silicon)
    assert tier(chip, "prefill", load()) == wanted
    here = replace(load(), measured={name: ("prefill",)})
    assert tier(chip, "prefill", here) == Tier.HERE
    assert tier(chip, "decode", here) == tier(chip, "decode", load())


def test_a_nearer_chip_is_told_more_surely(chips: dict[str, Facts]) -> None:
    names = (H20, "nvidia-h20-sxm-141gb", "nvidia-b200-sxm-180gb", "amd-mi300x-oam-192gb")
    told = [forecast(chips[one], asked("decode"), load()) for one in names]
    tiers = [list(Tier).index(one.tier) for one in told]
    assert tiers == sorted(set(tiers))
    halves = [one.model_halves[1] for one in told]
    assert halves == sorted(halves)
    assert halves[-1] > 2 * halves[0]


def test_which_measurements_speak_for_which_question() -> None:
    assert [part_of(asked(phase)) for phase in PHASES] == ["prefill", "decode", DENSE, "train"]
    assert part_of(asked("decode", model="deepseek-v3")) == EXPERTS


def test_rates_are_of_prompts_in_prefill_and_of_output_else() -> None:
    for phase, tokens in (("prefill", 8 * 3496), ("decode", 8), ("train", 8 * 3496)):
        told = forecast(made(), asked(phase, split="tp2"), load())
        assert told.tokens_per_s == pytest.approx(tokens / told.seconds)
        assert told.per_chip() == pytest.approx(tokens / told.seconds / 2)
    assert forecast(made(), asked("decode"), load()).ttft is None


def test_the_rate_of_serving_has_all_prefills_in_it() -> None:
    told = forecast(made(), asked("serve"), load())
    question = told.scenario
    plain = serve(
        made(), question.workload, question.load, question.precision, question.split, load().stack
    )
    assert told.tokens_per_s == pytest.approx(plain.tokens_per_s * plain.tpot / told.seconds)
    assert told.tokens_per_s < 8 / told.seconds


def test_rival_figures_of_what_binds_widen_the_interval_and_no_others() -> None:
    torn = made(doubt={"bf16": 0.3, "bandwidth": 0.0})
    prefill, decode = (
        float(forecast(torn, asked(phase, batch), load()).sheet_half[0])
        for phase, batch in (("prefill", 8), ("decode", 1))
    )
    assert 0.2 < prefill <= 0.3
    assert decode < 0.05
    memory = made(doubt={"bandwidth": 0.3})
    assert 0.15 < float(forecast(memory, asked("decode", 1), load()).sheet_half[0]) <= 0.3
    assert forecast(made(), asked(), load()).sheet_half[0] == 0


def test_a_rate_that_steps_were_measured_by_stands_firm(chips: dict[str, Facts]) -> None:
    torn = replace(chips[H20], doubt={"bf16": 0.5, "bandwidth": 0.5})
    for phase in ("prefill", "decode"):
        assert forecast(torn, asked(phase), load()).sheet_half[0] == 0


def test_ratios_turn_about_and_of_a_chip_to_itself_are_one(chips: dict[str, Facts]) -> None:
    h20, h800 = (forecast(chips[one], asked(), load()) for one in (H20, H800))
    there, back = ratio(h20, h800, load()), ratio(h800, h20, load())
    assert there.middle == pytest.approx(1 / back.middle)
    assert there.bounds(0.8)[0] == pytest.approx(1 / back.bounds(0.8)[1])
    same = ratio(h20, h20, load())
    assert same.middle == 1
    assert [float(edge[0]) for edge in same.bounds(0.95)] == [1, 1]


def test_a_sibling_stands_closer_than_a_stranger(chips: dict[str, Facts]) -> None:
    first = forecast(chips["nvidia-h800-sxm-80gb"], asked("decode"), load())
    names = ("nvidia-h100-sxm-80gb", "amd-mi300x-oam-192gb")
    near, far = (
        ratio(first, forecast(chips[one], asked("decode"), load()), load()) for one in names
    )
    assert near.model_halves[1] < far.model_halves[1] / 2


def ideal() -> Learnt:
    """What was learnt, with software that reaches every figure."""
    return replace(load(), stack=IDEAL, trainer=Trainer(), ports={})


def moved(chip: Facts) -> float:
    """What a forecast of training multiplies the stack's time by."""
    return math.exp(float(load().parts["train"].predicted([chip.labels])[0][0]))


@pytest.mark.parametrize("model", ["llama-3.1-8b", "qwen3-32b"])
def test_a_training_step_is_three_forward_passes_with_the_head_on_each_token(model: str) -> None:
    chip = made(bandwidth=1e20)
    told = forecast(chip, asked("train", 2, model, prompt=4096), ideal())
    flop = told.seconds[0] / moved(chip) * chip.peak("bf16")
    again = 0.5 * attention(workload(model), "prefill", 4096)  # backward does its scores again
    assert flop == pytest.approx(2 * (training_flop(workload(model), 4096) + again), rel=2e-4)


def test_copies_exchange_their_gradients_over_the_link() -> None:
    """What is sent while the last micro-batch is worked off is not waited for."""
    one, slow, fast = (
        forecast(made(bandwidth=1e20, link=link), asked("train", batch, split=split), ideal())
        for batch, split, link in ((2, "1", 1e9), (8, "dp4", 1e9), (8, "dp4", 1e20))
    )
    assert fast.seconds == pytest.approx(one.seconds, rel=1e-3)
    sent = 2 * 3 / 4 * 2 * parameters(workload("qwen2.5-14b")).total
    apart = float(slow.seconds[0] - fast.seconds[0]) / moved(made())
    micro = float(one.seconds[0]) / moved(made()) / 2
    assert apart == pytest.approx(sent / 1e9 - micro, rel=1e-3)


def test_copies_that_train_need_a_link() -> None:
    with pytest.raises(UsageError, match="link bandwidth"):
        forecast(made(link=None), asked("train", split="dp4"), load())


def test_a_training_step_is_less_sure_for_its_engine_is_not_known() -> None:
    known = replace(load(), ports={})
    sure = replace(known, trainer=replace(known.trainer, engines=0.0))
    one, other = (forecast(made(), asked("train"), each) for each in (known, sure))
    assert one.seconds == other.seconds
    assert one.model_halves[0] > other.model_halves[0]


def test_memory_is_taken_by_prompt_and_output() -> None:
    told = forecast(made(capacity=80e9), asked("decode"), load()).room()
    kept = 2 * 8 * 128 * 48 * 2 * (3496 + 122)
    assert (told.cache, told.sequences, told.capacity) == (kept, 8, 80e9)
    assert told.fits


def test_what_nobody_published_is_listed() -> None:
    told = forecast(made(capacity=None, link=None), asked(), load())
    assert told.missing == ("memory capacity", "link bandwidth")
    assert told.room().fits is None


@pytest.mark.parametrize(
    ("phase", "model", "split", "told"),
    [
        ("decode", "llama-3.1-8b", "tp8,dp4", False),
        ("train", "llama-3.1-8b", "tp8,dp4", True),
        ("train", "llama-3.1-8b", "cp64", True),
        ("train", "llama-3.1-8b", "cp8", False),
        ("decode", "llama-3.1-8b", "tp8,pp2", True),
        ("decode", "deepseek-v3", "tp8,dp2", False),
        ("decode", "deepseek-v3", "tp8,dp2,ep16", True),
        ("decode", "llama-3.1-70b", "tp16", True),
    ],
)
def test_a_network_is_assumed_where_messages_leave_the_node(
    phase: str, model: str, split: str, *, told: bool
) -> None:
    question = asked(phase, model=model, split=split)
    assert no_network(made(network=None), question) is told
    assert not no_network(made(network=50e9), question)


def test_what_cannot_be_told_is_refused_before_any_work() -> None:
    refuse_unfit(made(), asked())
    with pytest.raises(UsageError, match=r"no dense int8 matrix rate.*bf16, fp8"):
        refuse_unfit(made(), asked(dtype="int8"))
    with pytest.raises(UsageError, match="no dense bf16"):
        refuse_unfit(made(peaks={"mxfp4": 1e15}), asked(dtype="mxfp4"))
    with pytest.raises(UsageError, match="memory bandwidth"):
        refuse_unfit(made(bandwidth=None), asked())


def test_chips_that_share_sequences_sum_gradients_over_a_link_that_is_not_known() -> None:
    unrated = made(link=None, unrated=True)
    for split in ("dp4", "cp4"):
        told = forecast(unrated, asked("train", split=split), load())
        assert told.tier == Tier.SHEET
        assert "a link of" in told.assumed


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("model", ["llama-3.1-8b", "deepseek-v3", "deepseek-v4-flash"])
def test_a_step_may_be_any_engines_and_its_interval_says_so(
    model: str, phase: str, chips: dict[str, Facts]
) -> None:
    """Steps were one engine's; how far others lie apart is known of their serving."""
    known = load()
    told, alone = (
        forecast(chips[H20], asked(phase, 8, model), one).half(0.8)
        for one in (known, replace(known, others={}))
    )
    assert told[0] > alone[0] + 0.05
