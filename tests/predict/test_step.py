"""The time of a step: never under the roofline, bound by the right thing, refused if unknown."""

from dataclasses import replace

import numpy as np
import pytest

from bench.errors import UsageError
from bench.predict.model.facts import CODED, Facts
from bench.predict.model.operators import Kind, Operator, Points, operator, operators
from bench.predict.model.parallel import Parallel, parallel
from bench.predict.model.precision import precision
from bench.predict.model.serving import Load, serve
from bench.predict.model.stack import CLOCK, IDEAL, LEAST, MOST, Stack, shared, soft_maximum
from bench.predict.model.step import NETWORK, OperatorTime, Step, headroom, rates, step, timed
from bench.workloads.load import workload, workloads
from tests.predict.cases import PAPER, made
from tests.predict.test_operators import FLOORS, points

ONE = np.array([1.0])
BF16 = precision("bf16")


def took(
    chip: Facts, name: str, phase: str, batch: float, length: float, split: str = "1",
    dtype: str = "bf16", stack: Stack = IDEAL,
) -> Step:  # fmt: skip
    """The step of one point."""
    asked, how = points(batch, length), precision(dtype)
    return step(chip, workload(name), phase, asked, how, parallel(split), stack)


def single(chip: Facts, stack: Stack, **given: float) -> float:
    """The time of one operator by itself."""
    one = operator("one", "product", ONE, tokens=64.0, **given)
    return float(timed([one], rates(chip, BF16), stack).seconds[0])


@pytest.mark.parametrize("name", workloads())
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_no_step_is_faster_than_its_roofline(name: str, phase: str) -> None:
    """An indexer's scores apart, which are in eight bits."""
    asked = Points(np.array([1.0, 8.0, 256.0]), np.array([64.0, 4096.0, 512.0]))
    found = operators(workload(name), phase, asked, BF16, Parallel())
    flop = sum(one.flop for one in found if one.kind != "indexer")
    moved = sum(one.weights + one.moved for one in found)
    for of, chip in PAPER.items():
        floor = np.maximum(flop / chip.peak("bf16"), moved / (chip.bandwidth or 0.0))
        told = step(chip, workload(name), phase, asked, BF16, Parallel(), IDEAL).seconds
        assert (told >= floor * (1 - 1e-12)).all(), of


@pytest.mark.parametrize("case", FLOORS, ids=lambda one: "-".join(map(str, one)))
def test_a_divided_step_is_slower_than_the_table_of_floors(case: tuple[str, str, int, int]) -> None:
    name, dtype, batch, count = case
    for chip, floor in FLOORS[case][2].items():
        seconds = took(PAPER[chip], name, "decode", batch, 4096, f"tp{count}", dtype).seconds[0]
        assert floor - 5e-5 <= 1e3 * seconds < 3 * floor


@pytest.mark.parametrize("share", [1e-3, 0.5, 0.99, 1.0, 1.01, 2.0, 1e3])
def test_a_steep_soft_maximum_is_the_maximum_to_a_percent(share: float) -> None:
    chip = made()
    seconds = single(chip, IDEAL, flop=1e12, weights=share * 1e12 / 1e15 * 4e12)
    longer = 1e-3 * max(1.0, share)
    assert longer * (1 - 1e-12) <= seconds <= 1.011 * longer


def test_exponent_one_adds_compute_and_memory() -> None:
    assert soft_maximum(np.array([3.0]), np.array([4.0]), 1.0)[0] == pytest.approx(7.0)
    assert soft_maximum(np.array([3.0]), np.array([4.0]), 2.0)[0] == pytest.approx(5.0)
    assert soft_maximum(np.array([0.0]), np.array([0.0]), 64.0)[0] < 1e-290


def test_half_of_every_figure_takes_twice_as_long() -> None:
    for phase in ("prefill", "decode"):
        whole = took(PAPER["h100"], "llama-3.1-70b", phase, 4, 1000, "tp8").seconds[0]
        half = took(PAPER["h100"], "llama-3.1-70b", phase, 4, 1000, "tp8", stack=shared(0.5))
        assert half.seconds[0] == pytest.approx(2 * whole)


