"""What ``predict phase=train`` says beside its times: memory, uneven batches, use of the peak."""

import re

import numpy as np
import pytest

from bench.predict.model.precision import precision
from bench.predict.model.trainwork import model_flop
from bench.workloads.load import workload
from tests.commands.command_cases import said
from tests.predict.command_cases import SMALL, one, rows
from tests.workloads.cases import training_flop


@pytest.mark.parametrize(
    "words",
    [
        [
            "chips=h800", "workload=deepseek-v3", "precision=fp8", "states=bf16", "batch=15360",
            "input=4096", "parallel=pp16,ep64,dp128",
        ],
        [
            "chips=h100", "workload=llama-3.1-405b", "batch=252", "input=8192",
            "parallel=tp8,pp16,dp4",
        ],
    ],
)  # fmt: skip
def test_no_more_chips_are_said_to_be_needed_where_those_asked_for_hold_it(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It said that 2,048 chips needed to be 8,192, and then how 2,048 hold it.

    Copies of a pipeline keep their weights whole, so that no way names them ``fsdp``.
    """
    asked = [*words, "phase=train"]
    text = said("predict", asked, capsys)[1]
    (told,) = re.findall(r"does not fit: \d+ GB short([^|]*)\|", text)
    assert ("needs" in told, "; fits with " in told, "fsdp" in told) == (False, True, False)
    (way,) = re.findall(r"parallel=(\S+)", told)
    held = one([*words[:-1], "phase=train", f"parallel={way}"], capsys)
    assert (held["fits"], held["chips"]) == (True, one(asked, capsys)["chips"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["batch=9", "parallel=8"], [(9, 8, 7, 16)]),
        (["batch=[8,20,24]", "parallel=fsdp4", "micro=2"], [(20, 8, 4, 24)]),
        (["batch=16", "parallel=8"], []),
        (["batch=3", "parallel=tp8"], []),
    ],
)
def test_a_batch_that_leaves_copies_without_work_is_named(
    words: list[str], told: list[tuple[int, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The step of 9 sequences on 8 copies was that of 16, and nothing said so."""
    asked = ["chips=h20", SMALL, "phase=train", *words]
    found = re.findall(
        r"batch=(\d+) is no multiple of (\d+) .* lacks (\d+), .* of batch=(\d+)\.",
        said("predict", asked, capsys)[1],
    )
    assert found == [tuple(map(str, one)) for one in told]
    for batch, *_, full in told:
        rest = [word for word in asked if not word.startswith("batch=")]
        few, many = (one([*rest, f"batch={count}"], capsys) for count in (batch, full))
        assert few["seconds"] == many["seconds"]


def test_many_uneven_batches_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h20", SMALL, "phase=train", "parallel=8", "batch=[9,10,11,12,16,17]"]
    text = said("predict", words, capsys)[1]
    assert text.count("is no multiple of 8") == 3
    assert "Nor are 12 and 17." in text


@pytest.mark.parametrize(
    ("split", "told"),
    [
        ("fsdp8", "copies (with fsdp all three, but for the layer at work), activations"),
        (
            "pp2,fsdp4",
            "copies (fsdp as dp: a pipeline's stages keep the weights that they gathered)",
        ),
        ("pp2,dp4", "copies, activations"),
    ],
)
def test_what_fsdp_shards_is_said_of_the_way_asked_for(
    split: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a pipeline it was computed as dp, and the note said that all three are sharded."""
    asked = ["chips=h20", SMALL, "phase=train"]
    assert told in said("predict", [*asked, f"parallel={split}"], capsys)[1]
    piped, plain = (one([*asked, f"parallel=pp2,{way}4"], capsys) for way in ("fsdp", "dp"))
    assert (piped["states_B"], piped["seconds"]) == (plain["states_B"], plain["seconds"])


def test_training_has_the_share_of_the_peak_that_the_model_uses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=h20", SMALL, "phase=train", "batch=32", "input=4096", "parallel=8"]
    found, again = (one([*words, *more], capsys) for more in ([], ["recompute=true"]))
    for row in (found, again):
        each = training_flop(workload("llama-3.1-8b"), 4096) / 4096
        assert row["model_flops"] == pytest.approx(row["tokens_per_s_chip"] * each)
        assert row["mfu"] == pytest.approx(row["model_flops"] / 148e12)
    assert again["mfu"] < found["mfu"], "what is recomputed does not count"
    assert re.search(
        rf"\| MFU +\|(.*\n)+.*\| {found['mfu']:.0%} ", said("predict", words, capsys)[1]
    )
    served = one(["chips=h20", SMALL], capsys)
    assert (served["model_flops"], served["mfu"]) == (None, None)


@pytest.mark.parametrize(
    "name", ["llama-3.1-8b", "deepseek-v3", "qwen3-30b-a3b", "gpt-oss-120b", "qwen3-next-80b-a3b"]
)
def test_model_flop_are_three_forward_passes_of_any_model(name: str) -> None:
    model = workload(name)
    found = model_flop(model, np.array([1024.0, 4096.0]), precision("bf16"))
    assert found == pytest.approx([training_flop(model, length) for length in (1024, 4096)])


@pytest.mark.parametrize(
    ("model", "phase", "length"),
    [
        ("llama-3.1-8b", "train", 8192),
        ("llama-2-7b", "train", 4096),
        ("llama-3.1-8b", "prefill", 2048),
    ],
)
def test_training_has_a_usual_length_of_its_own(
    model: str, phase: str, length: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It trained on 2,048 tokens, the usual prompt."""
    words = ["chips=h200", f"workload={model}", f"phase={phase}"]
    usual = one(words, capsys)
    assert usual["input"] == length
    assert usual == one([*words, f"input={length}"], capsys)
    swept = rows([*words, "input=[auto,1000]"], capsys)
    assert [row["input"] for row in swept] == [length, 1000]


def test_a_larger_micro_batch_that_fits_and_is_faster_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=h100", SMALL, "phase=train", "batch=[64,128]", "parallel=8"]
    words.append("input=2048")
    ((told, gain),) = re.findall(
        r"A larger micro-batch fits, and trains faster: micro=(\d+) on nvidia-h100-sxm-80gb "
        r"\((\d+)%\)\.",
        said("predict", words, capsys)[1],
    )
    plain, larger, more = (
        rows([*words, f"micro={micro}"], capsys)[-1] for micro in (1, told, 2 * int(told))
    )
    assert (larger["batch"], larger["room"], more["room"]) == (128, "fits", "no")
    assert larger["tokens_per_s"] / plain["tokens_per_s"] - 1 == pytest.approx(
        float(gain) / 100, abs=0.005
    )
    again = said("predict", [*words, f"micro={told}"], capsys)[1]
    assert "larger micro-batch" not in again


@pytest.mark.parametrize(
    "words", [["phase=train", "batch=8", "parallel=8"], ["phase=prefill", "batch=64"]]
)
def test_no_larger_micro_batch_is_named_where_a_copy_has_one_sequence(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "larger micro-batch" not in said("predict", ["chips=h100", SMALL, *words], capsys)[1]
