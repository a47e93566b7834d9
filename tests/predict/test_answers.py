"""What ``predict`` says beside its times: memory, energy, cost, what it rests on, and why not."""

import json
import re
import shlex

import pytest

from bench import paths
from bench.predict.model.power import HOURS, WAITING, WORKING
from bench.predict.validation.chiperrors import errors
from bench.report.prediction.chiperrors import NARROW
from bench.site.predicted import STANDING, StandingQuestion
from bench.units import Dimension, show
from tests.commands.command_cases import document, said
from tests.predict.command_cases import ASKED, B2, EXPERTS, H20, LARGE, SMALL, one, rows

MLU590 = "cambricon-mlu590"


def test_what_does_not_fit_says_how_many_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h20", LARGE]
    found = one(words, capsys)
    assert (found["fits"], found["memory_free_B"] < 0) == (False, True)
    text = said("predict", words, capsys)[1]
    (told,) = re.findall(r"does not fit: \d+ GB short, needs (\d+) chips", text)
    assert one([*words, f"parallel={told}"], capsys)["fits"]
    assert not one([*words, f"parallel={int(told) // 2}"], capsys)["fits"]
    held = one([*words, "phase=fit"], capsys)
    assert (held["fits"], held["least_chips"], held["sequences"]) == (False, int(told), 0)


def test_training_that_does_not_fit_says_how_many_it_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Gradients and moments are counted in: more chips than serving takes."""
    words = ["chips=h20", LARGE, "phase=train", "batch=512"]
    text = said("predict", words, capsys)[1]
    ((told, *keys),) = re.findall(r"GB short; (\d+) chips hold it with (\S+) (\S+)", text)
    assert one([*words, *keys], capsys)["fits"]
    assert not one([*words, f"parallel={int(told) // 2}", keys[1]], capsys)["fits"]
    assert int(told) > one(["chips=h20", LARGE, "phase=fit"], capsys)["least_chips"]


def test_no_more_copies_are_named_than_the_batch_has_sequences_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It said 512 chips, which the same batch refused."""
    words = ["chips=h100", "workload=llama-3.1-405b", "phase=train", "input=8192"]
    words += ["parallel=fsdp8", "recompute=true", "batch=8"]
    ((told, way),) = re.findall(
        r"GB short; (\d+) chips hold it with (\S+)", said("predict", words, capsys)[1]
    )
    held = one([*words[:-3], way, *words[-2:]], capsys)
    assert (held["fits"], held["chips"]) == (True, int(told))


