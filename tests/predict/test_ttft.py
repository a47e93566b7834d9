"""The time to the first token: what engines add to a prefill, found again and left out."""

import math

import numpy as np
import pytest
from numpy.random import default_rng

from bench.predict.forecast import forecast
from bench.predict.learning import ttft
from bench.predict.learning.learn import DENSE, EXPERTS, load
from bench.predict.learning.reportedserving import ALONE_SET_ON
from bench.predict.learning.shippeddata import shipped
from bench.predict.learning.tables import Row
from bench.predict.learning.ttft import (
    EXPERTS_ALONE,
    FREE,
    LIGHT,
    Ttft,
    departures,
    fit,
    light,
    other_requests,
)
from bench.predict.model.facts import Facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.serving import serve
from bench.predict.scenario import Scenario
from bench.predict.validation.ttft import first_tokens, reported_alone
from bench.workloads.load import workload
from tests.predict.cases import chips
from tests.predict.test_forecast import H20, H800, asked

__all__ = ["chips"]
KNOWN = Ttft(host_s=0.06, prefill=1.7, queue=0.09)


def served(seconds: float, beside: float, chip: str = "a", **words: str) -> Row:
    """A row of serving with some time to the first token."""
    numbers = {
        "ttft_ms": seconds * 1e3, "tpot_ms": 20.0, "output": 1e6, "input": 1024.0,
        "concurrency": beside + 1, "dp": 1.0, "tp": 1.0, "ep": 1.0,
    }  # fmt: skip
    return Row({"chip": chip, "origin": "independent", "stack": "engine 1", **words}, numbers)


def rows(noise: float = 0.0) -> tuple[list[Row], np.ndarray]:
    """Rows of three chips by the known engine, and the prefill predicted of each."""
    rng, found, told = default_rng(3), [], []
    for chip in "abc":
        for prefill in (0.01, 0.05, 0.2, 0.8, 2.0):
            for beside in (0.0, 3.0, 7.0, 15.0):
                seconds = float(KNOWN.seconds(np.array(prefill), beside))
                found.append(served(seconds * float(np.exp(noise * rng.normal())), beside, chip))
                told.append(prefill)
    return found, np.array(told)


@pytest.mark.parametrize(("noise", "near"), [(0.0, 1e-3), (0.1, 0.15)])
def test_what_an_engine_adds_is_found_again(noise: float, near: float) -> None:
    own, prefills = rows(noise)
    found = fit(own, prefills)
    for key in FREE:
        assert getattr(found, key) == pytest.approx(getattr(KNOWN, key), rel=near), key
    if not noise:
        assert departures(own, prefills, found) == pytest.approx(0, abs=1e-3)


def test_one_wild_row_moves_little() -> None:
    own, prefills = rows(0.05)
    wild = [served(own[0]["ttft_ms"] * 50e-3, 0.0), *own[1:]]
    assert fit(wild, prefills).host_s == pytest.approx(fit(own, prefills).host_s, rel=0.15)


def test_a_faulty_version_of_an_engine_does_not_speak_for_its_chip() -> None:
    own, prefills = rows(0.05)
    slow = [
        served(20 * one["ttft_ms"] * 1e-3, other_requests(one), stack="engine 2") for one in own
    ]
    both, twice = [*own, *slow], np.concatenate([prefills, prefills])
    for key in FREE:
        found = getattr(fit(both, twice), key)
        assert found == pytest.approx(getattr(fit(own, prefills), key), rel=0.25), key


def test_no_first_token_comes_before_its_prefill() -> None:
    _, prefills = rows()
    early = [served(float(one) * 0.5, 0.0) for one in prefills]
    found = fit(early, prefills)
    assert np.all(found.seconds(prefills) >= prefills)


def test_rows_of_light_load_by_others_than_the_vendor_speak() -> None:
    kept = served(0.1, LIGHT - 2)
    left = [
        served(0.1, LIGHT),
        served(0.1, 0.0, origin=ttft.OWN),
        served(0.0, 0.0),
        Row(kept.words, {**kept.numbers, "output": 2.0}),  # most of its time it waited
    ]
    assert light([kept, *left]) == [kept]
    copies = Row(kept.words, {**kept.numbers, "concurrency": 64.0, "dp": 8.0})
    assert other_requests(copies) == 7.0
    assert light([copies]) == [copies]


