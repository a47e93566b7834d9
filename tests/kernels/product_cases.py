"""What tests of matrix products share: a product of a form, and buffers that are its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from bench.kernels.common.base import Point
from bench.kernels.common.precision import set_precision
from bench.kernels.registry import kernel
from tests.kernels.cases import fresh_buffers

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
GEMM = kernel("gemm")


@contextmanager
def plain_products(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small buffers of its own, and full precision when it ends."""
    with fresh_buffers(monkeypatch):
        yield
    set_precision("fp32")


def product(dtype: str, variant: str = "", **sizes: int) -> Point:
    """A matrix product of a form."""
    pilot = GEMM.pilot(dtype, "normal", variant)
    return Point("gemm", dtype, parameters={**pilot.parameters, **sizes})
