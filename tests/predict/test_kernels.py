"""Attention, experts, collectives: hand-worked times, limits, fits that find what was put in."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.random import default_rng

from bench.commands.validate import world as shipped_world
from bench.predict.learning import attention, collectives, experts
from bench.predict.learning.attention import DecodeParams, PrefillParams
from bench.predict.learning.collectives import Linked
from bench.predict.learning.departure import departure
from bench.predict.learning.experts import Grouped, touched
from bench.predict.learning.kernel import (
    Kernel,
    MeasuredCases,
    Params,
    Work,
    fit,
    fit_all_chips,
    joined,
    reread_bandwidth,
)
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World
from bench.predict.model.links import PCIE
from bench.predict.model.stack import CLOCK, Stack
from bench.predict.validation.errors import figures
from bench.predict.validation.kernels import leave_chip_out, left_out, other_sources, predicted
from tests.predict.cases import made

TERA = 1e12
CHIP = made(units=100.0, clock=CLOCK, cache=50e6)
"""1,000 TFLOP/s, 4 TB/s, 450 GB/s, 100 units."""
CHIPS = {
    one.chip: one
    for one in (
        made("a", 300 * TERA, units=100.0, clock=1.4e9, cache=40e6, bandwidth=2e12, tdp=400.0),
        made("b", 990 * TERA, units=130.0, clock=1.9e9, cache=50e6, bandwidth=3.3e12, tdp=700.0),
        made("c", 450 * TERA, units=150.0, clock=2.5e9, cache=100e6, bandwidth=1e12, tdp=500.0),
        made("d", 150 * TERA, units=80.0, clock=1.9e9, cache=60e6, bandwidth=4e12, tdp=400.0),
    )
}


def asked(phase: str = "prefill", us: float = 1.0, chip: str = "one", **told: float) -> Row:
    """A row of attention: one sequence of 4096 tokens, 32 heads of 128, 8 KV heads."""
    words = {"chip": chip, "phase": phase, "kv_dtype": "bf16", "dtype": "bf16"}
    usual = {"heads": 32.0, "kv_heads": 8.0, "head_dim": 128.0, "batch": 1.0, "length": 4096.0}
    return Row(words, {**usual, **told, "us": us})


def layer(us: float = 1.0, chip: str = "one", stack: str = "vllm balanced", **told: float) -> Row:
    """A row of experts: 64 tokens, 8 of 128 experts of 4096 by 1024."""
    words = {"chip": chip, "stack": stack, "dtype": "bf16", "part": "all", "phase": "decode"}
    usual = {"experts": 128.0, "per_token": 8.0, "tokens": 64.0, "hidden": 4096.0}
    return Row(words, {**usual, "intermediate": 1024.0, **told, "us": us})


def sent(op: str, ranks: float, size: float, us: float = 1.0, chip: str = "one") -> Row:
    """A row of a collective."""
    words = {"chip": chip, "stack": "nccl", "op": op, "dtype": "fp16"}
    return Row(words, {"ranks": ranks, "bytes": size, "us": us})


# formulas at points worked by hand


def test_prefill_is_arithmetic_a_path_and_bytes() -> None:
    how = PrefillParams(0.5, 0.0, 0.0, 0.5, 0.5, 1e-9, 2.0, 1e-5)
    flop = 4 * 32 * 128 * 4096 * 4097 / 2
    path = 4 * 128 * 128 * 4096 / (0.5e15 / 100)
    moved = 4096 * 128 * (2 * 8 * 2 + 2 * 32 * 2)
    told = attention.prefill_seconds(attention.attentions([asked()], CHIP), how)[0]
    assert told == pytest.approx(1e-5 + flop / 0.5e15 + 0.5 * path + moved / 2e12)


def test_half_a_head_runs_slower_by_its_power() -> None:
    how = PrefillParams(0.5, 0.0, 0.5, 0.0, 1e9, 1e-9, 2.0, 0.0)
    wide, narrow = (
        attention.prefill_seconds(attention.attentions([asked(head_dim=size)], CHIP), how)[0]
        for size in (128.0, 64.0)
    )
    assert wide / narrow == pytest.approx(2 / 2**0.5)


def test_decode_reads_the_cache_by_as_many_units_as_it_fills() -> None:
    how = DecodeParams(stream=0.8, split=512.0, held=1e-9, cached=2.0, launch_s=0.0)
    rows = [asked("decode", batch=batch) for batch in (1.0, 64.0)]
    few, many = attention.decode_seconds(attention.attentions(rows, CHIP), how)
    each = 4096 * 2 * 8 * 128 * 2 + 2 * 2 * 32 * 128
    assert many == pytest.approx(64 * each / 3.2e12)
    assert few == pytest.approx(each / 3.2e12 * 100 / 64)


def test_a_latent_cache_is_read_once_for_all_heads() -> None:
    row = asked("decode", heads=128.0, kv_heads=128.0, head_dim=544.0, latent=576.0, batch=256.0)
    one = attention.attentions([row], CHIP)
    assert one.kv_bytes[0] == 256 * 4096 * 576 * 2
    slow = replace(CHIP, peaks={"bf16": 148 * TERA})
    limited = attention.decode_seconds(
        attention.attentions([row], slow), DecodeParams(launch_s=0.0)
    )[0]
    flop = 4 * 128 * 544 * 256 * 4096
    assert limited == pytest.approx(flop / (DecodeParams().fraction * 148e12))


def test_what_the_cache_holds_is_read_from_it() -> None:
    moved, memory, fast = np.array([1e3, 1e12]), np.array([4e12, 4e12]), np.array([9e12, 9e12])
    assert reread_bandwidth(moved, memory, fast, np.array([1e7, 1e7])) == pytest.approx(
        [9e12, 4e12]
    )
    assert reread_bandwidth(moved, memory, fast, np.zeros(2)) == pytest.approx([4e12, 4e12])
    assert reread_bandwidth(moved, memory, fast / 9, np.array([1e7, 1e7])) == pytest.approx(
        [4e12, 4e12]
    )


def test_experts_that_tokens_touch() -> None:
    assert touched(128, 8, 1) == pytest.approx(8)
    assert touched(128, 8, 64) == pytest.approx(128 * (1 - (1 - 8 / 128) ** 64))
    assert touched(128, 8, 1e6) == pytest.approx(128)
    assert touched(128, 8, 64, 1.2) < touched(128, 8, 64, 1.01) < touched(128, 8, 64)


def test_a_layer_of_experts_is_its_touched_weights_its_rows_and_what_lies_beside() -> None:
    how = Grouped(0.5, 0.0, 0.8, 64.0, 32.0, 2.0, 1e-5)
    told = experts.seconds(experts.routed([layer()], CHIP), how)[0]
    weights = 3 * touched(128, 8, 64) * 4096 * 1024 * 2
    beside = 2 * 512 * (2 * 4096 + 3 * 1024)
    assert told == pytest.approx(1e-5 + weights / 3.2e12 + 2 * beside / 4e12, rel=1e-6)
    many = experts.seconds(experts.routed([layer(tokens=65536.0)], CHIP), how)[0]
    rows = 65536 * 8 + 128 * 16
    beside = 2 * 65536 * 8 * (2 * 4096 + 3 * 1024)
    flop = 2 * 3 * rows * 4096 * 1024
    assert many == pytest.approx(1e-5 + flop / 0.5e15 + 2 * beside / 4e12, rel=1e-6)


def test_bare_products_have_no_launch_and_the_rows_they_were_given() -> None:
    row = layer(expert_rows=16.0)
    one = experts.routed([replace(row, words={**row.words, "part": "down"})], CHIP)
    assert (one.matrices[0], one.rows[0], one.touched[0]) == (1, 128 * 16, 128)
    how = Grouped(overlap=64.0, launch_s=1.0)
    weights = 128 * 4096 * 1024 * 2 / (how.stream * 4e12)
    assert experts.seconds(one, how)[0] == pytest.approx(weights, rel=1e-2)


def test_an_all_reduce_goes_round_twice() -> None:
    rows = [sent("all_reduce", 8, 1e9), sent("all_gather", 8, 1e9)]
    how = Linked(1e-5, 1e-6, 3.0, 0.5, 0.0, 0.0)
    told = collectives.seconds(collectives.collectives(rows, CHIP), how)
    wire = 7 / 8 * 1e9 / 450e9
    assert told == pytest.approx([1e-5 + 21e-6 + 4 * wire, 1e-5 + 7e-6 + 2 * wire])


def test_the_ramp_is_that_of_the_best_number_of_pieces() -> None:
    one = collectives.collectives([sent("all_gather", 2, 2e8)], CHIP)
    wire, piece = 1e8 / 450e9, 2e-6
    told = collectives.seconds(one, Linked(0.0, 0.0, 1.0, 1.0, 0.0, 4 * piece))[0]
    pieces = np.arange(1, 200)
    assert told == pytest.approx(np.min(wire + wire / pieces + pieces * piece), rel=1e-3)


@pytest.mark.parametrize("size", [1e3, 1e6, 1e9])
def test_with_everything_reached_it_is_the_roofline(size: float) -> None:
    one = collectives.collectives([sent("all_reduce", 8, size)], CHIP)
    ideal = Linked(0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    assert collectives.seconds(one, ideal) == pytest.approx(collectives.roofline(one))
    routed = experts.routed([layer(tokens=size / 1e3)], CHIP)
    ideal_experts = Grouped(1.0, 0.0, 1.0, 64.0, 0.0, 0.0, 0.0)
    assert experts.seconds(routed, ideal_experts) == pytest.approx(experts.roofline(routed), 0.02)
    read = attention.attentions([asked("decode", length=size, batch=99.0)], CHIP)
    best = DecodeParams(1.0, 1.0, 1e-12, 2.0, 0.0, 1.0)
    assert attention.decode_seconds(read, best) == pytest.approx(attention.roofline(read))


def test_a_chip_of_pcie_alone_is_of_another_kind() -> None:
    slow = replace(CHIP, chip="slow", link=PCIE)
    both = {"one": CHIP, "slow": slow, "none": replace(CHIP, chip="none", link=None)}
    rows = [sent("all_gather", 2, 1e6, chip=name) for name in both]
    assert collectives.measured(rows, both, pcie=True).chips == (slow,)
    assert collectives.measured(rows, both, pcie=False).chips == (CHIP,)


def test_a_cache_in_a_format_without_a_rate_is_left_out() -> None:
    row = asked()
    narrow = replace(row, words={**row.words, "kv_dtype": "fp8"})
    plain = {"one": replace(CHIP, peaks={"bf16": 1e15})}
    assert attention.measured([narrow], plain, "prefill").chips == ()
    assert attention.measured([narrow], {"one": CHIP}, "prefill").chips == (CHIP,)
    assert attention.measured([row], plain, "decode").chips == ()


# fits on made-up times


def known_attention(phase: str) -> MeasuredCases[attention.Attentions]:
    """Attention of many shapes on four chips."""
    sizes = product((1.0, 8.0, 64.0), 2.0 ** np.arange(8, 15), ((8, 1), (32, 8)), (64, 128), CHIPS)
    told = [
        asked(phase, chip=chip, batch=batch, length=length, heads=h, kv_heads=kv, head_dim=head)
        for batch, length, (h, kv), head, chip in sizes
    ]
    return attention.measured(told, CHIPS, phase)


def timed(
    kernel: Kernel[Work, Params], known: MeasuredCases[Work], how: Params, noise: float = 0.0
) -> MeasuredCases[Work]:
    """The same cases with the times that some parameters give them."""
    draw = default_rng(7)
    times = [
        kernel.seconds(work, how) * np.exp(noise * draw.normal(size=len(one)))
        for work, one in zip(known.works, known.times, strict=True)
    ]
    return replace(known, times=tuple(times))


PREFILL = PrefillParams(0.7, 0.05, 0.3, 0.6, 0.7, 0.4, 8.0, 8e-6)
DECODE = DecodeParams(0.9, 200.0, 0.6, 9.0, 6e-6)
GROUPED = Grouped(0.6, 0.1, 0.8, 2.5, 100.0, 2.0, 2e-5)
LINKED = Linked(6e-6, 2e-6, 1.5, 0.7, 0.2, 1e-5)


def known_experts() -> MeasuredCases[experts.Routed]:
    """Layers of many tokens on four chips."""
    sizes = product((1.0, 16.0, 256.0, 4096.0, 65536.0), (8.0, 128.0), (512.0, 4096.0), CHIPS)
    return experts.measured(
        [layer(chip=chip, tokens=n, experts=e, per_token=2.0, intermediate=i)
         for n, e, i, chip in sizes], CHIPS, "bf16",
    )  # fmt: skip


def known_collectives() -> MeasuredCases[collectives.Collectives]:
    """Collectives of many sizes on four chips."""
    sizes = product(("all_reduce", "all_gather"), (2.0, 4.0, 8.0), 4.0 ** np.arange(5, 15), CHIPS)
    told = [sent(op, ranks, float(size), chip=chip) for op, ranks, size, chip in sizes]
    return collectives.measured(told, CHIPS, pcie=False)


def test_fits_find_what_times_were_made_of() -> None:
    prefill = timed(attention.PREFILL, known_attention("prefill"), PREFILL)
    assert vars(fit(attention.PREFILL, prefill)) == pytest.approx(vars(PREFILL), rel=0.05)
    decode = timed(attention.DECODE, known_attention("decode"), DECODE)
    assert vars(fit(attention.DECODE, decode)) == pytest.approx(vars(DECODE), rel=0.02)
    grouped = timed(experts.GROUPED, known_experts(), GROUPED)
    assert vars(fit(experts.GROUPED, grouped)) == pytest.approx(vars(GROUPED), rel=0.02)
    linked = timed(collectives.LINK, known_collectives(), LINKED)
    assert vars(fit(collectives.LINK, linked)) == pytest.approx(vars(LINKED), rel=0.02)


def test_cases_that_stray_bend_little() -> None:
    known = timed(collectives.LINK, known_collectives(), LINKED, noise=0.05)
    strayed = [np.where(np.arange(len(one)) % 12 == 0, 5 * one, one) for one in known.times]
    clean, bent = (
        fit(collectives.LINK, one) for one in (known, replace(known, times=tuple(strayed)))
    )
    assert bent.share == pytest.approx(clean.share, rel=0.1)
    assert bent.begin_s == pytest.approx(clean.begin_s, rel=0.2)


def test_a_chip_with_more_cases_has_no_more_to_say() -> None:
    known = timed(collectives.LINK, known_collectives(), LINKED)
    fast = replace(known, times=(known.times[0] / 1.2, *known.times[1:]))
    works = (joined([fast.works[0]] * 9), *fast.works[1:])
    more = replace(fast, works=works, times=(np.tile(fast.times[0], 9), *fast.times[1:]))
    once, often = (fit(collectives.LINK, one) for one in (fast, more))
    assert vars(often) == pytest.approx(vars(once), rel=0.05)


def test_nothing_of_the_chip_left_out_is_seen() -> None:
    known = timed(collectives.LINK, known_collectives(), LINKED, noise=0.02)
    wild = replace(known, times=(50 * known.times[0], *known.times[1:]))
    first, then = (leave_chip_out(collectives.LINK, one) for one in (known, wild))
    moved = [one.error - other.error for one, other in zip(first, then, strict=True)]
    assert moved[: len(known.times[0])] == pytest.approx([np.log(50)] * len(known.times[0]))
    assert leave_chip_out(collectives.LINK, known, least=4) == []
    own, others = (
        known.chosen(lambda one: (one == known.chips[0]) is left_out)  # noqa: B023
        for left_out in (True, False)
    )
    alone = predicted(collectives.LINK, own, others)
    assert alone == first[: len(alone)]


def test_a_kernel_of_a_vendor_that_no_fit_has_seen_is_a_port() -> None:
    known = timed(collectives.LINK, known_collectives(), LINKED, noise=0.02)
    first = known.chips[0]
    others, ported = known.chosen(lambda one: one != first), replace(first, vendor="another")
    _, departed = fit_all_chips(collectives.LINK, others)
    _, halves = departure(ported, departed, Stack())
    asked_of = replace(known.chosen(lambda one: one == first), chips=(ported,))
    assert {one.halves for one in predicted(collectives.LINK, asked_of, others)} == {halves}


# the shipped tables


@pytest.fixture(scope="module")
def world() -> World:
    """Sheets, workloads and tables as shipped."""
    return shipped_world()


MEAN = {
    "attention prefill, vllm": 0.22, "attention decode, vllm": 0.18, "experts bf16, vllm": 0.21,
    "experts fp8 by blocks, vllm": 0.16, "experts fp8, vllm": 0.18,
    "collectives, chip links, nccl": 0.20, "collectives, PCIe, nccl": 0.55,
}  # fmt: skip
"""No bars: what was reached, and a little more."""
WIDE = {"collectives, PCIe, nccl": 0.10}
"""How far intervals may be from what they say: three chips of two vendors tell little."""


def test_kernels_of_chips_left_out_are_predicted_but_poor_ones(world: World) -> None:
    told = {name: cases for name, cases, _ in left_out(world)}
    assert set(told) == set(MEAN)
    families = {world.chips[one.chip].family for one in told["experts fp8, vllm"]}
    assert families.isdisjoint({"hopper"})
    for name, one in ((name, figures(cases)) for name, cases in told.items()):
        assert one.mean < MEAN[name]
        assert one.median < min(median for _, median in one.rivals)
        assert abs(one.bias) < 0.05
        assert one.inside == pytest.approx([0.8, 0.95], abs=WIDE.get(name, 0.07))


def test_the_links_of_a_maker_that_no_fit_has_seen_are_predicted(world: World) -> None:
    told = {name: cases for name, cases, _ in other_sources(world)}
    for source in ("rccl", "mori"):
        cases = told[f"collectives, chip links, {source}"]
        assert {world.chips[one.chip].vendor for one in cases} == {"amd"}
        asked = {row.chip for row in world.data[f"collective-{source}"].rows}
        assert {one.chip for one in cases} == asked
    assert figures(told["collectives, chip links, mori"]).mean < 0.2, "a mesh counted as a switch"


def test_kernels_of_another_source_are_predicted(world: World) -> None:
    for one in (figures(cases) for _, cases, _ in other_sources(world)):
        assert one.mean < 0.4
        assert one.median < one.rivals[0][1]
