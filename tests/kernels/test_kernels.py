"""The kernels on CPU torch: work counted by hand, and results checked."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch

from bench.devices.cpu import CpuDevice
from bench.kernels import gemm, memory
from bench.kernels.common import inputs, spots
from bench.kernels.common.base import Point, UnsupportedError, itemsize
from bench.kernels.gemm import DTYPES
from bench.kernels.memory import STREAMS
from bench.records.model import Work
from tests.kernels.cases import CPU, GEMM, MEMORY, WAYS, fresh_buffers, product, spot, stream

Product = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with fresh_buffers(monkeypatch):
        yield


@pytest.fixture(scope="module")
def device() -> CpuDevice:
    return CpuDevice()


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (4, 3, 5), (2, 7, 1)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_work_of_a_product_is_what_a_loop_counts(dtype: str, m: int, n: int, k: int) -> None:
    operations = 0
    read: set[tuple[str, int, int]] = set()
    written: set[tuple[int, int]] = set()
    for row in range(m):
        for column in range(n):
            for inner in range(k):
                operations += 2
                read |= {("a", row, inner), ("b", inner, column)}
            written.add((row, column))
    out = {"int8": 4, "fp8": 2, "mxfp8": 2, "nvfp4": 2}.get(dtype, itemsize(dtype))
    number = {"mxfp8": 1 + 1 / 32, "nvfp4": 1 / 2 + 1 / 16}.get(dtype, itemsize(dtype))
    moved = len(read) * number + len(written) * out
    assert GEMM.work(product(dtype, m=m, n=n, k=k)) == Work(
        flop=float(operations), bytes=moved, footprint_bytes=moved, formula="2 m n k"
    )


@pytest.mark.parametrize(
    ("name", "way", "arrays", "operations"),
    [
        ("copy", None, "ca", 0),
        ("copy", "elementwise", "ca", 0),
        ("scale", None, "ca", 1),
        ("add", None, "cab", 1),
        ("triad", None, "cab", 2),
        ("read", "sum", "a", 1),
        ("read", "dot", "ab", 2),
        ("write", "fill", "c", 0),
        ("write", "memset", "c", 0),
    ],
)
def test_the_work_of_a_stream_is_what_a_loop_counts(
    name: str, way: str | None, arrays: str, operations: int
) -> None:
    touched, counted = set(), 0
    for element in range(4096):
        touched |= {(array, element) for array in arrays}
        counted += operations
    work = MEMORY.work(stream(name, way, 4096))
    assert (work.bytes, work.footprint_bytes) == (4.0 * len(touched), 4.0 * len(touched))
    assert work.flop == counted


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["nt", "nn"])
def test_every_product_is_right_or_unsupported_with_a_reason(
    device: CpuDevice, dtype: str, layout: str
) -> None:
    try:
        check = device.check(GEMM, product(dtype, layout))
    except UnsupportedError as error:
        reason = str(error)
    else:
        reason = ""
        assert check.passed
        assert check.error <= check.tolerance == gemm.TOLERANCE[dtype]
        assert check.shape == "112 x 96 x 512"
    assert not reason or dtype in ("tf32", "fp8", "fp16", "bf16", "int8", "mxfp8", "nvfp4")


@pytest.mark.parametrize("dtype", ["fp64", "fp32"])
def test_the_formats_that_every_cpu_has_are_supported(device: CpuDevice, dtype: str) -> None:
    assert device.check(GEMM, product(dtype)).passed


def test_a_cpu_that_computes_tf32_in_full_has_no_tf32(device: CpuDevice) -> None:
    with pytest.raises(UnsupportedError, match="no tf32"):
        device.check(GEMM, product("tf32"))


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_every_stream_and_way_is_right(device: CpuDevice, name: str, way: str) -> None:
    check = device.check(MEMORY, stream(name, way))
    assert check.passed
    assert (check.tolerance, check.shape) == (memory.TOLERANCE, str(spots.CHECKED))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b: torch.zeros(a.shape[0], b.shape[1]),
        lambda a, b: (a @ b) * 1.0001,
        lambda a, b: a[:, 1:] @ b[1:],
        lambda a, b: torch.full((a.shape[0], b.shape[1]), math.nan),
    ],
    ids=["zeros", "a little off", "one term missing", "not a number"],
)
def test_a_wrong_product_fails_the_check(wrong: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        gemm,
        "_call",
        lambda _point, left, right, _out: partial(wrong, left.vectors, right.vectors.t()),
    )
    check = GEMM.check(product(), CPU)
    assert not check.passed
    assert check.error > check.tolerance


@pytest.mark.parametrize("name", STREAMS)
def test_a_wrong_stream_fails_the_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = memory._stream

    def wrong(point: Point, arrays: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> object:
        return lambda: real(point, arrays)() * 1.001 + 0.01

    monkeypatch.setattr(memory, "_stream", wrong)
    assert not MEMORY.check(stream(name), CPU).passed


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_the_inputs_of_a_stream_stay_as_they_were_drawn(name: str, way: str) -> None:
    point = stream(name, way)
    a, b, _ = inputs.buffers(3, 8192, "fp32", "normal", CPU)
    before = a.clone(), b.clone()
    for call in MEMORY.build(point, CPU, 0.0).calls:
        call()
    assert torch.equal(a, before[0])
    assert torch.equal(b, before[1])


@pytest.mark.parametrize("layout", ["nt", "nn"])
@pytest.mark.parametrize("dtype", ["fp64", "fp32", "bf16"])
def test_the_timed_product_passes_its_spot_check(dtype: str, layout: str) -> None:
    check = spot(GEMM.build(product(dtype, layout, m=64, n=48, k=80), CPU, 0.0))
    assert (check.passed, check.shape) == (True, "8 x 8 x 80")


@pytest.mark.parametrize("dtype", ["fp64", "bf16", "int8"])
def test_the_spot_check_notices_a_product_left_out(dtype: str) -> None:
    task = GEMM.build(product(dtype, m=64, n=48, k=80), CPU, 0.0)
    task.calls[0]()
    assert not spot(task, calls=0).passed


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_the_timed_stream_passes_its_spot_check(name: str, way: str) -> None:
    assert spot(MEMORY.build(stream(name, way), CPU, 0.0)).passed


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_the_spot_check_notices_a_stream_left_out(name: str, way: str) -> None:
    task = MEMORY.build(stream(name, way), CPU, 0.0)
    task.calls[0]()
    assert not spot(task, calls=0).passed


def test_the_spot_check_notices_a_sum_that_is_not_the_arrays() -> None:
    task = MEMORY.build(stream("read"), CPU, 0.0)
    assert task.spot_check is not None
    assert not task.spot_check(torch.tensor(1e6)).passed


def test_memcpy_and_memset_are_refused_off_the_host() -> None:
    meta = torch.empty(4096, device="meta")
    for way in memory.HOST_ONLY:
        with pytest.raises(UnsupportedError, match=f"{way} works on host memory only"):
            memory._bytes_call(way, meta, meta)
