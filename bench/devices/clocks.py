"""Whether an accelerator's timing events can be trusted, and what timing by the host costs."""

import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.devices.api import NOT_DONE, Api

if TYPE_CHECKING:
    import torch

PROBE_S, PROBE_SIDE, PROBES = 0.005, 512, 9
MOST_CALLS = 1 << 16
AGREES = (0.2, 1.05)
"""Plausible ratio of event time to host time for a load that keeps the device busy."""


def events(
    api: Api, device: "torch.device", wait: Callable[[], object]
) -> Callable[[], Any] | None:
    """Returns a factory of timing events, None where there are none or they are wrong.

    A plug-in's events may count nothing, or count in other units than torch's milliseconds; a
    load that the host's clock times as well reveals that.

    Args:
        api: calls of the device's type.
        device: the device, idle.
        wait: synchronizes with it.
    """
    make = api.event()
    if make is None:
        return None
    try:
        share = _share(make, device, wait)
    except (*NOT_DONE, ZeroDivisionError):
        return None
    return make if AGREES[0] <= share <= AGREES[1] else None


def _share(make: Callable[[], Any], device: "torch.device", wait: Callable[[], object]) -> float:
    """Returns the time of a load by events over its time by the host's clock."""
    import torch

    a = torch.ones((PROBE_SIDE, PROBE_SIDE), device=device)
    torch.mm(a, a)  # the first call loads code
    calls = 1
    while True:
        first, last = make(), make()
        wait()
        start_s = time.perf_counter()
        first.record()
        for _ in range(calls):
            torch.mm(a, a)
        last.record()
        wait()
        wall_s = time.perf_counter() - start_s
        if wall_s >= PROBE_S or calls >= MOST_CALLS:
            return float(first.elapsed_time(last)) * 1e-3 / wall_s
        calls *= 2


def overhead_s(wait: Callable[[], object]) -> float:
    """Returns how long synchronizing with an idle device takes, in seconds."""
    taken = []
    for _ in range(PROBES):
        wait()
        start_s = time.perf_counter()
        wait()
        taken.append(time.perf_counter() - start_s)
    return median(taken)
