"""What all tests of kernels share."""

from collections.abc import Iterator

import pytest
import torch

from bench.kernels.common import inputs


@pytest.fixture(autouse=True)
def drawn_alike() -> Iterator[None]:
    """Random numbers are the same in each test, and no test leaves inputs behind."""
    torch.manual_seed(0)
    yield
    inputs.release()