@pytest.mark.parametrize("kind", ["product", "stream", "attention"])
def test_ecc_in_the_memory_takes_its_share_of_the_traffic_but_not_on_paper(kind: Kind) -> None:
    moved = "weights" if kind == "product" else "moved"
    one = operator("one", kind, ONE, tokens=64.0, **{moved: 1e9})

    def memory(chip: Facts, stack: Stack) -> float:
        return float(timed([one], rates(chip, BF16), stack).parts[0].memory[0])

    for stack, longer in ((Stack(), 16 / 15), (IDEAL, 1.0), (shared(0.5), 1.0)):
        plain, coded = (memory(made(coded=share), stack) for share in (0.0, CODED))
        assert coded / plain == pytest.approx(longer)


@pytest.mark.parametrize("kind", ["layer", "expert layer"])
def test_what_lies_between_kernels_takes_cycles(kind: Kind) -> None:
    one = operator("one", kind, ONE, calls=10.0)
    slow, usual, silent = (
        float(timed([one], rates(made(clock=clock), BF16), Stack()).seconds[0])
        for clock in (CLOCK / 2, CLOCK, None)
    )
    assert slow == pytest.approx(2 * usual)
    assert silent == usual > 0


def attention(chip: str, split: str) -> str:
    """What limits attention in a decode step of DeepSeek-V3."""
    parts = took(PAPER[chip], "deepseek-v3", "decode", 32, 4096, split).parts
    return next(one.limit() for one in parts if one.name == "attention")


def test_latent_attention_is_bound_by_arithmetic_on_h20_and_by_memory_on_h800() -> None:
    assert [attention("h20", f"tp{n}") for n in (1, 2, 4, 8)] == ["compute"] * 3 + ["memory"]
    assert [attention("h800", f"tp{n}") for n in (1, 2, 4, 8)] == ["memory"] * 4


def test_fixed_times_are_limited_by_launches_and_messages_by_the_link() -> None:
    parts = took(PAPER["h100"], "llama-3.1-70b", "decode", 1, 100, "tp8", stack=Stack()).parts
    limits = {one.name: one.limit() for one in parts}
    assert (limits["launches"], limits["all-reduce"]) == ("launches", "link")
    assert limits["norms and activations"] == limits["head"] == "memory"


@pytest.mark.parametrize("stack", [Stack(), Stack(headroom=0.4), IDEAL])
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_more_power_at_one_rate_is_never_slower(stack: Stack, phase: str) -> None:
    told = [
        took(made(tdp=tdp), "qwen3-32b", phase, 8, 2000, stack=stack).seconds[0]
        for tdp in (50.0, 150.0, 300.0, 600.0, 1200.0, 5000.0)
    ]
    assert told == sorted(told, reverse=True)


def test_the_achieved_fraction_stays_within_its_bounds() -> None:
    falling = Stack(product=0.7, headroom=0.3).fraction(np.array([-9.0, 0.0, 1.0, 9.0]))
    assert falling == pytest.approx([MOST, 0.7, 0.4, LEAST])


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("key", ["bandwidth", "link"])
def test_more_of_a_figure_is_never_slower(phase: str, key: str) -> None:
    told = [
        took(made(**{key: size}), "qwen3-32b", phase, 8, 2000, "tp4", stack=Stack()).seconds[0]
        for size in (5e10, 2e11, 1e12, 5e12)
    ]
    assert told == sorted(told, reverse=True)
    assert told[0] > 1.01 * told[-1]


def test_unknown_power_is_no_error_and_lies_between_little_and_much() -> None:
    little, none, much = (
        took(made(tdp=tdp), "qwen3-32b", "prefill", 4, 2000, stack=Stack()).seconds[0]
        for tdp in (400.0, None, 2000.0)
    )
    assert much < none < little
    assert headroom(made(tdp=500.0), 1000e12) == pytest.approx(1.0)


