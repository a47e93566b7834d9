"""The best way to serve a model on so many chips, under limits, and how many chips a rate takes."""

import itertools
import math
from dataclasses import replace

import pytest

from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt, load
from bench.predict.learning.pooling import COVERAGES
from bench.predict.learning.shippeddata import shipped
from bench.predict.model.capacity import room
from bench.predict.model.facts import facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.search import best, chips_for
from bench.predict.validation.ways import choices
from bench.predict.ways import ALL, MOST, ServingGoal, requests, ways
from bench.workloads.load import workload
from tests.commands.command_cases import document, said

DENSE = "llama-3.1-70b"
ASKED = ("chips=[h20,h200]", f"workload={DENSE}", "parallel=best")


@pytest.fixture(scope="module")
def known() -> Learnt:
    return load()


def wanted(model: str = DENSE, **changes: object) -> ServingGoal:
    told = workload(model)
    how = precision("fp8" if told.experts else "bf16", experts=told.experts is not None)
    plain: dict[str, object] = {"devices": 8, "prompt": 2048, "output": 512}
    return ServingGoal(told, how, **{**plain, **changes})  # type: ignore[arg-type]  # of a test


def found(sheets: Catalogue, asked: ServingGoal, known: Learnt, chip: str = "h200") -> Prediction:
    (answer,), _ = best([sheets.find(chip)], None, asked, known)
    assert answer.found is not None
    return answer.found


@pytest.mark.parametrize("devices", [1, 6, 8, 16])
@pytest.mark.parametrize("model", [DENSE, "deepseek-v3"])
def test_every_way_uses_all_chips_and_divides_the_model(model: str, devices: int) -> None:
    told = workload(model)
    every = ways(told, devices)
    assert len(set(every)) == len(every) > 0
    for one in every:
        assert one.chips == devices
        assert told.heads % one.tp == 0
        assert one.pp <= told.layers
        assert (one.tp * one.dp) % one.ep == 0
    wide = [one for one in every if one.ep > one.tp]
    assert bool(wide) == (told.experts is not None and devices > 1)


def test_of_prime_many_chips_all_are_used_or_it_says_why(sheets: Catalogue, known: Learnt) -> None:
    """64 heads and 80 layers: 83 chips can be copies alone, and no chip holds one."""
    assert ways(workload(DENSE), 83) == [Parallel(dp=83)]
    with pytest.raises(UsageError, match="does not fit on 83 chips, needs 2"):
        best([sheets.find("h200")], None, wanted(devices=83), known)


@pytest.mark.parametrize("limit", [0.02, 0.03, 0.05, math.inf])
def test_nothing_tried_by_hand_is_better(sheets: Catalogue, known: Learnt, limit: float) -> None:
    asked = wanted(tpot=limit)
    mine = found(sheets, asked, known)
    assert float(mine.seconds[0]) <= limit
    chip = facts(sheets.find("h200"))
    for split in ways(asked.workload, asked.devices):
        held = room(chip, asked.workload, asked.precision, split, split.dp, 2560).max_sequences or 0
        copies = [one for one in (1, 4, 16, 64, 256) if one <= min(held, MOST)]
        if not copies:
            continue
        other = forecast(chip, asked.scenario(split, [one * split.dp for one in copies]), known)
        rates = other.tokens_per_s[other.seconds <= limit]
        assert max(rates, default=0.0) <= float(mine.tokens_per_s[0]) / 0.99


@pytest.mark.parametrize(("model", "counts"), [("deepseek-v3", (16, 24, 32))])
def test_more_chips_give_more_though_they_do_not_divide_the_experts(
    sheets: Catalogue, known: Learnt, model: str, counts: tuple[int, ...]
) -> None:
    """Spare slots hold copies of experts."""
    rates = [
        float(found(sheets, wanted(model, devices=one), known, "h20").tokens_per_s[0])
        for one in counts
    ]
    assert rates == sorted(rates)