TRAINED = ["chips=h20", "phase=train"]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([LARGE, "parallel=64", "batch=1024", "input=4096"], 2),
        ([LARGE, "parallel=tp8,dp2", "input=2048"], 2),
        ([SMALL, "parallel=dp4", "micro=8", "input=4096"], 1),
        ([SMALL, "parallel=8", "micro=4", "input=8192"], 3),
        (["workload=qwen3-30b-a3b", "parallel=fsdp8,ep8", "batch=8", "input=8192"], 2),
    ],
)
def test_training_that_does_not_fit_names_what_fits_on_as_many(
    words: list[str], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said that it fits on no number of copies, and not that recomputing makes room."""
    asked = dict(word.split("=") for word in [*TRAINED, *words])
    text = said("predict", [*TRAINED, *words], capsys)[1]
    (told,) = re.findall(r"; fits with ([^|]+?) *\|", text)
    ways = told.split(" or ")
    assert len(ways) == count
    chips = one([*TRAINED, *words], capsys)["chips"]
    for way in ways:
        more = asked | dict(word.split("=") for word in way.split(" "))
        found = one([f"{key}={word}" for key, word in more.items()], capsys)
        assert (found["room"], found["chips"]) == ("fits", chips)


def test_training_that_fits_in_no_way_on_as_many_names_the_fewest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [*TRAINED, "workload=llama-3.1-405b", "parallel=8"]
    (found,) = re.findall(
        r"; (\d+) chips hold it with (\S+) (\S+)", said("predict", words, capsys)[1]
    )
    held = one([*words[:-1], *found[1:]], capsys)
    assert (held["room"], held["chips"]) == ("fits", int(found[0]))
    assert one([*TRAINED, LARGE, "parallel=tp8", "recompute=true"], capsys)["room"] == "no"
    assert "hold it with" not in said("predict", ["chips=h20", LARGE], capsys)[1]


def test_a_training_answer_tells_all_that_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h200", SMALL, "phase=train", "parallel=tp2,pp4,vp2"]
    plain, asked = one(words, capsys), one([*words, "micro=4", "recompute=true"], capsys)
    assert (plain["micro"], plain["recompute"]) == (1, False)
    assert (asked["micro"], asked["recompute"], asked["parallel"]) == (4, True, "tp2 pp4 vp2")
    assert asked["weights_B"] is None
    assert plain["states_B"] == asked["states_B"] > 0
    memory = 0.99 * 141 * 2**30
    used = asked["states_B"] + asked["activations_B"] + 3.5e9 + 0.1 * memory
    assert asked["memory_free_B"] == pytest.approx(memory - used)
    title = said("predict", [*words, "micro=4", "recompute=true"], capsys)[1].splitlines()[0]
    assert "8 chips (tp2 pp4 vp2), 32 sequences, 8,192 tokens in, micro=4, recompute=true" in title
    narrow = one([*words, "states=bf16"], capsys)
    assert (plain["states"], narrow["states"]) == ("fp32", "bf16")
    assert narrow["states_B"] == pytest.approx(plain["states_B"] * (4 + 8) / (6 + 12))
    assert narrow["seconds"] < plain["seconds"]
    served = one(["chips=h200", SMALL], capsys)
    assert served["weights_B"] > 0
    assert [served[key] for key in ("states_B", "activations_B", "micro", "states")] == [None] * 4


def test_stages_that_take_turns_wait_less(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h200", SMALL, "phase=train"]
    plain, turns = (
        one([*words, f"parallel={split}"], capsys)["seconds"] for split in ("pp4", "pp4,vp4")
    )
    assert turns < plain


def test_training_in_eight_bits_with_a_scale_a_block_is_at_the_rate_of_eight(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=b200", SMALL, "phase=train"]
    scaled, plain = (
        one([*words, f"precision={word}"], capsys)["tokens_per_s_chip"] for word in ("mxfp8", "fp8")
    )
    assert scaled == pytest.approx(plain, rel=0.01)


def test_training_is_sent_to_no_format_that_it_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=[910b2,h100]", SMALL, "phase=train", "parallel=8"]
    text = said("predict", [*words, "precision=fp8"], capsys)[1]
    assert re.findall(r"precision=(\w+)", text) == []
    assert ("published in" in text, "(it gives: fp32, bf16, fp16, int8)" in text) == (False, True)


def test_what_no_split_holds_says_what_was_tried(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=a100-sxm4-40gb", "workload=llama-3.1-405b", "input=16000000", "batch=1"]
    assert one([*words, "phase=fit"], capsys)["least_chips"] is None
    assert "| none up to 256 " in said("predict", [*words, "phase=fit"], capsys)[1]
    assert "GB short, even on 256 chips" in said("predict", words, capsys)[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["chips=h20", "workload=llama-3.1-70b", "input=32768", "batch=64"], "16 {} tp8,dp2"),
        (["chips=a100-sxm4-40gb", "workload=kimi-k2"], "64 {} tp8,pp8"),
        # 32 was told, by tp alone
        (["chips=h20", "workload=llama-3.1-70b", "input=32768", "batch=59"], "16 {} tp8,dp2"),
    ],
)
def test_copies_and_stages_hold_what_no_wider_tp_holds(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beyond the key-value heads a wider tp holds no more requests: none was found up to 64."""
    way = told.rsplit(maxsplit=1)[-1]
    assert f" {told.format('as')} " in said("predict", [*words, "phase=fit"], capsys)[1]
    assert f"needs {told.format('chips as')}" in said("predict", words, capsys)[1]
    (held,) = rows([*words, "phase=fit"], capsys)
    assert (held["least_parallel"], held["fits"]) == (way, False)
    assert one([*words, f"parallel={way}"], capsys)["fits"]


def test_no_more_chips_are_named_than_were_tried(capsys: pytest.CaptureFixture[str]) -> None:
    """It said 1,024, of sixteen for each copy."""
    words = ["chips=h20", "workload=llama-3.1-405b", "parallel=dp64", "batch=64"]
    assert "GB short, even on 256 chips" in said("predict", words, capsys)[1]


def test_other_formats_are_told_the_fewest_chips_in_any_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By tp alone none was found: the formats were left out."""
    words = ["chips=910b2", "workload=qwen2.5-72b", "precision=fp8", "input=32768", "batch=64"]
    told = "bf16 needs 16 as tp8,pp2, w8a16 needs 16 as tp8,dp2"
    assert f": {told} " in said("predict", [*words, "phase=fit"], capsys)[1]
    assert one([*words, "phase=fit"], capsys)["instead"] == "bf16 16, w8a16 16"
    assert one([*words[:2], "precision=bf16", *words[3:], "parallel=tp8,pp2"], capsys)["fits"]


def test_what_tests_found_of_a_chip_stands_beneath_what_is_predicted_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The site said that most cases of the 910C lay outside, this command did not."""
    parts = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))["parts"]
    dense = parts["serving as reported, dense: another source, no refit"]
    own = dense["each"]["huawei-ascend-910c"]
    words = ["chips=[910c,mlu590]", LARGE, "parallel=8"]
    text = said("predict", words, capsys)[1]
    side = ", predicted too fast" if own["bias"] <= -0.1 else ""
    told = f"{own['mean']:.0%} off{side}, {own['inside'][0]:.0%} of {own['count']} within"
    (line,) = (line for line in text.splitlines() if line.startswith("Tested on"))
    assert line.rstrip().endswith(f": huawei-ascend-910c {told}."), "nobody tested the other"
    steps = said("predict", [*words, "phase=decode"], capsys)[1]
    apart = f"{own['mean']:.0%} off{side} in {own['count']} cases (in serving)"
    assert f"had not seen (mean error): huawei-ascend-910c {apart}." in steps, "another interval"
    assert "Tested on" not in said("predict", ["chips=mlu590", *words[1:]], capsys)[1]
    found = {each["chip"]: each["tested_inside_80"] for each in rows(words, capsys)}
    assert found == {"huawei-ascend-910c": own["inside"][0], "cambricon-mlu590": None}


