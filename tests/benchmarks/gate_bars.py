"""How often the gate calls identical code slower, and how often it finds a true regression.

python tests/benchmarks/gate_bars.py [pairs of runs of each noise] [noise ... | cap]

Every run is of the whole suite quick, through the real loop on the fake device, with a seed of its
own; a pair is a run and the one before it. A pair counts as false if any of its rows is called
slower. A found one is a pair in which a device that lost 3% has a row that is called slower; how
many of its rows are is told, too. ``cap`` alone is of short loads at a power cap: eight rates that
each meet another part of a swing of the clock, beside one to eight runs of the same.
"""

import math
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import beta
from tabulate import tabulate

from bench.chips.load import catalogue
from bench.devices.fake import RATES, FakeDevice, FakeSpec
from bench.gate.compare import compare
from bench.gate.model import Finding, Run, Speed, Taken, Terms, Verdict
from bench.gate.recorded import run_of
from bench.gate.speed import LEVEL, student
from bench.judging.throttle import SWING
from bench.measure.item import Item
from bench.measure.runner import Order, Watcher, Weighted, run
from bench.measure.session import LocalSession
from bench.units import Dimension

NOISIEST = (
    ("heavy", 0.05), ("correlated", 0.05), ("bursts", 0.05), ("periodic", 0.05),
    ("lognormal", 0.05), ("white", 0.05),
)  # fmt: skip
STREAMS = ("copy", "scale", "add", "triad", "read", "write")
DTYPES = ("fp8", "tf32", "bf16", "fp16", "fp32", "fp64", "int8")
LOSS, LOSS_NOISE = 0.03, 0.01


@dataclass(frozen=True)
class Tally:
    """What a number of pairs said."""

    pairs: int
    hit: int
    rows: Counter[Verdict]
    codes: Counter[int]

    @property
    def share(self) -> str:
        """Returns the share of pairs with a row that is slower, with its exact 95% interval."""
        low = float(beta.ppf(0.025, self.hit, self.pairs - self.hit + 1)) if self.hit else 0.0
        most = self.pairs - self.hit
        high = float(beta.ppf(0.975, self.hit + 1, most)) if most else 1.0
        return f"{self.hit}/{self.pairs} = {self.hit / self.pairs:.1%} ({low:.1%}-{high:.1%})"


def items() -> tuple[Weighted, ...]:
    """Returns the items of suite quick."""
    streams = [Weighted(Item("memory", "fp32", variant=one), 1.0) for one in STREAMS]
    return (*streams, *(Weighted(Item("gemm", one), 2.5) for one in DTYPES))


@dataclass(frozen=True)
class Case:
    """What a run measures, in how many seconds, and how many runs it is set beside."""

    items: tuple[Weighted, ...]
    seconds: float
    runs: int = 1


WHOLE = Case(items(), 48.0)


def measured(spec: FakeSpec, case: Case = WHOLE) -> Run:
    """Returns a whole run on a fake device, through the loop that measures real ones."""
    with tempfile.TemporaryDirectory() as folder:
        order = Order("quick", case.seconds, case.items, 0.01, "h20", Path(folder), {})
        record = run(LocalSession(FakeDevice(spec)), order, catalogue(), Watcher())
    return run_of(record, catalogue())


def slowed(spec: FakeSpec, loss: float) -> FakeSpec:
    """Returns a device whose software lost a share of every rate, at the same clock."""
    return replace(
        spec,
        rates={dtype: rate * (1 - loss) for dtype, rate in RATES.items()},
        bandwidth=spec.bandwidth * (1 - loss),
    )


def findings(
    noise: str, level: float, pairs: int, loss: float = 0.0, *, case: Case = WHOLE
) -> Iterator[Finding]:
    """Yields what the gate finds of each run beside those right before it, as CI would.

    A run that lost some of its rates is set beside runs that did not.
    """
    specs = [FakeSpec(noise=noise, noise_level=level, seed=1000 + seed) for seed in range(pairs)]
    before: deque[Run] = deque(maxlen=case.runs)
    for seed in range(case.runs):
        before.append(measured(FakeSpec(noise=noise, noise_level=level, seed=seed), case))
    for spec in specs:
        plain = measured(spec, case)
        now = measured(slowed(spec, loss), case) if loss else plain
        yield compare(now, list(before), Terms())
        before.append(plain)


