"""Disaggregated runs of others: their numbers agree in themselves, and predictions with them."""

import math

import numpy as np
import pytest

from bench.chips.load import catalogue
from bench.predict.disaggregated import predicted
from bench.predict.learning.learn import Learnt, digest, load
from bench.predict.learning.pooling import COVERAGES
from bench.predict.learning.servingrows import as_served
from bench.predict.learning.tables import Row, tables
from bench.predict.learning.world import World
from bench.predict.model.facts import all_facts
from bench.predict.model.parallel import Parallel
from bench.predict.scenario import TUNED, Prefill, Scenario
from bench.predict.validation.bars import COVER
from bench.predict.validation.disaggregated import (
    RATE,
    TPOT,
    chips,
    disaggregated,
    disaggregated_first_tokens,
    measured_rate,
    sides_chosen,
    times,
)
from bench.predict.validation.errors import figures
from bench.workloads.load import workloads


@pytest.fixture(scope="module")
def world() -> World:
    """Returns what the runs need: sheets, models and tables."""
    return World(all_facts(catalogue()), workloads(), tables())


@pytest.fixture(scope="module")
def known() -> Learnt:
    return load()


def row_of(world: World, chip: str = "nvidia-h200-sxm-141gb") -> Row:
    """Returns a run of the chip in which decoding limits the rate."""
    own = [one for one in world.disaggregated if one.chip == chip and one["tok_s_gpu"]]
    return min(own, key=lambda one: one["concurrency"] / one["prefill_dp"])


def test_rates_agree_with_the_times_of_a_request(world: World) -> None:
    """By Little's law; so the number of GPUs that a rate is divided by is the right one."""
    logs = []
    for row in world.disaggregated:
        if row["tok_s_gpu"]:
            turn_ms = row["ttft_ms"] + row["tpot_ms"] * row["output"]
            rate = row["concurrency"] * row["output"] / turn_ms * 1e3 / chips(row)
            logs.append(math.log(rate / row["tok_s_gpu"]))
    assert len(logs) > 200
    assert abs(float(np.median(logs))) < 0.12
    assert float(np.quantile(np.abs(logs), 0.9)) < 0.4


def test_a_rate_that_is_not_told_follows_from_the_times(world: World) -> None:
    (row, *_) = (one for one in world.disaggregated if not one["tok_s_gpu"])
    turn_s = (row["ttft_ms"] + row["tpot_ms"] * (row["output"] - 1)) / 1e3
    expected = row["concurrency"] * row["output"] / turn_s / chips(row)
    assert measured_rate(row) == pytest.approx(expected)


def test_nothing_is_fitted_on_them(world: World) -> None:
    kept = {name: one for name, one in world.data.items() if one.head.kind != "disaggregated"}
    assert len(kept) < len(world.data)
    first, second = (digest(world.chips, world.models, one) for one in (kept, world.data))
    assert first == second
    assert not {id(row) for row in world.disaggregated} & {
        id(row) for row in (*world.serving, *world.unfitted_serving)
    }


def test_what_is_tested_is_what_the_command_predicts(world: World, known: Learnt) -> None:
    row = row_of(world)
    chip, model = world.chips[row.chip], world.models[row.words["model"]]
    fill, decode = (
        Parallel(int(row[f"{side}tp"]), 1, int(row[f"{side}dp"]), int(row[f"{side}ep"]))
        for side in ("prefill_", "")
    )
    sizes = (np.array([row[key]]) for key in ("concurrency", "input", "output"))
    batch, prompt, output = sizes
    formats, prefill = as_served(row.words["dtype"], chip, model), Prefill(fill)
    asked = Scenario(
        model, "serve", formats, decode, batch, prompt, output, engine=TUNED, prefill=prefill
    )
    answer = predicted(chip, asked, known)
    shift = math.log(float(answer.seconds[0] / answer.work.seconds[0]))
    held = times(world, row, known.stack, known.first["tpot-experts"][0].prefill, shift)
    assert held
    assert answer.prefill
    assert held.tpot == pytest.approx(float(answer.seconds[0]))
    assert held.prompt == pytest.approx(float(answer.prefill.prompt_s[0]))
    assert answer.scenario.chips == chips(row)
    assert held.rate(row) <= float(answer.per_chip()[0])  # a request's own prefill takes time, too


def test_predictions_hold_on_runs_that_no_fit_has_seen(world: World, known: Learnt) -> None:
    found = disaggregated(world, known)
    tpot, rate = figures(found[TPOT]), figures(found[RATE])
    assert len(found[RATE]) == len(world.disaggregated) > len(found[TPOT]) > 200
    for one, median in ((tpot, 0.2), (rate, 0.21)):
        assert one.median < median < one.rivals[0][1]
        assert abs(one.bias) < 0.1
        for share, level in zip(one.inside, COVERAGES, strict=True):  # WIDER was set on them
            assert abs(share - level) <= COVER


def test_first_tokens_are_tested_where_few_prompts_wait(world: World, known: Learnt) -> None:
    cases = disaggregated_first_tokens(world, known)
    assert 50 < len(cases) < len(world.disaggregated) / 2
    found = figures(cases)
    assert found.median < found.rivals[0][1]
    assert found.inside[0] > 0.75


def test_the_side_is_chosen_better_than_by_always_taking_one(world: World, known: Learnt) -> None:
    cases = sides_chosen(world, known)
    assert len(cases) > 50
    lost = [
        sum(1 - math.exp(log) for log in logs)
        for logs in zip(*((one.error, *one.rivals) for one in cases), strict=True)
    ]
    assert lost[0] < min(lost[1:])
