"""Streams and products of the roofline read all, compute what they say, and are checked."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
import torch

from bench.kernels import roofline
from bench.kernels.common import mixed, simd
from bench.kernels.common.base import DATA, Limits, Point
from tests.kernels.cases import CPU, here, none_kept, spot
from tests.kernels.roofline_cases import ROOFLINE, product

STREAMS = [
    (way, dtype, one)
    for way, dtype in (("avx512", "fp32"), ("avx512", "fp64"), ("avx2", "fp32"), ("avx2", "fp64"))
    for one in ROOFLINE.variants(dtype)
    if simd.NEEDS[way, dtype] <= simd.flags()
]
FEW = [one for one in STREAMS if one[2] in ("1/16", "1/2", "8")]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    with none_kept():
        yield


def stream(way: str, dtype: str, intensity: str, rounds: int = 24, data: str = "normal") -> Point:
    """A stream in two threads, of so many times sixteen registers each."""
    elements = 2 * 16 * simd.lanes(way, dtype) * rounds
    told: dict[str, int | str] = {"intensity": intensity, "way": way, "elements": elements}
    return Point("roofline", dtype, data, {**told, "programs": 2})


@here
@pytest.mark.parametrize(("way", "dtype", "intensity"), STREAMS)
def test_every_stream_is_right(way: str, dtype: str, intensity: str) -> None:
    check = ROOFLINE.check(stream(way, dtype, intensity), CPU)
    assert check.passed
    assert check.tolerance == roofline.TOLERANCE[dtype]


@pytest.mark.parametrize("intensity", ["1", "8", "512"])
def test_a_thin_product_is_right(intensity: str) -> None:
    check = ROOFLINE.check(product(intensity, 4096), CPU)
    assert check.passed
    assert check.shape.endswith("x 512 x 512")


@here
@pytest.mark.parametrize(
    ("way", "dtype", "intensity", "data"),
    [(*one, data) for one in FEW for data in DATA if data == "normal" or one[2] == "1/2"],
)
def test_the_timed_stream_passes_its_spot_check(
    way: str, dtype: str, intensity: str, data: str
) -> None:
    assert spot(ROOFLINE.build(stream(way, dtype, intensity, 600, data), CPU, 0.0)).passed


@here
@pytest.mark.parametrize(("way", "dtype", "intensity"), FEW)
def test_a_stream_left_out_is_noticed(way: str, dtype: str, intensity: str) -> None:
    task = ROOFLINE.build(stream(way, dtype, intensity), CPU, 0.0)
    task.calls[0]()
    assert not spot(task, calls=0).passed


def miss_the_start(real: Any, step: int) -> Any:
    """A loop that begins some bytes later, with a round fewer."""

    def placed(code: bytes) -> Any:
        loop = real(code)
        return lambda x, a, b, out, rounds: loop(x, a, b + step, out, rounds - 1)

    return placed


@here
@pytest.mark.parametrize(("way", "dtype", "intensity"), FEW)
def test_elements_left_out_are_noticed_however_far_back(
    way: str, dtype: str, intensity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = mixed.mix(dtype, Fraction(intensity))
    step = wanted.vectors * simd.WIDTH[way]
    monkeypatch.setattr(simd, "placed", miss_the_start(simd.placed, step))
    assert not spot(ROOFLINE.build(stream(way, dtype, intensity, 600), CPU, 0.0)).passed


@here
@pytest.mark.parametrize(("way", "dtype", "intensity"), FEW)
@pytest.mark.parametrize("wrong", ["fewer multiply-adds", "the rest unread", "one thread"])
def test_a_wrong_stream_fails_the_check(
    way: str, dtype: str, intensity: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = mixed.mix(dtype, Fraction(intensity))
    if wrong == "one thread":
        monkeypatch.setattr(mixed, "together", lambda parts: parts[0]())
    elif wrong == "the rest unread":
        if wanted.group == 1:
            pytest.skip("every element is used")
        monkeypatch.setattr(simd.Code, "xor", lambda *_: None)
    else:
        real = simd.Code.fma
        left = iter([False] + 10_000 * [True])  # the first of a round is left out
        monkeypatch.setattr(
            simd.Code, "fma", lambda code, *told: real(code, *told) if next(left) else None
        )
    assert not ROOFLINE.check(stream(way, dtype, intensity), CPU).passed
    monkeypatch.undo()
    assert ROOFLINE.check(stream(way, dtype, intensity), CPU).passed


@here
def test_a_fault_in_another_thread_than_the_first_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    made = mixed.stream(stream("avx2", "fp32", "1/2"), 2 * 16 * 8 * 24, CPU)
    made.run()
    made.out[1, 0, 1] += 0.1
    for program, passed in ((0, True), (1, False)):
        monkeypatch.setattr(torch, "randint", lambda *_, told=program: torch.tensor(told))
        assert roofline._spot_check(stream("avx2", "fp32", "1/2"), made).passed is passed


@here
def test_all_that_a_stream_leaves_is_overwritten() -> None:
    made = mixed.stream(stream("avx2", "fp32", "1/16"), 2 * 16 * 8 * 24, CPU)
    made.run()
    made.spoil()
    assert bool(made.out.isnan().all())
    assert set(made.rest.flatten().tolist()) == {-1}


@pytest.mark.parametrize("intensity", ["1", "8", "64"])
def test_the_timed_product_passes_its_spot_check_and_none_left_out_does(intensity: str) -> None:
    task = ROOFLINE.build(product(intensity), CPU, 0.0)
    check = spot(task)
    assert (check.passed, check.shape) == (True, "8 x 8 x 256")
    assert not spot(task, calls=0).passed


def test_weights_rotate_through_more_than_the_cache() -> None:
    point = product("1")
    moved = ROOFLINE.work(point).bytes
    for cache_bytes, sets in ((0.0, 2), (4 * moved, 8), (1e9, roofline.MAX_SETS)):
        calls: Any = ROOFLINE.build(point, CPU, cache_bytes).calls
        assert len(calls) == sets
        places = sorted(call.args[1].data_ptr() for call in calls)
        assert all(after - one >= 256 * 256 * 2 for one, after in pairwise(places))


@here
@pytest.mark.parametrize("threads", [1, 3, 7])
@pytest.mark.parametrize("intensity", ["1/16", "1/2", "64"])
def test_any_number_of_threads_shares_a_stream_evenly(
    threads: int, intensity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    limits = Limits(2e6, 1e6, is_cpu=True)
    (point,) = ROOFLINE.space(ROOFLINE.pilot("fp32", "normal", intensity), limits)
    assert spot(ROOFLINE.build(point, CPU, 0.0)).passed
