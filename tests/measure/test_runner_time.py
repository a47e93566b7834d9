"""The time of a run: what is spent, saved and handed on."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.config import compose
from bench.devices.fake import FakeDevice, FakeSpec
from bench.devices.noise import NOISES
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.runner import LEAST_S, LOST, Watcher, Weighted, budget_s, lost, run
from bench.measure.session import LocalSession, Progress, WorkerDiedError
from bench.measure.suite import items
from bench.records.model import Measurement
from bench.shapes import RunConfig
from tests.measure.runner_cases import COPY, order


def test_the_time_of_a_lost_measurement_is_spent(tmp_path: Path, sheets: Catalogue) -> None:
    class Dying(LocalSession):
        def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
            time.sleep(0.05)
            raise WorkerDiedError(f"{item.label} of {plan.budget_s} at {progress}")

    done = run(Dying(FakeDevice()), order(tmp_path, COPY), sheets, Watcher())
    assert 0.05 <= done.measurements[0].took_s < 10.0
    assert done.took_s == done.measurements[0].took_s


def test_what_a_lost_measurement_was_about_is_kept() -> None:
    assert lost(COPY, "gone", 1.5) == Measurement(
        kernel="memory", dtype="fp32", data="normal", figures=("memory_bandwidth",),
        status="failed", reason="worker lost: gone", took_s=1.5,
        parameters={"stream": "copy", "elements": 1 << 18}, label="copy",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "reason", "took_s", "left_s"),
    [
        ("failed", f"{LOST}no answer", 67.0, 3.0),
        ("failed", f"{LOST}ended at once", 2.0, 4.0),
        ("failed", "wrong result", 67.0, LEAST_S),
        ("ok", None, 67.0, LEAST_S),
        ("ok", None, 5.0, 2.5),
    ],
)
def test_a_hang_takes_none_of_the_time_of_others(
    state: str,
    reason: str | None,
    took_s: float,
    left_s: float,
    tmp_path: Path,
    sheets: Catalogue,
) -> None:
    """Three items of three seconds: what the first leaves is shared by the two after it."""
    plans: list[float] = []

    class Slow(LocalSession):
        def measure(self, item: Item, plan: Plan, progress: Progress) -> Measurement:
            plans.append(plan.budget_s)
            done = super().measure(item, replace(plan, budget_s=1.0), progress)
            update = {"status": state, "reason": reason, "took_s": took_s, "setup_s": 1.0}
            return done.model_copy(update=update) if len(plans) == 1 else done

    whole = order(tmp_path, COPY, COPY, COPY, seconds=9.0)
    done = run(Slow(FakeDevice()), whole, sheets, Watcher())
    assert plans[:2] == pytest.approx([3.0, left_s])
    assert done.measurements[0].took_s == took_s


@pytest.mark.parametrize(
    ("number", "spent_s", "expected"),
    [
        (0, 0.0, 10 * 1 / 8),
        (1, 1.25, 8.75 * 2 / 7),
        (1, 0.25, 9.75 * 2 / 7),  # what the first saved is shared
        (2, 3.0, 7.0),
        (2, 9.9, LEAST_S),  # too little is left: the least
        (2, 50.0, LEAST_S),
    ],
)
def test_what_an_item_saves_is_handed_on_by_weight(
    number: int, spent_s: float, expected: float, tmp_path: Path
) -> None:
    weighted = tuple(Weighted(COPY, weight) for weight in (1.0, 2.0, 5.0))
    whole = replace(order(tmp_path, seconds=10.0), items=weighted)
    assert budget_s(whole, number, spent_s) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("suite", "seconds", "noise"),
    [("smoke", 6.0, "white"), *(("quick", 48.0, noise) for noise in NOISES)],
)
def test_a_suite_takes_the_time_it_says_or_a_little_less(
    suite: str, seconds: float, noise: str, tmp_path: Path, sheets: Catalogue
) -> None:
    config = compose("run", [f"suite={suite}", "device=fake"], RunConfig)
    whole = replace(order(tmp_path, seconds=config.suite.seconds), items=items(config))
    device = FakeDevice(FakeSpec(noise=noise))
    done = run(LocalSession(device), whole, sheets, Watcher())
    assert config.suite.seconds == seconds
    assert 0.8 * seconds <= done.took_s <= 1.02 * seconds
    assert device.now() == pytest.approx(done.took_s, rel=0.001)
