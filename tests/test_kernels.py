"""The kernels on CPU torch: work counted by hand, results checked, inputs as asked for."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from bench.devices.cpu import CpuDevice
from bench.devices.torchdevice import PreparedTask, translated
from bench.kernels import gemm, memory
from bench.kernels.common import inputs, products
from bench.kernels.common.base import (
    DATA,
    Limits,
    Point,
    Task,
    UnsupportedError,
    itemsize,
    torch_dtype,
)
from bench.kernels.common.precision import set_precision
from bench.kernels.gemm import DTYPES
from bench.kernels.memory import STREAMS
from bench.kernels.registry import kernel
from bench.records.model import Check, Work

CPU = torch.device("cpu")
GEMM = kernel("gemm")
MEMORY = kernel("memory")
ROOMY = Limits(1e12, 32e6, is_cpu=False)
Product = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
WAYS = [
    (stream, way) for stream in STREAMS for way in memory.WAYS.get(stream, ("torch",))
]  # fmt: skip


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Buffers are kept between calls; here each test starts and ends without."""
    monkeypatch.setattr(products, "LEAST_POOL", 1 << 12)
    inputs.release()
    torch.manual_seed(0)
    yield
    inputs.release()


@pytest.fixture(scope="module")
def device() -> CpuDevice:
    return CpuDevice()


def product(dtype: str = "fp32", layout: str = "nt", **sizes: int) -> Point:
    """A matrix product."""
    return Point("gemm", dtype, parameters={"m": 4, "n": 3, "k": 5, **sizes, "layout": layout})


def stream(name: str, way: str | None = None, elements: int = 8192) -> Point:
    """A memory stream."""
    told: dict[str, int | str] = {"stream": name, "elements": elements}
    told |= {"way": way} if way else {}
    return Point("memory", "fp32", parameters=told)


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
    assert (check.tolerance, check.shape) == (memory.TOLERANCE, str(memory.CHECKED))


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


def spot(task: Task, calls: int = 1) -> Check:
    """The spot check of a task, after so many calls since its results were overwritten."""
    assert task.spot_check is not None
    task.spoil()
    last = [task.calls[0]() for _ in range(calls)]
    return task.spot_check(last[-1] if last else None)


@pytest.mark.parametrize("pilot_dtype", ["fp32", "bf16", "fp8"])
@pytest.mark.parametrize(("is_cpu", "favoured"), [(True, 4096), (False, 8192)])
def test_the_space_begins_with_favoured_shapes_and_has_no_shape_twice(
    pilot_dtype: str, favoured: int, *, is_cpu: bool
) -> None:
    space = GEMM.space(GEMM.pilot(pilot_dtype, "zeros"), Limits(1e12, 32e6, is_cpu=is_cpu))
    sizes = products.CPU_SIZES if is_cpu else products.ACCELERATOR_SIZES
    layouts = 1 if pilot_dtype == "fp8" else 2
    assert len({str(point) for point in space}) == len(space) == layouts * len(sizes) ** 3
    assert [space[0].size(name) for name in "mnk"] == [favoured] * 3
    assert {point.data for point in space} == {"zeros"}
    assert {point.size(name) for point in space for name in "mnk"} == set(sizes)


@pytest.mark.parametrize("memory_bytes", [1e6, 1e7, 1e8, 1e9])
def test_no_shape_of_the_space_takes_more_than_the_memory_given(memory_bytes: float) -> None:
    pilot = GEMM.pilot("fp32", "normal")
    space = GEMM.space(pilot, Limits(memory_bytes, 32e6, is_cpu=True))
    whole = GEMM.space(pilot, Limits(1e15, 32e6, is_cpu=True))
    assert space == [p for p in whole if GEMM.work(p).footprint_bytes <= memory_bytes]
    assert 0 < len(space) < len(whole) or memory_bytes == 1e9


