"""Linear attention: state, products and bytes, beside counts worked out by hand for Qwen3.5 27B.

48 of its 64 layers have 48 value heads and 16 key heads of 128 elements, and a convolution over 4.
"""

import re
from math import prod
from pathlib import Path

import numpy as np
import pytest

from bench.chips.load import catalogue
from bench.errors import DataError, UsageError
from bench.predict.model.attention import AttentionInput
from bench.predict.model.capacity import activation_elements, room, weight_bytes
from bench.predict.model.disaggregated import transfer_bytes
from bench.predict.model.facts import Facts, all_facts
from bench.predict.model.linearattention import chip_state_bytes, kept_states, recurrence, streamed
from bench.predict.model.operators import Points, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.recipe import Recipe
from bench.predict.model.trainwork import training_work
from bench.workloads import linear
from bench.workloads.configured import configured
from bench.workloads.counts import kv_sequence_bytes, layer_shapes, parameters, rounds_to
from bench.workloads.load import workload, workloads
from bench.workloads.model import Linear
from tests.workloads.test_configured import PUBLISHED, written

MODEL = workload("qwen3.5-27b")
SIZES = Linear(layers=48, key_heads=16, value_heads=48, key_dim=128, value_dim=128, kernel=4)
STATE = 48 * (48 * 128 * 128 * 4 + 3 * 10_240 * 2)
HYBRID = [name for name, one in workloads().items() if one.linear]


@pytest.fixture
def h20() -> Facts:
    return all_facts(catalogue())["nvidia-h20-sxm-96gb"]


def inputs(*, prefill: bool, batch: float = 4.0, length: float = 640.0) -> AttentionInput:
    """One point."""
    one, size = np.array([batch]), np.array([length])
    return AttentionInput(prefill, one, size, one * size)


def test_the_shape_is_the_one_counted_by_hand() -> None:
    assert MODEL.linear == SIZES
    assert linear.channels(SIZES) == 10_240
    assert linear.products(MODEL) == 5120 * (16_384 + 96 + 6144)


@pytest.mark.parametrize(
    "name", ["qwen3.6-27b", "Qwen/Qwen3.8-27B", "Qwen3.6-35B-A3B", "qwen3.5-9b"]
)
def test_models_of_a_known_shape_are_known_by_their_names(name: str) -> None:
    assert workload(name).linear


def test_parameters_are_those_that_their_maker_prints() -> None:
    """Qwen3-Next: 80B, 79B without embedding and head; the name tells what a token passes."""
    whole = parameters(workload("qwen3-next-80b-a3b"))
    assert rounds_to(whole.total, "80B")
    assert rounds_to(whole.non_embedding, "79B")


def test_a_state_has_a_fixed_size_and_keys_are_of_one_layer_in_four() -> None:
    assert linear.state_bytes(MODEL) == STATE == 153_944_064
    assert kv_sequence_bytes(MODEL, 1000) == 1000 * 16 * 2 * 4 * 256 * 2


def test_a_chunk_has_eight_products_a_head() -> None:
    """As in torch_chunk_gated_delta_rule of Transformers: rows, columns and the sum's length."""
    c, k, v = linear.CHUNK, 128, 128
    chunk = [
        *[(c, c, k), (c, c, k), (c, k, c)],  # keys by keys, queries by keys, rescaled keys
        *[(c, v, c), (c, v, c)],  # rescaled values, values by scores
        *[(c, v, k), (c, v, k), (k, v, c)],  # the state by keys, by queries, and its update
    ]
    assert linear.token_flop(SIZES, prefill=True) * c == 48 * sum(2 * prod(one) for one in chunk)
    assert linear.token_flop(SIZES, prefill=False) == 48 * 3 * 2 * 128 * 128


