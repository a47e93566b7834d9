"""A simulated fleet on disk: what the ranking finds of it, how long it takes, how much it holds.

    python -m tests.benchmarks.fleet_simulated write FOLDER devices repeats [seed]
    python -m tests.benchmarks.fleet_simulated bars [fleets]

``write`` makes whole records, from those of the fake device: chips differ by 0.5%, runs by 0.3%,
and some devices are slow by 5% for a cause of their own, which ``truth.csv`` tells. ``bars`` tries
the rule on fleets of 1,000 devices, measured by the fake device on whose noise the records' own
intervals rest: how often a figure has a false alarm, and how often a device slow by 5% is found.
"""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from bench.chips.load import catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.devices.noise import NOISES
from bench.fleet.gather import QUANTILE
from bench.fleet.outliers import outliers
from bench.judging.plausible import disturbances
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.measure.runner import Order, Watcher, Weighted, run
from bench.measure.session import LocalSession
from bench.records.model import Record

CHIPS, RUNS, SLOW = 0.005, 0.003, 0.05
NODE = 8
CAUSES = ("chip", "memory", "link", "hot", "cap")
SHARE = 0.005
ITEMS = (
    Item("gemm", "bf16", fixed={"m": 8192, "n": 8192, "k": 8192, "layout": "nt"}),
    Item("gemm", "fp8", fixed={"m": 8192, "n": 8192, "k": 8192, "layout": "nt"}),
    Item("memory", "fp32", variant="copy"),
    Item("memory", "fp32", variant="triad"),
    Item("host_link", "fp32", variant="to-device"),
)
AFFECTED = {
    "chip": ("gemm",), "memory": ("memory",), "link": ("host_link",), "hot": ("gemm",),
    "cap": ("gemm",),
}  # fmt: skip


def template(folder: Path, seconds: float = 1.0) -> Record:
    """Returns a record of the fake device as the H20."""
    weighted = tuple(Weighted(item, 1.0) for item in ITEMS)
    order = Order("smoke", seconds, weighted, 0.01, "h20", folder, {"margin": 0.1})
    session = LocalSession(FakeDevice(FakeSpec(noise="white", noise_level=0.01)))
    return run(session, order, catalogue(), Watcher())


def scaled(data: Any, factor: float, cause: str) -> None:
    """Makes one measurement slower by a factor, with the marks of its cause."""
    timing = data["timing"]
    for key in ("samples_s", "rested_s"):
        timing[key] = [one * factor for one in timing[key]]
    for key in ("median_s", "low_s", "high_s", "burst_s"):
        timing["stats"][key] *= factor
    seen = data["conditions"]
    if cause in ("hot", "cap"):
        seen["clock_hz"] = [one / (1 + SLOW) for one in seen["clock_hz"]]
    if cause == "hot":
        seen["temperature_c"] = [one + 20 for one in seen["temperature_c"]]
        seen["throttle"] = ["software thermal slowdown"]
    if cause == "cap":
        seen["throttle"] = ["software power cap"]


def devices(count: int, seed: int) -> Iterator[tuple[int, str, list[float]]]:
    """Yields each device: its number, what is wrong with it, how it differs by chance."""
    draw = np.random.default_rng(seed)
    for number in range(count):
        wrong = str(draw.choice(CAUSES)) if draw.random() < SHARE else ""
        yield number, wrong, list(draw.normal(0, CHIPS, len(ITEMS)))


def written(told: tuple[str, str, int, int, list[tuple[int, str, list[float]]]]) -> int:
    """Writes the records of some devices."""
    folder, text, repeats, seed, some = told
    for number, wrong, own in some:
        draw = np.random.default_rng((seed, number))
        for turn in range(repeats):
            data = json.loads(text)
            stamp = f"202611{1 + turn % 28:02}-{number:06}"
            data |= {"id": f"{stamp}-fake-{turn:03}", "started_utc": _started(turn, number)}
            data["machine"]["node"] = f"n{number // NODE:05}"
            data["device"]["index"] = number % NODE
            for one, chip in zip(data["measurements"], own, strict=True):
                hit = wrong and one["kernel"] in AFFECTED[wrong]
                factor = (1 + SLOW if hit else 1.0) * np.exp(draw.normal(0, RUNS) - chip)
                scaled(one, float(factor), wrong if hit else "")
            place = Path(folder) / data["started_utc"][:10]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{data['id']}.json").write_text(json.dumps(data, indent=1))
    return len(some) * repeats


