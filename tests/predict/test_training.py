"""Training steps: micro-batches, pipelines' ends, what is hidden, what is kept, what was learnt."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from bench.predict.learning.learn import training_rows
from bench.predict.learning.shippeddata import learn_all, shipped
from bench.predict.learning.trainingruns import departures, engine, fit, runs, same_work, slowest
from bench.predict.model.capacity import trained_bytes
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Points
from bench.predict.model.parallel import parallel
from bench.predict.model.precision import precision
from bench.predict.model.recipe import PLAIN, Recipe
from bench.predict.model.stack import IDEAL
from bench.predict.model.training import Trainer, training
from bench.workloads.counts import parameters
from bench.workloads.load import workload
from tests.predict.cases import made
from tests.workloads.cases import attention, products

BF16 = precision("bf16")
MODEL = "llama-3.1-8b"
WORLD = shipped()


def took(
    split: str,
    batch: int = 64,
    recipe: Recipe = PLAIN,
    chip: Facts | None = None,
    trainer: Trainer | None = None,
    model: str = MODEL,
) -> Mapping[str, float]:
    """Seconds of each part of a step on a chip that reaches its sheet."""
    own = chip or made(bandwidth=1e20, link=1e20)
    points = Points(np.array([float(batch)]), np.array([4096.0]))
    how = parallel(split)
    step = training(own, workload(model), points, BF16, how, IDEAL, recipe, trainer)
    return {
        **{one.name: float(one.seconds[0]) for one in step.parts},
        "all": float(step.seconds[0]),
    }


def test_micro_batches_of_any_size_are_the_same_work() -> None:
    each = [took("dp2", recipe=Recipe(micro))["all"] for micro in (1, 4, 32)]
    assert each == pytest.approx([each[0]] * 3, rel=1e-6)


def test_a_pipelines_ends_take_the_share_that_is_known() -> None:
    """(p - 1) / m of the work, and by as many parts as a stage is taken in less."""
    for stages, recipe in ((1, PLAIN), (4, Recipe(stages=4))):
        told = took("pp8,dp2", recipe=recipe)
        done = told["all"] - told["pipeline's ends"] - told["optimiser"]
        assert told["pipeline's ends"] / done == pytest.approx(7 / stages / 32, rel=1e-6)


def test_sequences_are_divided_as_copies_are_where_links_are_fast() -> None:
    assert took("cp4,dp2")["all"] == pytest.approx(took("dp8")["all"], rel=1e-3)


def test_keys_and_values_are_waited_for_where_they_take_longer_than_attention() -> None:
    """Thrice round four chips: forward, and backward with their gradients."""
    sent = 3 * 3 * 32 * 2 * 2 * 1024 * 4096 / 4
    work = took("cp4", 1)
    fast, slow = (made(bandwidth=1e20, link=link) for link in (1e12, 1e8))
    assert took("cp4", 1, chip=fast)["keys and values"] == 0
    waited = took("cp4", 1, chip=slow)["keys and values"]
    assert waited == pytest.approx(sent / 1e8 - work["attention"], rel=1e-6)


def test_sums_within_a_layer_are_waited_for_beyond_three_tenths_of_the_other_work() -> None:
    sent = 2 * 2 * 32 * 2 * 4096 * 4096  # two sums per layer, forward and backward, in 16 bits
    fast, slow = (made(bandwidth=1e20, link=link) for link in (1e12, 1e8))
    work = took("tp2", 1, chip=fast)
    parts = ("attention", "attention products", "feed-forward", "head", "head, every token")
    beside = 0.3 * sum(work[one] for one in parts)
    assert work["all-reduce"] == 0
    waited = took("tp2", 1, chip=slow)["all-reduce"]
    assert waited == pytest.approx(sent / 1e8 - beside, rel=1e-4)


def test_a_batch_that_does_not_divide_takes_one_more_turn() -> None:
    assert took("dp8", 9)["feed-forward"] == took("dp8", 16)["feed-forward"]


def test_the_stage_with_most_layers_sets_the_pace() -> None:
    """32 layers in 31 stages: one has two of them, as each of 16 has."""
    assert took("pp31")["feed-forward"] == pytest.approx(took("pp16")["feed-forward"])


def test_doing_the_forward_again_costs_a_third_of_the_layers_and_none_of_the_head() -> None:
    plain, again = took("dp2"), took("dp2", recipe=Recipe(recompute=1.0))
    assert again["feed-forward"] == pytest.approx(4 / 3 * plain["feed-forward"])
    assert again["attention"] == pytest.approx(4.5 / 3.5 * plain["attention"])
    assert again["head, every token"] == plain["head, every token"]
    half = took("dp2", recipe=Recipe(recompute=0.5))
    assert half["attention"] == plain["attention"]
    assert half["feed-forward"] == pytest.approx(3.5 / 3 * plain["feed-forward"])


def test_a_step_does_the_work_of_three_passes() -> None:
    """By the counts of the workload's tests, which know no operator."""
    chip, model = made(bandwidth=1e20, link=1e20), workload(MODEL)
    forward = 2 * 4096 * (products(model) + parameters(model).head)
    flop = 3 * forward + 3.5 * attention(model, "prefill", 4096)
    assert took("1", 1, chip=chip)["all"] * chip.peak("bf16") == pytest.approx(flop, rel=1e-3)


