"""Sets the search for the best matrix shape beside an exhaustive sweep over the same space.

    python tests/benchmarks/search_against_sweep.py [device] [dtype] [share of the sweep's time]

The sweep tries every shape and layout as the search would, then measures its leaders again; so
does the comparison: the winners of both are measured in turn, and those rates are compared, not
the best of many noisy trials.
"""

import random
import sys

from tabulate import tabulate

from bench.devices.base import Device
from bench.devices.registry import open_device
from bench.kernels.common.base import Kernel, Point
from bench.kernels.registry import kernel
from bench.measure.grid import Grid
from bench.measure.search import TRIAL_CALLS, TRIAL_S, search

LEADERS = 8
TURNS = 7


def main() -> int:
    """Prints the comparison; returns 1 if the search found less than 0.99 of the sweep's best."""
    words = sys.argv[1:]
    device = open_device(words[0] if words else "auto")
    dtype = words[1] if len(words) > 1 else "fp32"
    share = float(words[2]) if len(words) > 2 else 1 / 20
    gemm = kernel("gemm")
    space = gemm.space(gemm.pilot(dtype, "normal"), device.limits())
    leaders, swept_s = sweep(device, gemm, space)
    found, told = search(device, gemm, space, share * swept_s)
    rates = in_turn(device, gemm, [found, *leaders])
    best = max(rates[1:])
    rows = [
        ["sweep", str(len(space)), f"{swept_s:.1f}", f"{best / 1e9:.1f}", "1.000"],
        ["search", str(len(told.trials)), f"{told.took_s:.1f}", f"{rates[0] / 1e9:.1f}",
         f"{rates[0] / best:.3f}"],
    ]  # fmt: skip
    print(f"{device.info().name}, {dtype}; search's own estimate of what more would gain: "
          f"{told.gain_estimate:.1%}")  # fmt: skip
    print(
        tabulate(
            rows,
            ["", "shapes", "seconds", "GFLOP/s, measured again", "ratio"],
            "github",
            disable_numparse=True,
        )
    )
    return 0 if rates[0] >= 0.99 * best else 1


def sweep(device: Device, gemm: Kernel, space: list[Point]) -> tuple[list[Point], float]:
    """Times every configuration as the search's trials do; returns the leaders and the seconds."""
    start = device.now()
    order = list(range(len(space)))
    random.Random(1).shuffle(order)  # noqa: S311 -- no secret
    rates = {}
    for number in order:
        prepared = device.prepare(gemm, space[number])
        first = device.time(prepared, 1).seconds
        batch = max(1, int(TRIAL_S / TRIAL_CALLS / first) + 1)
        best = min(device.time(prepared, batch).seconds / batch for _ in range(TRIAL_CALLS))
        rates[number] = gemm.work(space[number]).flop / best
    leaders = sorted(rates, key=lambda number: rates[number], reverse=True)[:LEADERS]
    return [Grid(space).points[number] for number in leaders], device.now() - start


def in_turn(device: Device, gemm: Kernel, points: list[Point]) -> list[float]:
    """Returns the median rate of each point over several turns, so that drift hits all alike."""
    times: list[list[float]] = [[] for _ in points]
    for _ in range(TURNS):
        for number, point in enumerate(points):
            prepared = device.prepare(gemm, point)
            first = device.time(prepared, 1).seconds
            calls = max(1, int(0.05 / first))
            times[number].append(device.time(prepared, calls).seconds / calls)
    middle = [sorted(turns)[TURNS // 2] for turns in times]
    return [gemm.work(p).flop / t for p, t in zip(points, middle, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
