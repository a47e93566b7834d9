"""On a CUDA or ROCm device: results, timing and identity; nothing here asserts a speed.

pytest tests/gpu -m gpu -s
"""

import pytest
import torch

from bench.chips.load import Catalogue
from bench.chips.match import identify
from bench.devices.cuda import CudaDevice
from bench.kernels import gemm, memory
from bench.kernels.common.base import Point, UnsupportedError
from bench.kernels.gemm import DTYPES
from bench.kernels.memory import STREAMS
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Measurement

SHAPE: dict[str, int | str] = {"m": 4096, "n": 4096, "k": 4096}
WAYS = [
    (stream, way)
    for stream in STREAMS
    for way in memory.WAYS.get(stream, ("torch",))
    if way not in memory.HOST_ONLY
]


def assert_sound(done: Measurement) -> None:
    """Fails unless a measurement is whole and the two clocks tell of the same work."""
    assert (done.status, done.reason) == ("ok", None)
    assert done.check is not None
    assert done.check.passed
    assert done.spot_check is None or done.spot_check.passed
    assert done.timing is not None
    assert done.timing.wall_ratio is not None
    assert 0.5 < done.timing.wall_ratio <= 1.02
    stats = done.timing.stats
    assert 0 < stats.low_s <= stats.median_s <= stats.high_s


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["nt", "nn"])
def test_every_product_is_right_or_unsupported_with_a_reason(
    device: CudaDevice, dtype: str, layout: str
) -> None:
    lacking = device.lacks(dtype)
    point = Point("gemm", dtype, parameters={**SHAPE, "layout": layout})
    try:
        check = device.check(kernel("gemm"), point)
    except (UnsupportedError, RuntimeError) as error:
        reason = str(error)
        assert reason
        assert lacking or torch.version.hip or (layout == "nn" and dtype in gemm.NT_ONLY)
        return
    assert check.passed
    assert check.tolerance == gemm.TOLERANCE[dtype]


@pytest.mark.parametrize(("stream", "way"), WAYS)
def test_every_stream_and_way_is_right(device: CudaDevice, stream: str, way: str) -> None:
    point = Point("memory", "fp32", parameters={"stream": stream, "elements": 4096, "way": way})
    assert device.check(kernel("memory"), point).passed


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_is_timed_by_events_that_agree_with_the_host(
    device: CudaDevice, dtype: str
) -> None:
    done = measure_item(device, Item("gemm", dtype, fixed=SHAPE), Plan(1.5))
    if done.status == "skipped":
        pytest.skip(str(done.reason))
    assert_sound(done)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_is_timed_by_events_that_agree_with_the_host(
    device: CudaDevice, stream: str
) -> None:
    assert_sound(measure_item(device, Item("memory", "fp32", variant=stream), Plan(1.5)))


def test_a_search_ends_within_its_budget(device: CudaDevice) -> None:
    done = measure_item(device, Item("gemm", "bf16"), Plan(5.0))
    assert_sound(done)
    assert done.search is not None
    assert len(done.search.trials) > 5


def test_the_device_tells_what_identifies_it_and_no_path(
    device: CudaDevice, sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    told = device.info()
    assert told.backend == "cuda"
    assert told.units is not None
    assert told.memory_bytes is not None
    identity = identify(told, sheets)
    with capsys.disabled():
        print(f"\n{told.model_dump_json(indent=1)}\n{identity.model_dump_json(indent=1)}")  # noqa: T201 -- read by whoever runs it
    assert (identity.chip is not None) == (identity.state in ("matched", "family"))
    assert "/home" not in told.model_dump_json()


def test_buffers_are_given_back(device: CudaDevice) -> None:
    """The second round is compared with the first, which made torch's own workspace."""
    point = Point("gemm", "fp32", "zeros", {**SHAPE, "layout": "nt"})
    held, left = [], []
    for _ in range(2):
        prepared = device.prepare(kernel("gemm"), point)
        device.time(prepared, 1)
        held.append(torch.cuda.memory_allocated())
        del prepared
        device.release()
        left.append(torch.cuda.memory_allocated())
    assert left[0] == left[1] < held[1]