def test_gathering_weights_is_hidden_until_it_is_longer_than_the_work() -> None:
    sent = 3 / 2 * 2 * 7 / 8 * 2 * parameters(workload(MODEL)).total
    work = took("fsdp8")
    fast, slow = (made(bandwidth=1e20, link=link) for link in (1e15, 1e9))
    assert took("fsdp8", chip=fast)["weights gathered"] == 0
    rounds, one = 64 / 8, work["all"] / (64 / 8)
    waited = took("fsdp8", chip=slow)["weights gathered"]
    assert waited == pytest.approx(rounds * (sent / 1e9 - one), rel=1e-3)


def test_ports_of_all_copies_in_a_node_carry_what_leaves_it() -> None:
    """Copies side by side have eight ports; copies that are whole nodes have one a chip."""
    slow = made(bandwidth=1e20, link=1e12, network=1e6)

    def waited(split: str) -> float:
        parts = took(split, 512, chip=slow)
        return parts["gradients over copies"]

    beside, apart = waited("dp64"), waited("tp8,dp8")
    model = parameters(workload(MODEL)).total
    assert beside == pytest.approx(2 * 63 / 64 * 2 * model / 8e6, rel=0.01)
    assert apart == pytest.approx(2 * 7 / 8 * 2 * model / 8 / 1e6, rel=0.01)


def test_a_rack_that_a_link_joins_needs_no_network() -> None:
    rack = made(bandwidth=1e20, link=1e12, network=1e6, linked=72.0)
    assert took("dp64", 512, chip=rack)["gradients over copies"] < 1
    assert took("dp128", 512, chip=rack)["gradients over copies"] > 1


def test_factors_move_what_they_are_of() -> None:
    plain = took("tp2,dp2")
    moved = took("tp2,dp2", trainer=Trainer(product=2.0, attention=3.0))
    assert moved["feed-forward"] == pytest.approx(2 * plain["feed-forward"])
    assert moved["attention"] == pytest.approx(3 * plain["attention"])


def test_sharded_weights_are_spread_over_the_copies() -> None:
    total = parameters(workload(MODEL)).total
    layer = 6 * parameters(workload(MODEL)).head  # the largest unit, as long as it is gathered
    sharded = trained_bytes(workload(MODEL), parallel("fsdp8")) - layer
    assert sharded == pytest.approx(18 * total / 8)
    assert trained_bytes(workload(MODEL), parallel("dp8")) == pytest.approx((6 + 12 / 8) * total)


def test_a_slow_engine_does_not_pass_for_a_slow_chip() -> None:
    """Made runs, one engine's slower on every chip: most of that comes back as the engine's."""
    every = runs(training_rows(WORLD.data), WORLD.chips, WORLD.models)
    away = departures(every, IDEAL, Trainer())
    made_up = [
        replace(
            one,
            rate=one.rate * float(np.exp(log)) / (1.3 if engine(one.row) == "torchtitan" else 1),
        )
        for one, log in zip(every, away, strict=True)
    ]
    trainer, engines = fit(made_up, IDEAL)
    by = {engine(one.row): float(log) for one, log in zip(made_up, engines, strict=True)}
    others = [log for name, log in by.items() if name != "torchtitan"]
    assert 0.6 * np.log(1.3) < by["torchtitan"] - np.mean(others) < 1.05 * np.log(1.3)
    assert trainer.product == pytest.approx(1.0, abs=0.1)


def test_every_shipped_run_is_taken_and_divides_evenly() -> None:
    rows = training_rows(WORLD.data)
    every = runs(rows, WORLD.chips, WORLD.models)
    assert len(every) == len(rows) > 250
    for row in rows:
        assert row["chips"] % (row["tp"] * row["pp"] * row["cp"]) == 0


def test_one_work_is_of_one_version_however_it_is_divided() -> None:
    first = next(one for one in training_rows(WORLD.data) if engine(one) == "megatron-bridge")
    wider = replace(first, numbers={**first.numbers, "tp": 2 * first["tp"]})
    other = replace(first, words={**first.words, "stack": "megatron-bridge 25.01"})
    assert same_work(first) == same_work(wider) != same_work(other)
    assert engine(first) == engine(other) == "megatron-bridge"


def test_reported_training_is_predicted_nearer_than_by_the_roofline() -> None:
    from bench.predict.validation.training import reported_training

    found = reported_training(WORLD)
    ours = np.median([abs(one.error) for one in found])
    paper = np.median([abs(one.rivals[0]) for one in found])
    assert ours < 0.5 * paper


def test_more_chips_wait_longer_for_the_slowest() -> None:
    """By a fixed log a doubling beyond a node, learnt of one work on ever more chips."""
    slow = Trainer(slowest=0.02)
    each = [took(f"dp{copies}", 64 * copies, trainer=slow)["all"] for copies in (1, 8, 16, 512)]
    assert each[1] == pytest.approx(each[0], rel=1e-3)
    assert np.log(each[2] / each[1]) == pytest.approx(0.02, abs=1e-4)
    assert np.log(each[3] / each[1]) == pytest.approx(0.12, abs=1e-3)


def test_what_many_chips_cost_is_learnt_of_works_that_were_done_on_few_and_many() -> None:
    every = runs(training_rows(WORLD.data), WORLD.chips, WORLD.models)
    away = departures(every, IDEAL, Trainer())
    slower = [
        replace(one, rate=one.rate * float(np.exp(log - 0.03 * one.work.doublings[0])))
        for one, log in zip(every, away, strict=True)
    ]
    assert slowest(slower, IDEAL) == pytest.approx(0.03, rel=1e-6)
    assert 0.005 < slowest(every, learn_all(WORLD).stack) < 0.02
