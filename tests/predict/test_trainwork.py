"""What a chip does in a training step, to the last byte, by counts made by hand."""

import math

import numpy as np
import pytest

from bench.predict.model.capacity import activation_elements, activations
from bench.predict.model.operators import Operator, Points
from bench.predict.model.parallel import Parallel, parallel
from bench.predict.model.precision import precision
from bench.predict.model.recipe import PLAIN, Recipe
from bench.predict.model.trainwork import TrainingWork, training_work
from bench.workloads.load import workload

LLAMA, MIXTRAL = workload("llama-3.1-8b"), workload("mixtral-8x7b")
LENGTH, HIDDEN, LAYERS, VOCABULARY = 4096, 4096, 32, 128_256
KV, WIDTH = 1024, 14_336
TOTAL = 8_030_261_248
AGAIN = Recipe(recompute=1.0)


def done(
    split: str, recipe: Recipe = PLAIN, *, batch: float = 64, how: str = "bf16", model: str = ""
) -> TrainingWork:
    """What a chip does in a step over sequences of 4,096 tokens."""
    points = Points(np.array([float(batch)]), np.array([float(LENGTH)]))
    one = workload(model) if model else LLAMA
    return training_work(one, points, precision(how), parallel(split), recipe)


def named(work: TrainingWork, name: str) -> Operator:
    (found,) = (one for one in (*work.micro, *work.once, work.ring) if one.name == name)
    return found


def sent(split: str, name: str, recipe: Recipe = PLAIN, model: str = "") -> float:
    return float(named(done(split, recipe, model=model), name).sent[0])


def moved(
    split: str, name: str, recipe: Recipe = PLAIN, how: str = "bf16", model: str = ""
) -> float:
    return float(named(done(split, recipe, how=how, model=model), name).moved[0])


def test_a_layer_sums_twice_a_pass_over_its_group() -> None:
    each = 2 * 2 * (8 - 1) / 8 * LENGTH * HIDDEN * 2
    assert sent("tp8", "all-reduce") == pytest.approx(2 * LAYERS * each, rel=1e-12)
    assert sent("tp8", "all-reduce", AGAIN) == pytest.approx(3 * LAYERS * each, rel=1e-12)


def test_tokens_go_to_their_experts_and_back_in_sixteen_bits() -> None:
    """Forward and backward: there and back, two bytes an element each."""
    away = 7 / 8 * 2 * LENGTH * HIDDEN * (2 + 2)
    assert sent("dp8,ep8", "all-to-all", model="mixtral-8x7b") == pytest.approx(2 * 32 * away)


@pytest.mark.parametrize(("parts", "recipe"), [(1, PLAIN), (4, Recipe(stages=4)), (1, AGAIN)])
def test_a_stage_sends_a_chips_share_whenever_a_part_is_done(parts: int, recipe: Recipe) -> None:
    """On average: the last part sends nothing on; a gradient comes back for all that was sent."""
    each = LENGTH * HIDDEN * 2 / 2
    told = sent("tp2,pp8", "stage to stage", recipe)
    assert told == pytest.approx(2 * each * (8 * parts - 1) / 8, rel=1e-12)


def test_keys_and_values_go_round_three_times_and_once_more_if_attention_is_done_again() -> None:
    each = LAYERS * 3 * 2 * 2 * KV * LENGTH / 4
    assert sent("cp4", "keys and values") == pytest.approx(3 * each, rel=1e-12)
    assert sent("cp4", "keys and values", AGAIN) == pytest.approx(4 * each, rel=1e-12)
    assert sent("cp4,tp8", "keys and values") == pytest.approx(3 * each / 8, rel=1e-12)
    assert sent("dp4", "keys and values") == 0


def test_gradients_and_weights_go_round_all_copies() -> None:
    once = 2 * TOTAL * 7 / 8
    assert sent("dp8", "gradients over copies") == pytest.approx(2 * once, rel=1e-12)
    assert sent("fsdp8", "weights gathered") == pytest.approx(3 * once, rel=1e-12)
    assert sent("fsdp2,cp4", "weights gathered") == pytest.approx(3 * once, rel=1e-12)
    assert sent("dp8", "weights gathered") == sent("fsdp8", "gradients over copies") == 0


def test_stages_of_a_pipeline_keep_gathered_weights_and_sum_gradients_once() -> None:
    for name in ("weights gathered", "gradients over copies"):
        assert sent("fsdp8,pp2", name) == sent("dp8,pp2", name)
    assert sent("fsdp8,pp2", "weights gathered") == 0
    assert sent("fsdp8,tp2", "weights gathered") == sent("fsdp8", "weights gathered") / 2


