"""Attention on CPU torch: work counted by a loop, every way right, a wrong one caught."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch

from bench.kernels import attention as module
from bench.kernels.attention import KERNEL, VARIANTS
from bench.kernels.common import attend, llm
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.workloads.load import workload
from tests.kernels.cases import left_overwritten, spot

CPU = torch.device("cpu")
ACCELERATOR = Limits(4e10, 50e6, is_cpu=False)
HOST = Limits(6e9, 32e6, is_cpu=True)
DECODES = ("decode", "decode-mla")


def shares_keys() -> bool:
    """Tells whether this torch's flash on a CPU has query heads share a key head; 2.6 has not."""
    queries, keys = torch.zeros(1, 2, 8, 64), torch.zeros(1, 1, 8, 64)
    try:
        attend.proven(partial(attend.attention, "flash", queries, keys, keys, causal=True))
    except UnsupportedError:
        return False
    return True


OLD_FLASH = pytest.mark.skipif(not shares_keys(), reason="this torch's flash shares no key heads")
HERE = [
    pytest.param(phase, way, marks=[OLD_FLASH] if way == "flash" and "prefill" in phase else [])
    for phase in VARIANTS
    for way in ("torch", "flash", "math", "matmul")
]


def point(phase: str, way: str = "torch", dtype: str = "fp32", **sizes: int) -> Point:
    """A configuration, small unless said otherwise."""
    pilot = KERNEL.pilot(dtype, "normal", phase)
    return replace(pilot, parameters={**pilot.parameters, **sizes, "way": way})


@pytest.mark.parametrize(("phase", "times"), [("prefill", 1.0), ("prefill-backward", 2.5)])
def test_prefill_counts_half_of_what_a_loop_over_all_pairs_does(phase: str, times: float) -> None:
    one = workload("llama-3.1-8b")
    operations = 0
    for _sequence in range(2):
        for _head in range(one.heads):
            for _pair in range(3 * 3):
                operations += 2 * 2 * one.head_dim
    work = KERNEL.work(point(phase, batch=2, length=3))
    assert work.flop == times * operations / 2
    elements = 2 * 3 * one.head_dim * 2 * (one.heads + one.kv_heads)
    assert work.bytes == 4 * elements * (2 if times > 1 else 1)


def test_decode_reads_each_key_and_value_once_and_multiplies_them_for_every_head() -> None:
    work = KERNEL.work(point("decode", dtype="bf16", batch=3, length=7))
    assert work.flop == 4 * 3 * 32 * 7 * 128
    assert work.bytes == 2 * 3 * (2 * 7 * 8 * 128 + 2 * 32 * 128)


def test_absorbed_decode_reads_the_latent_once_for_all_heads() -> None:
    work = KERNEL.work(point("decode-mla", dtype="bf16", batch=1, length=1_000_000))
    assert work.flop == 2 * 128 * 1_000_000 * (576 + 512)
    assert work.flop / work.bytes == pytest.approx(2 * 128 * (576 + 512) / (2 * 576), rel=1e-3)


@pytest.mark.parametrize("dtype", KERNEL.dtypes)
@pytest.mark.parametrize("phase", VARIANTS)
def test_the_figure_and_what_it_is_told_in_follow_the_phase(phase: str, dtype: str) -> None:
    told = KERNEL.figures(point(phase, dtype=dtype)), KERNEL.quantity(point(phase, dtype=dtype))
    if phase in DECODES:
        assert told == (("memory_bandwidth",), "byte_rate")
    else:
        assert told[0] == (f"matrix_{dtype}", f"vector_{dtype}")
        assert told[1] == "flop_rate"
    assert not KERNEL.decides
    assert phase in KERNEL.label(point(phase, dtype=dtype))


@pytest.mark.parametrize(("phase", "way"), HERE)
@pytest.mark.parametrize("dtype", KERNEL.dtypes)
def test_every_way_is_right_to_the_last_row(phase: str, way: str, dtype: str) -> None:
    check = KERNEL.check(point(phase, way, dtype), CPU)
    assert check.passed
    assert check.error > 0
    assert check.shape == ("16" if phase in DECODES else "640") + " rows of 40 keys"


@pytest.mark.parametrize("way", ["cudnn", "efficient"])
def test_a_backend_that_is_missing_is_said_to_be(way: str) -> None:
    with pytest.raises(UnsupportedError, match=f"torch has no {way} attention for this here"):
        KERNEL.check(point("prefill", way), CPU)


def test_any_other_error_of_torch_stays_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("illegal memory access")

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", broken)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        KERNEL.check(point("decode"), CPU)


def off(result: Any) -> Any:
    return result * 1.001


def shifted(result: Any) -> Any:
    return result.roll(1, dims=-2)


def rotated(result: Any) -> Any:
    return result.roll(1, dims=0)


