"""Experts, norms and what language models' kernels share: counted, right, and caught when wrong."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from bench.devices.fake import FakeDevice, FakeSpec
from bench.kernels import experts, norm
from bench.kernels.common import grouped, llm
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from tests.kernels.cases import has_grouped, left_overwritten, spot

if TYPE_CHECKING:
    from collections.abc import Callable

CPU = torch.device("cpu")
EXPERTS, NORM = experts.KERNEL, norm.KERNEL
ACCELERATOR = Limits(4e10, 50e6, is_cpu=False)
HOST = Limits(6e9, 32e6, is_cpu=True)
D, F = 7168, 2048
WAYS = [pytest.param("grouped", marks=has_grouped), "loop"]


def block(phase: str = "decode", way: str = "loop", dtype: str = "fp32", **told: int) -> Point:
    """A block of experts."""
    pilot = EXPERTS.pilot(dtype, "normal", phase)
    return replace(pilot, parameters={**pilot.parameters, **told, "way": way})


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Experts of a width that a test can fill."""
    monkeypatch.setattr(experts, "_widths", lambda _: (64, 48))


def test_the_work_of_experts_is_what_a_loop_counts() -> None:
    told = grouped.routes(40, 256, 8)
    operations, weights, rows = 0, set(), 0
    for chosen in told:
        for expert in chosen:
            if expert < 16:
                operations += 2 * (2 * F * D + D * F)
                weights.add(expert)
                rows += 1
    work = EXPERTS.work(block(dtype="bf16", batch=40, experts=16))
    assert work.flop == operations
    assert work.bytes == 2 * (len(weights) * 3 * D * F + rows * (D + 2 * F + F + D))
    assert work.items == 40


def test_routing_is_even_without_repetition_and_always_the_same() -> None:
    told = grouped.routes(2000, 64, 4)
    assert told == grouped.routes.__wrapped__(2000, 64, 4)
    assert all(len(set(chosen)) == 4 for chosen in told)
    found = Counter(expert for chosen in told for expert in chosen)
    assert set(found) == set(range(64))
    assert max(found.values()) < 2 * min(found.values())
    assert sum(grouped.counts(told, 64)) == 2000 * 4
    assert grouped.counts(told, 3) == (found[0], found[1], found[2])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", EXPERTS.dtypes)
def test_every_way_of_experts_is_right(way: str, dtype: str) -> None:
    check = EXPERTS.check(block("prefill", way, dtype), CPU)
    assert check.passed
    assert check.shape == "192 of 192 rows"
    assert check.error > 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wrong", ["next expert", "up and gate", "a little off"])
