"""Sets our four streams beside a C program's on the same machine at the same moment.

    python tests/benchmarks/against_stream.py [rounds]

Needs gcc with OpenMP. The two take turns, so that a neighbour disturbs both; each figure is the
best seen, since both count bytes by the same formula and neither can be faster than the memory.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tabulate import tabulate

from bench.devices.cpu import CpuDevice
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan

STREAMS = ("copy", "scale", "add", "triad")
SECONDS = 2.5


def main() -> int:
    """Prints the table; returns 1 if the best of ours is below the best of the C program's."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    device = CpuDevice()
    theirs = dict.fromkeys(STREAMS, 0.0)
    ours = dict.fromkeys(STREAMS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder), elements(device))
        for _ in range(rounds):
            for stream, rate in zip(STREAMS, run(program), strict=True):
                theirs[stream] = max(theirs[stream], rate)
            for stream in STREAMS:
                ours[stream] = max(ours[stream], measure(device, stream))
    rows = [row(stream, ours[stream], theirs[stream]) for stream in STREAMS]
    best = max(ours.values()), max(theirs.values())
    print(f"{device.info().name}, {rounds} rounds")
    columns = ["stream", "onpaper GB/s", "gcc GB/s", "ratio"]
    print(tabulate([*rows, row("best", *best)], columns, "github", disable_numparse=True))
    return 0 if best[0] >= best[1] else 1


def row(name: str, ours: float, theirs: float) -> list[str]:
    """Returns one line of the table."""
    return [name, f"{ours:.2f}", f"{theirs:.2f}", f"{ours / theirs:.3f}"]


def elements(device: CpuDevice) -> int:
    """Returns how many doubles fill an array of the size that we use."""
    memory = kernel("memory")
    return memory.space(memory.pilot("fp32", "normal"), device.limits())[0].size("elements") // 2


def build(folder: Path, size: int) -> Path:
    """Compiles the C program with the options a STREAM user takes."""
    source, program = Path(__file__).with_name("stream.c"), folder / "stream"
    command = ["gcc", "-O3", "-march=native", "-fopenmp", f"-DELEMENTS={size}", "-mcmodel=medium"]
    subprocess.run([*command, str(source), "-o", str(program)], check=True)
    return program


def run(program: Path) -> list[float]:
    """Returns the C program's four best rates in GB/s."""
    done = subprocess.run([str(program)], check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def measure(device: CpuDevice, stream: str) -> float:
    """Returns our burst rate in GB/s: the fastest window, as theirs is the fastest pass."""
    done = measure_item(device, Item("memory", "fp32", variant=stream), Plan(SECONDS))
    assert done.timing is not None, done.reason
    assert done.work is not None
    return done.work.bytes / done.timing.stats.burst_s / 1e9


if __name__ == "__main__":
    sys.exit(main())
