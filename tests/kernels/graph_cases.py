"""A stand-in for what captures graphs in ``torch.cuda``, over tensors of the CPU.

It does as torch 2.11 does: of a capture that fails, the current stream, the random generator and
the allocator are left as they were in it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

from bench.kernels.common import graphs

REFUSED = "operation not permitted when stream is capturing"


class Capture(TorchFunctionMode):
    """Keeps what torch is asked to do, as a graph of kernels does, and does none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels: list[Callable[[], object]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.kernels.append(partial(func, *args, **(kwargs or {})))
        return args[0]

    def replay(self) -> None:
        for one in self.kernels:
            one()


class Generator:
    """A device's random generator."""

    def __init__(self, _: object = None) -> None:
        self.is_captured = self.is_seeded = False

    def seed(self) -> None:
        self.is_seeded = True

    def graphsafe_set_state(self, other: "Generator") -> None:
        self.is_captured, self.is_seeded = other.is_captured, other.is_seeded


class Cuda:
    """The calls of ``torch.cuda``, and what state they left it in.

    Attributes:
        made: the graphs that were begun.
        streams: the streams that were made.
        current: the stream that work goes to.
        underway: the pools of memory that captures are taking from.
        released: the pools that nobody but their tensors holds any more.
        waits: what becomes of an operation that waits: 0 nothing, "error" an error.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[Capture] = []
        self.streams: list[SimpleNamespace] = []
        self.current = self.main = SimpleNamespace(wait_stream=lambda _: None)
        self.generator = Generator()
        self.underway: list[tuple[int, int]] = []
        self.released: list[tuple[int, int]] = []
        self.waits: object = 0
        calls = {
            "Stream": self.new_stream, "current_stream": lambda _: self.current,
            "stream": self.stream, "CUDAGraph": self.new_graph, "graph": self.capture,
            "get_sync_debug_mode": lambda: self.waits, "set_sync_debug_mode": self.set_waits,
            "default_generators": {0: self.generator},
            "graph_pool_handle": lambda: (0, len(self.made)),
        }  # fmt: skip
        for name, call in calls.items():
            monkeypatch.setattr(torch.cuda, name, call)
        monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", self.end, raising=False)
        monkeypatch.setattr(torch._C, "_cuda_releasePool", self.release, raising=False)
        monkeypatch.setattr(torch, "Generator", Generator)
        monkeypatch.setattr(graphs, "_capture_stream", cache(graphs._capture_stream.__wrapped__))

    def new_stream(self, _: object) -> SimpleNamespace:
        self.streams.append(SimpleNamespace(wait_stream=lambda _: None))
        return self.streams[-1]

    def new_graph(self) -> Capture:
        self.made.append(Capture())
        return self.made[-1]

    def set_waits(self, waits: object) -> None:
        self.waits = waits

    @contextmanager
    def stream(self, one: SimpleNamespace) -> Iterator[None]:
        before, self.current = self.current, one
        try:
            yield
        finally:
            self.current = before

    @contextmanager
    def capture(
        self, graph: Capture, *, pool: tuple[int, int], stream: SimpleNamespace
    ) -> Iterator[None]:
        """Ends well, or where the device refused something leaves everything as it is."""
        if self.underway:
            raise RuntimeError("captures_underway.empty() INTERNAL ASSERT FAILED")
        before, self.current, self.generator.is_captured = self.current, stream, True
        self.underway.append(pool)
        try:
            with graph:
                yield
        except RuntimeError as error:
            if str(error) == REFUSED:
                raise
            self.leave(before, pool)
            raise
        self.leave(before, pool)

    def leave(self, stream: SimpleNamespace, pool: tuple[int, int]) -> None:
        """Ends a capture as torch does; its graph gives the pool back when it goes."""
        self.current, self.generator.is_captured = stream, False
        self.underway.remove(pool)

    def end(self, index: int, pool: tuple[int, int]) -> None:
        """Takes no more for a capture."""
        if index != 0 or pool not in self.underway:
            raise RuntimeError("endAllocatePool: not currently recording to mempool_id")
        self.underway.remove(pool)

    def release(self, index: int, pool: tuple[int, int]) -> None:
        assert index == 0
        self.released.append(pool)

    def wait(self) -> None:
        """Waits for the device, as copying to the host does."""
        if self.waits == "error":
            raise RuntimeError("called a synchronizing CUDA operation")
        if self.generator.is_captured:
            raise RuntimeError(REFUSED)
