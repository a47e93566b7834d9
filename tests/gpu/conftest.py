"""What the tests on a CUDA or ROCm device share; without one they are skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bench.devices.cuda import CudaDevice
from bench.kernels.common.precision import set_precision

MARKS = (
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA or ROCm device"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for one in items:
        if one.path.is_relative_to(Path(__file__).parent):
            for mark in MARKS:
                one.add_marker(mark)


@pytest.fixture(scope="module")
def device() -> Iterator[CudaDevice]:
    """The first device, which a module leaves as torch sets it up."""
    opened = CudaDevice(0)
    yield opened
    opened.release()
    set_precision("fp32")
