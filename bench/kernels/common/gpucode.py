"""The name of the GPU kernel that a call runs, and the output tile encoded in the name."""

import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

NAME_LENGTH = 160
"""Characters kept of a name; names of template instances have thousands."""

PRODUCTS = re.compile(r"gemm|nvjet|cutlass|xmma|Cijk", re.IGNORECASE)
"""Names of kernels that multiply matrices."""
NO_CODE = ("Memcpy", "Memset")
"""Prefixes of profiler events that are no kernels."""

TILES = (
    re.compile(r"tilesize(\d+)x(\d+)"),
    re.compile(r"_MT(\d+)x(\d+)x\d+"),
    re.compile(
        r"C<(?:\(int\))?(\d{2,})>, cute::C<(?:\(int\))?(\d{2,})>, cute::C<(?:\(int\))?\d{2,}>"
    ),
    re.compile(r"_(\d+)x(\d+)(?:x\d+)?(?=_|$)"),
)
"""Tile patterns in kernel names: cuBLAS's xmma, ROCm's Tensile, CUTLASS 3 (the first triple of
numbers above 9, since cluster shapes are smaller), then all others (nvjet, CUTLASS 2, ampere_...).
"""


def tile(name: str) -> str | None:
    """Returns the output tile of one thread block, such as ``128x256``; None if unknown.

    The order is the library's: cuBLAS and hipBLASLt are column-major, so that the first number is
    along torch's n.
    """
    if not PRODUCTS.search(name):
        return None
    found = next((hit for one in TILES if (hit := one.search(name))), None)
    return f"{found[1]}x{found[2]}" if found else None


def observed(call: Callable[[], object], device: "torch.device") -> dict[str, float | str]:
    """Returns the GPU kernel that a call spends most time in (``code``), and its ``tile``.

    The call is run under torch's profiler, and once more if that saw nothing. The result is empty
    except on CUDA devices, and if the profiler fails.
    """
    if device.type != "cuda":
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the lifetime of the profiler's events
            name = _longest(call, device) or _longest(call, device)
    except Exception:  # noqa: BLE001 -- a failing profiler must not spoil the measurement
        return {}
    if not name:
        return {}
    found = tile(name)
    return {"code": name[:NAME_LENGTH], **({"tile": found} if found else {})}


def _longest(call: Callable[[], object], device: "torch.device") -> str:
    """Returns the name of the GPU kernel that took longest in one call; "" if none was seen."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        call()
        torch.cuda.synchronize(device)
    events = [one for one in seen.events() or () if one.device_type.name == "CUDA"]
    codes = [one for one in events if not one.name.startswith(NO_CODE)]
    longest = max(codes, key=lambda one: one.time_range.elapsed_us(), default=None)
    return str(longest.name) if longest else ""
