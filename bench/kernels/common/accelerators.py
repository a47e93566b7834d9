"""What kernels ask of any accelerator's torch module: to wait, to free, for streams and units.

Device types other than CUDA bring modules of their own with the same calls; one that lacks a call
that a kernel cannot do without lacks the kernel.
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
"""What torch calls it that a GPU has no memory but the host's: GB10, Jetson, MI300A, an iGPU."""


def module(device: "torch.device") -> Any:  # noqa: ANN401 -- of whatever type the plug-in has
    """Returns torch's module of a device's type, such as ``torch.npu``; a CPU has CUDA's."""
    import torch

    return torch.cuda if device.type == "cpu" else torch.get_device_module(device.type)


def waiter(device: "torch.device") -> Callable[[], object]:
    """Returns what waits for an accelerator; to find it takes longer than to call it."""
    wait: Callable[..., object] = module(device).synchronize
    return wait if device.type == "mps" else partial(wait, device)


def synchronize(device: "torch.device") -> None:
    """Waits for an accelerator."""
    waiter(device)()


def empty_cache(device: "torch.device") -> None:
    """Gives what torch holds for reuse back to the device, where torch can be told to."""
    if device.type != "cpu" and hasattr(module(device), "empty_cache"):
        module(device).empty_cache()


def all_memory(device: "torch.device") -> float:
    """Returns the bytes that a device says it has in all.

    Raises:
        UnsupportedError: it does not say.
    """
    asked = getattr(module(device), "mem_get_info", None)
    told = asked(device) if asked else None
    if not told or not told[1]:
        untold = f"{device.type} does not tell how much memory it has"
        raise UnsupportedError(f"{untold}: nothing bounds what is filled")
    return float(told[1])


def shares_memory(device: "torch.device") -> bool:
    """Tells whether a device's memory is the host's: to fill it takes the whole machine down."""
    if device.type in SHARES:
        return True
    asked = getattr(module(device), "get_device_properties", None)
    told = asked(device) if asked else None
    return any(getattr(told, name, False) for name in INTEGRATED)


def streams(device: "torch.device") -> Any:  # noqa: ANN401 -- as above
    """Returns the module, which has streams.

    Raises:
        UnsupportedError: it has none.
    """
    found = module(device)
    if not all(hasattr(found, name) for name in ("Stream", "stream", "current_stream")):
        raise UnsupportedError(f"torch has no streams on {device.type}: one copy at a time")
    return found


def unit_count(device: "torch.device") -> int | None:
    """Returns how many SMs, CUs or cores a device says it has."""
    asked = getattr(module(device), "get_device_properties", None)
    told = asked(device) if asked else None
    named = ("multi_processor_count", "gpu_subslice_count", "cube_core_num")
    counts = (getattr(told, name, None) for name in named)
    return next((int(one) for one in counts if one), None)
