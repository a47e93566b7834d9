"""A transformer layer on CPU torch beside a float64 one written apart, in every kind of model."""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import pytest
import torch

from bench.kernels import layer as module
from bench.kernels.common import decoder, grouped, llm
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.kernels.common.exact import narrowed
from bench.kernels.layer import KERNEL, MODELS
from bench.workloads.counts import layer_flop, layer_shapes
from bench.workloads.load import workload
from tests.kernels.cases import left_overwritten, spot

if TYPE_CHECKING:
    from bench.workloads.model import Workload

CPU = torch.device("cpu")
VARIANTS = KERNEL.variants("bf16")
ACCELERATOR = Limits(4e10, 50e6, is_cpu=False)


def point(variant: str, dtype: str = "fp32", way: str = "eager", **sizes: int) -> Point:
    """A layer."""
    pilot = KERNEL.pilot(dtype, "normal", variant)
    return replace(pilot, parameters={**pilot.parameters, **sizes, "way": way})


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers of a width that a test can fill."""
    monkeypatch.setattr(module, "_shape", lambda told: narrowed(workload(told.parameters["model"])))


def test_there_is_a_variant_for_each_model_and_phase() -> None:
    assert set(VARIANTS) == {
        f"{name}-{phase}" for name in MODELS for phase in ("prefill", "decode")
    }


@pytest.mark.parametrize("name", MODELS)
def test_a_measured_layer_has_nothing_that_the_kernel_leaves_out(name: str) -> None:
    one = workload(name)
    assert not any((one.window, one.sinks, one.qk_norm, one.o_bias))
    assert one.rope_theta
    assert not (one.experts and one.experts.bias)


@pytest.mark.parametrize("dtype", KERNEL.dtypes)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_token_of_a_small_layer_is_right(variant: str, dtype: str) -> None:
    check = KERNEL.check(point(variant, dtype), CPU)
    assert check.passed
    assert check.error > 0
    assert check.shape == ("24 of 24" if "prefill" in variant else "3 of 3") + " tokens"


@pytest.mark.parametrize("way", ["eager matmul", "eager flash", "eager math"])
@pytest.mark.parametrize(
    "variant", ["llama-3.1-8b-decode", "deepseek-v3-decode", "deepseek-v3-prefill"]
)
def test_a_layer_is_right_however_attention_is_done(variant: str, way: str) -> None:
    assert KERNEL.check(point(variant, way=way), CPU).passed


def changed(name: str, how: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """Makes a step of the timed layer wrong."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(decoder, name)
        monkeypatch.setattr(decoder, name, lambda *told, **more: how(real(*told, **more)))

    return patch