def test_what_tests_found_of_training_is_of_training(capsys: pytest.CaptureFixture[str]) -> None:
    parts = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))["parts"]
    own = parts["training as reported: another source, no refit"]["each"]["huawei-ascend-910c"]
    found = one(["chips=910c", SMALL, "phase=train", "parallel=8"], capsys)
    assert (found["tested"], found["tested_error"]) == (own["count"], own["mean"])


def test_of_many_tested_chips_the_worst_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    text = said("predict", ["chips=all", LARGE, "parallel=8"], capsys)[1]
    (line,) = (line for line in text.splitlines() if line.startswith("Tested on"))
    shares = [int(share) for share in re.findall(r"(\d+)% of [\d,]+ within", line)]
    assert len(shares) == 6
    assert shares == sorted(shares)
    assert re.search(r"; and \d+ that did better\.", line)


def test_a_workload_is_found_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert one(["chips=h20", "workload=Llama-3.1-8B"], capsys)["workload"] == "llama-3.1-8b"


def test_one_is_not_many(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h20", SMALL, "batch=1", "input=1"]
    for phase, told in {
        "serve": "1 request,",
        "decode": "1 sequence,",
        "fit": "1 sequence of",
    }.items():
        title = said("predict", [*words, f"phase={phase}"], capsys)[1].splitlines()[0]
        assert f" {told} " in title
        assert ("1 token in," in title) == (phase != "fit")


def test_another_format_is_offered_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    offered = [
        "ask one of these, or precision="
        in said("predict", [f"chips=[h20,{chip}]", SMALL, *more], capsys)[1]
        for chip, more in [("c550", []), ("910b2", ["precision=fp8"]), ("mlu290", [])]
    ]
    assert offered == [False, True, False]


def test_a_tight_fit_says_how_many_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    text = said("predict", ["chips=h20", *EXPERTS, "phase=fit", "parallel=8"], capsys)[1]
    (counts,) = re.findall(r"\| (\d+) with under 10% free, else (\d+) +\| tight: ", text)
    assert 0 < int(counts[1]) < 32 <= int(counts[0])


def test_fit_lists_chips_that_lack_the_format(capsys: pytest.CaptureFixture[str]) -> None:
    found = {each["chip"]: each for each in rows([*EXPERTS, "phase=fit"], capsys)}
    assert len(found) > 100
    assert (found[H20]["supported"], found[B2]["supported"]) == (True, False)


def test_what_holds_the_weights_and_lacks_the_format_says_what_it_can_be_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It said yes, where serving in that format is refused."""
    words = ["chips=[910c,h200]", *EXPERTS, "phase=fit", "parallel=8"]
    text = said("predict", words, capsys)[1]
    told = re.findall(r"\| holds the weights; no fp8 rate on its sheet: (.*?) +\|", text)
    assert told == ["bf16 needs 16, w8a16 needs 8"]
    found = {each["chip"]: each["instead"] for each in rows(words, capsys)}
    assert found == {"huawei-ascend-910c": "bf16 16, w8a16 8", "nvidia-h200-sxm-141gb": None}
    asked = ["chips=910c", EXPERTS[0], "parallel=16", "precision=bf16"]
    assert one(asked, capsys)["room"] == "fits"


def test_which_chips_hold_a_model_says_in_what_format_it_comes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In sixteen bits it takes twice the chips."""
    words = [EXPERTS[0], "phase=fit", "parallel=8"]
    told = "Its weights are published in fp8"
    known = said("predict", ["chips=h200", *words], capsys)[1]
    assert f"{told}: precision=fp8 takes them as they are." in known
    lacking = said("predict", ["chips=910c", *words], capsys)[1]
    assert f"{told}, in which none of these chips computes: precision=w8a16 keeps them" in lacking
    some = said("predict", ["chips=[910c,h200]", *words], capsys)[1]
    where = (
        "precision=fp8 takes them as they are on nvidia-h200-sxm-141gb, and on no other of these"
    )
    assert f"{told}: {where}." in some
    every = said("predict", words, capsys)[1]
    assert re.search(r"takes them as they are on \d\d chips, and on no other of these\.", every)
    assert told not in said("predict", ["chips=h200", *EXPERTS, *words[1:]], capsys)[1]


@pytest.mark.parametrize("word", ["w8a16", "int8"])
def test_a_format_that_not_all_chips_compute_in_is_advised_for_those_that_do(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was advised for all, three of four of which had no answer in it."""
    words = ["chips=[h20,910c]", "workload=deepseek-v3.2", f"precision={word}", "parallel=16"]
    text = said("predict", words, capsys)[1]
    assert "precision=fp8 takes them as they are on nvidia-h20-sxm-96gb, and on no other" in text
    alone = said("predict", ["chips=h20", *words[1:]], capsys)[1]
    assert "precision=fp8 takes them as they are." in alone


def test_room_is_told_in_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    """What is tight had the row of what does not fit, but for the size of a negative number."""
    for phase in ("fit", "serve"):
        words = ["chips=[h20,h200,l20,br106]", *EXPERTS, "parallel=8", f"phase={phase}"]
        found = {each["chip"]: each.get("room") for each in rows(words, capsys)}
        assert found[H20] == "tight"
        assert found["nvidia-h200-sxm-141gb"] == "fits"
        assert found["nvidia-l20-pcie-48gb"] == "no"


def test_narrower_formats_take_less_memory(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h20", SMALL]
    wide, eight, cache, four = (
        one([*words, *more], capsys)
        for more in ([], ["precision=fp8"], ["cache=fp8"], ["precision=w4a16"])
    )
    assert four["weights_B"] < eight["weights_B"] < wide["weights_B"] == cache["weights_B"]
    assert cache["cache_B_sequence"] == wide["cache_B_sequence"] / 2
    assert wide["seconds"] > eight["seconds"]


def test_energy_and_cost_hear_the_prices(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h20", SMALL]
    base, dear, short, warm = (
        one([*words, *more], capsys) for more in ([], ["kwh=0.4"], ["years=1"], ["pue=2.6"])
    )
    assert base["J_per_token_low"] < base["J_per_token"] < base["J_per_token_high"]
    assert base["J_per_token"] < base["J_per_token_at_tdp"] <= base["J_per_token"] / WAITING[1]
    drawn = base["J_per_token"] * 1.3 * 0.1 / 3.6e6 * 1e6
    assert dear["usd_per_Mtoken"] - base["usd_per_Mtoken"] == pytest.approx(3 * drawn)
    assert warm["usd_per_Mtoken"] - base["usd_per_Mtoken"] == pytest.approx(drawn)
    owned = base["usd_per_Mtoken"] - drawn
    assert short["usd_per_Mtoken"] == pytest.approx(4 * owned + drawn)


def test_ones_own_prices_are_by_chip_or_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=[h20,h200]", SMALL]
    by_chip = {each["chip"]: each for each in rows([*words, "rent=[1,h20:2]"], capsys)}
    for chip, rent in {H20: 2.0, "nvidia-h200-sxm-141gb": 1.0}.items():
        rate = by_chip[chip]["tokens_per_s_chip"]
        assert by_chip[chip]["usd_per_Mtoken"] == pytest.approx(rent / (3600 * rate / 1e6))


def test_amounts_in_yuan_count_at_the_rate_given(capsys: pytest.CaptureFixture[str]) -> None:
    dollars = one(["chips=h20", SMALL, "price=15000", "kwh=0.1"], capsys)
    yuan = one(["chips=h20", SMALL, "price=[h20:120000CNY]", "kwh=0.8cny", "cny=8"], capsys)
    assert yuan["usd_per_Mtoken"] == pytest.approx(dollars["usd_per_Mtoken"])
    noted = said("predict", ["chips=h20", SMALL, "kwh=0.6CNY", "cny=7.1"], capsys)[1]
    assert "years and 0.6 CNY/kWh at PUE" in noted, "as it was given, in the unit of the costs"
    rented = one(["chips=h20", SMALL, "rent=16CNY", "cny=8"], capsys)
    assert rented["usd_per_Mtoken"] == pytest.approx(2 / (3600 * rented["tokens_per_s_chip"] / 1e6))
    assert one(["chips=h20", SMALL, "price=1e4"], capsys)["usd_per_Mtoken"] > 0
    told = said("predict", ["chips=h20", SMALL, "cny=8"], capsys)[1]
    assert "CNY/Mtoken: a sourced price over" in told
    assert "; CNY 8 for USD 1, prices in CNY first (CSV and JSON in USD); always busy" in told
    shown = said("predict", ["chips=h20", SMALL, "rent=16CNY", "cny=8"], capsys)[1]
    head, _, row = (one for one in shown.splitlines() if one.startswith("|"))
    place = [one.strip() for one in head.split("|")].index("CNY/Mtoken")
    value = float(row.split("|")[place].split("(")[0])
    assert value == pytest.approx(8 * rented["usd_per_Mtoken"], rel=0.05), "two digits are shown"


def test_a_cost_without_energy_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a board power there was no cost, though the price was known."""
    words = ["chips=[h20,mlu590,bw1000]", SMALL, "parallel=8", "cny=7.1"]
    found = {each["chip"]: each for each in rows(words, capsys)}
    assert found[MLU590]["J_per_token"] is None
    hour = 75_000 / 7.1 / (4 * HOURS)
    cost = hour / (3600 * found[MLU590]["tokens_per_s_chip"] / 1e6)
    assert found[MLU590]["usd_per_Mtoken"] == pytest.approx(cost)
    assert found["hygon-bw1000"]["usd_per_Mtoken"] is None, "nobody prints its price"
    lacking = "CNY/Mtoken takes a price of hygon-bw1000, which no source gives: give price= or"
    assert lacking in said("predict", words, capsys)[1]
    dollars = said("predict", [f"chips={MLU590}", SMALL], capsys)[1]
    told = "which no source gives in dollars: give price=, rent= or, for prices in yuan, cny=."
    assert f"USD/Mtoken takes a price of {MLU590}, {told}" in dollars
    note = f"CNY/Mtoken is without energy for {MLU590}, whose board power is unknown."
    assert note in said("predict", words, capsys)[1]
    rented = said("predict", [*words, "rent=[mlu590:5CNY]"], capsys)[1]
    assert "without energy" not in rented


def test_time_energy_and_cost_are_no_surer_than_the_rate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=h20", SMALL]
    found = one(words, capsys)
    over = found["high_80"] / found["tokens_per_s_chip"]
    for level in ("80", "95"):
        rates = [found[f"{end}_{level}"] for end in ("high", "low")]
        times = [found[f"seconds_{end}_{level}"] for end in ("low", "high")]
        assert [a * b for a, b in zip(rates, times, strict=True)] == pytest.approx(
            [found["tokens_per_s_chip"] * found["seconds"]] * 2
        )
    for key in ("J_per_token", "usd_per_Mtoken"):
        assert found[f"{key}_low"] < found[key] / over
        assert found[f"{key}_high"] > found[key] * over
    text = said("predict", words, capsys)[1]
    assert re.search(r"\| [\d.]+ ms \([\d.]+–[\d.]+ ms\) ", text)


# tiers, and rows that say why


def test_figures_that_a_sheet_lacks_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=[h20,c550,hygon-k100-ai,amd-epyc-7543]", "phase=figures"]
    text = said("predict", words, capsys)[1]
    assert "no dense bf16, fp16 or fp8 matrix rate on the sheet: metax-c550-oam." in text
    assert "no memory bandwidth on the sheet: hygon-k100-ai." in text
    assert "epyc" not in text
    assert "may lie on either side of it" in re.sub(r"\s+", " ", text)
    for row in rows(words, capsys):
        told = f"{row['achieved']:.0%}" if row["achieved"] else "–"
        assert re.search(rf"\| {row['chip']} .*% \(.*\) +\| {told} +\| {row['tier']}", text)


@pytest.mark.parametrize("phase", ["product", "figures"])
def test_why_it_rests_on_the_sheet_alone_is_said(
    phase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["chips=[h20,910b3]", *ASKED[phase][1:]]
    text = said("predict", words, capsys)[1]
    assert text.count("| sheet only; no board power published |") == (
        1 if phase == "product" else 2
    )


def test_a_weaker_tier_shows_two_digits(capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"chips={B2}", LARGE, "parallel=8", "baseline=h800"]
    assert one(words, capsys)["tier"] == "sheet only"
    lines = said("predict", words, capsys)[1].splitlines()
    (line,) = (text for text in lines if text.startswith(f"| {B2}"))
    ratio, _, _, tpot, first = (cell.split()[0] for cell in line.split("|")[2:7])
    for word in (ratio, tpot, first):
        assert "." not in word or len(word.replace(".", "").lstrip("0")) <= 2


UNTOLD = {
    "amd-epyc-7543": "is no accelerator",
    "hgx-h100": "is a system: name the chip it is built of",
    "metax-c550-oam": "no dense bf16 matrix rate on its sheet (it gives: none)",
    "hygon-k100-ai": "unknown, because its sheet has no memory bandwidth",
}


@pytest.mark.parametrize("chip", UNTOLD)
def test_what_cannot_be_told_says_why(chip: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, last = rows([f"chips=[{chip},h20]", SMALL], capsys)
    assert (first["chip"], first["unknown"], last.get("tokens_per_s")) == (H20, None, None)
    assert UNTOLD[chip] in last["unknown"]
    code, out, err = said("predict", [f"chips={chip}", SMALL], capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert UNTOLD[chip] in err
    told = said("predict", [f"chips=[{chip},h20]", SMALL], capsys)[1]
    (line,) = (one for one in told.splitlines() if one.startswith("Unknown"))
    assert UNTOLD[chip].removeprefix("unknown, ") in line
    named = line.replace(f"chip={last['chip']}", "").count(last["chip"])
    assert (line.lower().count("unknown"), named) == (1, 1)


@pytest.mark.parametrize("asked", STANDING, ids=lambda one: one.key)
def test_the_command_that_the_site_shows_asks_of_chips_that_hold_the_model(
    asked: StandingQuestion, capsys: pytest.CaptureFixture[str]
) -> None:
    """It asked for a model of 671 billion parameters in 16 bits on one chip."""
    code, out, _ = said("predict", shlex.split(asked.command("910b2,h800"))[4:], capsys)
    assert (code, out.count("| huawei-ascend-910b2")) == (0, 1)
    assert "does not fit" not in out


def test_a_chip_without_a_published_rate_tells_the_measured_one_and_how_to_rest_on_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It was unknown, and that others had measured it was said nowhere."""
    chip = "metax-c550-oam"
    (found,) = document("evidence", [f"chip={chip}", "figure=matrix_bf16"], capsys)["rows"]
    best = show(found["best_reported"], Dimension.FLOP_RATE, 3)
    told = f"{best} (evidence chip={chip} figure=matrix_bf16)"
    for words in ([SMALL], [SMALL, "parallel=best"], ["phase=product", "shape=[64,64,64]"]):
        code, _, err = said("predict", [f"chips={chip}", *words], capsys)
        assert code == 2
        assert told in err
        assert "in a sheet of yours (specs=)" in err
    for words in ([SMALL, "phase=fit"], ["phase=figures"]):
        (note,) = (
            one
            for one in document("predict", [f"chips=[{chip},h20]", *words], capsys)["summary"]
            if one.startswith("Measured, but on no sheet: ")
        )
        assert told in note
        assert "h20" not in note
    (none,) = rows(["chips=[h20,amd-mi309]", SMALL], capsys)[1:]
    assert none["unknown"].endswith("(it gives: none)")
    (fp16,) = rows(["chips=[h20,hygon-k100]", SMALL], capsys)[1:]
    assert "figure=matrix_fp16" in fp16["unknown"]


def test_of_pipeline_stages_one_works_at_a_time_unless_there_is_more_to_share_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On one micro-batch seven of eight stages wait; on many, all work, as chips of a layer do."""
    asked = ["chips=h100", "workload=llama-3.1-70b", "precision=fp8", "phase=prefill"]
    shares = {}
    for how, batch in (("tp8", 4), ("pp8", 4), ("pp8", 64)):
        found = one([*asked, f"parallel={how}", f"batch={batch}"], capsys)
        shares[how, batch] = found["J_per_token"] * found["tokens_per_s_chip"] / 700
    waiting, working = WAITING[1], WORKING[1]
    assert waiting < shares["pp8", 4] < waiting + (working - waiting) / 8
    assert min(shares["tp8", 4], shares["pp8", 64]) > 0.6


def test_models_with_experts_are_not_tested_by_steps_of_dense_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Their interval is another: eight dense steps of the H20 were shown for DeepSeek-V3."""
    words = ["chips=h20", "phase=decode"]
    experts = [*words, "workload=deepseek-v3", "precision=fp8", "parallel=8"]
    (mixed,), (dense,) = rows(experts, capsys), rows([*words, "workload=llama-3.1-8b"], capsys)
    steps = errors()["decode step: chip left out"]["each"]["nvidia-h20-sxm-96gb"]
    assert mixed["tested_phase"] == "serve"
    assert dense["tested_phase"] == "decode"
    assert (dense["tested"], dense["tested_error"]) == (steps["count"], steps["mean"])


def test_no_interval_but_the_one_shown_is_called_too_narrow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Steps are tested without the scatter of engines that phase=decode prints, and the interval of
    engine=tuned is narrower than the one that other groups' results tested."""
    dense = ["chips=h20-141gb", "workload=llama-3.1-8b"]
    inside = [
        one([*dense, *words], capsys)["tested_inside_80"]
        for words in (["phase=decode"], ["engine=tuned"], [])
    ]
    assert inside[:2] == [None, None]
    assert inside[2] < 0.75
    for words, told in ((["phase=decode"], False), (["engine=tuned"], False), ([], True)):
        text = said("predict", [*dense, *words, "report=github"], capsys)[1]
        assert (NARROW in text) is told
