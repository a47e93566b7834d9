"""Calls captured as CUDA graphs: replayed, they cost the host next to nothing to launch.

A capture that fails leaves torch spoilt (torch 2.11): work goes on in the stream of the capture
(``torch/cuda/graphs.py`` leaves it only after a good end), the random generator counts as captured
for good, so that whatever draws numbers raises (``CUDAGeneratorImpl.h``), and the allocator takes
the capture to go on (``CUDAGraph::capture_end``): it keeps its memory, and ``empty_cache``, with
which the next capture begins, raises. So a call that waits for the device is refused before, and
after any other failure all three are put right.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from bench.kernels.common.base import UnsupportedError

if TYPE_CHECKING:
    import torch

WARM_UPS = 3
"""Calls before a capture, as torch asks for: libraries load code and make room in the first."""

_failed: list[object] = []
"""Graphs that could not be captured: torch's allocator of host memory goes on asking them."""

Result = TypeVar("Result")


def captured(body: Callable[[], Result], device: "torch.device") -> Callable[[], Result]:
    """Returns the replay of a call's work on the device, which leaves its result in one place.

    Raises:
        RuntimeError: the call does what cannot be captured.
        UnsupportedError: torch captures graphs of CUDA devices only.
    """
    import torch

    if device.type != "cuda":
        raise UnsupportedError("graphs are captured on CUDA devices only")

    current, beside = torch.cuda.current_stream(device), _beside(device)
    beside.wait_stream(current)
    try:
        with torch.cuda.stream(beside):
            for _ in range(WARM_UPS - 1):
                body()
            with no_waits():
                body()
    finally:  # a call that waits is made in the current stream next
        current.wait_stream(beside)
    graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
    try:
        with torch.cuda.stream(current), torch.cuda.graph(graph, pool=pool, stream=beside):
            result = body()
    except RuntimeError:
        _failed.append(graph)
        _give_back(pool, device)
        _draw_anew(device)
        raise

    def replay() -> Result:
        graph.replay()
        return result

    return replay


def captured_if_possible(
    bodies: Sequence[Callable[[], Result]], device: "torch.device"
) -> list[Callable[[], Result]]:
    """Returns the replays, or the calls themselves where one cannot be captured."""
    if device.type != "cuda":
        return list(bodies)
    try:
        return [captured(one, device) for one in bodies]
    except RuntimeError:
        return list(bodies)


@contextmanager
def no_waits() -> Iterator[None]:
    """Has torch raise a ``RuntimeError`` where an operation makes the host wait for the device."""
    import torch

    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that torch does not notice every wait
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


@cache
def _beside(device: "torch.device") -> Any:  # noqa: ANN401 -- torch's streams are untyped
    """Returns the one stream of all captures: cuBLAS keeps room for each that it was called on."""
    import torch

    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's


def _give_back(pool: tuple[int, int], device: "torch.device") -> None:
    """Has the allocator end a capture that failed, and free what it took once that is unused.

    One that ended by itself, since only Python failed, is left alone: its graph gives it back.
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


def _draw_anew(device: "torch.device") -> None:
    """Gives the device's random generator a state that no capture has touched."""
    import torch

    fresh = torch.Generator(device)
    fresh.seed()
    torch.cuda.default_generators[device.index].graphsafe_set_state(fresh)
