"""``predict`` as it is typed: every phase, every format, what adds up, and sweeps."""

import math
import re
from collections import Counter
from itertools import pairwise, product
from typing import Any

import pytest

from bench.predict import forecast
from bench.report.formats import FORMATS
from bench.report.prediction import flat as flatpredictions
from bench.report.prediction import predictions
from tests.commands.command_cases import document, looks_like, said
from tests.predict.command_cases import (
    ASKED,
    B2,
    CHIP,
    EXPERTS,
    H20,
    H800,
    LARGE,
    SMALL,
    TIMED,
    nested,
    one,
    rows,
)

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


def test_operators_tell_their_work_and_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    """A row of a sweep was without batch, input and way, and no FLOP or bytes were there."""
    asked = ["chips=h20", SMALL, "phase=decode", "input=2048", "batch=[32,64]"]
    parts = document("predict", [*asked, "operators=true"], capsys)["tables"][f"operators_{H20}_1"]
    keys = ("workload", "phase", "batch", "input", "output", "precision", "parallel", "chips")
    (whole,) = {tuple(each[key] for key in keys) for each in parts}
    assert whole == ("llama-3.1-8b", "decode", 64, 2048, 512, "bf16", "tp1", 1)
    products = [each for each in parts if each["operator"] != "attention"]
    multiplied = 8.03e9 - 128_256 * 4096  # all parameters but the table of embeddings
    assert sum(each["flop"] for each in products) == pytest.approx(128 * multiplied, rel=0.01)
    for each in parts:
        assert each["padded_flop"] >= each["flop"]
        assert (each["memory_B"] > 0) == (each["memory_s"] > 0)


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
def test_huge_numbers_stay_numbers(phase: str, capsys: pytest.CaptureFixture[str]) -> None:
    keys = ("batch", "input") if phase in ("prefill", "train") else ("batch", "input", "output")
    huge = [f"{key}=100000000" for key in keys]
    found = one([*CHIP.split(), f"phase={phase}", *huge], capsys)
    assert found["fits"] is False
    assert 0 < found["low_95"] < found["high_95"] < math.inf


def test_help_names_every_phase(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said("predict", ["--help"], capsys)
    assert code == 0
    assert [phase for phase in ASKED if f"{phase}:" not in out] == []
