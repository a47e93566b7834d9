"""What a prediction takes for granted is said, and widens it; nothing is filled in silently."""

from dataclasses import replace

import numpy as np
import pytest

from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.predict.answers import answers
from bench.predict.forecast import forecast
from bench.predict.learning.learn import load
from bench.predict.model.facts import CODED, Facts, facts
from bench.predict.model.parallel import Parallel, parallel
from bench.predict.model.precision import precision
from bench.predict.model.step import LINKED, NETWORK
from bench.predict.refusals import refuse_split
from bench.predict.scenario import Scenario
from bench.predict.tiers import Tier
from bench.workloads.load import workload
from tests.predict.cases import made


def asked(phase: str = "serve", split: str = "tp1", model: str = "llama-3.1-70b") -> Scenario:
    """Thirty-two requests of 2,048 tokens in and 512 out."""
    sizes = np.array([32.0]), np.array([2048.0]), np.array([512.0])
    return Scenario(workload(model), phase, precision("bf16"), parallel(split), *sizes)


def test_a_network_that_nobody_published_is_assumed_said_and_widens() -> None:
    within, beyond = asked(split="tp8"), asked(split="tp16")
    assert forecast(made(), within, load()).assumed == ""
    told = forecast(made(), beyond, load())
    known = forecast(made(network=NETWORK), beyond, load())
    assert told.assumed == "a network of 50 GB/s a chip assumed"
    assert known.assumed == ""
    assert told.seconds == known.seconds
    assert told.sheet_half[0] > known.sheet_half[0] + 0.1


@pytest.mark.parametrize(
    ("phase", "split"), [("serve", "tp8"), ("decode", "pp2"), ("train", "tp2")]
)
def test_a_link_that_is_named_without_its_rate_is_assumed_said_and_widens(
    phase: str, split: str
) -> None:
    asks = asked(phase, split)
    told = forecast(made(link=None, unrated=True), asks, load())
    known = forecast(made(link=LINKED), asks, load())
    assert told.assumed == "a link of 400 GB/s a chip assumed, whose rate no source gives"
    assert (told.missing, told.tier) == (("link bandwidth",), Tier.SHEET)
    assert (known.assumed, known.missing) == ("", ())
    assert known.tier != Tier.SHEET
    assert told.seconds == known.seconds
    sent = sum(float(one.link[0]) for one in told.work.parts) / float(told.work.seconds[0])
    assert told.sheet_half[0] >= 1.09 * sent > 0


def test_a_link_over_which_nothing_is_sent_is_not_assumed() -> None:
    told = forecast(made(link=None, unrated=True), asked(), load())
    assert (told.assumed, told.sheet_half[0]) == ("", 0.0)
    assert told.tier != Tier.SHEET


def test_a_network_that_is_published_gives_no_chip_an_edge_over_one_without() -> None:
    """A chip must not lose by telling more."""
    beyond = asked(split="tp16")
    silent, plain = (made(network=one) for one in (None, NETWORK))
    assert (
        forecast(silent, beyond, load()).tokens_per_s
        == forecast(plain, beyond, load()).tokens_per_s
    )


def test_a_rate_of_which_no_source_says_that_it_is_dense_is_told(sheets: Catalogue) -> None:
    chip = facts(sheets.find("mlu590"))
    assert "fp16" in chip.unsaid
    told = forecast(chip, asked(model="qwen2.5-7b"), load())
    assert told.assumed == "its rate taken as dense, which no source says"
    sure = forecast(replace(chip, unsaid=frozenset()), asked(model="qwen2.5-7b"), load())
    assert sure.assumed == ""


def test_a_name_that_several_chips_share_is_no_chip(sheets: Catalogue) -> None:
    with pytest.raises(UsageError, match=r"910b: the name of several, choose huawei-ascend-910b1"):
        answers([sheets.find("huawei-ascend-910b")], None, asked(), load())


