"""Sets our figures beside what a user would pick instead, on one device in one call.

    python tests/benchmarks/against_peers.py [device] [repeats] [seconds of ours]

The peers' methods are done anew here from their descriptions: mamf-finder's (50
warm-up and 100 timed products a shape, each between two events and after a buffer is zeroed) in its
quick mode, 79 values of m beside n = k = 4096, and over a grid of 64 shapes (on a CPU fewer of
both), Triton's ``do_bench`` and ``torch.utils.benchmark`` on
the one shape that people type, BabelStream's triad (2^25 doubles, best of 100) and nvbandwidth's
copies (512 MiB of pinned memory, median of 3). All take turns, so that drift hits all alike; a
figure's spread is that of its repeats, each of which is told on stderr as it comes. Our burst
stands beside the best of many short windows (the best shape, the best of a hundred), our sustained
figure beside medians; of the searched product both of ours are shown, since its burst is a best of
20 ms and theirs a mean.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import product

import torch
from tabulate import tabulate

from bench.devices.base import Device
from bench.devices.registry import open_device
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan

QUICK = [(m, 4096, 4096) for m in range(256, 20480, 256)]
QUICK_CPU = [(m, 512, 512) for m in range(256, 2048, 256)]
GRID = list(product((1024, 2048, 4096, 8192), repeat=3))
GRID_CPU = list(product((256, 512, 1024), repeat=3))
TYPED, TYPED_CPU = 8192, 1024
WARM, TIMED = 50, 100
FLUSH_BYTES = 256 * 2**20
TRIAD_ELEMENTS = 1 << 25
COPY_BYTES = 512 * 2**20
COPIES = 3


@dataclass
class Method:
    """A way to come to one figure.

    Attributes:
        rate: runs it once and returns operations or bytes a second.
        rates, seconds: what its runs gave, and took.
    """

    figure: str
    name: str
    rate: Callable[[], float]
    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def main() -> int:
    """Prints the table; returns 1 if a figure of ours is more than 1% below a peer's."""
    words = sys.argv[1:]
    device = open_device(words[0] if words else "auto")
    repeats = int(words[1]) if len(words) > 1 else 5
    seconds = float(words[2]) if len(words) > 2 else 5.0
    found = list(methods(device, seconds))
    for turn, one in product(range(repeats), found):
        device.release()
        start = time.perf_counter()
        one.rates.append(one.rate())
        one.seconds.append(time.perf_counter() - start)
        told = f"{turn}\t{one.figure}\t{one.name}\t{one.rates[-1]:.6g}\t{one.seconds[-1]:.3f}"
        print(told, file=sys.stderr, flush=True)
    print(f"{device.info().name}, torch {torch.__version__}, {repeats} turns")
    ours: dict[str, Method] = {}
    for one in found:  # the first of each figure is set beside all others
        ours.setdefault(one.figure, one)
    print(tabulate([row(one, ours[one.figure]) for one in found], COLUMNS, "github"))
    behind = [one for one in found if middle(ours[one.figure]) < 0.99 * middle(one)]
    return 1 if behind else 0


COLUMNS = ("figure", "method", "median", "range over median", "seconds", "ours over it")


def middle(one: Method) -> float:
    """Returns the median of a method's runs."""
    return statistics.median(one.rates)


def row(one: Method, ours: Method) -> list[str]:
    """Returns a method's line: median, spread, time, and our median over it."""
    spread = (max(one.rates) - min(one.rates)) / middle(one)
    return [
        one.figure, one.name, f"{middle(one) / 1e9:,.1f} G/s", f"{spread:.2%}",
        f"{statistics.median(one.seconds):.1f}", f"{middle(ours) / middle(one):.3f}",
    ]  # fmt: skip


def methods(device: Device, seconds: float) -> Iterator[Method]:
    """Yields every method that this device allows, ours first of each figure."""
    place = torch.device("cuda" if device.info().backend == "cuda" else "cpu")
    on_gpu = place.type == "cuda"
    dtype = "bf16" if on_gpu else "fp32"
    size = TYPED if on_gpu else TYPED_CPU
    figure = f"{dtype} product"
    searched = ours(device, Item("gemm", dtype), seconds, burst=True)
    yield Method(figure, "onpaper, shape searched, burst", searched)
    kept = ours(device, Item("gemm", dtype), seconds)
    yield Method(figure, "onpaper, shape searched, sustained", kept)
    for name, shapes in (
        ("quick mode", QUICK if on_gpu else QUICK_CPU), ("grid", GRID if on_gpu else GRID_CPU)
    ):  # fmt: skip
        words = f"mamf-finder's method, {name}, {len(shapes)} shapes"
        yield Method(figure, words, mamf(place, dtype, shapes))
    typed: dict[str, int | str] = {"m": size, "n": size, "k": size}
    one_shape = f"{dtype} product, {size} cubed"
    fixed = Item("gemm", dtype, fixed=typed)
    yield Method(one_shape, "onpaper, fixed shape, sustained", ours(device, fixed, seconds / 3))
    yield Method(one_shape, "torch.utils.benchmark", torch_timer(place, dtype, size))
    if on_gpu:
        yield Method(one_shape, "triton.testing.do_bench", do_bench(place, dtype, size))
    triad = Item("memory", "fp32", variant="triad")
    yield Method("triad", "onpaper, burst", ours(device, triad, seconds / 3, burst=True))
    yield Method("triad", "BabelStream's method", babelstream(place))
    if on_gpu:
        yield from copies(device, place, seconds)


