"""Captures calls as CUDA graphs, whose replay has little launch overhead.

A failed capture leaves torch in a bad state (torch 2.11). The capture stream stays current
(``torch/cuda/graphs.py`` leaves it only on success); the random generator stays registered as
capturing, so that drawing numbers raises (``CUDAGeneratorImpl.h``); and the allocator stays in
capture mode (``CUDAGraph::capture_end``), so that it keeps its memory and ``empty_cache``, called
by the next capture, raises. So calls that synchronize are rejected before capture, and after any
other failure all three are repaired.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from bench.kernels.common.base import UnsupportedError

if TYPE_CHECKING:
    import torch

WARM_UPS = 3
"""Warm-up calls before a capture, as torch requires: libraries load modules and allocate."""

_failed: list[object] = []
"""Graphs whose capture failed, kept alive: torch's host allocator still queries them."""

Result = TypeVar("Result")


def captured(body: Callable[[], Result], device: "torch.device") -> Callable[[], Result]:
    """Captures a call as a graph and returns its replay, which writes to the same result.

    The replay holds the call too, as a graph has the addresses of its inputs but does not own them.

    Raises:
        RuntimeError: the call cannot be captured.
        UnsupportedError: torch captures graphs of CUDA devices only.
    """
    import torch

    if device.type != "cuda":
        raise UnsupportedError("graphs are captured on CUDA devices only")

    current, side = torch.cuda.current_stream(device), _capture_stream(device)
    side.wait_stream(current)
    try:
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS - 1):
                body()
            with no_waits():
                body()
    finally:  # later work runs in the current stream
        current.wait_stream(side)
    graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
    try:
        with torch.cuda.stream(current), torch.cuda.graph(graph, pool=pool, stream=side):
            result = body()
    except RuntimeError:
        _failed.append(graph)
        _release_pool(pool, device)
        _reset_generator(device)
        raise

    return partial(_replay, graph, result, body)


def _replay(graph: "torch.cuda.CUDAGraph", result: Result, _body: object) -> Result:
    graph.replay()
    return result


def captured_if_possible(
    bodies: Sequence[Callable[[], Result]], device: "torch.device"
) -> list[Callable[[], Result]]:
    """Returns the replays of the captured calls, or the calls themselves if one fails."""
    if device.type != "cuda":
        return list(bodies)
    try:
        return [captured(one, device) for one in bodies]
    except RuntimeError:
        return list(bodies)


@contextmanager
def no_waits() -> Iterator[None]:
    """Makes torch raise ``RuntimeError`` if an operation synchronizes with the device."""
    import torch

    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that it misses some synchronizations
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


@cache
def _capture_stream(device: "torch.device") -> Any:  # noqa: ANN401 -- torch's streams are untyped
    """Returns the one stream used for captures: cuBLAS keeps a workspace per stream."""
    import torch

    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's


def _release_pool(pool: tuple[int, int], device: "torch.device") -> None:
    """Ends a failed capture in the allocator, and releases its pool once unused.

    If the capture has ended by itself, because only Python code failed, its graph releases it.
    """
    import torch

    known: Any = torch._C  # noqa: SLF001 -- as ``torch.cuda.use_mem_pool`` does
    names = ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool")  # torch 2.6's last
    end = next(getattr(known, name) for name in names if hasattr(known, name))
    try:
        end(device.index, pool)
    except RuntimeError:
        return
    known._cuda_releasePool(device.index, pool)  # noqa: SLF001 -- as above


def _reset_generator(device: "torch.device") -> None:
    """Resets the device's random generator to a state without capture."""
    import torch

    fresh = torch.Generator(device)
    fresh.seed()
    torch.cuda.default_generators[device.index].graphsafe_set_state(fresh)