@pytest.mark.parametrize("phase", VARIANTS)
@pytest.mark.parametrize("wrong", [off, shifted, rotated])
def test_a_wrong_result_fails_the_check(
    phase: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module._call

    def spoilt(*arguments: Any) -> Any:
        def run() -> Any:
            result = real(*arguments)()
            return (wrong(result[0]),) if isinstance(result, tuple) else wrong(result)

        return run

    monkeypatch.setattr(module, "_call", spoilt)
    assert not KERNEL.check(point(phase), CPU).passed


@pytest.mark.parametrize("phase", ["prefill", "prefill-backward"])
def test_attention_that_looks_ahead_fails_the_check(
    phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = attend._by_torch

    def ahead(*arguments: Any, causal: bool, scale: float | None) -> Any:
        assert causal
        return real(*arguments, causal=False, scale=scale)

    monkeypatch.setattr(attend, "_by_torch", ahead)
    assert not KERNEL.check(point(phase), CPU).passed


@pytest.mark.parametrize("phase", VARIANTS)
def test_the_timed_call_passes_its_spot_check_and_one_left_out_does_not(phase: str) -> None:
    task = KERNEL.build(point(phase, batch=2, length=24), CPU, 0.0)
    assert spot(task).passed
    assert not spot(task, calls=0).passed


@pytest.mark.parametrize("phase", VARIANTS)
def test_what_the_calls_left_is_overwritten(phase: str) -> None:
    """Their memory may be handed out again, and a call that did nothing would have it right."""
    assert left_overwritten(KERNEL.build(point(phase, batch=2, length=24), CPU, 1e5))


def test_the_spot_check_notices_the_result_of_other_buffers() -> None:
    task = KERNEL.build(point("decode", batch=1, length=24), CPU, 1e7)
    assert len(task.calls) == 8
    assert task.spot_check is not None
    task.spoil()
    for call in task.calls[1:]:
        call()
    assert not task.spot_check(None).passed
    task.calls[0]()
    assert task.spot_check(None).passed


def test_the_gradient_of_reference_is_that_of_autograd() -> None:
    query, keys, values = (
        torch.randn(shape, dtype=torch.float64) for shape in ((6,), (5, 6), (5, 6))
    )
    query.requires_grad_()
    out = attend.exact_row(query, keys, values)
    (found,) = torch.autograd.grad(out, query, attend.seed_of(out))
    assert torch.allclose(found, attend.exact_gradient(query, keys, values))


def test_packed_queries_stand_with_the_keys_they_share() -> None:
    """Head h goes with key head h // 4 of eight heads over two, as grouped queries do."""
    queries = torch.arange(8.0).view(1, 8, 1)
    assert attend.packed(queries, 2).flatten(2).tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7]]]


@pytest.mark.parametrize("phase", VARIANTS)
@pytest.mark.parametrize("limits", [ACCELERATOR, HOST], ids=["accelerator", "cpu"])
def test_the_space_has_every_way_and_fits_in_memory(phase: str, limits: Limits) -> None:
    space = KERNEL.space(KERNEL.pilot("bf16", "zeros", phase), limits)
    assert len({str(one) for one in space}) == len(space)
    assert {one.data for one in space} == {"zeros"}
    assert all(2 * KERNEL.work(one).footprint_bytes <= limits.memory_bytes for one in space)
    ways = {str(one.parameters["way"]) for one in space}
    every = attend.DECODE_WAYS if phase in DECODES else attend.WAYS
    assert ways == set(attend.CPU_WAYS if limits.is_cpu else every)


def test_no_way_that_holds_all_scores_is_tried_where_they_do_not_fit() -> None:
    tight = Limits(8e9, 50e6, is_cpu=False)
    space = KERNEL.space(KERNEL.pilot("bf16", "normal", "prefill"), tight)
    assert {one.parameters["way"] for one in space} == {"torch", "flash", "cudnn", "efficient"}


@pytest.mark.parametrize("phase", DECODES)
@pytest.mark.parametrize("cache_bytes", [1e6, 384e6])
def test_decode_is_over_more_than_the_cache_holds(phase: str, cache_bytes: float) -> None:
    limits = Limits(1e11, cache_bytes, is_cpu=True)
    for one in KERNEL.space(KERNEL.pilot("bf16", "normal", phase), limits):
        assert KERNEL.work(one).footprint_bytes > 2 * cache_bytes


def test_what_memory_does_not_hold_is_refused_with_the_need() -> None:
    with pytest.raises(UnsupportedError, match=r"needs [0-9.]+ GiB of memory; 0.0 GiB may be"):
        KERNEL.space(KERNEL.pilot("bf16", "normal", "decode"), Limits(1e6, 1e6, is_cpu=True))


def test_a_call_too_long_for_a_cpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm, "LONGEST_S", 1e-9)
    with pytest.raises(UnsupportedError, match=r"would take about \d+ s on this CPU"):
        KERNEL.build(point("decode"), CPU, 0.0)
