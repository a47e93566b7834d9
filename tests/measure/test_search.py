"""The search for the fastest configuration, on a fake device whose best is known."""

import math
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from bench.devices.base import Elapsed, Prepared
from bench.devices.fake import FakeDevice, FakePrepared, FakeSpec
from bench.devices.noise import NOISES
from bench.kernels.common.base import Kernel, Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.grid import Grid
from bench.measure.search import (
    DEAREST_SHARE,
    HOPELESS_S,
    LEADERS,
    TRIAL_CALLS,
    TRIAL_S,
    amount,
    gain_estimate,
    search,
)

GEMM = kernel("gemm")
MEMORY = kernel("memory")
SEEDS = 12


@dataclass
class Counting(FakeDevice):
    """A fake device that remembers its single longest trial and what was prepared."""

    spec: FakeSpec = field(default_factory=FakeSpec)

    def __post_init__(self) -> None:
        super().__init__(self.spec)
        self.trial_s: list[float] = []
        self.prepared: list[Point] = []

    def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
        self.trial_s.append(0.0)
        self.prepared.append(point)
        return super().prepare(kernel, point)

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        elapsed = super().time(prepared, calls)
        self.trial_s[-1] += elapsed.seconds
        return elapsed


@cache
def space(dtype: str = "bf16") -> tuple[Point, ...]:
    """Every configuration of a product on the default fake."""
    return tuple(GEMM.space(GEMM.pilot(dtype, "normal"), FakeDevice().limits()))


def rate(point: Point) -> float:
    """The rate of a configuration without noise."""
    work = GEMM.work(point)
    return work.flop / FakeDevice().call_s(work, point)


@cache
def best_rate() -> float:
    """The best rate there is, from the whole space."""
    return max(rate(point) for point in space())


@cache
def exhaustive_s() -> float:
    """What it costs to try every configuration as a trial does."""
    device = FakeDevice()
    calls = [device.call_s(GEMM.work(point), point) for point in space()]
    return sum(call_s + max(TRIAL_CALLS * call_s, TRIAL_S) for call_s in calls)


@pytest.mark.parametrize("noise", NOISES)
def test_a_twentieth_of_the_time_of_a_sweep_finds_its_best(noise: str) -> None:
    found = []
    for seed in range(SEEDS):
        device = FakeDevice(FakeSpec(noise=noise, noise_level=0.02, seed=seed))
        point, _ = search(device, GEMM, list(space()), exhaustive_s() / 20)
        found.append(rate(point) / best_rate())
    assert min(found) >= 0.98
    assert float(np.median(found)) >= 0.99


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("budget_s", [0.2, 1.0, 5.0])
def test_the_budget_is_kept_but_for_the_trial_in_progress(noise: str, budget_s: float) -> None:
    device = Counting(FakeSpec(noise=noise, noise_level=0.02))
    _, told = search(device, GEMM, list(space()), budget_s)
    assert told.took_s <= budget_s + max(device.trial_s) + 1e-3


def test_shapes_that_would_cost_too_much_are_left_out() -> None:
    device = Counting(FakeSpec(noise="none", rates={"bf16": 1e12}))
    _, told = search(device, GEMM, list(space()), 4.0)
    assert told.left_out > 0
    dearest = max(GEMM.work(point).flop for point in device.prepared)
    assert TRIAL_CALLS * dearest / 1e12 <= DEAREST_SHARE * 4.0
    assert told.left_out + len(told.trials) <= told.space == len(space())


@pytest.mark.parametrize("stream", ["copy", "read", "write"])
def test_a_tiny_space_is_tried_whole_and_then_nothing_can_be_gained(stream: str) -> None:
    device = FakeDevice()
    pilot = Point("memory", "fp32", parameters={"stream": stream, "elements": 1 << 18})
    points = MEMORY.space(pilot, device.limits())
    point, told = search(device, MEMORY, points, 0.01)
    assert 1 < len(points) <= LEADERS
    assert point in points
    assert {tuple(trial.parameters.items()) for trial in told.trials} == {
        tuple(one.parameters.items()) for one in points
    }
    assert (told.left_out, told.gain_estimate, told.chance_next_beats_at_most) == (0, 0.0, 0.0)


def test_a_space_of_one_is_found() -> None:
    point, told = search(FakeDevice(), GEMM, [space()[0]], 0.1)
    assert (point, told.space, len(told.trials)) == (space()[0], 1, 1)


def test_a_search_ends_early_when_all_is_tried() -> None:
    points = [point for point in space() if point.size("m") == point.size("n") == point.size("k")]
    _, told = search(FakeDevice(FakeSpec(noise="none")), GEMM, points, 1000.0)
    assert len(told.trials) == told.space == len(points)
    assert told.took_s < 10.0
    assert told.gain_estimate == 0.0


