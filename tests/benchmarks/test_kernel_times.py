"""Times every kernel under pytest-benchmark; as plain tests they only run once.

pytest tests/benchmarks --benchmark-enable --benchmark-only
"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.devices.base import Device
from bench.devices.registry import open_device
from bench.kernels.common.base import Point, UnsupportedError
from bench.kernels.gemm import DTYPES
from bench.kernels.memory import STREAMS
from bench.kernels.registry import kernel

SHAPE: dict[str, int | str] = {"m": 256, "n": 256, "k": 256, "layout": "nt"}


@pytest.fixture(scope="module")
def device() -> Device:
    return open_device("auto")


def time_point(benchmark: BenchmarkFixture, device: Device, point: Point) -> None:
    found = kernel(point.kernel)
    try:
        passed = device.check(found, point).passed
        prepared = device.prepare(found, point)
    except UnsupportedError as error:
        pytest.skip(str(error))
    elapsed = benchmark(device.time, prepared, 10)
    work = found.work(point)
    benchmark.extra_info.update(flop=10 * work.flop, bytes=10 * work.bytes, **point.parameters)
    assert passed
    assert elapsed.seconds > 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_is_timed(benchmark: BenchmarkFixture, device: Device, dtype: str) -> None:
    time_point(benchmark, device, Point("gemm", dtype, parameters=SHAPE))


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_is_timed(benchmark: BenchmarkFixture, device: Device, stream: str) -> None:
    parameters: dict[str, int | str] = {"stream": stream, "elements": 1 << 20}
    time_point(benchmark, device, Point("memory", "fp32", parameters=parameters))