def test_kernels_of_a_prefill_exchange_their_results_by_memory() -> None:
    """Per head: 13 vectors of 128, matrices of 64 by 64, states of 128 by 128 in each chunk."""
    assert linear.chunk_bytes(SIZES) == 48 * 2 * (13 * 128 + 6 * 64 + 2 * 128 * 128 // 64)


def test_decoding_reads_and_writes_each_state_whatever_the_context() -> None:
    flop, moved = recurrence(MODEL, inputs(prefill=False), Parallel())
    later = recurrence(MODEL, inputs(prefill=False, length=1e6), Parallel())
    assert (flop[0], moved[0]) == (4 * 48 * 48 * 6 * 128 * 128, 4 * 2 * STATE)
    assert later == (flop, moved)


def test_a_prompt_writes_its_state_once() -> None:
    flop, moved = recurrence(MODEL, inputs(prefill=True), Parallel())
    assert flop[0] == 4 * 640 * 48 * linear.token_flop(SIZES, prefill=True)
    assert moved[0] == 4 * (640 * 48 * linear.chunk_bytes(SIZES) + STATE)


@pytest.mark.parametrize(("tp", "heads"), [(1, 48), (8, 6), (32, 2), (64, 1)])
def test_chips_have_whole_heads_of_the_state(tp: int, heads: int) -> None:
    assert kept_states(MODEL, tp) == 48 / heads
    assert chip_state_bytes(MODEL, tp) == pytest.approx(STATE * heads / 48)
    _, moved = recurrence(MODEL, inputs(prefill=False), Parallel(tp=tp))
    assert moved[0] == pytest.approx(4 * 2 * STATE * heads / 48)


def test_copies_share_the_sequences() -> None:
    one = recurrence(MODEL, inputs(prefill=True), Parallel())
    two = recurrence(MODEL, inputs(prefill=True), Parallel(dp=2))
    assert [half[0] * 2 for half in two] == [whole[0] for whole in one]


def test_a_sequence_takes_its_state_and_its_keys_of_a_chips_memory(h20: Facts) -> None:
    """4 heads of keys on 8 chips: each keeps one whole."""
    found = room(h20, MODEL, precision("bf16"), Parallel(tp=8), 1, 1000)
    assert found.cache == pytest.approx(kv_sequence_bytes(MODEL, 1000) / 4 + STATE / 8)
    sent = transfer_bytes(MODEL, precision("bf16"), np.array([1000.0]), [Parallel(tp=8)])
    assert sent[0] == pytest.approx(found.cache)


def test_weights_of_linear_attention_are_divided_and_keys_replicated() -> None:
    """On 8 chips, keys and values of 16 layers are held twice: 2 x 4 heads of 256."""
    one, eight = (weight_bytes(MODEL, precision("bf16"), Parallel(tp=tp)) for tp in (1, 8))
    twice = 16 * 2 * 4 * 256 * 5120 * 2
    assert one == 2 * parameters(MODEL).total
    assert eight * 8 - one == pytest.approx(twice)


def test_gates_and_the_convolution_pass_through_memory() -> None:
    full = 2 * 28 * 64 + 3 * 24 * 256
    assert streamed(MODEL) == (16 * full + 48 * (2 * 10_240 + 3 * 6144)) / 64


def test_activations_of_training_are_those_of_each_kind_of_layer() -> None:
    inner, hidden = 16_384 + 96 + 6144, 5120
    shapes = layer_shapes(MODEL)
    full = sum(shapes["qkv"]) + sum(shapes["o"])
    block = sum(shapes["gate_up"]) + sum(shapes["down"])
    of_linear = inner + 3 * hidden
    assert activation_elements(MODEL) == 16 * full + 48 * of_linear + 64 * block


def test_training_costs_as_much_more_than_a_prefill_as_attention_does() -> None:
    points = Points(np.array([1.0]), np.array([4096.0]))
    form, split = precision("bf16"), Parallel()
    work = training_work(MODEL, points, form, split, Recipe())
    forward = {one.name: one for one in operators(MODEL, "prefill", points, form, split)}
    trained = {one.name: one for one in work.micro}
    for name in ("attention", "linear attention"):
        assert trained[name].flop[0] == pytest.approx(3.5 * forward[name].flop[0])


@pytest.mark.parametrize("name", HYBRID)
def test_without_linear_attention_no_operator_is_of_it(name: str) -> None:
    points = Points(np.array([2.0]), np.array([512.0]))
    plain = workload(name).model_copy(update={"linear": None})
    found = {one.name for one in operators(plain, "decode", points, precision("bf16"), Parallel())}
    assert "linear attention" not in found
    assert linear.state_bytes(plain) == 0


NEXT, DENSE = PUBLISHED["qwen3-next-80b-a3b"], PUBLISHED["qwen3.5-27b"]["text_config"]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"mamba_ssm_dtype": "bfloat16"}, "mamba_ssm_dtype 'bfloat16' is not understood"),
        ({"shared_expert_intermediate_size": 700}, "no multiple of moe_intermediate_size 512"),
        ({"layer_types": ["sliding_attention"] * 48}, "layer_types sliding_attention is not under"),
        ({"linear_num_key_heads": None}, "lacks linear_num_key_heads"),
        ({"linear_num_key_heads": 5}, "linear.key_heads: do not divide the 32 value_heads"),
    ],
)
def test_a_configuration_that_is_not_understood_is_refused(
    told: dict[str, object], why: str, tmp_path: Path
) -> None:
    with pytest.raises((UsageError, DataError), match=re.escape(why)):
        configured(written(tmp_path, {**NEXT, **told}))


def test_layers_without_types_are_told_by_the_interval(tmp_path: Path) -> None:
    one = configured(written(tmp_path, {**NEXT, "full_attention_interval": 5}))
    assert one.linear is not None
    assert one.linear.layers == 48 - 9


def test_a_language_model_by_itself_is_read_by_its_type(tmp_path: Path) -> None:
    one = configured(written(tmp_path, {**DENSE, "tie_word_embeddings": False}))
    assert one.model_dump(include={"linear", "o_gate"}) == MODEL.model_dump(
        include={"linear", "o_gate"}
    )
    assert "multi-token prediction are left out" in (one.note or "")