def test_a_tighter_limit_never_gives_more(sheets: Catalogue, known: Learnt) -> None:
    limits = (0.02, 0.03, 0.05, 0.1, math.inf)
    rates = [float(found(sheets, wanted(tpot=one), known).tokens_per_s[0]) for one in limits]
    assert rates == pytest.approx(sorted(rates), rel=0.011)
    assert rates[-1] > 1.5 * rates[0]


def test_an_interval_within_a_limit_is_wider_than_that_of_times(
    sheets: Catalogue, known: Learnt
) -> None:
    """A chip 20% slower does not keep the limit at the same requests."""
    free, bound = (found(sheets, wanted(tpot=limit), known) for limit in (math.inf, 0.03))
    for one in (free, bound):
        rate, factor = float(one.per_chip()[0]), math.exp(float(one.half(0.8)[0]))
        low, high = one.per_chip_bounds(0.8, 0)
        if one is free:
            assert (low, high) == pytest.approx((rate / factor, rate * factor))
        else:
            assert low < 0.97 * rate / factor
            assert high > 1.03 * rate * factor


def test_the_low_end_is_the_best_of_a_chip_that_is_so_much_slower(
    sheets: Catalogue, known: Learnt
) -> None:
    one = found(sheets, wanted(tpot=0.03), known)
    factor = math.exp(float(one.half(0.8)[0]))
    quicker = found(sheets, wanted(tpot=0.03 / factor), known)
    low, _ = one.per_chip_bounds(0.8, 0)
    assert low == pytest.approx(float(quicker.per_chip()[0]) / factor)


def test_a_ratio_within_a_limit_holds_what_a_slower_chip_gives(
    sheets: Catalogue, known: Learnt
) -> None:
    """If all times of one chip are longer by the half-width, its best rate falls by more."""
    asked = wanted(tpot=0.03)
    base = sheets.find("h800")
    (answer,), _ = best([sheets.find("h20")], base, asked, known)
    ratio, one = answer.over, answer.found
    assert ratio is not None
    assert one is not None
    half = ratio.model_halves[COVERAGES.index(0.8)]
    slower = found(sheets, replace(asked, tpot=0.03 / math.exp(half)), known, "h20")
    rate = float(slower.per_chip()[0]) / math.exp(half)
    assert ratio.bounds(0.8)[0][0] <= 1.05 * ratio.middle[0] * rate / float(one.per_chip()[0])
    for half, level in zip(ratio.model_halves, COVERAGES, strict=True):
        low, high = ratio.bounds(level)
        assert low[0] < ratio.middle[0] * math.exp(-half)
        assert high[0] > ratio.middle[0] * math.exp(half)


def test_where_a_slower_chip_keeps_no_limit_the_rate_may_be_nought(
    sheets: Catalogue, known: Learnt
) -> None:
    one = found(sheets, wanted(tpot=0.027), known, "910b2")
    assert one.per_chip_bounds(0.8, 0)[0] == 0 < float(one.per_chip()[0])
    middle, low, high = chips_for(one, 1000.0)
    assert low <= middle < high == math.inf


def test_the_first_token_has_its_limit_too(sheets: Catalogue, known: Learnt) -> None:
    free = found(sheets, wanted(), known)
    assert free.ttft
    least = float(free.ttft.seconds[0])
    bound = found(sheets, wanted(ttft=least * 0.9), known)
    assert bound.ttft
    assert float(bound.ttft.seconds[0]) <= least * 0.9
    assert bound.scenario.split != free.scenario.split