@pytest.mark.parametrize(
    ("dtype", "cpu", "layouts"),
    [
        ("int8", True, {"nt", "nn"}),
        *((dtype, False, {"nt"}) for dtype in ("int8", "fp8", "mxfp8", "nvfp4")),
        *((dtype, True, {"nt"}) for dtype in ("fp8", "mxfp8", "nvfp4")),
    ],
)
def test_a_layout_that_a_library_does_badly_is_no_part_of_the_space(
    dtype: str, cpu: bool, layouts: set[str]
) -> None:
    space = GEMM.space(GEMM.pilot(dtype, "normal"), Limits(1e12, 32e6, is_cpu=cpu))
    assert {str(point.parameters["layout"]) for point in space} == layouts


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(
    ("limits", "array_bytes"),
    [
        (Limits(1e12, 32 * 2**20, is_cpu=True), 256 * 2**20),
        (Limits(1e12, 512 * 2**20, is_cpu=True), 4 * 512 * 2**20),
        (Limits(1e12, 50 * 2**20, is_cpu=False), 2**31),
        (Limits(3 * 2**20, 32 * 2**20, is_cpu=True), 2**20),
        (Limits(0.0, 32 * 2**20, is_cpu=True), 4 * 4096),
    ],
    ids=["small cache", "large cache", "accelerator", "little memory", "no memory"],
)
def test_streams_are_sized_by_cache_and_memory(name: str, limits: Limits, array_bytes: int) -> None:
    pilot = Point("memory", "fp32", "zeros", {"stream": name, "elements": 1 << 18})
    space = MEMORY.space(pilot, limits)
    assert {point.size("elements") * 4 for point in space} == {array_bytes}
    ways = [str(point.parameters["way"]) for point in space]
    assert ways == [
        way for one, way in WAYS if one == name and (limits.is_cpu or way not in memory.HOST_ONLY)
    ]
    assert {point.data for point in space} == {"zeros"}


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


def test_calls_take_their_turn_over_the_buffers() -> None:
    log: list[int] = []
    task = PreparedTask(Task([partial(log.append, number) for number in range(3)]))
    task.run(2)
    task.run(5)
    assert log == [0, 1, 2, 0, 1, 2, 0]
    assert task.spot_check() is None


@pytest.mark.parametrize("dtype", DTYPES)
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


def test_memcpy_and_memset_are_refused_off_the_host() -> None:
    meta = torch.empty(4096, device="meta")
    for way in memory.HOST_ONLY:
        with pytest.raises(UnsupportedError, match=f"{way} works on host memory only"):
            memory._bytes_call(way, meta, meta)


def test_fp32_is_full_unless_tf32_is_asked_for() -> None:
    matmul = torch.backends.cuda.matmul
    seen = []
    for dtype in ("tf32", "fp32", "tf32", "bf16"):
        set_precision(dtype)
        seen.append(matmul.fp32_precision == "tf32")
        assert matmul.allow_tf32 is seen[-1]  # torch raises here where its two switches differ
    assert seen == [True, False, True, False]


@pytest.mark.parametrize(
    ("error", "unsupported"),
    [
        (NotImplementedError(""), True),
        (RuntimeError("\"addmm_impl_cpu_\" not implemented for 'Float8_e4m3fn'"), True),
        (RuntimeError("Could not run 'aten::_int_mm'"), True),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling `cublasLtMatmul`"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ARCH_MISMATCH when calling `cublas`"), True),
        (RuntimeError("torch._scaled_mm is only supported on CUDA devices with compute"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (RuntimeError(""), False),
    ],
)
def test_a_missing_operation_is_told_from_a_failure(
    error: RuntimeError, *, unsupported: bool
) -> None:
    told = translated(error)
    assert isinstance(told, UnsupportedError) is unsupported
    assert (told is error) is not unsupported


@pytest.mark.parametrize(
    "text", ["CUDA out of memory", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublas`"]
)
def test_want_of_room_is_told_from_a_failure(text: str) -> None:
    assert isinstance(translated(RuntimeError(text)), MemoryError)


@pytest.mark.parametrize(
    ("hip", "architecture", "kind", "expected"),
    [
        (None, "NVIDIA H100", "cuda", torch.float8_e4m3fn),
        ("6.4", "gfx942:sramecc+:xnack-", "cuda", torch.float8_e4m3fnuz),
        ("7.0", "gfx950:sramecc+:xnack-", "cuda", torch.float8_e4m3fn),
        ("6.4", "gfx942:sramecc+:xnack-", "cpu", torch.float8_e4m3fn),
    ],
)
def test_fp8_is_the_kind_that_the_chip_multiplies(
    hip: str | None,
    architecture: str,
    kind: str,
    expected: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.version, "hip", hip)
    told = SimpleNamespace(gcnArchName=architecture)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: told)
    assert torch_dtype("fp8", torch.device(kind)) == expected
    assert torch_dtype("bf16", torch.device(kind)) == torch.bfloat16
