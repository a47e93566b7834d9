"""``predict`` says beside its numbers which formats, chips and errors they rest on."""

import json
import re

import pytest

from bench import paths
from bench.chips.load import catalogue
from bench.chips.model import SERVER
from bench.predict.model.power import Prices
from bench.report.formats import FORMATS
from bench.report.prediction.costs import _doubtful
from tests.commands.command_cases import document, said
from tests.predict.command_cases import CHIP, SHAPE, rows


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
    assert f"or precision={instead}: weights of {instead[1]} bits, products in bf16" in out
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
    assert "J/token: chips alone. Their power is taken, for every chip, as 20% to 43% of " in line
    assert "(an H200, arXiv 2605.11999)" in line
    assert "at full board power J/token would be up to 3.2 times as high" in line
    assert "Rests on, firmest first: " in line
    assert "Not modelled: drafted tokens (speculative decoding, MTP), prefix caches." in line
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


OUTSIDE = "Outside of the fit, which no interval allows for: "


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ("batch=32 input=2048", ""),
        ("batch=1024 input=2048", ""),  # twice the 512 requests of the largest run
        ("batch=1025 input=2048", "sequences per copy 1,025 (fitted up to 512)."),
        ("batch=2050 input=2048 parallel=dp4", ""),
        ("batch=[1,64] input=[2048,30000]", "tokens per sequence 30,512 (fitted up to 10,000)."),
        ("batch=32 input=30 output=9", "tokens per sequence 39 (fitted from 1,100)."),
    ],
)
def test_sizes_far_outside_of_the_fit_are_told(
    sizes: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*CHIP.split(), *sizes.split()]
    lines = said("predict", words, capsys)[1].splitlines()
    assert [one.strip() for one in lines if OUTSIDE in one] == ([OUTSIDE + told] if told else [])
    *_, last = rows(words, capsys)
    assert last["outside_fit"] == (told.removesuffix(".") or None)


def test_a_point_of_a_sweep_within_the_fit_is_not_called_outside(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rows([*CHIP.split(), "batch=1", "input=[2048,30000]"], capsys)
    assert [bool(each["outside_fit"]) for each in found] == [False, True]


def test_an_fp8_product_says_that_scales_by_blocks_take_longer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    part = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))["parts"]
    tested = part["product fp8, DeepGEMM: another source, no refit"]
    words = ["chips=h20", "phase=product", SHAPE]
    text = said("predict", [*words, "precision=fp8"], capsys)[1]
    ((count, longer),) = re.findall(r"by blocks, .*?, (\d+) of .* took (\d+)% longer", text)
    assert int(count) == tested["count"]
    assert 1 / (1 + tested["bias"]) == pytest.approx(1 + int(longer) / 100, abs=0.005)
    assert "by blocks" not in said("predict", words, capsys)[1]


def test_a_price_of_a_name_that_bins_share_is_told_unless_another_is_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["chips=910b2", "workload=llama-3.1-8b"]
    told = "USD/Mtoken takes for huawei-ascend-910b2 the price of the name huawei-ascend-910b,"
    assert told in said("predict", asked, capsys)[1]
    assert told not in said("predict", [*asked, "price=9000"], capsys)[1]


def test_a_price_with_a_share_of_the_server_is_told() -> None:
    sheet = catalogue().chips["nvidia-h100-sxm-80gb"]
    housed = sheet.figures["price_usd"].model_copy(update={"counts": SERVER})
    chip = sheet.model_copy(update={"figures": {**sheet.figures, "price_usd": housed}})
    (told,) = _doubtful([chip], Prices())
    assert told.startswith("USD/Mtoken has a share of the server in the price of nvidia-h100-sxm")