def test_a_way_that_gives_more_with_less_memory_free_is_named_beside_the_best(
    sheets: Catalogue, known: Learnt, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such ways were left out without a word: half the rate that parallel=tp8,dp4 predicted."""
    one = found(sheets, wanted("deepseek-v3", devices=32, tpot=0.05), known, "h20")
    assert one.room().fits
    assert one.fuller
    assert one.fuller.room().tight
    assert one.fuller.seconds[0] <= 0.05
    assert one.fuller.tokens_per_s[0] > 1.05 * one.tokens_per_s[0]
    roomy = found(sheets, wanted("deepseek-v3", devices=32, tpot=0.1), known, "h20")
    assert roomy.fuller is None
    words = ("chips=h20", "workload=deepseek-v3", "precision=fp8", "parallel=best", "devices=32")
    lines = said("predict", [*words, "tpot=[50ms,100ms]"], capsys)[1].splitlines()
    (line,) = [line for line in lines if "With under 10% of its memory left free" in line]
    assert line.startswith("TPOT 50 ms at most: ")
    assert one.fuller.scenario.way in line
    assert f"{one.fuller.scenario.batch[0]:g} requests" in line


def test_what_fits_only_with_less_memory_free_says_so(sheets: Catalogue, known: Learnt) -> None:
    asked = wanted("deepseek-v3", devices=32)
    with pytest.raises(UsageError, match="needs 64; with under 10% of memory left free, tp"):
        best([sheets.find("l2")], None, asked, known)
    with pytest.raises(UsageError, match=r"needs 64$"):
        best([sheets.find("l2")], None, wanted("deepseek-v3", devices=16), known)


def test_as_many_requests_as_memory_holds_are_tried(sheets: Catalogue) -> None:
    chip, asked, split = facts(sheets.find("h20")), wanted("deepseek-v3"), Parallel(tp=8)
    held = room(chip, asked.workload, asked.precision, split, 1, 2560).max_sequences
    assert requests(chip, asked, split)[-1] == held
    full = requests(chip, asked, split, if_full=True)
    assert set(requests(chip, asked, split)) - {held} < set(full)
    assert len(full) == len(set(full))
    assert full == sorted(full)


def test_requests_that_are_given_are_kept_to(sheets: Catalogue, known: Learnt) -> None:
    one = found(sheets, wanted(batch=(24,)), known)
    assert one.scenario.batch.tolist() == [24.0]
    with pytest.raises(UsageError, match="does not fit on 8 chips with batch=100000"):
        best([sheets.find("h200")], None, wanted(batch=(100_000,)), known)


def test_a_limit_that_none_keeps_is_told_with_what_is_nearest(
    sheets: Catalogue, known: Learnt
) -> None:
    interval = r"[\d.]+ m?s \([\d.]+ m?s to [\d.]+ m?s at 80%\)$"
    with pytest.raises(
        UsageError, match=f"no way stays within TPOT 1 ms: the lowest TPOT is {interval}"
    ):
        best([sheets.find("h20")], None, wanted(tpot=0.001), known)
    chip, tried = (
        facts(sheets.find("h20")),
        [one for one in ways(workload(DENSE), 8) if one.dp == 1],
    )
    ttfts = (forecast(chip, wanted().scenario(way, [1]), known).ttft for way in tried)
    lowest = min(float(one.seconds[0]) for one in ttfts if one)
    with pytest.raises(UsageError, match=f"no way is predicted to stay .* TTFT is {interval}"):
        best([sheets.find("h20")], None, wanted(ttft=0.9 * lowest), known)


def test_a_limit_of_ttft_is_scaled_by_its_own_interval(sheets: Catalogue, known: Learnt) -> None:
    """It was scaled by that of the rate, which is narrower."""
    one = found(sheets, wanted(), known)
    assert one.ttft is not None
    first, rate = (float(each.half(0.8)[0]) for each in (one.ttft, one.rate_interval))
    assert abs(first - rate) > 0.01
    limit = float(one.ttft.seconds[0]) * math.exp((first + rate) / 2)
    low, _ = found(sheets, wanted(ttft=limit), known).per_chip_bounds(0.8, 0)
    kept = found(sheets, wanted(ttft=limit / math.exp(first)), known)
    assert low == pytest.approx(float(kept.per_chip()[0]) / math.exp(rate))
    assert low < 0.99 * float(one.per_chip()[0]) / math.exp(rate)


def test_a_rate_takes_whole_copies(sheets: Catalogue, known: Learnt) -> None:
    one = found(sheets, wanted(), known)
    copy = one.scenario.split.tp * one.scenario.split.pp
    each = float(one.per_chip()[0]) * copy
    assert chips_for(one, each * 2.5)[0] == 3 * copy
    middle, low, high = chips_for(one, each * 100)
    assert low < middle < high
    assert all(count % copy == 0 for count in (middle, low, high))


def test_experts_that_are_spread_over_copies_are_one_unit(sheets: Catalogue, known: Learnt) -> None:
    one = found(sheets, wanted("deepseek-v3", devices=16, tpot=0.05), known)
    assert one.scenario.split.ep > one.scenario.split.tp
    assert chips_for(one, 1.0)[0] == 16


def test_the_command_tells_each_limit_and_how_many_chips(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [*ASKED, "tpot=[30ms,any]", "rate=50000", "baseline=h800"]
    told = said("predict", words, capsys)[1]
    lines = [line for line in told.splitlines() if line.startswith("| nvidia-")]
    assert [line.split("|")[2].strip() for line in lines] == ["30 ms", "30 ms", "–", "–"]
    assert "chips for 50,000 tokens/s" in told
    assert "choices between ways that others ran" in told
    found = document("predict", [*ASKED, "tpot=30ms", "rate=50000"], capsys)
    for row in found["rows"]:
        assert row["chips"] == row["devices"] == 8
        assert row["seconds"] <= row["tpot_limit_s"] == 0.03
        least = row["rate_wanted"] / row["tokens_per_s_chip"]
        assert least <= row["chips_for_rate"] < least + 8


def test_several_numbers_of_chips_are_answered_each(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=[h20,910b2]", "workload=deepseek-v3", "precision=fp8", "parallel=best"]
    asked = [*words, "devices=[8,16]", "tpot=[50ms,100ms]", "ttft=5s"]
    told = said("predict", asked, capsys)[1].splitlines()
    assert "on 8 or 16 chips, " in told[0]
    assert "the best of up to " in told[0]
    assert ", TTFT 5000 ms at most" in told[0], "the limit that all share"
    lines = [line.split("|") for line in told if line.startswith("| nvidia-")]
    limits = [[cell.strip() for cell in line[2:4]] for line in lines]
    assert limits == [[chips, limit] for chips in ("8", "16") for limit in ("50 ms", "100 ms")]
    assert sum("no dense fp8 matrix rate" in line for line in told) == 1, "as true of every goal"
    assert any(line.startswith("8 chips, TPOT 50 ms at most: With under 10%") for line in told)
    rows = document("predict", asked, capsys)["rows"]
    single = document("predict", [*words, "devices=16", "tpot=100ms", "ttft=5s"], capsys)["rows"]
    assert [row for row in rows if (row["devices"], row["tpot_limit_s"]) == (16, 0.1)] == single


def test_a_number_of_chips_that_nothing_fits_on_leaves_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=h20", "workload=deepseek-v3", "precision=fp8", "parallel=best"]
    told = said("predict", [*words, "devices=[4,8]"], capsys)[1]
    assert "\n4 chips: nvidia-h20-sxm-96gb: does not fit on 4 chips, needs 8" in told
    assert told.count("| nvidia-h20") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tpot=[]",), "tpot= names no time: write such as tpot=50ms"),
        (("tpot=50",), "write a time with its unit, such as tpot=50ms"),
        (("tpot=50GB",), "write a time with its unit"),
        (("ttft=-1s",), "write a time with its unit"),
        (("devices=0",), "devices=0: write a whole number from 1"),
        (("devices=5000",), "divided over at most 1,024"),
        (("devices=[8,2000]",), "devices=8,2000: one model is divided over at most 1,024"),
        (("devices=[8,x]",), "devices=x: write a whole number from 1 to 100,000,000; several as"),
        (("top=0",), "top=0: write a whole number from 1"),
        (("top=front",), "or pareto"),
        (("rate=many",), "rate=many: write a whole number"),
        (("input=[1,x]",), "input=x: write a whole number"),
        (("phase=decode",), "parallel=best needs phase=serve"),
        (("shape=[1,2,3]",), "shape= does not apply to phase=serve"),
    ],
)
def test_wrong_words_cost_a_line(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = said("predict", [*ASKED, *words], capsys)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert told in error


def test_a_mistyped_search_names_the_word(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = said("predict", [*ASKED[:2], "parallel=bset"], capsys)
    assert (code, "best searches for one" in error) == (2, True)


@pytest.mark.parametrize("word", ["tpot=50ms", "ttft=1s", "devices=4", "rate=1000", "top=2"])
def test_a_key_of_the_search_is_heeded_or_refused(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = said("predict", [*ASKED[:2], "parallel=8", word], capsys)
    key = word.partition("=")[0]
    assert (code, f"{key}= needs parallel=best" in error) == (2, True)


def test_the_best_ways_are_ranked_and_each_is_another_way(sheets: Catalogue, known: Learnt) -> None:
    asked = wanted(tpot=0.05, top=3)
    answers, _ = best([sheets.find("h200"), sheets.find("h20")], None, asked, known)
    for chip in ("nvidia-h200-sxm-141gb", "nvidia-h20-sxm-96gb"):
        own = [one for one in answers if one.chip.id == chip and one.found]
        assert [one.rank for one in own] == [1, 2, 3]
        assert len({one.found.scenario.split for one in own if one.found}) == 3
        rates = [float(one.found.tokens_per_s[0]) for one in own if one.found]
        assert all(later <= one / 0.99 for one, later in itertools.pairwise(rates))
        assert all(one.found.seconds[0] <= 0.05 for one in own if one.found)
    assert float(found(sheets, wanted(tpot=0.05), known).tokens_per_s[0]) in {
        float(one.found.tokens_per_s[0]) for one in answers if one.found and one.rank == 1
    }


def test_the_command_shows_as_many_ways_as_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    told = said("predict", [*ASKED, "top=2", "tpot=50ms"], capsys)[1]
    lines = [line.split("|") for line in told.splitlines() if line.startswith("| nvidia-")]
    assert [line[2].strip() for line in lines] == ["1", "2", "1", "2"]
    assert [lines[at][1] for at in (0, 2)] == [lines[at][1] for at in (1, 3)]  # chip by chip
    rows = document("predict", [*ASKED, "top=2", "tpot=50ms"], capsys)["rows"]
    assert [row["rank"] for row in rows] == [1, 2, 1, 2]


def test_the_frontier_has_all_that_no_other_way_surpasses(
    sheets: Catalogue, known: Learnt, capsys: pytest.CaptureFixture[str]
) -> None:
    (whole, _), (first, _) = (
        best([sheets.find("h20")], None, wanted(tpot=0.1, top=top), known) for top in (ALL, 1)
    )
    ways = [one.found for one in whole if one.found]
    rates, tpots = [one.tokens_per_s[0] for one in ways], [one.seconds[0] for one in ways]
    assert rates == sorted(rates, reverse=True)
    assert tpots == sorted(tpots, reverse=True)
    assert max(tpots) <= 0.1
    assert len({one.scenario.split for one in ways}) > 1
    assert first[0].found
    assert rates[0] >= 0.99 * first[0].found.tokens_per_s[0]
    for limit in (0.02, 0.04, 0.08):  # what is best within a limit is on it
        one = found(sheets, wanted(tpot=limit), known, "h20")
        within = [rate for rate, tpot in zip(rates, tpots, strict=True) if tpot <= limit]
        assert max(within) == pytest.approx(one.tokens_per_s[0], rel=0.011)
    told = document("predict", [*ASKED, "top=pareto"], capsys)
    for row in told["rows"]:
        assert row["tokens_per_s_user"] == pytest.approx(1 / row["seconds"])
    assert "tokens/s, per user" in said("predict", [*ASKED, "top=pareto"], capsys)[1]


def test_choices_are_between_ways_that_were_run() -> None:
    every = choices(shipped())
    assert len(every) > 500
    assert (
        max(max(one.error, *one.rivals) for one in every) <= 1e-12
    )  # none gives more than the best
    assert all(one.halves == () for one in every)
    lost = [
        sum(1 - math.exp(log) for log in logs)
        for logs in zip(*((one.error, *one.rivals) for one in every), strict=True)
    ]
    assert lost[0] < min(lost[1:])  # of use, or rules of thumb would do
