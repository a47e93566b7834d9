"""Memory below torch on a CUDA or ROCm device: results and bounds; nothing here asserts a speed.

pytest tests/gpu -m gpu -s
"""

import pytest
import torch

from bench.devices.cuda import CudaDevice
from bench.kernels.capacity import LEAST_BYTES
from bench.kernels.common.base import Point
from bench.kernels.gather import ROWS, TRITON, WAYS
from bench.kernels.latency import SETS
from bench.kernels.launch import LABELS
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Measurement


def measured(device: CudaDevice, name: str, variant: str = "", seconds: float = 1.0) -> Measurement:
    """A measurement that is whole and whose result was checked."""
    done = measure_item(device, Item(name, "fp32", variant=variant), Plan(seconds))
    assert (done.status, done.reason) == ("ok", None)
    assert done.check is not None
    assert done.check.passed
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.timing is not None
    return done


@pytest.mark.parametrize("named", ["32KiB", "48KiB", "1MiB", "24MiB", "256MiB", "4GiB"])
def test_a_working_set_is_read_whole(device: CudaDevice, named: str) -> None:
    done = measured(device, "cache", named)
    assert done.timing is not None
    assert done.work is not None
    print(f"{named}: {done.work.bytes / done.timing.stats.median_s / 1e9:.0f} GB/s")  # noqa: T201 -- read by whoever runs it


@pytest.mark.parametrize("named", SETS)
def test_a_chain_is_followed_to_its_end(device: CudaDevice, named: str) -> None:
    done = measured(device, "latency", named)
    assert done.timing is not None
    assert done.work is not None
    print(f"{named}: {done.timing.stats.median_s / done.work.items * 1e9:.1f} ns")  # noqa: T201 -- read by whoever runs it


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_gathered(device: CudaDevice, row: str) -> None:
    measured(device, "gather", row)


@pytest.mark.parametrize("way", [*WAYS, TRITON])
@pytest.mark.parametrize("row", ROWS)
def test_a_gather_is_right_in_every_way(device: CudaDevice, row: str, way: str) -> None:
    point = Point("gather", "fp32", parameters={"row": row, "rows": 1000, "way": way})
    assert device.check(kernel("gather"), point).passed


@pytest.mark.parametrize("what", LABELS)
def test_every_overhead_is_measured(device: CudaDevice, what: str) -> None:
    done = measured(device, "launch", what)
    assert done.timing is not None
    assert done.work is not None
    print(f"{what}: {done.timing.stats.median_s / done.work.items * 1e6:.2f} µs")  # noqa: T201 -- read by whoever runs it


def test_memory_is_filled_and_given_back(device: CudaDevice) -> None:
    device.release()
    free, total = torch.cuda.mem_get_info()
    done = measured(device, "capacity")
    assert done.work is not None
    print(f"{done.work.footprint_bytes:.0f} of {total} bytes")  # noqa: T201 -- read by whoever runs it
    assert 0.9 * free < done.work.footprint_bytes <= free
    assert done.work.footprint_bytes % LEAST_BYTES == 0
    assert torch.cuda.mem_get_info()[0] >= free - 2**28
    copy = Point("memory", "fp32", parameters={"stream": "copy", "elements": 4096})
    assert device.check(kernel("memory"), copy).passed