@pytest.mark.parametrize(
    ("split", "told"),
    [
        ("tp3", "tp3 does not divide the 64 heads of llama-3.1-70b"),
        ("pp81", "pp81: llama-3.1-70b has 80 layers"),
        ("tp8,ep8", "ep8: llama-3.1-70b has no experts"),
    ],
)
def test_a_model_that_cannot_be_divided_so_is_refused(split: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        refuse_split(workload("llama-3.1-70b"), parallel(split))
    refuse_split(workload("llama-3.1-70b"), Parallel(tp=8, pp=2))


def test_experts_come_out_even_and_what_is_named_instead_is_taken() -> None:
    model = workload("qwen3-30b-a3b")
    for word, even in {"dp48,ep48": 16, "tp2,dp96,ep48": 64}.items():
        with pytest.raises(UsageError, match=f"ep48 does not divide the 128 experts.*: ep{even} d"):
            refuse_split(model, parallel(word))
        refuse_split(model, parallel(word.replace("ep48", f"ep{even}")))


def test_serving_may_hold_copies_of_experts() -> None:
    model = workload("deepseek-v3")
    for ep, slots in {128: 256, 144: 288, 320: 320}.items():
        split = parallel(f"dp{ep},ep{ep}")
        refuse_split(model, split, copies=True)
        assert split.expert_slots(256) == slots
    assert Parallel(tp=16).expert_slots(8) == 8


def test_stages_take_turns_down_to_a_layer_with_embedding_and_head_as_two() -> None:
    model = workload("llama-3.1-405b")  # of 126 layers; measured as 16 x 8
    refuse_split(model, parallel("pp16,vp8"))
    with pytest.raises(UsageError, match=r"pp16 x vp9: llama-3\.1-405b has 126 layers"):
        refuse_split(model, parallel("pp16,vp9"))


def test_the_limit_of_serving_is_that_of_the_whole_token() -> None:
    """Prefills of others are most of a token's time where arithmetic is scarce."""
    scarce = made(peaks={"bf16": 50e12})
    told = forecast(scarce, asked(split="tp8"), load())
    limit, share = told.work.limit()
    taken = {"compute": 0.0, "memory": 0.0, "link": 0.0, "launches": 0.0}
    for one in told.work.parts:
        taken[one.limit()] += float(one.seconds[0])
    assert limit == max(taken, key=lambda key: taken[key]) == "compute"
    assert share == pytest.approx(taken["compute"] / sum(taken.values()))


def test_a_training_step_is_told_whole() -> None:
    """Forward, backward, the head on every token, gradients, the optimiser."""
    told = forecast(made(link=1e9), asked("train", "dp8"), load())
    names = [one.name for one in told.work.parts]
    assert {"head, every token", "gradients over copies", "optimiser"} <= set(names)
    by = {one.name: float(one.seconds[0]) for one in told.work.parts}
    assert by["gradients over copies"] > 0
    alone = forecast(made(), asked("train"), load())
    assert (
        float({one.name: one for one in alone.work.parts}["gradients over copies"].seconds[0]) == 0
    )


def test_copies_exchange_gradients_over_the_network_beyond_a_node() -> None:
    def shared(chip: Facts, split: str) -> float:
        told = forecast(chip, replace(asked("train", split), batch=np.array([64.0])), load())
        return float({one.name: one for one in told.work.parts}["gradients over copies"].link[0])

    assert shared(made(network=10e9), "dp16") > 5 * shared(made(network=900e9), "dp16")
    assert shared(made(network=10e9), "dp8") == shared(made(network=900e9), "dp8")


def test_ecc_that_lies_in_the_memory_is_said_to_be_on() -> None:
    one = asked("decode", model="llama-3.1-8b")
    plain, coded = (forecast(made(coded=share), one, load()) for share in (0.0, CODED))
    assert plain.assumed == ""
    assert coded.assumed == "ECC on, as boards were found: 6% of the memory's traffic"
    assert coded.seconds[0] > plain.seconds[0]
