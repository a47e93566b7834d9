"""Inputs of kernels: as asked for, kept, and rotated through more than the cache."""

from collections.abc import Iterator
from functools import partial

import pytest
import torch

from bench.devices.torchdevice import PreparedTask
from bench.kernels.common import inputs, products
from bench.kernels.common.base import DATA, Task, torch_dtype
from bench.kernels.gemm import DTYPES
from tests.kernels.cases import CPU, GEMM, fresh_buffers, has_blocks, product


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with fresh_buffers(monkeypatch):
        yield


@pytest.mark.parametrize(("elements", "held"), [(2**25 + 1, 2**26), (2 * 140000**2, 2 * 140000**2)])
def test_only_a_pool_of_a_search_is_rounded_up_to_a_power_of_two(
    elements: int, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operands of 140,000 cubed in bf16 take 78 GB; twice their power of two is 137 GB."""
    asked: list[int] = []

    def buffers(_: int, count: int, *__: object) -> tuple[torch.Tensor]:
        asked.append(count)
        return (torch.empty(0),)

    monkeypatch.setattr(inputs, "buffers", buffers)
    products.pool(elements, product(m=64, n=64, k=64), CPU)
    assert held <= asked[0] <= held + 4096


def test_operands_rotate_through_more_than_the_cache() -> None:
    point = product(m=64, n=64, k=64)
    footprint = GEMM.work(point).footprint_bytes
    for cache_bytes, sets in (
        (0.0, 1),
        (footprint, 2),
        (2.2 * footprint, 5),
        (1e9, products.MAX_SETS),
    ):
        assert len(GEMM.build(point, CPU, cache_bytes).calls) == sets


@pytest.mark.parametrize("sizes", [(2, 640, 896), (512, 512, 512), (1024, 1024, 1024)])
def test_small_products_rotate_through_more_than_twice_the_cache(
    sizes: tuple[int, int, int],
) -> None:
    cache_bytes, (m, n, k) = 50 * 2.0**20, sizes
    work = GEMM.work(product("bf16", m=m, n=n, k=k))
    assert products.set_count(work, cache_bytes) * work.footprint_bytes > 2 * cache_bytes


def test_calls_take_their_turn_over_the_buffers() -> None:
    log: list[int] = []
    task = PreparedTask(Task([partial(log.append, number) for number in range(3)]))
    task.run(2)
    task.run(5)
    assert log == [0, 1, 2, 0, 1, 2, 0]
    assert task.spot_check() is None


@pytest.mark.parametrize(
    "dtype", [pytest.param(one, marks=[has_blocks] if one == "nvfp4" else []) for one in DTYPES]
)
@pytest.mark.parametrize("data", DATA)
def test_inputs_have_the_dtype_and_shape_asked_for(data: str, dtype: str) -> None:
    drawn = inputs.draw((7, 5), dtype, data, CPU)
    assert (drawn.dtype, tuple(drawn.shape)) == (torch_dtype(dtype), (7, 5))


@pytest.mark.parametrize(
    ("data", "dtype", "mean", "deviation", "bounds"),
    [
        ("normal", "fp32", 0.0, 1.0, (-8.0, 8.0)),
        ("normal", "bf16", 0.0, 1.0, (-8.0, 8.0)),
        ("normal", "int8", 0.0, 32.0, (-127.0, 127.0)),
        ("uniform", "fp32", 0.0, 3**-0.5, (-1.0, 1.0)),
        ("uniform", "int8", 0.0, 127 * 3**-0.5, (-127.0, 127.0)),
        ("integers", "fp16", 0.0, (80 / 12) ** 0.5, (-4.0, 4.0)),
        ("integers", "int8", 0.0, (80 / 12) ** 0.5, (-4.0, 4.0)),
        ("constant", "fp32", 1.0, 0.0, (1.0, 1.0)),
        ("constant", "int8", 1.0, 0.0, (1.0, 1.0)),
        ("zeros", "fp64", 0.0, 0.0, (0.0, 0.0)),
        ("zeros", "fp8", 0.0, 0.0, (0.0, 0.0)),
    ],
)
def test_inputs_are_distributed_as_asked_for(
    data: str, dtype: str, mean: float, deviation: float, bounds: tuple[float, float]
) -> None:
    values = inputs.draw((100_000,), dtype, data, CPU).double()
    assert float(values.mean()) == pytest.approx(mean, abs=0.02 * deviation)
    assert float(values.std()) == pytest.approx(deviation, rel=0.02)
    assert bounds[0] <= float(values.min()) <= float(values.max()) <= bounds[1]


@pytest.mark.parametrize("data", ["normal", "uniform"])
def test_fp64_uses_all_its_digits(data: str) -> None:
    """Widened from fp32 it had noughts in half of them, which costs less power."""
    drawn = inputs.draw((1000,), "fp64", data, CPU)
    assert not torch.equal(drawn, drawn.float().double())


def test_whole_numbers_are_whole_and_all_of_them_occur() -> None:
    drawn = inputs.draw((10_000,), "fp32", "integers", CPU)
    assert sorted(set(drawn.tolist())) == [float(one) for one in range(-4, 5)]


def test_operands_are_cut_one_behind_the_other_and_wrap_at_the_end() -> None:
    cutter = inputs.Cutter(torch.arange(4096))
    starts = [int(cutter.cut(10, 10)[0, 0]) for _ in range(5)]
    assert starts == [0, 1024, 2048, 3072, 0]
    assert cutter.cut(2, 1000).tolist() == torch.arange(1024, 3024).view(2, 1000).tolist()
    assert int(cutter.cut(1, 2000)[0, 0]) == 0


def test_operands_are_views_of_the_pool_and_no_copies() -> None:
    pool = torch.zeros(4096)
    inputs.Cutter(pool).cut(4, 4).fill_(1.0)
    assert float(pool.sum()) == 16.0


def test_buffers_are_kept_until_others_are_asked_for() -> None:
    def places(count: int, elements: int, data: str) -> list[int]:
        return [one.data_ptr() for one in inputs.buffers(count, elements, "fp32", data, CPU)]

    first = places(2, 100, "normal")
    assert places(2, 100, "normal") == places(2, 60, "normal") == first
    (other,) = inputs.buffers(1, 100, "fp32", "zeros", CPU)
    (kept,) = inputs._kept.values()
    assert [one.data_ptr() for one in kept[1]] == [other.data_ptr()]
    inputs.release()
    assert inputs._kept == {}


@pytest.mark.parametrize("elements", [60, 100])
def test_a_buffer_has_as_many_elements_as_were_asked_for(elements: int) -> None:
    inputs.buffers(1, 80, "fp32", "normal", CPU)
    (array,) = inputs.buffers(1, elements, "fp32", "normal", CPU)
    assert array.shape == (elements,)
    assert inputs.outputs(elements, torch.float32, CPU).tolist() == [0.0] * elements


def test_a_long_buffer_repeats_a_block_of_fresh_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "BLOCK_ELEMENTS", 64)
    (array,) = inputs.buffers(1, 200, "fp32", "normal", CPU)
    assert torch.equal(array[:64], array[64:128])
    assert torch.equal(array[192:], array[:8])
    assert len(set(array[:64].tolist())) == 64
