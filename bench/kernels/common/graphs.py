"""Calls captured as CUDA graphs: replayed, they cost the host next to nothing to launch."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from bench.kernels.common.base import UnsupportedError

if TYPE_CHECKING:
    import torch

WARM_UPS = 3
"""Calls before a capture, as torch asks for: libraries load code and make room in the first."""

Result = TypeVar("Result")


def captured(body: Callable[[], Result], device: "torch.device") -> Callable[[], Result]:
    """Returns the replay of a call's work on the device, which leaves its result in one place.

    Raises:
        RuntimeError: the call does what cannot be captured.
        UnsupportedError: torch captures graphs of CUDA devices only.
    """
    import torch

    if device.type not in ("cuda", "cpu"):
        raise UnsupportedError("graphs are captured on CUDA devices only")

    beside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's
    beside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(beside):
        for _ in range(WARM_UPS):
            body()
    torch.cuda.current_stream(device).wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = body()

    def replay() -> Result:
        graph.replay()
        return result

    return replay


def captured_if_possible(
    body: Callable[[], Result], device: "torch.device"
) -> Callable[[], Result]:
    """Returns the replay, or the call itself where it cannot be captured or there are no graphs."""
    if device.type != "cuda":
        return body
    try:
        return captured(body, device)
    except RuntimeError:
        return body
