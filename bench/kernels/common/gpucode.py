"""The name of the GPU code that a call runs, and the tile of the result that the name tells of."""

import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

NAME_LENGTH = 160
"""As much of a name as is kept: those of templates run to thousands of characters."""

PRODUCTS = re.compile(r"gemm|nvjet|cutlass|xmma|Cijk", re.IGNORECASE)
NO_CODE = ("Memcpy", "Memset")

TILES = (
    re.compile(r"tilesize(\d+)x(\d+)"),
    re.compile(r"_MT(\d+)x(\d+)x\d+"),
    re.compile(
        r"C<(?:\(int\))?(\d{2,})>, cute::C<(?:\(int\))?(\d{2,})>, cute::C<(?:\(int\))?\d{2,}>"
    ),
    re.compile(r"_(\d+)x(\d+)(?:x\d+)?(?=_|$)"),
)
"""How names tell their tile: cuBLAS's xmma, ROCm's Tensile, CUTLASS 3 (the first triple of two
digits and more, since clusters are smaller), then all others (nvjet, CUTLASS 2, ampere_...)."""


def tile(name: str) -> str | None:
    """Returns rows x columns of the result that one block of a matrix product works out.

    They are in the library's own order: cuBLAS and hipBLASLt work on columns first, so that the
    first number is along torch's n. None where the name tells none.
    """
    if not PRODUCTS.search(name):
        return None
    found = next((hit for one in TILES if (hit := one.search(name))), None)
    return f"{found[1]}x{found[2]}" if found else None


def observed(call: Callable[[], object], device: "torch.device") -> dict[str, float | str]:
    """Returns the ``code`` that a call spends most time in and its ``tile``, as far as known.

    The call is run once more, under torch's profiler, and again where that saw nothing; on a CPU,
    or where the profiler fails, nothing is returned.
    """
    if device.type != "cuda":
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how long the profiler keeps what it saw
            name = _longest(call, device) or _longest(call, device)
    except Exception:  # noqa: BLE001 -- a profiler that fails must not cost the measurement
        return {}
    if not name:
        return {}
    found = tile(name)
    return {"code": name[:NAME_LENGTH], **({"tile": found} if found else {})}


def _longest(call: Callable[[], object], device: "torch.device") -> str:
    """Returns the name of the GPU code that took longest in one call, empty if none was seen."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        call()
        torch.cuda.synchronize(device)
    events = [one for one in seen.events() or () if one.device_type.name == "CUDA"]
    codes = [one for one in events if not one.name.startswith(NO_CODE)]
    longest = max(codes, key=lambda one: one.time_range.elapsed_us(), default=None)
    return str(longest.name) if longest else ""