def test_wrong_experts_fail_the_check(
    way: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = grouped.grouped_product
    turned: Callable[[torch.Tensor], torch.Tensor] = {
        "next expert": lambda weights: weights.roll(1, dims=0),
        "up and gate": lambda weights: weights.roll(weights.shape[1] // 2, dims=1),
        "a little off": lambda weights: weights * 1.001,
    }[wrong]

    def spoilt(how: str, rows: Any, weights: Any, *others: Any) -> Any:
        return real(how, rows, turned(weights), *others)

    monkeypatch.setattr(grouped, "grouped_product", spoilt)
    assert not EXPERTS.check(block("prefill", way), CPU).passed


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("way", WAYS)
def test_timed_experts_pass_their_spot_check_and_ones_left_out_do_not(way: str) -> None:
    task = EXPERTS.build(block("prefill", way, batch=64, experts=32), CPU, 0.0)
    assert left_overwritten(task)
    assert spot(task).passed
    assert not spot(task, calls=0).passed


@pytest.mark.parametrize(
    ("memory_bytes", "held"),
    [(1e11, 256), (2e10, 128), (5e9, 32), (1.5e9, 16), (1e9, 8)],
)
def test_a_device_holds_as_many_experts_as_fit(memory_bytes: float, held: int) -> None:
    limits = Limits(memory_bytes, 50e6, is_cpu=False)
    space = EXPERTS.space(EXPERTS.pilot("bf16", "normal", "decode"), limits)
    assert {one.size("experts") for one in space} == {held}
    assert [one.parameters["way"] for one in space] == list(grouped.GROUPED_WAYS)
    assert {one.size("batch") for one in space} == {64}


def test_experts_that_fit_nowhere_are_refused_with_the_need() -> None:
    with pytest.raises(UnsupportedError, match=r"needs 0.3 GiB of memory; 0.1 GiB may be used"):
        EXPERTS.space(EXPERTS.pilot("bf16", "normal"), Limits(1e8, 1e6, is_cpu=False))


def test_a_missing_grouped_product_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.nn.functional, "grouped_mm", raising=False)
    monkeypatch.delattr(torch, "_grouped_mm", raising=False)
    with pytest.raises(UnsupportedError, match="no grouped product"):
        EXPERTS.check(block("prefill", "grouped"), CPU)


def operation(
    name: str = "rmsnorm", way: str = "torch", dtype: str = "fp32", rows: int = 4
) -> Point:
    """A norm."""
    told = {"operation": name, "way": way, "elements": rows * norm.COLUMNS}
    return Point("norm", dtype, "normal", told)  # type: ignore[arg-type]  # text and numbers


@pytest.mark.parametrize("dtype", NORM.dtypes)
@pytest.mark.parametrize(
    ("name", "way"), [("rmsnorm", "torch"), ("rmsnorm", "written"), ("softmax", "torch")]
)
def test_every_norm_is_right(name: str, way: str, dtype: str) -> None:
    check = NORM.check(operation(name, way, dtype), CPU)
    assert (check.passed, check.shape) == (True, "4 rows of 8192")
    assert NORM.work(operation(name, way, dtype)).bytes == 2 * 4 * 8192 * (
        4 if dtype == "fp32" else 2
    )


@pytest.mark.parametrize("name", norm.VARIANTS)
def test_a_wrong_norm_fails_the_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = norm._call
    monkeypatch.setattr(norm, "_call", lambda *told: lambda: real(*told)() * 1.001)
    assert not NORM.check(operation(name), CPU).passed


@pytest.mark.parametrize("name", norm.VARIANTS)
def test_a_timed_norm_passes_its_spot_check_and_one_left_out_does_not(name: str) -> None:
    task = NORM.build(operation(name, rows=16), CPU, 0.0)
    assert left_overwritten(task)
    assert spot(task).passed
    assert not spot(task, calls=0).passed


@pytest.mark.parametrize("limits", [ACCELERATOR, HOST], ids=["accelerator", "cpu"])
@pytest.mark.parametrize("name", norm.VARIANTS)
def test_norms_are_over_more_than_the_cache_and_compiled_where_there_is_a_compiler(
    name: str, limits: Limits
) -> None:
    space = NORM.space(NORM.pilot("bf16", "normal", name), limits)
    assert all(NORM.work(one).footprint_bytes > 2 * limits.cache_bytes for one in space)
    ways = [one.parameters["way"] for one in space]
    assert ways == [way for way in norm.WAYS[name] if way != "compiled" or not limits.is_cpu]


def test_weights_are_cut_one_behind_the_other_and_gains_fit_their_width() -> None:
    shapes = {"a": (300, 100), "e": (3, 40, 20), "norm": (64,), "bias": (8,)}
    made = llm.cut_weights(shapes, "fp32", "normal", CPU)
    assert {name: tuple(one.shape) for name, one in made.items()} == shapes
    ends = [one.data_ptr() + one.numel() * one.element_size() for one in made.values()]
    assert ends[0] <= made["e"].data_ptr() or ends[1] <= made["a"].data_ptr()
    assert float(made["norm"].mean()) == pytest.approx(64**-0.5, rel=0.1)


def test_a_call_too_long_for_a_cpu_is_refused_with_the_time_predicted() -> None:
    work = EXPERTS.work(block("prefill", batch=512, experts=16))
    with pytest.raises(UnsupportedError, match=r"about 2\d s on this CPU, by a small one in fp16"):
        llm.refuse_slow(work, 1e9, "fp16")
    llm.refuse_slow(work, 1e12, "fp16")


@pytest.mark.parametrize(("again", "refused"), [(1e12, False), (1e9, True)])
def test_a_rate_that_was_disturbed_is_taken_again_before_a_call_is_refused(
    again: float, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, found = EXPERTS.work(block("prefill", batch=512, experts=16)), [1e9, again]
    monkeypatch.setattr(llm, "best_rate", lambda *_: found.pop(0))
    llm.product_rate.cache_clear()
    try:
        with pytest.raises(UnsupportedError) if refused else nullcontext():
            llm.refuse_slow_product(work, "fp16")
        assert found == []
    finally:
        llm.product_rate.cache_clear()


@pytest.mark.parametrize("dtype", llm.DTYPES)
def test_the_rate_of_a_product_is_found_in_a_moment(dtype: str) -> None:
    assert llm.product_rate(dtype) > 0


@pytest.mark.parametrize(
    "item",
    [
        Item("attention", "bf16", variant="decode"),
        Item("attention", "bf16", variant="prefill"),
        Item("experts", "bf16", variant="decode"),
        Item("norm", "bf16", variant="rmsnorm"),
        Item("layer", "bf16", variant="llama-3.1-8b-decode"),
    ],
    ids=lambda item: item.label,
)
def test_each_is_measured_on_the_fake_device(item: Item) -> None:
    done = measure_item(FakeDevice(FakeSpec(noise="none")), item, Plan(2.0))
    assert (done.status, done.reason) == ("ok", None)
    assert done.search is not None
    assert not done.decides