def test_every_trial_is_in_the_record() -> None:
    device = Counting(FakeSpec(noise="none"))
    _, told = search(device, GEMM, list(space()), 2.0)
    tried = [dict(point.parameters) for point in device.prepared]
    recorded = [trial.parameters for trial in told.trials]
    assert all(parameters in tried for parameters in recorded)
    assert all(parameters in recorded for parameters in tried)
    for trial in told.trials:
        point = Point("gemm", "bf16", parameters=trial.parameters)
        assert trial.median_s == pytest.approx(device.call_s(GEMM.work(point), point))
        assert trial.calls >= TRIAL_CALLS - 1


def test_the_fastest_of_the_trials_wins() -> None:
    point, told = search(FakeDevice(FakeSpec(noise="none")), GEMM, list(space()), 2.0)
    assert rate(point) == max(rate(Point("gemm", "bf16", "", t.parameters)) for t in told.trials)


def test_a_search_repeats_itself() -> None:
    first, second = (search(FakeDevice(), GEMM, list(space()), 1.0) for _ in range(2))
    assert first == second


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    search(FakeDevice(), GEMM, list(space()), 0.5, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([], None),
        ([10.0, 8.0, 6.0, 5.0, 4.0], None),  # five are too few to tell
        ([10.0, 8.0, 6.0, 8.0, 6.0, 7.0], (10 - 7) / 5 / 10),
        ([10.0, 9.0, 9.0, 9.0, 9.0, 9.0, 1.0], 1 / 5 / 10),  # the seventh does not count
        ([4.0] * 6, 0.0),
    ],
)
def test_what_more_searching_could_gain_follows_from_the_top_spacings(
    rates: list[float], expected: float | None
) -> None:
    assert gain_estimate(rates) == (None if expected is None else pytest.approx(expected))


def test_the_gain_estimate_is_no_smaller_than_what_was_missed_more_often_than_not() -> None:
    rates, generator = [rate(point) for point in space()], np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        drawn = [float(one) for one in generator.choice(rates, 200, replace=False)]
        covered += (gain_estimate(drawn) or 0.0) >= best_rate() / max(drawn) - 1
    assert covered >= 100


def test_the_chance_of_the_next_draw_follows_from_the_number_drawn() -> None:
    _, short = search(FakeDevice(), GEMM, list(space()), 0.5)
    _, long = search(FakeDevice(), GEMM, list(space()), 5.0)
    assert 0.0 < long.chance_next_beats_at_most < short.chance_next_beats_at_most <= 0.95


def test_memory_counts_bytes_and_products_count_operations() -> None:
    stream = Point("memory", "fp32", parameters={"stream": "triad", "elements": 1000})
    assert amount(MEMORY, stream) == 12_000.0
    product_point = Point("gemm", "bf16", parameters={"m": 2, "n": 3, "k": 5, "layout": "nt"})
    assert amount(GEMM, product_point) == 60.0


def test_neighbours_are_one_or_two_steps_away_in_one_parameter() -> None:
    points = [
        Point("gemm", "bf16", parameters={"m": m, "layout": layout})
        for m, layout in product((1, 2, 4, 8, 16), ("nn", "nt"))
    ]
    near = [points[number].parameters for number in Grid(points).neighbours(0)]
    assert near == [
        {"m": 2, "layout": "nn"},
        {"m": 4, "layout": "nn"},
        {"m": 1, "layout": "nt"},
    ]


def test_neighbours_outside_the_space_are_none() -> None:
    points = [Point("gemm", "bf16", parameters={"m": m, "n": n}) for m, n in ((1, 1), (2, 2))]
    assert Grid(points).neighbours(0) == []


def test_noise_in_one_trial_does_not_make_a_winner() -> None:
    """A trial that reads half of the truth must not lead: the median of its trials decides."""

    class Lucky(Counting):
        def time(self, prepared: Prepared, calls: int) -> Elapsed:
            elapsed = super().time(prepared, calls)
            once = len(self.trial_s) == 5 and calls > 1 and not hasattr(self, "lucky")
            if not once:
                return elapsed
            self.lucky = True
            return Elapsed(elapsed.seconds / 2, elapsed.wall_seconds / 2)

    point, _ = search(Lucky(FakeSpec(noise="none")), GEMM, list(space()), 5.0)
    assert math.isclose(rate(point), best_rate(), rel_tol=0.01)


