"""``predict`` as it is typed: every phase, every key, every format, every wrong word."""

import json
import math
import re
from collections import Counter
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.chips.load import catalogue
from bench.predict import forecast
from bench.predict.model.facts import all_facts
from bench.report import flatpredictions, predictions
from bench.report.registry import FORMATS
from tests.commands.command_cases import document, looks_like, said, without_torch

H20, H800, B2 = "nvidia-h20-sxm-96gb", "nvidia-h800-sxm-80gb", "huawei-ascend-910b2"
SMALL, LARGE = "workload=llama-3.1-8b", "workload=llama-3.1-70b"
EXPERTS = ["workload=deepseek-v3", "precision=fp8"]
TIMED = ("serve", "prefill", "decode", "train")
SHAPE = "shape=[64,4096,4096]"
ASKED = {
    **{phase: ["chips=[h20,910b2]", SMALL, f"phase={phase}"] for phase in TIMED},
    "fit": ["chips=[h20,910b2]", SMALL, "phase=fit"],
    "product": ["chips=[h20,910b2]", "phase=product", SHAPE],
    "figures": ["chips=[h20,910b2]", "phase=figures"],
}
Row = dict[str, Any]


def rows(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[Row]:
    """The rows of a prediction."""
    found: list[Row] = document("predict", words, capsys)["rows"]
    return found


def one(words: list[str], capsys: pytest.CaptureFixture[str]) -> Row:
    """The row of a prediction that has one."""
    (found,) = rows(words, capsys)
    return found


def nested(bounds: list[float]) -> None:
    """Holds positive numbers to be told from low to high."""
    assert bounds == sorted(set(bounds))
    assert bounds[0] > 0


# every phase in every format


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("phase", ["serve", "fit", "product"])
def test_every_format(phase: str, style: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("predict", [*ASKED[phase], f"report={style}"], capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


@pytest.mark.parametrize("phase", ASKED)
def test_every_phase_tells_every_chip(phase: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert {each["chip"] for each in rows(ASKED[phase], capsys)} == {H20, B2}


@pytest.mark.parametrize("phase", TIMED)
def test_intervals_nest_about_the_value(phase: str, capsys: pytest.CaptureFixture[str]) -> None:
    for each in rows(ASKED[phase], capsys):
        keys = ("low_95", "low_80", "tokens_per_s_chip", "high_80", "high_95")
        nested([each[key] for key in keys])


def test_intervals_of_products_and_figures_nest(capsys: pytest.CaptureFixture[str]) -> None:
    for each in rows(ASKED["product"], capsys):
        ends = [f"seconds_{end}" for end in ("low_95", "low_80", "high_80", "high_95")]
        nested([each[key] for key in (*ends[:2], "seconds", *ends[2:])])
        assert each["seconds"] >= each["roofline_s"]
        assert each["flop_per_s"] == pytest.approx(2 * 64 * 4096**2 / each["seconds"])
    for each in rows(ASKED["figures"], capsys):
        nested([each[key] for key in ("share_low_95", "share_low_80", "share", "share_high_80")])
        assert each["share_high_95"] >= each["share_high_80"]
        assert each["predicted"] == pytest.approx(each["share"] * each["published"])


# what adds up


@pytest.mark.parametrize("split", ["1", "8", "tp4,dp2", "'tp8,pp2'"])
def test_tokens_add_up_over_chips(split: str, capsys: pytest.CaptureFixture[str]) -> None:
    for each in rows(["chips=[h20,h800]", LARGE, f"parallel={split}", "batch=48"], capsys):
        assert each["chips"] == math.prod(int(part) for part in re.findall(r"\d+", split))
        assert each["tokens_per_s"] == pytest.approx(each["tokens_per_s_chip"] * each["chips"])
        own = 1 - each["tokens_per_s"] * each["seconds"] / each["batch"]
        assert 0 < own < 0.05  # its own prefill is no part of TPOT


@pytest.mark.parametrize("words", [[SMALL], [LARGE, "parallel=8"], [*EXPERTS, "parallel=16"]])
def test_operators_sum_to_the_step(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """But for the chip's departure from the stack, which is one factor whatever is asked."""
    asked = ["chips=h20", "phase=decode", "batch=[1,64]", "operators=true", *words]
    found = document("predict", asked, capsys)
    factors = []
    for place, row in enumerate(found["rows"]):
        parts = found["tables"][f"operators_{H20}_{place}"]
        total = sum(each["seconds"] for each in parts)
        assert total == pytest.approx(row["seconds"])
        assert parts[-1]["operator"] == "chip's departure"
        total -= parts.pop()["seconds"]
        factors.append(row["seconds"] / total)
        taken: dict[str, float] = {}
        for each in parts:
            assert each["seconds"] >= max(each[f"{way}_s"] for way in ("compute", "memory", "link"))
            taken[each["limited_by"]] = taken.get(each["limited_by"], 0.0) + each["seconds"]
        most = max(taken, key=lambda key: taken[key])
        assert row["limited_by"] == most
    assert factors[0] == pytest.approx(factors[1])
    assert 0.8 < factors[0] < 1.25


def test_operators_of_a_sweep_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h20", SMALL, "batch=1", "input=[128,4096]", "operators=true"]
    found = document("predict", words, capsys)
    parts = [each for place in (0, 1) for each in found["tables"][f"operators_{H20}_{place}"]]
    assert all(each["seconds"] for each in parts)
    assert not any(each["operator"].startswith("prefill") for each in parts)
    text = said("predict", words, capsys)[1]
    assert f"**{H20}, batch 1, input 128, output 512**" in text
    assert f"**{H20}, batch 1, input 4,096, output 512**" in text
    assert text.count("take as many cycles of the boost clock on any chip") == 1


def test_rates_as_if_it_fitted_are_told_of_what_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A tight fit is one."""
    line = "Where the model does not fit, rates, energy and cost are as if it did."
    told = {
        word: line in said("predict", ["chips=h20", *EXPERTS, f"parallel={word}"], capsys)[1]
        for word in ("4", "8", "16")
    }
    assert told == {"4": True, "8": False, "16": False}


def test_what_does_not_fit_comes_last_and_says_so_beside_its_rate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The H800 is predicted quicker than the H20, which is tight, but does not hold the model."""
    words = [f"chips=[{H800},h20,h200]", LARGE, "parallel=2", "batch=48"]
    found = rows(words, capsys)
    assert [each["chip"] for each in found] == ["nvidia-h200-sxm-141gb", H20, H800]
    assert found[1]["tokens_per_s_chip"] < found[2]["tokens_per_s_chip"]
    lines = said("predict", [*words, "baseline=h200"], capsys)[1].splitlines()
    told = [line.count("if it fitted: ") for line in lines if line.startswith("| ")][-3:]
    assert told == [0, 0, 3], "ratio, rate and energy; nobody published a price"
    assert "| –" in next(line for line in lines if line.startswith(f"| {H800}"))
    assert [each["room"] for each in found] == ["fits", "tight", "no"]


BEYOND = "Longer than the model's context: a sequence has "


@pytest.mark.parametrize("phase", ["serve", "decode", "fit"])
def test_a_sequence_longer_than_the_model_is_published_for_is_said_so(
    phase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["chips=h200", LARGE, "parallel=8", "batch=1", f"phase={phase}", "output=72"]
    assert BEYOND not in said("predict", [*words, "input=131000"], capsys)[1]
    told = said("predict", [*words, "input=131001"], capsys)[1]
    assert f"{BEYOND}131,073 tokens, its configuration allows 131,072." in told


def test_a_longest_sequence_with_rope_scaling_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h200", "workload=qwen3-32b", "batch=1", "phase=prefill"]
    assert BEYOND not in said("predict", [*words, "input=40960"], capsys)[1]
    told = said("predict", [*words, "input=[128,40961]"], capsys)[1]
    assert "40,961 tokens, its configuration allows 40,960, or 131,072 with rope" in told
    assert {each["context"] for each in rows([*words, "input=[128,40961]"], capsys)} == {40960}


# sweeps


def test_a_sweep_has_a_row_a_point_and_chip(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=[h20,h800]", SMALL, "batch=1..64", "input=[128,4096]", "output=[1,9]"]
    found = rows(words, capsys)
    points = {(each["chip"], each["batch"], each["input"], each["output"]) for each in found}
    doubled = [2**power for power in range(7)]
    assert points == set(product((H20, H800), doubled, (128, 4096), (1, 9)))
    assert len(found) == len(points)


@pytest.mark.parametrize("style", FORMATS)
def test_a_format_makes_what_it_prints_and_asks_each_point_for_its_memory_once(
    style: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Memory was worked out ten times a row; csv and json had every cell of the table made."""
    made: Counter[str] = Counter()
    made_by = ((forecast, "room"), (predictions, "cells_of"), (flatpredictions, "_numbers"))
    for module, name in made_by:
        own = getattr(module, name)

        def counted(*args: Any, own: Any = own, name: str = name) -> Any:
            made[name] += 1
            return own(*args)

        monkeypatch.setattr(module, name, counted)
    words = ["chips=[h20,h800]", SMALL, "batch=[1,2,3]", f"report={style}"]
    assert said("predict", words, capsys)[0] == 0
    kind = "_numbers" if style in ("csv", "json") else "cells_of"
    assert made == {"room": 6, kind: 6}


SWEEPS = {"3..10": [3, 6], "[4,1,4]": [4, 1], "7": [7], "5..5": [5], "[1..4,3]": [1, 2, 4, 3]}


@pytest.mark.parametrize("word", SWEEPS)
def test_ways_to_write_a_sweep(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["chips=h20", SMALL, f"batch={word}"], capsys)
    assert [each["batch"] for each in found] == SWEEPS[word]


def test_more_requests_make_more_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["chips=h20", SMALL, "batch=1..256", "phase=decode"], capsys)
    for less, more in pairwise(found):
        assert less["tokens_per_s"] < more["tokens_per_s"]
        assert (less["seconds"], -less["memory_free_B"]) < (more["seconds"], -more["memory_free_B"])


@pytest.mark.parametrize("phase", TIMED)
def test_a_ratio_turned_round_is_its_reciprocal(
    phase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["chips=[h20,h800]", LARGE, "parallel=8", f"phase={phase}"]
    over, under = (
        {each["chip"]: each for each in rows([*words, f"baseline={base}"], capsys)}
        for base in ("h800", "h20")
    )
    first, second = over[H20], under[H800]
    assert first["ratio"] * second["ratio"] == pytest.approx(1)
    assert first["ratio_low_95"] * second["ratio_high_95"] == pytest.approx(1)
    assert first["ratio_low_95"] < first["ratio"] < first["ratio_high_95"]
    rates = [over[chip]["tokens_per_s_chip"] for chip in (H20, H800)]
    assert first["ratio"] == pytest.approx(rates[0] / rates[1])
    for same in (over[H800], under[H20]):
        assert [same[key] for key in ("ratio", "ratio_low_95", "ratio_high_95")] == [1, 1, 1]


def test_products_are_set_beside_a_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = rows(["chips=910b2", "phase=product", SHAPE, "baseline=h20"], capsys)
    assert (first["chip"], first["ratio"], second["chip"]) == (H20, 1, B2)
    assert second["ratio"] == pytest.approx(first["seconds"] / second["seconds"])
    assert {first[f"ratio_{end}_{level}"] for end in ("low", "high") for level in (80, 95)} == {1}
    keys = ("ratio_low_95", "ratio_low_80", "ratio", "ratio_high_80", "ratio_high_95")
    found = [second[key] for key in keys]
    assert found == sorted(set(found))


def test_a_ratio_of_products_is_firmer_between_siblings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=[h100,910b2]", "phase=product", SHAPE, "baseline=h800"]
    wide = {one["chip"]: one["ratio_high_95"] / one["ratio_low_95"] for one in rows(words, capsys)}
    assert 1 == wide[H800] < wide["nvidia-h100-sxm-80gb"] < wide[B2]


def test_fp16_products_are_those_of_bf16_where_the_sheet_has_one_rate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They were refused, where serving in fp16 is predicted; 910B2's two rates are one, rounded."""
    words = ["chips=[h20,910b2,v100-sxm-32gb,gaudi3]", "phase=product", SHAPE]
    every = [
        {row["chip"]: row for row in rows([*words, f"precision={word}"], capsys)}
        for word in ("fp16", "bf16")
    ]
    for chip in (H20, B2, "nvidia-v100-sxm-32gb"):
        told, other = (each[chip] for each in every)
        assert (told.pop("dtype"), other.pop("dtype")) == ("fp16", "bf16")
        assert told == other
    assert every[0]["intel-gaudi3-oam-128gb"]["unknown"] == (
        "its sheet prints 459 TFLOP/s in fp16 and 1678 in bf16, and only bf16 products were "
        "fitted: ask precision=bf16"
    )
    assert every[1]["intel-gaudi3-oam-128gb"]["unknown"] is None
    said_of = said("predict", [*words, "precision=fp16"], capsys)[1]
    assert "for both (of one format alone: nvidia-v100-sxm-32gb fp16)." in said_of
    assert "were fitted" not in said("predict", words, capsys)[1]


@pytest.mark.parametrize("size", [256, 2048, 16384])
def test_no_product_is_predicted_above_the_published_rate(
    size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """MI308X's interval began at 2.3 ms, where its sheet takes 3.2."""
    words = ["chips=[mi308x,h20,910b2]", "phase=product", f"shape=[{size},{size},{size}]"]
    for row in rows(words, capsys):
        peak = all_facts(catalogue())[row["chip"]].peak(row["dtype"])
        least = 2 * size**3 / peak
        ends = ("seconds_low_95", "seconds_low_80", "seconds", "seconds_high_80", "seconds_high_95")
        bounds = [row[end] for end in ends]
        assert bounds == sorted(bounds)
        assert bounds[0] >= least * (1 - 1e-9)


# wrong words

CHIP = f"chips=h20 {SMALL}"
MANY = ",".join(str(each) for each in range(1, 102))
WRONG = {
    "": "which chips? give chips=",
    "chips=h20": "which workload? give workload=, one of baichuan2-7b, ",
    f"chips=h2o {SMALL}": "no chip or group 'h2o': did you mean 'h20'",
    "chips=h20 workload=llama-3.1-9": "no workload 'llama-3.1-9' in specs/workloads: did you mean",
    f"{CHIP} phase=serv": "no phase 'serv': did you mean 'serve'?",
    f"{CHIP} precision=bf61": "no precision 'bf61': did you mean 'bf16'",
    f"{CHIP} precision=w8a8": "no precision 'w8a8': it is int8 or fp8",
    f"{CHIP} cache=fp9": "no cache format 'fp9': did you mean 'fp8'",
    f"{CHIP} baseline=h2o": "no chip 'h2o' in specs/chips: did you mean 'h20'",
    f"{CHIP} baseline=domestic": "no chip 'domestic' in specs/chips: one chip is asked for here",
    f"{CHIP} baseline=amd-epyc-7543": "amd-epyc-7543: it is no accelerator",
    f"{CHIP} baseline=hygon-k100": "hygon-k100: no dense bf16 matrix rate on its sheet",
    **{f"{CHIP} {word}": f"{word}: write a whole number from 1 to 100,000,000"
       for word in ("batch=0", "batch=-1", "batch=1.5", "batch=1e3", "batch=many", "input=0",
                    "output=-9", "output=100000001", f"batch={'9' * 30}")},
    **{f"{CHIP} batch={word}": "batch= names no number: write such as batch=32, [1,8,64] or 1..64"
       for word in ("[]", "")},
    f"{CHIP} batch=1-64": "batch=1-64: write a whole number from 1 to 100,000,000; several as [1,8",
    f"{CHIP} batch=64..1": "batch=64..1: write the smaller number first",
    f"{CHIP} parallel=tp2,dp4 batch=[2,8]": "batch=2 is below the 4 copies of tp2 dp4",
    f"{CHIP} batch=[{MANY}] input=[{MANY}]": "10,201 points: give at most 10,000",
    f"{CHIP} parallel=eight": "parallel=eight: write a number, or such as tp8, 'tp8,pp2'",
    f"{CHIP} parallel=tp8,ep16": "parallel=tp8,ep16: ep16 does not divide the 8 chips"
        " of tp x dp: 'tp8,dp2,ep16' or 'tp16,ep16' would",
    f"{CHIP} parallel=ep16": "parallel=ep16: ep16 does not divide the 1 chip of tp x dp: "
        "'dp16,ep16' or 'tp16,ep16' would",
    **{f"{CHIP} {word}": f"{word} must be above 0 and at most 1000"
       for word in ("years=0", "kwh=-1", "pue=nan", "pue=1001")},
    f"{CHIP} price=cheap": "price=cheap: write US dollars, such as price=25000 or price=[h20:12000",
    f"{CHIP} rent=0": "rent=0: write US dollars, such as rent=25000",
    f"{CHIP} price=[b200:30000]": "price=b200:30000: nvidia-b200-sxm-180gb is not among the chips",
    f"{CHIP} price=1 rent=1": "price= and rent= are two ways to pay for a chip: give one",
    f"{CHIP} pue=0.5": "pue=0.5 must be 1 or more: a building draws what is in it",
    f"{CHIP} operators=maybe": "operators=maybe: write true or false",
    f"{CHIP} report=xml": "no report 'xml': did you mean 'html'?",
    f"{CHIP} batches=1": "predict has no key 'batches': did you mean 'batch'",
    **{f"chips=h20 workload=llama-3.1-8b phase=train precision={word}":
       f"precision={word}: no training in it was measured; ask phase=train in bf16, fp16, fp8, "
       for word in ("w8a16", "int8", "fp32", "mxfp4")},
    "chips=h20 workload=llama-3.1-8b phase=train calibration=none.json":
        "calibration= does not apply to phase=train: leave it out",
    **{f"chips=h20 workload=llama-3.1-8b phase=train {key}={word}":
       f"{key}= does not apply to phase=train: leave it out"
       for key, word in (("output", "512"), ("cache", "bf16"))},
    f"{CHIP} micro=1": "micro= does not apply to phase=serve: leave it out",
    f"{CHIP} phase=train recompute=selective":
        "recompute=selective: write true, which is of all layers, or false",
    f"{CHIP} phase=train states=fp8": "states=fp8: did you mean 'fp32'?",
    f"{CHIP} states=bf16": "states= does not apply to phase=serve: leave it out",
    **{f"{CHIP} phase=train micro={word}": f"micro={word}: write a whole number from 1 to 100,000,"
       for word in ("1,2", "x", "0")},
    "chips=h20 workload=qwen3-30b-a3b calibration=none.json":
        "calibration= covers dense layers only, and qwen3-30b-a3b has experts: leave it out",
    f"{CHIP} parallel=pp4,vp2": "parallel=pp4 vp2: fsdp, cp and vp are of phase=train; else ask dp",
    f"{CHIP} phase=train parallel=tp4,vp2": "parallel=tp4,vp2: vp2 divides a pipeline's stages: ",
    "chips=h20 workload=qwen3-30b-a3b parallel=dp48,ep48 batch=48 phase=train":
        "ep48 does not divide the 128 experts of qwen3-30b-a3b: ep16 does",
    f"chips=h20 phase=product {SHAPE} baseline=ks20":
        "denglin-ks20: no dense bf16 matrix rate on its sheet",
    "chips=h20 phase=product": "shape= takes three sizes, such as shape=[4096,4096,4096]",
    "chips=h20 phase=product shape=[1,2,0]": "shape=0: write a whole number",
    f"chips=h20 phase=product {SHAPE} precision=w8a16": "precision=w8a16: phase=product takes "
        "bf16 and fp8; fp16 where a sheet prints one rate for it and bf16",
    f"chips=h20 phase=product {SHAPE} precision=fp16 baseline=gaudi3":
        "intel-gaudi3-oam-128gb: its sheet prints 459 TFLOP/s in fp16 and 1678 in bf16",
    f"chips=gaudi3 phase=product {SHAPE} precision=fp16":
        "intel-gaudi3-oam-128gb: its sheet prints 459 TFLOP/s in fp16 and 1678 in bf16",
    "chips=amd-epyc-7543 phase=figures": "none of these chips is an accelerator",
    f"chips=amd-epyc-7543 phase=fit {SMALL}": "none of these chips is an accelerator",
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_one_line(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("predict", line.split(" ") if line else [], capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"onpaper: {WRONG[line]}")


@pytest.mark.parametrize("asked", [SMALL, f"phase=product {SHAPE}"])
def test_a_group_of_which_nothing_is_told_says_each_reason_once(
    asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The processors' line was of two thousand characters."""
    code, out, err = said("predict", ["chips=cpus", *asked.split()], capsys)
    assert (code, out, err.count("it is no accelerator")) == (2, "", 1)
    assert re.search(r"^onpaper: amd-epyc-\w+, [\w-]+, [\w-]+ and \d\d more: it is no accel", err)


@pytest.mark.parametrize("phase", TIMED)
def test_huge_numbers_stay_numbers(phase: str, capsys: pytest.CaptureFixture[str]) -> None:
    keys = ("batch", "input") if phase in ("prefill", "train") else ("batch", "input", "output")
    huge = [f"{key}=100000000" for key in keys]
    found = one([*CHIP.split(), f"phase={phase}", *huge], capsys)
    assert found["fits"] is False
    assert 0 < found["low_95"] < found["high_95"] < math.inf


def test_a_prediction_needs_no_torch(tmp_path: Path) -> None:
    without_torch(["predict", *ASKED["serve"]], tmp_path)


def test_help_names_every_key_and_phase(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said("predict", ["--help"], capsys)
    keys = "chips workload phase batch input output parallel precision cache baseline shape "
    keys += "operators calibration years kwh pue price rent report"
    assert code == 0
    assert [each for each in keys.split() if not re.search(rf"\s{each}=", out)] == []
    assert [phase for phase in ASKED if f"{phase}:" not in out] == []


@pytest.mark.parametrize(
    ("model", "word"), [("deepseek-v3", "fp8"), ("gpt-oss-120b", "mxfp4"), ("qwen3-32b", "bf16")]
)
def test_the_format_that_a_model_comes_in_is_told_unless_it_is_asked_for(
    model: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = f"published in {word}: precision={word} takes them"
    for precision in ("bf16", "fp8", "mxfp4"):
        asked = ["chips=mi355x", f"workload={model}", "parallel=8", f"precision={precision}"]
        code, out, _ = said("predict", asked, capsys)
        assert code == 0
        assert (told in out) == (precision != word)


def test_a_format_is_offered_only_where_a_chip_computes_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["workload=deepseek-v3", "parallel=8", "precision=int8"]
    assert "precision=fp8 takes them" not in said("predict", ["chips=910c", *asked], capsys)[1]
    assert "published in fp8" not in said("predict", ["chips=910c", *asked], capsys)[1], "no gain"
    assert "precision=fp8 takes them" in said("predict", ["chips=910c,h20", *asked], capsys)[1]


@pytest.mark.parametrize(("word", "instead"), [("fp8", "w8a16"), ("mxfp4", "w4a16")])
def test_a_chip_without_a_format_is_told_what_to_ask_instead(
    word: str, instead: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["chips=910c,mi355x", "workload=deepseek-v3", "parallel=16"]
    out = said("predict", [*asked, f"precision={word}"], capsys)[1]
    assert f"or precision={instead}: weights of {instead[1]} bits, products in bf16." in out
    assert "| huawei-ascend-910c " in said("predict", [*asked, f"precision={instead}"], capsys)[1]


@pytest.mark.parametrize(("phase", "whose"), [("serve", "answers"), ("prefill", "prompts")])
def test_whose_tokens_are_counted_is_said(
    phase: str, whose: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said("predict", [*CHIP.split(), f"phase={phase}"], capsys)[1]
    assert f"Tokens are those of the {whose}." in out


@pytest.mark.parametrize("more", [[], ["parallel=best"]])
def test_what_the_columns_hold_is_one_line(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a table of one row there were seven."""
    summary = document("predict", [*CHIP.split(), *more], capsys)["summary"]
    (line,) = [one for one in summary if "TPOT: time between two tokens" in one]
    assert "J/token: chips alone." in line
    assert "Rests on, firmest first: " in line
    assert sum("Rests on, " in one or "J/token" in one for one in summary) == 1


def test_a_product_says_that_the_best_one_is_predicted_otherwise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """MI308X's product of 8192 came out at 85% of its sheet, its best product at 75%."""
    text = said("predict", ["chips=mi308x", "phase=product", SHAPE], capsys)[1]
    assert "phase=figures rests on rates that others published" in text


VALIDATION = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("words", "part", "what"),
    [
        (["phase=product", SHAPE], "product bf16, vllm", "Time of bf16 products"),
        (["phase=product", SHAPE, "precision=fp8"], "product fp8, trtllm", "Time of fp8 products"),
        (["phase=figures"], "figures of sheets, matrix", "Matrix rates"),
        (["phase=figures"], "figures of sheets, memory", "Memory bandwidth"),
    ],
)
def test_products_and_figures_tell_how_such_predictions_did(
    words: list[str], part: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other phases had a line of it."""
    kept = VALIDATION["parts"][f"{part}: chip left out"]
    chip, other = "nvidia-h100-sxm-80gb", "intel-gaudi2-hl225b-oam-96gb"
    own = kept["each"][chip]
    text = said("predict", [f"chips=[{chip},{other}]", *words], capsys)[1]
    (line,) = [one for one in text.splitlines() if one.startswith(f"{what}, each chip tested ")]
    assert f"{chip} {own['mean']:.0%} off" in line
    assert f"{own['inside'][0]:.0%} of {own['count']} within" in line
    assert f"all {kept['chips']} chips tested {kept['mean']:.0%} off" in line
    assert other not in kept["each"]
    assert other not in line
    told = [one for one in rows([f"chips=[{chip},{other}]", *words], capsys)
            if one["tested_phase"] in (part, None)]  # fmt: skip
    assert {(one["chip"], one["tested_error"]) for one in told} == {
        (chip, own["mean"]), (other, None)
    }  # fmt: skip


def test_a_name_of_several_chips_says_which_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    _, several, _ = said("predict", ["chips=910b", "workload=llama-3.1-8b"], capsys)
    assert "910b covers several chips; shown: huawei-ascend-910b1, " in several
    _, one, err = said("predict", ["chips=910b2", "workload=llama-3.1-8b"], capsys)
    assert "covers several chips" not in one + err


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize(
    ("command", "more"), [("predict", ["phase=product", SHAPE]), ("compare", ["figures=[tdp]"])]
)
def test_what_a_name_of_several_leaves_out_is_told_whatever_the_format(
    command: str, more: list[str], style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """csv put four variants in the place of 910B and left three out, without a word."""
    code, out, err = said(command, ["chips=[910b,h20]", *more, f"report={style}"], capsys)
    told = [re.search(r"910b covers several chips; shown: .*; not shown: ", " ".join(one.split()))
            for one in (out, err)]  # fmt: skip
    assert code == 0
    assert bool(told[0]) == (style != "csv")
    assert bool(told[1]) == (style not in ("terminal", "plain"))
