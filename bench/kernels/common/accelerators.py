"""Calls of any accelerator's torch module that kernels need: synchronize, free, streams, units.

Device types other than CUDA have torch modules with the same calls. A kernel is unsupported if the
module lacks a call that it needs.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.kernels.common.base import UnsupportedError

if TYPE_CHECKING:
    import torch

SHARES = ("cpu", "mps")
"""Device types whose memory is the host's."""

INTEGRATED = ("is_integrated", "is_integrated_gpu")
"""torch's properties of a GPU that uses the host's memory: GB10, Jetson, MI300A, an iGPU."""


def module(device: "torch.device") -> Any:  # noqa: ANN401 -- of whatever type the plug-in has
    """Returns torch's module of a device's type, such as ``torch.npu``; for a CPU, CUDA's."""
    import torch

    return torch.cuda if device.type == "cpu" else torch.get_device_module(device.type)


def waiter(device: "torch.device") -> Callable[[], object]:
    """Returns the call that synchronizes with an accelerator, for use in timed code."""
    wait: Callable[..., object] = module(device).synchronize
    return wait if device.type == "mps" else partial(wait, device)


def synchronize(device: "torch.device") -> None:
    """Synchronizes with an accelerator."""
    waiter(device)()


def empty_cache(device: "torch.device") -> None:
    """Empties torch's cache of device memory, where torch has such a call."""
    if device.type != "cpu" and hasattr(module(device), "empty_cache"):
        module(device).empty_cache()


def all_memory(device: "torch.device") -> float:
    """Returns the total memory that a device reports, in bytes.

    Raises:
        UnsupportedError: it does not report any.
    """
    query = getattr(module(device), "mem_get_info", None)
    info = query(device) if query else None
    if not info or not info[1]:
        problem = f"{device.type} does not report how much memory it has"
        raise UnsupportedError(f"{problem}: nothing bounds what is filled")
    return float(info[1])


def shares_memory(device: "torch.device") -> bool:
    """Returns whether a device uses the host's memory, which must not be filled up."""
    if device.type in SHARES:
        return True
    return any(getattr(_properties(device), name, False) for name in INTEGRATED)


def _properties(device: "torch.device") -> Any:  # noqa: ANN401 -- as above
    """Returns the device properties; None if the module has no such call."""
    query = getattr(module(device), "get_device_properties", None)
    return query(device) if query else None


def streams(device: "torch.device") -> Any:  # noqa: ANN401 -- as above
    """Returns torch's module of a device's type, which is known to have streams.

    Raises:
        UnsupportedError: it has no streams.
    """
    owner = module(device)
    if not all(hasattr(owner, name) for name in ("Stream", "stream", "current_stream")):
        raise UnsupportedError(f"torch has no streams on {device.type}: one copy at a time")
    return owner


def unit_count(device: "torch.device") -> int | None:
    """Returns the number of SMs, CUs or cores that a device reports; None if it does not."""
    names = ("multi_processor_count", "gpu_subslice_count", "cube_core_num")
    counts = (getattr(_properties(device), name, None) for name in names)
    return next((int(count) for count in counts if count), None)
