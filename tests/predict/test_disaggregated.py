"""Prefill and decode on chips of their own: both sides by themselves, joined, and searched."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.predict.disaggregated import predicted
from bench.predict.disaggregatedways import disaggregated_ways, pairs
from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt, load
from bench.predict.model.disaggregated import rate_between, transfer_bytes
from bench.predict.model.facts import facts
from bench.predict.model.parallel import Parallel, parallel
from bench.predict.model.precision import precision
from bench.predict.model.step import NETWORK
from bench.predict.scenario import Prefill, Scenario
from bench.predict.search import best, chips_for
from bench.predict.ways import DISAGGREGATED, EITHER, ServingGoal
from bench.workloads.load import workload
from tests.commands.command_cases import document, said

DENSE, MOE = "llama-3.1-70b", "deepseek-v3"
ASKED = ("chips=[h20,h800]", f"workload={DENSE}")


@pytest.fixture(scope="module")
def known() -> Learnt:
    return load()


def asked(fill: str, decode: str, batch: float = 32.0, prompt: float = 2048.0) -> Scenario:
    requests, tokens, output = (np.array([one]) for one in (batch, prompt, 512.0))
    model, formats, split = workload(DENSE), precision("bf16"), parallel(decode)
    prefill = Prefill(parallel(fill))
    return Scenario(model, "serve", formats, split, requests, tokens, output, prefill=prefill)


def wanted(model: str = DENSE, **changes: object) -> ServingGoal:
    told = workload(model)
    how = precision("fp8" if told.experts else "bf16", experts=told.experts is not None)
    plain: dict[str, object] = {
        "devices": 8,
        "prompt": 2048,
        "output": 512,
        "prefill": DISAGGREGATED,
    }
    return ServingGoal(told, how, **{**plain, **changes})  # type: ignore[arg-type]  # of a test


def found(sheets: Catalogue, goal: ServingGoal, known: Learnt, chip: str = "h800") -> Prediction:
    (answer,), _ = best([sheets.find(chip)], None, goal, known)
    assert answer.found is not None
    return answer.found


def test_no_prefill_comes_between_tokens(sheets: Catalogue, known: Learnt) -> None:
    chip = facts(sheets.find("h800"))
    apart = asked("tp4", "tp4")
    own, shared = predicted(chip, apart, known), forecast(chip, replace(apart, prefill=None), known)
    assert own.seconds[0] < shared.seconds[0]
    later = predicted(chip, asked("tp4", "tp4", prompt=2049.0), known)
    assert later.seconds[0] == pytest.approx(own.seconds[0], rel=1e-3)


def test_the_rate_is_the_lower_of_both_sides(sheets: Catalogue, known: Learnt) -> None:
    chip = facts(sheets.find("h800"))
    rates, most = [], 0.0
    for batch in (4.0, 16.0, 64.0, 256.0):
        one = predicted(chip, asked("tp4", "tp4", batch), known)
        assert one.prefill
        decode = batch / one.seconds[0]
        assert one.tokens_per_s[0] == pytest.approx(min(decode, one.prefill.tokens_per_s[0]))
        busy = one.prefill.busy[0], one.prefill.decode_busy[0]
        assert max(busy) == pytest.approx(1.0)
        assert one.per_chip()[0] == one.tokens_per_s[0] / 8
        rates.append(float(one.tokens_per_s[0]))
        most = float(one.prefill.tokens_per_s[0])
    assert rates[0] < rates[1] < rates[2] <= rates[3] == most


def test_twice_the_workers_sustain_twice_as_much(sheets: Catalogue, known: Learnt) -> None:
    chip = facts(sheets.find("h800"))
    one, two = (
        predicted(chip, asked(fill, decode, batch), known)
        for fill, decode, batch in (("tp2", "tp4", 16.0), ("tp2,dp2", "tp4,dp2", 32.0))
    )
    assert two.tokens_per_s[0] == pytest.approx(2 * one.tokens_per_s[0], rel=1e-6)
    assert two.seconds[0] == pytest.approx(one.seconds[0], rel=1e-6)


def test_the_first_token_waits_for_a_prefill_and_the_transfer(
    sheets: Catalogue, known: Learnt
) -> None:
    chip = facts(sheets.find("h800"))
    one = predicted(chip, asked("tp4", "tp4"), known)
    alone = replace(asked("tp4", "tp4"), prefill=None, batch=np.array([1.0]))
    single = forecast(chip, alone, known).ttft
    assert one.ttft
    assert single
    assert one.prefill
    assert one.ttft.seconds[0] == pytest.approx(single.seconds[0] + one.prefill.transfer_s[0])


def test_a_chip_sends_the_heads_and_layers_that_it_holds() -> None:
    prompt = np.array([1000.0, 2000.0])
    dense, mla = workload(DENSE), workload(MOE)
    whole = transfer_bytes(dense, precision("bf16"), prompt, [Parallel(), Parallel()])
    assert whole.tolist() == [1000 * 2 * 8 * 128 * 80 * 2, 2000 * 2 * 8 * 128 * 80 * 2]
    split = transfer_bytes(dense, precision("bf16"), prompt, [Parallel(tp=8), Parallel(tp=2)])
    assert split.tolist() == (whole / 2).tolist()  # the side with fewer chips is slower
    latents = (
        transfer_bytes(mla, precision("fp8"), prompt, [Parallel(tp=tp), Parallel(tp=tp)])
        for tp in (1, 8)
    )
    assert len({one[0] for one in latents}) == 1  # latents belong to no head


def test_a_network_that_nobody_published_is_told_and_widens(
    sheets: Catalogue, known: Learnt
) -> None:
    chip = facts(sheets.find("h800"))
    near, far = asked("tp4", "tp4"), asked("tp4", "tp8")
    assert rate_between(chip, chip, 8) == (chip.link, True)
    assert rate_between(replace(chip, network=None), chip, 12) == (NETWORK, False)
    assert rate_between(replace(chip, network=25e9), replace(chip, network=5e10), 12)[0] == 25e9
    bare = replace(chip, network=None)
    assert "network" not in predicted(bare, near, known).assumed
    one, other = (predicted(on, far, known) for on in (bare, replace(chip, network=NETWORK)))
    assert one.ttft
    assert other.ttft
    assert "a network of 50 GB/s a chip assumed" in one.assumed
    assert one.ttft.half(0.8)[0] > other.ttft.half(0.8)[0]


@pytest.mark.parametrize(("model", "devices"), [(DENSE, 8), (DENSE, 12), (MOE, 32)])
def test_every_pair_of_workers_uses_all_chips(model: str, devices: int) -> None:
    every = pairs(wanted(model, devices=devices))
    assert every
    for one in every:
        for fill, decode in one.counts:
            assert fill * one.prefill.chips + decode * one.decode.chips == devices
            assert min(fill, decode) >= 1


@pytest.mark.parametrize("limit", [0.02, 0.05, math.inf])
def test_nothing_tried_by_hand_is_better(sheets: Catalogue, known: Learnt, limit: float) -> None:
    mine = found(sheets, wanted(tpot=limit), known)
    assert mine.seconds[0] <= limit
    assert mine.scenario.chips == 8
    chip = facts(sheets.find("h800"))
    for fill, decode in (
        ("tp4", "tp4"),
        ("tp2", "tp2,dp3"),
        ("tp2,dp2", "tp4"),
        ("tp2,dp3", "tp2"),
    ):
        for batch in (8.0, 32.0, 64.0, 128.0):
            other = predicted(chip, asked(fill, decode, batch), known)
            assert other.prefill
            held = other.room().fits and other.prefill.room().fits
            if held and other.seconds[0] <= limit:
                assert other.tokens_per_s[0] <= mine.tokens_per_s[0] / 0.99


def test_either_is_the_better_of_both(sheets: Catalogue, known: Learnt) -> None:
    rates = {
        place: float(found(sheets, wanted(prefill=place, tpot=0.05), known).tokens_per_s[0])
        for place in ("together", DISAGGREGATED, EITHER)
    }
    assert rates[EITHER] >= max(rates.values()) * 0.99


def test_requests_that_are_given_are_kept_to(sheets: Catalogue, known: Learnt) -> None:
    assert found(sheets, wanted(batch=(24,)), known).scenario.batch.tolist() == [24.0]
    with pytest.raises(UsageError, match="does not fit on 8 chips with prefill and decode"):
        best([sheets.find("h800")], None, wanted(batch=(100_000,)), known)


def test_either_side_says_how_well_it_was_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*ASKED, "parallel=best", "tpot=[30ms,any]"]
    assert "always chips of its own" in said("predict", [*words, "prefill=any"], capsys)[1]
    assert "always chips of its own" not in said("predict", words, capsys)[1]


def test_chips_for_prefill_whose_memory_is_unknown_are_no_answer(
    sheets: Catalogue, known: Learnt
) -> None:
    goal = wanted()
    with pytest.raises(UsageError, match="its sheet has no memory capacity"):
        disaggregated_ways(
            replace(facts(sheets.find("h800")), capacity=None), goal, known, pairs(goal)
        )


def test_prefill_on_a_faster_chip_leaves_more_chips_to_decode(
    sheets: Catalogue, known: Learnt
) -> None:
    own = found(sheets, wanted(devices=16, tpot=0.05), known, "h20")
    on = wanted(devices=16, tpot=0.05, prefill_chip=sheets.find("h800"))
    other = found(sheets, on, known, "h20")
    assert own.prefill
    assert other.prefill
    assert (own.prefill.chip.chip, other.prefill.chip.chip) == (
        "nvidia-h20-sxm-96gb", "nvidia-h800-sxm-80gb",
    )  # fmt: skip
    assert other.prefill.chips <= own.prefill.chips
    assert other.tokens_per_s[0] > own.tokens_per_s[0]
    middle, low, high = chips_for(other, 10 * float(other.tokens_per_s[0]))
    assert low <= middle == 160 <= high


def test_the_command_takes_a_way_for_each_side(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*ASKED, "parallel='prefill=tp2,dp2 decode=tp4'", "batch=[8,64]"]
    rows = document("predict", words, capsys)["rows"]
    assert {row["parallel"] for row in rows} == {"prefill tp2 dp2, decode tp4"}
    for row in rows:
        assert (row["chips"], row["prefill_chips"], row["prefill_chip"]) == (8, 4, row["chip"])
        assert 0 < row["transfer_s"] < row["ttft_s"]
    told = said("predict", words, capsys)[1]
    assert "8 chips (prefill tp2 dp2, decode tp4)" in told
    assert "disaggregated" in told
    assert "GB, prefill " in told


def test_the_sides_are_named_in_either_order(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        document("predict", [*ASKED, f"parallel='{sides}'", "batch=8"], capsys)["rows"]
        for sides in ("prefill=tp2,dp2 decode=tp4", "decode=tp4, prefill=tp2,dp2")
    ]
    assert found[0] == found[1]


def test_the_command_searches_and_names_the_other_chip(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [*ASKED, "parallel=best", "prefill=h800", "devices=16", "tpot=50ms", "baseline=h800"]
    told = said("predict", words, capsys)[1]
    assert "on h800, decode" in told
    assert "disaggregated runs of others, without a refit" in told
    rows = document("predict", words, capsys)["rows"]
    assert {row["prefill_chip"] for row in rows} == {"nvidia-h800-sxm-80gb"}
    apart = document("predict", [*ASKED, "parallel=best", "devices=8"], capsys)["rows"]
    assert {row["prefill_chip"] for row in apart} == {None}


def test_what_is_told_of_chips_is_told_of_both_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    """The test line had the chip that decodes only, and the number of chips was not split."""
    words = ["chips=h20", f"workload={DENSE}", "prefill=910b2"]
    searched = [*words, "parallel=best", "devices=16", "rate=50000"]
    for asked_for in (searched, [*words, "parallel='prefill=tp8 decode=tp8'"]):
        told = said("predict", asked_for, capsys)[1].splitlines()
        (tested,) = (one for one in told if one.startswith("Tested on measurements of these chips"))
        assert "nvidia-h20-sxm-96gb" in tested
        assert "huawei-ascend-910b2" in tested
        assert "(mean error): " in tested, "no test is of the interval that is shown"
        more = said("predict", [*asked_for, "baseline=h20"], capsys)[1]
        assert "Ratios of pairs" not in more
        assert "Ratios that" not in more
    (row,) = document("predict", searched, capsys)["rows"]
    middle, share = row["chips_for_rate"], row["prefill_chips"] / row["chips"]
    text = said("predict", searched, capsys)[1]
    assert f"| {middle:,.0f}, {middle * share:,.0f} of them for prefill (" in text


def test_the_chip_for_prefill_has_a_price_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Its price was refused, and the cost of the system was unknown without a word."""
    words = ["chips=h20", f"workload={DENSE}", "prefill=h800"]
    for way in (["parallel=best", "devices=16"], ["parallel='prefill=tp8 decode=tp8'"]):
        asked_for = [*words, *way, "kwh=0.001"]
        told = said("predict", [*asked_for, "price=h20:15000"], capsys)[1]
        assert "USD/Mtoken takes a price of nvidia-h800-sxm-80gb, which no source gives" in told
        both = [*asked_for, "price=[h20:15000,h800:25000]"]
        assert "takes a price" not in said("predict", both, capsys)[1]
        (row,) = document("predict", both, capsys)["rows"]
        share = row["prefill_chips"] / row["chips"]
        hour = (15_000 * (1 - share) + 25_000 * share) / (4 * 365.25 * 24)
        cost = hour / (3600 * row["tokens_per_s_chip"] / 1e6)
        assert row["usd_per_Mtoken"] == pytest.approx(cost, rel=0.01)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("parallel=4", "prefill=apart"), "needs parallel=best, or both sides"),
        (("parallel='prefill=best decode=tp2'",), "name each side once, with its way: parallel='"),
        (("parallel='prefill=tp2,dp6'",), "name each side once, with its way: parallel='prefill="),
        (("parallel='decode=tp2'",), "parallel=best prefill=apart searches for both"),
        (("parallel='prefill=tp2 prefill=tp4'",), "name each side once"),
        (("parallel='prefill= decode=tp4'",), "name each side once"),
        (("parallel='tp2 prefill=tp2 decode=tp4'",), "name each side once"),
        (
            ("parallel='prefill=tp2 decode=tp4'", "prefill=together"),
            "prefill=together has no way for each side",
        ),
        (("parallel=best", "prefill=aprt"), "write together, apart, any or a chip"),
        (("parallel=best", "prefill=apart", "devices=1"), "takes 2 or more"),
        (("parallel='prefill=2 decode=4'", "prefill=any"), "needs parallel=best"),
        (("parallel='prefill=2 decode=3'",), "tp3 does not divide the 64 heads"),
        (("parallel='prefill=ep2 decode=2'",), "ep2: llama-3.1-70b has no experts"),
        (("parallel='prefill=2 decode=4'", "phase=decode"), "need phase=serve"),
        (("phase=train", "prefill=apart"), "prefill= does not apply to phase=train"),
        (("parallel='prefill=2'",), "name each side once"),
        (("parallel=best", "prefill=rtx4090", "precision=mxfp4"), "no dense mxfp4 matrix rate"),
    ],
)
def test_wrong_words_cost_a_line(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = said("predict", [*ASKED, *words], capsys)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert told in error
