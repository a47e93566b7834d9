"""What tests of kernels share: small buffers, points, and the spot check of a task."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
import torch

from bench.kernels import memory
from bench.kernels.common import inputs, llm, products
from bench.kernels.common.base import Point, Task
from bench.kernels.common.machinecode import architecture
from bench.kernels.memory import STREAMS
from bench.kernels.registry import kernel
from bench.records.model import Check

CPU = torch.device("cpu")
here = pytest.mark.skipif(architecture() != "x86_64", reason="machine code for x86-64")
GEMM = kernel("gemm")
MEMORY = kernel("memory")
WAYS = [
    (stream, way) for stream in STREAMS for way in memory.WAYS.get(stream, ("torch",))
]  # fmt: skip


has_triton = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="no triton")
has_blocks = pytest.mark.skipif(
    not hasattr(torch, "float4_e2m1fn_x2"), reason="this torch has no block-scaled formats"
)
has_grouped = pytest.mark.skipif(
    not hasattr(torch, "_grouped_mm"), reason="this torch has no grouped product"
)


def interpreted(program: str) -> None:
    """Runs a program whose loops in Triton are interpreted, on the CPU."""
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if "only 0-dimensional arrays can be converted to Python scalars" in done.stderr:
        pytest.skip("this Triton interprets with a numpy below 2.4 only")
    assert done.returncode == 0, done.stderr


@contextmanager
def none_kept() -> Iterator[None]:
    """Buffers are kept between calls; here none from before and none left, and the same numbers."""
    inputs.release()
    torch.manual_seed(0)
    yield
    inputs.release()


@contextmanager
def fresh_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small buffers, of which none is kept."""
    monkeypatch.setattr(products, "LEAST_POOL", 1 << 12)
    with none_kept():
        yield


@cache
def multiplies_fp8(*, by_row: bool) -> bool:
    """Tells whether this torch does it on a CPU: 2.6 not at all, 2.11 with one scale only."""
    ones = torch.ones(16, 16).to(torch.float8_e4m3fn)
    left, right = map(torch.ones, ((16, 1), (1, 16)) if by_row else ((), ()))
    try:
        torch._scaled_mm(ones, ones.t(), left, right, out_dtype=torch.bfloat16)
    except RuntimeError:
        return False
    return True


def product(dtype: str = "fp32", layout: str = "nt", **sizes: int) -> Point:
    """A matrix product."""
    return Point("gemm", dtype, parameters={"m": 4, "n": 3, "k": 5, **sizes, "layout": layout})


def stream(name: str, way: str | None = None, elements: int = 8192) -> Point:
    """A memory stream."""
    told: dict[str, int | str] = {"stream": name, "elements": elements}
    told |= {"way": way} if way else {}
    return Point("memory", "fp32", parameters=told)


def left_overwritten(task: Task) -> bool:
    """Tells whether what every call left, also before the first was timed, is made no number."""
    results = getattr(task.spoil, "__self__", None)
    assert isinstance(results, llm.Results)
    left = list(results.by_set.values())
    task.spoil()
    left += [call() for call in task.calls]
    task.spoil()
    assert len(left) == 2 * len(task.calls)
    tensors = [one for each in left for one in (each if isinstance(each, tuple) else (each,))]
    return all(isinstance(one, torch.Tensor) and bool(one.isnan().all()) for one in tensors)


def spot(task: Task, calls: int = 1) -> Check:
    """The spot check of a task, after so many calls since its results were overwritten."""
    assert task.spot_check is not None
    task.spoil()
    last = [task.calls[0]() for _ in range(calls)]
    return task.spot_check(last[-1] if last else None)
