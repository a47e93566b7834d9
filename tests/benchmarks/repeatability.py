"""Repeats one point many times and prints how well burst and sustained figures repeat.

python tests/benchmarks/repeatability.py [device] [repeats] [seconds a point]
"""

import statistics
import sys

from tabulate import tabulate

from bench.devices.registry import open_device
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan

SHAPE: dict[str, int | str] = {"m": 1024, "n": 1024, "k": 1024}


def main() -> int:
    """Prints coefficient of variation and range; returns 1 if the burst's is above 4%."""
    words = sys.argv[1:]
    device = open_device(words[0] if words else "auto")
    repeats = int(words[1]) if len(words) > 1 else 12
    seconds = float(words[2]) if len(words) > 2 else 2.0
    item = Item("gemm", "fp32", fixed=SHAPE)
    burst, sustained, took = [], [], []
    for _ in range(repeats):
        done = measure_item(device, item, Plan(seconds))
        assert done.timing is not None, done.reason
        assert done.work is not None
        burst.append(done.work.flop / done.timing.stats.burst_s / 1e9)
        sustained.append(done.work.flop / done.timing.stats.median_s / 1e9)
        took.append(done.took_s)
    rows = [row("burst", burst), row("sustained", sustained)]
    print(f"{device.info().name}, fp32 1024 x 1024 x 1024, {repeats} times, "
          f"{statistics.median(took):.2f} s each")  # fmt: skip
    print(tabulate(rows, ["", "median GFLOP/s", "CV", "range"], "github"))
    return 0 if statistics.stdev(burst) <= 0.04 * statistics.mean(burst) else 1


def row(name: str, rates: list[float]) -> list[str]:
    """Returns a figure's median, coefficient of variation and range over median."""
    middle = statistics.median(rates)
    spread = statistics.stdev(rates) / statistics.mean(rates)
    return [name, f"{middle:.1f}", f"{spread:.1%}", f"{(max(rates) - min(rates)) / middle:.1%}"]


if __name__ == "__main__":
    sys.exit(main())