def _started(turn: int, number: int) -> str:
    hours, minutes = divmod(number // 60 % 1440, 60)
    return f"2026-11-{1 + turn % 28:02}T{hours:02}:{minutes:02}:{number % 60:02}+00:00"


def write(folder: Path, count: int, repeats: int, seed: int = 1) -> None:
    """Writes a fleet and the truth about it."""
    folder.mkdir(parents=True)
    text = template(folder / "template").model_dump_json()
    for path in (folder / "template").rglob("*.json"):
        path.unlink()
    every = list(devices(count, seed))
    chunks = [every[start : start + 100] for start in range(0, count, 100)]
    with ProcessPoolExecutor() as pool:
        made = sum(pool.map(written, [(str(folder), text, repeats, seed, one) for one in chunks]))
    lines = [f"n{number // NODE:05},{number % NODE},{wrong}" for number, wrong, _ in every if wrong]
    (folder / "truth.csv").write_text("\n".join(["node,index,cause", *lines]) + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*.json"))
    print(f"{made:,} records, {size / 1e9:.2f} GB; {len(lines)} devices are slow")


def measured(item: Item, count: int, noise: str, budget_s: float) -> list[tuple[float, float]]:
    """Returns what fake devices measure undisturbed: log rates with their standard errors."""
    found = []
    for number in range(count):
        spec = FakeSpec(seed=7_000_003 + number, noise=noise, noise_level=0.01)
        told = measure_item(FakeDevice(spec), item, Plan(budget_s), lambda _: None)
        assert told.timing
        if any(disturbances(told)):
            continue
        stats = told.timing.stats
        found.append((-np.log(stats.median_s), np.log(stats.high_s / stats.low_s) / (2 * QUANTILE)))
    return found


def bars(fleets: int = 1000, count: int = 1000, level: float = 0.002, least: float = 0.01) -> None:
    """Prints how often a figure has a false alarm, and how often a slow device is found."""
    item = Item("memory", "fp32", variant="copy")
    for noise, runs in product(NOISES[1:], (1, 3)):
        pool = np.array(measured(item, 3000, noise, 1.5))
        pool[:, 0] -= np.median(pool[:, 0])
        draw = np.random.default_rng(11)
        told = [0, 0, 0, 0]
        for _ in range(fleets):
            drawn = pool[draw.integers(len(pool), size=(count, runs))]
            logs = np.median(drawn[:, :, 0], axis=1)
            errors = np.sqrt((drawn[:, :, 1] ** 2).sum(axis=1)) / runs
            own = logs + draw.normal(0, CHIPS, count)
            told[0] += bool(_named(own, errors, level, least))
            own[0] -= np.log(1 + SLOW)
            slow = _named(own, errors, level, least)
            told[1] += 0 in slow
            told[2] += bool(slow - {0})
            told[3] += bool(_named(logs, errors, level, least))
        spread = 1.4826 * float(np.median(np.abs(pool[:, 0])))
        print(
            f"{noise:<11} {runs} runs, run to run {spread:.3%}: false alarms "
            f"{told[0] / fleets:.2%} of figures ({told[3] / fleets:.2%} where chips "
            f"are equal), a device slow by 5% found in {told[1] / fleets:.2%}, beside it a false "
            f"one in {told[2] / fleets:.2%} "
            f"({fleets} fleets of {count})"
        )


def _named(logs: Any, errors: Any, level: float, least: float) -> set[int]:
    rates = dict(enumerate(map(float, 1 + logs - np.median(logs))))
    told = dict(enumerate(map(float, errors)))
    found = outliers(rates, level, told)
    return {one.number for one in found if abs(rates[one.number] - 1) >= least}


if __name__ == "__main__":
    command, *words = sys.argv[1:]
    if command == "write":
        write(Path(words[0]), *map(int, words[1:]))
    else:
        bars(*map(int, words))