def test_beyond_a_node_the_slower_of_link_and_all_ports_carries() -> None:
    """Rings of an all-reduce leave a node by the ports of its eight chips."""

    def sent(split: str, network: float | None, stack: Stack = IDEAL) -> float:
        parts = took(made(network=network), "llama-3.1-70b", "prefill", 8, 2000, split, stack=stack)
        return float(next(one.seconds[0] for one in parts.parts if one.name == "all-reduce"))

    assert sent("tp16", 25e9) == pytest.approx(450 / 200 * sent("tp16", 900e9))
    assert sent("tp16", NETWORK) == sent("tp16", None)
    assert sent("tp8", 50e9) == sent("tp8", None)
    waits = replace(IDEAL, network_s=1e-3)
    assert sent("tp16", 50e9, waits) == pytest.approx(sent("tp16", 50e9) + 160 * 1e-3)
    assert sent("tp8", 50e9, waits) == sent("tp8", 50e9)


def test_a_format_that_a_sheet_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(UsageError, match=r"a100: no dense fp8 matrix rate .*it gives: bf16"):
        took(PAPER["a100"], "deepseek-v3", "decode", 1, 100, dtype="fp8")
    took(PAPER["a100"], "deepseek-v3", "decode", 1, 100, dtype="w8a16")


@pytest.mark.parametrize(
    ("lacks", "split", "told"),
    [
        ({"bandwidth": None}, "1", "memory bandwidth"),
        ({"link": None}, "tp2", "link bandwidth"),
        ({"link": None}, "pp2", "link bandwidth"),
        ({"link": None}, "dp2,ep2", "link bandwidth"),
        ({"bandwidth": None, "link": None}, "tp2", "memory bandwidth and no link bandwidth"),
    ],
)
def test_a_figure_that_nobody_published_is_named(
    lacks: dict[str, None], split: str, told: str
) -> None:
    with pytest.raises(UsageError, match=f"one: unknown, .*{told}"):
        took(made(**lacks), "qwen3-235b-a22b", "decode", 8, 100, split)


@pytest.mark.parametrize("split", ["1", "dp4"])
def test_chips_that_send_nothing_need_no_link(split: str) -> None:
    assert took(made(link=None), "llama-3.1-8b", "decode", 8, 100, split).seconds[0] > 0


def test_fewer_rows_than_a_tile_take_as_long_as_a_tile_and_more_cost_their_share() -> None:
    def computed(tokens: float) -> float:
        one = operator("one", "product", ONE, tokens=tokens, flop=tokens * 1e12)
        told = timed([one], rates(made(), BF16), replace(IDEAL, rows=16.0))
        return float(told.parts[0].compute[0])

    assert computed(1) == pytest.approx(computed(16))
    assert computed(17) == pytest.approx(17 / 16 * computed(16))


@pytest.mark.parametrize("chip", ["h20", "h200"])
def test_one_more_sequence_never_lowers_the_rate_of_decoding(chip: str) -> None:
    batches = [*map(float, range(1, 257))]
    asked = PAPER[chip], "qwen2.5-14b", "decode"
    took_s = [took(*asked, one, 512, stack=Stack()).seconds[0] for one in batches]
    assert np.all(np.diff(np.divide(batches, took_s)) > 0)


def grouped(chip: str, rows: float, experts: int = 16) -> float:
    """Seconds of so many rows an expert through the middle matrices of DeepSeek-V3, in FP8."""
    matrix = 7168 * 2048 * 2
    work = {"flop": 2.0 * matrix * experts * rows, "weights": float(matrix * experts)}
    one = operator("experts", "experts", ONE, tokens=rows, **work)
    promised = rates(PAPER[chip], precision("fp8"))
    return float(timed([one], promised, Stack()).seconds[0])