@pytest.mark.parametrize("hot", [0.93, 0.96])
def test_one_trial_on_a_hot_device_does_not_cost_the_best_its_place(hot: float) -> None:
    """Others were tried on a cool device: the best is tried again although six others lead."""

    class HotOnce(Counting):
        def time(self, prepared: Prepared, calls: int) -> Elapsed:
            elapsed = super().time(prepared, calls)
            if self.prepared[-1] == best and self.prepared.count(best) == 1:
                return Elapsed(elapsed.seconds / hot, elapsed.wall_seconds / hot)
            return elapsed

    ranked = sorted(space(), key=rate, reverse=True)
    best, others = ranked[0], ranked[4:40:4]
    device = HotOnce(FakeSpec(noise="none"))
    point, told = search(device, GEMM, [best, *others], 2.0)
    assert rate(others[LEADERS - 1]) > hot * rate(best)
    assert point == best
    assert told.took_s <= 2.0 + max(device.trial_s)


def test_a_configuration_that_does_not_run_is_left_out() -> None:
    """An odd error of one shape costs that shape, not the search."""

    class Picky(FakeDevice):
        def time(self, prepared: Prepared, calls: int) -> Elapsed:
            if self.refusing:
                raise RuntimeError("no heuristic for this shape")
            return super().time(prepared, calls)

        refusing = False

        def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
            self.refusing = point.parameters["layout"] == "nn"
            return super().prepare(kernel, point)

    device, gemm = Picky(), kernel("gemm")
    space = gemm.space(gemm.pilot("bf16", "normal"), device.limits())
    point, found = search(device, gemm, space, 1.0)
    assert point.parameters["layout"] == "nt"
    assert {trial.parameters["layout"] for trial in found.trials} == {"nt"}
    assert found.left_out > 0


def test_a_kernel_of_which_nothing_runs_is_unsupported() -> None:
    class Broken(FakeDevice):
        def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:  # noqa: ARG002 -- the signature
            raise UnsupportedError(f"no {point.dtype}")

    device, gemm = Broken(), kernel("gemm")
    space = gemm.space(gemm.pilot("bf16", "normal"), device.limits())[:3]
    with pytest.raises(UnsupportedError, match="no configuration runs here: no bf16"):
        search(device, gemm, space, 1.0)


def test_a_kernel_of_which_nothing_runs_for_a_fault_has_failed() -> None:
    """What poisons a device makes all that follows fail: its worker must not be kept."""

    class Poisoned(FakeDevice):
        faults = 1

        def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:  # noqa: ARG002 -- the signature
            self.faults -= 1
            if self.faults >= 0:
                raise RuntimeError("an illegal memory access was encountered")
            raise UnsupportedError("not supported")

    device, gemm = Poisoned(), kernel("gemm")
    space = gemm.space(gemm.pilot("bf16", "normal"), device.limits())[:3]
    with pytest.raises(RuntimeError, match="no configuration runs here: an illegal memory"):
        search(device, gemm, space, 1.0)


def test_a_first_trial_that_was_held_up_does_not_end_the_search() -> None:
    """A neighbour takes the core for 100 ms during the first trial of all."""

    class HeldUp(FakeDevice):
        held = 2

        def time(self, prepared: Prepared, calls: int) -> Elapsed:
            elapsed = super().time(prepared, calls)
            self.held -= 1
            return replace(elapsed, seconds=elapsed.seconds + 0.1) if self.held >= 0 else elapsed

    device = HeldUp()
    _, told = search(device, GEMM, list(space()), 2.0)
    assert len(told.trials) > 20
    assert told.left_out < told.space / 2


def test_a_way_far_behind_that_takes_long_is_called_once() -> None:
    """Of three ways tried come what may, the slow one must not cost three times its time."""
    device = Counting(FakeSpec(noise="none"))
    sizes = ({"m": 1024, "n": 1024, "k": 1024}, {"m": 4096, "n": 4096, "k": 4096})
    pilot = GEMM.pilot("bf16", "normal")
    ways = [replace(pilot, parameters={**pilot.parameters, **one}) for one in sizes]
    large: dict[str, int | str] = {"m": 8192, "n": 8192, "k": 8192, "layout": "nn"}
    slow = replace(pilot, dtype="fp64", parameters={**pilot.parameters, **large})
    point, found = search(device, GEMM, [*ways, slow], 1.0)
    assert point == ways[1]
    (trial,) = [one for one in found.trials if one.parameters["layout"] == "nn"]
    assert trial.median_s > HOPELESS_S
    assert trial.calls == 1


def test_a_way_that_takes_longer_than_the_whole_budget_is_called_once() -> None:
    """All of few ways are tried, in software too: each costs one call where none fits."""
    device = Counting(FakeSpec(noise="none"))
    pilot = GEMM.pilot("fp64", "normal")
    large: dict[str, int | str] = {"m": 8192, "n": 8192, "k": 8192}
    ways = [
        replace(pilot, parameters={**pilot.parameters, **large, "layout": layout})
        for layout in ("nn", "nt")
    ]
    point, found = search(device, GEMM, ways, 0.1)
    assert point == ways[1]
    assert [trial.calls for trial in found.trials] == [1, 1]
    assert min(trial.median_s for trial in found.trials) > 1.0