def copies(device: Device, place: torch.device, seconds: float) -> Iterator[Method]:
    """Yields the copies from and to the host."""
    for variant, to_device in (("to-device", True), ("to-host", False)):
        item = Item("host_link", "fp32", variant=variant)
        yield Method(f"host copy {variant}", "onpaper", ours(device, item, seconds / 3))
        told = nvbandwidth(place, to_device=to_device)
        yield Method(f"host copy {variant}", "nvbandwidth's method", told)


def ours(device: Device, item: Item, seconds: float, *, burst: bool = False) -> Callable[[], float]:
    """Returns the sustained or burst figure of one of our measurements, as a user would read it."""

    def rate() -> float:
        done = measure_item(device, item, Plan(seconds))
        if done.timing is None or done.work is None:
            raise SystemExit(f"{item.label}: {done.status}: {done.reason}")
        amount = done.work.flop if item.kernel == "gemm" else done.work.bytes
        stats = done.timing.stats
        return amount / (stats.burst_s if burst else stats.median_s)

    return rate


def operands(place: torch.device, dtype: str, m: int, n: int, k: int) -> tuple[torch.Tensor, ...]:
    """Returns A, B laid out as a linear layer's weight, and C."""
    kind = {"bf16": torch.bfloat16, "fp32": torch.float32}[dtype]
    a = torch.randn(m, k, device=place, dtype=kind)
    b = torch.randn(n, k, device=place, dtype=kind).t()
    return a, b, torch.empty(m, n, device=place, dtype=kind)


def seconds_of(call: Callable[[], object], place: torch.device) -> float:
    """Returns the time of one call, by events on a GPU."""
    if place.type == "cpu":
        start = time.perf_counter()
        call()
        return time.perf_counter() - start
    first = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
    last = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
    first.record()
    call()
    last.record()
    torch.cuda.synchronize()
    return float(first.elapsed_time(last)) * 1e-3


def mamf(place: torch.device, dtype: str, shapes: Sequence[tuple[int, ...]]) -> Callable[[], float]:
    """Returns mamf-finder's headline: the best over shapes of the mean of the timed products."""
    warm, timed = (WARM, TIMED) if place.type == "cuda" else (3, 10)

    def rate() -> float:
        flush = torch.empty(FLUSH_BYTES // 4, dtype=torch.int32, device=place)
        best = 0.0
        for m, n, k in shapes:
            a, b, out = operands(place, dtype, m, n, k)
            taken = []
            for number in range(warm + timed):
                flush.zero_()
                took = seconds_of(lambda: torch.mm(a, b, out=out), place)  # noqa: B023 -- at once
                taken += [took] if number >= warm else []
            best = max(best, 2.0 * m * n * k / statistics.mean(taken))
        return best

    return rate


def torch_timer(place: torch.device, dtype: str, size: int) -> Callable[[], float]:
    """Returns the rate by ``blocked_autorange``, on as many threads as we use."""
    from torch.utils import benchmark

    def rate() -> float:
        a, b, out = operands(place, dtype, size, size, size)
        timer = benchmark.Timer(
            "torch.mm(a, b, out=out)",
            globals={"torch": torch, "a": a, "b": b, "out": out},
            num_threads=torch.get_num_threads(),
        )
        return 2.0 * size**3 / timer.blocked_autorange().median

    return rate


def do_bench(place: torch.device, dtype: str, size: int) -> Callable[[], float]:
    """Returns the rate by the median of Triton's ``do_bench``."""
    triton_do_bench = import_module("triton.testing").do_bench  # comes with torch for GPUs

    def rate() -> float:
        a, b, out = operands(place, dtype, size, size, size)
        milliseconds = triton_do_bench(lambda: torch.mm(a, b, out=out), return_mode="median")
        return float(2.0 * size**3 / (milliseconds * 1e-3))

    return rate


def babelstream(place: torch.device) -> Callable[[], float]:
    """Returns BabelStream's triad: the best of 100 over three arrays of 2^25 doubles."""

    def rate() -> float:
        b, c = (torch.full((TRIAD_ELEMENTS,), one, dtype=torch.float64, device=place)
                for one in (0.2, 0.1))  # fmt: skip
        a = torch.empty_like(b)
        taken = [seconds_of(lambda: torch.add(b, c, alpha=0.4, out=a), place) for _ in range(100)]
        return 3 * 8 * TRIAD_ELEMENTS / min(taken[1:])

    return rate


def nvbandwidth(place: torch.device, *, to_device: bool) -> Callable[[], float]:
    """Returns the rate of pinned copies, the median of three."""

    def rate() -> float:
        host = torch.empty(COPY_BYTES, dtype=torch.uint8, pin_memory=True)
        there = torch.empty(COPY_BYTES, dtype=torch.uint8, device=place)
        source, target = (host, there) if to_device else (there, host)
        taken = []
        for _ in range(COPIES + 1):
            torch.cuda.synchronize()
            taken.append(seconds_of(lambda: target.copy_(source, non_blocking=True), place))
        return COPY_BYTES / statistics.median(taken[1:])

    return rate


if __name__ == "__main__":
    sys.exit(main())