def test_an_expert_fills_a_tile_however_few_its_rows() -> None:
    """On H20 two rows take as long as thirty; on H200 the weights take longer than a tile."""
    for chip in ("h20", "h200"):
        assert grouped(chip, 2) == pytest.approx(grouped(chip, 30))
        assert grouped(chip, 33) > grouped(chip, 30)
    weights = 7168 * 2048 * 2 * 16
    pair = ("h20", "h200")
    beyond = {one: grouped(one, 2) * (PAPER[one].bandwidth or 0) / weights for one in pair}
    assert 2.0 < beyond["h20"] < 3.0  # 2.2 to 2.8 measured, middle half of 2 to 40 rows
    assert beyond["h200"] < 1.3


def test_many_rows_of_an_expert_lose_half_a_tile() -> None:
    long, longer = grouped("h20", 1000), grouped("h20", 2000)
    assert longer / long == pytest.approx(2032 / 1032, rel=1e-3)


def test_experts_run_at_their_own_rate_and_the_rest_at_sixteen_bits() -> None:
    chip = made(peaks={"bf16": 1e15, "mxfp4": 4e15})

    def computed(one: Operator) -> float:
        told = timed([one], rates(chip, precision("mxfp4")), IDEAL)
        return float(told.parts[0].compute[0])

    given = {"tokens": 16.0, "flop": 1e15}
    assert computed(operator("a", "product", ONE, **given)) == pytest.approx(1.0)
    assert computed(operator("a", "experts", ONE, **given)) == pytest.approx(0.25)


def test_the_head_is_sixteen_bits_wide_whatever_the_rest_is() -> None:
    chip = made(peaks={"bf16": 1e15, "fp8": 2e15})
    found = operators(workload("qwen3-32b"), "decode", points(64, 10), precision("fp8"), Parallel())
    told = timed(found, rates(chip, precision("fp8")), IDEAL)
    seconds = {one.name: float(one.compute[0]) for one in told.parts}
    flop = {one.name: float(one.flop[0]) for one in found}
    assert seconds["head"] == pytest.approx(flop["head"] / 1e15)
    assert seconds["feed-forward"] == pytest.approx(flop["feed-forward"] / 2e15)


def test_busy_is_a_share_that_prefill_has_much_of_and_decoding_little() -> None:
    long = took(PAPER["h100"], "llama-3.1-70b", "prefill", 8, 4096, stack=Stack()).busy[0]
    one = took(PAPER["h100"], "llama-3.1-70b", "decode", 1, 4096, stack=Stack()).busy[0]
    assert 0 < one < 0.1
    assert 0.8 < long <= 1


def test_a_token_waits_for_its_step_and_for_the_prefills_of_others() -> None:
    load = Load(np.array([16.0]), np.array([1000.0]), np.array([200.0]))
    model = workload("llama-3.1-8b")
    told = serve(made(), model, load, BF16, Parallel(), Stack())
    first = took(made(), "llama-3.1-8b", "prefill", 1, 1000, stack=Stack()).seconds[0]
    then = took(made(), "llama-3.1-8b", "decode", 16, 1100, stack=Stack()).seconds[0]
    assert told.ttft[0] == pytest.approx(first)
    assert told.tpot[0] == pytest.approx(then + 15 / 200 * first)
    assert told.turn[0] == pytest.approx(then + 16 / 200 * first)
    assert told.tokens_per_s[0] == pytest.approx(16 / told.turn[0])


def test_prompts_that_begin_together_read_the_weights_once() -> None:
    """Of 64 requests of eight tokens each eight begin in every step of decoding."""
    model, asked = workload("llama-3.1-70b"), (np.array([128.0]), np.array([8.0]))
    told = serve(made(), model, Load(np.array([64.0]), *asked), BF16, Parallel(), Stack())
    eight = took(made(), "llama-3.1-70b", "prefill", 8, 128, stack=Stack()).seconds[0]
    assert told.joined.seconds[0] == pytest.approx(eight / 8)
    assert told.joined.seconds[0] < 0.5 * told.ttft[0]
    assert told.turn[0] == pytest.approx(told.decode.seconds[0] + 8 * told.joined.seconds[0])
    few = serve(made(), model, Load(np.array([8.0]), *asked), BF16, Parallel(), Stack())
    assert few.joined.seconds[0] == pytest.approx(few.ttft[0])


