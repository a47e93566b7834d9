"""What became of serving with other groups: each a voice, told beside what is predicted."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from bench.__main__ import main
from bench.evidence.load import reports
from bench.predict.learning.learn import EXPERTS, load
from bench.predict.learning.othergroups import FEWEST, OtherGroups, other_groups
from bench.predict.learning.reportedserving import reported_rows
from bench.predict.learning.shippeddata import shipped as everything
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World
from bench.report.prediction.predictions import ENGINES
from bench.units import parse
from tests.commands.command_cases import document, said

shipped = cache(everything)


@pytest.fixture(scope="module")
def world() -> World:
    return shipped()


def groups(*middles: float) -> Mapping[str, list[float]]:
    """Groups with three values each about a middle."""
    return {f"group {n}": [one - 0.01, one, one + 0.01] for n, one in enumerate(middles)}


def test_the_middle_and_most_of_groups_are_told_as_factors() -> None:
    found = other_groups(groups(*(math.log(1 + n / 10) for n in range(11))))
    assert found
    assert found.middle == pytest.approx(1.5, rel=0.02)
    assert found.low == pytest.approx(1.1, rel=0.03)
    assert found.high == pytest.approx(1.9, rel=0.03)
    assert (found.groups, found.values) == (11, 33)
    assert "measured 1.5 times the predicted time of a step" in found.note("time of a step")


def test_a_group_of_many_values_has_one_voice() -> None:
    loud = {**groups(0.0, 0.0, 0.0, 0.0), "loud": [2.0] * 500}
    found = other_groups(loud)
    assert found
    assert found.middle == pytest.approx(1.0, abs=0.02)


def test_of_few_groups_nothing_is_said() -> None:
    assert other_groups(groups(*[0.0] * (FEWEST - 1))) is None
    assert other_groups({**groups(*[0.0] * (FEWEST - 1)), "silent": []}) is None
    assert other_groups({}) is None


def test_stages_of_a_pipeline_are_not_taken_for_one_group(world: World) -> None:
    """No formula here has requests of their own in each stage."""
    told = reported_rows(reports().values(), world.chips, world.models)
    by_name = {(report.id, row.id): row for report in reports().values() for row in report.rows}
    for row in told:
        name, _, one = row.words["stack"].partition(" ")
        assert row["tp"] * row["dp"] >= by_name[name, one].count
        assert row.words["group"]
        assert row.words["kv_dtype"] == by_name[name, one].workload.get("kv_dtype", "bf16")
    assert "fp8" in {row.words["kv_dtype"] for row in told}


CHANGES: dict[str, dict[str, Any]] = {
    "another quantity": {"quantity": "prefill"},
    "a model of no workload": {"model": "Qwen9-1B"},
    "no batch": {"batch": ""},
    "a batch that is no number": {"batch": "8 per GPU"},
    "no input": {"input": ""},
    "no number format": {"dtype": ""},
    "speculative decoding": {"case": "speculative, five tokens drafted"},
    "many chips, divided as nobody says": {"count": 16, "tp": ""},
    "experts over more than there are": {"ep": "320"},
    "pipeline stages": {"count": 16, "tp": "8"},
}
"""What a row of decoding is not taken with."""


OWN = ("quantity", "count", "dtype")


def decoding(**changed: Any) -> list[Row]:
    """The rows that are taken of one reported value of decoding, changed in some way."""
    work = {"model": "Qwen3-32B", "batch": "8", "input": "1000", "tp": "8", **changed}
    own: dict[str, Any] = {key: work.pop(key) for key in OWN if key in work}
    (report,) = (one for one in reports().values() if one.id == "qwen3-speed-benchmark-h20")
    value = next(one for one in report.rows if one.quantity == "decode")
    kept = {key: str(word) for key, word in work.items() if word}
    row = value.model_copy(update={"count": 8, "per": "total", **own, "workload": kept})
    one = report.model_copy(update={"rows": (row,)})
    return reported_rows([one], shipped().chips, shipped().models)


def test_a_step_of_decoding_that_tells_everything_is_taken() -> None:
    (row,) = decoding()
    assert (row["concurrency"], row["input"], row["tp"]) == (8, 1000, 8)
    assert row.words["quantity"] == "decode"
    (cached,) = decoding(input="", kv_len="1000")
    assert cached.numbers == row.numbers


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_what_a_prediction_needs_must_be_told(changed: dict[str, Any]) -> None:
    assert decoding(**changed) == []


@pytest.mark.parametrize(("asked", "kept"), [("8", True), ("16", True), ("32", False)])
def test_a_rate_whose_requests_queued_is_not_taken(asked: str, kept: bool) -> None:
    """8 decode at once: 800 tokens a second at 10 ms each."""
    (report,) = (one for one in reports().values() if one.id == "wangmin362-nine-cards")
    rate, token = (
        next(
            row for row in report.rows if row.quantity == quantity and row.chip == "metax-c500-oam"
        )
        for quantity in ("serving_output", "tpot")
    )
    work = {**token.workload, "concurrency": asked}
    rows = (
        rate.model_copy(update={"workload": work, "value": parse("800 token/s")}),
        token.model_copy(update={"workload": work, "value": parse("10 ms")}),
    )
    world = shipped()
    told = reported_rows([report.model_copy(update={"rows": rows})], world.chips, world.models)
    assert [row.words["quantity"] for row in told] == ["serving_output", "tpot"][not kept :]


def test_a_server_is_told_with_what_others_made_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = load().others[EXPERTS]
    assert isinstance(known, OtherGroups)
    asked = ["chips=[h20]", "workload=deepseek-v3", "parallel=16", "precision=fp8"]
    assert main(["predict", *asked]) == 0
    assert known.included_note(*ENGINES["serve"]) in capsys.readouterr().out
    assert main(["predict", *asked, "engine=tuned"]) == 0
    assert known.note("time per token") in capsys.readouterr().out
    assert main(["predict", *asked, "phase=decode"]) == 0
    assert "other groups" not in capsys.readouterr().out
    assert document("predict", asked, capsys)["rows"]


def test_training_on_any_engine_is_as_other_groups_found_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It had the scatter of three fitted engines, and held 69% of 247 reported runs, not 80%."""
    asked = ["chips=h100", "workload=llama-3.1-8b", "phase=train", "batch=64", "parallel=8"]
    others = load().others["train"]
    (of_any,) = document("predict", asked, capsys)["rows"]
    (named,) = document("predict", [*asked, "engine=torchtitan"], capsys)["rows"]
    effect, _ = load().trainer.of("torchtitan")
    slower = others.middle / math.exp(effect)
    assert named["tokens_per_s"] / of_any["tokens_per_s"] == pytest.approx(slower, rel=1e-6)
    assert of_any["high_80"] / of_any["low_80"] > named["high_80"] / named["low_80"]
    text = said("predict", asked, capsys)[1]
    assert others.included_note(*ENGINES["train"]) in text


def test_training_on_a_port_is_as_other_groups_ports(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["chips=910b2", "workload=llama-3.1-8b", "phase=train", "batch=64", "parallel=8"]
    text = said("predict", asked, capsys)[1]
    assert load().ports["train"].port_note("time of a step", ["huawei"]) in text
    assert said("predict", [*asked, "engine=torchtitan"], capsys)[0] == 0
