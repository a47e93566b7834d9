"""Collectives: what they leave behind is checked, however many there were."""

from functools import partial
from typing import Any

import pytest
import torch

from bench.kernels import collective
from bench.records.model import Check
from tests.kernels.cases import spot
from tests.kernels.link_cases import COLLECTIVE, CPU, OPERATIONS, World, collected


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_collective_is_right_on_every_rank(
    operation: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(count, monkeypatch)
    checks = world.all(lambda: COLLECTIVE.check(collected(operation, count), CPU))
    assert [(check.passed, check.tolerance) for check in checks] == [(True, 1e-5)] * count
    whole = 1200 // (count if operation == "reduce_scatter" else 1)
    assert checks[0].shape == f"{whole} of {whole}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_collective_fails_its_check(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)
    world.broken = "a little off"
    checks = world.all(lambda: COLLECTIVE.check(collected(operation, 3), CPU))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("calls", "passed"), [(0, False), (1, True), (2, True), (7, True), (300, True)]
)
def test_what_timed_calls_leave_behind_is_checked_however_many_they_were(
    operation: str, calls: int, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)

    def work() -> tuple[Check, dict[str, float | str]]:
        task = COLLECTIVE.build(collected(operation, 3), CPU, 0.0)
        return spot(task, calls), task.observed()

    factor = 4 / 3 if operation == "all_reduce" else 2 / 3
    seen = {"ranks": 3.0, "bus_factor": pytest.approx(factor), "backend": "threads"}
    assert [(check.passed, told) for check, told in world.all(work)] == [(passed, seen)] * 3


def test_a_sum_in_place_that_left_one_rank_out_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many calls, but what was summed is a share of what all put in."""
    world = World(2, monkeypatch)

    monkeypatch.setattr(collective, "_call", lambda *told: partial(told[2].mul_, 2.0))
    checks = world.all(lambda: spot(COLLECTIVE.build(collected("all_reduce"), CPU, 0.0), 3))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_results_of_calls_before_do_not_pass_for_those_of_calls_left_out(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(2, monkeypatch)

    def work() -> tuple[bool, bool]:
        task = COLLECTIVE.build(collected(operation), CPU, 0.0)
        assert task.spot_check is not None
        return spot(task, 1).passed, spot(task, 0).passed

    assert world.all(work) == [(True, False)] * 2


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_larger_of_a_ranks_buffers_is_as_long_as_the_message(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(2, monkeypatch)
    sizes: list[tuple[int, int]] = []

    def noted(operation_: str, source: torch.Tensor, target: torch.Tensor) -> Any:
        sizes.append((source.numel() * 4, target.numel() * 4))
        return world.call(operation_, source, target)

    monkeypatch.setattr(collective, "_call", noted)
    world.all(lambda: COLLECTIVE.build(collected(operation, 2, 4800), CPU, 0.0))
    part = {"all_gather": (2400, 4800), "reduce_scatter": (4800, 2400)}
    assert sizes == [part.get(operation, (4800, 4800))] * 2


@pytest.mark.parametrize("scale", [1e3, 1.0, 1e-3])
@pytest.mark.parametrize(("off", "passed"), [(5e-6, True), (2e-5, False)])
def test_an_error_is_told_relative_to_the_largest_element(
    scale: float, off: float, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = torch.tensor([0.5, -1.0, 0.0], dtype=torch.float64) * scale
    monkeypatch.setattr(collective, "_wanted", lambda *_: wanted)
    target = wanted + torch.tensor([0.0, 0.0, off * scale], dtype=torch.float64)
    side = collective._Side("all_gather", target, target, lambda: None, 1)
    check = side.compared([0, 1, 2])
    assert check.passed is passed
    assert check.error == pytest.approx(off, rel=1e-6)


@pytest.mark.parametrize("calls", [1, 2, 5])
def test_sums_in_place_that_are_a_little_off_fail_however_many_they_were(
    calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)
    world.broken = "a little off"
    checks = world.all(lambda: spot(COLLECTIVE.build(collected("all_reduce", 3), CPU, 0.0), calls))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize(
    ("operation", "most", "expected"),
    [("all_reduce", 3, [1, 2, 3, 1, 2, 3, 1]), ("all_gather", 0, [1, 2, 3, 4, 5, 6, 7])],
)
def test_sums_in_place_start_anew_where_they_would_grow_too_far_and_never_else(
    operation: str, most: int, expected: list[int]
) -> None:
    """Each doubles the last: of 1 they become 8, and start at 1 again."""
    source, target = torch.ones(4), torch.ones(4)
    side = collective._Side(operation, source, target, lambda: target.mul_(2.0), most)
    side.spoil()
    seen, values = [], []
    for _ in expected:
        side.run()
        seen.append(side.calls)
        values.append(float(target[0]))
    assert seen == expected
    if operation == "all_reduce":
        assert values == [2.0**calls for calls in expected]


@pytest.mark.parametrize(("count", "most"), [(2, 96), (8, 32)])
def test_sums_in_place_never_leave_what_fp32_holds(
    count: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collective, "_call", lambda *_: lambda: None)
    assert collective.KERNEL.most(collected("all_gather", count)) == 0
    side = collective._side(collected("all_reduce", count), torch.ones(16), torch.ones(16))
    assert side.most == most
    assert float(count) ** (most + 1) * 100 < torch.finfo(torch.float32).max