@pytest.mark.parametrize("split", ["tp1", "dp4"])
def test_a_request_alone_waits_for_no_prefill(split: str) -> None:
    """Its own lies before its first token, and takes time of the chips all the same."""
    load = Load(np.array([1.0]), np.array([8000.0]), np.array([100.0]))
    told = serve(made(), workload("llama-3.1-8b"), load, BF16, parallel(split), Stack())
    assert told.tpot[0] == told.decode.seconds[0]
    assert 100 / told.tokens_per_s[0] == pytest.approx(told.ttft[0] + 100 * told.tpot[0])


def test_copies_serve_their_share_each_as_fast_as_one() -> None:
    prompt, output = np.array([1000.0]), np.array([200.0])
    one, four = (
        serve(made(), workload("llama-3.1-8b"), load, BF16, Parallel(dp=dp), Stack())
        for dp, load in ((n, Load(np.array([16.0 * n]), prompt, output)) for n in (1, 4))
    )
    assert four.tpot[0] == pytest.approx(one.tpot[0])
    assert four.ttft[0] == pytest.approx(one.ttft[0])
    assert four.tokens_per_s[0] == pytest.approx(4 * one.tokens_per_s[0])


@pytest.mark.parametrize(
    ("model", "phase"), [("glm-5", "prefill"), ("glm-5", "decode"), ("deepseek-v3", "decode")]
)
@pytest.mark.parametrize(("family", "rows"), [("hopper", 64), ("blackwell-ultra", 64), ("", 16)])
def test_heads_that_share_a_tokens_own_keys_are_filled_up_to_a_tile(
    model: str, phase: str, family: str, rows: int
) -> None:
    """One head's share of a tile takes as long as the whole."""
    chip = replace(PAPER["h200"], family=family)
    heads = workload(model).heads
    alone, split = (
        named(took(chip, model, phase, 8, 8192, one), "attention")
        for one in ("1", f"tp{2 * heads // rows}")
    )
    assert alone.compute[0] / split.compute[0] == pytest.approx(heads / rows)


def test_unfolded_latents_of_a_prompt_need_no_filling() -> None:
    alone, split = (
        named(took(PAPER["h200"], "deepseek-v3", "prefill", 1, 8192, one), "attention")
        for one in ("1", "tp16")
    )
    assert alone.compute[0] / split.compute[0] == pytest.approx(16)


def test_an_indexer_limits_what_decodes_far_in() -> None:
    """At 128k keys it takes longer than attention to 2,048 of them, and reads more."""
    found = took(PAPER["h200"], "deepseek-v3.2", "decode", 64, 131_072, "dp8,ep8", "fp8")
    indexer, attention = named(found, "indexer"), named(found, "attention")
    assert indexer.seconds[0] > 3 * attention.seconds[0]
    assert indexer.limit() == "memory"
    dense = took(PAPER["h200"], "deepseek-v3", "decode", 64, 131_072, "dp8,ep8", "fp8")
    assert named(dense, "attention").seconds[0] > 5 * (indexer.seconds[0] + attention.seconds[0])


def test_an_indexer_scores_in_eight_bits_where_the_chip_has_them() -> None:
    """Whatever the weights: twice as fast as in 16, where its scores are bound by arithmetic."""
    with_, without = (
        PAPER["h200"],
        replace(PAPER["h200"], peaks={"bf16": PAPER["h200"].peak("bf16")}),
    )
    fast, slow = (
        named(took(one, "deepseek-v3.2", "prefill", 1, 131_072), "indexer")
        for one in (with_, without)
    )
    assert fast.limit() == slow.limit() == "compute"
    assert slow.compute[0] / fast.compute[0] == pytest.approx(1979 / 989, rel=1e-3)


def named(found: Step, name: str) -> OperatorTime:
    """One part of a step."""
    return next(one for one in found.parts if one.name == name)