def test_an_update_reads_16_bytes_a_parameter_and_writes_14() -> None:
    assert moved("1", "optimiser") == pytest.approx(30 * TOTAL, rel=1e-12)
    assert moved("dp2,cp4", "optimiser") == pytest.approx(30 * TOTAL / 8, rel=1e-12)
    assert moved("pp8", "optimiser") == pytest.approx(30 * TOTAL / 8, rel=1e-12)
    narrow = Recipe(narrow=True)
    assert moved("1", "optimiser", narrow) == pytest.approx(20 * TOTAL, rel=1e-12)


def test_a_logit_is_moved_four_times_and_by_no_recomputation() -> None:
    for recipe in (PLAIN, AGAIN):
        told = moved("tp2", "loss", recipe)
        assert told == pytest.approx(4 * 2 * LENGTH * VOCABULARY / 2, rel=1e-12)


def test_what_products_take_and_give_is_cast() -> None:
    each = 4 * HIDDEN + 2 * HIDDEN + 2 * KV + 3 * WIDTH
    assert moved("1", "casts", how="fp8") == pytest.approx(4 * LENGTH * LAYERS * each, rel=1e-12)
    assert not [one for one in done("1").micro if one.name == "casts"]


def test_tokens_are_gathered_for_their_experts_and_put_back() -> None:
    told = moved("1", "tokens to experts", model="mixtral-8x7b")
    assert told == pytest.approx(2 * (2 + 2) * 2 * 2 * LENGTH * HIDDEN * 32)


def test_what_backward_wants_is_what_goes_through_products() -> None:
    """Of a token and layer of Llama 3.1 8B: 4 x hidden, queries twice, keys, values, 3 x width."""
    each = 4 * HIDDEN + 2 * HIDDEN + 2 * KV + 3 * WIDTH
    assert activation_elements(LLAMA) == LAYERS * each
    split, ends = Parallel(tp=2, cp=2), 2 * VOCABULARY
    kept = activations(LLAMA, split, PLAIN, 8192, 1)
    assert kept == 2 * 8192 / 4 * (LAYERS * each + ends)
    again = activations(LLAMA, split, AGAIN, 8192, 1)
    assert again == 2 * 8192 / 4 * (LAYERS * HIDDEN + each + ends)
    two = activations(LLAMA, Parallel(), Recipe(2.0), 8192, 2)
    assert two == 2 * activations(LLAMA, Parallel(), PLAIN, 8192, 2)


def test_recomputation_keeps_all_hidden_states_that_run_beside_one_another() -> None:
    model = workload("deepseek-v4-flash")
    kept = 43 * 4 * 4096 + activation_elements(model) / 43 + 2 * 129_280
    assert activations(model, Parallel(), AGAIN, 4096, 1) == pytest.approx(2 * 4096 * kept)


@pytest.mark.parametrize(
    ("recipe", "sequences", "layers"),
    [
        (PLAIN, 1, LAYERS / 8),  # one micro-batch is in one stage at a time
        (PLAIN, 3, 3 * LAYERS / 8),
        (PLAIN, 64, LAYERS),  # as many under way as there are stages
        (Recipe(stages=4), 64, LAYERS * (1 + 7 / 8 / 4)),
        (Recipe(2.0), 6, 3 * LAYERS / 8 * 2),
    ],
)
def test_a_pipeline_keeps_what_is_under_way(recipe: Recipe, sequences: int, layers: float) -> None:
    each = 4 * HIDDEN + 2 * HIDDEN + 2 * KV + 3 * WIDTH
    told = activations(LLAMA, Parallel(pp=8), recipe, LENGTH, sequences)
    ends = 2 * VOCABULARY * recipe.micro
    assert told == pytest.approx(2 * LENGTH * (layers * each + ends), rel=1e-12)


def test_experts_take_as_many_tokens_as_choose_them() -> None:
    """Attention as in Llama 3.1 8B, a router of eight, and two blocks of the eight."""
    each = 4 * HIDDEN + 2 * KV + (HIDDEN + 8) + 2 * (2 * HIDDEN + 3 * WIDTH)
    assert activation_elements(MIXTRAL) == 32 * each


def test_stages_have_whole_layers() -> None:
    whole, uneven = done("pp16"), done("pp31")
    assert float(uneven.once[2].moved[0]) == float(whole.once[2].moved[0])
    assert math.isclose(float(done("pp2", batch=9).rounds[0]), 9)
    assert float(done("dp8", batch=9).rounds[0]) == 2
