"""Runs of the fake device for the tests of the gate, each measured once."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.__main__ import main
from bench.chips.load import catalogue
from bench.devices.fake import RATES, FakeDevice, FakeSpec
from bench.gate.compare import compare
from bench.gate.model import Finding, Row, Run, Speed, Taken, Terms
from bench.gate.recorded import run_of
from bench.measure.item import Item
from bench.measure.runner import Order, Watcher, Weighted, run
from bench.measure.session import LocalSession
from bench.records.model import Measurement, Record
from bench.records.store import write
from bench.units import Dimension

SHAPE: dict[str, int | str] = {"m": 4096, "n": 4096, "k": 4096}
ITEMS = (
    Item("memory", "fp32", variant="copy"),
    Item("memory", "fp32", variant="triad"),
    Item("gemm", "bf16", fixed=SHAPE),
)
QUIET = 0.004


@cache
def record(
    seed: int = 1, loss: float = 0.0, items: tuple[int, ...] = (0, 1, 2), **told: object
) -> Record:
    """A record of some of ``ITEMS`` on a fake device whose software lost a share of every rate.

    ``told`` are fields of the device's spec; it is a quiet one otherwise.
    """
    plain = replace(FakeSpec(seed=seed, noise_level=QUIET), **told)  # type: ignore[arg-type]  # its fields
    rates = {dtype: rate * (1 - loss) for dtype, rate in RATES.items()}
    spec = replace(plain, rates=rates, bandwidth=plain.bandwidth * (1 - loss))
    chosen = tuple(Weighted(ITEMS[number], 1.0) for number in items)
    with TemporaryDirectory() as folder:
        order = Order("test", 3.0 * len(items), chosen, 0.01, "h20", Path(folder), {})
        return run(LocalSession(FakeDevice(spec)), order, catalogue(), Watcher())


def as_run(one: Record) -> Run:
    """The record as the gate compares it."""
    return run_of(one, catalogue())


def changed(one: Record, change: Callable[[Measurement], Measurement | None]) -> Record:
    """A record with each measurement changed, or left out where ``change`` gives none."""
    kept = [new for old in one.measurements if (new := change(old))]
    return one.model_copy(update={"measurements": tuple(kept)})


def laid_out(folder: Path) -> Path:
    """The folder, with a record before and three after."""
    for name, one in {
        "before": record(1), "same": record(2), "slow": record(2, 0.03),
        "clock": record(2, clock_share=0.96),
    }.items():  # fmt: skip
        write(one, folder / f"{name}.json")
    return folder


def gate(*words: str) -> int:
    return main(["gate", *words])


def judged(now: Record, *before: Record, terms: Terms | None = None) -> Finding:
    return compare(as_run(now), [as_run(one) for one in before], terms or Terms())


def of(finding: Finding, word: str) -> Row:
    """The one row whose title has a word in it."""
    (row,) = [row for row in finding.rows if word in row.taken.title]
    return row


def words(finding: Finding) -> dict[str, str]:
    return {row.taken.title.split(", ")[-1]: row.verdict.value for row in finding.rows}


def of_eight(one: Record) -> Record:
    """A record that says that it was measured beside seven other devices."""
    return one.model_copy(update={"settings": {**one.settings, "together": 8}})


def taken(name: str = "a", value: float = 100.0, **told: object) -> Taken:
    """A measurement of some speed, exactly known."""
    plain: dict[str, object] = {
        "name": (name,), "title": name, "parameters": {}, "shape": "", "moves": False,
        "status": "ok", "reason": "", "speed": Speed(value, 0.001, 0.001, 30), "shown": f"{value}",
        "dimension": Dimension.FLOP_RATE, **told,
    }  # fmt: skip
    return Taken(**plain)  # type: ignore[arg-type]  # the fields of the class