def test_a_chip_left_out_is_predicted_nearer_than_by_its_sheet() -> None:
    for key, cases in first_tokens(shipped()).items():
        assert len({one.chip for one in cases}) > 1
        error = np.median(np.abs([one.error for one in cases]))
        assert error < {DENSE: 0.25, EXPERTS: 0.5}[key]
        assert error < 0.3 * np.median(np.abs([one.rivals[0] for one in cases]))


def test_prefills_of_experts_take_longer_than_their_sums() -> None:
    assert load().first[EXPERTS][0].prefill > load().first[DENSE][0].prefill


# in a prediction


@pytest.mark.parametrize("model", ["qwen2.5-14b", "deepseek-v3"])
def test_the_first_token_is_a_prefill_with_what_engines_add(
    model: str, chips: dict[str, Facts]
) -> None:
    """Beside others it hangs on neither the batch nor decoding; a single request waits less."""
    single, few, many = (
        forecast(chips[H20], asked("serve", batch, model, split="tp8"), load()).ttft
        for batch in (1, 2, 64)
    )
    assert single
    assert few
    assert many
    assert few.seconds == pytest.approx(many.seconds)
    assert single.seconds < few.seconds
    how, part = load().first["tpot" if model == "qwen2.5-14b" else "tpot-experts"]
    question = asked("serve", 1, model, split="tp8")
    bare = serve(
        chips[H20],
        question.workload,
        question.load,
        question.precision,
        question.split,
        load().stack,
    )
    means, covariance = part.predicted([chips[H20].labels])
    shift = math.exp(float(means[0]))
    expected = (how.host_s + how.prefill * bare.ttft) * shift
    assert few.seconds >= expected * (1 - 1e-9)
    if model == "deepseek-v3":
        assert few.seconds == pytest.approx(expected)
        assert single.seconds == pytest.approx(
            (how.alone_s + how.alone_prefill * bare.ttft) * shift
        )
        assert (how.alone_s, how.alone_prefill) == EXPERTS_ALONE
    for level in (0.8, 0.95):
        assert few.half(level) >= part.half(float(covariance[0, 0]), level)


@pytest.mark.parametrize("model", ["qwen2.5-14b", "deepseek-v3"])
def test_no_first_token_is_told_before_its_prefill(model: str, chips: dict[str, Facts]) -> None:
    for name in (H20, H800):
        alone = forecast(chips[name], asked("prefill", 1, model, split="tp8"), load())
        assert alone.ttft
        assert alone.seconds <= alone.ttft.seconds


def test_reported_ttft_is_of_requests_by_themselves_that_no_constant_was_set_on() -> None:
    rows = shipped().reported_first
    assert {row["concurrency"] for row in rows} == {1}
    assert not {row.words["stack"].split()[0] for row in rows} & set(ALONE_SET_ON)
    apart = [row for row in rows if row.words["stack"].startswith("mooncake-sglang ")]
    assert [row["ttft_ms"] for row in apart][:2] == pytest.approx([125.84, 304.02])


def test_reported_ttft_is_predicted_as_by_forecast(chips: dict[str, Facts]) -> None:
    told, world = workload("qwen3-235b-a22b"), shipped()
    formats, chip = precision("bf16", experts=True), chips["nvidia-h20-sxm-141gb"]
    found = reported_alone(world)
    mine = [one.error for one in found[EXPERTS] if one.work.startswith(told.id)]
    rows = [row for row in world.reported_first if row.words["model"] == told.id]
    for row, error in zip(rows, mine, strict=True):
        one, prompt = np.ones(1), np.array([row["input"]])
        single = Scenario(told, "serve", formats, Parallel(8), one, prompt, one)
        first = forecast(chip, single, load()).ttft
        assert first is not None
        assert math.log(first.seconds[0] * 1e3 / row["ttft_ms"]) == pytest.approx(error, abs=0.01)
    assert found[DENSE]