WRONG: dict[str, tuple[tuple[str, ...], Callable[[pytest.MonkeyPatch], Any]]] = {
    "no turn": (VARIANTS, lambda patch: patch.setattr(decoder, "rotated", lambda heads, _: heads)),
    "turned back": (
        VARIANTS, changed("rotations", lambda by: (by[0], -by[1])),
    ),
    "one place off": (VARIANTS, changed("_positions", lambda places: places - 1)),
    "norm left out": (VARIANTS, changed("_normed", lambda rows: rows * 1.01)),
    "silu left out": (VARIANTS, changed("swiglu", torch.tanh)),
    "attention off": (VARIANTS, changed("attention", lambda out: out * 1.01)),
    "experts off": (
        tuple(one for one in VARIANTS if "deepseek" in one),
        changed("expert_block", lambda out: out * 1.01),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("variant", "wrong"), [(variant, name) for name, (some, _) in WRONG.items() for variant in some]
)
def test_a_layer_with_a_step_wrong_fails_the_check(
    variant: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn of all positions alike is no fault where all of them are in one prompt."""
    if wrong == "one place off" and variant.endswith("prefill"):
        pytest.skip("attention knows distances only")
    WRONG[wrong][1](monkeypatch)
    assert not KERNEL.check(point(variant), CPU).passed


def test_the_bias_of_queries_keys_and_values_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    real = llm.cut_weights

    def cut(*told: Any) -> Any:
        made = real(*told)
        made["qkv_bias"] = made["qkv_bias"].clone()
        return made

    monkeypatch.setattr(module, "cut_weights", cut)
    assert KERNEL.check(point("qwen2.5-72b-prefill"), CPU).passed
    real_forward = decoder._grouped

    def without(layer: decoder.Layer) -> Any:
        kept = {name: one for name, one in layer.weights.items() if name != "qkv_bias"}
        return real_forward(replace(layer, weights=kept))

    monkeypatch.setattr(decoder, "_grouped", without)
    assert not KERNEL.check(point("qwen2.5-72b-prefill"), CPU).passed


UNGATED = ("mpt-7b-prefill", "mpt-7b-decode")


@pytest.mark.parametrize("dtype", KERNEL.dtypes)
@pytest.mark.parametrize("variant", UNGATED)
def test_a_layer_with_an_ungated_block_is_right(variant: str, dtype: str) -> None:
    check = KERNEL.check(point(variant, dtype), CPU)
    assert check.passed
    assert check.error > 0


@pytest.mark.parametrize("variant", UNGATED)
def test_gelu_left_out_fails_the_check(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "gelu", torch.nn.functional.silu)
    assert not KERNEL.check(point(variant), CPU).passed


@pytest.mark.parametrize("variant", UNGATED)
def test_a_head_that_is_turned_for_nothing_fails_the_check(
    variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    positions = decoder._positions
    monkeypatch.setattr(
        decoder,
        "_rotations",
        lambda layer, size: decoder.rotations(positions(layer), size, 1e4, torch.float32),
    )
    assert not KERNEL.check(point(variant), CPU).passed


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_timed_layer_passes_its_spot_check_and_one_left_out_does_not(variant: str) -> None:
    task = KERNEL.build(point(variant, batch=2, length=24), CPU, 0.0)
    assert spot(task).passed
    assert not spot(task, calls=0).passed
    assert spot(task).passed


@pytest.mark.usefixtures("narrow")
def test_a_result_that_is_overwritten_in_place_shows() -> None:
    """A graph writes to one place: what it left there before is made no number."""
    task = KERNEL.build(point("llama-3.1-8b-decode", batch=2, length=24), CPU, 0.0)
    assert left_overwritten(task)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("variant", ["llama-3.1-8b-decode", "deepseek-v3-decode"])
def test_decoding_again_gives_the_same_result(variant: str) -> None:
    """The new token is put where it was put before: the cache does not grow."""
    task = KERNEL.build(point(variant, batch=2, length=24), CPU, 0.0)
    first, second = task.calls[0](), task.calls[0]()
    assert isinstance(first, torch.Tensor)
    assert isinstance(second, torch.Tensor)
    assert torch.equal(first, second)


@pytest.mark.usefixtures("narrow")
def test_how_experts_are_done_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One product an expert, where torch has no grouped one, costs hundreds of launches."""
    monkeypatch.setattr(module, "grouped_way", lambda *_: "loop")
    for variant, told in (("deepseek-v3-decode", {"experts": "loop"}), ("llama-3.1-8b-decode", {})):
        assert KERNEL.build(point(variant, batch=2, length=24), CPU, 0.0).observed() == told


def test_a_graph_is_captured_on_cuda_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_shape", lambda _: narrowed(workload("llama-3.1-8b")))
    with pytest.raises(UnsupportedError, match="graphs are captured on CUDA devices only"):
        KERNEL.build(point("llama-3.1-8b-decode", way="graph"), CPU, 0.0)


@pytest.mark.parametrize("variant", [one for one in VARIANTS if "deepseek" not in one])
@pytest.mark.parametrize(("batch", "length"), [(1, 1), (3, 50)])
def test_the_work_of_a_plain_layer_is_its_weights_once_and_its_cache(
    variant: str, batch: int, length: int
) -> None:
    found = KERNEL.work(point(variant, "bf16", batch=batch, length=length))
    model, _, phase = variant.rpartition("-")
    one = workload(model)
    tokens = batch * (length if phase == "prefill" else 1)
    weights = sum(map(prod, layer_shapes(one).values()))
    cache = batch * length * 2 * one.kv_heads * one.head_dim
    assert found.bytes == 2 * (weights + cache + 2 * tokens * one.hidden)
    assert found.flop == layer_flop(one, phase, batch, length)  # type: ignore[arg-type]  # a phase
    assert found.items == tokens


@pytest.mark.parametrize(("batch", "length"), [(1, 10), (16, 10)])
def test_the_work_of_a_layer_of_experts_counts_those_that_tokens_reach(
    batch: int, length: int
) -> None:
    one = workload("deepseek-v3")
    told = grouped.routes(batch, 256, 8)
    reached = len({expert for chosen in told for expert in chosen})
    found = KERNEL.work(point("deepseek-v3-decode", "bf16", batch=batch, length=length))
    fixed = 187_105_280 + 2 * 7168 + 1536 + 512 + 257 * 7168 + 256 - 7168 + 3 * 7168 * 2048
    weights = fixed + reached * 3 * 7168 * 2048
    assert found.bytes == 2 * (weights + batch * length * 576 + 2 * batch * one.hidden)
    assert found.flop == layer_flop(one, "decode", batch, length)


def operations(run: Callable[[], object]) -> int:
    """Operations that torch's own counter sees in matrix products."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())


@pytest.mark.parametrize("model", ["llama-3.1-8b", "deepseek-v3"])
def test_the_flop_of_a_decode_are_those_that_torch_counts(model: str) -> None:
    one = narrowed(workload(model))
    built = module._made(point(f"{model}-decode", way="eager matmul", batch=2, length=24), one, CPU)
    assert operations(built.call) == layer_flop(one, "decode", 2, 24)


def test_the_flop_of_a_prefill_are_those_that_torch_counts_but_for_the_causal_half() -> None:
    one = narrowed(workload("llama-3.1-8b"))
    built = module._made(
        point("llama-3.1-8b-prefill", way="eager matmul", batch=2, length=24), one, CPU
    )
    ahead = 2 * 4 * one.heads * one.head_dim * (24 * 24 - 24 * 25 // 2)
    assert operations(built.call) == layer_flop(one, "prefill", 2, 24) + ahead


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(6e9, 32e6, is_cpu=False), r"needs 21\.\d GiB of memory; 5\.6 GiB may be used"),
        (Limits(2e9, 32e6, is_cpu=True), r"needs 21\.\d GiB of memory; 1\.9 GiB may be used"),
        (Limits(6e10, 32e6, is_cpu=True), r"needs 21\.\d GiB of memory; 3\.0 GiB may be used"),
    ],
    ids=["accelerator", "small host", "a CPU fills slowly"],
)
def test_what_memory_does_not_hold_is_refused_with_the_need(limits: Limits, told: str) -> None:
    pilot = KERNEL.pilot("bf16", "normal", "deepseek-v3-decode")
    with pytest.raises(UnsupportedError, match=told):
        KERNEL.space(pilot, limits)


def test_what_was_never_sized_is_told_without_the_pilots_sizes() -> None:
    pilot = KERNEL.pilot("bf16", "normal", "deepseek-v3-decode")
    assert KERNEL.label(pilot) == "deepseek-v3 decode bf16"
    assert KERNEL.label(point("deepseek-v3-decode", "bf16", batch=2, length=16)) == (
        "deepseek-v3 decode 2 x 16 bf16"
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_space_is_one_size_in_several_ways(variant: str) -> None:
    space = KERNEL.space(KERNEL.pilot("bf16", "zeros", variant), ACCELERATOR)
    ways = [one.parameters["way"] for one in space]
    assert ways == list(module.WAYS["decode" if "decode" in variant else "prefill"])
    assert {(one.size("batch"), one.size("length")) for one in space} == {
        (64, 4096) if "decode" in variant else (1, 4096)
    }
    assert {one.data for one in space} == {"zeros"}


@pytest.mark.parametrize("data", ["constant", "zeros", "uniform", "integers"])
@pytest.mark.parametrize("variant", ["llama-3.1-8b-decode", "deepseek-v3-prefill"])
@pytest.mark.usefixtures("narrow")
def test_a_layer_stays_finite_on_any_data(variant: str, data: str) -> None:
    told = replace(point(variant, "fp16", batch=2, length=24), data=data)
    out = KERNEL.build(told, CPU, 0.0).calls[0]()
    assert isinstance(out, torch.Tensor)
    assert bool(out.isfinite().all())


def test_a_layer_tells_tokens_a_second_and_tests_no_figure() -> None:
    told = point("llama-3.1-8b-decode", "bf16", batch=64, length=4096)
    assert (KERNEL.figures(told), KERNEL.quantity(told)) == ((), "item_rate")
    assert KERNEL.label(told) == "llama-3.1-8b decode 64 x 4096 bf16"
    assert KERNEL.group == "transformer layers"


def test_the_small_layer_of_a_check_is_of_the_kind_that_is_timed() -> None:
    for one in map(workload, MODELS):
        small: Workload = narrowed(one)
        assert set(layer_shapes(small)) == set(layer_shapes(one))