def swung(draw: np.random.Generator, loss: float) -> Run:
    """Returns a run of eight short loads at a power cap, 0.3% apart but for the clock's swings."""
    swings = SWING / 2 * np.sin(draw.uniform(0, 2 * np.pi, 8))
    speeds = (1 - loss) * 1e12 * np.exp(swings + 0.003 * draw.standard_normal(8))
    rows = (_short_load(f"row {row}", float(speed)) for row, speed in enumerate(speeds))
    return Run("now", "", "", {}, tuple(rows))


def _short_load(title: str, value: float) -> Taken:
    """Returns a rate with the least error that the gate gives a load of that kind."""
    swing = math.log1p(SWING) / student(30, 0.5 + LEVEL / 2)
    speed = Speed(value, 0.001, 0.001, 30, swing)
    return Taken((title,), title, {}, "", False, "ok", "", speed, "", Dimension.FLOP_RATE)


def at_a_cap(runs: int, pairs: int, loss: float) -> Iterator[Finding]:
    """Yields what the gate finds of short loads at a power cap."""
    draw = np.random.default_rng(runs)
    for _ in range(pairs):
        before = [swung(draw, 0.0) for _ in range(runs)]
        yield compare(swung(draw, loss), before, Terms())


def tally(found: Iterator[Finding]) -> Tally:
    """Counts pairs with a slower row, all rows by verdict, and exit codes."""
    rows, codes = Counter[Verdict](), Counter[int]()
    pairs = hit = 0
    for one in found:
        pairs += 1
        verdicts = Counter(row.verdict for row in one.rows)
        rows.update(verdicts)
        codes[one.code] += 1
        hit += verdicts[Verdict.SLOWER] > 0
    return Tally(pairs, hit, rows, codes)


def main() -> int:
    """Prints both bars; returns 1 if one is missed."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    wanted = sys.argv[2:] or [name for name, _ in NOISIEST]
    if wanted == ["cap"]:
        return capped(pairs)
    lines, missed = [], False
    for noise, level in NOISIEST:
        if noise in wanted:
            start = time.monotonic()
            found = tally(findings(noise, level, pairs))
            missed |= found.hit >= 0.01 * pairs
            lines.append(_line(f"identical, {noise} {level:.0%}", found, start))
            print(lines[-1], flush=True)
    for runs in (1, 4):
        start = time.monotonic()
        found = tally(findings("white", LOSS_NOISE, pairs, LOSS, case=replace(WHOLE, runs=runs)))
        missed |= found.hit < 0.95 * pairs and runs == 1
        lines.append(_line(f"3% slower, white 1%, against {runs} run(s)", found, start))
        print(lines[-1], flush=True)
    columns = ["case", "pairs with a slower row", "rows", "exit codes", "took"]
    print(tabulate(lines, columns, "github"))
    return int(missed)


def capped(pairs: int) -> int:
    """Prints false alarms, and losses of 6% found, at a power cap; returns 1 if a bar is missed."""
    lines, missed = [], False
    for runs in (1, 3, 4, 5, 8):
        for loss in (0.0, 0.06):
            start = time.monotonic()
            found = tally(at_a_cap(runs, pairs, loss))
            missed |= not loss and found.hit >= 0.01 * pairs
            lines.append(_line(f"{loss:.0%} slower, against {runs} run(s)", found, start))
    print(tabulate(lines, ["case", "a slower row", "rows", "exit codes", "took"], "github"))
    return int(missed)


def _line(name: str, found: Tally, start: float) -> list[str]:
    rows = ", ".join(f"{count} {word.value}" for word, count in found.rows.most_common())
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(found.codes.items()))
    return [name, found.share, rows, codes, f"{time.monotonic() - start:.0f} s"]


if __name__ == "__main__":
    sys.exit(main())
